//! Whether what rollcall says is so: S11.

use super::gates::{instant, items, text};
use super::{Trial, way_back};
use crate::history::template_of;

type Found = Vec<(usize, String)>;

/// The largest status that may ever be written, in bytes.
const LARGEST: usize = 512 * 1024;

/// S11: nothing is said to be released, done, finished or rolled back before it is, and no status goes back.
pub(super) fn truthful(trial: &Trial<'_>) -> Found {
    let mut found = way_back::as_before(trial);
    let history = trial.moments.history;
    for (place, entry) in history.entries.iter().enumerate().filter(|(_, e)| history.is_own(e) && !e.deleted) {
        let key = &*trial.moments.keys[place];
        let status = &entry.object["status"];
        let before = place.checked_sub(1).and_then(|p| trial.moments.seen[p].get(key));
        let observed = status["observedGeneration"].as_i64().unwrap_or(-1);
        let known = before.and_then(|b| b["status"]["observedGeneration"].as_i64()).unwrap_or(-1);
        let same = before.is_some_and(|b| b["metadata"]["uid"] == entry.object["metadata"]["uid"]);
        if same && status.is_object() && observed < known && key.kind != "Deployment" && key.kind != "Job" {
            found.push((place, format!("{key} had observed generation {known} and now says {observed}")));
        }
        if key.kind == "CoordinatedRelease" {
            found.extend(release(trial, place).into_iter().map(|what| (place, format!("{key}: {what}"))));
            if serde_json::to_vec(status).map_or(usize::MAX, |text| text.len()) > LARGEST {
                found.push((place, format!("the status of {key} has more than {LARGEST} bytes")));
            }
        }
    }
    found
}

fn release(trial: &Trial<'_>, place: usize) -> Vec<String> {
    let entry = &trial.moments.history.entries[place];
    let status = &entry.object["status"];
    let mut found = Vec::new();
    for step in items(&status["steps"]) {
        let grant = &step["grant"];
        let says_gone = matches!(text(&step["state"]), "Progressing" | "Soaking" | "Done");
        if !says_gone || instant(&grant["at"]).is_none() {
            continue;
        }
        let gone = trial.moments.let_go.iter().any(|a| {
            a.place < place && grant["workloadUid"] == a.uid.as_str() && grant["workloadVersion"] == a.version.as_str()
        });
        let moved_on = !trial.moments.grants.iter().any(|g| g.workload_version == text(&grant["workloadVersion"]));
        // Somebody else may have let go what was granted (break-glass, whoever took the hold away), or stored something
        // else over it: then it is not of the grant's content that this is said.
        let granted = trial.moments.history.entries[..place].iter().rev().find(|e| {
            e.object["metadata"]["resourceVersion"] == grant["workloadVersion"] && grant["workloadUid"] == e.uid()
        });
        let held_at = |place: usize| {
            trial.moments.seen[place].held().any(|(_, w)| {
                let same = granted.is_none_or(|g| template_of(&g.object) == template_of(w));
                w["metadata"]["uid"] == grant["workloadUid"] && same
            })
        };
        // What was stored and held while this was being written is not of what it says.
        let before = (0..place).rev().find(|p| trial.moments.keys[*p] == trial.moments.keys[place]);
        let held = held_at(place) && before.is_none_or(held_at);
        if !gone && !moved_on && held {
            found.push(format!(
                "step {} is said to be {} and was never let go",
                text(&step["name"]),
                text(&step["state"])
            ));
        }
    }
    let all_done = items(&status["steps"]).all(|s| s["state"] == "Done");
    let ended_otherwise = status["rollback"].is_object() || entry.object["spec"]["cancel"].is_object();
    if status["finished"] == true && !all_done && !ended_otherwise {
        found.push("it is said to be finished and not all of its steps are done".to_owned());
    }
    let on_its_way = items(&status["steps"]).any(|s| s["state"] == "RollingBack");
    if status["finished"] == true && on_its_way && !entry.object["spec"]["cancel"].is_object() {
        found.push("it is said to be finished and a step of it is still on its way back".to_owned());
    }
    let ready = items(&status["conditions"]).any(|c| c["type"] == "Ready" && c["status"] == "True");
    if ready && !all_done {
        found.push("it is said to be ready and not all of its steps are done".to_owned());
    }
    found
}
