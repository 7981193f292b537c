use super::super::{Form, WindowSpec};
use super::*;

fn concerns(window_type: WindowType, zone: &str, form: Form) -> Vec<(Concern, String)> {
    let window = Window::compile(&WindowSpec::new(window_type, zone).entry("it", form)).unwrap();
    let warnings = window.lint("2027-01-01T00:00:00Z".parse().unwrap());
    warnings.into_iter().map(|warning| (warning.concern, warning.message)).collect()
}

fn check(form: Form, expected: &[(Concern, &str)]) {
    check_of(WindowType::Allow, "America/New_York", form, expected);
}

fn check_of(window_type: WindowType, zone: &str, form: Form, expected: &[(Concern, &str)]) {
    let found = concerns(window_type, zone, form);
    let found: Vec<(Concern, &str)> = found.iter().map(|(concern, message)| (*concern, message.as_str())).collect();
    assert_eq!(found, expected);
}

fn cron(expression: &str, duration: &str) -> Form {
    Form::Cron { expression: expression.into(), duration: duration.into() }
}

fn rrule(start: &str, rule: &str, duration: &str) -> Form {
    Form::Rrule { start: start.into(), rule: rule.into(), duration: duration.into() }
}

fn dates(from: &str, until: &str) -> Form {
    Form::Dates { from: from.into(), until: until.into() }
}

#[test]
fn hourly_starts_that_each_stay_open_for_a_day_are_47_hours_together() {
    let message = "openings of 24 h overlap: together they last 47 h, beginning 2027-01-15T00:00:00";
    check(cron("0 * 15 JAN *", "24h"), &[(Concern::OverlappingStarts, message)]);
}

#[test]
fn days_that_only_touch_are_no_concern() {
    check(cron("0 0 * * *", "1d"), &[]);
    check(cron("0 9 * * MON-FRI", "8h"), &[]);
}

#[test]
fn starts_that_overlap_for_ever_are_said_to() {
    let message = "openings of 25 h overlap: together they last without an end in sight, beginning 2027-01-01T00:00:00";
    check_of(WindowType::Allow, "UTC", cron("* * * * *", "25h"), &[(Concern::OverlappingStarts, message)]);
}

#[test]
fn an_entry_that_can_never_open_is_found_by_proof() {
    let found = concerns(
        WindowType::Allow,
        "UTC",
        rrule("2026-01-31T09:00:00", "FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20200101T000000Z", "1h"),
    );
    assert_eq!(found.iter().map(|(concern, _)| *concern).collect::<Vec<_>>(), [Concern::NeverOpens, Concern::EndsSoon]);
    let found = concerns(WindowType::Allow, "UTC", cron("0 0 31 2 *", "1h"));
    assert_eq!(found[0], (Concern::NeverOpens, "it never opens: no date matches".to_owned()));
}

#[test]
fn a_schedule_that_ends_within_a_month_says_when() {
    let rule = "FREQ=WEEKLY;UNTIL=20270118T140000Z";
    check(
        rrule("2027-01-04T09:00:00", rule, "1h"),
        &[(Concern::EndsSoon, "its last opening ends 2027-01-18T15:00:00Z")],
    );
    check(dates("2026-01-01T00:00:00", "2026-02-01T00:00:00"), &[(Concern::EndsSoon, "it has no opening any more")]);
    check(rrule("2027-01-04T09:00:00", "FREQ=WEEKLY;COUNT=52", "1h"), &[]);
}

#[test]
fn a_dated_freeze_is_meant_to_end() {
    check_of(WindowType::Freeze, "UTC", dates("2026-12-18T16:00:00", "2027-01-04T06:00:00"), &[]);
}

#[test]
fn starts_that_the_clock_skips_or_repeats_are_named() {
    let skipped = "the clock skips 2027-03-14T02:30:00: it opens at 2027-03-14T03:30:00";
    check(cron("30 2 * * *", "30m"), &[(Concern::SkippedStart, skipped)]);
    let repeated = "the clock shows 2027-11-07T01:30:00 twice: it opens at the first";
    check(cron("30 1 * * *", "30m"), &[(Concern::RepeatedStart, repeated)]);
}

#[test]
fn an_opening_that_the_clock_leaves_no_time_for_is_named() {
    let weekly = Form::Weekly {
        days: vec!["Sun".into()],
        from: "02:30".into(),
        until: "03:30".into(),
        weeks_of_month: vec![],
        days_of_month: vec![],
        months: vec![],
    };
    let message = "the clock leaves no time for the opening of 2027-03-14T02:30:00: there is none";
    check(weekly, &[(Concern::EmptyOpening, message)]);
}

#[test]
fn a_freeze_without_an_end_is_named_and_a_repeating_one_is_not() {
    let message = "it freezes from 2027-01-01T00:00:00 without an end in sight: give it dates or validUntil";
    check_of(WindowType::Freeze, "UTC", cron("0 0 * * *", "1d"), &[(Concern::EndlessFreeze, message)]);
    let message = "it freezes from 2027-06-01T00:00:00 for 1461 d: is that meant?";
    check_of(
        WindowType::Freeze,
        "UTC",
        dates("2027-06-01T00:00:00", "2031-06-01T00:00:00"),
        &[(Concern::EndlessFreeze, message)],
    );
    check_of(WindowType::Freeze, "UTC", cron("0 0 * * SAT", "2d"), &[]);
}

#[test]
fn an_opening_of_seconds_is_named() {
    let message = "the opening of 2027-01-01T09:00:00 lasts 30 s, less than a minute";
    check(cron("0 9 * * *", "30s"), &[(Concern::ShortOpening, message)]);
}
