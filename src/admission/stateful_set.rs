//! StatefulSets: held by a partition above every ordinal. The twin of `manifests/policies/stateful_set.rs`.

use serde_json::{Map, Value, json};

use super::held::{Held, Lifted};
use super::{set, template};
use crate::api::names::HELD_PARTITION;

pub(super) const HOLD: Held = Held {
    kind: "statefulset",
    content: Some("template"),
    asks: |_| Vec::new(),
    // A first install cannot be held by this field.
    changed: |object, old, _| !old.is_null() && template::differs(object, old),
    holds: partitioned,
    // OnDelete is an author's way to replace pods by hand, and the largest partition one to replace none.
    stopped: |object| on_delete(object) || partitioned(object),
    hold,
    release,
    remembers: Some(|object| match partition(object) {
        _ if on_delete(object) => Some("OnDelete".to_owned()),
        HELD_PARTITION => None,
        theirs => Some(theirs.to_string()),
    }),
};

fn on_delete(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "OnDelete"
}

fn partition(object: &Value) -> i64 {
    object["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0)
}

fn partitioned(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "RollingUpdate" && partition(object) == HELD_PARTITION
}

fn hold(object: &mut Value) {
    let mut strategy = object["spec"]["updateStrategy"].as_object().cloned().unwrap_or_default();
    strategy.insert("type".to_owned(), json!("RollingUpdate"));
    let mut rolling = match strategy.remove("rollingUpdate") {
        Some(Value::Object(rolling)) => rolling,
        _ => Map::new(),
    };
    rolling.insert("partition".to_owned(), json!(HELD_PARTITION));
    strategy.insert("rollingUpdate".to_owned(), Value::Object(rolling));
    set(object, "updateStrategy", Value::Object(strategy));
}

/// The former value is given back to an author who had stopped it too: the hold needs a value of its own.
fn release(object: &mut Value, lifted: &Lifted<'_>) {
    let held_now_only = lifted.was_held || lifted.old.is_null() || !partitioned(lifted.old);
    if !partitioned(object) || !held_now_only {
        return;
    }
    match lifted.back.parse::<i64>() {
        Ok(partition) => {
            if let Some(rolling) =
                object.pointer_mut("/spec/updateStrategy/rollingUpdate").and_then(Value::as_object_mut)
            {
                rolling.insert("partition".to_owned(), json!(partition));
            }
        }
        Err(_) => set(object, "updateStrategy", json!({"type": "OnDelete"})),
    }
}
