//! The objects that these tests are about, and what they ask of them.

use rollcall::api::fields::WorkloadKind;
use rollcall::cluster::workloads::{Workload, decode, release_patch};
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

/// A StatefulSet under rollcall.
pub fn stateful_set(name: &str, image: &str) -> Value {
    let mut object = deployment(name, image);
    object["kind"] = json!("StatefulSet");
    object["spec"]["serviceName"] = json!(name);
    object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(1);
    object
}

/// A DaemonSet under rollcall.
pub fn daemon_set(name: &str, image: &str) -> Value {
    let mut object = deployment(name, image);
    object["kind"] = json!("DaemonSet");
    object["spec"].as_object_mut().expect("a spec").remove("replicas");
    object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(1);
    object
}

/// A CronJob under rollcall, due once a year.
pub fn cron_job(name: &str, image: &str) -> Value {
    let mut spec = job("x")["spec"].clone();
    spec["template"]["spec"]["containers"][0]["image"] = json!(image);
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": name, "labels": {"rollcall.dev/gate": "team"}},
        "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": spec}},
    })
}

/// An object of a kind.
pub fn of(kind: &str, name: &str, image: &str) -> Value {
    match kind {
        "statefulset" => stateful_set(name, image),
        "daemonset" => daemon_set(name, image),
        "cronjob" => cron_job(name, image),
        _ => deployment(name, image),
    }
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
    let strategy = &object["spec"]["updateStrategy"];
    let holds = match object["kind"].as_str().unwrap_or_default() {
        "Job" | "CronJob" => object["spec"]["suspend"] == true,
        "StatefulSet" => strategy["rollingUpdate"]["partition"] == 2_147_483_647,
        "DaemonSet" => strategy["type"] == "OnDelete",
        _ => object["spec"]["paused"] == true,
    };
    let pods = if object["kind"] == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" };
    (
        object["metadata"]["annotations"]["rollcall.dev/hold"].as_str().unwrap_or(""),
        holds,
        object.pointer(&format!("{pods}/spec/containers/0/image")).and_then(Value::as_str).unwrap_or(""),
    )
}

/// The operator's own word for an object that was read.
pub fn seen(object: &Value) -> Workload {
    let kind = match object["kind"].as_str().unwrap_or_default() {
        "StatefulSet" => WorkloadKind::StatefulSet,
        "DaemonSet" => WorkloadKind::DaemonSet,
        "Job" => WorkloadKind::Job,
        "CronJob" => WorkloadKind::CronJob,
        _ => WorkloadKind::Deployment,
    };
    decode(kind, &object.to_string()).expect("a workload")
}

/// The operator's release, as a compare-and-set on what it saw.
pub fn let_go(object: &Value) -> Value {
    let by = rollcall::api::time::to_wire(chrono::Utc::now() + chrono::TimeDelta::minutes(1));
    release_patch(&seen(object), "a test", &by)
}
