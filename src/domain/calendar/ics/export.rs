//! Writes windows as an iCalendar file that calendar programs read.
//!
//! An entry is written as a recurrence in its zone where that says exactly the same: one event per time of day,
//! because programs read lists of hours badly, with an UNTIL in UTC and an EXDATE per skipped day. Where it does not
//! (holidays, cut times, validity, cron's either-day rule, a zone without yearly rules) the openings of the range are
//! written one by one in UTC.

use chrono::{DateTime, Utc};

use super::super::basic::basic;
use super::super::changes::Change;
use super::super::civil::{DAY, Date, HOUR, Wall, day_of, time_of};
use super::super::length::Length;
use super::super::rule::{End, Rule};
use super::super::schedule::WindowType;
use super::super::series::Series;
use super::super::window::{ALWAYS, Piece, Window, ceiling};
use super::super::zone::Zone;
use super::rule_text::{duration, rule_text};
use super::zone_text;

/// Events of one entry written as recurrences; an entry with more times of day is written opening by opening.
const MOST_TIMES: usize = 24;
/// Openings of one window written one by one.
const MOST_OPENINGS: usize = 2_000;

/// A window to be written.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    /// `namespace/name`. With the entry's name it makes the UID, which stays the same from export to export.
    pub name: &'a str,
    pub window: &'a Window,
    /// The SEQUENCE: it must grow when the window changes, as a generation does.
    pub sequence: i64,
}

/// The windows as one calendar. Single openings are those that overlap `[from, until)`, at most 2,000 a window;
/// recurrences are written whole. `stamp` is the DTSTAMP: when the file is written.
pub fn export(windows: &[Exported<'_>], from: DateTime<Utc>, until: DateTime<Utc>, stamp: DateTime<Utc>) -> String {
    let range = (from.timestamp(), ceiling(until));
    let mut writer = Writer { stamp: stamp.timestamp(), range, zones: Vec::new(), events: Vec::new() };
    for exported in windows {
        writer.window(exported);
    }
    let mut lines = vec![
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//rollcall.dev//rollcall//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    let zones = writer.zones.iter();
    lines.extend(zones.flat_map(|(zone, first)| zone_text::lines(zone, *first).unwrap_or_default()));
    lines.append(&mut writer.events);
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

struct Writer {
    stamp: i64,
    range: (i64, i64),
    /// With the first instant each is needed for.
    zones: Vec<(Zone, i64)>,
    events: Vec<String>,
}

impl Writer {
    fn window(&mut self, exported: &Exported<'_>) {
        let window = exported.window;
        let whole = window.holidays.is_empty() && window.valid == ALWAYS;
        let mut written: Vec<&str> = Vec::new();
        for piece in window.pieces.iter().filter(|_| whole) {
            if self.recurrences(exported, piece) {
                written.push(&piece.entry);
            }
        }
        let rest = window.labelled(self.range.0, self.range.1, &mut 0).into_iter();
        for (span, entry) in rest.filter(|(_, entry)| !written.contains(&&**entry)).take(MOST_OPENINGS) {
            let id = format!("{entry}.{}", basic(span.from));
            let times = vec![format!("DTSTART:{}Z", basic(span.from)), format!("DTEND:{}Z", basic(span.until))];
            self.event(exported, &entry, &id, times);
        }
    }

    /// Writes the entry as recurrences if they say exactly what the window does; answers whether.
    fn recurrences(&mut self, exported: &Exported<'_>, piece: &Piece) -> bool {
        let series = &piece.series;
        let alone = exported.window.pieces.iter().filter(|other| other.entry == piece.entry).count() == 1;
        let Some(rule) = series.rule().filter(|_| alone && series.is_only_its_rule()) else {
            return false;
        };
        let times = &rule.parts().times;
        let simple = !rule.parts().either_day
            && times.len() <= MOST_TIMES
            && (times.len() == 1 || rule.parts().positions.is_empty());
        let Some(skipped) = skipped_days(exported.window, series).filter(|_| simple) else {
            return false;
        };
        let events: Option<Vec<_>> =
            times.iter().map(|time| recurrence(rule, series, *time, &skipped, self.range.0)).collect();
        let Some(events) = events else { return false };
        let first = events.iter().map(|(start, _)| series.zone().instant(*start)).min().unwrap_or(self.range.0);
        if !self.zone(series.zone(), first) {
            return false;
        }
        for (start, lines) in events {
            let id = if times.len() == 1 {
                piece.entry.to_string()
            } else {
                format!("{}.{:04}", piece.entry, time_of(start) / HOUR * 100 + time_of(start) / 60 % 60)
            };
            self.event(exported, &piece.entry, &id, lines);
        }
        true
    }

    /// Notes that the zone is needed from an instant on; answers whether it can be written.
    fn zone(&mut self, zone: &Zone, from: i64) -> bool {
        if zone.name() == "UTC" {
            return true;
        }
        if zone_text::lines(zone, from).is_none() {
            return false;
        }
        match self.zones.iter_mut().find(|(known, _)| known.name() == zone.name()) {
            // A calendar may define a zone of its own under a name that is taken, and a file has one zone of a name.
            Some((known, _)) if known != zone => return false,
            Some((_, first)) => *first = from.min(*first),
            None => self.zones.push((zone.clone(), from)),
        }
        true
    }

    fn event(&mut self, exported: &Exported<'_>, entry: &str, id: &str, times: Vec<String>) {
        let window = exported.window;
        let host = exported.name.replace('/', ".");
        let busy = match window.window_type() {
            WindowType::Allow => "TRANSPARENT",
            WindowType::Freeze => "OPAQUE",
        };
        self.events.push("BEGIN:VEVENT".to_owned());
        self.events.push(format!("UID:{}@{}.rollcall.dev", escaped(&id.replace(' ', "-")), escaped(&host)));
        self.events.push(format!("DTSTAMP:{}Z", basic(self.stamp)));
        self.events.push(format!("SEQUENCE:{}", exported.sequence.max(0)));
        self.events.extend(times);
        self.events.push(format!(
            "SUMMARY:{}",
            escaped(&format!("{}: {} ({entry})", window.window_type().as_str(), exported.name))
        ));
        if !window.reason().is_empty() {
            self.events.push(format!("DESCRIPTION:{}", escaped(window.reason())));
        }
        self.events.push(format!("CATEGORIES:{}", window.window_type().as_str()));
        self.events.push(format!("TRANSP:{busy}"));
        self.events.push("END:VEVENT".to_owned());
    }
}

/// The days to write as EXDATE; none if a change cannot be written so.
fn skipped_days(window: &Window, series: &Series) -> Option<Vec<i64>> {
    let days = window.changes.iter().map(|change| match change {
        Change::SkipDay(span) if series.within_a_day() => Some(vec![day_of(series.zone().wall(span.from))]),
        Change::Add(..) => Some(Vec::new()),
        Change::SkipDay(_) | Change::SkipTime(_) => None,
    });
    // An addition that a later skip cuts is not what it says; those are rare and are written opening by opening.
    let mixed = window.changes.iter().any(|change| matches!(change, Change::Add(..)))
        && window.changes.iter().any(|change| !matches!(change, Change::Add(..)));
    let days: Option<Vec<Vec<i64>>> = days.collect();
    days.filter(|_| !mixed).map(|days| days.concat())
}

/// The start and the lines of the event for one time of day; none if it has no start or no zone can say it.
fn recurrence(rule: &Rule, series: &Series, time: i64, skipped: &[i64], from: i64) -> Option<(Wall, Vec<String>)> {
    let zone = series.zone();
    let mut parts = rule.parts().clone();
    parts.times = vec![time];
    let until = match parts.end {
        End::Never => None,
        End::Until(instant) => Some(instant),
        // A count is of all times of day together.
        End::Count(_) => Some(zone.instant(rule.last())),
    };
    parts.end = until.map_or(End::Never, End::Until);
    // A schedule without a beginning is written from the year of the export on.
    let new_year = |year| Date { year, month: 1, day: 1 }.number() * DAY;
    let endless = rule.start() < new_year(2);
    let begin = if endless { new_year(Date::from_number(day_of(from)).year) } else { rule.start() };
    let start = Rule::new(parts.clone(), rule.start()).next(begin)?;
    let at = |name: &str, wall: Wall| {
        if zone.name() == "UTC" {
            format!("{name}:{}Z", basic(wall))
        } else {
            format!("{name};TZID={}:{}", zone.name(), basic(wall))
        }
    };
    let mut lines = vec![at("DTSTART", start)];
    lines.push(match series.length() {
        Length::Span { days, seconds } => format!("DURATION:{}", duration(days, seconds)),
        other => at("DTEND", start + other.nominal(start)),
    });
    lines.push(format!(
        "RRULE:{}{}",
        rule_text(&parts),
        until.map(|until| format!(";UNTIL={}Z", basic(until))).unwrap_or_default()
    ));
    lines.extend(skipped.iter().map(|day| at("EXDATE", day * DAY + time)));
    Some((start, lines))
}

/// TEXT of RFC 5545 section 3.3.11.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            _ if letter.is_control() => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Lines of at most 75 octets, never cut inside of a letter (RFC 5545 section 3.1).
fn folded(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 2);
    let mut octets = 0;
    for letter in line.chars() {
        if octets + letter.len_utf8() > 75 {
            folded.push_str("\r\n ");
            octets = 1;
        }
        folded.push(letter);
        octets += letter.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
