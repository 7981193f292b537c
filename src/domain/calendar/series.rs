//! A repeating or single opening in one zone: where wall times become instants.
//!
//! Semantics: RFC 5545 sections 3.3.5, 3.3.10 and 3.8.5. Starts that a zone moves onto each other are one start; an
//! interval that the zone makes empty is none.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::basic::Until;
use super::civil::{DAY, DayNumber, FIRST_WALL, HOUR, LAST_WALL, Wall, day_of};
use super::fault::CalendarFault;
use super::length::Length;
use super::rrule::RuleText;
use super::rule::{End, Parts, Rule};
use super::spans::Span;
use super::steady::Steady;
use super::zone::Zone;

/// No instant is further from the same wall time read in UTC, and no gap moves a wall time by more.
pub(crate) const MARGIN: i64 = 26 * HOUR;

/// Openings of one entry that may be open at the same time; more is a schedule that is always open, written badly.
const MOST_AT_ONCE: i64 = 20_000;

/// The start and the end of every opening of an entry.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    zone: Zone,
    rule: Option<Rule>,
    length: Length,
    /// Wall times that are added to the rule's, ascending.
    extra: Vec<Wall>,
    /// Wall times that are left out, ascending. They beat the rule and `extra`.
    left_out: Vec<Wall>,
    /// Days that are left out as a whole, ascending.
    left_out_days: Vec<DayNumber>,
}

impl Series {
    /// One opening.
    pub fn once(zone: Zone, start: Wall, length: Length) -> Series {
        Series { zone, rule: None, length, extra: vec![start], left_out: Vec::new(), left_out_days: Vec::new() }
    }

    /// The openings of parts whose times of day are complete.
    pub fn repeating(zone: Zone, parts: Parts, start: Wall, length: Length) -> Result<Series, CalendarFault> {
        let days_open = length.at_most() / DAY + 1;
        if parts.times.len() as i64 * days_open > MOST_AT_ONCE {
            let message = "more than 20,000 openings would be open at once: start less often or shorten the duration";
            return Err(CalendarFault::new("", message));
        }
        Ok(Series {
            zone,
            rule: Some(Rule::new(parts, start)),
            length,
            extra: Vec::new(),
            left_out: Vec::new(),
            left_out_days: Vec::new(),
        })
    }

    /// The openings of a recurrence rule. An `UNTIL` without a zone is read in the series' own.
    pub fn recurring(zone: Zone, rule: &RuleText, start: Wall, length: Length) -> Result<Series, CalendarFault> {
        let mut parts = rule.times_from(start);
        parts.end = match (rule.count, rule.until) {
            (Some(count), _) => End::Count(count),
            (None, Some(Until::Instant(instant))) => End::Until(instant),
            (None, Some(Until::Wall(wall))) => End::Until(zone.instant(wall)),
            // A date includes its whole day.
            (None, Some(Until::Date(day))) => End::Until(zone.instant(day * DAY + DAY - 1)),
            (None, None) => End::Never,
        };
        Series::repeating(zone, parts, start, length)
    }

    /// The same with these wall times added and those left out (RDATE and EXDATE).
    pub fn with_dates(mut self, extra: Vec<Wall>, left_out: Vec<Wall>) -> Series {
        self.extra.extend(extra);
        self.extra.sort_unstable();
        self.extra.dedup();
        self.left_out.extend(left_out);
        self.left_out.sort_unstable();
        self.left_out.dedup();
        self
    }

    /// The same without what starts on these days.
    pub fn without_days(mut self, mut days: Vec<DayNumber>) -> Series {
        days.sort_unstable();
        self.left_out_days = days;
        self
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    pub fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }

    pub fn length(&self) -> Length {
        self.length
    }

    /// Whether it is its rule and nothing else: no added and no left out dates.
    pub fn is_only_its_rule(&self) -> bool {
        self.extra.is_empty() && self.left_out.is_empty() && self.left_out_days.is_empty()
    }

    /// Whether every opening lasts a day or less on the wall, so that it belongs wholly to the day it starts on.
    pub fn within_a_day(&self) -> bool {
        match self.length {
            Length::Span { days, seconds } => days * DAY + seconds <= DAY,
            Length::Clock(_) => true,
            Length::Nominal(seconds) => seconds <= DAY,
            Length::Wall(until) => self.extra.iter().all(|start| until - start <= DAY),
        }
    }

    /// From when on its openings repeat, or there are none; nothing if that is not known.
    pub fn steady(&self) -> Option<Steady> {
        let days = self.left_out_days.last().map(|day| day * DAY);
        let dates = [self.extra.last().copied(), self.left_out.last().copied(), days].into_iter().flatten().max();
        let (dates, longest) = match self.length {
            Length::Wall(until) => (dates.max(Some(until)), 0),
            // Longer by a day than any is: so long lasts what a holiday skips, or a day that is left out.
            _ => (dates, self.length.at_most()),
        };
        let (dates, longest) = (dates.unwrap_or(FIRST_WALL), longest + MARGIN);
        match &self.rule {
            None => Some(Steady::after(dates.saturating_add(longest))),
            Some(rule) if rule.last() < LAST_WALL => {
                Some(Steady::after(dates.max(rule.last()).saturating_add(longest)))
            }
            Some(rule) if rule.is_weekly() => Steady::weekly(dates.max(rule.start()), &self.zone, longest),
            Some(_) => None,
        }
    }

    /// How far before an instant an opening that holds it can have started.
    fn look_back(&self) -> i64 {
        match self.length {
            Length::Wall(until) => self.extra.first().map_or(0, |start| until - start),
            _ => self.length.at_most(),
        }
    }

    /// Every opening that overlaps `[from, until)`, whole, by start and end. One start may have several ends.
    pub fn openings(&self, from: i64, until: i64) -> Vec<Span> {
        let mut found = Vec::new();
        self.each_wall(from.saturating_sub(self.look_back()), until, &mut |wall| {
            if let Some(span) = self.opening(wall)
                && span.from < until
                && span.until > from
            {
                found.push(span);
            }
            ControlFlow::Continue(())
        });
        // A wall time that a gap moves may come before one that follows it.
        if !found.is_sorted() {
            found.sort_unstable();
        }
        found.dedup();
        found
    }

    /// The opening that this wall time begins; nothing if the zone leaves no time for it.
    pub fn opening(&self, wall: Wall) -> Option<Span> {
        let from = self.start(wall)?;
        let until = self.length.end(&self.zone, wall, from);
        (until > from).then_some(Span { from, until })
    }

    /// Whether the start is an occurrence of its own rule. A rule that ends before its start has none to disagree with.
    pub fn matches_start(&self) -> bool {
        let agrees = |rule: &Rule| rule.next(rule.start()) == Some(rule.start()) || self.has_ended(rule.start());
        self.rule.as_ref().is_none_or(agrees)
    }

    /// Whether the rule's UNTIL lies before this wall time.
    pub fn has_ended(&self, wall: Wall) -> bool {
        self.start(wall).is_none()
    }

    /// The instant of a start, unless it lies behind the rule's UNTIL.
    fn start(&self, wall: Wall) -> Option<i64> {
        let start = self.zone.instant(wall);
        match self.rule.as_ref().map(|rule| rule.parts().end) {
            Some(End::Until(last)) if start > last && self.extra.binary_search(&wall).is_err() => None,
            _ => Some(start),
        }
    }

    /// Every start with `from <= start < until`, ascending.
    pub fn starts(&self, from: i64, until: i64) -> Vec<i64> {
        let mut found = Vec::new();
        self.each_wall(from, until, &mut |wall| {
            found.extend(self.start(wall).filter(|start| (from..until).contains(start)));
            ControlFlow::Continue(())
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The first start at or after an instant. Bounded by proof, as [`Rule`] says.
    pub fn next_start(&self, from: i64) -> Option<i64> {
        let mut next: Option<i64> = None;
        let mut give_up = i64::MAX;
        self.each_wall(from, i64::MAX, &mut |wall| {
            if wall > give_up {
                return ControlFlow::Break(());
            }
            if let Some(start) = self.start(wall).filter(|start| *start >= from) {
                next = Some(next.map_or(start, |known| known.min(start)));
                // Only what a gap reorders can still come before it.
                give_up = give_up.min(wall + MARGIN);
            }
            ControlFlow::Continue(())
        });
        next
    }

    /// The first `count` starts.
    pub fn first_starts(&self, count: usize) -> Vec<i64> {
        let mut found = Vec::new();
        let mut next = self.next_start(i64::MIN);
        while let Some(start) = next.filter(|_| found.len() < count) {
            found.push(start);
            next = self.next_start(start + 1);
        }
        found
    }

    /// The wall times whose instants can lie in `[from, until)`, ascending, those left out removed. One that the rule
    /// has and that is added too may come twice.
    pub fn each_wall(&self, from: i64, until: i64, visit: &mut dyn FnMut(Wall) -> ControlFlow<()>) {
        let first = from.saturating_sub(MARGIN);
        let last = until.saturating_add(MARGIN).min(LAST_WALL);
        let mut extra = self.extra[self.extra.partition_point(|wall| *wall < first)..].iter().copied().peekable();
        let stopped = Cell::new(false);
        let mut offer = |wall: Wall| {
            let left_out =
                self.left_out.binary_search(&wall).is_ok() || self.left_out_days.binary_search(&day_of(wall)).is_ok();
            let flow = if left_out { ControlFlow::Continue(()) } else { visit(wall) };
            stopped.set(flow.is_break());
            flow
        };
        if let Some(rule) = &self.rule {
            rule.walk(first, last, &mut |wall| {
                while let Some(added) = extra.next_if(|added| *added <= wall) {
                    offer(added)?;
                }
                offer(wall)
            });
        }
        while let Some(added) = extra.next_if(|added| *added <= last).filter(|_| !stopped.get()) {
            let _ = offer(added);
        }
    }
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
