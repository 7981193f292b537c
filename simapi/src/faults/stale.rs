//! Reads that show what was.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Before, Fault, Seen};
use crate::call::Verb;
use crate::random::Chance;

/// Which reads may be stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// Reads that ask for any version (`resourceVersion=0`), and never older than what the process saw before: what
    /// API servers do.
    Permitted,
    /// The same reads, and as old as may be: what a process sees that is switched to another API server.
    BackInTime,
    /// All reads, even those that ask for the newest version, but never older than what the process saw before. No
    /// API server does this; it shows who relies on a read being fresh.
    QuorumToo,
}

/// Serves a part of all reads from an older revision.
pub struct StaleReads {
    staleness: Staleness,
    percent: u64,
    /// How many revisions back at most.
    depth: u64,
    chance: Mutex<Chance>,
    floors: Mutex<BTreeMap<String, u64>>,
}

impl StaleReads {
    /// So many in a hundred reads show a revision up to `depth` back.
    #[must_use]
    pub fn new(staleness: Staleness, percent: u64, depth: u64, chance: Chance) -> Self {
        Self { staleness, percent, depth, chance: Mutex::new(chance), floors: Mutex::default() }
    }

    fn may_be_stale(&self, seen: &Seen<'_>) -> bool {
        let any = seen.call.query.get("resourceVersion") == "0";
        let fresh_list = !seen.call.query.get("continue").is_empty();
        let reads = matches!(seen.call.verb, Verb::Get | Verb::List) && !fresh_list;
        reads && seen.call.plural != "leases" && (any || self.staleness == Staleness::QuorumToo)
    }
}

impl Fault for StaleReads {
    fn before(&self, seen: &Seen<'_>) -> Before {
        let mut floors = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
        let floor = floors.entry(seen.process.to_owned()).or_default();
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.may_be_stale(seen) || !chance.percent(self.percent) {
            if !seen.call.verb.writes() {
                *floor = seen.revision;
            }
            return Before::Pass;
        }
        let back = chance.below(self.depth + 1);
        let mut revision = seen.revision.saturating_sub(back);
        if self.staleness != Staleness::BackInTime {
            revision = revision.max(*floor);
            *floor = revision;
        }
        Before::Stale(revision)
    }
}
