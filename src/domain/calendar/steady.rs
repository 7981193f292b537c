//! From when on openings repeat, so that a bounded look proves what holds for ever.
//!
//! Most schedules name days of the week and nothing else. Behind their last date, exception and edge of validity the
//! clock on the wall shows the same every week. In a zone without shifts the instants do the same. In a zone that
//! shifts twice a year by one rule, each shift comes on the same weekday at the same time of day: whatever happens
//! around one shift happens around every shift of its kind, and each kind comes within 371 days.

use super::civil::{DAY, time_of, weekday};
use super::zone::{Shift, Zone};

/// Two weeks and a day: in instants, every week is like the one before.
const PROOF_WITHOUT_SHIFTS: i64 = 15 * DAY;
/// Both shifts of a year, with all that can hang on one of them.
const PROOF_WITH_SHIFTS: i64 = 480 * DAY;
/// Openings that may be longer see more than one shift.
const LONGEST_OVER_A_SHIFT: i64 = 45 * DAY;
/// Longer stretches may hang on how far two shifts are apart, which differs from year to year.
pub(crate) const LONGEST_STRETCH: i64 = 60 * DAY;
/// Shifts that follow sooner on each other are not apart enough for one opening and one stretch.
const APART: i64 = 110 * DAY;
/// A rule of the zone shows in its table for at least so long.
const YEARS_OF_A_RULE: i64 = 20 * 366 * DAY;

/// How a zone goes on for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Regular {
    /// From this instant on.
    pub from: i64,
    /// Twice a year, by one rule; otherwise never.
    pub shifts: bool,
}

/// How a zone with these shifts goes on, if by a rule. After `known_until` comes more of the last two years.
pub(crate) fn regular(shifts: &[Shift], known_until: Option<i64>) -> Option<Regular> {
    let Some(last) = shifts.last() else {
        return Some(Regular { from: i64::MIN / 4, shifts: false });
    };
    if known_until.is_none_or(|until| last.at < until - 2 * 366 * DAY) {
        return Some(Regular { from: last.at, shifts: false });
    }
    let alike = |pair: &[Shift]| kind(&pair[0]) == kind(&pair[2]) && pair[1].at - pair[0].at >= APART;
    let run = shifts.windows(3).rev().take_while(|three| alike(three)).last()?;
    let from = run[1].at;
    (last.at - from >= YEARS_OF_A_RULE).then_some(Regular { from, shifts: true })
}

/// What of a shift is the same every year if it follows a rule: weekday, time of day, and both offsets.
fn kind(shift: &Shift) -> (u8, i64, i64, i64) {
    let wall = shift.at + shift.before;
    (weekday(wall.div_euclid(DAY)), time_of(wall), shift.before, shift.after)
}

/// Openings that repeat as the top of this file says.
#[derive(Debug, Clone)]
pub(crate) struct Steady {
    from: i64,
    /// The zone whose shifts they hang on; none if they hang on no shift.
    shifting: Option<Zone>,
}

impl Steady {
    /// From here on always open, or always closed.
    pub fn after(from: i64) -> Steady {
        Steady { from, shifting: None }
    }

    /// Every week the same on the wall, from an instant on, in openings of at most this length. Nothing if the zone
    /// has no rule, or if the openings are too long for it.
    pub fn weekly(from: i64, zone: &Zone, longest: i64) -> Option<Steady> {
        let regular = zone.regular()?;
        let shifting = regular.shifts.then(|| zone.clone());
        let short = shifting.is_none() || longest <= LONGEST_OVER_A_SHIFT;
        short.then(|| Steady { from: from.max(regular.from).saturating_add(longest), shifting })
    }

    /// Unions, intersections and differences of both. Nothing if they hang on the shifts of two zones, whose distance
    /// differs from year to year.
    pub fn and(self, other: Steady) -> Option<Steady> {
        let from = self.from.max(other.from);
        match (self.shifting, other.shifting) {
            (Some(one), Some(another)) if one != another => None,
            (one, another) => Some(Steady { from, shifting: one.or(another) }),
        }
    }

    /// What is the same all through these two instants goes on like that for ever. A stretch of at most
    /// [`LONGEST_STRETCH`] that ever begins after the first has its like beginning between them.
    pub fn proof(&self, from: i64) -> (i64, i64) {
        let begin = from.max(self.from);
        let length = if self.shifting.is_some() { PROOF_WITH_SHIFTS } else { PROOF_WITHOUT_SHIFTS };
        (begin, begin.saturating_add(length))
    }
}
