//! What repeats every week, what only seems to, and what ends before it begins.

use chrono::{DateTime, Utc};

use super::super::{CalendarFault, Form, Window, WindowSpec, WindowType};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn compiled(start: &str, rule: &str) -> Result<Window, Vec<CalendarFault>> {
    lasting("1h", start, rule)
}

fn lasting(duration: &str, start: &str, rule: &str) -> Result<Window, Vec<CalendarFault>> {
    let form = Form::Rrule { start: start.into(), rule: rule.into(), duration: duration.into() };
    Window::compile(&WindowSpec::new(WindowType::Allow, "UTC").entry("it", form))
}

/// Only of what is the same every week do two weeks prove all others.
#[test]
fn what_does_not_come_every_week_is_found_behind_two_weeks_without_it() {
    let cases = [
        ("FREQ=WEEKLY;BYDAY=MO", "2026-01-12"),
        ("FREQ=WEEKLY;BYDAY=MO;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12", "2026-01-12"),
        ("FREQ=WEEKLY;BYDAY=MO;INTERVAL=10", "2026-03-16"),
        ("FREQ=DAILY;INTERVAL=40", "2026-02-14"),
        ("FREQ=MONTHLY;BYMONTHDAY=5", "2026-02-05"),
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-02-02"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "2026-02-02"),
        ("FREQ=YEARLY;BYYEARDAY=5", "2027-01-05"),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=MO", "2027-01-11"),
        ("FREQ=DAILY;BYMONTH=1;BYMONTHDAY=5", "2027-01-05"),
    ];
    for (rule, next) in cases {
        let window = compiled("2026-01-05T09:00:00", rule).expect(rule);
        assert_eq!(window.next_start(at("2026-01-06T12:00:00Z")), Some(at(&format!("{next}T09:00:00Z"))), "{rule}");
    }
    let januaries = compiled("2026-01-05T09:00:00", "FREQ=WEEKLY;BYDAY=MO;BYMONTH=1").expect("a rule");
    assert_eq!(januaries.next_start(at("2026-01-27T12:00:00Z")), Some(at("2027-01-04T09:00:00Z")));
}

#[test]
fn what_is_the_same_every_week_ends_with_its_rule() {
    for (end, ends) in [("UNTIL=20281231T000000Z", "2029-01-01"), ("COUNT=1000", "2028-09-27")] {
        let window = lasting("1d", "2026-01-01T00:00:00", &format!("FREQ=DAILY;{end}")).expect(end);
        assert_eq!(window.next_end(at("2026-06-01T00:00:00Z")), Some(at(&format!("{ends}T00:00:00Z"))), "{end}");
    }
}

#[test]
fn days_between_two_named_months_are_passed_over_and_none_behind_them() {
    let cases = [
        ("FREQ=DAILY;BYMONTH=1,3", "2026-03-01"),
        ("FREQ=DAILY;BYMONTH=1", "2027-01-01"),
        ("FREQ=DAILY;BYMONTH=1,3;INTERVAL=2", "2026-03-02"),
        ("FREQ=DAILY;BYMONTH=1,3;INTERVAL=45", "2027-03-27"),
    ];
    for (rule, next) in cases {
        let window = compiled("2026-01-01T09:00:00", rule).expect(rule);
        assert_eq!(window.next_start(at("2026-01-31T12:00:00Z")), Some(at(&format!("{next}T09:00:00Z"))), "{rule}");
    }
}

#[test]
fn a_start_is_one_of_its_own_rule_unless_that_has_ended_before_it() {
    // A Tuesday.
    let start = "2027-01-05T09:00:00";
    let cases = [
        ("FREQ=WEEKLY;BYDAY=TU", true),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20270301T000000Z", true),
        ("FREQ=WEEKLY;BYDAY=MO", false),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301T000000Z", false),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270105T090000Z", false),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=3", false),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270105T085959Z", true),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20200101T000000Z", true),
        ("FREQ=MONTHLY;BYDAY=53MO;UNTIL=20200101T000000Z", true),
        ("FREQ=MONTHLY;BYDAY=53MO;COUNT=3", false),
    ];
    for (rule, agrees) in cases {
        match compiled(start, rule) {
            Ok(window) => {
                assert!(agrees, "{rule} must be refused");
                let ended = rule.contains("UNTIL=2020") || rule.contains("085959");
                assert_eq!(window.next_start(at("2000-01-01T00:00:00Z")).is_none(), ended, "{rule}");
            }
            Err(faults) => {
                assert!(!agrees, "{rule}: {faults:?}");
                assert_eq!(faults[0].path, "schedule[0].rrule.start", "{rule}");
            }
        }
    }
}
