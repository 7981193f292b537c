//! From when on openings repeat, so that a bounded look proves what holds for ever.
//!
//! Most schedules name days of the week and nothing else. Behind their last date, exception and edge of validity the
//! clock on the wall shows the same every week. In a zone without shifts the instants do the same. In a zone that
//! shifts twice a year by one rule, each shift comes on the same weekday at the same time of day: whatever happens
//! around one shift happens around every shift of its kind, and each kind comes within 371 days.

use super::civil::{DAY, day_of, time_of, weekday};
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
        return Some(Regular { from: i64::MIN, shifts: false });
    };
    if known_until.is_none_or(|until| last.at < until - 2 * 366 * DAY) {
        return Some(Regular { from: last.at, shifts: false });
    }
    let alike = |pair: &[Shift]| kind(&pair[0]) == kind(&pair[2]) && pair[1].at - pair[0].at >= APART;
    let run = shifts.windows(3).rev().take_while(|three| alike(three)).last()?;
    let from = run[1].at;
    (last.at - from >= YEARS_OF_A_RULE).then_some(Regular { from, shifts: true })
}

/// What of a shift is the same every year if it follows a rule: weekday and time of day, in UTC as on the wall, and both
/// offsets.
fn kind(shift: &Shift) -> (u8, i64, i64, i64) {
    (weekday(day_of(shift.at)), time_of(shift.at), shift.before, shift.after)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The shifts of so many years of 52 weeks: an hour ahead on a Sunday, and back so many weeks later.
    fn rule(first_day: i64, years: i64, weeks: i64) -> Vec<Shift> {
        let shift = |day: i64, before, after| Shift { at: day * DAY + 7_200 - before, before, after };
        let days = (0..years).map(|year| first_day + year * 364);
        days.flat_map(|day| [shift(day, 0, 3_600), shift(day + weeks * 7, 3_600, 0)]).collect()
    }

    /// A Sunday.
    const BEGIN: i64 = 3;

    fn until(shifts: &[Shift], years: i64) -> Option<Regular> {
        regular(shifts, Some(shifts.last().expect("a shift").at + years * 366 * DAY))
    }

    #[test]
    fn a_zone_that_shifts_no_more_is_regular_from_its_last_shift_on() {
        let silent = |from| Some(Regular { from, shifts: false });
        assert_eq!(regular(&[], Some(0)), silent(i64::MIN));
        let shifts = rule(BEGIN, 30, 30);
        let last = shifts[59].at;
        assert_eq!(until(&shifts, 3), silent(last), "three years without a shift");
        assert_eq!(regular(&shifts, None), silent(last), "a calendar says no more");
        let once = &shifts[..1];
        assert_eq!(until(once, 2), None, "what is known ends too soon to tell");
        assert_eq!(regular(once, Some(once[0].at + 500 * DAY)), None);
    }

    #[test]
    fn a_zone_is_regular_that_has_shifted_by_one_rule_twice_a_year_for_twenty_years() {
        let shifts = rule(BEGIN, 30, 30);
        let by_rule = |from| Some(Regular { from, shifts: true });
        assert_eq!(until(&shifts, 1), by_rule(shifts[1].at));
        let later = [rule(BEGIN - 10 * 364 + 1, 10, 30), shifts.clone()].concat();
        assert_eq!(until(&later, 1), by_rule(shifts[1].at), "since another rule ended");
        assert_eq!(until(&rule(BEGIN, 15, 30), 1), None, "for fifteen years only");
        for weeks in [6, 46] {
            assert_eq!(until(&rule(BEGIN, 30, weeks), 1), None, "{weeks} weeks are too near to a shift");
        }
        type Change = fn(&mut Shift);
        let changes: [(&str, Change); 4] = [
            ("another weekday", |shift| shift.at += DAY),
            ("another time of day", |shift| shift.at += 3_600),
            ("from another offset", |shift| (shift.before, shift.at) = (shift.before + 1_800, shift.at - 1_800)),
            ("to another offset", |shift| shift.after += 1_800),
        ];
        for (what, change) in changes {
            let mut changed = shifts.clone();
            change(&mut changed[50]);
            assert_eq!(until(&changed, 1), None, "{what} five years ago");
        }
    }

    #[test]
    fn openings_hang_on_the_shifts_of_one_zone_at_most() {
        let [berlin, cairo] = ["Europe/Berlin", "Africa/Cairo"].map(|name| Zone::named(name).expect("a zone"));
        let weekly = |zone: &Zone, days| Steady::weekly(0, zone, days * DAY);
        assert!(weekly(&Zone::utc(), 60).is_some(), "a clock that never shifts makes no opening longer");
        assert!(weekly(&berlin, 45).is_some() && weekly(&berlin, 46).is_none());
        let year = 400 * DAY;
        let both = |one: &Zone, other: &Zone| {
            let both = weekly(one, 1)?.and(weekly(other, 1)?)?;
            let (from, until) = both.proof(1_800_000_000);
            Some(until - from > year)
        };
        assert_eq!(both(&berlin, &berlin), Some(true), "each kind of shift comes within a year");
        assert_eq!(both(&berlin, &Zone::utc()), Some(true));
        assert_eq!(both(&Zone::utc(), &Zone::utc()), Some(false));
        assert_eq!(both(&berlin, &cairo), None);
    }
}
