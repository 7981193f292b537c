//! What happened: every version of every object, in the order in which the API server stored them.
//!
//! A history says nothing of what should have happened, and nothing of what rollcall says of itself beyond the
//! statuses it wrote, which are versions like any others.

mod moments;
mod objects;

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

use serde_json::Value;

pub use moments::{Complete, Granted, LetGo, Moments, Moving};
pub(crate) use objects::instant;
pub use objects::{Key, Seen, WORKLOADS, held_template, is_held, plan_of, team_of, template_of, workload_key};

/// One version of one object.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The store's version at which it was written.
    pub version: u64,
    /// By the API server's clock.
    pub at: DateTime<Utc>,
    /// Who wrote it: a user name, or a field manager where no user name is known.
    pub actor: String,
    /// Which process of rollcall wrote it, where that is known; empty otherwise.
    pub replica: String,
    pub kind: String,
    pub object: Arc<Value>,
    /// The object is gone; `object` is its last state.
    pub deleted: bool,
}

impl Entry {
    #[must_use]
    pub fn key(&self) -> Key {
        Key::of(&self.kind, &self.object)
    }

    /// The uid of the object.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.object["metadata"]["uid"].as_str().unwrap_or_default()
    }
}

/// Everything that happened, and what is known of the circumstances.
#[derive(Clone, Debug)]
pub struct History {
    /// In the order of `version`.
    pub entries: Vec<Entry>,
    /// The user name (or field manager) under which rollcall writes.
    pub operator: String,
    /// The namespace whose windows govern everybody they select.
    pub platform: String,
    /// From when on nothing was disturbed and nobody changed anything; `None` if that never came.
    pub calm_since: Option<DateTime<Utc>>,
    /// Until when it was watched.
    pub until: DateTime<Utc>,
    /// How long rollcall may take to do what it can do: reaction, failover and retries together.
    pub patience: TimeDelta,
    /// Requests that the operator made after it was calm and settled, leases left out; `None` if not counted.
    pub idle_requests: Option<usize>,
    /// When a leader ended, and whether it could still hand over.
    pub ended: Vec<Ended>,
}

/// A leader that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub at: DateTime<Utc>,
    /// It was asked to stop, and said so.
    pub cleanly: bool,
}

impl History {
    /// A history that is still to be filled.
    #[must_use]
    pub fn new(operator: &str, platform: &str, until: DateTime<Utc>) -> Self {
        Self {
            entries: Vec::new(),
            operator: operator.to_owned(),
            platform: platform.to_owned(),
            calm_since: None,
            until,
            patience: TimeDelta::seconds(60),
            idle_requests: None,
            ended: Vec::new(),
        }
    }

    /// Whether an entry is rollcall's.
    #[must_use]
    pub fn is_own(&self, entry: &Entry) -> bool {
        entry.actor == self.operator
    }

    /// What is stored after an entry, by its place in the history.
    #[must_use]
    pub fn after(&self, place: usize) -> Seen<'_> {
        let mut seen = Seen::default();
        self.entries.iter().take(place + 1).for_each(|e| seen.take(e, &Arc::new(e.key())));
        seen
    }

    /// What is stored at the end.
    #[must_use]
    pub fn at_the_end(&self) -> Seen<'_> {
        self.after(self.entries.len())
    }

    /// Whether it was calm for long enough that whatever can happen has happened.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.calm_since.is_some_and(|since| self.until - since >= self.patience)
    }
}
