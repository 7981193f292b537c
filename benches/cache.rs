//! How much memory a cached object takes: rollcall's projection against the typed object that a stock
//! reflector keeps, both in the same run, each in a process of its own.
//!
//! Prints MiB per 1,000 objects, as the growth of the resident set. It judges nothing.

use std::process::Command;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::Deployment;
use rollcall::api::fields::WorkloadKind;
use rollcall::cluster::releases::{Compact, Releases};
use rollcall::cluster::store::Store;
use rollcall::cluster::watch::WatchEvent;
use rollcall::cluster::workloads::{self, Workload};
use serde_json::{Value, json};

const OBJECTS: usize = 10_000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("measure") => measure(&std::env::args().nth(2).unwrap_or_default()),
        _ => compare(),
    }
}

fn compare() {
    println!("{OBJECTS} objects each, MiB of resident memory per 1,000:");
    let itself = std::env::current_exe().expect("a path of its own");
    for name in ["deployment-typed", "deployment-projected", "release-value", "release-projected"] {
        let out = Command::new(&itself).args(["measure", name]).output().expect("runs itself");
        println!("  {name:22} {}", String::from_utf8_lossy(&out.stdout).trim());
    }
}

fn measure(what: &str) {
    let before = resident();
    let kept: Box<dyn std::any::Any> = match what {
        "deployment-typed" => Box::new(
            (0..OBJECTS)
                .map(|n| Arc::new(serde_json::from_str::<Deployment>(&deployment(n)).expect("typed")))
                .collect::<Vec<_>>(),
        ),
        "deployment-projected" => {
            let store: Store<Workload> = Store::new();
            (0..OBJECTS).for_each(|n| {
                let workload = workloads::decode(WorkloadKind::Deployment, &deployment(n)).expect("projected");
                store.apply(WatchEvent::Applied(workload));
            });
            Box::new(store)
        }
        "release-value" => Box::new(
            (0..OBJECTS)
                .map(|n| Arc::new(serde_json::from_str::<Value>(&release(n)).expect("json")))
                .collect::<Vec<_>>(),
        ),
        _ => {
            let store = Releases::default();
            (0..OBJECTS).for_each(|n| {
                let release = Compact::decode(&release(n)).expect("projected");
                store.apply(WatchEvent::Applied(release));
            });
            Box::new(store)
        }
    };
    let grown = resident().saturating_sub(before);
    drop(kept);
    println!("{:.2}", grown as f64 / 1024.0 / 1024.0 * 1000.0 / OBJECTS as f64);
}

/// Resident bytes of this process, from the kernel.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = statm.split_whitespace().nth(1).and_then(|p| p.parse().ok()).expect("pages");
    pages * 4096
}

fn managed_fields(n: usize) -> Value {
    let fields: serde_json::Map<String, Value> =
        (0..40).map(|f| (format!("f:field-{f}"), json!({"f:value": {}, ".": {}}))).collect();
    json!([{"manager": "kustomize-controller", "operation": "Apply", "apiVersion": "apps/v1", "time": "2027-01-12T09:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": fields, "f:spec": fields, "f:n": n}}])
}

fn deployment(n: usize) -> String {
    let env: Vec<Value> =
        (0..8).map(|e| json!({"name": format!("SETTING_{e}"), "value": format!("value-{e}-{n}")})).collect();
    json!({
        "metadata": {"namespace": format!("team-{}", n % 40), "name": format!("service-{n}"), "uid": format!("{n:032x}"), "resourceVersion": n.to_string(), "generation": 3,
            "labels": {"rollcall.dev/gate": "team", "app": "service"}, "managedFields": managed_fields(n)},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "service"}}, "template": {"metadata": {"labels": {"app": "service"}},
            "spec": {"containers": [{"name": "app", "image": format!("registry.example/service-{n}:2.14"), "env": env,
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}]}}},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
            "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability."}]},
    })
    .to_string()
}

fn release(n: usize) -> String {
    let participants: Vec<Value> = (0..5).map(|p| json!({"name": format!("team-{p}"), "team": {"namespace": format!("team-{p}"), "name": "team"}, "responsibility": "Watch it"})).collect();
    let steps: Vec<Value> =
        (0..5).map(|s| json!({"name": format!("step-{s}"), "participant": format!("team-{s}"), "workload": {"kind": "Deployment", "name": format!("service-{n}")}})).collect();
    json!({
        "metadata": {"namespace": "releases", "name": format!("release-{n}"), "uid": format!("{n:032x}"), "resourceVersion": n.to_string(), "generation": 1, "managedFields": managed_fields(n)},
        "spec": {"participants": participants, "steps": steps},
        "status": {"observedGeneration": 1, "digest": format!("sha256:{n:064x}"), "conditions": [
            {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "all participants consent", "lastTransitionTime": "2027-01-12T09:00:00Z"}]},
    })
    .to_string()
}
