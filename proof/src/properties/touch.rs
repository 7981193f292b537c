//! What rollcall may write, and on whose word: S8 and S13.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Trial;
use super::gates::{items, text};
use crate::history::Key;

type Found = Vec<(usize, String)>;

/// What may differ in any object that was written.
const BOOKKEEPING: [&str; 3] = ["/metadata/resourceVersion", "/metadata/managedFields", "/metadata/generation"];
/// What rollcall may change of a workload.
const SWITCHES: [&str; 7] = [
    "/metadata/annotations/rollcall.dev~1",
    "/metadata/labels/rollcall.dev~1gate",
    "/spec/paused",
    "/spec/suspend",
    "/spec/updateStrategy",
    "/spec/minReadySeconds",
    "/spec/progressDeadlineSeconds",
];

/// S8: rollcall writes only its own objects' status and, of a workload, the switch that holds it.
pub(super) fn minimal_touch(trial: &Trial<'_>) -> Found {
    let mut found = Found::new();
    let history = trial.moments.history;
    for (place, entry) in history.entries.iter().enumerate().filter(|(_, e)| history.is_own(e)) {
        let key = &*trial.moments.keys[place];
        if matches!(key.kind.as_str(), "Lease" | "Event") {
            continue;
        }
        let before = place.checked_sub(1).and_then(|p| trial.moments.seen[p].get(key));
        let Some(before) = before.filter(|_| !entry.deleted) else {
            found.push((place, format!("rollcall created or deleted {key}")));
            continue;
        };
        for path in differences(before, &entry.object) {
            if !may_change(key, &path, &entry.object) {
                found.push((place, format!("rollcall changed {path} of {key}")));
            }
        }
        let paused = |object: &Value| object["spec"]["paused"] == true || object["spec"]["suspend"] == true;
        let by_us = before["metadata"]["annotations"]["rollcall.dev/hold"] == "policy";
        if paused(before) && !paused(&entry.object) && !by_us {
            found.push((place, format!("rollcall resumed {key}, which it had not paused")));
        }
    }
    found
}

fn may_change(key: &Key, path: &str, object: &Value) -> bool {
    let begins = |with: &str| path == with || path.starts_with(&format!("{with}/"));
    if BOOKKEEPING.iter().any(|with| begins(with)) {
        return true;
    }
    match key.kind.as_str() {
        "CoordinatedRelease" | "TeamReadiness" | "DeploymentWindow" => path.starts_with("/status"),
        // An API server gives a Job without labels those of its template.
        "Job" if path.strip_prefix("/metadata/labels/").is_some_and(|l| in_template(object, l)) => true,
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" => {
            let rolls_back = object["metadata"]["annotations"]["rollcall.dev/rollback"].is_string();
            SWITCHES.iter().any(|with| path.starts_with(with))
                || ["/metadata/annotations", "/metadata/labels"].contains(&path)
                || rolls_back && path.starts_with("/spec/template")
        }
        _ => false,
    }
}

/// Whether a label, as a JSON pointer has it, is what the pod template says.
fn in_template(object: &Value, label: &str) -> bool {
    let of = |labels: &str| object.pointer(&format!("{labels}/{label}"));
    of("/metadata/labels").is_some_and(|l| Some(l) == of("/spec/template/metadata/labels"))
}

/// The paths at which two objects differ, as JSON pointers; below an added or removed object, its own.
fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(one, other, &mut Vec::new(), &mut found);
    found
}

fn walk<'a>(one: &'a Value, other: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, before) in a {
                path.push(key);
                match (before, b.get(key)) {
                    (_, Some(after)) => walk(before, after, path, found),
                    (Value::Object(_), None) => walk(before, &EMPTY, path, found),
                    _ => found.push(pointer(path)),
                }
                path.pop();
            }
            for (key, after) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                path.push(key);
                match after {
                    Value::Object(_) => walk(&EMPTY, after, path, found),
                    _ => found.push(pointer(path)),
                }
                path.pop();
            }
        }
        _ if one == other => {}
        _ => found.push(pointer(path)),
    }
}

/// What an object that is not there has in it.
static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// A path as a JSON pointer.
fn pointer(path: &[&str]) -> String {
    path.iter().fold(String::new(), |text, key| text + "/" + &key.replace('~', "~0").replace('/', "~1"))
}

/// S13: whose word it is, is who wrote it.
pub(super) fn no_privilege(trial: &Trial<'_>) -> Found {
    let mut found = Found::new();
    let history = trial.moments.history;
    for (place, entry) in history.entries.iter().enumerate().filter(|(_, e)| !e.deleted) {
        let key = &*trial.moments.keys[place];
        let before = place.checked_sub(1).and_then(|p| trial.moments.seen[p].get(key));
        if key.kind == "TeamReadiness" {
            let known = |s: &&Value| before.into_iter().flat_map(|b| items(&b["spec"]["signOffs"])).any(|o| o == *s);
            for sign_off in items(&entry.object["spec"]["signOffs"]).filter(|s| !known(s)) {
                if !text(&sign_off["by"]).is_empty() && sign_off["by"] != entry.actor.as_str() {
                    found.push((place, format!("{} wrote the word of {} into {key}", entry.actor, sign_off["by"])));
                }
            }
        }
        if key.kind == "CoordinatedRelease" {
            let over = &entry.object["spec"]["override"];
            let known = before.is_some_and(|b| b["spec"]["override"] == *over);
            if !known && over["by"].is_string() && over["by"] != entry.actor.as_str() {
                found.push((place, format!("{} overrode gates of {key} in the name of {}", entry.actor, over["by"])));
            }
        }
        if key.kind == "CoordinatedRelease" && !history.is_own(entry) {
            let grants = |o: Option<&Value>| -> Vec<Value> {
                o.into_iter().flat_map(|o| items(&o["status"]["steps"])).map(|s| s["grant"].clone()).collect()
            };
            if before.is_some() && grants(before) != grants(Some(&entry.object)) {
                found.push((place, format!("{} wrote grants of {key}", entry.actor)));
            }
        }
    }
    found
}
