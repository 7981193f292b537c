//! What the models of workload controllers share: hashes of templates, and pods made from them.

use serde_json::{Value, json};

use super::cluster::owner_reference;

/// A short name for a pod template. The same template always has the same.
pub(super) fn template_hash(template: &Value) -> String {
    let text = crate::object::written(template);
    let hash = text
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    format!("{:010x}", hash & 0xFF_FFFF_FFFF)
}

/// A number or a share of some whole, as `maxSurge` and `maxUnavailable` are given.
pub(super) fn share(value: &Value, of: i64, round_up: bool) -> i64 {
    if let Some(number) = value.as_i64() {
        return number;
    }
    let percent: i64 = value.as_str().and_then(|text| text.trim_end_matches('%').parse().ok()).unwrap_or(0);
    let exact = of * percent;
    if round_up { (exact + 99) / 100 } else { exact / 100 }
}

/// A pod from a template.
pub(super) fn pod(owner: &Value, template: &Value, name: Result<&str, &str>, labels: &[(&str, &str)]) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": owner["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": template["metadata"]["annotations"],
            "ownerReferences": owner_reference(owner),
        },
        "spec": template["spec"],
    });
    match name {
        Ok(name) => pod["metadata"]["name"] = name.into(),
        Err(prefix) => pod["metadata"]["generateName"] = prefix.into(),
    }
    for (key, value) in labels {
        pod["metadata"]["labels"][*key] = (*value).into();
    }
    pod
}

/// Sets a condition; its time changes only with its status.
pub(super) fn set_condition(status: &mut Value, kind: &str, holds: &str, reason: &str, message: &str, now: &str) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    let old = conditions.iter().position(|c| c["type"] == kind);
    let same = old.is_some_and(|n| conditions[n]["status"] == holds);
    let since = old.filter(|_| same).map_or_else(|| now.into(), |n| conditions[n]["lastTransitionTime"].clone());
    let unchanged = old.filter(|_| same).is_some_and(|n| conditions[n]["reason"] == reason);
    let updated = old.filter(|_| unchanged).map_or_else(|| now.into(), |n| conditions[n]["lastUpdateTime"].clone());
    let condition = json!({"type": kind, "status": holds, "reason": reason, "message": message,
        "lastTransitionTime": since, "lastUpdateTime": updated});
    match old {
        Some(n) => conditions[n] = condition,
        None => conditions.push(condition),
    }
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.find(|c| c["type"] == kind).unwrap_or(&Value::Null)
}
