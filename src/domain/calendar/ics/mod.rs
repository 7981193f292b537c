//! iCalendar (RFC 5545): reading a file that others wrote, and writing one that others read.
//!
//! Nothing here fetches anything or knows where a text came from. The reader is our own, because a library's would
//! hand over recurrence rules and zones that we refuse or read differently; it is strict in structure and patient with
//! what common programs write (see [`Calendar::parse`]).

mod dates;
mod events;
mod export;
mod lines;
mod rule_text;
mod timezones;
mod windows_names;
mod zone_text;

pub use export::{Exported, export};

use super::fault::CalendarFault;
use super::series::Series;
use super::zone::Zone;

/// The largest text that is read: what a ConfigMap can hold.
pub(crate) const MOST_BYTES: usize = 1_048_576;
/// The most events of a text.
pub(crate) const MOST_EVENTS: usize = 5_000;
/// Faults after which reading stops: the first ones tell what is wrong.
const MOST_FAULTS: usize = 20;

/// A calendar file, read and checked.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    pub(crate) events: Vec<Event>,
}

/// One event: a VEVENT with its recurrence, or one replaced instance of it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub categories: Vec<String>,
    /// Days, not times of day (VALUE=DATE).
    pub all_day: bool,
    pub series: Vec<Series>,
}

impl Calendar {
    /// Reads a calendar. Times without a zone, and days, are of the zone `floating`.
    ///
    /// Cancelled events and instances are left out; a RECURRENCE-ID replaces its instance. A TZID means the VTIMEZONE
    /// of the file if it has one, else the IANA zone, else the zone that Windows calls so. A start that does not match
    /// its own rule is no occurrence. As common programs write them, an UNTIL without a zone is read in the event's,
    /// and an EXDATE that is a day leaves out the whole day. As people mean it, a DTEND in the zone of its DTSTART is a
    /// time on the wall: what goes on from 22:00 to 06:00 does so in the nights in which the clock changes too.
    ///
    /// Bounds: 1 MiB, 5,000 events, 100 zones, 20,000 dates, a nesting of 8, and `COUNT`s of 100,000 in sum.
    ///
    /// # Errors
    ///
    /// The first twenty faults, each with its line. One wrong event is a fault of the whole calendar: what is left of
    /// a freeze without it would open what should be closed. Unknown properties and components are no fault.
    pub fn parse(text: &str, floating: &Zone) -> Result<Calendar, Vec<CalendarFault>> {
        if text.len() > MOST_BYTES {
            let message = format!("{} bytes, at most {MOST_BYTES} are read: keep past events elsewhere", text.len());
            return Err(vec![CalendarFault::new("", message)]);
        }
        let components = lines::components(text).map_err(|fault| vec![fault])?;
        let mut faults = Vec::new();
        let zones = timezones::read(&components, &mut faults);
        let clock = dates::Clock { floating: floating.clone(), zones };
        let events = events::read(&components, &clock, &mut faults);
        faults.truncate(MOST_FAULTS);
        if faults.is_empty() { Ok(Calendar { events }) } else { Err(faults) }
    }

    /// How many events count: cancelled ones do not, replaced instances do.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Every instance of every event that overlaps `[from, until)`, whole and unmerged, by start and end.
    pub fn instances(
        &self,
        from: chrono::DateTime<chrono::Utc>,
        until: chrono::DateTime<chrono::Utc>,
    ) -> Vec<(chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>)> {
        let (from, until) = (from.timestamp(), super::window::ceiling(until));
        let all = self.events.iter().flat_map(|event| &event.series);
        let mut spans: Vec<_> = all.flat_map(|series| series.openings(from, until)).collect();
        spans.sort_unstable();
        let instant = super::window::instant;
        spans.into_iter().filter_map(|span| Some((instant(span.from)?, instant(span.until)?))).collect()
    }
}

#[cfg(test)]
#[path = "ics_tests.rs"]
mod tests;
