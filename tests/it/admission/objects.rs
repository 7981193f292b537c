//! The objects that these tests are about, and what they ask of them.

use serde_json::{Value, json};

/// A Deployment under rollcall.
pub fn deployment(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {"rollcall.dev/gate": "team"}},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
        },
    })
}

/// A Job under rollcall.
pub fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "labels": {"rollcall.dev/gate": "team"}},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "r/job:1"}]}}},
    })
}

/// A team; its spec is what the test is about.
pub fn team(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "TeamReadiness", "metadata": {"name": name}, "spec": spec})
}

/// A release of one step.
pub fn release(name: &str) -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "CoordinatedRelease",
        "metadata": {"name": name},
        "spec": {
            "owner": {"name": "Lea", "contact": "#releases"},
            "participants": [{"name": "shop", "team": {"namespace": "shop", "name": "shop"}, "role": "Required",
                              "responsibility": "Watch the error budget"}],
            "steps": [{"name": "api", "participant": "shop", "workload": {"kind": "Deployment", "name": "api"},
                       "estimate": "10m"}],
        },
    })
}

/// What the tests ask of a workload: its hold, how it is held, and the image it would ship.
pub fn hold_of(object: &Value) -> (&str, bool, &str) {
    let field = if object["kind"] == "Job" { "/spec/suspend" } else { "/spec/paused" };
    (
        object["metadata"]["annotations"]["rollcall.dev/hold"].as_str().unwrap_or(""),
        object.pointer(field).and_then(Value::as_bool).unwrap_or(false),
        object.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).unwrap_or(""),
    )
}

/// The operator's release of a Deployment, as a compare-and-set on what it saw.
pub fn let_go(seen: &Value) -> Value {
    json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": seen["metadata"]["resourceVersion"]},
        {"op": "remove", "path": "/spec/paused"},
        {"op": "remove", "path": "/metadata/annotations/rollcall.dev~1hold"},
    ])
}
