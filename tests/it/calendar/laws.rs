//! Laws that every answer obeys, on schedules that nobody wrote.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rollcall::domain::calendar::{
    Effect, Exception, ExceptionTime, Form, Governance, Governing, Opening, Recurrence, Window, WindowSpec, WindowType,
};

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn weekly() -> impl Strategy<Value = Form> {
    let days = proptest::sample::subsequence(DAYS.to_vec(), 1..=4);
    (days, 0..24, 0..24, 0..4, proptest::option::of(prop_oneof![1..=5, -5..=-1])).prop_map(
        |(days, from, until, quarter, week)| Form::Weekly {
            days: days.into_iter().map(str::to_owned).collect(),
            from: format!("{from:02}:{:02}", quarter * 15),
            until: format!("{until:02}:30"),
            weeks_of_month: week.into_iter().collect(),
            days_of_month: vec![],
            months: vec![],
        },
    )
}

fn cron() -> impl Strategy<Value = Form> {
    (0..60, 0..24, 1..300).prop_map(|(minute, hour, length)| Form::Cron {
        expression: format!("{minute} {hour} * * 1,3"),
        duration: format!("{length}m"),
    })
}

fn rrule() -> impl Strategy<Value = Form> {
    (1..40, -3..=3i32, 1..40).prop_map(|(interval, position, hours)| {
        let rule = match position {
            0 => format!("FREQ=DAILY;INTERVAL={interval}"),
            n => format!("FREQ=MONTHLY;BYDAY=FR,{n}MO;BYSETPOS=1"),
        };
        let start = if position == 0 { "2021-06-04T09:00:00" } else { "0001-01-01T00:00:00" };
        Form::Rrule { start: start.to_owned(), rule, duration: format!("{hours}h") }
    })
}

fn dates() -> impl Strategy<Value = Form> {
    (1..365i64, 1..2_000i64).prop_map(|(day, minutes)| {
        let from = "2026-06-01T00:00:00".parse::<chrono::NaiveDateTime>().expect("a date") + TimeDelta::days(day);
        let until = from + TimeDelta::minutes(minutes);
        let written = |at: chrono::NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%S").to_string();
        Form::Dates { from: written(from), until: written(until) }
    })
}

/// Two entries, of which one ends where the other begins, week after week: what touches is one opening.
fn touching() -> impl Strategy<Value = [Form; 2]> {
    let days = proptest::sample::subsequence(DAYS.to_vec(), 1..=4);
    (days, 0..8, 8..16, 16..24).prop_map(|(days, from, middle, until)| {
        [(from, middle), (middle, until)].map(|(from, until)| Form::Weekly {
            days: days.iter().map(|day| (*day).to_owned()).collect(),
            from: format!("{from:02}:00"),
            until: format!("{until:02}:00"),
            weeks_of_month: vec![],
            days_of_month: vec![],
            months: vec![],
        })
    })
}

prop_compose! {
    fn window(kind: WindowType)(
        zone in proptest::sample::select(ZONES.to_vec()),
        forms in proptest::collection::vec(prop_oneof![weekly(), cron(), rrule(), dates()], 1..4),
        touching in proptest::option::weighted(0.3, touching()),
        skipped in proptest::collection::vec((1..360i64, any::<bool>(), any::<bool>()), 0..3),
    ) -> Window {
        let mut spec = WindowSpec::new(kind, zone);
        for (index, form) in forms.into_iter().chain(touching.into_iter().flatten()).enumerate() {
            // A start that its rule does not produce is refused; such an entry is left out.
            let more = spec.clone().entry(&format!("e{index}"), form);
            if Window::compile(&more).is_ok() {
                spec = more;
            }
        }
        for (day, skip, whole) in skipped {
            let date = chrono::NaiveDate::from_ymd_opt(2026, 6, 1).expect("a date") + TimeDelta::days(day);
            let when = if whole { ExceptionTime::Date(date.to_string()) } else {
                ExceptionTime::Range { from: format!("{date}T03:00:00"), until: format!("{date}T15:00:00") }
            };
            let effect = if skip { Effect::Skip } else { Effect::Add };
            spec.exceptions.push(Exception { when, effect, reason: String::new() });
        }
        Window::compile(&spec).expect("every text above is right")
    }
}

pub(super) fn any_window() -> impl Strategy<Value = Window> {
    prop_oneof![window(WindowType::Allow), window(WindowType::Freeze)]
}

fn governance() -> impl Strategy<Value = Governance> {
    let tier = || proptest::collection::vec(any_window(), 0..3);
    (tier(), tier(), tier()).prop_map(|(a, b, c)| Governance { tiers: [named("a", a), named("b", b), named("c", c)] })
}

fn named(tier: &str, windows: Vec<Window>) -> Vec<(String, Governing)> {
    let numbered = windows.into_iter().enumerate();
    numbered.map(|(index, window)| (format!("{tier}/{index}"), Governing::Sound(Arc::new(window)))).collect()
}

/// An instant of the year the dated entries lie in, to the second.
pub(super) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (1_780_000_000..1_812_000_000i64).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).expect("in range"))
}

fn bounds(openings: &[Opening]) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    openings.iter().map(|opening| (opening.from, opening.until)).collect()
}

fn holds(openings: &[Opening], at: DateTime<Utc>) -> bool {
    openings.iter().any(|opening| opening.from <= at && at < opening.until)
}

const MONTH: TimeDelta = TimeDelta::days(30);

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merged_openings_are_sorted_disjoint_and_apart(window in any_window(), from in instant()) {
        let openings = window.merged_openings(from, from + MONTH);
        prop_assert!(openings.iter().all(|opening| opening.from < opening.until));
        prop_assert!(openings.windows(2).all(|pair| pair[0].until < pair[1].from));
    }

    #[test]
    fn a_window_covers_exactly_what_its_openings_hold(window in any_window(), from in instant(), second in 0..2_592_000i64) {
        let at = from + TimeDelta::seconds(second);
        let openings = window.merged_openings(from, from + MONTH);
        prop_assert_eq!(window.covers(at), holds(&openings, at));
        prop_assert_eq!(window.covers(at), window.entry_at(at).is_some());
        prop_assert_eq!(window.covers(at), holds(&window.openings(from, from + MONTH), at));
        let ahead = window.ahead(from, from + MONTH);
        prop_assert_eq!(ahead.covers(at), Some(window.covers(at)));
        let change = window.next_change(at).filter(|change| *change < from + MONTH);
        prop_assert_eq!(ahead.next_change(at), change);
        for opening in &openings {
            let second = TimeDelta::seconds(1);
            prop_assert!(window.covers(opening.from));
            prop_assert!(window.covers(opening.until - second));
            prop_assert!(opening.from == from || !window.covers(opening.from - second));
            prop_assert!(!window.covers(opening.until) || opening.until == from + MONTH);
        }
    }

    #[test]
    fn next_start_and_next_end_agree_with_the_list(window in any_window(), at in instant()) {
        let openings = window.merged_openings(at, at + MONTH);
        match openings.first() {
            Some(first) => {
                prop_assert_eq!(window.next_start(at), Some(first.from));
                let end = window.next_end(first.from);
                prop_assert!(end == Some(first.until) || first.until == at + MONTH);
            }
            None => prop_assert!(window.next_start(at).is_none_or(|next| next >= at + MONTH)),
        }
    }

    #[test]
    fn a_verdict_agrees_with_the_openings_and_gives_a_reason_when_closed(governance in governance(), at in instant()) {
        let openings = governance.openings(at, at + MONTH);
        let verdict = governance.at(at);
        prop_assert_eq!(verdict.open, holds(&openings, at));
        prop_assert_eq!(verdict.open, verdict.closed_by.is_empty());
        prop_assert_eq!(verdict.open, governance.opening_at(at).is_some());
        if verdict.open {
            prop_assert!(verdict.closes_at == Some(openings[0].until) || openings[0].until == at + MONTH);
        } else if let Some(first) = openings.first() {
            prop_assert_eq!(verdict.opens_at, Some(first.from));
        }
        if let Some(change) = verdict.next_change {
            prop_assert!(change > at);
            let before = governance.at(change - TimeDelta::seconds(1));
            prop_assert_eq!(before.open, verdict.open);
        }
    }

    #[test]
    fn tiers_intersect_windows_unite_and_freezes_subtract(governance in governance(), at in instant()) {
        let covers = |governing: &Governing| matches!(governing, Governing::Sound(window) if window.covers(at));
        let open = governance.tiers.iter().all(|tier| {
            let mut allows = tier.iter().filter(|(_, window)| window.window_type() == WindowType::Allow).peekable();
            allows.peek().is_none() || allows.any(|(_, window)| covers(window))
        });
        let frozen = governance.tiers.iter().flatten().any(|(_, window)| window.window_type() == WindowType::Freeze && covers(window));
        prop_assert_eq!(governance.at(at).open, open && !frozen);
    }

    #[test]
    fn the_order_of_windows_and_of_entries_changes_no_answer(governance in governance(), at in instant()) {
        let mut turned = governance.clone();
        turned.tiers.iter_mut().for_each(|tier| tier.reverse());
        prop_assert_eq!(governance.at(at), turned.at(at));
        prop_assert_eq!(bounds(&governance.openings(at, at + MONTH)), bounds(&turned.openings(at, at + MONTH)));
    }

    #[test]
    fn entries_may_be_written_in_any_order(forms in proptest::collection::vec(prop_oneof![weekly(), cron(), dates()], 1..5), at in instant()) {
        let written = |order: &mut dyn Iterator<Item = (usize, &Form)>| {
            let spec = WindowSpec::new(WindowType::Allow, "Africa/Cairo");
            let spec = order.fold(spec, |spec, (index, form)| spec.entry(&format!("e{index}"), form.clone()));
            Window::compile(&spec).expect("right").openings(at, at + MONTH)
        };
        prop_assert_eq!(written(&mut forms.iter().enumerate()), written(&mut forms.iter().enumerate().rev()));
    }

    #[test]
    fn what_fits_goes_on_fitting_for_less(governance in governance(), at in instant(), minutes in 1..600i64) {
        let need = TimeDelta::minutes(minutes);
        let fit = governance.fit(at, need);
        prop_assert_eq!(fit.fits, fit.next == Some(at));
        if let Some(next) = fit.next {
            prop_assert!(governance.fits(next, need));
            prop_assert!(governance.fits(next, need / 2));
            prop_assert!(governance.next_fit(at, need / 2).is_some_and(|earlier| earlier <= next));
        }
    }

    #[test]
    fn a_rule_in_utc_repeats_after_four_hundred_years(
        frequency in proptest::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        by in proptest::sample::select(vec!["", ";BYDAY=MO,FR", ";BYMONTH=2,3;BYHOUR=1,13", ";BYMONTH=2;BYDAY=SU;BYSETPOS=-1"]),
        day in 0..3_000i64,
    ) {
        let rule = format!("FREQ={frequency}{by}");
        let start = |year: &str| Recurrence { zone: "UTC", start: &format!("{year}-03-01T09:00:00"), rule: Some(&rule), ..Recurrence::default() }
            .compile().expect("a rule");
        let cycle = TimeDelta::days(146_097);
        let from = DateTime::from_timestamp(1_500_000_000, 0).expect("in range") + TimeDelta::days(day);
        let early = start("2000").starts(from, from + TimeDelta::days(800));
        let late = start("2400").starts(from + cycle, from + cycle + TimeDelta::days(800));
        prop_assert_eq!(early.into_iter().map(|at| at + cycle).collect::<Vec<_>>(), late);
    }
}
