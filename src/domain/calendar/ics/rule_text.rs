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

#[cfg(test)]
mod tests {
    use super::super::super::{cron, rrule};
    use super::*;

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for rule in [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=2;BYMONTH=1,12",
            "FREQ=DAILY;BYDAY=MO,SU",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU",
            "FREQ=MONTHLY;BYMONTHDAY=-1,15",
            "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
            "FREQ=MONTHLY;BYDAY=2TU,-1FR",
            "FREQ=MONTHLY;BYDAY=TU,-1FR",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "FREQ=MONTHLY;INTERVAL=3;BYDAY=MO",
            "FREQ=YEARLY;BYWEEKNO=-1,20;BYDAY=MO",
            "FREQ=YEARLY;BYYEARDAY=-100,200",
            "FREQ=YEARLY;BYDAY=SU",
        ] {
            assert_eq!(rule_text(&rrule::parse(rule).unwrap().parts), rule);
        }
    }

    #[test]
    fn days_of_the_week_are_a_weekly_rule_and_all_of_them_a_daily_one() {
        for (expression, rule) in [
            ("0 9 * * *", "FREQ=DAILY"),
            ("0 9 * * 1-7", "FREQ=DAILY"),
            ("0 9 * 2,3 *", "FREQ=DAILY;BYMONTH=2,3"),
            ("0 9 * * 1-5", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
            ("0 9 * 12 0", "FREQ=WEEKLY;BYMONTH=12;BYDAY=SU"),
            ("0 9 1 * *", "FREQ=MONTHLY;BYMONTHDAY=1"),
        ] {
            assert_eq!(rule_text(&cron::parse(expression).unwrap()), rule, "{expression}");
        }
    }

    #[test]
    fn a_duration_leaves_no_unit_out_between_two_others() {
        for (days, seconds, text) in [
            (1, 0, "P1D"),
            (2, 5_400, "P2DT1H30M"),
            (0, 86_400, "PT24H"),
            (0, 3_601, "PT1H0M1S"),
            (0, 3_600, "PT1H"),
            (0, 60, "PT1M"),
            (0, 90, "PT1M30S"),
            (0, 59, "PT59S"),
        ] {
            assert_eq!(duration(days, seconds), text);
        }
    }
}
