//! Takes away what an installation consists of.

use std::time::Duration;

use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::json;

use super::clean::ours;
use super::kinds::{CONFIG_MAPS, DEFINITIONS, INSTALLED, Kind, LEASES, OWN, api, is_absent, list, named};
use super::switch_off::{delete, installed};
use super::{Error, Run};
use crate::api::names::{RELEASED_REVISIONS, STOP};
use crate::manifests::names::SERVICE_ACCOUNT;

/// Between two looks, and how many of them it may take the API server to remove the objects of a definition: 2 min.
const PAUSE: Duration = Duration::from_millis(300);
const LOOKS: usize = 400;

/// How many releases, teams and windows there are: they go with their definitions.
///
/// # Errors
///
/// [`Error::Request`] when they cannot be listed.
pub async fn what_is_lost(run: &Run<'_>) -> Result<Vec<(usize, &'static str)>, Error> {
    let mut all = Vec::new();
    for kind in OWN {
        all.push((list(&run.client, kind, "", "").await?.len(), kind.3));
    }
    Ok(all)
}

/// The teams in these namespaces that list workloads, and how many.
///
/// # Errors
///
/// [`Error::Request`] when they cannot be listed.
pub async fn teams(run: &Run<'_>, namespaces: &[String]) -> Result<Vec<(String, usize)>, Error> {
    let mut all = Vec::new();
    for namespace in namespaces {
        for team in list(&run.client, OWN[1], namespace, "").await? {
            let lists = team.data["spec"]["workloads"].as_array().map_or(0, Vec::len);
            let name = team.metadata.name.as_deref().unwrap_or_default();
            all.extend((lists > 0).then(|| (format!("{namespace}/{name}"), lists)));
        }
    }
    Ok(all)
}

/// Deletes everything that carries the label of an installation, but for the definitions if they are to be kept, and
/// the operator's lease and the ConfigMaps under its names, in an order that leaves nothing stuck. Whoever calls this has let everything go before.
///
/// # Errors
///
/// [`Error::Request`] when something cannot be read or deleted, [`Error::Overdue`] when something does not go.
pub async fn remove(run: &Run<'_>, namespace: &str, keep_definitions: bool) -> Result<(), Error> {
    for kind in INSTALLED {
        if kind == DEFINITIONS && keep_definitions {
            continue;
        }
        if kind == DEFINITIONS {
            drop_finalizers(run).await?;
        }
        let all = installed(run, kind).await?;
        for object in &all {
            delete(run, kind, object).await?;
        }
        if kind == DEFINITIONS && !run.dry_run {
            until_gone(run, kind, &all).await?;
        }
    }
    reserved(run, namespace).await?;
    lease(run, namespace).await
}

/// ConfigMaps that an administrator made by hand under the names that are rollcall's.
async fn reserved(run: &Run<'_>, namespace: &str) -> Result<(), Error> {
    for (within, name) in [("", RELEASED_REVISIONS), (namespace, STOP)] {
        let params = ListParams::default().fields(&format!("metadata.name={name}"));
        let found = api(&run.client, CONFIG_MAPS, within).list(&params).await;
        for object in &found.map_err(Error::request(format!("looking for ConfigMaps {name}")))?.items {
            delete(run, CONFIG_MAPS, object).await?;
        }
    }
    Ok(())
}

/// Nobody is left to take them away, and the API server would wait for ever.
async fn drop_finalizers(run: &Run<'_>) -> Result<(), Error> {
    for kind in OWN {
        for object in list(&run.client, kind, "", "").await? {
            let all = object.metadata.finalizers.clone().unwrap_or_default();
            let others: Vec<&String> = all.iter().filter(|name| !ours(name)).collect();
            if others.len() == all.len() {
                continue;
            }
            let what = named(kind.2, &object);
            run.tell(&format!("drop the finalizers of {what}"));
            if run.dry_run {
                continue;
            }
            let patch = Patch::Merge(json!({"metadata": {"finalizers": others}}));
            let api = api(&run.client, kind, object.metadata.namespace.as_deref().unwrap_or_default());
            let name = object.metadata.name.as_deref().unwrap_or_default();
            match api.patch(name, &PatchParams::default(), &patch).await {
                Ok(_) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(Error::request(format!("dropping the finalizers of {what}"))(error)),
            }
        }
    }
    Ok(())
}

async fn until_gone(run: &Run<'_>, kind: Kind, objects: &[DynamicObject]) -> Result<(), Error> {
    for object in objects {
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let mut looks = 0;
        loop {
            match api(&run.client, kind, "").get_opt(name).await {
                Ok(None) => break,
                Ok(Some(_)) if looks == LOOKS => {
                    return Err(Error::Overdue(format!(
                        "{} does not go: look for finalizers on its objects",
                        named(kind.2, object)
                    )));
                }
                Ok(Some(_)) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(Error::request(format!("reading {}", named(kind.2, object)))(error)),
            }
            looks += 1;
        }
    }
    Ok(())
}

/// The one object that an installation makes for itself.
async fn lease(run: &Run<'_>, namespace: &str) -> Result<(), Error> {
    let api = api(&run.client, LEASES, namespace);
    match api.get_opt(SERVICE_ACCOUNT).await {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => run.tell(&format!("delete Lease {namespace}/{SERVICE_ACCOUNT}")),
        Err(error) => return Err(Error::request("reading the lease")(error)),
    }
    if run.dry_run {
        return Ok(());
    }
    match api.delete(SERVICE_ACCOUNT, &DeleteParams::default()).await {
        Err(error) if !is_absent(&error) => Err(Error::request("deleting the lease")(error)),
        _ => Ok(()),
    }
}
