//! What happened in a simulation, as the judge reads it.

use chrono::{DateTime, Utc};
use proof::history::{Entry, History};

use crate::sim::{OPERATOR, Sim};

/// The kinds that say nothing of what rollcall did.
const LEFT_OUT: [&str; 6] = ["Event", "ReplicaSet", "Pod", "Node", "ControllerRevision", "Namespaces"];

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
    history
}
