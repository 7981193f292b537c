//! DaemonSets: held by the update strategy OnDelete. The twin of `manifests/policies/daemon_set.rs`.

use serde_json::{Value, json};

use super::held::Held;
use super::{set, template};

pub(super) const HOLD: Held = Held {
    kind: "daemonset",
    content: Some("template"),
    asks: |_| Vec::new(),
    // A first install cannot be held by this field.
    changed: |object, old, _| !old.is_null() && template::differs(object, old),
    holds: on_delete,
    stopped: on_delete,
    hold: |object| set_type(object, "OnDelete"),
    release: |object, lifted| {
        if lifted.ours {
            set_type(object, "RollingUpdate");
        }
    },
    remembers: None,
};

fn on_delete(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "OnDelete"
}

/// What `rollingUpdate` says stays in place: it is valid beside OnDelete and ignored.
fn set_type(object: &mut Value, to: &str) {
    let mut strategy = object["spec"]["updateStrategy"].as_object().cloned().unwrap_or_default();
    strategy.insert("type".to_owned(), json!(to));
    set(object, "updateStrategy", Value::Object(strategy));
}
