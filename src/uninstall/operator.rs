//! Stops the operator, and makes sure that none works any more.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::kinds::{DEPLOYMENTS, LEASES, PODS, api, is_absent, list, named};
use super::{Error, Run};
use crate::api::names::{FIELD_MANAGER, PART_OF};
use crate::manifests::deployment;
use crate::manifests::names::SERVICE_ACCOUNT;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(300);
/// How many looks it takes for pods to end: their grace of 30 s, and some more.
const ENDS: usize = 200;
/// How many looks show that nobody renews a lease: 12 s. Operators renew every 2 s and give up after 10 s.
const RENEWS: usize = 40;

/// Scales the operator's Deployment to nothing and waits until no operator works, one that runs elsewhere included.
///
/// # Errors
///
/// [`Error::Overdue`] when pods do not end, or when somebody still renews the lease.
pub async fn stop_operator(run: &Run<'_>, namespace: &str) -> Result<(), Error> {
    let found = list(&run.client, DEPLOYMENTS, namespace, &format!("{}={}", PART_OF.0, PART_OF.1)).await?;
    if found.is_empty() {
        (run.tell)(&format!("no Deployment of the operator in namespace {namespace}: it runs elsewhere, or is gone"));
    }
    for object in &found {
        if object.data["spec"]["replicas"] == 0 {
            continue;
        }
        run.tell(&format!("stop {}", named("Deployment", object)));
        if !run.dry_run {
            let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            let patch = Patch::Merge(json!({"spec": {"replicas": 0}}));
            let name = object.metadata.name.as_deref().unwrap_or_default();
            let scaled = api(&run.client, DEPLOYMENTS, namespace).patch(name, &params, &patch).await;
            scaled.map_err(Error::request(format!("scaling {}", named("Deployment", object))))?;
        }
    }
    if run.dry_run {
        return Ok(());
    }
    until_no_pods(run, namespace).await?;
    until_nobody_leads(run, namespace).await
}

async fn until_no_pods(run: &Run<'_>, namespace: &str) -> Result<(), Error> {
    let mut left = Vec::new();
    for _ in 0..ENDS {
        left = list(&run.client, PODS, namespace, deployment::SELECTOR).await?;
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    let names: Vec<String> = left.iter().map(|pod| named("Pod", pod)).collect();
    Err(Error::Overdue(format!("the operator does not end: {}", names.join(", "))))
}

/// An operator gives the lease back when it stops; one that was killed leaves it, and renews it no more.
async fn until_nobody_leads(run: &Run<'_>, namespace: &str) -> Result<(), Error> {
    let lease = || async {
        match api(&run.client, LEASES, namespace).get(SERVICE_ACCOUNT).await {
            Ok(lease) => Ok(lease.data["spec"].clone()),
            Err(error) if is_absent(&error) => Ok(Value::Null),
            Err(error) => Err(Error::request(format!("reading Lease {namespace}/{SERVICE_ACCOUNT}"))(error)),
        }
    };
    let holder = |spec: &Value| spec["holderIdentity"].as_str().unwrap_or_default().to_owned();
    let first = lease().await?;
    for _ in 0..RENEWS {
        let now = lease().await?;
        if holder(&first).is_empty() || holder(&now).is_empty() {
            break;
        }
        if now["renewTime"] != first["renewTime"] {
            return Err(Error::Overdue(format!(
                "an operator still works: {:?} renews Lease {namespace}/{SERVICE_ACCOUNT}. Stop it where it runs, \
                 then run this again",
                holder(&now)
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
