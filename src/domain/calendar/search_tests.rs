use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::governance::{Governance, Governing, Purpose};
use super::super::schedule::{Effect, Exception, ExceptionTime, Form, WindowSpec, WindowType};
use super::super::window::Window;
use super::*;

/// Counts the openings that are computed, and can hide what is known of their future.
struct Watched<'a, O> {
    openings: &'a O,
    looked_at: Cell<usize>,
    foresight: bool,
}

impl<'a, O: Openings> Watched<'a, O> {
    fn with(openings: &'a O, foresight: bool) -> Self {
        Watched { openings, looked_at: Cell::new(0), foresight }
    }
}

impl<O: Openings> Openings for Watched<'_, O> {
    fn within(&self, from: i64, until: i64, looked_at: &mut usize) -> Vec<Span> {
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
    let never_fits = |governance: &Governance, foresight| {
        let seen = governance.seen(Purpose::Release);
        let watched = Watched::with(&seen, foresight);
        assert_eq!(next_stretch(&watched, NOW, 4 * 3_600), None);
        watched.looked_at.get()
    };
    assert!(never_fits(&governance, true) <= 200, "{}", never_fits(&governance, true));
    assert!(never_fits(&governance, false) >= 10_000);
    governance.tiers[1] = governed(vec![tuesdays]).tiers[0].clone();
    let seen = governance.seen(Purpose::Release);
    let watched = Watched::with(&seen, true);
    assert_eq!((next_open(&watched, NOW), next_stretches(&watched, NOW, 10)), (None, vec![]));
    assert!(watched.looked_at.get() <= 800, "{}", watched.looked_at.get());
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
