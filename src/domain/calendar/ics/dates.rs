//! Dates and times of a calendar file, and the zone each is read in.

use std::collections::HashMap;

use super::super::basic::{Until, parse_basic};
use super::super::civil::{DAY, DayNumber, Wall};
use super::super::fault::{CalendarFault, quoted};
use super::super::length::Length;
use super::super::zone::Zone;
use super::lines::Property;
use super::windows_names;

/// The zones of one file.
pub(crate) struct Clock {
    /// For times without a zone.
    pub floating: Zone,
    /// Those that the file defines, by TZID.
    pub zones: HashMap<String, Zone>,
}

/// One date or time with its zone.
#[derive(Debug, Clone)]
pub(crate) struct When {
    pub zone: Zone,
    pub value: Moment,
    /// It is read in the calendar's own zone because it names none.
    pub floating: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Day(DayNumber),
    Time(Wall),
}

/// A value of RDATE: a start, and its own length if it is a PERIOD.
pub(crate) type Period = (When, Option<Length>);

impl When {
    /// Midnight for a day.
    pub fn wall(&self) -> Wall {
        match self.value {
            Moment::Day(day) => day * DAY,
            Moment::Time(wall) => wall,
        }
    }

    pub fn instant(&self) -> i64 {
        self.zone.instant(self.wall())
    }

    /// The same instant on the wall of another zone. Days and times of the same zone keep what they say.
    pub fn wall_in(&self, zone: &Zone) -> Wall {
        match self.value {
            Moment::Time(wall) if self.zone != *zone => zone.wall(self.zone.instant(wall)),
            _ => self.wall(),
        }
    }
}

impl Clock {
    /// The only value of a property.
    pub fn one(&self, property: &Property) -> Result<When, CalendarFault> {
        self.value(property, &property.value)
    }

    /// All values of a property that holds a list.
    pub fn list(&self, property: &Property) -> Result<Vec<When>, CalendarFault> {
        property.value.split(',').map(|value| self.value(property, value)).collect()
    }

    /// All values of an RDATE, which may be periods (RFC 5545 section 3.3.9).
    pub fn periods(&self, property: &Property) -> Result<Vec<Period>, CalendarFault> {
        property.value.split(',').map(|value| self.period(property, value)).collect()
    }

    fn period(&self, property: &Property, value: &str) -> Result<Period, CalendarFault> {
        let Some((start, end)) = value.split_once('/') else {
            return Ok((self.value(property, value)?, None));
        };
        let start = self.value(property, start)?;
        if end.starts_with(['P', '+']) {
            let length = Length::rfc5545(end).map_err(|fault| property.fault(fault.message))?;
            return Ok((start, Some(length)));
        }
        let end = self.value(property, end)?;
        let length = Length::Span { days: 0, seconds: end.instant() - start.instant() };
        if end.instant() <= start.instant() {
            return Err(property.fault(format!("{} ends before it starts", quoted(value))));
        }
        Ok((start, Some(length)))
    }

    fn value(&self, property: &Property, text: &str) -> Result<When, CalendarFault> {
        let wrong = || property.fault(format!("{} is not a date or time of RFC 5545", quoted(text)));
        let only_days = property.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"));
        match parse_basic(text.trim()).ok_or_else(wrong)? {
            Until::Date(day) => Ok(self.floating(Moment::Day(day))),
            _ if only_days => Err(wrong()),
            Until::Instant(instant) => Ok(When { zone: Zone::utc(), value: Moment::Time(instant), floating: false }),
            Until::Wall(wall) => match property.parameter("TZID") {
                None => Ok(self.floating(Moment::Time(wall))),
                Some(name) => Ok(When { zone: self.zone(property, name)?, value: Moment::Time(wall), floating: false }),
            },
        }
    }

    fn floating(&self, value: Moment) -> When {
        When { zone: self.floating.clone(), value, floating: true }
    }

    fn zone(&self, property: &Property, name: &str) -> Result<Zone, CalendarFault> {
        if let Some(zone) = self.zones.get(name) {
            return Ok(zone.clone());
        }
        let known = Zone::named(name).or_else(|fault| windows_names::zone(name).ok_or(fault));
        known.map_err(|_| {
            let remedy = "add its VTIMEZONE to the file, or use an IANA name";
            property.fault(format!("the zone {} is neither in the file nor known: {remedy}", quoted(name)))
        })
    }
}
