//! A VTIMEZONE for a zone of the database, its changes as yearly rules.
//!
//! Rules and not lists of dates, because readers get lists wrong by an hour. A zone whose changes follow no yearly
//! rule of the Gregorian calendar (Gaza's follow the moon) has no such text; its openings are written in UTC.

use super::super::basic::basic;
use super::super::civil::{Date, HOUR, Wall, day_of, days_in_month, time_of, weekday};
use super::super::rrule::WEEKDAYS;
use super::super::zone::{Shift, Zone};

/// The changes from here to the end of the table show the rule that is in force: 2030-01-01T00:00:00Z.
const SETTLED: i64 = 1_893_456_000;

/// One kind of change: on such a weekday of a month, in a week of days, at a time on the wall before it.
struct Yearly {
    month: u32,
    weekday: u8,
    /// The first and the last day of the month on which it falls in some year.
    days: (u32, u32),
    last_of_month: bool,
    time: i64,
    before: i64,
    after: i64,
}

/// The lines of the component, right from `from` on; none if the zone follows no yearly rule.
pub(crate) fn lines(zone: &Zone, from: i64) -> Option<Vec<String>> {
    let begin = from.saturating_sub(366 * 24 * HOUR);
    let shifts = zone.shifts(begin, i64::MAX);
    let settled = zone.shifts(begin.max(SETTLED), i64::MAX);
    let rules = match settled.len() {
        0 => Vec::new(),
        _ => rules(settled)?,
    };
    // Since when the rules have been in force; what came before is written change by change.
    let before = if rules.is_empty() {
        shifts.len()
    } else {
        shifts.iter().rposition(|shift| !rules.iter().any(|rule| rule.explains(shift))).map_or(0, |last| last + 1)
    };
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", zone.name())];
    if shifts.is_empty() || before > 0 {
        let offset = zone.wall(from) - from;
        let first = shifts.first().map_or(offset, |shift| shift.before);
        lines.extend(observance(first, first, 0, None));
    }
    for shift in &shifts[..before] {
        lines.extend(observance(shift.before, shift.after, shift.at + shift.before, None));
    }
    for rule in &rules {
        let first = shifts[before..].iter().find(|shift| rule.explains(shift))?;
        lines.extend(observance(rule.before, rule.after, first.at + first.before, Some(rule.text())));
    }
    lines.push("END:VTIMEZONE".to_owned());
    Some(lines)
}

/// One rule per pair of offsets; none if the changes of a pair do not follow one.
fn rules(shifts: &[Shift]) -> Option<Vec<Yearly>> {
    let mut rules: Vec<Yearly> = Vec::new();
    for shift in shifts {
        let seen = Yearly::of(shift);
        match rules.iter_mut().find(|rule| (rule.before, rule.after) == (seen.before, seen.after)) {
            None => rules.push(seen),
            Some(rule) => {
                if (rule.month, rule.weekday, rule.time) != (seen.month, seen.weekday, seen.time) {
                    return None;
                }
                rule.days = (rule.days.0.min(seen.days.0), rule.days.1.max(seen.days.1));
                rule.last_of_month &= seen.last_of_month;
            }
        }
    }
    let weekly = rules.iter().all(|rule| rule.days.1 - rule.days.0 < 7);
    (weekly && rules.len() == 2).then_some(rules)
}

impl Yearly {
    fn of(shift: &Shift) -> Yearly {
        let wall: Wall = shift.at + shift.before;
        let date = Date::from_number(day_of(wall));
        Yearly {
            month: date.month,
            weekday: weekday(day_of(wall)),
            days: (date.day, date.day),
            last_of_month: date.day + 7 > days_in_month(date.year, date.month),
            time: time_of(wall),
            before: shift.before,
            after: shift.after,
        }
    }

    fn explains(&self, shift: &Shift) -> bool {
        let seen = Yearly::of(shift);
        (self.month, self.weekday, self.time, self.before, self.after)
            == (seen.month, seen.weekday, seen.time, seen.before, seen.after)
            && (self.days.0..=self.days.1).contains(&seen.days.0)
    }

    fn text(&self) -> String {
        let (first, last) = self.days;
        let name = WEEKDAYS[usize::from(self.weekday % 7)];
        let days = if self.last_of_month {
            format!("BYDAY=-1{name}")
        } else if (first - 1) / 7 == (last - 1) / 7 {
            format!("BYDAY={}{name}", (first - 1) / 7 + 1)
        } else {
            let days: Vec<String> = (first..=last).map(|day| day.to_string()).collect();
            format!("BYDAY={name};BYMONTHDAY={}", days.join(","))
        };
        format!("FREQ=YEARLY;BYMONTH={};{days}", self.month)
    }
}

fn observance(before: i64, after: i64, wall: Wall, rule: Option<String>) -> Vec<String> {
    let name = if after > before { "DAYLIGHT" } else { "STANDARD" };
    let mut lines = vec![
        format!("BEGIN:{name}"),
        format!("DTSTART:{}", basic(wall)),
        format!("TZOFFSETFROM:{}", offset(before)),
        format!("TZOFFSETTO:{}", offset(after)),
    ];
    lines.extend(rule.map(|rule| format!("RRULE:{rule}")));
    lines.push(format!("END:{name}"));
    lines
}

fn offset(seconds: i64) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let size = seconds.abs();
    let rest = if size % 60 == 0 { String::new() } else { format!("{:02}", size % 60) };
    format!("{sign}{:02}{:02}{rest}", size / HOUR, size / 60 % 60)
}

#[cfg(test)]
#[path = "zone_text_tests.rs"]
mod tests;
