//! Reads a cron expression: five fields, as crontab(5) has them.
//!
//! The text is parsed by a library; the wall times are then produced by our own rule, so that cron entries have the
//! same treatment of zones, the same bounds and the same cost as all others. In particular a start that the clock
//! skips takes the offset before the gap: it is not run "at the end of the gap", as job schedulers do.

use croner::parser::{CronParser, Seconds, Year};

use super::fault::{CalendarFault, quoted};
use super::rule::{Frequency, Parts};

const FIELDS: [&str; 5] = ["minute", "hour", "day of month", "month", "day of week"];
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Longer texts are no expressions that a person wrote.
const LONGEST_TEXT: usize = 512;

/// Reads five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday). Names are allowed, in any
/// case. If both day fields are given, a day counts if either fits.
///
/// # Errors
///
/// A fault for seconds or years, `@daily` and its like, zone prefixes, `L`, `W`, `#` and `?`: an RRULE says those.
pub(crate) fn parse(text: &str) -> Result<Parts, CalendarFault> {
    if text.len() > LONGEST_TEXT {
        return Err(fault(format!("the expression has more than {LONGEST_TEXT} characters")));
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, _, month_day, _, weekday] = fields[..] else {
        let why = format!("{} has {} fields, not five", quoted(text), fields.len());
        return Err(fault(format!("{why}: write minute hour day-of-month month day-of-week, for example 0 22 * * 6")));
    };
    for (index, field) in fields.iter().enumerate() {
        check_field(index, field)?;
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(&fields.join(" ")).map_err(|error| {
        let reason: String = error.to_string().chars().filter(|letter| !letter.is_control()).take(200).collect();
        fault(format!("{} is not a cron expression: {reason}", quoted(text)))
    })?;
    let pattern = &cron.pattern;
    let mut parts = Parts::every(Frequency::Monthly);
    for month in pattern.months.values() {
        parts.months |= 1 << month;
    }
    if month_day != "*" {
        parts.month_days = pattern.days.values().iter().map(|day| *day as i8).collect();
    }
    if weekday != "*" || month_day == "*" {
        for day in pattern.days_of_week.values() {
            parts.weekdays |= 1 << ((day + 6) % 7);
        }
    }
    parts.either_day = month_day != "*" && weekday != "*";
    for hour in pattern.hours.values() {
        for minute in pattern.minutes.values() {
            parts.times.push(i64::from(hour) * 3_600 + i64::from(minute) * 60);
        }
    }
    Ok(parts)
}

fn fault(message: String) -> CalendarFault {
    CalendarFault::new("", message)
}

/// Lists of `*`, values and ranges with steps, nothing else: the library also reads dialects that others read
/// differently.
fn check_field(index: usize, field: &str) -> Result<(), CalendarFault> {
    let wrong = |item: &str| fault(format!("{} is not a {} of a cron expression", quoted(item), FIELDS[index]));
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        if let Some(step) = step
            && !super::civil::digits(step.as_bytes()).is_some_and(|step| (1..=59).contains(&step))
        {
            return Err(wrong(item));
        }
        if range == "*" {
            continue;
        }
        let mut ends = range.split('-');
        let fine = ends.by_ref().take(2).all(|end| is_value(index, end)) && ends.next().is_none();
        if !fine {
            return Err(wrong(item));
        }
    }
    Ok(())
}

fn is_value(index: usize, text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let named = match index {
        3 => MONTHS.contains(&upper.as_str()),
        4 => DAYS.contains(&upper.as_str()),
        _ => false,
    };
    named || (text.len() <= 2 && super::civil::digits(text.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_crontab_has_them() {
        let parts = parse("0 22 * * 6,7").unwrap();
        assert_eq!(
            (parts.weekdays, parts.months, parts.times.as_slice()),
            (0b110_0000, 0b1_1111_1111_1110, [79_200].as_slice())
        );
        let parts = parse("*/30 9-10 1,15 jan-MAR Mon").unwrap();
        assert!(parts.either_day);
        assert_eq!((parts.month_days.as_slice(), parts.weekdays, parts.months), ([1, 15].as_slice(), 1, 0b1110));
        assert_eq!(parts.times, [32_400, 34_200, 36_000, 37_800]);
        assert_eq!(parse("0 0 * * 5-7").unwrap().weekdays, 0b111_0000);
    }

    #[test]
    fn either_day_counts_only_where_both_day_fields_are_given() {
        for (text, either) in [("0 9 * * *", false), ("0 9 1 * *", false), ("0 9 * * 1", false), ("0 9 1 * 1", true)] {
            assert_eq!(parse(text).unwrap().either_day, either, "{text}");
        }
    }

    #[test]
    fn a_text_of_512_characters_is_read_and_no_longer_one() {
        let spaces = |length: usize| format!("0 9 * * 1{}", " ".repeat(length - 9));
        assert!(parse(&spaces(512)).is_ok());
        for length in [513, 600] {
            assert!(parse(&spaces(length)).unwrap_err().message.contains("more than 512 characters"));
        }
    }

    #[test]
    fn dialects_and_nonsense_are_refused() {
        let refused = [
            "",
            "* * * *",
            "* * * * * *",
            "@daily",
            "@every 5m",
            "TZ=UTC 0 9 * * *",
            "CRON_TZ=UTC 0 9 * *",
            "60 * * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 32 * *",
            "0 0 1 13 *",
            "0 0 1 0 *",
            "0 0 * * 8",
            "0 0 * * MONDAY",
            "0 0 1 FOO *",
            "1,,2 * * * *",
            ",1 * * * *",
            "1, * * * *",
            "1-2-3 * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "*/ * * * *",
            "/5 * * * *",
            "0 0 L * *",
            "0 0 * * 5#2",
            "0 0 15W * *",
            "0 0 ? * *",
            "-1 * * * *",
            "1.5 * * * *",
            "0x1 * * * *",
            "0 0 * * é",
            "** * * * *",
            "5/15 * * * *",
        ];
        for text in refused {
            let fault = parse(text).expect_err(text);
            // Whoever refuses it, our checks or the library, says why.
            let why = fault.message.split_once("is not a cron expression: ").map_or("ours", |(_, reason)| reason);
            assert!(why.contains(char::is_alphabetic), "{}", fault.message);
        }
    }
}
