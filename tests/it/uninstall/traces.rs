//! Looks for anything of rollcall in a cluster.

use kube::api::{Api, DynamicObject, ListParams};
use kube::discovery::{Discovery, Scope, verbs};
use serde_json::Value;

use crate::support::{Done, Installed};

/// No object of any kind has anything of rollcall's, every pod runs, and every workload is through.
pub async fn none(installed: &Installed) -> Done {
    installed
        .until("nothing of rollcall is left", || async {
            let found = traces(installed).await?;
            if !found.is_empty() {
                eprintln!("still there: {}", found.join(", "));
            }
            Ok(found.is_empty().then_some(()))
        })
        .await?;
    installed
        .until("no workload is stuck", || async {
            let stuck = stuck(installed).await?;
            if !stuck.is_empty() {
                eprintln!("stuck: {}", stuck.join(", "));
            }
            Ok(stuck.is_empty().then_some(()))
        })
        .await
}

/// Every object of every kind that the API server serves, events excepted: they tell of the past and go by themselves.
async fn everything(installed: &Installed) -> Done<Vec<Value>> {
    let client = installed.admin.client()?;
    let discovery = Discovery::new(client.clone()).run().await?;
    let mut all = Vec::new();
    for group in discovery.groups() {
        for (resource, capabilities) in group.recommended_resources() {
            if !capabilities.supports_operation(verbs::LIST) || resource.kind == "Event" {
                continue;
            }
            assert!(matches!(capabilities.scope, Scope::Cluster | Scope::Namespaced));
            let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
            // A kind that has just gone is no error.
            let Ok(list) = api.list(&ListParams::default()).await else { continue };
            for object in list.items {
                let mut value = serde_json::to_value(object)?;
                value["kind"] = resource.kind.clone().into();
                all.push(value);
            }
        }
    }
    assert!(all.len() > 50, "a cluster has more than {} objects", all.len());
    Ok(all)
}

async fn traces(installed: &Installed) -> Done<Vec<String>> {
    let all = everything(installed).await?;
    Ok(all.iter().filter(|object| is_trace(object)).map(named).collect())
}

/// Whether an object is rollcall's or bears a mark of it. Managed fields tell who wrote what in the past.
fn is_trace(object: &Value) -> bool {
    let metadata = &object["metadata"];
    let marked = ["labels", "annotations"].iter().any(|field| {
        metadata[field].as_object().into_iter().flatten().any(|(key, _)| key.starts_with("rollcall.dev/"))
    });
    let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
    // Whom administrators bound to our roles is theirs to tidy up: their bindings are not of an installation.
    let bound_by_others = object["kind"] == "RoleBinding" && metadata["labels"].is_null();
    let name = metadata["name"].as_str().filter(|_| !bound_by_others).unwrap_or_default();
    marked
        || finalizers.filter_map(Value::as_str).any(|f| f.contains("rollcall"))
        || metadata["labels"]["app.kubernetes.io/part-of"] == "rollcall"
        || name.contains("rollcall")
        || metadata["namespace"] == "rollcall-system"
        || object["spec"]["schedulingGates"].to_string().contains("rollcall")
}

/// Pods that wait, and workloads that are stopped by nobody's wish or not through.
async fn stuck(installed: &Installed) -> Done<Vec<String>> {
    let mut found = Vec::new();
    for object in everything(installed).await? {
        let (spec, status) = (&object["spec"], &object["status"]);
        let wrong = match object["kind"].as_str().unwrap_or_default() {
            "Pod" => !["Running", "Succeeded"].iter().any(|phase| status["phase"] == *phase),
            "Deployment" if spec["paused"] == true => !is_own_wish(&object),
            "Deployment" => {
                status["observedGeneration"] != object["metadata"]["generation"]
                    || ["updatedReplicas", "availableReplicas"].iter().any(|field| status[field] != spec["replicas"])
            }
            "Job" | "CronJob" => spec["suspend"] == true && !is_own_wish(&object),
            "StatefulSet" => {
                spec["updateStrategy"]["rollingUpdate"]["partition"] == i64::from(i32::MAX) && !is_own_wish(&object)
            }
            _ => false,
        };
        if wrong {
            found.push(named(&object));
        }
    }
    Ok(found)
}

/// Workloads of these tests that their author stopped are named so.
fn is_own_wish(object: &Value) -> bool {
    object["metadata"]["name"].as_str().is_some_and(|name| ["paused", "own", "still"].contains(&name))
}

fn named(object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    format!("{} {}/{}", object["kind"].as_str().unwrap_or_default(), text("namespace"), text("name"))
}
