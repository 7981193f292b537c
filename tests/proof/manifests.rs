//! The objects that a story writes: the shop's, with what differs.

use rollcall::manifests::{Install, WorkloadAccess, policies, rbac};
use serde_json::{Value, json};

use crate::support::shop;

/// The shop's object of a kind and name, with what differs.
pub fn object(kind: &str, name: &str, with: &Value) -> Result<Value, String> {
    let listed: &[(&str, &str)] = match name {
        "data" => &[("Job", "ledger-migrate")],
        "core" => &[("Deployment", "api")],
        "ui" => &[("Deployment", "web"), ("Deployment", "admin")],
        _ => &[],
    };
    let mut object = match kind {
        "release" => shop::release(name),
        "team" => shop::team(name, listed),
        "window" => shop::always_open(),
        "freeze" => shop::freeze(name, "2027-01-12T00:00:00", "2027-01-13T00:00:00"),
        _ => {
            let (namespace, name) = name.split_once('/').unwrap_or(("", name));
            named(kind, namespace, name)?
        }
    };
    if let ("window" | "freeze", Some((namespace, name))) = (kind, name.split_once('/')) {
        object["metadata"]["namespace"] = namespace.into();
        object["metadata"]["name"] = name.into();
    } else if matches!(kind, "window" | "freeze") {
        object["metadata"]["name"] = name.into();
    }
    let with = &if kind == "release" { in_full(&object["spec"], with) } else { with.clone() };
    let ours = matches!(kind, "release" | "team" | "window" | "freeze") && with["spec"].is_null();
    if ours {
        merge(&mut object["spec"], with)
    } else {
        merge(&mut object, with)
    }
    Ok(object)
}

/// A release in which the shop's steps and participants are only named. If steps are, and participants are not, then
/// the teams of the steps take part.
fn in_full(shop: &Value, with: &Value) -> Value {
    let mut with = with.clone();
    let said: Vec<Value> = items(&with["steps"]).cloned().collect();
    let whole: Vec<Value> = said.iter().map(|step| whole_step(shop, step, &said)).collect();
    let of_steps: Vec<Value> =
        items(&shop["participants"]).filter(|p| whole.iter().any(|s| s["participant"] == p["name"])).cloned().collect();
    let named: Vec<Value> = items(&with["participants"])
        .map(|p| items(&shop["participants"]).find(|known| known["name"] == *p).unwrap_or(p).clone())
        .collect();
    if !named.is_empty() {
        with["participants"] = named.into();
    } else if said.iter().any(is_brief) {
        with["participants"] = of_steps.into();
    }
    if !whole.is_empty() {
        with["steps"] = whole.into();
    }
    with
}

/// Whether a step does not say what it is.
fn is_brief(step: &Value) -> bool {
    ["workload", "wait", "task"].iter().all(|form| step[form].is_null())
}

/// The shop's step of this name, with what is said of it.
fn whole_step(shop: &Value, step: &Value, all: &[Value]) -> Value {
    let known = items(&shop["steps"]).find(|s| s["name"] == step["name"]);
    let Some(mut whole) = known.cloned().filter(|_| is_brief(step)) else { return step.clone() };
    let there = |name: &&Value| all.iter().any(|s| s["name"] == **name);
    whole["dependsOn"] = items(&whole["dependsOn"]).filter(there).cloned().collect();
    merge(&mut whole, step);
    whole
}

/// Objects of an installation of rollcall, by their name.
pub fn installed(name: &str) -> Vec<Value> {
    let install = Install { workload_access: WorkloadAccess::Cluster, ..Install::in_namespace("rollcall-system") };
    let mut all = rbac(&install);
    all.extend(policies(&install));
    all.retain(|object| object["metadata"]["name"] == *name);
    all
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// An object of a kind, with nothing in it.
pub fn named(kind: &str, namespace: &str, name: &str) -> Result<Value, String> {
    let (version, kind) = match kind {
        "release" => ("rollcall.dev/v1alpha1", "CoordinatedRelease"),
        "team" => ("rollcall.dev/v1alpha1", "TeamReadiness"),
        "window" | "freeze" => ("rollcall.dev/v1alpha1", "DeploymentWindow"),
        "deployment" => ("apps/v1", "Deployment"),
        "statefulset" => ("apps/v1", "StatefulSet"),
        "daemonset" => ("apps/v1", "DaemonSet"),
        "job" => ("batch/v1", "Job"),
        "cronjob" => ("batch/v1", "CronJob"),
        "configmap" => ("v1", "ConfigMap"),
        "namespace" => ("v1", "Namespace"),
        "clusterrolebinding" => ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        "policy" => ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"),
        other => return Err(format!("no such kind: {other}")),
    };
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    Ok(object)
}

/// Changes an object by a merge patch (RFC 7386).
pub fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        if !patch.is_null() {
            *target = patch.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (field, value) in fields {
        match value {
            Value::Null => drop(target.as_object_mut().and_then(|t| t.remove(field))),
            value if value.is_object() => merge(&mut target[field], value),
            value => target[field] = value.clone(),
        }
    }
}
