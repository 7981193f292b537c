//! What happened in a simulation, as the judge reads it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use proof::history::{Entry, History};
use serde_json::json;

use crate::sim::{OPERATOR, Sim};

/// The kinds that say nothing of what rollcall did.
const LEFT_OUT: [&str; 5] = ["Event", "ReplicaSet", "Pod", "Node", "ControllerRevision"];

/// Everything that happened until now.
pub fn of(sim: &Sim) -> History {
    let mut history = History::new(OPERATOR, "rollcall-system", sim.now());
    history.entries = sim
        .server
        .history(0)
        .into_iter()
        .filter(|c| !LEFT_OUT.contains(&c.kind.kind.as_str()))
        .filter_map(|commit| {
            let deleted = commit.new.is_none();
            let object = commit.new.as_ref().or(commit.old.as_ref())?.value.clone();
            Some(Entry {
                version: commit.revision,
                at: DateTime::<Utc>::from_timestamp_nanos(i64::try_from(commit.at.as_nanosecond()).ok()?),
                actor: commit.user.clone(),
                replica: commit.process.to_string(),
                kind: commit.kind.kind.clone(),
                object,
                deleted,
            })
        })
        .collect();
    let before = namespaces(sim, &history);
    history.entries.splice(0..0, before);
    history
}

/// The namespaces that were there before anything happened: their labels say which windows govern them.
fn namespaces(sim: &Sim, history: &History) -> Vec<Entry> {
    let begun = history.entries.first().map_or(history.until, |first| first.at);
    let touched =
        |name: &str| history.entries.iter().any(|e| e.kind == "Namespace" && e.object["metadata"]["name"] == name);
    let all = sim.server.list("", "namespaces", "");
    let before = all.into_iter().filter(|namespace| !touched(&namespace.key().name));
    let entry = |namespace: Arc<simapi::Object>| Entry {
        version: 0,
        at: begun,
        actor: String::new(),
        replica: String::new(),
        kind: "Namespace".to_owned(),
        object: namespace.value.clone(),
        deleted: false,
    };
    before.map(entry).collect()
}

/// What breaks a rule in a history, by the rules' ids.
fn broken(history: &History) -> BTreeSet<&'static str> {
    proof::properties::safety(history).into_iter().map(|violation| violation.property).collect()
}

#[test]
fn what_was_recorded_names_the_process_so_that_one_without_the_lease_is_found_out() {
    // Somebody grants in it, and nothing is wrong.
    let mut history = crate::seeds::played(3, false).history;
    let own = |entry: &&Entry| entry.actor == OPERATOR;
    let grants = |entry: &Entry| entry.kind == "CoordinatedRelease" && entry.object.to_string().contains("\"grant\"");
    assert!(history.entries.iter().filter(own).all(|entry| !entry.replica.is_empty()));
    assert!(history.entries.iter().filter(own).any(grants));
    let governed = |e: &Entry| e.kind == "Namespace" && e.object["metadata"]["labels"]["tier"] == "prod";
    assert!(history.entries.iter().any(governed), "the judge knows which freezes are meant");
    assert_eq!(broken(&history), BTreeSet::new());
    // Nobody ever signed: the grants break a rule, and it was the leader who made them.
    for entry in history.entries.iter_mut().filter(|entry| entry.kind == "TeamReadiness") {
        Arc::make_mut(&mut entry.object)["spec"]["signOffs"] = json!([]);
    }
    let by_the_leader = broken(&history);
    assert!(by_the_leader.contains("S3") && !by_the_leader.contains("S12"), "{by_the_leader:?}");
    // It was a process that did not lead.
    for entry in history.entries.iter_mut().filter(|entry| grants(entry)) {
        entry.replica = "a-0".to_owned();
    }
    assert!(broken(&history).contains("S12"));
}
