//! Takes away what holds and guards workloads.

use std::collections::BTreeSet;

use kube::api::{DeleteParams, DynamicObject};

use super::clean::ours;
use super::kinds::{GUARD_BINDINGS, GUARDS, HOLD_BINDINGS, HOLDS, Kind, WEBHOOKS, api, is_absent, list, named};
use super::{Error, Run};
use crate::api::names::PART_OF;

/// From here on nothing is held any more: the bindings of all policies that look at workloads under rollcall go, the
/// guards' first, so that at no time a change is refused because its hold is gone; and so does the webhook. The
/// policies themselves stay, as do those on rollcall's own kinds.
///
/// # Errors
///
/// [`Error::Request`] when something cannot be read or deleted.
pub async fn stop_holding(run: &Run<'_>) -> Result<(), Error> {
    for (policies, bindings) in [(GUARDS, GUARD_BINDINGS), (HOLDS, HOLD_BINDINGS)] {
        let all = installed(run, policies).await?;
        let gating: BTreeSet<&str> =
            all.iter().filter(|policy| looks_at_workloads(policy)).filter_map(|p| p.metadata.name.as_deref()).collect();
        for binding in installed(run, bindings).await? {
            if binding.data["spec"]["policyName"].as_str().is_some_and(|policy| gating.contains(policy)) {
                delete(run, bindings, &binding).await?;
            }
        }
    }
    for webhook in installed(run, WEBHOOKS).await? {
        delete(run, WEBHOOKS, &webhook).await?;
    }
    Ok(())
}

/// Everything of a kind that carries the label of an installation.
pub async fn installed(run: &Run<'_>, kind: Kind) -> Result<Vec<DynamicObject>, Error> {
    list(&run.client, kind, "", &format!("{}={}", PART_OF.0, PART_OF.1)).await
}

/// Whether a policy looks at objects by a label of ours, as those that hold and guard do.
fn looks_at_workloads(policy: &DynamicObject) -> bool {
    let labels = policy.data["spec"]["matchConstraints"]["objectSelector"]["matchExpressions"].as_array();
    labels.into_iter().flatten().any(|label| label["key"].as_str().is_some_and(ours))
}

/// Deletes an object; that it has gone already is as good.
pub async fn delete(run: &Run<'_>, kind: Kind, object: &DynamicObject) -> Result<(), Error> {
    let what = named(kind.2, object);
    run.tell(&format!("delete {what}"));
    if run.dry_run {
        return Ok(());
    }
    let (name, namespace) = (object.metadata.name.as_deref(), object.metadata.namespace.as_deref());
    match api(&run.client, kind, namespace.unwrap_or_default())
        .delete(name.unwrap_or_default(), &DeleteParams::background())
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(Error::request(format!("deleting {what}"))(error)),
    }
}
