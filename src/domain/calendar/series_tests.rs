//! Which openings a series has, told by the instants at which they begin and end.

use super::super::civil::parse_wall;
use super::super::rule::Frequency;
use super::super::{Calendar, Exported, Form, Recurrence, Selected, Window, WindowSpec, WindowType, export};
use super::*;

fn wall(text: &str) -> Wall {
    parse_wall(text).unwrap()
}

#[test]
fn an_opening_overlaps_what_it_shares_an_instant_with() {
    let [nine, ten] = ["2027-01-05T09:00:00", "2027-01-05T10:00:00"].map(wall);
    let series = Series::once(Zone::utc(), nine, Length::Wall(ten));
    let whole = [Span { from: nine, until: ten }];
    assert_eq!(series.openings(nine + 1, nine + 2), whole);
    assert_eq!(series.openings(nine - HOUR, nine + 1), whole);
    assert_eq!(series.openings(ten - 1, ten + HOUR), whole);
    assert_eq!(series.openings(nine - HOUR, nine), []);
    assert_eq!(series.openings(ten, ten + HOUR), []);
}

/// On 2027-03-14 New York has no 02:30: it is 03:30, after 03:00.
#[test]
fn what_a_gap_moves_behind_another_start_comes_after_it() {
    let mut parts = Parts::every(Frequency::Daily);
    parts.times = vec![2 * HOUR + 1_800, 3 * HOUR];
    let zone = Zone::named("America/New_York").unwrap();
    let start = wall("2027-03-14T00:00:00");
    let series = Series::repeating(zone, parts, start, Length::Span { days: 0, seconds: 600 }).unwrap();
    let [three, half_past] = ["2027-03-14T07:00:00", "2027-03-14T07:30:00"].map(wall);
    assert_eq!(series.first_starts(2), [three, half_past]);
    let opening = |from| Span { from, until: from + 600 };
    assert_eq!(series.openings(three, three + HOUR), [opening(three), opening(half_past)]);
}

/// RFC 5545 section 3.8.5: dates are added to the rule's, whatever ends that, and what both name is one.
#[test]
fn dates_are_added_before_between_and_after_what_the_rule_has() {
    let added = vec!["2027-01-05T09:00:00", "2027-01-02T09:00:00", "2027-01-01T12:00:00", "2026-12-30T09:00:00"];
    let recurrence = Recurrence {
        zone: "UTC",
        start: "2027-01-01T09:00:00",
        rule: Some("FREQ=DAILY;UNTIL=20270102T090000Z"),
        added,
        left_out: vec!["2027-01-01T09:00:00"],
        ..Recurrence::default()
    };
    let found = recurrence.compile().unwrap().first(9).into_iter().map(|at| at.format("%m-%dT%H").to_string());
    assert_eq!(found.collect::<Vec<_>>(), ["12-30T09", "01-01T12", "01-02T09", "01-05T09"]);
}

/// An opening may be 26 hours longer than it says, for the zone; what begins in a day counts for all of it.
#[test]
fn no_more_than_twenty_thousand_openings_of_an_entry_are_open_at_once() {
    let cases = [
        // 1,440 times 13 days, and 14.
        ("* * * * *", "11d21h59m59s", true),
        ("* * * * *", "11d22h", false),
        // 1,000 times 20 days, and 21.
        ("0-49 0-19 * * *", "18d21h59m59s", true),
        ("0-49 0-19 * * *", "18d22h", false),
        ("0 0 * * *", "400d", true),
    ];
    for (expression, duration, fits) in cases {
        let form = Form::Cron { expression: expression.into(), duration: duration.into() };
        let compiled = Window::compile(&WindowSpec::new(WindowType::Allow, "UTC").entry("it", form));
        assert_eq!(compiled.is_ok(), fits, "{expression} for {duration}");
    }
}

fn event(lines: &str) -> Calendar {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:one\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    Calendar::parse(&text, &Zone::utc()).expect("a calendar")
}

#[test]
fn a_rule_until_a_day_has_that_day_and_no_more() {
    let [from, until] = ["2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z"].map(|text| text.parse().unwrap());
    let days = event("DTSTART;VALUE=DATE:20270101\nRRULE:FREQ=DAILY;UNTIL=20270103").instances(from, until);
    let days: Vec<String> = days.iter().map(|(from, _)| from.format("%m-%dT%H:%M:%S").to_string()).collect();
    assert_eq!(days, ["01-01T00:00:00", "01-02T00:00:00", "01-03T00:00:00"]);
    let hours = event("DTSTART:20270101T235959\nDURATION:PT1S\nRRULE:FREQ=DAILY;UNTIL=20270103").instances(from, until);
    assert_eq!(hours.len(), 3, "to its last second");
}

/// What calendar programs are given as a rule says all that the entry does.
#[test]
fn an_entry_is_exported_as_its_rule_if_no_date_is_added_to_it_or_left_out() {
    let cases = [
        ("RRULE:FREQ=DAILY", true),
        ("RRULE:FREQ=DAILY\nRDATE:20270105T120000", false),
        ("RRULE:FREQ=DAILY\nEXDATE:20270105T090000", false),
        ("RRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20270105", false),
        ("RDATE:20270105T120000", false),
    ];
    for (dates, is_rule) in cases {
        let calendar = event(&format!("DTSTART:20270101T090000\nDURATION:PT1H\n{dates}"));
        let form = Form::Calendar(Selected { calendar: calendar.into(), categories: vec![] });
        let window = Window::compile(&WindowSpec::new(WindowType::Allow, "UTC").entry("it", form)).unwrap();
        let [from, until] = ["2027-01-01T00:00:00Z", "2027-01-08T00:00:00Z"].map(|text| text.parse().unwrap());
        let text = export(&[Exported { name: "ns/w", window: &window, sequence: 1 }], from, until, from);
        assert_eq!(text.contains("RRULE"), is_rule, "{dates}");
        let read = Calendar::parse(&text, &Zone::utc()).expect("a calendar").instances(from, until);
        let openings = window.openings(from, until).into_iter().map(|opening| (opening.from, opening.until));
        assert_eq!(read, openings.collect::<Vec<_>>(), "{dates}");
    }
}
