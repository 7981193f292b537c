//! Pod templates: what of them counts as a change. The twin of `manifests/policies/template.rs`.

use serde_json::Value;

use super::equal_but;
use crate::api::names::RESTARTED_AT;

/// Whether a pod template that was there differs. A restart ships nothing new, so the annotation that causes it is
/// no change.
pub(super) fn differs(object: &Value, old: &Value) -> bool {
    let (new, former) = (&object["spec"]["template"], &old["spec"]["template"]);
    let (meta, former_meta) = (&new["metadata"], &former["metadata"]);
    new["spec"] != former["spec"]
        || !equal_but(&meta["labels"], &former_meta["labels"], &[])
        || !equal_but(&meta["annotations"], &former_meta["annotations"], &[RESTARTED_AT])
}
