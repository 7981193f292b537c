//! An opening that frees many at once, spread over a while.
//!
//! Who waits how long is worked out, not drawn: the same one waits for the same instant in the same opening, however
//! often and by whomever it is asked, and in another opening for another.

use chrono::{DateTime, TimeDelta, Utc};

use super::governance::{Governance, Governing, Purpose};
use super::search::{self, NO_END, Openings as _};
use super::window::{ceiling, instant};
use crate::spread::{fnv_1a, scattered};

/// Something that may not start right after the windows have opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// `namespace/name` of the window that spreads the longest.
    pub window: String,
    /// Over how long it spreads.
    pub over: TimeDelta,
    /// When the turn comes, included.
    pub at: DateTime<Utc>,
}

impl Governance {
    /// The turn that `who` still waits for at `now`; none when closed, when no window spreads its starts, and when the
    /// turn has come.
    ///
    /// Nobody's turn comes so late that what takes `need` no longer fits into the merged opening.
    pub fn turn(&self, now: DateTime<Utc>, who: &str, need: TimeDelta) -> Option<Turn> {
        let (over, window) = self.longest_jitter()?;
        let seen = self.seen(Purpose::Release);
        let at = now.timestamp();
        let recent = seen.within(at.saturating_sub(over.num_seconds()), at.saturating_add(1), &mut 0);
        let opened = recent.last().filter(|span| span.holds(at))?.from;
        if at.saturating_sub(opened) >= over.num_seconds() {
            return None;
        }
        let spare = match search::end_of_stretch(&seen, at)? {
            NO_END => i64::MAX,
            end => end.saturating_sub(opened).saturating_sub(need.num_seconds()).max(0),
        };
        let slots = over.num_seconds().min(spare).max(0).unsigned_abs().saturating_add(1);
        let delay = i64::try_from(mixed(who, opened) % slots).unwrap_or(0);
        let turn = instant(opened.saturating_add(delay))?;
        (ceiling(turn) > at).then_some(Turn { window, over, at: turn })
    }

    /// The longest time over which a governing window spreads starts, and whose it is.
    fn longest_jitter(&self) -> Option<(TimeDelta, String)> {
        let asked = self.tiers.iter().flatten().filter_map(|(name, governing)| match governing {
            Governing::Sound(window) => window.opening_jitter().map(|over| (over, name.clone())),
            Governing::Broken { .. } => None,
        });
        let spread = asked.filter(|(over, _)| *over >= TimeDelta::seconds(1));
        spread.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
    }
}

/// The same for both from version to version. Names that differ in one letter lie far apart.
fn mixed(who: &str, opened: i64) -> u64 {
    scattered(fnv_1a(who.bytes().chain([0]).chain(opened.to_be_bytes())))
}

#[cfg(test)]
#[path = "jitter_tests.rs"]
mod tests;
