//! What is left out and what is added, by the days that people write.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::super::{Calendar, Effect, Exception, ExceptionTime, Form, Selected, Window, WindowSpec, WindowType, Zone};

/// Epiphany, and two hours of a night in which the network is rebuilt.
const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:it\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20270106\r\n\
    CATEGORIES:Public,Bavaria\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20270107T230000Z\r\nDTEND:20270108T010000Z\r\n\
    CATEGORIES:Network\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn nights() -> WindowSpec {
    WindowSpec::new(WindowType::Allow, "UTC").entry("nights", Form::weekly("Mon-Fri", "22:00", "06:00"))
}

/// Its openings from Tuesday 2027-01-05 on, until Friday evening.
fn openings(spec: &WindowSpec) -> Vec<String> {
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let window = Window::compile(spec).expect("a window");
    let found = window.merged_openings(at("2027-01-05T12:00:00Z"), at("2027-01-08T20:00:00Z"));
    found.iter().map(|one| format!("{} {}", one.from.format("%dT%H:%M"), one.until.format("%dT%H:%M"))).collect()
}

fn without(categories: &[&str]) -> Vec<String> {
    let calendar = Arc::new(Calendar::parse(HOLIDAYS, &Zone::utc()).expect("a calendar"));
    let categories = categories.iter().map(|&category| category.to_owned()).collect();
    let mut spec = nights();
    spec.holidays = Some(Selected { calendar, categories });
    openings(&spec)
}

#[test]
fn a_holiday_takes_the_night_that_starts_on_it_and_an_hour_takes_itself() {
    let expected = ["05T22:00 06T06:00", "07T22:00 07T23:00", "08T01:00 08T06:00"];
    assert_eq!(without(&[]), expected);
}

#[test]
fn of_the_events_only_those_of_the_wanted_categories_are_left_out() {
    assert_eq!(without(&["bavaria"]), ["05T22:00 06T06:00", "07T22:00 08T06:00"], "capitals do not matter");
    assert_eq!(without(&["network", "Easter"]).len(), 4, "Wednesday stays, and Thursday is in two");
    assert_eq!(without(&["Easter"]).len(), 3, "nothing is left out");
}

#[test]
fn a_calendar_opens_as_an_entry_when_its_events_are() {
    let calendar = Arc::new(Calendar::parse(HOLIDAYS, &Zone::utc()).expect("a calendar"));
    let form = Form::Calendar(Selected { calendar, categories: vec!["NETWORK".into()] });
    let spec = WindowSpec::new(WindowType::Allow, "UTC").entry("rebuilt", form);
    assert_eq!(openings(&spec), ["07T23:00 08T01:00"]);
}

#[test]
fn a_skipped_day_leaves_a_night_from_the_day_before_alone_though_it_cuts_what_lasts_for_days() {
    let days = Form::Dates { from: "2027-01-05T00:00:00".into(), until: "2027-01-08T00:00:00".into() };
    let mut spec = nights().entry("days", days);
    let when = ExceptionTime::Date("2027-01-06".into());
    spec.exceptions = vec![Exception { when, effect: Effect::Skip, reason: String::new() }];
    assert_eq!(openings(&spec), ["05T12:00 06T06:00", "07T00:00 08T06:00"]);
}
