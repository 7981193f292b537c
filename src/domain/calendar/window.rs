//! A window: checked, compiled, and asked.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::changes::{Change, Found, Holiday, changed, without_holidays};
use super::civil::{DAY, FIRST_WALL, LAST_WALL};
use super::overrun::OnClose;
use super::schedule::{Capacity, WindowType};
use super::search::{self, NO_END, Openings};
use super::series::{MARGIN, Series};
use super::spans::{Span, intersection, merged};
use super::steady::Steady;
use super::zone::Zone;

/// Openings that one answer lists; a schedule with more is looked at in parts.
const MOST_LISTED: usize = 200_000;

/// One concrete interval, `from` included and `until` excluded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The entry it comes from; of a merged opening all entries, in order of their openings, separated by a comma.
    pub entry: String,
}

impl Opening {
    /// When it ends; none if no end is known.
    #[must_use]
    pub fn end(&self) -> Option<DateTime<Utc>> {
        (self.until < DateTime::<Utc>::MAX_UTC).then_some(self.until)
    }
}

/// A window that was checked and can be asked. Who governs what is not its business: see [`super::Governance`].
#[derive(Debug, Clone)]
pub struct Window {
    pub(crate) window_type: WindowType,
    pub(crate) zone: Zone,
    pub(crate) reason: String,
    pub(crate) min_remaining: Option<TimeDelta>,
    pub(crate) on_close: (OnClose, TimeDelta),
    pub(crate) opening_jitter: Option<TimeDelta>,
    pub(crate) capacity: Capacity,
    pub(crate) blocks_rollback: bool,
    pub(crate) pieces: Vec<Piece>,
    /// Exceptions, in the order in which they are written.
    pub(crate) changes: Vec<Change>,
    pub(crate) holidays: Vec<Holiday>,
    /// Outside of this nothing is open.
    pub(crate) valid: Span,
}

/// The openings of one entry. A calendar entry has several.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub entry: Arc<str>,
    pub series: Series,
}

impl Window {
    pub fn window_type(&self) -> WindowType {
        self.window_type
    }

    /// The zone its schedule is written in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What people who wait are told; may be empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// How much of the merged opening must be left for a step to start, if the window says so.
    pub fn min_remaining(&self) -> Option<TimeDelta> {
        self.min_remaining
    }

    /// What is to become of what is under way when it closes, and how long that still waits.
    pub fn on_close(&self) -> (OnClose, TimeDelta) {
        self.on_close
    }

    /// Over how long starts are spread after an opening that frees many, if the window says so.
    pub fn opening_jitter(&self) -> Option<TimeDelta> {
        self.opening_jitter
    }

    /// How much may happen in one of its openings.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Whether it is a Freeze that stops rollbacks too.
    pub fn blocks_rollback(&self) -> bool {
        self.blocks_rollback && self.window_type == WindowType::Freeze
    }

    /// Whether one of its openings holds the instant. An Allow is open then, a Freeze is in force.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        search::is_open(self, at.timestamp())
    }

    /// The entry whose opening holds the instant: of several, the one that ends last.
    pub fn entry_at(&self, at: DateTime<Utc>) -> Option<String> {
        let at = at.timestamp();
        let holding = self.labelled(at, at.saturating_add(1), &mut 0).into_iter().filter(|(span, _)| span.holds(at));
        holding.max_by_key(|(span, _)| span.until).map(|(_, entry)| entry.to_string())
    }

    /// Every opening of every entry that overlaps `[from, until)`, unmerged and whole, in order.
    ///
    /// Exceptions, holidays and validity are applied. At most 200,000 are listed.
    pub fn openings(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Opening> {
        let found = self.labelled(from.timestamp(), ceiling(until), &mut 0);
        found.into_iter().take(MOST_LISTED).map(|(span, entry)| opening(span, entry.to_string())).collect()
    }

    /// The merged openings inside of `[from, until)`, cut at both ends.
    pub fn merged_openings(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Opening> {
        let (from, until) = (from.timestamp(), ceiling(until));
        with_entries(self.labelled(from, until, &mut 0), from, until)
    }

    /// The next merged openings, the one that holds `now` first and cut there. At most `count`.
    pub fn upcoming(&self, now: DateTime<Utc>, count: usize) -> Vec<Opening> {
        let stretches = search::next_stretches(self, now.timestamp(), count);
        let name = |span: Span| {
            // The entries of a long stretch are those of its first days.
            let until = span.until.min(span.from.saturating_add(8 * DAY));
            let named = with_entries(self.labelled(span.from, until, &mut 0), span.from, until);
            opening(span, named.into_iter().next().map(|opening| opening.entry).unwrap_or_default())
        };
        stretches.into_iter().map(name).collect()
    }

    /// The first instant at or after `at` that an opening holds; `at` itself if one does.
    ///
    /// None if there is none within 400 years, or within 20,000 openings.
    pub fn next_start(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.covers(at) { Some(at) } else { search::next_open(self, at.timestamp()).and_then(instant) }
    }

    /// The end of the merged opening that holds `at`; none if there is no such opening, or no end is known.
    pub fn next_end(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        search::end_of_stretch(self, at.timestamp()).and_then(instant)
    }

    /// The start of the merged opening that holds `at`; none if there is no such opening. Looks back 400 years, or at
    /// 20,000 openings; what has been open for longer has been so since then.
    pub fn open_since(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        search::start_of_stretch(self, at.timestamp()).and_then(instant)
    }

    /// The first instant after `at` at which [`Window::covers`] changes.
    pub fn next_change(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.covers(at) { self.next_end(at) } else { self.next_start(at) }
    }

    /// Openings by entry that overlap `[from, until)`, in order, with what is skipped taken out.
    pub(crate) fn labelled(&self, from: i64, until: i64, looked_at: &mut usize) -> Vec<(Span, Arc<str>)> {
        let Some(Span { from, until }) = self.valid.clipped(from, until) else {
            return Vec::new();
        };
        let mut found: Vec<Found> = Vec::new();
        for piece in &self.pieces {
            let spans = piece.series.openings(from, until);
            *looked_at += spans.len();
            let in_a_day = piece.series.within_a_day();
            found.extend(spans.into_iter().map(|span| Found {
                span,
                entry: piece.entry.clone(),
                started: span.from,
                in_a_day,
            }));
        }
        let kept = without_holidays(found, &self.holidays);
        let kept = changed(kept, &self.changes).into_iter();
        let valid = kept.filter_map(|found| {
            let span = found.span.clipped(self.valid.from, self.valid.until)?;
            (span.from < until && span.until > from).then_some((span, found.entry))
        });
        let mut found: Vec<(Span, Arc<str>)> = valid.collect();
        found.sort();
        found
    }
}

impl Openings for Window {
    fn within(&self, from: i64, until: i64, looked_at: &mut usize) -> Vec<Span> {
        let spans = self.labelled(from, until, looked_at).into_iter().map(|(span, _)| span).collect();
        intersection(&merged(spans), &[Span { from, until }])
    }

    fn a_day(&self) -> i64 {
        let starts = |piece: &Piece| piece.series.rule().map_or(1, |rule| rule.parts().times.len() as i64);
        self.pieces.iter().map(starts).sum::<i64>().max(1)
    }

    fn steady(&self) -> Option<Steady> {
        if self.valid.until < ALWAYS.until {
            return Some(Steady::after(self.valid.until));
        }
        // A change of a day reaches to the end of an opening that starts on it.
        let changed = self.changes.iter().map(|change| change.span().until + MARGIN).max();
        let mut steady = Steady::after(changed.unwrap_or(ALWAYS.from).max(self.valid.from));
        let holidays = self.holidays.iter().map(|holiday| &holiday.series);
        for series in self.pieces.iter().map(|piece| &piece.series).chain(holidays) {
            steady = steady.and(series.steady()?)?;
        }
        Some(steady)
    }
}

/// Merges labelled spans, keeping the names of all entries of a stretch in the order in which they come.
fn with_entries(found: Vec<(Span, Arc<str>)>, from: i64, until: i64) -> Vec<Opening> {
    let mut merged: Vec<(Span, Vec<Arc<str>>)> = Vec::new();
    for (span, entry) in found {
        let Some(span) = span.clipped(from, until) else {
            continue;
        };
        match merged.last_mut() {
            Some((last, entries)) if span.from <= last.until => {
                last.until = last.until.max(span.until);
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
            _ => merged.push((span, vec![entry])),
        }
    }
    merged.into_iter().map(|(span, entries)| opening(span, entries.join(", "))).collect()
}

fn opening(span: Span, entry: String) -> Opening {
    let clamped = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    Opening { from: clamped(span.from), until: clamped(span.until), entry }
}

/// The instant, unless it stands for "no end is known".
pub(crate) fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    if seconds == NO_END { None } else { DateTime::from_timestamp(seconds, 0) }
}

/// The first whole second that is not before this instant: bounds of openings are whole seconds.
pub(crate) fn ceiling(at: DateTime<Utc>) -> i64 {
    at.timestamp().saturating_add(i64::from(at.timestamp_subsec_nanos() > 0))
}

/// The whole calendar: from 0001-01-01 to the end of the year 9999, a day further for the zones.
pub(crate) const ALWAYS: Span = Span { from: FIRST_WALL - DAY, until: LAST_WALL + 1 + DAY };

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
