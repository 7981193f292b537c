use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::governance::{Governance, Governing, Purpose};
use super::super::ics::Calendar;
use super::super::schedule::{Effect, Exception, ExceptionTime, Form, Selected, WindowSpec, WindowType};
use super::super::window::Window;
use super::super::zone::Zone;
use super::*;

/// Counts the looks and the openings that are computed, and can hide what is known of their future.
struct Watched<'a, O> {
    openings: &'a O,
    looks: Cell<usize>,
    looked_at: Cell<usize>,
    foresight: bool,
}

impl<'a, O: Openings> Watched<'a, O> {
    fn with(openings: &'a O, foresight: bool) -> Self {
        Watched { openings, looks: Cell::new(0), looked_at: Cell::new(0), foresight }
    }
}

impl<O: Openings> Openings for Watched<'_, O> {
    fn within(&self, from: i64, until: i64, looked_at: &mut usize) -> Vec<Span> {
        self.looks.set(self.looks.get() + 1);
        let before = *looked_at;
        let found = self.openings.within(from, until, looked_at);
        self.looked_at.set(self.looked_at.get() + *looked_at - before);
        found
    }

    fn a_day(&self) -> i64 {
        self.openings.a_day()
    }

    fn steady(&self) -> Option<Steady> {
        self.openings.steady().filter(|_| self.foresight)
    }
}

/// 2026-11-26T02:00:00Z.
const NOW: i64 = 1_795_658_400;

fn window(zone: &str, form: Form) -> Window {
    Window::compile(&WindowSpec::new(WindowType::Allow, zone).entry("it", form)).unwrap()
}

fn cron(expression: &str, duration: &str) -> Form {
    Form::Cron { expression: expression.to_owned(), duration: duration.to_owned() }
}

fn governed(windows: Vec<Window>) -> Governance {
    let named = windows.into_iter().enumerate().map(|(n, window)| (n.to_string(), Governing::Sound(Arc::new(window))));
    Governance { tiers: [named.collect(), vec![], vec![]] }
}

#[test]
fn what_never_ends_is_known_from_few_openings() {
    for (zone, most) in [("UTC", 20), ("Asia/Tokyo", 20), ("Europe/Berlin", 500), ("America/New_York", 500)] {
        let always = window(zone, cron("0 0 * * *", "1d"));
        let watched = Watched::with(&always, true);
        assert_eq!(end_of_stretch(&watched, NOW), Some(NO_END), "{zone}");
        assert!(watched.looked_at.get() <= most, "{zone}: {}", watched.looked_at.get());
        let blind = Watched::with(&always, false);
        assert_eq!(end_of_stretch(&blind, NOW), Some(NO_END), "{zone}");
        assert!(blind.looked_at.get() >= 10_000, "the count can tell: {}", blind.looked_at.get());
    }
}

#[test]
fn a_day_of_24_hours_ends_where_the_clock_goes_back() {
    let almost = window("Europe/Berlin", cron("0 0 * * *", "24h"));
    let end = end_of_stretch(&Watched::with(&almost, true), NOW);
    // 2027-10-31T23:00 in Berlin.
    assert_eq!(end, Some(1_825_020_000));
    assert_eq!(end, end_of_stretch(&Watched::with(&almost, false), NOW));
}

#[test]
fn what_never_opens_again_or_never_fits_is_known_from_few_openings() {
    let mondays = window("Europe/Berlin", cron("0 9 * * 1", "3h"));
    let tuesdays = window("Europe/Berlin", cron("0 9 * * 2", "3h"));
    let mut governance = governed(vec![mondays]);
    let never_fits = |governance: &Governance, hours: i64, foresight| {
        let seen = governance.seen(Purpose::Release);
        let watched = Watched::with(&seen, foresight);
        assert_eq!(next_stretch(&watched, NOW, hours * 3_600), None);
        watched.looked_at.get()
    };
    for hours in [4, 50 * 24] {
        assert!(never_fits(&governance, hours, true) <= 200, "{}", never_fits(&governance, hours, true));
        assert!(never_fits(&governance, hours, false) >= 10_000);
    }
    governance.tiers[1] = governed(vec![tuesdays]).tiers[0].clone();
    let seen = governance.seen(Purpose::Release);
    let watched = Watched::with(&seen, true);
    assert_eq!((next_open(&watched, NOW), next_stretches(&watched, NOW, 10)), (None, vec![]));
    assert!(watched.looked_at.get() <= 800, "{}", watched.looked_at.get());
}

fn instant(text: &str) -> i64 {
    text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp()
}

/// What is open for ever once one thing has passed is known to be from few openings, whatever that one thing is. In
/// Honolulu midnight is ten hours later than in UTC, and the clock never shifts.
#[test]
fn what_happens_for_the_last_time_is_known_to_be_the_last() {
    let daily = |start| WindowSpec::new(WindowType::Allow, "Pacific/Honolulu").entry("it", cron(start, "1d"));
    let skipped = |start| {
        let mut spec = daily(start);
        let when = ExceptionTime::Date("2027-01-09".into());
        spec.exceptions.push(Exception { when, effect: Effect::Skip, reason: String::new() });
        spec
    };
    let mut holiday = daily("0 23 * * *");
    holiday.holidays = Some(events("DTSTART;VALUE=DATE:20270109"));
    let mut valid = daily("0 0 * * *");
    valid.valid_from = Some("2027-01-10T00:00:00".into());
    let left_out =
        Form::Calendar(events("DTSTART:20261201T000000\nDURATION:P1D\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20270109"));
    let left_out = WindowSpec::new(WindowType::Allow, "Pacific/Honolulu").entry("it", left_out);
    let freeze = Form::Dates { from: "2027-01-01T00:00:00".into(), until: "2027-01-10T00:00:00".into() };
    let freeze = WindowSpec::new(WindowType::Freeze, "Pacific/Honolulu").entry("it", freeze);
    let (midnight, evening) = ("2027-01-10T10:00:00Z", "2027-01-11T09:00:00Z");
    let cases = [
        (vec![daily("0 0 * * *"), freeze], midnight),
        (vec![skipped("0 0 * * *")], midnight),
        (vec![skipped("0 23 * * *")], evening),
        (vec![holiday], evening),
        (vec![valid], midnight),
        (vec![left_out], midnight),
    ];
    for (number, (specs, opens)) in cases.into_iter().enumerate() {
        let governance = governed(specs.iter().map(|spec| Window::compile(spec).unwrap()).collect());
        let seen = governance.seen(Purpose::Release);
        let watched = Watched::with(&seen, true);
        let opens = instant(opens);
        let known = Some(Span { from: opens, until: NO_END });
        assert_eq!(next_stretch(&watched, opens - 3_600, 0), known, "case {number}");
        assert!(watched.looked_at.get() <= 100, "case {number}: {}", watched.looked_at.get());
    }
}

/// One event of a calendar in Honolulu.
fn events(lines: &str) -> Selected {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:one\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    let calendar = Calendar::parse(&text, &Zone::named("Pacific/Honolulu").unwrap()).expect("a calendar");
    Selected { calendar: Arc::new(calendar), categories: vec![] }
}

#[test]
fn a_search_takes_few_looks_and_none_that_computes_too_much() {
    let weekly = window("UTC", cron("0 9 * * 1", "3h"));
    let watched = Watched::with(&weekly, true);
    assert_eq!(next_open(&watched, NOW), Some(instant("2026-11-30T09:00:00Z")));
    assert_eq!(watched.looks.get(), 1, "a week is the first look");

    let watched = Watched::with(&weekly, true);
    let (begin, later) = (instant("2026-11-30T09:00:00Z"), instant("2026-11-30T10:00:00Z"));
    assert_eq!(start_of_stretch(&watched, later), Some(begin));
    assert_eq!(watched.looks.get(), 1, "and the first look back");

    // 8, 32 and 128 days, and the rest of the 480 that prove it; then 8 again. It is open at the end of each but the last.
    let days = window("Europe/Berlin", cron("0 0 * * *", "23h"));
    let watched = Watched::with(&days, true);
    assert_eq!(next_stretches(&watched, NOW, 482).len(), 482);
    assert_eq!(watched.looks.get(), 5);
    assert!(watched.looked_at.get() <= 480 + 8 + 5, "{}", watched.looked_at.get());

    // 1,440 a day: 8 days, and the 13 that 20,000 openings are.
    let minutes = window("UTC", cron("* * * * *", "30s"));
    let watched = Watched::with(&minutes, false);
    assert_eq!(next_stretch(&watched, NOW, 3_600), None);
    assert_eq!((watched.looks.get(), watched.looked_at.get()), (2, (8 + 13) * 1_440));
}

#[test]
fn the_calendar_is_searched_to_its_last_second_and_from_its_first() {
    let rrule = Form::Rrule {
        start: "2027-01-01T23:59:59".into(),
        rule: "FREQ=DAILY;INTERVAL=1".into(),
        duration: "1h".into(),
    };
    let last = instant("9999-12-31T23:59:59Z");
    assert_eq!(next_open(&window("UTC", rrule), last - 3_600), Some(last));
    assert_eq!(next_open(&window("UTC", cron("0 9 * * *", "1h")), last - 3_600), None);

    let first = Form::Dates { from: "0001-01-01T00:00:00".into(), until: "0001-01-05T00:00:00".into() };
    let tokyo = window("Asia/Tokyo", first);
    // The sun, by which Tokyo lived then, is 9:18:59 ahead.
    let begin = instant("0001-01-01T00:00:00Z") - 33_539;
    assert_eq!(next_open(&tokyo, begin - 3_600), Some(begin));
    assert_eq!(start_of_stretch(&tokyo, begin + 3 * DAY), Some(begin));
}

#[test]
fn what_is_open_is_known_to_be_since_it_opened_or_since_long_ago() {
    let dated = |from: &str| window("UTC", Form::Dates { from: from.into(), until: "2030-01-01T00:00:00".into() });
    for from in ["2026-11-26T01:00:00", "2026-11-18T02:00:00", "2025-03-01T00:00:00", "1627-01-01T00:00:00"] {
        assert_eq!(start_of_stretch(&dated(from), NOW), Some(instant(&format!("{from}Z"))), "{from}");
    }
    assert_eq!(start_of_stretch(&dated("2026-11-26T03:00:00"), NOW), None, "it opens in an hour");
    let always = window("UTC", cron("0 0 * * *", "1d"));
    let watched = Watched::with(&always, true);
    let since = start_of_stretch(&watched, NOW).expect("it is open");
    assert!(since <= NOW - 20_000 * DAY && watched.looked_at.get() < 60_000, "{since}, {}", watched.looked_at.get());
    assert_eq!(next_stretches(&always, NOW, 0), vec![]);
}

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Gaza",
    "America/Nuuk",
    "Asia/Kathmandu",
];

/// Daily and weekly schedules that leave few holes or none, most of them with the hole at a change of the clock.
fn form() -> impl Strategy<Value = Form> {
    let days = prop_oneof![Just("*"), Just("1-5"), Just("0,6"), Just("1,4"), Just("3")];
    let lengths = prop_oneof![
        Just("1d"),
        Just("24h"),
        Just("23h"),
        Just("25h"),
        Just("1410m"),
        Just("2d"),
        Just("5d"),
        Just("71h"),
        Just("7d"),
        Just("168h"),
        Just("60d"),
        Just("90m")
    ];
    let starts = prop_oneof![Just("0 0"), Just("30 2"), Just("0 3"), Just("0 2,14"), Just("45 1")];
    prop_oneof![
        4 => (starts, days, lengths).prop_map(|(start, days, length)| cron(&format!("{start} * * {days}"), length)),
        1 => (0..400i64, 0..400i64).prop_map(|(from, days)| Form::Dates { from: wall(from), until: wall(from + days + 1) }),
        1 => (0..400i64).prop_map(|day| Form::Rrule {
            start: "2020-01-06T09:00:00".to_owned(),
            rule: format!("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL={}Z", wall(day).replace(['-', ':'], "")),
            duration: "30h".to_owned(),
        }),
    ]
}

/// Midnight so many days after 2026-11-01.
fn wall(day: i64) -> String {
    let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap() + chrono::TimeDelta::days(day);
    format!("{date}T00:00:00")
}

prop_compose! {
    fn any_window(zone: &'static str)(
        kind in prop_oneof![4 => Just(WindowType::Allow), 1 => Just(WindowType::Freeze)],
        forms in proptest::collection::vec(form(), 1..3),
        skipped in proptest::option::of((0..400i64, any::<bool>())),
        valid_from in proptest::option::weighted(0.2, 0..400i64),
    ) -> Window {
        let mut spec = WindowSpec::new(kind, zone);
        for (n, form) in forms.into_iter().enumerate() {
            spec = spec.entry(&n.to_string(), form);
        }
        spec.exceptions.extend(skipped.map(|(day, skip)| Exception {
            when: ExceptionTime::Date(wall(day)[..10].to_owned()),
            effect: if skip { Effect::Skip } else { Effect::Add },
            reason: String::new(),
        }));
        spec.valid_from = valid_from.map(wall);
        Window::compile(&spec).unwrap()
    }
}

fn any_governance() -> impl Strategy<Value = Governance> {
    (0..ZONES.len(), any::<bool>()).prop_flat_map(|(zone, second)| {
        let (one, other) = (ZONES[zone], if second { "Asia/Kathmandu" } else { ZONES[zone] });
        let tier = |zone| proptest::collection::vec(any_window(zone), 0..3);
        (tier(one), tier(other)).prop_map(|(first, second)| {
            let (first, second) = (governed(first).tiers[0].clone(), governed(second).tiers[0].clone());
            Governance { tiers: [first, second, vec![]] }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn foresight_changes_no_answer(governance in any_governance(), at in NOW..NOW + 40_000_000, need in 0..200i64) {
        let seen = governance.seen(Purpose::Release);
        let (clever, blind) = (Watched::with(&seen, true), Watched::with(&seen, false));
        prop_assert_eq!(end_of_stretch(&clever, at), end_of_stretch(&blind, at));
        prop_assert_eq!(next_open(&clever, at), next_open(&blind, at));
        prop_assert_eq!(next_stretch(&clever, at, need * 3_600), next_stretch(&blind, at, need * 3_600));
        prop_assert_eq!(next_stretches(&clever, at, 5), next_stretches(&blind, at, 5));
        prop_assert_eq!(next_stretch(&clever, at, need * 86_400), next_stretch(&blind, at, need * 86_400));
    }
}
