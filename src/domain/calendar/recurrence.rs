//! One recurrence exactly as RFC 5545 has it, without what the resource adds or forbids.
//!
//! This is the evaluator by itself: for tests against other implementations, for the benchmark, and for whoever
//! imports recurrences. A window's schedule goes through [`super::Window::compile`].

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::basic::Until;
use super::civil::{Wall, parse_wall};
use super::fault::CalendarFault;
use super::length::Length;
use super::schedule::{WindowSpec, WindowType};
use super::series::Series;
use super::window::{Piece, Window, ceiling, instant};
use super::zone::Zone;
use super::{cron, rrule};

/// The texts of a recurrence.
#[derive(Debug, Clone, Default)]
pub struct Recurrence<'a> {
    /// IANA name.
    pub zone: &'a str,
    /// Wall time. With a rule it is an occurrence only if it matches.
    pub start: &'a str,
    /// RRULE value, DAILY or slower. At most one of `rule` and `cron`; neither is a single opening.
    pub rule: Option<&'a str>,
    /// Five fields.
    pub cron: Option<&'a str>,
    /// RFC 5545 duration. At most one of `duration` and `until`.
    pub duration: Option<&'a str>,
    /// `HH:MM` on the day of the start, or on the next if not later.
    pub until: Option<&'a str>,
    /// Wall times to leave out.
    pub left_out: Vec<&'a str>,
    /// Wall times to add.
    pub added: Vec<&'a str>,
}

/// A compiled recurrence.
#[derive(Debug, Clone)]
pub struct Occurrences {
    series: Series,
}

impl Recurrence<'_> {
    /// Checks and compiles.
    ///
    /// # Errors
    ///
    /// The first fault, with the field's name as path. Both `duration` and `until` is a fault; neither is none, and
    /// gives starts without openings.
    pub fn compile(&self) -> Result<Occurrences, CalendarFault> {
        let zone = Zone::named(self.zone).map_err(|fault| fault.under("zone"))?;
        let start = parse_wall(self.start).map_err(|fault| fault.under("start"))?;
        let length = self.length()?;
        let series = match (self.rule, self.cron) {
            (Some(_), Some(_)) => {
                return Err(CalendarFault::new("cron", "a recurrence has a rule or a cron expression, not both"));
            }
            (Some(rule), None) => rrule::parse(rule)
                .and_then(utc_until)
                .and_then(|rule| Series::recurring(zone, &rule, start, length))
                .map_err(|fault| fault.under("rule"))?,
            (None, Some(expression)) => cron::parse(expression)
                .and_then(|parts| Series::repeating(zone, parts, start, length))
                .map_err(|fault| fault.under("cron"))?,
            (None, None) => Series::once(zone, start, length),
        };
        Ok(Occurrences { series: series.with_dates(walls(&self.added, "added")?, walls(&self.left_out, "leftOut")?) })
    }

    fn length(&self) -> Result<Length, CalendarFault> {
        match (self.duration, self.until) {
            (Some(_), Some(_)) => Err(CalendarFault::new("until", "an opening has a duration or an end, not both")),
            (Some(duration), None) => Length::rfc5545(duration).map_err(|fault| fault.under("duration")),
            (None, Some(until)) => Length::clock(until).map_err(|fault| fault.under("until")),
            (None, None) => Ok(Length::Nominal(0)),
        }
    }
}

/// A start with a zone needs an UNTIL in UTC (RFC 5545 section 3.3.10).
pub(crate) fn utc_until(rule: rrule::RuleText) -> Result<rrule::RuleText, CalendarFault> {
    match rule.until {
        Some(Until::Wall(_) | Until::Date(_)) => Err(CalendarFault::new(
            "",
            "UNTIL must be an instant in UTC, as the start has a zone: write for example UNTIL=20270105T090000Z",
        )),
        _ => Ok(rule),
    }
}

fn walls(texts: &[&str], field: &str) -> Result<Vec<Wall>, CalendarFault> {
    let numbered = texts.iter().enumerate();
    numbered.map(|(index, text)| parse_wall(text).map_err(|fault| fault.under(&format!("{field}[{index}]")))).collect()
}

impl Occurrences {
    /// The first starts, at most `count`.
    pub fn first(&self, count: usize) -> Vec<DateTime<Utc>> {
        self.series.first_starts(count).into_iter().filter_map(instant).collect()
    }

    /// Every start with `from <= start < until`.
    pub fn starts(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        self.series.starts(ceiling(from), ceiling(until)).into_iter().filter_map(instant).collect()
    }

    /// The first start strictly after an instant; none if there is none, which is proven and not guessed.
    pub fn next_start(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.series.next_start(after.timestamp().saturating_add(1)).and_then(instant)
    }

    /// A window with this as its only entry.
    pub fn window(&self, window_type: WindowType) -> Window {
        let zone = self.series.zone().clone();
        let mut window = Window::empty(&WindowSpec::new(window_type, zone.name()), zone);
        window.pieces.push(Piece { entry: Arc::from("recurrence"), series: self.series.clone() });
        window
    }
}
