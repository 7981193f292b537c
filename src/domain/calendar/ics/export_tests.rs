//! Files that are written, told by what stands in them.

use std::sync::Arc;

use super::super::super::{Calendar, Effect, Exception, ExceptionTime, Form, Selected, WindowSpec};
use super::*;

fn spec(zone: &str, form: Form) -> WindowSpec {
    WindowSpec::new(WindowType::Allow, zone).entry("it", form)
}

fn cron(expression: &str, duration: &str) -> Form {
    Form::Cron { expression: expression.into(), duration: duration.into() }
}

fn rrule(start: &str, rule: &str) -> Form {
    Form::Rrule { start: start.into(), rule: rule.into(), duration: "1h".into() }
}

fn calendar(event: &str) -> Selected {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n");
    Selected { calendar: Arc::new(Calendar::parse(&text, &Zone::utc()).unwrap()), categories: vec![] }
}

fn except(mut spec: WindowSpec, effect: Effect, when: &str) -> WindowSpec {
    let when = match when.split_once('/') {
        Some((from, until)) => ExceptionTime::Range { from: from.into(), until: until.into() },
        None => ExceptionTime::Date(when.into()),
    };
    spec.exceptions.push(Exception { when, effect, reason: String::new() });
    spec
}

/// What is written on the first day of 2027 for its first two weeks.
fn written(specs: &[WindowSpec]) -> String {
    let windows: Vec<Window> = specs.iter().map(|spec| Window::compile(spec).unwrap()).collect();
    let exported = |window| Exported { name: "platform/it", window, sequence: 3 };
    let exported: Vec<_> = windows.iter().map(exported).collect();
    let at = |text: &str| text.parse().unwrap();
    export(&exported, at("2027-01-01T00:00:00Z"), at("2027-01-15T00:00:00Z"), at("2026-12-24T12:30:00Z"))
}

/// The lines of the events that begin so.
fn lines(specs: &[WindowSpec], begin: &str) -> Vec<String> {
    let text = written(specs).replace("\r\n ", "");
    let events = text.split("\r\n").skip_while(|line| *line != "BEGIN:VEVENT");
    events.filter(|line| line.starts_with(begin)).map(str::to_owned).collect()
}

#[test]
fn a_window_is_written_as_one_event_an_entry_in_its_zone() {
    let mut hours = spec("Europe/Berlin", Form::weekly("Mon-Fri", "09:00", "17:30"));
    hours.reason = "Ask first, please;\nor don't\u{7}".into();
    let text = written(&[except(hours, Effect::Skip, "2027-01-06")]);
    let expected = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//rollcall.dev//rollcall//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:DAYLIGHT",
        "DTSTART:20260329T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20261025T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "UID:it@platform.it.rollcall.dev",
        "DTSTAMP:20261224T123000Z",
        "SEQUENCE:3",
        "DTSTART;TZID=Europe/Berlin:20270101T090000",
        "DTEND;TZID=Europe/Berlin:20270101T173000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "EXDATE;TZID=Europe/Berlin:20270106T090000",
        "SUMMARY:Allow: platform/it (it)",
        r"DESCRIPTION:Ask first\, please\;\nor don't",
        "CATEGORIES:Allow",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    assert_eq!(text, expected.join("\r\n"));
}

#[test]
fn an_entry_with_several_times_of_day_is_an_event_for_each_and_with_many_it_is_listed() {
    let twice = [spec("UTC", cron("30 9,22 * * *", "90m"))];
    assert_eq!(lines(&twice, "UID"), ["UID:it.0930@platform.it.rollcall.dev", "UID:it.2230@platform.it.rollcall.dev"]);
    assert_eq!(lines(&twice, "DTSTART"), ["DTSTART:20270101T093000Z", "DTSTART:20270101T223000Z"]);
    assert_eq!(lines(&twice, "DURATION"), ["DURATION:PT1H30M"; 2]);
    assert_eq!(lines(&twice, "DESCRIPTION"), [""; 0]);
    assert_eq!(lines(&[spec("UTC", cron("0 * * * *", "30m"))], "RRULE"), ["RRULE:FREQ=DAILY"; 24]);
    let listed = [spec("UTC", cron("0,30 0-11,13 1 1 *", "30m"))];
    assert_eq!((lines(&listed, "RRULE").len(), lines(&listed, "DTSTART").len()), (0, 26));
    assert_eq!(lines(&listed, "UID")[0], "UID:it.20270101T000000@platform.it.rollcall.dev");
    assert_eq!(lines(&listed, "DTEND")[0], "DTEND:20270101T003000Z");
}

#[test]
fn what_a_rule_says_exactly_is_written_as_one_with_its_end() {
    let rule = |spec: WindowSpec| lines(&[spec], "RRULE").concat();
    let berlin = |rule: &str| spec("Europe/Berlin", rrule("2027-01-04T09:00:00", rule));
    assert_eq!(rule(berlin("FREQ=DAILY;COUNT=3")), "RRULE:FREQ=DAILY;UNTIL=20270106T080000Z");
    assert_eq!(rule(berlin("FREQ=DAILY;UNTIL=20270106T235959Z")), "RRULE:FREQ=DAILY;UNTIL=20270106T235959Z");
    assert_eq!(rule(berlin("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1")), "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1");
    assert_eq!(rule(spec("UTC", cron("0 9 1 * *", "3d"))), "RRULE:FREQ=MONTHLY;BYMONTHDAY=1");
    let event = "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY";
    assert_eq!(rule(spec("UTC", Form::Calendar(calendar(event)))), "RRULE:FREQ=DAILY");
    // Its own start, however long ago; a schedule that has none begins with the year.
    let old = [spec("UTC", rrule("0002-01-01T00:00:00", "FREQ=DAILY")), spec("UTC", cron("0 9 1 2 *", "1h"))];
    assert_eq!(lines(&old, "DTSTART"), ["DTSTART:00020101T000000Z", "DTSTART:20270201T090000Z"]);
}

#[test]
fn what_no_rule_says_exactly_is_listed_opening_by_opening() {
    let daily = |zone: &str| spec(zone, cron("0 9 * * *", "1h"));
    let event = "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEXDATE:20270105T090000Z";
    let two = "DTSTART:20270104T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nRDATE:20270105T120000Z\nRRULE:FREQ=MONTHLY";
    let held = WindowSpec { holidays: Some(calendar("DTSTART;VALUE=DATE:20270106")), ..daily("UTC") };
    let cases = [
        ("holidays", held),
        ("validity", WindowSpec { valid_until: Some("2028-01-01T00:00:00".into()), ..daily("UTC") }),
        ("either day", spec("UTC", cron("0 9 4 * 2", "1h"))),
        ("places among times", spec("UTC", rrule("2027-01-04T09:00:00", "FREQ=WEEKLY;BYHOUR=9,10;BYSETPOS=1"))),
        ("no yearly rule", daily("Asia/Gaza")),
        ("a time of a day", except(daily("UTC"), Effect::Skip, "2027-01-06T09:00:00/2027-01-06T09:30:00")),
        ("a day of many", except(spec("UTC", cron("0 9 * * 1", "3d")), Effect::Skip, "2027-01-05")),
        ("skips of additions", except(except(daily("UTC"), Effect::Add, "2027-01-09"), Effect::Skip, "2027-01-09")),
        ("an event's own exceptions", spec("UTC", Form::Calendar(calendar(event)))),
        ("an event of two rules", spec("UTC", Form::Calendar(calendar(two)))),
        ("dates", spec("UTC", Form::Dates { from: "2027-01-04T09:00:00".into(), until: "2027-01-05T09:00:00".into() })),
    ];
    for (why, spec) in cases {
        let spec = [spec];
        let (rules, starts) = (lines(&spec, "RRULE"), lines(&spec, "DTSTART"));
        assert!(rules.is_empty() && !starts.is_empty(), "{why}: {rules:?} {starts:?}");
        assert!(
            starts.iter().all(|start| start.starts_with("DTSTART:2027") && start.ends_with('Z')),
            "{why}: {starts:?}"
        );
    }
}

#[test]
fn an_addition_is_listed_beside_the_rule() {
    let added = [except(spec("UTC", Form::weekly("Mon-Fri", "09:00", "17:00")), Effect::Add, "2027-01-09")];
    assert_eq!(lines(&added, "RRULE"), ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"]);
    assert_eq!(lines(&added, "DTSTART"), ["DTSTART:20270101T090000Z", "DTSTART:20270109T000000Z"]);
}

#[test]
fn each_zone_that_is_needed_is_defined_once() {
    let daily = |zone: &str| spec(zone, cron("0 9 * * *", "1h"));
    let text = written(&["Europe/Berlin", "America/New_York", "UTC", "Europe/Berlin", "Asia/Gaza"].map(daily));
    let zones: Vec<_> = text.split("\r\n").filter(|line| line.starts_with("TZID:")).collect();
    assert_eq!(zones, ["TZID:Europe/Berlin", "TZID:America/New_York"]);
}

#[test]
fn what_is_of_another_zone_of_the_same_name_is_listed() {
    let own = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:20000101T000000\n\
        TZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\n\
        DTSTART;TZID=Europe/Berlin:20270104T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\nEND:VEVENT\nEND:VCALENDAR\n";
    let calendar = Arc::new(Calendar::parse(own, &Zone::utc()).unwrap());
    let own = spec("UTC", Form::Calendar(Selected { calendar, categories: vec![] }));
    let weekly = |day: &str| spec("Europe/Berlin", Form::weekly(day, "09:00", "10:00"));
    let starts = lines(&[weekly("Tue"), own, weekly("Wed")], "DTSTART");
    let expected = [
        "DTSTART;TZID=Europe/Berlin:20270105T090000",
        "DTSTART:20270104T060000Z",
        "DTSTART:20270111T060000Z",
        "DTSTART;TZID=Europe/Berlin:20270106T090000",
    ];
    assert_eq!(starts, expected);
}

#[test]
fn a_freeze_is_busy_and_an_allow_is_not() {
    let freeze = WindowSpec { window_type: WindowType::Freeze, ..spec("UTC", cron("0 9 * * *", "1h")) };
    assert_eq!(lines(&[freeze], "TRANSP"), ["TRANSP:OPAQUE"]);
}

#[test]
fn texts_are_escaped_and_long_lines_folded_between_letters() {
    assert_eq!(escaped("a\\b;c,d\ne\tf\r\"g"), "a\\\\b\\;c\\,d\\nef\"g");
    let x = |count: usize| "x".repeat(count);
    assert_eq!(folded(&x(75)), format!("{}\r\n", x(75)));
    assert_eq!(folded(&x(76)), format!("{}\r\n x\r\n", x(75)));
    assert_eq!(folded(&x(150)), format!("{}\r\n {}\r\n x\r\n", x(75), x(74)));
    // Two octets each: the 38th would be cut in half.
    assert_eq!(folded(&"é".repeat(38)), format!("{}\r\n é\r\n", "é".repeat(37)));
}
