//! VEVENT: what happens when, with its repetitions, exceptions and replaced instances.

use std::collections::{HashMap, HashSet};

use super::super::basic::Until;
use super::super::civil::{DAY, DayNumber, Wall, day_of, time_of};
use super::super::fault::CalendarFault;
use super::super::length::Length;
use super::super::rrule::{self, RuleText};
use super::super::series::Series;
use super::dates::{Clock, Moment, When};
use super::lines::{Component, Property, texts};
use super::{Event, MOST_EVENTS, MOST_FAULTS};

/// EXDATE and RDATE values of one file.
const MOST_DATES: usize = 20_000;
/// The sum of all COUNTs of one file: each is walked once.
const MOST_COUNTED: u64 = 100_000;

/// A VEVENT, read but not yet related to the others of its UID.
struct Draft<'a> {
    component: &'a Component,
    uid: &'a str,
    sequence: u32,
    cancelled: bool,
    replaces: Option<When>,
    /// EXDATE
    left_out: Vec<When>,
    start: When,
    length: Length,
}

pub(crate) fn read(calendars: &[Component], clock: &Clock, faults: &mut Vec<CalendarFault>) -> Vec<Event> {
    let mut spent = Spent { dates: 0, counted: 0 };
    let drafts = latest(drafts(calendars, clock, &mut spent, faults));
    let mut replaced: HashMap<&str, Vec<&When>> = HashMap::new();
    // An instance that its series leaves out stays away, even if another event would replace it.
    let mut gone: HashSet<(&str, i64)> = HashSet::new();
    for draft in &drafts {
        if let Some(when) = &draft.replaces {
            replaced.entry(draft.uid).or_default().push(when);
        }
        gone.extend(draft.left_out.iter().map(|when| (draft.uid, when.instant())));
    }
    let counts = |draft: &&Draft<'_>| {
        let is_gone = |when: &When| gone.contains(&(draft.uid, when.instant()));
        !draft.cancelled && !draft.replaces.as_ref().is_some_and(is_gone)
    };
    let mut events = Vec::new();
    for draft in drafts.iter().filter(counts) {
        let others = replaced.get(draft.uid).map(Vec::as_slice).unwrap_or_default();
        match event(draft, others, clock, &mut spent) {
            Ok(event) => events.push(event),
            Err(fault) => faults.push(fault),
        }
        if faults.len() >= MOST_FAULTS {
            break;
        }
    }
    events
}

/// Every VEVENT by itself.
fn drafts<'a>(
    calendars: &'a [Component],
    clock: &Clock,
    spent: &mut Spent,
    faults: &mut Vec<CalendarFault>,
) -> Vec<Draft<'a>> {
    let inside = calendars.iter().flat_map(|calendar| &calendar.inside);
    let components: Vec<&Component> = inside.filter(|component| component.name == "VEVENT").collect();
    if components.len() > MOST_EVENTS {
        let message =
            format!("{} events, at most {MOST_EVENTS} are read: keep past events elsewhere", components.len());
        faults.push(CalendarFault::new("", message));
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for component in components {
        match draft(component, clock, spent) {
            Ok(draft) => drafts.push(draft),
            Err(fault) => faults.push(fault),
        }
        if faults.len() >= MOST_FAULTS {
            return Vec::new();
        }
    }
    drafts
}

/// What the bounds of a file are counted with.
struct Spent {
    dates: usize,
    counted: u64,
}

fn draft<'a>(component: &'a Component, clock: &Clock, spent: &mut Spent) -> Result<Draft<'a>, CalendarFault> {
    let missing =
        |what: &str| CalendarFault::new(format!("line {}", component.line), format!("this VEVENT has no {what}"));
    let start = clock.one(component.first("DTSTART").ok_or_else(|| missing("DTSTART"))?)?;
    let replaces = component.first("RECURRENCE-ID").map(|property| replaced(property, clock)).transpose()?;
    if let Some(obsolete) = component.first("EXRULE") {
        return Err(obsolete.fault("is obsolete (RFC 5545 appendix A): write EXDATE"));
    }
    let mut left_out = Vec::new();
    for property in component.all("EXDATE") {
        for when in clock.list(property)? {
            spent.date(property)?;
            left_out.push(when);
        }
    }
    let word = |name: &str| component.first(name).map(|property| property.value.trim()).unwrap_or_default();
    Ok(Draft {
        component,
        uid: word("UID"),
        sequence: word("SEQUENCE").parse().unwrap_or(0),
        cancelled: word("STATUS").eq_ignore_ascii_case("CANCELLED"),
        replaces,
        left_out,
        length: length(component, &start, clock)?,
        start,
    })
}

fn replaced(property: &Property, clock: &Clock) -> Result<When, CalendarFault> {
    if property.parameter("RANGE").is_some() {
        return Err(property.fault("RANGE=THISANDFUTURE is not supported: end the series and start another"));
    }
    clock.one(property)
}

/// RFC 5545 section 3.6.1: until DTEND, or for DURATION; without both a day for a day and nothing for a time.
fn length(component: &Component, start: &When, clock: &Clock) -> Result<Length, CalendarFault> {
    let is_day = matches!(start.value, Moment::Day(_));
    if let Some(property) = component.first("DTEND") {
        let end = clock.one(property)?;
        if matches!(end.value, Moment::Day(_)) != is_day {
            return Err(property.fault("is a day and DTSTART a time, or the other way round: write both alike"));
        }
        let length = if end.zone == start.zone {
            Length::Nominal(end.wall() - start.wall())
        } else {
            Length::Span { days: 0, seconds: end.instant() - start.instant() }
        };
        return match length.nominal(start.wall()) {
            ..0 => Err(property.fault("is before DTSTART")),
            _ => Ok(length),
        };
    }
    match component.first("DURATION") {
        Some(property) if is_zero(&property.value) => Ok(Length::Nominal(0)),
        Some(property) => Length::rfc5545(property.value.trim()).map_err(|fault| property.fault(fault.message)),
        None => Ok(Length::Nominal(if is_day { DAY } else { 0 })),
    }
}

/// A duration of nothing, which an event may have and an opening may not.
fn is_zero(text: &str) -> bool {
    matches!(text.trim(), "PT0S" | "PT0M" | "PT0H" | "P0D" | "P0W")
}

/// Of several revisions of one event or instance the one with the highest SEQUENCE, of equal ones the last.
fn latest(drafts: Vec<Draft<'_>>) -> Vec<Draft<'_>> {
    let mut best: HashMap<(&str, Option<i64>), usize> = HashMap::new();
    let mut superseded = vec![false; drafts.len()];
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.uid.is_empty()) {
        let key = (draft.uid, draft.replaces.as_ref().map(When::instant));
        let other = best.entry(key).or_insert(index);
        if *other != index {
            let old = if drafts[*other].sequence > draft.sequence { index } else { *other };
            superseded[old] = true;
            *other = if old == index { *other } else { index };
        }
    }
    drafts.into_iter().zip(superseded).filter(|(_, superseded)| !superseded).map(|(draft, _)| draft).collect()
}

fn event(draft: &Draft<'_>, replaced: &[&When], clock: &Clock, spent: &mut Spent) -> Result<Event, CalendarFault> {
    let component = draft.component;
    let all_day = matches!(draft.start.value, Moment::Day(_));
    let zone = &draft.start.zone;
    let start = draft.start.wall();
    let once = || Series::once(zone.clone(), start, draft.length);
    let mut series = Vec::new();
    let mut rules = component.all("RRULE").peekable();
    if draft.replaces.is_some() || rules.peek().is_none() {
        series.push(once());
    }
    if draft.replaces.is_none() {
        for property in rules {
            let rule = rrule::parse(&property.value).map_err(|fault| property.fault(fault.message))?;
            spent.counted += u64::from(rule.count.unwrap_or(0));
            if spent.counted > MOST_COUNTED {
                return Err(
                    property.fault(format!("the COUNTs of this file add up to more than {MOST_COUNTED}: use UNTIL"))
                );
            }
            let repeated = Series::recurring(zone.clone(), &local_until(rule, &draft.start), start, draft.length);
            series.push(repeated.map_err(|fault| property.fault(fault.message))?);
        }
        let (extra, periods) = added(draft, clock, spent)?;
        let (left_out, left_out_days) = left_out(draft, replaced);
        if let Some(first) = series.first_mut() {
            *first = first.clone().with_dates(extra, Vec::new());
        }
        series.extend(periods);
        for one in &mut series {
            *one = one.clone().with_dates(Vec::new(), left_out.clone()).without_days(left_out_days.clone());
        }
    }
    let categories = component.all("CATEGORIES").flat_map(|property| texts(&property.value)).collect();
    Ok(Event { categories, all_day, series })
}

/// RDATE: further starts, and periods with a length of their own.
fn added(draft: &Draft<'_>, clock: &Clock, spent: &mut Spent) -> Result<(Vec<Wall>, Vec<Series>), CalendarFault> {
    let mut walls = Vec::new();
    let mut periods = Vec::new();
    let zone = &draft.start.zone;
    for property in draft.component.all("RDATE") {
        for (when, length) in clock.periods(property)? {
            spent.date(property)?;
            let wall = match when.value {
                // A day, where the event has a time, is that time on that day.
                Moment::Day(day) => day * DAY + time_of(draft.start.wall()),
                Moment::Time(_) => when.wall_in(zone),
            };
            match length {
                Some(length) => periods.push(Series::once(zone.clone(), wall, length)),
                None => walls.push(wall),
            }
        }
    }
    Ok((walls, periods))
}

/// EXDATE and the instances that other events replace: wall times, and whole days.
fn left_out(draft: &Draft<'_>, replaced: &[&When]) -> (Vec<Wall>, Vec<DayNumber>) {
    let is_day = matches!(draft.start.value, Moment::Day(_));
    let (mut walls, mut days) = (Vec::new(), Vec::new());
    for when in draft.left_out.iter().chain(replaced.iter().copied()) {
        match (when.value, is_day) {
            (Moment::Day(day), _) => days.push(day),
            (Moment::Time(_), true) => days.push(day_of(when.wall())),
            (Moment::Time(_), false) => walls.push(when.wall_in(&draft.start.zone)),
        }
    }
    (walls, days)
}

/// The rule with its UNTIL as the start has it: a start without a zone has a local one, a day has a day (RFC 5545
/// section 3.3.10), whatever the file writes.
fn local_until(mut rule: RuleText, start: &When) -> RuleText {
    rule.until = match (rule.until, start.value) {
        (Some(Until::Instant(wall) | Until::Wall(wall)), Moment::Day(_)) => Some(Until::Date(day_of(wall))),
        (Some(Until::Instant(wall)), Moment::Time(_)) if start.floating => Some(Until::Wall(wall)),
        (until, _) => until,
    };
    rule
}

impl Spent {
    fn date(&mut self, property: &Property) -> Result<(), CalendarFault> {
        self.dates += 1;
        if self.dates > MOST_DATES {
            return Err(property.fault(format!("more than {MOST_DATES} single dates stand in this file")));
        }
        Ok(())
    }
}
