//! Windows that are legal and probably not meant.
//!
//! Nothing here refuses anything: a warning is for the person who wrote the window.

use std::fmt;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use super::civil::{DAY, HOUR, Wall, wall_text};
use super::schedule::WindowType;
use super::search::{self, NO_END};
use super::series::Series;
use super::spans::Span;
use super::window::{Piece, Window, instant};
use super::zone::Occurs;

/// How far ahead entries are looked at: every weekday and both changes of the clock come by.
const LOOK_AHEAD: i64 = 400 * DAY;
/// Openings of one entry that are looked at.
const MOST_OPENINGS: usize = 2_000;
/// A schedule that ends within this time surprises people.
const SOON: i64 = 30 * DAY;
/// A freeze that lasts longer has no end that anybody has in mind.
const ENDLESS: i64 = 366 * DAY;
/// Shorter openings are missed by people, and by controllers that restart.
const SHORT: i64 = 60;

/// What looks wrong. The words are part of the interface: status, events and the command line show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// Starts come before the opening before them has ended, so that the window is open for longer than the duration.
    OverlappingStarts,
    /// The entry has no opening at all.
    NeverOpens,
    /// The last opening ends within 30 days, or has ended.
    EndsSoon,
    /// The clock jumps over a start, which is moved to after the gap.
    SkippedStart,
    /// The clock shows a start twice; the first counts.
    RepeatedStart,
    /// The clock leaves no time between a start and its end.
    EmptyOpening,
    /// A freeze lasts for more than a year, or for ever.
    EndlessFreeze,
    /// An opening is shorter than a minute.
    ShortOpening,
}

impl Concern {
    pub fn as_str(self) -> &'static str {
        match self {
            Concern::OverlappingStarts => "OverlappingStarts",
            Concern::NeverOpens => "NeverOpens",
            Concern::EndsSoon => "EndsSoon",
            Concern::SkippedStart => "SkippedStart",
            Concern::RepeatedStart => "RepeatedStart",
            Concern::EmptyOpening => "EmptyOpening",
            Concern::EndlessFreeze => "EndlessFreeze",
            Concern::ShortOpening => "ShortOpening",
        }
    }
}

/// One suspicion about a window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    pub concern: Concern,
    /// The entry it is about; none for the whole window.
    pub entry: Option<String>,
    /// A sentence for the person who wrote the window, without its name.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "entry {entry}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Window {
    /// What looks wrong from `now` on, each concern once per entry. Looks 400 days ahead, at 2,000 openings an entry.
    pub fn lint(&self, now: DateTime<Utc>) -> Vec<Warning> {
        let now = now.timestamp();
        let mut warnings = Vec::new();
        for piece in &self.pieces {
            // A calendar entry has a series per event; the concerns below are about schedules people write here.
            let of_calendar = self.pieces.iter().filter(|other| other.entry == piece.entry).count() > 1;
            if !of_calendar {
                lint_entry(piece, now, &mut warnings);
            }
        }
        lint_end(self, now, &mut warnings);
        if self.window_type == WindowType::Freeze {
            lint_freeze(self, now, &mut warnings);
        }
        warnings.sort();
        warnings
    }
}

fn lint_entry(piece: &Piece, now: i64, warnings: &mut Vec<Warning>) {
    let series = &piece.series;
    let mut warn = |concern, message| {
        warnings.push(Warning { concern, entry: Some(piece.entry.to_string()), message });
    };
    if series.next_start(i64::MIN / 4).is_none() {
        warn(Concern::NeverOpens, "it never opens: no date matches".to_owned());
        return;
    }
    let openings = next_openings(series, now);
    if let Some((each, together)) = overlap(series, &openings) {
        let message = format!(
            "openings of {} overlap: together they last {}, beginning {}",
            spoken(each.until - each.from),
            if together.until == NO_END {
                "without an end in sight".to_owned()
            } else {
                spoken(together.until - together.from)
            },
            wall_text(series.zone().wall(together.from)),
        );
        warn(Concern::OverlappingStarts, message);
    }
    if let Some(short) = openings.iter().find(|span| span.until - span.from < SHORT) {
        let begin = wall_text(series.zone().wall(short.from));
        warn(
            Concern::ShortOpening,
            format!("the opening of {begin} lasts {} s, less than a minute", short.until - short.from),
        );
    }
    for (concern, message) in clock_changes(series, now) {
        warn(concern, message);
    }
}

/// Openings from now on; entries that repeat rarely are looked at from their next start.
fn next_openings(series: &Series, now: i64) -> Vec<Span> {
    let Some(first) = series.next_start(now) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    series.each_wall(first, first.saturating_add(LOOK_AHEAD), &mut |wall| {
        found.extend(series.opening(wall).filter(|span| span.from >= first));
        if found.len() == MOST_OPENINGS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

/// The first opening that another one overlaps, and what they and all that follow without a break are together: without
/// an end if they go on behind the openings that are looked at.
fn overlap(series: &Series, openings: &[Span]) -> Option<(Span, Span)> {
    let first = openings.windows(2).position(|pair| pair[1].from < pair[0].until && pair[1].from > pair[0].from)?;
    let mut together = openings[first];
    for next in &openings[first..] {
        if next.from > together.until {
            return Some((openings[first], together));
        }
        together.until = together.until.max(next.until);
    }
    let behind = openings.last().and_then(|last| series.next_start(last.from + 1));
    if behind.is_some_and(|next| next <= together.until) {
        together.until = NO_END;
    }
    Some((openings[first], together))
}

/// The next start of each kind that a change of the clock makes odd. Only starts within a day of a change can be.
fn clock_changes(series: &Series, now: i64) -> Vec<(Concern, String)> {
    let zone = series.zone();
    let mut found: Vec<(Concern, String)> = Vec::new();
    for shift in zone.shifts(now, now.saturating_add(LOOK_AHEAD)) {
        series.each_wall(shift.at - DAY, shift.at + DAY, &mut |wall| {
            let odd = odd_start(series, wall);
            if let Some(odd) = odd.filter(|odd| !found.iter().any(|known| known.0 == odd.0)) {
                found.push(odd);
            }
            ControlFlow::Continue(())
        });
    }
    found
}

fn odd_start(series: &Series, wall: Wall) -> Option<(Concern, String)> {
    let zone = series.zone();
    let written = wall_text(wall);
    if series.opening(wall).is_none() && !series.has_ended(wall) && series.length().nominal(wall) > 0 {
        let message = format!("the clock leaves no time for the opening of {written}: there is none");
        return Some((Concern::EmptyOpening, message));
    }
    match zone.occurs(wall) {
        Occurs::Once => None,
        Occurs::Never => {
            let moved = wall_text(zone.wall(zone.instant(wall)));
            Some((Concern::SkippedStart, format!("the clock skips {written}: it opens at {moved}")))
        }
        Occurs::Twice => {
            Some((Concern::RepeatedStart, format!("the clock shows {written} twice: it opens at the first")))
        }
    }
}

/// A single dated freeze is meant to end; whatever repeats, and whatever allows, is missed when it does.
fn lint_end(window: &Window, now: i64, warnings: &mut Vec<Warning>) {
    let repeats = window.pieces.iter().any(|piece| piece.series.rule().is_some());
    if window.window_type == WindowType::Freeze && !repeats {
        return;
    }
    if search::next_open(window, now.saturating_add(SOON)).is_some() {
        return;
    }
    let last = search::next_stretches(window, now, MOST_OPENINGS).pop();
    let message = match last.and_then(|span| instant(span.until)) {
        Some(end) => format!("its last opening ends {}", end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        None => "it has no opening any more".to_owned(),
    };
    warnings.push(Warning { concern: Concern::EndsSoon, entry: None, message });
}

fn lint_freeze(window: &Window, now: i64, warnings: &mut Vec<Warning>) {
    let Some(stretch) = search::next_stretch(window, now, ENDLESS) else {
        return;
    };
    let begin = wall_text(window.zone.wall(stretch.from));
    let message = if stretch.until == NO_END {
        format!("it freezes from {begin} without an end in sight: give it dates or validUntil")
    } else {
        format!("it freezes from {begin} for {}: is that meant?", spoken(stretch.until - stretch.from))
    };
    warnings.push(Warning { concern: Concern::EndlessFreeze, entry: None, message });
}

/// `47 h`, `90 min`, `20 s`: the largest unit that leaves no rest; days only from three on, as 48 h reads better.
fn spoken(seconds: i64) -> String {
    match seconds {
        _ if seconds % DAY == 0 && seconds >= 3 * DAY => format!("{} d", seconds / DAY),
        _ if seconds % HOUR == 0 => format!("{} h", seconds / HOUR),
        _ if seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
