//! iCalendar (RFC 5545): reading a file that others wrote, and writing one that others read.
//!
//! Nothing here fetches anything or knows where a text came from.

use super::fault::CalendarFault;
use super::series::Series;

/// A calendar file, read and checked.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    pub(crate) events: Vec<Event>,
}

/// One VEVENT with its recurrence.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub name: String,
    pub categories: Vec<String>,
    /// Days, not times of day (VALUE=DATE).
    pub all_day: bool,
    pub series: Vec<Series>,
}

impl Calendar {
    /// Reads a calendar.
    pub fn parse(_text: &str, _floating: &super::Zone) -> Result<Calendar, Vec<CalendarFault>> {
        Err(vec![CalendarFault::new("", "not read yet")])
    }
}
