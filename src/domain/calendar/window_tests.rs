//! What a window says, by the text that people write.

use super::super::{Calendar, Effect, Exception, ExceptionTime, Form, Selected, WindowSpec};
use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn dates(from: &str, until: &str) -> Form {
    Form::Dates { from: from.into(), until: until.into() }
}

fn allow(zone: &str, form: Form) -> WindowSpec {
    WindowSpec::new(WindowType::Allow, zone).entry("it", form)
}

fn exception(when: ExceptionTime, effect: Effect) -> Exception {
    Exception { when, effect, reason: String::new() }
}

fn on(date: &str, effect: Effect) -> Exception {
    exception(ExceptionTime::Date(date.into()), effect)
}

/// The openings inside of a range of UTC, as `from until` without seconds.
fn check(spec: &WindowSpec, from: &str, until: &str, expected: &[&str]) {
    let window = Window::compile(spec).unwrap();
    let found = window.merged_openings(at(from), at(until));
    let found: Vec<String> = found
        .iter()
        .map(|opening| format!("{} {}", opening.from.format("%m-%dT%H:%M"), opening.until.format("%m-%dT%H:%M")))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_sunday_night_is_two_hours_in_spring_and_four_in_autumn() {
    let spec = allow("America/New_York", Form::weekly("Sun", "01:00", "04:00"));
    check(&spec, "2027-03-13T00:00:00Z", "2027-03-15T00:00:00Z", &["03-14T06:00 03-14T08:00"]);
    check(&spec, "2027-11-06T00:00:00Z", "2027-11-08T00:00:00Z", &["11-07T05:00 11-07T09:00"]);
}

#[test]
fn a_night_belongs_to_the_day_it_starts_on() {
    let spec = allow("Europe/Berlin", Form::weekly("Mon", "22:00", "06:00"));
    check(&spec, "2027-01-03T00:00:00Z", "2027-01-08T00:00:00Z", &["01-04T21:00 01-05T05:00"]);
    assert!(!Window::compile(&spec).unwrap().covers(at("2027-01-04T02:00:00Z")), "early Monday is closed");
}

#[test]
fn a_start_that_does_not_exist_is_an_hour_later_on_that_day() {
    let spec = allow("America/New_York", Form::Cron { expression: "30 2 * * *".into(), duration: "1h".into() });
    let expected = ["03-13T07:30 03-13T08:30", "03-14T07:30 03-14T08:30", "03-15T06:30 03-15T07:30"];
    check(&spec, "2027-03-13T00:00:00Z", "2027-03-16T00:00:00Z", &expected);
}

#[test]
fn the_start_is_included_and_the_end_is_not() {
    let window = Window::compile(&allow("UTC", Form::weekly("Mon", "09:00", "10:00"))).unwrap();
    let cases = [
        ("2027-01-04T08:59:59.999Z", false),
        ("2027-01-04T09:00:00Z", true),
        ("2027-01-04T09:59:59.999Z", true),
        ("2027-01-04T10:00:00Z", false),
    ];
    for (instant, open) in cases {
        assert_eq!(window.covers(at(instant)), open, "{instant}");
    }
}

#[test]
fn the_second_and_the_last_tuesday_of_some_months_can_be_named() {
    let form = Form::Weekly {
        days: vec!["Tue".into()],
        from: "09:00".into(),
        until: "24:00".into(),
        weeks_of_month: vec![2, -1],
        days_of_month: vec![],
        months: vec!["Dec-Jan".into()],
    };
    let expected =
        ["12-08T09:00 12-09T00:00", "12-29T09:00 12-30T00:00", "01-12T09:00 01-13T00:00", "01-26T09:00 01-27T00:00"];
    check(&allow("UTC", form), "2026-11-01T00:00:00Z", "2027-11-30T00:00:00Z", &expected);
}

#[test]
fn a_skipped_day_takes_its_night_with_it_and_leaves_the_night_before() {
    let mut spec = allow("Europe/Berlin", Form::weekly("Mon-Fri", "22:00", "06:00"));
    spec.exceptions.push(on("2027-01-05", Effect::Skip));
    let expected = ["01-04T21:00 01-05T05:00", "01-06T21:00 01-07T05:00"];
    check(&spec, "2027-01-04T12:00:00Z", "2027-01-07T12:00:00Z", &expected);
}

#[test]
fn a_long_opening_loses_the_skipped_day_only() {
    let mut spec = allow("UTC", dates("2026-12-18T16:00:00", "2027-01-04T06:00:00"));
    spec.exceptions.push(on("2026-12-24", Effect::Skip));
    let expected = ["12-18T16:00 12-24T00:00", "12-25T00:00 01-04T06:00"];
    check(&spec, "2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z", &expected);
}

#[test]
fn the_later_exception_has_the_last_word() {
    let hours = |from: &str, until: &str| ExceptionTime::Range {
        from: format!("2027-01-05T{from}:00"),
        until: format!("2027-01-05T{until}:00"),
    };
    let mut spec = allow("UTC", Form::weekly("Tue", "09:00", "12:00"));
    spec.exceptions = vec![on("2027-01-05", Effect::Skip), exception(hours("10:00", "11:00"), Effect::Add)];
    check(&spec, "2027-01-04T00:00:00Z", "2027-01-07T00:00:00Z", &["01-05T10:00 01-05T11:00"]);
    spec.exceptions.push(exception(hours("10:15", "10:30"), Effect::Skip));
    check(
        &spec,
        "2027-01-04T00:00:00Z",
        "2027-01-07T00:00:00Z",
        &["01-05T10:00 01-05T10:15", "01-05T10:30 01-05T11:00"],
    );
    spec.exceptions.reverse();
    check(&spec, "2027-01-04T00:00:00Z", "2027-01-07T00:00:00Z", &[]);
}

#[test]
fn validity_cuts_what_is_open_across_it() {
    let mut spec = allow("Europe/Berlin", dates("2027-01-01T00:00:00", "2027-02-01T00:00:00"));
    spec.valid_from = Some("2027-01-10T00:00:00".into());
    spec.valid_until = Some("2027-01-20T12:00:00Z".into());
    check(&spec, "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z", &["01-09T23:00 01-20T12:00"]);
}

#[test]
fn entries_that_touch_are_one_opening_with_both_names() {
    let spec = allow("UTC", Form::weekly("Mon", "09:00", "10:00")).entry("more", Form::weekly("Mon", "10:00", "11:00"));
    let window = Window::compile(&spec).unwrap();
    let found = window.upcoming(at("2027-01-04T09:30:00Z"), 1);
    let expected =
        Opening { from: at("2027-01-04T09:30:00Z"), until: at("2027-01-04T11:00:00Z"), entry: "it, more".into() };
    assert_eq!(found, [expected]);
    assert_eq!(window.entry_at(at("2027-01-04T10:00:00Z")).as_deref(), Some("more"));
}

#[test]
fn the_preview_is_what_a_clock_that_steps_by_minutes_observes() {
    let spec = allow("America/New_York", Form::weekly("Sat-Sun", "01:30", "03:15"))
        .entry("cron", Form::Cron { expression: "30 2 * 3 *".into(), duration: "45m".into() });
    let window = Window::compile(&spec).unwrap();
    let begin = at("2027-03-10T00:00:00Z");
    let preview = window.upcoming(begin, 10);
    let mut observed: Vec<Opening> = Vec::new();
    let mut now = begin;
    while observed.len() < 10 || window.covers(now) {
        if window.covers(now) {
            match observed.last_mut() {
                Some(last) if last.until == now => last.until = now + TimeDelta::minutes(1),
                _ => observed.push(Opening { from: now, until: now + TimeDelta::minutes(1), entry: String::new() }),
            }
        }
        now += TimeDelta::minutes(1);
    }
    let bounds =
        |openings: &[Opening]| openings.iter().map(|opening| (opening.from, opening.until)).collect::<Vec<_>>();
    assert_eq!(bounds(&preview), bounds(&observed));
}

#[test]
fn every_fault_is_reported_at_once_and_where_it_is() {
    let mut spec = WindowSpec::new(WindowType::Allow, "Europe/Berln")
        .entry("a", Form::weekly("Mon,Xyz", "24:00", "25:00"))
        .entry("a", Form::Cron { expression: "0 24 * * *".into(), duration: "1x".into() })
        .entry(
            "c",
            Form::Rrule {
                start: "2027-01-05T09:00:00".into(),
                rule: "FREQ=DAILY;BYHOUR=24".into(),
                duration: "1h".into(),
            },
        )
        .entry(
            "d",
            Form::Rrule {
                start: "2027-01-05T09:00:00".into(),
                rule: "FREQ=WEEKLY;BYDAY=MO".into(),
                duration: "1h".into(),
            },
        )
        .entry("e", dates("2027-01-05T09:00:00", "2027-01-05T09:00:00"));
    spec.exceptions.push(on("2027-02-29", Effect::Skip));
    spec.valid_until = Some("soon".into());
    spec.min_remaining = Some(TimeDelta::seconds(-1));
    let faults = Window::compile(&spec).unwrap_err();
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    let expected = [
        "timeZone",
        "minRemaining",
        "schedule[0].weekly.days[1]",
        "schedule[0].weekly.from",
        "schedule[0].weekly.until",
        "schedule[1].name",
        "schedule[1].cron.expression",
        "schedule[1].cron.duration",
        "schedule[2].rrule.rule",
        "schedule[3].rrule.start",
        "schedule[4].dates.until",
        "exceptions[0].date",
        "validUntil",
    ];
    assert_eq!(paths, expected);
}

/// Where the faults of a window are.
fn faults(spec: &WindowSpec) -> Vec<String> {
    let faults = Window::compile(spec).err().unwrap_or_default();
    faults.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn thirty_two_entries_and_two_hundred_and_fifty_six_exceptions_are_allowed_and_not_one_more() {
    let mut spec = WindowSpec::new(WindowType::Allow, "UTC");
    for n in 0..32 {
        spec = spec.entry(&format!("entry {n}"), Form::weekly("Mon", "09:00", "10:00"));
    }
    spec.exceptions = vec![on("2027-01-04", Effect::Skip); 256];
    assert_eq!(faults(&spec), [""; 0]);
    spec = spec.entry("one more", Form::weekly("Mon", "09:00", "10:00"));
    spec.exceptions.push(on("2027-01-04", Effect::Skip));
    assert_eq!(faults(&spec), ["schedule", "exceptions"]);
}

#[test]
fn no_time_at_all_may_be_asked_for_and_not_less() {
    let mut spec = allow("UTC", Form::weekly("Mon", "09:00", "10:00"));
    (spec.min_remaining, spec.opening_jitter) = (Some(TimeDelta::zero()), Some(TimeDelta::zero()));
    assert_eq!(faults(&spec), [""; 0]);
    (spec.opening_jitter, spec.overrun_grace) = (Some(TimeDelta::seconds(-1)), TimeDelta::seconds(-1));
    assert_eq!(faults(&spec), ["openingJitter", "overrunGrace"]);
}

#[test]
fn an_opening_whose_end_nobody_knows_has_none() {
    let opening = |until| Opening { from: at("2027-01-12T08:00:00Z"), until, entry: "it".into() };
    let noon = at("2027-01-12T12:00:00Z");
    assert_eq!(opening(noon).end(), Some(noon));
    assert_eq!(opening(DateTime::<Utc>::MAX_UTC).end(), None);
}

#[test]
fn a_window_tells_its_reason_and_its_limits_as_they_were_written() {
    let mut spec = allow("UTC", Form::weekly("Mon-Sun", "08:00", "12:00"));
    spec.reason = "Office hours".into();
    spec.capacity = Capacity { releases: Some(2), starts: Some(3) };
    spec.min_remaining = Some(TimeDelta::minutes(45));
    spec.opening_jitter = Some(TimeDelta::minutes(20));
    (spec.on_close, spec.overrun_grace) = (OnClose::Halt, TimeDelta::minutes(10));
    let window = Window::compile(&spec).expect("a window");
    assert_eq!((window.reason(), window.capacity()), ("Office hours", spec.capacity));
    assert_eq!((window.min_remaining(), window.opening_jitter()), (spec.min_remaining, spec.opening_jitter));
    assert_eq!(window.on_close(), (OnClose::Halt, TimeDelta::minutes(10)));
    assert_eq!((window.window_type(), window.zone().name()), (WindowType::Allow, "UTC"));
    for (window_type, word, stops) in [(WindowType::Allow, "Allow", false), (WindowType::Freeze, "Freeze", true)] {
        spec.window_type = window_type;
        assert_eq!(window_type.as_str(), word);
        for blocks in [false, true] {
            spec.blocks_rollback = blocks;
            let window = Window::compile(&spec).expect("a window");
            assert_eq!(window.blocks_rollback(), blocks && stops, "{word}");
        }
    }
}

#[test]
fn an_opening_of_a_day_or_less_goes_with_the_day_it_starts_on() {
    let event = |end: &str| {
        let lines = format!("DTSTART:20270104T220000\nDTEND:{end}");
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:one\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        let calendar = Calendar::parse(&text, &Zone::utc()).expect("a calendar");
        Form::Calendar(Selected { calendar: calendar.into(), categories: vec![] })
    };
    let cron = |duration: &str| Form::Cron { expression: "0 22 4 1 *".into(), duration: duration.into() };
    let cases = [
        (cron("8h"), None),
        (cron("1d"), None),
        (cron("24h"), None),
        (cron("24h1s"), Some("01-05T22:00")),
        (cron("1d12h"), Some("01-06T10:00")),
        (cron("36h"), Some("01-06T10:00")),
        (cron("2d"), Some("01-06T22:00")),
        (dates("2027-01-04T22:00:00", "2027-01-05T22:00:00"), None),
        (dates("2027-01-04T22:00:00", "2027-01-05T22:01:00"), Some("01-05T22:01")),
        (event("20270105T220000"), None),
        (event("20270105T220100"), Some("01-05T22:01")),
        (Form::weekly("Mon", "22:00", "21:00"), None),
    ];
    for (form, rest) in cases {
        let mut spec = allow("UTC", form.clone());
        spec.exceptions.push(on("2027-01-04", Effect::Skip));
        let expected: Vec<String> = rest.iter().map(|until| format!("01-05T00:00 {until}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&spec, "2027-01-04T12:00:00Z", "2027-01-08T00:00:00Z", &expected);
    }
}

#[test]
fn what_a_cut_leaves_outside_of_a_range_is_not_in_its_list() {
    let mut spec = allow("UTC", Form::weekly("Tue", "08:00", "12:00"));
    let nine = ExceptionTime::Range { from: "2027-01-05T09:00:00".into(), until: "2027-01-05T10:00:00".into() };
    spec.exceptions.push(exception(nine, Effect::Skip));
    let window = Window::compile(&spec).expect("a window");
    let listed = |from: &str, until: &str| {
        let day = |time: &str| at(&format!("2027-01-05T{time}Z"));
        let found = window.openings(day(from), day(until)).into_iter();
        found.map(|opening| opening.from.format("%H").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed("07:00:00", "13:00:00"), ["08", "10"]);
    assert_eq!(listed("08:30:00", "10:00:00"), ["08"]);
    assert_eq!(listed("09:00:00", "11:00:00"), ["10"]);
    assert!(listed("09:00:00", "10:00:00").is_empty());
    assert_eq!(listed("09:30:00", "10:00:00.5"), ["10"], "half a second is in it");
}

#[test]
fn a_long_opening_has_the_names_of_its_first_days() {
    let spec = allow("UTC", dates("2027-01-04T00:00:00", "2027-04-01T00:00:00"))
        .entry("third", dates("2027-01-06T00:00:00", "2027-04-01T00:00:00"))
        .entry("later", dates("2027-02-04T00:00:00", "2027-04-01T00:00:00"));
    let found = Window::compile(&spec).expect("a window").upcoming(at("2027-01-04T00:00:00Z"), 1);
    assert_eq!(found[0].entry, "it, third");
}

#[test]
fn nothing_is_open_later_than_a_day_behind_the_calendar() {
    let form = Form::Cron { expression: "0 0 31 12 *".into(), duration: "3d".into() };
    let window = Window::compile(&allow("UTC", form)).expect("a window");
    let found = window.openings(at("9999-12-31T12:00:00Z"), at("+10000-01-05T00:00:00Z"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].until, at("+10000-01-02T00:00:00Z"));
}

#[test]
fn what_is_open_can_start_now_and_what_is_closed_when_it_opens() {
    let window = Window::compile(&allow("UTC", Form::weekly("Mon-Sun", "08:00", "12:00"))).expect("a window");
    let open = at("2027-01-12T11:59:59Z");
    assert_eq!(window.next_start(open), Some(open));
    assert_eq!(window.next_start(at("2027-01-12T12:00:00Z")), Some(at("2027-01-13T08:00:00Z")));
}

#[test]
fn what_is_the_same_every_week_ends_with_its_validity() {
    let mut spec = allow("UTC", Form::weekly("Mon-Sun", "00:00", "24:00"));
    let now = at("2026-06-01T00:00:00Z");
    assert_eq!(Window::compile(&spec).expect("a window").next_end(now), None);
    spec.valid_until = Some("2028-01-01T12:00:00".into());
    assert_eq!(Window::compile(&spec).expect("a window").next_end(now), Some(at("2028-01-01T12:00:00Z")));
}
