//! Deployments: held by `spec.paused`.

use serde_json::{Value, json};

use super::{Object, Progress, condition, number};
use crate::api::time::from_wire;

/// How far the newest generation is, and whether the stored template is the one that runs.
///
/// Done is what `kubectl rollout status` calls done: the controller has observed the newest generation,
/// every replica is updated and available, and none of an older template is left.
pub fn progress(object: &Object) -> (Progress, bool) {
    let (spec, status) = (&object.spec, &object.status);
    let observed = number(status, "observedGeneration") >= object.metadata.generation;
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let [all, updated, available] = ["replicas", "updatedReplicas", "availableReplicas"].map(|f| number(status, f));
    let runs_already = observed && all > 0 && updated == all;
    let progress = if !observed {
        Progress::NotObserved
    } else if let Some(failure) = failure(object) {
        failure
    } else if updated == wanted && available == wanted && all == wanted {
        Progress::Done
    } else if spec["paused"] == true {
        Progress::Stopped
    } else {
        Progress::Progressing(format!("{updated} of {wanted} updated, {available} available"))
    };
    (progress, runs_already)
}

fn failure(object: &Object) -> Option<Progress> {
    let progressing = condition(object, "Progressing")?;
    if progressing["status"] != "False" || progressing["reason"] != "ProgressDeadlineExceeded" {
        return None;
    }
    let why = progressing["message"].as_str().unwrap_or("its progress deadline is exceeded").to_owned();
    let at = progressing["lastUpdateTime"].as_str().and_then(from_wire);
    Some(Progress::Failed { at, why })
}

/// The operation that lets it go. Removing the field, not setting it to false, leaves nobody owning it.
pub fn let_go() -> Value {
    json!({"op": "remove", "path": "/spec/paused"})
}
