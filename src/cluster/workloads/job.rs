//! Jobs: held by `spec.suspend` from their creation on. A Job's template cannot change afterwards.

use serde_json::{Value, json};

use super::{Object, Progress, condition, number};
use crate::api::time::from_wire;

/// How far the Job is. A Job that waits to start has never run, so nothing of it runs already.
pub fn progress(object: &Object) -> (Progress, bool) {
    let progress = if condition(object, "Complete").is_some_and(|c| c["status"] == "True") {
        Progress::Done
    } else if let Some(failed) = condition(object, "Failed").filter(|c| c["status"] == "True") {
        Progress::Failed {
            at: failed["lastTransitionTime"].as_str().and_then(from_wire),
            why: failed["message"].as_str().unwrap_or("the Job failed").to_owned(),
        }
    } else if object.spec["suspend"] == true {
        Progress::Stopped
    } else {
        let wanted = object.spec["completions"].as_i64().unwrap_or(1);
        Progress::Progressing(format!(
            "{} of {wanted} complete, {} running",
            number(&object.status, "succeeded"),
            number(&object.status, "active")
        ))
    };
    (progress, false)
}

/// The operation that lets it go. The field is required to be present once it was set, so it is set to false.
pub fn let_go() -> Value {
    json!({"op": "add", "path": "/spec/suspend", "value": false})
}
