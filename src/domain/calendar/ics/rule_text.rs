//! Recurrence rules and durations as text (RFC 5545 sections 3.3.10 and 3.3.6).

use super::super::civil::HOUR;
use super::super::rrule::WEEKDAYS;
use super::super::rule::{Frequency, Parts};

/// The value of an RRULE, without its end and its times of day.
pub(crate) fn rule_text(parts: &Parts) -> String {
    let weekly = is_weekly(parts);
    let every_day = weekly && parts.weekdays == 0b111_1111;
    let frequency = match parts.frequency {
        Frequency::Daily => "DAILY",
        Frequency::Monthly if every_day => "DAILY",
        Frequency::Weekly => "WEEKLY",
        Frequency::Monthly if weekly => "WEEKLY",
        Frequency::Monthly => "MONTHLY",
        Frequency::Yearly => "YEARLY",
    };
    let given = fields(parts, every_day);
    let given = given.iter().filter(|(_, values)| !values.is_empty());
    let given: String = given.map(|(name, values)| format!(";{name}={}", values.join(","))).collect();
    format!("FREQ={frequency}{given}")
}

/// The parts after FREQ, empty where they are not given.
fn fields(parts: &Parts, every_day: bool) -> [(&'static str, Vec<String>); 8] {
    let interval = Some(parts.interval).filter(|interval| *interval > 1);
    let all_months = parts.months.count_ones() == 12;
    let months = (1..=12).filter(|month| !all_months && parts.months & (1 << month) != 0);
    let week_start = Some(parts.week_start).filter(|day| *day != 0);
    [
        ("INTERVAL", interval.iter().map(i64::to_string).collect()),
        ("BYMONTH", months.map(|month| month.to_string()).collect()),
        ("BYWEEKNO", parts.week_numbers.iter().map(i8::to_string).collect()),
        ("BYYEARDAY", parts.year_days.iter().map(i16::to_string).collect()),
        ("BYMONTHDAY", parts.month_days.iter().map(i8::to_string).collect()),
        ("BYDAY", if every_day { Vec::new() } else { weekdays(parts) }),
        ("BYSETPOS", parts.positions.iter().map(i16::to_string).collect()),
        ("WKST", week_start.iter().map(|day| name(*day).to_owned()).collect()),
    ]
}

fn weekdays(parts: &Parts) -> Vec<String> {
    let plain = (0..7u8).filter(|day| parts.weekdays & (1 << day) != 0).map(|day| name(day).to_owned());
    let nth = parts.nth_weekdays.iter().map(|(n, day)| format!("{n}{}", name(*day)));
    plain.chain(nth).collect()
}

fn name(day: u8) -> &'static str {
    WEEKDAYS[usize::from(day % 7)]
}

/// A monthly rule with bare weekdays is a weekly one, and programs read that better.
fn is_weekly(parts: &Parts) -> bool {
    let bare = parts.month_days.is_empty() && parts.nth_weekdays.is_empty() && parts.weekdays != 0;
    parts.frequency == Frequency::Monthly && parts.interval == 1 && bare && parts.positions.is_empty()
}

/// The value of a DURATION.
pub(crate) fn duration(days: i64, seconds: i64) -> String {
    let date = if days > 0 { format!("{days}D") } else { String::new() };
    let units = [(seconds / HOUR, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    // RFC 5545 has no hours and seconds without the minutes between them.
    let first = units.iter().position(|(number, _)| *number > 0).unwrap_or(3);
    let last = units.iter().rposition(|(number, _)| *number > 0).map_or(first, |last| last + 1);
    let time: String = units[first..last].iter().map(|(number, unit)| format!("{number}{unit}")).collect();
    if time.is_empty() { format!("P{date}") } else { format!("P{date}T{time}") }
}
