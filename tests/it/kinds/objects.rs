//! One workload of each kind, each in a team's namespace.

use serde_json::{Value, json};

use crate::support::stage::Stage;
use crate::support::{Done, shop};

/// The kinds, with the name of the workload of each.
pub const ALL: [(&str, &str); 5] =
    [("Deployment", "api"), ("StatefulSet", "db"), ("DaemonSet", "log"), ("CronJob", "nightly"), ("Job", "migrate")];

/// Where the pod template stands.
pub fn pods(kind: &str) -> &'static str {
    if kind == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" }
}

/// A workload of a kind. A version that begins with `bad` crashes.
pub fn of(kind: &str, namespace: &str, name: &str, version: &str) -> Value {
    let mut object = match kind {
        "Job" => shop::job(namespace, name, namespace, version),
        "CronJob" => {
            let mut job = shop::job(namespace, name, namespace, version);
            let mut object = job.clone();
            object["kind"] = json!("CronJob");
            // Version 1 runs once a year, unless a test wants a run; see `is_overdue`.
            let schedule = if version == "1" { "0 0 1 1 *" } else { "* * * * *" };
            object["spec"] = json!({"schedule": schedule, "jobTemplate": {"spec": job["spec"].take()}});
            object
        }
        _ => shop::deployment(namespace, name, namespace, name, version, 2),
    };
    object["kind"] = json!(kind);
    if kind == "StatefulSet" {
        object["spec"]["serviceName"] = json!(name);
    }
    if kind == "DaemonSet" {
        object["spec"].as_object_mut().expect("a spec").remove("replicas");
    }
    if matches!(kind, "StatefulSet" | "DaemonSet") {
        object["spec"].as_object_mut().expect("a spec").remove("progressDeadlineSeconds");
    }
    if version.starts_with("bad") {
        if kind == "Deployment" {
            object["spec"]["progressDeadlineSeconds"] = json!(5);
        }
        let template = object.pointer_mut(pods(kind)).expect("a pod template");
        template["metadata"]["annotations"] = json!({"kwok.test/fail": "true"});
    }
    object
}

/// Lets a team's CronJob `nightly` believe that its last run is so long ago, so that one is due as soon as it may run.
pub async fn is_overdue(stage: &Stage<'_>, team: &str, by: chrono::TimeDelta) -> Done {
    let last = (chrono::Utc::now() - by).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let patch = json!({"status": {"lastScheduleTime": last}}).to_string();
    let args = ["patch", "cronjob", "nightly", "-n", team, "--subresource=status", "--type=merge", "-p", &patch];
    stage.installed.kubectl(&args).await?;
    Ok(())
}

/// The tag of the image that an object would ship.
pub fn tag(object: &Value) -> &str {
    let kind = object["kind"].as_str().unwrap_or_default();
    let image = object.pointer(&format!("{}/spec/containers/0/image", pods(kind))).and_then(Value::as_str);
    image.and_then(|i| i.rsplit(':').next()).unwrap_or_default()
}

/// Whether the hold field of its kind holds.
pub fn holds(object: &Value) -> bool {
    let strategy = &object["spec"]["updateStrategy"];
    match object["kind"].as_str().unwrap_or_default() {
        "Job" | "CronJob" => object["spec"]["suspend"] == true,
        "StatefulSet" => strategy["rollingUpdate"]["partition"] == 2_147_483_647,
        "DaemonSet" => strategy["type"] == "OnDelete",
        _ => object["spec"]["paused"] == true,
    }
}

/// Whether its own controller says that nothing is left to do. Jobs and CronJobs are asked otherwise.
pub fn settled(object: &Value) -> bool {
    let status = &object["status"];
    let is = |field: &str, count: &Value| status[field] == *count;
    let observed = status["observedGeneration"] == object["metadata"]["generation"];
    let wanted = &object["spec"]["replicas"];
    observed
        && match object["kind"].as_str().unwrap_or_default() {
            "StatefulSet" => {
                status["updateRevision"] == status["currentRevision"]
                    && is("readyReplicas", wanted)
                    && is("updatedReplicas", wanted)
            }
            "DaemonSet" => {
                let wanted = &status["desiredNumberScheduled"];
                *wanted != 0 && is("updatedNumberScheduled", wanted) && is("numberAvailable", wanted)
            }
            _ => ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|f| is(f, wanted)),
        }
}
