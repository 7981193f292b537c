//! Deployments: held by `spec.paused`. The twin of `manifests/policies/deployment.rs`.

use serde_json::{Value, json};

use super::held::{Held, OWNED, is_set};
use super::{Question, equal_but, remove, set};
use crate::api::names::RESTARTED_AT;

pub(super) const HOLD: Held = Held {
    kind: "deployment",
    asks: |_| Vec::new(),
    changed: template_changed,
    holds: |object| is_set(object, "paused"),
    hold: |object| set(object, "paused", json!(true)),
    release: |object| remove(object, "paused"),
    pinned: true,
    owned: OWNED,
};

/// A restart ships nothing new, so the annotation that causes it is no change.
pub(super) fn template_changed(object: &Value, old: &Value, _: &dyn Fn(Question) -> bool) -> bool {
    let (new, former) = (&object["spec"]["template"], &old["spec"]["template"]);
    let (meta, former_meta) = (&new["metadata"], &former["metadata"]);
    old.is_null()
        || new["spec"] != former["spec"]
        || !equal_but(&meta["labels"], &former_meta["labels"], &[])
        || !equal_but(&meta["annotations"], &former_meta["annotations"], &[RESTARTED_AT])
}
