//! Keeping a number of pods.

use std::sync::Arc;

use serde_json::Value;

use super::cluster::Look;
use super::kubelet::is_ready;
use super::rollout;
use crate::object::Object;

/// Whether a pod has ended by itself.
pub(super) fn has_ended(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// Creates or deletes pods until there are as many as wanted; those that are not ready go first.
pub(super) fn keep(look: &Look<'_>, owner: &Object, pods: &[Arc<Object>], wanted: i64) {
    let mut live: Vec<_> = pods.iter().filter(|pod| !pod.is_going() && !has_ended(&pod.value)).collect();
    let count = i64::try_from(live.len()).unwrap_or(i64::MAX);
    let template = &owner.value["spec"]["template"];
    let prefix = format!("{}-", owner.key().name);
    for _ in count..wanted {
        look.create(&rollout::pod(&owner.value, template, Err(&prefix), &[]));
    }
    live.sort_by_key(|pod| is_ready(pod));
    for pod in live.iter().take(usize::try_from(count - wanted).unwrap_or(0)) {
        look.delete(pod);
    }
}
