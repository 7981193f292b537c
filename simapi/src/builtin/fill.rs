//! What the server fills in where an object of a built-in kind says nothing.

use serde_json::{Map, Value, json};

use super::pod;
use crate::kind::Kind;
use crate::object::metadata;

/// Fills in the defaults of an object. `old` is what is stored now, if anything is.
pub(crate) fn fill(kind: &Kind, old: Option<&Value>, object: &mut Value) {
    drop_empty_metadata(object);
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(old, object),
        ("batch", "CronJob") => cron_job(object),
        ("", "Pod") => pod_itself(object),
        ("", "Namespace") => namespace(object),
        ("", "Secret") => default(spec_of(object, None), "type", json!("Opaque")),
        _ => {}
    }
    if kind.status && object["status"].is_null() {
        object["status"] = json!({});
    }
}

/// Typed metadata is written without what is empty.
fn drop_empty_metadata(object: &mut Value) {
    let map = metadata(object);
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        if map.get(field).is_some_and(crate::object::is_empty) {
            map.remove(field);
        }
    }
    for field in ["generateName", "creationTimestamp"] {
        if map.get(field).is_some_and(|v| v.is_null() || *v == "") {
            map.remove(field);
        }
    }
}

fn spec_of<'a>(object: &'a mut Value, field: Option<&str>) -> &'a mut Map<String, Value> {
    let value = match field {
        Some(field) => &mut object[field],
        None => object,
    };
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made an object")
}

/// Sets a field that is absent, or null.
pub(super) fn default(map: &mut Map<String, Value>, field: &str, value: Value) {
    if map.get(field).is_none_or(Value::is_null) {
        map.insert(field.to_owned(), value);
    }
}

fn template(spec: &mut Map<String, Value>, restart: &str) {
    let template = spec.entry("template").or_insert_with(|| json!({}));
    if let Some(map) = template.as_object_mut() {
        let meta = map.entry("metadata").or_insert_with(|| json!({}));
        if let Some(meta) = meta.as_object_mut() {
            meta.retain(|_, value| !crate::object::is_empty(value));
        }
    }
    pod::fill(&mut template["spec"], restart);
}

fn deployment(object: &mut Value) {
    let spec = spec_of(object, Some("spec"));
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    default(spec, "strategy", json!({}));
    let zero_values = [("paused", json!(false)), ("minReadySeconds", json!(0))];
    for (field, zero) in zero_values {
        if spec.get(field) == Some(&zero) {
            spec.remove(field);
        }
    }
    if let Some(strategy) = spec["strategy"].as_object_mut() {
        default(strategy, "type", json!("RollingUpdate"));
        if strategy["type"] == "RollingUpdate" {
            let rolling = spec_of(&mut spec["strategy"], Some("rollingUpdate"));
            default(rolling, "maxSurge", json!("25%"));
            default(rolling, "maxUnavailable", json!("25%"));
        }
    }
    template(spec, "Always");
}

fn stateful_set(object: &mut Value) {
    let spec = spec_of(object, Some("spec"));
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "podManagementPolicy", json!("OrderedReady"));
    default(spec, "serviceName", json!(""));
    let keep = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
    default(spec, "persistentVolumeClaimRetentionPolicy", keep);
    default(spec, "updateStrategy", json!({}));
    if let Some(strategy) = spec["updateStrategy"].as_object_mut() {
        default(strategy, "type", json!("RollingUpdate"));
        if strategy["type"] == "RollingUpdate" {
            let rolling = spec_of(&mut spec["updateStrategy"], Some("rollingUpdate"));
            default(rolling, "partition", json!(0));
        }
    }
    template(spec, "Always");
}

fn daemon_set(object: &mut Value) {
    let spec = spec_of(object, Some("spec"));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "updateStrategy", json!({}));
    if let Some(strategy) = spec["updateStrategy"].as_object_mut() {
        default(strategy, "type", json!("RollingUpdate"));
        if strategy["type"] == "RollingUpdate" {
            let rolling = spec_of(&mut spec["updateStrategy"], Some("rollingUpdate"));
            default(rolling, "maxSurge", json!(0));
            default(rolling, "maxUnavailable", json!(1));
        }
    }
    template(spec, "Always");
}

fn replica_set(object: &mut Value) {
    let spec = spec_of(object, Some("spec"));
    default(spec, "replicas", json!(1));
    template(spec, "Always");
}

fn job(old: Option<&Value>, object: &mut Value) {
    let (uid, name) = (object["metadata"]["uid"].clone(), object["metadata"]["name"].clone());
    let spec = spec_of(object, Some("spec"));
    if spec.get("completions").is_none_or(Value::is_null) && spec.get("parallelism").is_none_or(Value::is_null) {
        default(spec, "completions", json!(1));
    }
    for (field, value) in [
        ("parallelism", json!(1)),
        ("backoffLimit", json!(6)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("manualSelector", json!(false)),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
    ] {
        default(spec, field, value);
    }
    let generated = spec["manualSelector"] != true && old.is_none() && uid.is_string();
    template(spec, "");
    if !generated {
        return;
    }
    let labels = spec_of(&mut spec_of(&mut spec["template"], None)["metadata"], Some("labels"));
    for prefix in ["", "batch.kubernetes.io/"] {
        default(labels, &format!("{prefix}controller-uid"), uid.clone());
        default(labels, &format!("{prefix}job-name"), name.clone());
    }
    default(spec, "selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
}

fn cron_job(object: &mut Value) {
    let spec = spec_of(object, Some("spec"));
    default(spec, "concurrencyPolicy", json!("Allow"));
    default(spec, "suspend", json!(false));
    default(spec, "successfulJobsHistoryLimit", json!(3));
    default(spec, "failedJobsHistoryLimit", json!(1));
    let job = spec_of(&mut spec["jobTemplate"], Some("spec"));
    template(job, "");
    spec_of(&mut spec["jobTemplate"], Some("metadata"));
}

fn pod_itself(object: &mut Value) {
    pod::fill(&mut object["spec"], "Always");
    let spec = spec_of(object, Some("spec"));
    default(spec, "enableServiceLinks", json!(true));
    default(spec_of(object, Some("status")), "phase", json!("Pending"));
    let class = json!("BestEffort");
    default(spec_of(object, Some("status")), "qosClass", class);
}

fn namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    default(spec_of(&mut object["metadata"], Some("labels")), "kubernetes.io/metadata.name", name);
    if object["metadata"]["deletionTimestamp"].is_null() {
        default(spec_of(object, Some("spec")), "finalizers", json!(["kubernetes"]));
    }
    default(spec_of(object, Some("status")), "phase", json!("Active"));
}
