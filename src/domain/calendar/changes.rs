//! What holidays and exceptions do to the openings of a schedule.
//!
//! An opening that lasts a day or less belongs to the day it starts on. Skipping that day removes it as a whole, its
//! end on the next day included, and skipping the next day leaves it alone. A longer opening belongs to all its days:
//! it loses the day that is skipped and keeps the others.

use std::sync::Arc;

use super::series::Series;
use super::spans::{Span, merged, subtraction};

/// An opening on its way through the changes.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub span: Span,
    pub entry: Arc<str>,
    /// When the whole opening started, whatever was cut from it since.
    pub started: i64,
    /// It belongs to the day it started on.
    pub in_a_day: bool,
}

/// One exception, compiled. They are applied in the order in which they are written: the last word wins.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    SkipDay(Span),
    SkipTime(Span),
    Add(Span, Arc<str>),
}

impl Change {
    pub fn span(&self) -> Span {
        match self {
            Change::SkipDay(span) | Change::SkipTime(span) | Change::Add(span, _) => *span,
        }
    }
}

/// A series of days or times to leave out.
#[derive(Debug, Clone)]
pub(crate) struct Holiday {
    pub all_day: bool,
    pub series: Series,
}

/// Takes the holidays out.
pub(crate) fn without_holidays(found: Vec<Found>, holidays: &[Holiday]) -> Vec<Found> {
    let Some(reach) = reach(&found).filter(|_| !holidays.is_empty()) else {
        return found;
    };
    let of = |all_day: bool| -> Vec<Span> {
        let chosen = holidays.iter().filter(|holiday| holiday.all_day == all_day);
        merged(chosen.flat_map(|holiday| holiday.series.openings(reach.from, reach.until)).collect())
    };
    skip_times(skip_days(found, &of(true)), &of(false))
}

/// Applies the exceptions. What they add is added wherever it is.
pub(crate) fn changed(mut found: Vec<Found>, changes: &[Change]) -> Vec<Found> {
    for change in changes {
        match change {
            Change::SkipDay(day) => found = skip_days(found, &[*day]),
            Change::SkipTime(time) => found = skip_times(found, &[*time]),
            Change::Add(span, entry) => {
                found.push(Found { span: *span, entry: entry.clone(), started: span.from, in_a_day: false })
            }
        }
    }
    found
}

/// From the first start to the last end.
fn reach(found: &[Found]) -> Option<Span> {
    let from = found.iter().map(|found| found.started).min()?;
    let until = found.iter().map(|found| found.span.until).max()?;
    Some(Span { from, until })
}

fn skip_days(mut found: Vec<Found>, days: &[Span]) -> Vec<Found> {
    found.retain(|found| {
        let next = days.partition_point(|day| day.until <= found.started);
        !(found.in_a_day && days.get(next).is_some_and(|day| day.holds(found.started)))
    });
    cut(found, days, |found| !found.in_a_day)
}

fn skip_times(found: Vec<Found>, times: &[Span]) -> Vec<Found> {
    cut(found, times, |_| true)
}

/// Cuts a set of spans out of the openings that `applies` chooses.
fn cut(found: Vec<Found>, out: &[Span], applies: impl Fn(&Found) -> bool) -> Vec<Found> {
    let mut kept = Vec::with_capacity(found.len());
    for whole in found {
        let Span { from, until } = whole.span;
        let out = &out[out.partition_point(|cut| cut.until <= from)..];
        if out.first().and_then(|cut| cut.clipped(from, until)).is_some() && applies(&whole) {
            let parts = subtraction(&[whole.span], out);
            kept.extend(parts.into_iter().map(|span| Found { span, ..whole.clone() }));
        } else {
            kept.push(whole);
        }
    }
    kept
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
