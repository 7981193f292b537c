//! What is in force of a calendar, told by what people would see.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::cluster::config_maps::{copy, decode};

/// A shelf of one ConfigMap and its copy.
struct One {
    newest: Newest,
    copy: Option<Arc<ConfigMap>>,
    copies_are_known: bool,
}

impl Shelf for One {
    fn newest(&self, config_map: &ObjectKey) -> Newest {
        assert_eq!(config_map.to_string(), "shop/releases");
        self.newest.clone()
    }

    fn copy(&self, _: &CalendarName) -> Option<Arc<ConfigMap>> {
        self.copy.clone()
    }

    fn copies_are_known(&self) -> bool {
        self.copies_are_known
    }
}

fn calendar(hour: u32) -> String {
    format!(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20270104T{hour:02}0000Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}

fn found(text: &str) -> Newest {
    let data = BTreeMap::from([("team.ics", text)]);
    let map = json!({"metadata": {"namespace": "shop", "name": "releases", "uid": "u", "resourceVersion": "7"}, "data": data});
    Newest::Found(Arc::new(decode(&map.to_string()).expect("a ConfigMap")))
}

fn copied(text: &str) -> Option<Arc<ConfigMap>> {
    let name = CalendarName { config_map: ObjectKey::new("shop", "releases"), key: "team.ics".to_owned() };
    let copy = copy(&name, "rollcall-system", text, "2027-01-01T00:00:00Z");
    Some(Arc::new(decode(&copy.to_string()).expect("a ConfigMap")))
}

fn window() -> objects::Window {
    let window = json!({"metadata": {"namespace": "shop", "name": "team"}, "spec": {
        "type": "Allow", "timeZone": "UTC",
        "schedule": [{"name": "team", "calendar": {"configMap": "releases", "key": "team.ics"}}]}});
    objects::decode(&window.to_string()).expect("a window")
}

/// Whether it is open at 09:30 and at 10:30 on the day, if it can be compiled, and where the calendar stands.
fn check(newest: Newest, copy: Option<Arc<ConfigMap>>) -> (Option<[bool; 2]>, CalendarState) {
    check_with(One { newest, copy, copies_are_known: true })
}

fn check_with(shelf: One) -> (Option<[bool; 2]>, CalendarState) {
    let compiled = compile(&window(), &shelf);
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let open =
        compiled.window.ok().map(|w| [at("2027-01-04T09:30:00Z"), at("2027-01-04T10:30:00Z")].map(|at| w.covers(at)));
    let [(name, state)] = compiled.calendars.as_slice() else { panic!("one calendar") };
    assert_eq!(name.to_string(), "shop/releases/team.ics");
    (open, state.clone())
}

#[test]
fn the_newest_text_is_in_force_whatever_the_copy_says() {
    let (open, state) = check(found(&calendar(9)), copied(&calendar(10)));
    assert_eq!(open, Some([true, false]));
    assert!(matches!(state, CalendarState::Fresh(text) if *text == *calendar(9)));
}

#[test]
fn whatever_becomes_of_the_newest_text_the_last_good_copy_stays_in_force_and_it_is_said_why() {
    let broken = calendar(9).replace("DTSTART", "DTSTAR");
    for (newest, why) in [
        (found(&broken), "no DTSTART"),
        (found("password: hunter2"), "does not begin with BEGIN:VCALENDAR"),
        (Newest::Absent, "does not exist"),
        (Newest::Refused("no right".into()), "rollcall-calendars"),
    ] {
        let (open, state) = check(newest, copied(&calendar(10)));
        assert_eq!(open, Some([false, true]), "{why}");
        let CalendarState::LastGood { why: said, read_at } = state else { panic!("{why}: {state:?}") };
        assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
        assert_eq!(read_at, "2027-01-01T00:00:00Z");
    }
}

#[test]
fn without_a_copy_there_is_nothing_to_go_by() {
    for newest in [found("nothing"), Newest::Absent, Newest::Refused("no right".into())] {
        let (open, state) = check(newest, None);
        assert_eq!(open, None);
        assert!(matches!(state, CalendarState::Nothing { .. }), "{state:?}");
    }
}

#[test]
fn a_copy_of_another_calendar_or_one_that_is_no_calendar_is_none() {
    let (open, _) = check(Newest::Absent, copied("BEGIN:VCALENDAR\n"));
    assert_eq!(open, None);
    let name = CalendarName { config_map: ObjectKey::new("shop", "releases"), key: "other.ics".to_owned() };
    let other = decode(&copy(&name, "rollcall-system", &calendar(9), "").to_string()).expect("a ConfigMap");
    let (open, _) = check(Newest::Absent, Some(Arc::new(other)));
    assert_eq!(open, None);
}

#[test]
fn until_somebody_has_looked_the_copy_is_in_force_and_nothing_is_said_of_it() {
    let (open, state) = check(Newest::Unread, copied(&calendar(10)));
    assert_eq!(open, Some([false, true]));
    assert!(matches!(state, CalendarState::Unread), "{state:?}");
    let (open, state) = check(Newest::Unread, None);
    assert_eq!(open, None);
    assert!(matches!(state, CalendarState::Unread), "{state:?}");
    // A copy may still be found.
    let (open, state) = check_with(One { newest: Newest::Absent, copy: None, copies_are_known: false });
    assert_eq!(open, None);
    assert!(matches!(state, CalendarState::Unread), "{state:?}");
}

#[test]
fn a_key_that_is_not_there_is_told_from_one_that_is_no_calendar() {
    let empty = found(&calendar(9));
    let Newest::Found(map) = &empty else { panic!() };
    let without = ConfigMap { calendars: BTreeMap::new(), ..(**map).clone() };
    let (_, state) = check(Newest::Found(Arc::new(without)), None);
    assert!(matches!(&state, CalendarState::Nothing { why } if why.contains("has no key team.ics")), "{state:?}");
}

#[test]
fn what_a_window_was_compiled_of_changes_with_each_source() {
    let shelf = |newest, copy, copies_are_known| sources(&window(), &One { newest, copy, copies_are_known });
    let all = [
        shelf(Newest::Unread, None, false),
        shelf(Newest::Unread, None, true),
        shelf(Newest::Absent, None, true),
        shelf(Newest::Refused("no".into()), None, true),
        shelf(found(&calendar(9)), None, true),
        shelf(Newest::Unread, copied(&calendar(9)), true),
    ];
    for (n, one) in all.iter().enumerate() {
        assert!(all.iter().skip(n + 1).all(|other| other != one), "{one:?}");
    }
}
