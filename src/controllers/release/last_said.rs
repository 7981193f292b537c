//! What this process said last of each release, so that two that both believe to lead do not contradict each other
//! without a pause: what they know differs, each one's word wakes the other, and nothing else would slow them down.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cluster::{ObjectKey, ResourceVersion};

/// How long whoever is contradicted lets that stand.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// The statuses that were written in the last second.
#[derive(Default)]
pub struct LastSaid(Mutex<BTreeMap<ObjectKey, Said>>);

struct Said {
    version: ResourceVersion,
    generation: i64,
    at: DateTime<Utc>,
}

impl LastSaid {
    /// Notes that the status of a release was written for a generation of its spec, and which version that made.
    pub fn note(&self, release: &ObjectKey, generation: i64, version: ResourceVersion, now: DateTime<Utc>) {
        let Ok(mut all) = self.0.lock() else {
            return;
        };
        all.retain(|_, said| now < said.at + PAUSE);
        all.insert(release.clone(), Said { version, generation, at: now });
    }

    /// Until when to let the status stand that a release has in this version: it came after ours, within a second, and
    /// nobody has changed the spec.
    pub fn pauses_until(
        &self,
        release: &ObjectKey,
        generation: i64,
        version: &ResourceVersion,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let all = self.0.lock().ok()?;
        let ours = all.get(release).filter(|said| now < said.at + PAUSE)?;
        let contradicted = ours.version != *version && ours.generation == generation;
        contradicted.then_some(ours.at + PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_contradicted_waits_a_second_and_nobody_else_does() {
        let release = ObjectKey::new("releases", "checkout");
        let at = |ms| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms);
        let last = LastSaid::default();
        let pauses = |version: &str, generation, ms| {
            last.pauses_until(&release, generation, &ResourceVersion::new(version), at(ms))
        };
        assert_eq!(pauses("5", 1, 0), None, "nothing was said");
        last.note(&release, 1, ResourceVersion::new("6"), at(0));
        assert_eq!(pauses("6", 1, 10), None, "it is our own word");
        assert_eq!(pauses("7", 2, 10), None, "somebody changed the spec");
        assert_eq!(pauses("7", 1, 10), Some(at(1_000)));
        assert_eq!(pauses("7", 1, 1_000), None, "it is over");
        last.note(&release, 1, ResourceVersion::new("8"), at(1_000));
        assert_eq!(pauses("9", 1, 1_500), Some(at(2_000)), "and begins again");
    }
}
