//! Jobs: held by `spec.suspend` when they are created. The twin of `manifests/policies/job.rs`.

use serde_json::{Value, json};

use super::held::Held;
use super::suspend::{resume, suspend, suspended};
use super::{Question, Request};

pub(super) const HOLD: Held = Held {
    kind: "job",
    // What a Job runs cannot change.
    content: None,
    asks,
    changed,
    holds: suspended,
    stopped: suspended,
    hold: suspend,
    release: resume,
    remembers: None,
};

/// Whoever names an owner must be allowed to act for it, as controllers are and people are not.
const FOR_AN_OWNER: [Question; 2] = [
    Question { verb: "update", group: "batch", resource: "cronjobs", subresource: "finalizers" },
    Question { verb: "update", group: "batch", resource: "jobs", subresource: "finalizers" },
];

fn asks(request: &Request) -> Vec<Question> {
    if request.old.is_null() && controlled(&request.object) { FOR_AN_OWNER.to_vec() } else { Vec::new() }
}

fn controlled(job: &Value) -> bool {
    let owners = job["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| owner["controller"] == json!(true))
}

/// What a Job runs cannot change later. A Job made by a controller is held through that controller, and one in a
/// queue belongs to Kueue.
fn changed(job: &Value, old: &Value, may: &dyn Fn(Question) -> bool) -> bool {
    let owned = || controlled(job) && FOR_AN_OWNER.into_iter().any(may);
    old.is_null() && !owned() && job["metadata"]["labels"].get("kueue.x-k8s.io/queue-name").is_none()
}
