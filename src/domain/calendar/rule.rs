//! Which wall times a recurrence produces. RFC 5545 section 3.3.10, for daily and slower rules.
//!
//! The period that holds a wall time is computed, never walked to: a query costs the same twenty years after the
//! start as on its first day.
//!
//! The search for a next start is bounded by proof. The Gregorian calendar repeats after 400 years, which is 146,097
//! days and a whole number of weeks. A rule therefore meets each kind of period it can ever meet within that many of
//! its own periods, whatever its interval: if none of them has a start, none ever has.

use std::ops::ControlFlow;

use super::civil::{
    DAY, Date, DayNumber, FIRST_WALL, LAST_WALL, Wall, day_of, days_in_month, days_in_year,
    time_of, weekday,
};

/// Periods without any start after which there can be none; see the top of this file.
const PROOF: u32 = 146_097;

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

/// One day, with what the parts look at.
struct Day {
    number: DayNumber,
    date: Date,
    month_length: u32,
    day_of_year: i64,
    weekday: u8,
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
        let mut rule = Rule {
            parts,
            start,
            last: LAST_WALL,
        };
        match rule.parts.end {
            End::Never => {}
            // No zone is further than a day from UTC; the exact comparison is of instants, in the series.
            End::Until(instant) => rule.last = instant.saturating_add(2 * DAY).min(LAST_WALL),
            End::Count(count) => rule.last = rule.wall_of_nth(count),
        }
        rule
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
        let mut last = FIRST_WALL - 1;
        self.walk(self.start, LAST_WALL, &mut |wall| {
            last = wall;
            left = left.saturating_sub(1);
            if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        last
    }

    /// Whether the start is an occurrence of its own rule. A rule that ends before its start has none to disagree with.
    pub fn matches_start(&self) -> bool {
        if self.last < self.start && matches!(self.parts.end, End::Until(_)) {
            return true;
        }
        let mut found = false;
        self.walk(self.start, self.start, &mut |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    }

    /// Every wall time of the rule from `from` to `to`, both included, ascending, until `visit` breaks off.
    pub fn walk(&self, from: Wall, to: Wall, visit: &mut dyn FnMut(Wall) -> ControlFlow<()>) {
        let from = from.max(self.start);
        let to = to.min(self.last);
        if from > to {
            return;
        }
        let mut period = self.period_of(day_of(from));
        let mut barren = 0;
        let mut days = Vec::new();
        while let Some(first_day) = self.first_day(period) {
            if first_day > day_of(to) || barren > PROOF {
                return;
            }
            days.clear();
            self.fill(first_day, &mut days);
            match self.visit_period(&days, from, to, visit) {
                ControlFlow::Break(()) => return,
                ControlFlow::Continue(0) => barren += 1,
                ControlFlow::Continue(_) => barren = 0,
            }
            period = self.following_period(period, first_day);
        }
    }

    /// Visits the starts of one period; the answer is how many it has, outside of `from` and `to` too.
    fn visit_period(
        &self,
        days: &[DayNumber],
        from: Wall,
        to: Wall,
        visit: &mut dyn FnMut(Wall) -> ControlFlow<()>,
    ) -> ControlFlow<(), usize> {
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
            return ControlFlow::Continue(days.len());
        }
        // The set may be large (a year of minutes), so a position is computed, not looked up in a list.
        let size = days.len() * times.len();
        let mut chosen: Vec<usize> = self
            .parts
            .positions
            .iter()
            .filter_map(|position| chosen_index(*position, size))
            .collect();
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
        ControlFlow::Continue(chosen.len())
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
            Frequency::Monthly | Frequency::Yearly => {
                let (year, month) = match self.parts.frequency {
                    Frequency::Monthly => (ordinal.div_euclid(12), ordinal.rem_euclid(12) + 1),
                    _ => (ordinal, 1),
                };
                if year > 9999 {
                    return None;
                }
                Date {
                    year: year as i32,
                    month: month as u32,
                    day: 1,
                }
                .number()
            }
        };
        (first <= day_of(LAST_WALL)).then_some(first)
    }

    /// The next period worth looking at: daily rules jump over months they do not name.
    fn following_period(&self, period: i64, first_day: DayNumber) -> i64 {
        let next = period + 1;
        if self.parts.frequency != Frequency::Daily || self.parts.months == 0 {
            return next;
        }
        let date = Date::from_number(first_day);
        if self.names_month(date.month) {
            return next;
        }
        let left_in_month =
            i64::from(days_in_month(date.year, date.month)) - i64::from(date.day) + 1;
        let next_month = first_day + left_in_month - day_of(self.start);
        next.max((next_month + self.parts.interval - 1).div_euclid(self.parts.interval))
    }

    fn names_month(&self, month: u32) -> bool {
        self.parts.months == 0 || self.parts.months & (1 << month) != 0
    }

    /// The days of the period that begins on this day, ascending.
    fn fill(&self, first_day: DayNumber, days: &mut Vec<DayNumber>) {
        match self.parts.frequency {
            Frequency::Daily => self.fill_days(first_day, 1, days),
            Frequency::Weekly => self.fill_days(first_day, 7, days),
            Frequency::Monthly => self.fill_month(first_day, days),
            Frequency::Yearly => {
                let mut first = first_day;
                let year = Date::from_number(first_day).year;
                for month in 1..=12 {
                    self.fill_month(first, days);
                    first += i64::from(days_in_month(year, month));
                }
            }
        }
    }

    fn fill_days(&self, first_day: DayNumber, length: i64, days: &mut Vec<DayNumber>) {
        for number in first_day..first_day + length {
            let date = Date::from_number(number);
            if !self.names_month(date.month) {
                continue;
            }
            let new_year = Date {
                year: date.year,
                month: 1,
                day: 1,
            }
            .number();
            let day = Day {
                number,
                date,
                month_length: days_in_month(date.year, date.month),
                day_of_year: number - new_year + 1,
                weekday: weekday(number),
            };
            if self.fits(&day) {
                days.push(number);
            }
        }
    }

    fn fill_month(&self, first_day: DayNumber, days: &mut Vec<DayNumber>) {
        let date = Date::from_number(first_day);
        if !self.names_month(date.month) {
            return;
        }
        let month_length = days_in_month(date.year, date.month);
        let before = first_day
            - Date {
                year: date.year,
                month: 1,
                day: 1,
            }
            .number();
        let first_weekday = weekday(first_day);
        for index in 0..month_length {
            let day = Day {
                number: first_day + i64::from(index),
                date: Date {
                    day: index + 1,
                    ..date
                },
                month_length,
                day_of_year: before + i64::from(index) + 1,
                weekday: (first_weekday + (index % 7) as u8) % 7,
            };
            if self.fits(&day) {
                days.push(day.number);
            }
        }
    }

    /// Whether every part that is given lets this day through. The month has been looked at already.
    fn fits(&self, day: &Day) -> bool {
        let parts = &self.parts;
        let month_day = |wanted: &i8| {
            let wanted = i64::from(*wanted);
            let from_end = i64::from(day.date.day) - i64::from(day.month_length) - 1;
            wanted == i64::from(day.date.day) || wanted == from_end
        };
        if parts.either_day {
            return parts.month_days.iter().any(month_day) || self.fits_weekday(day);
        }
        (parts.month_days.is_empty() || parts.month_days.iter().any(month_day))
            && ((parts.weekdays == 0 && parts.nth_weekdays.is_empty()) || self.fits_weekday(day))
            && (parts.year_days.is_empty() || self.fits_year_day(day))
            && (parts.week_numbers.is_empty() || self.fits_week(day))
    }

    fn fits_year_day(&self, day: &Day) -> bool {
        let from_end = day.day_of_year - days_in_year(day.date.year) - 1;
        self.parts.year_days.iter().any(|wanted| {
            let wanted = i64::from(*wanted);
            wanted == day.day_of_year || wanted == from_end
        })
    }

    fn fits_weekday(&self, day: &Day) -> bool {
        if self.parts.weekdays & (1 << day.weekday) != 0 {
            return true;
        }
        // "The second Monday" is of the month, in a yearly rule without months of the year.
        let of_year = self.parts.frequency == Frequency::Yearly && self.parts.months == 0;
        let (place, length) = if of_year {
            (day.day_of_year, days_in_year(day.date.year))
        } else {
            (i64::from(day.date.day), i64::from(day.month_length))
        };
        let from_start = (place - 1) / 7 + 1;
        let from_end = -((length - place) / 7 + 1);
        self.parts.nth_weekdays.iter().any(|(n, weekday)| {
            *weekday == day.weekday && (i64::from(*n) == from_start || i64::from(*n) == from_end)
        })
    }

    /// Week 1 is the first with at least four days in its year (RFC 5545, as ISO 8601 but with any first weekday).
    fn fits_week(&self, day: &Day) -> bool {
        let since_week_start =
            (i64::from(day.weekday) - i64::from(self.parts.week_start)).rem_euclid(7);
        // A week belongs to the year that holds its fourth day.
        let fourth_day = day.number - since_week_start + 3;
        let week_year = Date::from_number(fourth_day).year;
        let new_year = Date {
            year: week_year,
            month: 1,
            day: 1,
        }
        .number();
        let number = (fourth_day - new_year) / 7 + 1;
        let total = weeks_of_year(new_year, days_in_year(week_year), self.parts.week_start);
        self.parts.week_numbers.iter().any(|wanted| {
            let wanted = i64::from(*wanted);
            wanted == number || wanted == number - total - 1
        })
    }
}

/// How many fourth days of a week fall into the year: 52 or 53.
fn weeks_of_year(new_year: DayNumber, length: i64, week_start: u8) -> i64 {
    let fourth_weekday = (i64::from(week_start) + 3) % 7;
    let first = (fourth_weekday - i64::from(weekday(new_year))).rem_euclid(7);
    (length - first - 1) / 7 + 1
}

fn chosen_index(position: i16, size: usize) -> Option<usize> {
    let distance = usize::from(position.unsigned_abs());
    let index = if position > 0 {
        distance.checked_sub(1)?
    } else {
        size.checked_sub(distance)?
    };
    (index < size).then_some(index)
}
