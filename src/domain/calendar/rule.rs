//! Which wall times a recurrence produces. RFC 5545 section 3.3.10, for daily and slower rules.
//!
//! The period that holds a wall time is computed, never walked to: a query costs the same twenty years after the
//! start as on its first day.
//!
//! The search for a next start is bounded by proof. The Gregorian calendar repeats after 400 years, which is 146,097
//! days, 20,871 weeks, 4,800 months. A rule therefore meets each kind of period it can ever meet within that many of
//! its own periods, whatever its interval: if none of them has a start, none ever has. That is looked at once, when
//! the rule is made: at 146,097 days at most.

use std::ops::ControlFlow;

use super::civil::{DAY, Date, DayNumber, FIRST_WALL, LAST_WALL, Wall, day_of, days_in_month, time_of, weekday};

/// 400 years in days, weeks, months and years, and one more, as the start cuts the first.
const CYCLE: [i64; 4] = [146_098, 20_872, 4_801, 401];

/// How often a rule's period repeats. Faster ones than daily are refused when they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// How a rule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    /// After so many starts, the skipped ones included.
    Count(u32),
    /// With the last start that is not later than this instant, in seconds from 1970-01-01T00:00:00Z.
    Until(i64),
}

/// What a rule says, as read. Empty lists and masks mean "not given".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub frequency: Frequency,
    /// At least 1.
    pub interval: i64,
    pub end: End,
    /// Bit m is month m, 1..=12.
    pub months: u16,
    /// 1..=53 and -53..=-1. Only with a yearly rule that also has days of the week.
    pub week_numbers: Vec<i8>,
    /// 1..=366 and -366..=-1.
    pub year_days: Vec<i16>,
    /// 1..=31 and -31..=-1.
    pub month_days: Vec<i8>,
    /// Bit d is a weekday, bit 0 is Monday: every one in the period.
    pub weekdays: u8,
    /// The n-th such weekday of the month or the year, from the end if negative.
    pub nth_weekdays: Vec<(i8, u8)>,
    /// cron's rule: a day counts if its day of the month or its weekday fits, not only if both do.
    pub either_day: bool,
    /// Seconds from midnight, ascending, without repeats; empty for the start's own.
    pub times: Vec<i64>,
    /// 1..=366 and -366..=-1: which starts of a period count.
    pub positions: Vec<i16>,
    /// 0 is Monday.
    pub week_start: u8,
}

impl Parts {
    pub fn every(frequency: Frequency) -> Parts {
        Parts {
            frequency,
            interval: 1,
            end: End::Never,
            months: 0,
            week_numbers: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            weekdays: 0,
            nth_weekdays: Vec::new(),
            either_day: false,
            times: Vec::new(),
            positions: Vec::new(),
            week_start: 0,
        }
    }
}

/// A recurrence that can be asked. The start itself is an occurrence only if it matches.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    parts: Parts,
    start: Wall,
    /// The last wall time the rule can produce, included.
    last: Wall,
}

impl Rule {
    /// The rule from its start on. A `Count` is turned into a last wall time here, once.
    pub fn new(mut parts: Parts, start: Wall) -> Rule {
        let date = Date::from_number(day_of(start));
        let no_days = parts.week_numbers.is_empty()
            && parts.year_days.is_empty()
            && parts.month_days.is_empty()
            && parts.weekdays == 0
            && parts.nth_weekdays.is_empty();
        if no_days {
            match parts.frequency {
                Frequency::Daily => {}
                Frequency::Weekly => parts.weekdays = 1 << weekday(day_of(start)),
                Frequency::Monthly => parts.month_days = vec![date.day as i8],
                Frequency::Yearly => {
                    parts.month_days = vec![date.day as i8];
                    if parts.months == 0 {
                        parts.months = 1 << date.month;
                    }
                }
            }
        }
        if parts.times.is_empty() {
            parts.times = vec![time_of(start)];
        }
        let last = match parts.end {
            // No zone is further than a day from UTC; the exact comparison is of instants, in the series.
            End::Until(instant) => instant.saturating_add(2 * DAY).min(LAST_WALL),
            End::Never | End::Count(_) => LAST_WALL,
        };
        let mut rule = Rule { parts, start, last };
        if rule.is_barren() {
            // Proven once, so that no question proves it again.
            rule.last = FIRST_WALL - 1;
        } else if let End::Count(count) = rule.parts.end {
            rule.last = rule.wall_of_nth(count);
        }
        rule
    }

    /// Whether no period that it can ever meet has a start.
    fn is_barren(&self) -> bool {
        let end = self.first_day(CYCLE[self.parts.frequency as usize]);
        self.next_until(self.start, end.map_or(LAST_WALL, |day| day * DAY)).is_none()
    }

    /// Whether it says nothing but weekdays and times of day: while it lasts, every week is like the one before.
    pub fn is_weekly(&self) -> bool {
        let parts = &self.parts;
        let every_month = (1..=12).all(|month| self.names_month(month));
        let no_days = parts.week_numbers.is_empty()
            && parts.year_days.is_empty()
            && parts.month_days.is_empty()
            && parts.nth_weekdays.is_empty();
        parts.interval == 1 && every_month && no_days && parts.positions.is_empty()
    }

    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    pub fn start(&self) -> Wall {
        self.start
    }

    /// The last wall time it can produce, included; of a count it does produce it.
    pub fn last(&self) -> Wall {
        self.last
    }

    fn wall_of_nth(&self, count: u32) -> Wall {
        let mut left = count;
        let mut last = self.start;
        self.walk(self.start, LAST_WALL, &mut |wall| {
            last = wall;
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        last
    }

    /// The first wall time of the rule from `from` on.
    pub fn next(&self, from: Wall) -> Option<Wall> {
        self.next_until(from, LAST_WALL)
    }

    fn next_until(&self, from: Wall, to: Wall) -> Option<Wall> {
        let mut next = None;
        self.walk(from, to, &mut |wall| {
            next = Some(wall);
            ControlFlow::Break(())
        });
        next
    }

    /// Every wall time of the rule from `from` to `to`, both included, ascending, until `visit` breaks off.
    pub fn walk(&self, from: Wall, to: Wall, visit: &mut dyn FnMut(Wall) -> ControlFlow<()>) {
        let from = from.max(self.start);
        let to = to.min(self.last);
        if from > to {
            return;
        }
        let mut period = self.period_of(day_of(from));
        let mut days = Vec::new();
        while let Some(first_day) = self.first_day(period).filter(|day| *day <= day_of(to)) {
            days.clear();
            self.fill(first_day, &mut days);
            if self.visit_period(&days, from, to, visit).is_break() {
                return;
            }
            period = self.following_period(period, first_day);
        }
    }

    /// Visits the starts of one period.
    fn visit_period(
        &self,
        days: &[DayNumber],
        from: Wall,
        to: Wall,
        visit: &mut dyn FnMut(Wall) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let times = &self.parts.times;
        if self.parts.positions.is_empty() {
            for day in days {
                for time in times {
                    let wall = day * DAY + time;
                    if wall > to {
                        return ControlFlow::Break(());
                    }
                    if wall >= from {
                        visit(wall)?;
                    }
                }
            }
            return ControlFlow::Continue(());
        }
        // The set may be large (a year of minutes), so a position is computed, not looked up in a list.
        let size = days.len() * times.len();
        let mut chosen: Vec<usize> =
            self.parts.positions.iter().filter_map(|position| chosen_index(*position, size)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        for index in &chosen {
            let wall = days[index / times.len()] * DAY + times[index % times.len()];
            if wall > to {
                return ControlFlow::Break(());
            }
            if wall >= from {
                visit(wall)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The index of the period that holds this day. Intervals are counted from the period of the start.
    fn period_of(&self, day: DayNumber) -> i64 {
        (self.ordinal(day) - self.ordinal(day_of(self.start))).div_euclid(self.parts.interval)
    }

    /// Days, weeks, months or years from a fixed origin.
    fn ordinal(&self, day: DayNumber) -> i64 {
        match self.parts.frequency {
            Frequency::Daily => day,
            Frequency::Weekly => (day + 3 - i64::from(self.parts.week_start)).div_euclid(7),
            Frequency::Monthly => {
                let date = Date::from_number(day);
                i64::from(date.year) * 12 + i64::from(date.month) - 1
            }
            Frequency::Yearly => i64::from(Date::from_number(day).year),
        }
    }

    /// The first day of a period; nothing if the period begins after the year 9999.
    fn first_day(&self, period: i64) -> Option<DayNumber> {
        let ordinal = self.ordinal(day_of(self.start)) + period * self.parts.interval;
        let first = match self.parts.frequency {
            Frequency::Daily => ordinal,
            Frequency::Weekly => ordinal * 7 - 3 + i64::from(self.parts.week_start),
            Frequency::Monthly => {
                Date { year: ordinal.div_euclid(12) as i32, month: ordinal.rem_euclid(12) as u32 + 1, day: 1 }.number()
            }
            Frequency::Yearly => Date { year: ordinal as i32, month: 1, day: 1 }.number(),
        };
        (first <= day_of(LAST_WALL)).then_some(first)
    }

    /// The next period worth looking at: daily rules jump over the rest of a month they do not name.
    fn following_period(&self, period: i64, first_day: DayNumber) -> i64 {
        let date = Date::from_number(first_day);
        if self.parts.frequency != Frequency::Daily || self.names_month(date.month) {
            return period + 1;
        }
        let left_in_month = days_in_month(date.year, date.month) - date.day;
        period + 1 + i64::from(left_in_month) / self.parts.interval
    }

    pub(super) fn names_month(&self, month: u32) -> bool {
        self.parts.months == 0 || self.parts.months & (1 << month) != 0
    }
}

fn chosen_index(position: i16, size: usize) -> Option<usize> {
    let distance = usize::from(position.unsigned_abs());
    let index = if position.is_positive() { distance.checked_sub(1)? } else { size.checked_sub(distance)? };
    (index < size).then_some(index)
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
