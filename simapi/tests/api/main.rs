//! The server as kube-rs clients see it.

mod apply;
mod custom;
mod faults;
mod lists;
mod models;
mod watches;
mod writes;

use serde_json::{Value, json};

/// A Deployment of one container.
pub fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "registry/app:1"}]},
            },
        },
    })
}

/// A ConfigMap with one entry.
pub fn config(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"},
        "data": {"key": value}})
}
