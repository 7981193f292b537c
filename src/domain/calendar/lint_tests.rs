use std::sync::Arc;

use super::super::{Calendar, Form, Selected, WindowSpec, Zone};
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

/// Events of a calendar that others keep.
fn calendar(events: &[&str]) -> Form {
    let event = |(index, text): (usize, &&str)| format!("BEGIN:VEVENT\nUID:{index}\n{text}\nEND:VEVENT\n");
    let events: String = events.iter().enumerate().map(event).collect();
    let calendar = Calendar::parse(&format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n"), &Zone::utc()).unwrap();
    Form::Calendar(Selected { calendar: Arc::new(calendar), categories: vec![] })
}

#[test]
fn the_words_that_status_events_and_the_command_line_show_are_these() {
    let words = [
        (Concern::OverlappingStarts, "OverlappingStarts"),
        (Concern::NeverOpens, "NeverOpens"),
        (Concern::EndsSoon, "EndsSoon"),
        (Concern::SkippedStart, "SkippedStart"),
        (Concern::RepeatedStart, "RepeatedStart"),
        (Concern::EmptyOpening, "EmptyOpening"),
        (Concern::EndlessFreeze, "EndlessFreeze"),
        (Concern::ShortOpening, "ShortOpening"),
    ];
    for (concern, word) in words {
        assert_eq!(concern.as_str(), word);
    }
}

#[test]
fn every_entry_that_people_wrote_here_is_looked_at_and_the_events_of_others_are_not() {
    let short = |spec: WindowSpec, name: &str| spec.entry(name, cron("0 9 * * *", "30s"));
    let three = ["a", "b", "c"].into_iter().fold(WindowSpec::new(WindowType::Freeze, "UTC"), short);
    let window = Window::compile(&three).unwrap();
    let warnings = window.lint("2027-01-01T00:00:00Z".parse().unwrap());
    let entries: Vec<_> = warnings.iter().map(|warning| (warning.concern, warning.entry.as_deref())).collect();
    assert_eq!(entries, ["a", "b", "c"].map(|name| (Concern::ShortOpening, Some(name))));
    let others = calendar(&["DTSTART:20270102T090000Z\nDURATION:PT30S", "DTSTART:20270103T090000Z\nDURATION:PT30S"]);
    check_of(WindowType::Freeze, "UTC", others, &[]);
}

#[test]
fn an_event_that_lasts_no_time_says_so_itself_and_the_clock_does_not_take_it_away() {
    check_of(WindowType::Freeze, "America/New_York", calendar(&["DTSTART;TZID=America/New_York:20270314T120000"]), &[]);
}

#[test]
fn lengths_are_said_in_the_largest_unit_that_leaves_no_rest() {
    let cases = [
        (20, "20 s"),
        (90, "90 s"),
        (5_400, "90 min"),
        (5_401, "5401 s"),
        (3_600, "1 h"),
        (86_400, "24 h"),
        (172_800, "48 h"),
        (259_200, "3 d"),
        (262_800, "73 h"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(spoken(seconds), expected);
    }
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

fn overlapping(form: Form, together: &str) {
    let found = concerns(WindowType::Allow, "UTC", form);
    let (concern, message) = &found[0];
    assert!(*concern == Concern::OverlappingStarts && message.contains(together), "{concern:?}: {message}");
}

#[test]
fn openings_are_together_up_to_the_first_break_and_what_touches_is_none() {
    // 09:00, 09:30 and 10:30.
    let rule = "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,30;BYSETPOS=1,2,4";
    overlapping(rrule("2027-01-01T09:00:00", rule, "1h"), "together they last 150 min,");
    // More than two thousand, but each night there is a break.
    overlapping(cron("* 0-10 * * *", "2m"), "together they last 661 min,");
}

#[test]
fn openings_that_end_with_the_last_start_have_an_end_however_many_they_are() {
    overlapping(rrule("2027-01-01T09:00:00", "FREQ=DAILY;COUNT=3", "25h"), "together they last 73 h,");
    let rule = "FREQ=DAILY;BYHOUR=0,1,2,3,4;COUNT=2000";
    overlapping(rrule("2027-01-01T00:00:00", rule, "44h"), "together they last 401 d,");
    let rule = "FREQ=YEARLY;INTERVAL=2;BYHOUR=9,10";
    overlapping(rrule("2027-06-01T09:00:00", rule, "90m"), "together they last 150 min,");
}

#[test]
fn openings_that_go_on_behind_those_that_are_looked_at_have_no_end_in_sight() {
    overlapping(cron("0 0 * * *", "25h"), "together they last without an end in sight,");
    // The last of each day ends where the first of the next begins.
    overlapping(cron("0-4 0 * * *", "1436m"), "together they last without an end in sight,");
}

#[test]
fn starts_that_the_clock_moves_onto_each_other_do_not_overlap() {
    let skipped = "the clock skips 2027-03-14T02:30:00: it opens at 2027-03-14T03:30:00";
    check(cron("30 2,3 * * *", "30m"), &[(Concern::SkippedStart, skipped)]);
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
    check(dates("1969-07-16T00:00:00", "1969-07-24T00:00:00"), &[(Concern::EndsSoon, "it has no opening any more")]);
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
    let both = [
        (Concern::SkippedStart, "the clock skips 2027-10-03T02:30:00: it opens at 2027-10-03T03:30:00"),
        (Concern::RepeatedStart, "the clock shows 2027-04-04T02:30:00 twice: it opens at the first"),
    ];
    check_of(WindowType::Allow, "Australia/Sydney", cron("30 2 * * *", "30m"), &both);
}

#[test]
fn an_opening_that_the_clock_leaves_no_time_for_is_named() {
    let message = "the clock leaves no time for the opening of 2027-03-14T02:30:00: there is none";
    check(Form::weekly("Sun", "02:30", "03:30"), &[(Concern::EmptyOpening, message)]);
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
    check(cron("0 9 * * *", "1m"), &[]);
}
