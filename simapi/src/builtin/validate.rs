//! The few rules of built-in kinds that controllers run into. What else a real server checks is not checked here.

use serde_json::Value;

use crate::failure::Cause;
use crate::kind::Kind;
use crate::selector::Selector;

/// What is wrong with an object of a built-in kind.
pub(crate) fn validate(kind: &Kind, old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => {
            workload(old, object, &mut causes);
        }
        ("batch", "Job") => job(old, object, &mut causes),
        ("", "Pod") => containers("spec", &object["spec"], &mut causes),
        ("", "ConfigMap" | "Secret") => immutable_data(old, object, &mut causes),
        _ => {}
    }
    causes
}

fn workload(old: Option<&Value>, object: &Value, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    if spec["replicas"].as_i64().is_some_and(|n| n < 0) {
        let message = "must be greater than or equal to 0";
        causes.push(Cause::invalid("spec.replicas", &spec["replicas"], message));
    }
    let selector = &spec["selector"];
    if selector.is_null() {
        causes.push(Cause::required("spec.selector", ""));
    } else if Selector::of_object(selector).is_everything() {
        let message = "empty selector is invalid for deployment";
        causes.push(Cause::invalid("spec.selector", selector, message));
    }
    if let Some(old) = old.filter(|old| old["spec"]["selector"] != *selector) {
        causes.push(Cause::invalid("spec.selector", selector, "field is immutable"));
        let _ = old;
    }
    let labels = &spec["template"]["metadata"]["labels"];
    selector_matches(selector, labels, causes);
    template(&spec["template"]["spec"], "Always", causes);
}

/// A selector that is not there matches nothing.
fn selector_matches(selector: &Value, labels: &Value, causes: &mut Vec<Cause>) {
    if selector.is_null() || !Selector::of_object(selector).matches_labels(labels) {
        let message = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, message));
    }
}

fn job(old: Option<&Value>, object: &Value, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    for field in ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        if spec[field].as_i64().is_some_and(|n| n < 0) {
            let message = "must be greater than or equal to 0";
            causes.push(Cause::invalid(format!("spec.{field}"), &spec[field], message));
        }
    }
    let restart = &spec["template"]["spec"]["restartPolicy"];
    if restart != "Never" && restart != "OnFailure" {
        causes.push(Cause::required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""));
    }
    containers("spec.template.spec", &spec["template"]["spec"], causes);
    if spec["selector"].is_null() {
        causes.push(Cause::required("spec.selector", ""));
    }
    selector_matches(&spec["selector"], &spec["template"]["metadata"]["labels"], causes);
    if let Some(old) = old {
        job_is_immutable(&old["spec"], spec, old, causes);
    }
}

/// A Job's template can change only while the Job is suspended and has not begun, and then only in part.
fn job_is_immutable(old: &Value, new: &Value, whole: &Value, causes: &mut Vec<Cause>) {
    for field in ["completions", "selector", "completionMode", "podFailurePolicy"] {
        if old[field] != new[field] {
            causes.push(Cause::invalid(format!("spec.{field}"), &new[field], "field is immutable"));
        }
    }
    if old["template"] == new["template"] {
        return;
    }
    let not_begun = old["suspend"] == true && whole["status"]["startTime"].is_null();
    let schedule = |template: &Value| {
        let mut template = template.clone();
        for field in ["nodeSelector", "tolerations", "affinity", "schedulingGates"] {
            if let Some(spec) = template["spec"].as_object_mut() {
                spec.remove(field);
            }
        }
        if let Some(meta) = template["metadata"].as_object_mut() {
            meta.remove("labels");
            meta.remove("annotations");
        }
        template
    };
    if !not_begun || schedule(&old["template"]) != schedule(&new["template"]) {
        causes.push(Cause::invalid("spec.template", &Value::Null, "field is immutable"));
    }
}

fn template(spec: &Value, restart: &str, causes: &mut Vec<Cause>) {
    containers("spec.template.spec", spec, causes);
    if spec["restartPolicy"] != restart {
        let message = format!("Unsupported value: {}: supported values: \"{restart}\"", spec["restartPolicy"]);
        let field = "spec.template.spec.restartPolicy".to_owned();
        causes.push(Cause { field, reason: "FieldValueNotSupported", message });
    }
}

fn containers(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let empty = Vec::new();
    let all = spec["containers"].as_array().unwrap_or(&empty);
    if all.is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (n, container) in all.iter().enumerate() {
        let text = |field: &str| container[field].as_str().unwrap_or_default();
        for field in ["name", "image"] {
            if text(field).is_empty() {
                causes.push(Cause::required(format!("{path}.containers[{n}].{field}"), ""));
            }
        }
        if !text("name").is_empty() && !seen.insert(text("name")) {
            let message = format!("Duplicate value: {}", container["name"]);
            let field = format!("{path}.containers[{n}].name");
            causes.push(Cause { field, reason: "FieldValueDuplicate", message });
        }
    }
}

fn immutable_data(old: Option<&Value>, object: &Value, causes: &mut Vec<Cause>) {
    let Some(old) = old.filter(|old| old["immutable"] == true) else { return };
    if object["immutable"] != true {
        causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in ["data", "binaryData", "stringData"] {
        if old[field] != object[field] {
            causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
}
