//! The Job controller: pods that run to their end. A suspended Job has none.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::Look;
use super::kubelet::is_ready;
use super::rollout::{self, condition, set_condition};
use crate::object::Object;

pub(super) fn pass(look: &Look<'_>) {
    for job in look.list("batch", "jobs") {
        let over = ["Complete", "Failed"].iter().any(|kind| condition(&job.value, kind)["status"] == "True");
        if !over && !job.is_going() {
            step(look, &job);
        }
    }
}

struct Tally {
    active: usize,
    ready: usize,
    succeeded: usize,
    failed: usize,
}

fn tally(pods: &[Arc<Object>]) -> Tally {
    let of = |phase: &str| pods.iter().filter(|pod| pod.value["status"]["phase"] == phase).count();
    let (succeeded, failed) = (of("Succeeded"), of("Failed"));
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    Tally { active: pods.len() - succeeded - failed, ready, succeeded, failed }
}

fn step(look: &Look<'_>, job: &Object) {
    let spec = &job.value["spec"];
    let count = |field: &str, default: i64| usize::try_from(spec[field].as_i64().unwrap_or(default)).unwrap_or(0);
    let (wanted, parallel, limit) = (count("completions", 1), count("parallelism", 1), count("backoffLimit", 6));
    let suspended = spec["suspend"] == true;
    let pods = look.owned(job, "", "pods");
    let before = tally(&pods);
    let ended = if before.failed > limit {
        Some(("Failed", "FailureTarget", "BackoffLimitExceeded"))
    } else if before.succeeded >= wanted {
        Some(("Complete", "SuccessCriteriaMet", "CompletionsReached"))
    } else {
        None
    };
    if suspended || ended.is_some() {
        for pod in pods.iter().filter(|pod| !super::pods::has_ended(&pod.value) && !pod.is_going()) {
            look.delete(pod);
        }
    } else {
        let prefix = format!("{}-", job.key().name);
        for _ in before.active..parallel.min(wanted - before.succeeded) {
            look.create(&rollout::pod(&job.value, &spec["template"], Err(&prefix), &[]));
        }
    }
    report(look, job, suspended, ended);
}

fn report(look: &Look<'_>, job: &Object, suspended: bool, ended: Option<(&str, &str, &str)>) {
    let tally = tally(&look.owned(job, "", "pods"));
    let now = look.seconds();
    let before = &job.value["status"];
    let mut status = json!({"conditions": before["conditions"], "startTime": before["startTime"],
        "uncountedTerminatedPods": {}, "terminating": 0});
    for (field, count) in [("active", tally.active), ("succeeded", tally.succeeded), ("failed", tally.failed)] {
        if count > 0 {
            status[field] = count.into();
        }
    }
    status["ready"] = tally.ready.into();
    let was_suspended = condition(&job.value, "Suspended")["status"] == "True";
    if suspended {
        status["startTime"] = Value::Null;
        set_condition(&mut status, "Suspended", "True", "JobSuspended", "Job suspended", &now);
    } else {
        if was_suspended {
            set_condition(&mut status, "Suspended", "False", "JobResumed", "Job resumed", &now);
        }
        if status["startTime"].is_null() {
            status["startTime"] = now.clone().into();
        }
    }
    if let Some((kind, first, reason)) = ended {
        for kind in [first, kind] {
            set_condition(&mut status, kind, "True", reason, reason, &now);
        }
        if kind == "Complete" {
            status["completionTime"] = now.into();
        }
    }
    if let Some(map) = status.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    look.report(job, status);
}
