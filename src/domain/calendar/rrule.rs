//! Reads a recurrence rule. RFC 5545 section 3.3.10, its MUST and MUST NOT included.
//!
//! Bounds: a text of at most 1,024 characters; `COUNT` and `INTERVAL` at most 10,000; at most 1,440 starts a day;
//! daily or slower. Nothing is guessed: what the grammar does not allow is refused with the offending token.

use super::basic::{Until, parse_basic};
use super::civil::{HOUR, Wall, digits};
use super::fault::{CalendarFault, quoted};
use super::rule::{Frequency, Parts};

/// Longer texts are no rules that a person wrote.
const LONGEST_TEXT: usize = 1_024;
/// A count is walked once, when the rule is compiled; a daily rule reaches 27 years with it.
const MOST_COUNT: u32 = 10_000;
/// Ten thousand years are the calendar's own end.
const MOST_INTERVAL: u32 = 10_000;
/// A start every minute.
pub(crate) const MOST_TIMES: usize = 1_440;

pub(crate) const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A rule as read; the meaning of `until` depends on whose rule it is, so the caller decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleText {
    /// Without times of day and without an end.
    pub parts: Parts,
    /// Ascending, empty for the start's own; minutes and seconds alike.
    pub hours: Vec<i64>,
    pub minutes: Vec<i64>,
    pub seconds: Vec<i64>,
    pub count: Option<u32>,
    pub until: Option<Until>,
}

/// Reads the text after `RRULE:`. Upper and lower case are the same.
pub(crate) fn parse(text: &str) -> Result<RuleText, CalendarFault> {
    if text.len() > LONGEST_TEXT {
        return Err(fault(format!("the rule has more than {LONGEST_TEXT} characters: split it into several entries")));
    }
    let text = text.to_ascii_uppercase();
    let mut seen: Vec<&str> = Vec::new();
    let mut read = Reading::default();
    for part in text.split(';') {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            fault(format!("{} is not NAME=VALUE: write a rule such as FREQ=WEEKLY;BYDAY=MO", quoted(part)))
        })?;
        if seen.contains(&name) {
            return Err(fault(format!("{name} stands twice: a part may stand once (RFC 5545 section 3.3.10)")));
        }
        read.part(name, value)?;
        seen.push(name);
    }
    read.finish(&seen)
}

fn fault(message: String) -> CalendarFault {
    CalendarFault::new("", message)
}

#[derive(Default)]
struct Reading {
    parts: Option<Parts>,
    frequency: Option<Frequency>,
    count: Option<u32>,
    until: Option<Until>,
    hours: Vec<i64>,
    minutes: Vec<i64>,
    seconds: Vec<i64>,
}

impl Reading {
    fn parts(&mut self) -> &mut Parts {
        self.parts.get_or_insert_with(|| Parts::every(Frequency::Daily))
    }

    fn part(&mut self, name: &str, value: &str) -> Result<(), CalendarFault> {
        match name {
            "FREQ" => self.frequency = Some(frequency(value)?),
            "INTERVAL" => self.parts().interval = i64::from(bounded(name, value, MOST_INTERVAL)?),
            "COUNT" => self.count = Some(bounded(name, value, MOST_COUNT)?),
            "UNTIL" => self.until = Some(until(value)?),
            "WKST" => self.parts().week_start = weekday(value).ok_or_else(|| not_a_weekday(value))?,
            "BYMONTH" => {
                for month in numbers(name, value, 1..=12, Sign::None)? {
                    self.parts().months |= 1 << month;
                }
            }
            "BYWEEKNO" => self.parts().week_numbers = list(name, value, 53)?,
            "BYYEARDAY" => self.parts().year_days = list(name, value, 366)?,
            "BYMONTHDAY" => self.parts().month_days = list(name, value, 31)?,
            "BYSETPOS" => self.parts().positions = list(name, value, 366)?,
            "BYDAY" => {
                for item in value.split(',') {
                    self.by_day(item)?;
                }
            }
            "BYHOUR" => self.hours = numbers(name, value, 0..=23, Sign::None)?,
            "BYMINUTE" => self.minutes = numbers(name, value, 0..=59, Sign::None)?,
            "BYSECOND" => self.seconds = numbers(name, value, 0..=59, Sign::None)?,
            _ => {
                return Err(fault(format!(
                    "{} is not a part of a recurrence rule (RFC 5545 section 3.3.10)",
                    quoted(name)
                )));
            }
        }
        Ok(())
    }

    fn by_day(&mut self, item: &str) -> Result<(), CalendarFault> {
        let wrong = || fault(format!("BYDAY={} is not a weekday: write MO, 2TU or -1FR", quoted(item)));
        let split = item.len().checked_sub(2).filter(|at| item.is_char_boundary(*at)).ok_or_else(wrong)?;
        let (ordinal, name) = item.split_at(split);
        let weekday = weekday(name).ok_or_else(wrong)?;
        if ordinal.is_empty() {
            self.parts().weekdays |= 1 << weekday;
        } else {
            let n = number(ordinal, 1..=53, Sign::Allowed).ok_or_else(wrong)?;
            self.parts().nth_weekdays.push((n as i8, weekday));
        }
        Ok(())
    }

    fn finish(mut self, seen: &[&str]) -> Result<RuleText, CalendarFault> {
        let frequency = self.frequency.ok_or_else(|| {
            fault("the rule has no FREQ: begin it with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY".to_owned())
        })?;
        let mut parts = self.parts().clone();
        parts.frequency = frequency;
        forbidden_together(&parts, seen)?;
        let Reading { hours, minutes, seconds, count, until, .. } = self;
        let times = [&hours, &minutes, &seconds].iter().map(|list| list.len().max(1)).product::<usize>();
        if times > MOST_TIMES {
            return Err(fault(format!("the rule starts {times} times a day: at most {MOST_TIMES} are allowed")));
        }
        Ok(RuleText { parts, hours, minutes, seconds, count, until })
    }
}

impl RuleText {
    /// The parts with every time of day complete: what the rule does not give is the start's own.
    pub fn times_from(&self, start: Wall) -> Parts {
        let time = super::civil::time_of(start);
        let or_own = |list: &[i64], own: i64| {
            if list.is_empty() { vec![own] } else { list.to_vec() }
        };
        let hours = or_own(&self.hours, time / HOUR);
        let minutes = or_own(&self.minutes, time / 60 % 60);
        let seconds = or_own(&self.seconds, time % 60);
        let mut parts = self.parts.clone();
        for hour in &hours {
            for minute in &minutes {
                parts.times.extend(seconds.iter().map(|second| hour * HOUR + minute * 60 + second));
            }
        }
        parts
    }
}

/// The combinations that RFC 5545 forbids, and one that it leaves open.
fn forbidden_together(parts: &Parts, seen: &[&str]) -> Result<(), CalendarFault> {
    use Frequency::{Daily, Monthly, Weekly, Yearly};
    let has = |name: &str| seen.contains(&name);
    let set = ["BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND"];
    let frequency = parts.frequency;
    let nth = !parts.nth_weekdays.is_empty();
    let rules = [
        (has("COUNT") && has("UNTIL"), "COUNT and UNTIL exclude each other: keep one"),
        (nth && matches!(frequency, Daily | Weekly), "a numbered BYDAY such as 1MO needs FREQ=MONTHLY or YEARLY"),
        (nth && has("BYWEEKNO"), "a numbered BYDAY such as 1MO cannot stand with BYWEEKNO"),
        (has("BYMONTHDAY") && frequency == Weekly, "BYMONTHDAY cannot stand with FREQ=WEEKLY"),
        (has("BYYEARDAY") && matches!(frequency, Daily | Weekly | Monthly), "BYYEARDAY needs FREQ=YEARLY"),
        (has("BYWEEKNO") && frequency != Yearly, "BYWEEKNO needs FREQ=YEARLY"),
        (has("BYSETPOS") && !set.iter().any(|name| has(name)), "BYSETPOS needs another BY part to choose from"),
        // Engines disagree whether it means seven days or one.
        (
            has("BYWEEKNO") && !has("BYDAY"),
            "BYWEEKNO needs BYDAY to say which day of the week: add for example BYDAY=MO",
        ),
    ];
    match rules.iter().find(|(broken, _)| *broken) {
        Some((_, message)) => Err(fault((*message).to_owned())),
        None => Ok(()),
    }
}

fn frequency(value: &str) -> Result<Frequency, CalendarFault> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        "HOURLY" | "MINUTELY" | "SECONDLY" => {
            Err(fault(format!("FREQ={value} is faster than a day: use FREQ=DAILY with BYHOUR or BYMINUTE")))
        }
        _ => Err(fault(format!("FREQ={} is not DAILY, WEEKLY, MONTHLY or YEARLY", quoted(value)))),
    }
}

fn bounded(name: &str, value: &str, most: u32) -> Result<u32, CalendarFault> {
    let number =
        value.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits(value.trim_start_matches('0').as_bytes()));
    match number {
        Some(Some(number)) if number <= most => Ok(number),
        Some(None) if value.bytes().any(|byte| byte != b'0') => Err(too_large(name, value, most)),
        Some(Some(_)) => Err(too_large(name, value, most)),
        _ => Err(fault(format!("{name}={} must be a whole number from 1 to {most}", quoted(value)))),
    }
}

fn too_large(name: &str, value: &str, most: u32) -> CalendarFault {
    fault(format!("{name}={} is more than {most}: use UNTIL, or a slower FREQ", quoted(value)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    None,
    Allowed,
}

/// One number of the grammar: one digit or more up to the width of the largest, a sign only where allowed.
fn number(text: &str, range: std::ops::RangeInclusive<i64>, sign: Sign) -> Option<i64> {
    let (negative, bare) = match text.as_bytes().first()? {
        b'-' if sign == Sign::Allowed => (true, &text[1..]),
        b'+' if sign == Sign::Allowed => (false, &text[1..]),
        _ => (false, text),
    };
    if bare.len() > range.end().to_string().len() {
        return None;
    }
    let value = i64::from(digits(bare.as_bytes())?);
    range.contains(&value).then_some(if negative { -value } else { value })
}

/// A list, ascending and without repeats.
fn numbers(
    name: &str,
    value: &str,
    range: std::ops::RangeInclusive<i64>,
    sign: Sign,
) -> Result<Vec<i64>, CalendarFault> {
    let mut found = Vec::new();
    for item in value.split(',') {
        found.push(number(item, range.clone(), sign).ok_or_else(|| {
            let from_end = if sign == Sign::Allowed { ", or negative from the end" } else { "" };
            fault(format!("{name}={} must be from {} to {}{from_end}", quoted(item), range.start(), range.end()))
        })?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A list of numbers from 1 that may count from the end.
fn list<N: TryFrom<i64>>(name: &str, value: &str, largest: i64) -> Result<Vec<N>, CalendarFault> {
    let found = numbers(name, value, 1..=largest, Sign::Allowed)?;
    Ok(found.into_iter().filter_map(|number| N::try_from(number).ok()).collect())
}

fn weekday(name: &str) -> Option<u8> {
    WEEKDAYS.iter().position(|known| *known == name).map(|index| index as u8)
}

fn not_a_weekday(value: &str) -> CalendarFault {
    fault(format!("WKST={} is not a weekday: write MO, TU, WE, TH, FR, SA or SU", quoted(value)))
}

fn until(value: &str) -> Result<Until, CalendarFault> {
    parse_basic(value).ok_or_else(|| {
        fault(format!("UNTIL={} is not a date or time: write it in UTC, for example 20270105T090000Z", quoted(value)))
    })
}

#[cfg(test)]
#[path = "rrule_tests.rs"]
mod tests;
