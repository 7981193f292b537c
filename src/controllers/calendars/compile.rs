//! From a window and what is known of its calendars to the window as it governs.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Newest, Shelf};
use crate::api::window::CalendarRef;
use crate::cluster::ObjectKey;
use crate::cluster::config_maps::{CalendarName, ConfigMap};
use crate::cluster::objects;
use crate::domain::Faults;
use crate::domain::calendar::{Calendar, Governing, Window, Zone};
use crate::validate;

/// A window with its calendars.
pub struct Compiled {
    pub window: Result<Arc<Window>, Faults>,
    /// Every calendar that it names, in the order of its fields; one that it names twice stands here twice.
    pub calendars: Vec<(CalendarName, CalendarState)>,
}

/// Where one calendar stands.
#[derive(Clone, Debug)]
pub enum CalendarState {
    /// It has not been looked at yet; a copy, if there is one, is in force until then.
    Unread,
    /// The newest text is in force.
    Fresh(Arc<str>),
    /// The newest text cannot be had, or read, so the last good one is in force.
    LastGood { why: String, read_at: String },
    /// There is nothing to go by.
    Nothing { why: String },
}

impl Compiled {
    /// What it says to those whom the window governs.
    #[must_use]
    pub fn governing(&self, window: &objects::Window) -> Governing {
        match &self.window {
            Ok(sound) => Governing::Sound(sound.clone()),
            Err(faults) => Governing::Broken {
                window_type: validate::window_type(window.spec.window_type),
                fault: faults.to_string(),
                blocks_rollback: window.spec.blocks_rollback.unwrap_or(false),
            },
        }
    }
}

/// The versions of the ConfigMaps that a window names, and of their copies, or why there is none.
pub fn sources(window: &objects::Window, shelf: &dyn Shelf) -> Vec<String> {
    let version = |found: &Arc<ConfigMap>| format!("{} {}", found.meta.uid, found.meta.version);
    let source = |name: CalendarName| {
        let newest = match shelf.newest(&name.config_map) {
            Newest::Unread => "unread".to_owned(),
            Newest::Found(found) => version(&found),
            Newest::Absent => "absent".to_owned(),
            Newest::Refused(why) => format!("refused: {why}"),
        };
        let copy = shelf.copy(&name).as_ref().map(version);
        format!("{newest}, {}", copy.unwrap_or_else(|| shelf.copies_are_known().to_string()))
    };
    named(window).into_iter().map(source).collect()
}

/// The calendars that a window names.
#[must_use]
pub fn named(window: &objects::Window) -> Vec<CalendarName> {
    let entries = window.spec.schedule.iter().filter_map(|entry| entry.calendar.as_ref());
    let name = |reference| name(&window.meta.key.namespace, reference);
    entries.chain(window.spec.holidays.as_ref()).map(name).collect()
}

fn name(namespace: &str, reference: &CalendarRef) -> CalendarName {
    CalendarName { config_map: ObjectKey::new(namespace, reference.config_map.as_str()), key: reference.key.clone() }
}

/// Reads the calendars, and compiles the window with them.
#[must_use]
pub fn compile(window: &objects::Window, shelf: &dyn Shelf) -> Compiled {
    // Floating times are of the window's zone. If that does not exist, the window is refused for it anyway.
    let zone = Zone::named(&window.spec.time_zone).unwrap_or_else(|_| Zone::utc());
    let calendars = RefCell::new(Vec::new());
    let read = |reference: &CalendarRef| {
        let name = name(&window.meta.key.namespace, reference);
        let (calendar, state) = read(&name, &zone, shelf);
        calendars.borrow_mut().push((name, state));
        calendar
    };
    let compiled = validate::window(&window.spec, &read).map(Arc::new);
    Compiled { window: compiled, calendars: calendars.into_inner() }
}

fn read(name: &CalendarName, zone: &Zone, shelf: &dyn Shelf) -> (Result<Arc<Calendar>, String>, CalendarState) {
    let why = match newest(name, zone, shelf) {
        Ok((text, calendar)) => return (Ok(calendar), CalendarState::Fresh(text)),
        Err(why) => why,
    };
    let copy = shelf.copy(name);
    let good = copy.as_ref().and_then(|copy| parse(copy.copied(name)?, zone).ok());
    match (good, why) {
        (Some(calendar), None) => (Ok(calendar), CalendarState::Unread),
        (Some(calendar), Some(why)) => {
            let read_at = copy.and_then(|copy| copy.read_at.clone()).unwrap_or_default();
            (Ok(calendar), CalendarState::LastGood { why, read_at })
        }
        (None, Some(why)) if shelf.copies_are_known() => (Err(why.clone()), CalendarState::Nothing { why }),
        (None, _) => (Err("it has not been read yet".to_owned()), CalendarState::Unread),
    }
}

/// The newest text, read; or why there is none, which is not known as long as nobody has looked.
fn newest(name: &CalendarName, zone: &Zone, shelf: &dyn Shelf) -> Result<(Arc<str>, Arc<Calendar>), Option<String>> {
    let config_map = &name.config_map;
    let found = match shelf.newest(config_map) {
        Newest::Unread => return Err(None),
        Newest::Absent => return Err(Some(format!("ConfigMap {config_map} does not exist"))),
        Newest::Refused(why) => {
            let namespace = &config_map.namespace;
            return Err(Some(format!(
                "ConfigMap {config_map} cannot be read: {why}. Bind the ClusterRole rollcall-calendars to the operator \
                 in namespace {namespace}, or a Role that lets it get, list and watch this one ConfigMap"
            )));
        }
        Newest::Found(found) => found,
    };
    match found.calendars.get(&name.key) {
        Some(text) => parse(text, zone).map(|calendar| (text.clone(), calendar)).map_err(Some),
        None if found.others.contains(&name.key) => {
            Err(Some(format!("{name} is not an iCalendar: it does not begin with BEGIN:VCALENDAR")))
        }
        None => Err(Some(format!("ConfigMap {config_map} has no key {}", name.key))),
    }
}

/// Faults of a calendar that are told: the first ones show what is wrong with it.
const MOST_TOLD: usize = 3;

fn parse(text: &str, zone: &Zone) -> Result<Arc<Calendar>, String> {
    Calendar::parse(text, zone).map(Arc::new).map_err(|faults| {
        let mut told: Vec<String> = faults.iter().take(MOST_TOLD).map(ToString::to_string).collect();
        if faults.len() > MOST_TOLD {
            told.push(format!("and {} more", faults.len() - MOST_TOLD));
        }
        told.join("; ")
    })
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
