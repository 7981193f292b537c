//! Deployments: held by `spec.paused`. The twin of `manifests/policies/deployment.rs`.

use serde_json::{Value, json};

use super::held::{Held, is_set};
use super::{remove, set, template};

pub(super) const HOLD: Held = Held {
    kind: "deployment",
    content: Some("template"),
    asks: |_| Vec::new(),
    changed: |object, old, _| old.is_null() || template::differs(object, old),
    holds: paused,
    stopped: paused,
    hold: |object| set(object, "paused", json!(true)),
    release: |object, lifted| {
        if lifted.ours {
            remove(object, "paused");
        }
    },
    remembers: None,
};

fn paused(object: &Value) -> bool {
    is_set(object, "paused")
}
