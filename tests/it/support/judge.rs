//! The judge of the story: reads what the recorder saw, and nothing that rollcall says of itself.

use std::collections::BTreeMap;

use super::recorder::{Version, ready, tag};

/// Judges the history of one version of the story. What it proves, one sentence each.
///
/// # Errors
///
/// The first thing that happened in the wrong order, too often, or not at all.
pub fn judge(history: &[Version], version: &str) -> Result<Vec<String>, String> {
    let migrated = history
        .iter()
        .find(|v| v.kind == "Job" && tag(&v.object) == version && is_complete(v))
        .map(|v| v.at)
        .ok_or("the migration never completed")?;
    let api = first_pod(history, "api", version)?;
    if migrated >= api {
        return Err(format!(
            "a new api pod existed at version {api} of the store, and the migration was complete only at {migrated}"
        ));
    }
    let mut first_ready = BTreeMap::new();
    for pod in history.iter().filter(|v| is_new_pod(v, "api", version) && ready(&v.object)) {
        first_ready.entry(pod.name().to_owned()).or_insert(pod.at);
    }
    let last_ready = match first_ready.values().max() {
        Some(last) if first_ready.len() == 3 => *last,
        _ => {
            return Err(format!("three new api pods should have become ready: {first_ready:?}"));
        }
    };
    let mut proven = vec![format!(
        "the migration was complete (store version {migrated}) before the first new api pod existed ({api})"
    )];
    for app in ["web", "admin"] {
        let first = first_pod(history, app, version)?;
        if last_ready >= first {
            return Err(format!(
                "a new {app} pod existed at version {first} of the store, and the last new api pod was ready only at {last_ready}"
            ));
        }
        proven.push(format!(
            "all three new api pods were ready ({last_ready}) before the first new {app} pod existed ({first})"
        ));
    }
    at_most_once(history)?;
    proven.push("each held change was let go exactly once".to_owned());
    Ok(proven)
}

fn is_complete(job: &Version) -> bool {
    let conditions = job.object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|c| c["type"] == "Complete" && c["status"] == "True")
}

fn is_new_pod(pod: &Version, app: &str, version: &str) -> bool {
    pod.kind == "Pod" && pod.object["metadata"]["labels"]["app"] == app && tag(&pod.object) == version
}

fn first_pod(history: &[Version], app: &str, version: &str) -> Result<u64, String> {
    history
        .iter()
        .find(|v| is_new_pod(v, app, version))
        .map(|v| v.at)
        .ok_or_else(|| format!("no new {app} pod was ever created"))
}

/// Each workload's content went from held to free at most once.
///
/// # Errors
///
/// What was let go how often, if anything was let go more than once.
pub fn at_most_once(history: &[Version]) -> Result<(), String> {
    let mut releases = BTreeMap::new();
    let mut held = BTreeMap::new();
    for version in history.iter().filter(|v| v.kind == "Deployment" || v.kind == "Job") {
        let uid = version.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let is_held = version.object["metadata"]["annotations"]["rollcall.dev/hold"].is_string();
        let was_held = held.insert(uid.clone(), is_held).unwrap_or(false);
        if was_held && !is_held && !version.deleted {
            *releases.entry((uid, tag(&version.object).to_owned())).or_insert(0) += 1;
        }
    }
    if releases.values().all(|n| *n == 1) {
        Ok(())
    } else {
        Err(format!("some content was let go more than once: {releases:?}"))
    }
}
