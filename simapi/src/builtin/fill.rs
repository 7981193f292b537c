//! What the server fills in where an object of a built-in kind says nothing.

use serde_json::{Map, Value, json};

use super::pod;
use crate::kind::Kind;
use crate::object::metadata;

/// Fills in the defaults of an object.
pub(crate) fn fill(kind: &Kind, object: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object),
        ("batch", "CronJob") => cron_job(object),
        ("", "Pod") => pod_itself(object),
        ("", "Namespace") => namespace(object),
        ("coordination.k8s.io", "Lease") | ("autoscaling", _) | ("policy", _) => drop(spec_of(object, Some("spec"))),
        ("", "Secret") => default(spec_of(object, None), "type", json!("Opaque")),
        _ => {}
    }
    if kind.status && object["status"].is_null() {
        object["status"] = json!({});
    }
    drop_zeros(kind, object);
}

/// Counts of a status that are not written when they are zero.
const COUNTS: &[(&str, &[&str])] = &[
    (
        "Deployment",
        &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ],
    ),
    ("ReplicaSet", &["fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"]),
    ("StatefulSet", &["observedGeneration", "readyReplicas", "currentReplicas", "updatedReplicas"]),
    ("DaemonSet", &["observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable"]),
    ("Job", &["active", "succeeded", "failed"]),
];

fn drop_zeros(kind: &Kind, object: &mut Value) {
    let fields = COUNTS.iter().find(|(name, _)| *name == kind.kind).map_or(&[][..], |(_, fields)| *fields);
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        status.retain(|name, value| !(*value == 0 && fields.contains(&name.as_str())));
    }
}

/// Metadata is written without what is empty.
pub(crate) fn drop_empty_metadata(object: &mut Value) {
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

fn job(object: &mut Value) {
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
    template(spec, "");
    let labels = spec["template"]["metadata"]["labels"].clone();
    let map = metadata(object);
    if map.get("labels").is_none_or(crate::object::is_empty) && labels.is_object() {
        map.insert("labels".into(), labels);
    }
}

/// What the server adds to a new object after it has written down who said what.
pub(crate) fn prepare(kind: &Kind, object: &mut Value) {
    if kind.kind != "Job" || object["spec"]["manualSelector"] == true {
        return;
    }
    let meta = &object["metadata"];
    let (uid, name) = (meta["uid"].clone(), meta["name"].clone());
    // Labels that were taken over from the template are the template's own, and so get these as well.
    let shared = meta["labels"] == object["spec"]["template"]["metadata"]["labels"];
    let mut generated = vec!["/spec/template/metadata"];
    generated.extend(shared.then_some("/metadata"));
    for path in generated {
        let Some(place) = object.pointer_mut(path) else { continue };
        let labels = spec_of(place, Some("labels"));
        for prefix in ["", "batch.kubernetes.io/"] {
            default(labels, &format!("{prefix}controller-uid"), uid.clone());
            default(labels, &format!("{prefix}job-name"), name.clone());
        }
    }
    let spec = spec_of(object, Some("spec"));
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
