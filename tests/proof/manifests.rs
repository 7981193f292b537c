//! The objects that a story writes: the shop's, with what differs.

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
        _ => named(kind, "", name)?,
    };
    if let ("window" | "freeze", Some((namespace, name))) = (kind, name.split_once('/')) {
        object["metadata"]["namespace"] = namespace.into();
        object["metadata"]["name"] = name.into();
    } else if matches!(kind, "window" | "freeze") {
        object["metadata"]["name"] = name.into();
    }
    let ours = matches!(kind, "release" | "team" | "window" | "freeze") && with["spec"].is_null();
    if ours {
        merge(&mut object["spec"], with)
    } else {
        merge(&mut object, with)
    }
    Ok(object)
}

/// An object of a kind, with nothing in it.
pub fn named(kind: &str, namespace: &str, name: &str) -> Result<Value, String> {
    let (version, kind) = match kind {
        "release" => ("rollcall.dev/v1alpha1", "CoordinatedRelease"),
        "team" => ("rollcall.dev/v1alpha1", "TeamReadiness"),
        "window" | "freeze" => ("rollcall.dev/v1alpha1", "DeploymentWindow"),
        "deployment" => ("apps/v1", "Deployment"),
        "job" => ("batch/v1", "Job"),
        "namespace" => ("v1", "Namespace"),
        "policy" => ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
        other => return Err(format!("no such kind: {other}")),
    };
    Ok(json!({"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace, "name": name}}))
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
