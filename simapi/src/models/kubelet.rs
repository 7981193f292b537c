//! Nodes and their kubelets, as fake as kwok's: pods are placed at once, become ready after a while, and those of
//! Jobs end. Annotations of a pod steer it: `kwok.test/fail: "true"`, `kwok.test/ready-delay`,
//! `kwok.test/complete-delay`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cluster::Look;
use crate::object::Object;

pub(super) fn pass(look: &Look<'_>) {
    let nodes: Vec<String> = look.list("", "nodes").iter().map(|node| node.key().name.to_string()).collect();
    for (n, pod) in look.list("", "pods").iter().enumerate() {
        if pod.is_going() {
            // The containers end at once; what remains is to say so.
            look.delete_now(pod);
        } else if pod.value["spec"]["nodeName"].is_null() {
            if let Some(node) = nodes.get(n % nodes.len().max(1)) {
                place(look, pod, node);
            }
        } else {
            run(look, pod);
        }
    }
}

fn place(look: &Look<'_>, pod: &Object, node: &str) {
    let mut value = Value::clone(&pod.value);
    value["spec"]["nodeName"] = node.into();
    look.write(pod, &value, "");
}

/// A duration as Go writes it: `500ms`, `2s`, `1m30s`, `1h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return None,
        };
        rest = &rest[letters..];
        total += unit * number;
    }
    Some(total)
}

fn annotation<'a>(pod: &'a Value, name: &str) -> &'a str {
    pod["metadata"]["annotations"][name].as_str().unwrap_or_default()
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    at.saturating_add(wait).unwrap_or(at)
}

fn run(look: &Look<'_>, pod: &Object) {
    let value = &pod.value;
    let phase = value["status"]["phase"].as_str().unwrap_or_default();
    if matches!(phase, "Succeeded" | "Failed") {
        return;
    }
    let of_job = value["spec"]["restartPolicy"] != "Always";
    let fails = annotation(value, "kwok.test/fail") == "true";
    let since = value["status"]["startTime"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let Some(since) = since else {
        let status = json!({"phase": "Pending", "startTime": precise(look.now), "qosClass": "BestEffort"});
        return report(look, pod, status);
    };
    let ready_at = after(since, duration(annotation(value, "kwok.test/ready-delay")).unwrap_or(look.delays.ready));
    if look.now < ready_at {
        return look.again_at(ready_at);
    }
    if of_job {
        let runs = duration(annotation(value, "kwok.test/complete-delay")).unwrap_or(look.delays.complete);
        let ends_at = after(ready_at, runs);
        if look.now >= ends_at {
            let phase = if fails { "Failed" } else { "Succeeded" };
            return report(look, pod, json!({"phase": phase, "startTime": precise(since), "qosClass": "BestEffort"}));
        }
        look.again_at(ends_at);
    }
    let ready = !fails || of_job;
    let was = value["status"]["conditions"][0]["status"].as_str() == Some("True");
    if phase == "Running" && ready == was {
        return;
    }
    let condition = json!([{"type": "Ready", "status": if ready { "True" } else { "False" },
        "lastTransitionTime": look.seconds()}]);
    let status =
        json!({"phase": "Running", "startTime": precise(since), "qosClass": "BestEffort", "conditions": condition});
    report(look, pod, status);
}

/// Kubernetes writes whole seconds here; a fake kubelet keeps the fraction, which its own waits begin with.
fn precise(at: Timestamp) -> String {
    at.to_string()
}

fn report(look: &Look<'_>, pod: &Object, status: Value) {
    look.report(pod, status);
}

/// Whether a pod is ready.
pub(super) fn is_ready(pod: &Object) -> bool {
    let conditions = pod.value["status"]["conditions"].as_array().into_iter().flatten();
    !pod.is_going() && conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, seconds) in [("500ms", 0.5), ("2s", 2.0), ("1m30s", 90.0), ("1h", 3600.0)] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        assert_eq!((duration("soon"), duration("2")), (None, None));
    }
}
