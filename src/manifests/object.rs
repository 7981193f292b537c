//! The frame that all objects share.

use serde_json::{Value, json};

use crate::api::names::PART_OF;

/// A namespaced object with `body` beside its metadata.
pub(super) fn object(api_version: &str, kind: &str, name: &str, namespace: &str, body: Value) -> Value {
    let mut object = cluster_object(api_version, kind, name, body);
    object["metadata"]["namespace"] = json!(namespace);
    object
}

/// A cluster-scoped object with `body` beside its metadata.
pub(super) fn cluster_object(api_version: &str, kind: &str, name: &str, body: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "labels": {PART_OF.0: PART_OF.1}},
    });
    if let (Value::Object(object), Value::Object(body)) = (&mut object, body) {
        object.extend(body);
    }
    object
}
