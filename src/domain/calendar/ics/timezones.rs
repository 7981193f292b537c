//! VTIMEZONE: the zones that a calendar file defines itself (RFC 5545 section 3.6.5).

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::super::basic::{Until, parse_basic};
use super::super::civil::{DAY, Date, HOUR, Wall, digits};
use super::super::fault::{CalendarFault, quoted};
use super::super::rrule;
use super::super::rule::{End, Rule};
use super::super::zone::{Shift, Zone};
use super::lines::{Component, Property};

/// Zones of one file.
const MOST_ZONES: usize = 100;
/// Changes of offset of one zone: two a year for two thousand years, and some.
const MOST_SHIFTS: usize = 5_000;
/// Rules are followed to the end of this year; from then on the last offset holds.
const LAST_YEAR: i32 = 2_500;

pub(crate) fn read(calendars: &[Component], faults: &mut Vec<CalendarFault>) -> HashMap<String, Zone> {
    let mut zones = HashMap::new();
    let inside = calendars.iter().flat_map(|calendar| &calendar.inside);
    for component in inside.filter(|component| component.name == "VTIMEZONE") {
        let Some(name) = component.first("TZID") else {
            faults.push(CalendarFault::new(format!("line {}", component.line), "this VTIMEZONE has no TZID"));
            continue;
        };
        if zones.len() >= MOST_ZONES {
            faults.push(name.fault(format!("the file defines more than {MOST_ZONES} zones")));
            return zones;
        }
        match zone(&name.value, component) {
            Ok(zone) => drop(zones.insert(name.value.clone(), zone)),
            Err(fault) => faults.push(fault),
        }
    }
    zones
}

fn zone(name: &str, component: &Component) -> Result<Zone, CalendarFault> {
    let mut shifts = Vec::new();
    for part in component.inside.iter().filter(|part| matches!(part.name.as_str(), "STANDARD" | "DAYLIGHT")) {
        observance(part, &mut shifts)?;
        if shifts.len() > MOST_SHIFTS {
            let message = format!("the zone {} changes its offset more than {MOST_SHIFTS} times", quoted(name));
            return Err(CalendarFault::new(format!("line {}", component.line), message));
        }
    }
    if shifts.is_empty() {
        let message = format!("the zone {} has neither STANDARD nor DAYLIGHT", quoted(name));
        return Err(CalendarFault::new(format!("line {}", component.line), message));
    }
    shifts.sort_unstable_by_key(|shift| (shift.at, shift.after));
    shifts.dedup_by_key(|shift| shift.at);
    let initial = shifts[0].before;
    // What came before counts, not what TZOFFSETFROM claims: files that leave out years contradict themselves.
    let mut before = initial;
    for shift in &mut shifts {
        shift.before = before;
        before = shift.after;
    }
    shifts.retain(|shift| shift.before != shift.after);
    Ok(Zone::of_calendar(name, initial, shifts))
}

fn observance(part: &Component, shifts: &mut Vec<Shift>) -> Result<(), CalendarFault> {
    let missing =
        |what: &str| CalendarFault::new(format!("line {}", part.line), format!("this {} has no {what}", part.name));
    let required = |what: &'static str| part.first(what).ok_or_else(|| missing(what));
    let before = offset(required("TZOFFSETFROM")?)?;
    let after = offset(required("TZOFFSETTO")?)?;
    let start = onset(required("DTSTART")?)?;
    let mut onsets = vec![start];
    if let Some(property) = part.first("RRULE") {
        let text = rrule::parse(&property.value).map_err(|fault| property.fault(fault.message))?;
        let mut parts = text.times_from(start);
        // Everything here is a wall time before the change, so an UNTIL in UTC is moved onto that wall.
        let last = match text.until {
            Some(Until::Instant(instant)) => instant + before,
            Some(Until::Wall(wall)) => wall,
            Some(Until::Date(day)) => day * DAY + DAY - 1,
            None => Date { year: LAST_YEAR, month: 12, day: 31 }.number() * DAY,
        };
        parts.end = text.count.map_or(End::Never, End::Count);
        Rule::new(parts, start).walk(start, last, &mut |wall| {
            onsets.push(wall);
            if onsets.len() > MOST_SHIFTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    for property in part.all("RDATE") {
        for value in property.value.split(',') {
            match parse_basic(value.trim()) {
                Some(Until::Wall(wall)) => onsets.push(wall),
                _ => return Err(property.fault(format!("{} is not a wall time", quoted(value)))),
            }
        }
    }
    shifts.extend(onsets.into_iter().map(|wall| Shift { at: wall - before, before, after }));
    Ok(())
}

fn onset(property: &Property) -> Result<Wall, CalendarFault> {
    match parse_basic(property.value.trim()) {
        Some(Until::Wall(wall)) => Ok(wall),
        _ => Err(property.fault(format!("{} is not a wall time", quoted(&property.value)))),
    }
}

/// `+HHMM` or `-HHMMSS`, less than a day (RFC 5545 section 3.3.14).
fn offset(property: &Property) -> Result<i64, CalendarFault> {
    let text = property.value.trim().as_bytes();
    let read = || {
        let sign = match text.first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let seconds = match text.len() {
            5 => 0,
            7 => digits(&text[5..7]).filter(|second| *second < 60)?,
            _ => return None,
        };
        let hours = digits(&text[1..3]).filter(|hour| *hour < 24)?;
        let minutes = digits(&text[3..5]).filter(|minute| *minute < 60)?;
        Some(sign * (i64::from(hours) * HOUR + i64::from(minutes) * 60 + i64::from(seconds)))
    };
    read().ok_or_else(|| property.fault(format!("{} is not an offset such as +0100", quoted(&property.value))))
}

#[cfg(test)]
#[path = "timezones_tests.rs"]
mod tests;
