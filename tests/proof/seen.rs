//! What changed of teams, windows, workloads and the lease, in words.

use serde_json::Value;

use crate::sim::OPERATOR;
use crate::support::recorder::tag;
use crate::transcript::stamp;

/// So many openings are told when a window is written; its status has more.
const AHEAD: usize = 3;

/// Said of a team by its workloads already.
const KNOWN: [&str; 2] = ["WorkloadNotFound", "Resolved"];

pub fn team(old: &Value, new: &Value) -> Vec<String> {
    let name = text(&new["metadata"]["name"]);
    let mut said = Vec::new();
    for workload in items(&new["status"]["workloads"]) {
        let before = items(&old["status"]["workloads"]).find(|w| w["name"] == workload["name"]);
        if before.is_none_or(|b| b["state"] != workload["state"] || b["message"] != workload["message"]) {
            let why = text(&workload["message"]);
            // That it went is seen of the workload itself.
            if !why.is_empty() && !why.starts_with("let go: ") {
                said.push(format!("team {name}: {} is {}: {why}", text(&workload["name"]), text(&workload["state"])));
            }
        }
    }
    for check in items(&new["status"]["checks"]) {
        let before = items(&old["status"]["checks"]).find(|c| c["name"] == check["name"]);
        if before.is_none_or(|b| b["state"] != check["state"]) {
            let why = check["message"].as_str().map_or_else(String::new, |m| format!(": {m}"));
            said.push(format!("team {name}: check {} is {}{why}", text(&check["name"]), text(&check["state"])));
        }
    }
    let known = |line: &String| KNOWN.iter().any(|reason| line.contains(&format!(" {reason}: ")));
    said.extend(
        conditions(old, new, &["Ready", "Stalled"])
            .into_iter()
            .filter(|l| !known(l))
            .map(|l| format!("team {name}: {l}")),
    );
    said
}

pub fn window(old: &Value, new: &Value) -> Vec<String> {
    let (namespace, name) = (text(&new["metadata"]["namespace"]), text(&new["metadata"]["name"]));
    let name = if namespace == "rollcall-system" { name.to_owned() } else { format!("{namespace}/{name}") };
    let freeze = new["spec"]["type"] == "Freeze";
    let (was, is) = (&old["status"]["open"], &new["status"]["open"]);
    let mut said = Vec::new();
    if was != is && is.is_boolean() {
        said.push(match (freeze, *is == true) {
            (true, true) => format!("freeze {name} is not in force"),
            (true, false) => format!("freeze {name} is in force"),
            (false, true) => format!("window {name} is open"),
            (false, false) => format!("window {name} is closed"),
        });
    }
    if was.is_null()
        || old["spec"] != new["spec"]
        || old["status"]["observedGeneration"] != new["status"]["observedGeneration"]
    {
        let span = |o: &Value| {
            let at = |field: &str| text(&o[field]).parse().map_or_else(|_| "?".to_owned(), stamp);
            format!("{} to {}", at("from"), at("until"))
        };
        let ahead: Vec<String> = items(&new["status"]["upcoming"]).take(AHEAD).map(span).collect();
        if !ahead.is_empty() {
            said.push(format!("window {name} sees ahead: {}", ahead.join(", ")));
        }
    }
    said.extend(
        conditions(old, new, &["Stalled", "Warning", "Linted"]).into_iter().map(|l| format!("window {name}: {l}")),
    );
    said
}

/// The conditions of these types that have changed.
fn conditions(old: &Value, new: &Value, types: &[&str]) -> Vec<String> {
    let mut said = Vec::new();
    for condition in items(&new["status"]["conditions"]).filter(|c| types.contains(&text(&c["type"]))) {
        let before = items(&old["status"]["conditions"]).find(|c| c["type"] == condition["type"]);
        if before.is_none_or(|b| b["reason"] != condition["reason"] || b["status"] != condition["status"]) {
            let [kind, status, reason, message] = ["type", "status", "reason", "message"].map(|f| text(&condition[f]));
            said.push(format!("{kind}={status} {reason}: {message}"));
        }
    }
    said
}

pub fn workload(kind: &str, user: &str, old: &Value, new: &Value) -> Vec<String> {
    let own = user == OPERATOR;
    let held = |o: &Value| annotation(o, "hold").is_some();
    let full = format!("{kind} {}/{}", text(&new["metadata"]["namespace"]), text(&new["metadata"]["name"]));
    if new.is_null() {
        return vec![format!("{kind} {} is gone", text(&old["metadata"]["name"]))];
    }
    let mut said = Vec::new();
    if content(new) != content(old) {
        let hand = if own { "rollcall puts back: " } else { "" };
        let how = if held(new) { ", held" } else { "" };
        said.push(format!("{hand}{full} has {}{how}", content(new)));
    } else if held(old) && !held(new) {
        let why = annotation(new, "released").unwrap_or_default();
        let why = why.split(" digest ").next().unwrap_or_default();
        let ticket = annotation(new, "break-glass").filter(|t| annotation(old, "break-glass") != Some(t));
        said.push(match (own, ticket) {
            (true, _) if why.is_empty() => format!("{full} is let go"),
            (true, _) => format!("{full} may roll out: {why}"),
            (false, Some(ticket)) => format!("{full} may roll out: {user} breaks the glass, {ticket}"),
            (false, None) => format!("{full} is not held any more: {user}"),
        });
    }
    if annotation(new, "rollback").is_none() && annotation(old, "rollback").is_some() {
        said.push(format!("{full} is not pinned any more"));
    }
    if old["spec"]["replicas"] != new["spec"]["replicas"] && !old.is_null() {
        said.push(format!("{full} is to have {} replicas", new["spec"]["replicas"]));
    }
    if runs(kind, new) && !runs(kind, old) {
        said.push(format!("{full} runs {}", content(new)));
    }
    if failed(new) && !failed(old) {
        said.push(format!("{full} fails"));
    }
    said
}

/// The tag of what it runs, of a CronJob too.
fn content(object: &Value) -> &str {
    if object["spec"]["jobTemplate"].is_object() { tag(&object["spec"]["jobTemplate"]) } else { tag(object) }
}

fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][format!("rollcall.dev/{name}")].as_str()
}

/// Whether what it says is what runs, by its own controller's word, and nothing else is under way.
fn runs(kind: &str, object: &Value) -> bool {
    let (status, wanted) = (&object["status"], &object["spec"]["replicas"]);
    if annotation(object, "hold").is_some() || !status.is_object() {
        return false;
    }
    let observed = status["observedGeneration"] == object["metadata"]["generation"];
    let all = |fields: &[&str], of: &Value| fields.iter().all(|f| status[f] == *of);
    match kind {
        "Job" => items(&status["conditions"]).any(|c| c["type"] == "Complete" && c["status"] == "True"),
        "CronJob" => false,
        "DaemonSet" => {
            let nodes = &status["desiredNumberScheduled"];
            observed && !nodes.is_null() && all(&["updatedNumberScheduled", "numberAvailable"], nodes)
        }
        _ => observed && all(&["replicas", "updatedReplicas", "availableReplicas"], wanted),
    }
}

fn failed(object: &Value) -> bool {
    items(&object["status"]["conditions"])
        .any(|c| c["reason"] == "ProgressDeadlineExceeded" || c["type"] == "Failed" && c["status"] == "True")
}

pub fn lease(old: &Value, new: &Value) -> Vec<String> {
    let holder = |l: &Value| {
        text(&l["spec"]["holderIdentity"]).rsplit_once('-').map(|(host, _)| host.to_owned()).unwrap_or_default()
    };
    let (was, is) = (text(&old["spec"]["holderIdentity"]), text(&new["spec"]["holderIdentity"]));
    if was == is {
        return Vec::new();
    }
    vec![if is.is_empty() {
        format!("operator {} hands over", holder(old))
    } else {
        format!("operator {} leads", holder(new))
    }]
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
