//! Turns after an opening, told by what people would see.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{Form, Window, WindowSpec, WindowType};
use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A window of some hours of each day, which spreads its starts over so many seconds.
fn governance(window_type: WindowType, from: &str, until: &str, seconds: i64) -> Governance {
    let form = Form::weekly("Mon-Sun", from, until);
    let mut spec = WindowSpec::new(window_type, "UTC").entry("hours", form);
    spec.opening_jitter = (seconds > 0).then(|| TimeDelta::seconds(seconds));
    let window = Governing::Sound(Arc::new(Window::compile(&spec).unwrap()));
    Governance { tiers: [vec![("ns/w".into(), window)], vec![], vec![]] }
}

fn turns(governance: &Governance, now: &str, need: i64) -> Vec<DateTime<Utc>> {
    let now = at(now);
    let one = |n: usize| governance.turn(now, &format!("releases/r{n}"), TimeDelta::seconds(need));
    (0..200).map(|n| one(n).map_or(now, |turn| turn.at)).collect()
}

#[test]
fn an_opening_that_frees_many_lets_them_go_one_after_another_within_the_jitter() {
    let spread = governance(WindowType::Allow, "09:00", "12:00", 300);
    let all = turns(&spread, "2027-01-04T09:00:00Z", 60);
    assert!(all.iter().all(|t| *t >= at("2027-01-04T09:00:00Z") && *t <= at("2027-01-04T09:05:00Z")));
    for minute in 0..5 {
        let begin = at("2027-01-04T09:00:00Z") + TimeDelta::minutes(minute);
        let within = all.iter().filter(|t| **t >= begin && **t < begin + TimeDelta::minutes(1)).count();
        assert!((20..=65).contains(&within), "{within} of 200 in minute {minute}");
    }
}

#[test]
fn a_turn_stays_the_same_until_it_has_come_and_is_another_one_in_the_next_opening() {
    let spread = governance(WindowType::Allow, "09:00", "12:00", 300);
    let need = TimeDelta::minutes(1);
    let first = spread.turn(at("2027-01-04T09:00:00Z"), "releases/a", need).unwrap();
    assert_eq!((first.window.as_str(), first.over), ("ns/w", TimeDelta::seconds(300)));
    let before = first.at - TimeDelta::milliseconds(1);
    assert_eq!(spread.turn(before, "releases/a", need), Some(first.clone()));
    assert_eq!(spread.turn(first.at, "releases/a", need), None);
    assert_eq!(spread.turn(at("2027-01-04T11:00:00Z"), "releases/a", need), None);
    let days: BTreeSet<i64> = (4..9)
        .filter_map(|day| spread.turn(at(&format!("2027-01-0{day}T09:00:00Z")), "releases/a", need))
        .map(|turn| turn.at.timestamp() % 86_400)
        .collect();
    assert!(days.len() > 2, "{days:?}");
}

#[test]
fn without_jitter_and_while_closed_nobody_has_a_turn() {
    let plain = governance(WindowType::Allow, "09:00", "12:00", 0);
    assert_eq!(plain.turn(at("2027-01-04T09:00:00Z"), "releases/a", TimeDelta::zero()), None);
    let spread = governance(WindowType::Allow, "09:00", "12:00", 300);
    assert_eq!(spread.turn(at("2027-01-04T08:59:59Z"), "releases/a", TimeDelta::zero()), None);
    assert_eq!(spread.turn(at("2027-01-04T12:00:00Z"), "releases/a", TimeDelta::zero()), None);
}

#[test]
fn nobody_waits_so_long_that_it_no_longer_fits() {
    let spread = governance(WindowType::Allow, "09:00", "10:00", 1800);
    let latest = at("2027-01-04T10:00:00Z") - TimeDelta::minutes(50);
    let all = turns(&spread, "2027-01-04T09:00:00Z", 50 * 60);
    assert!(all.iter().all(|t| *t <= latest), "{:?}", all.iter().max());
    assert!(all.iter().any(|t| *t > latest - TimeDelta::minutes(2)));
    let hopeless = turns(&spread, "2027-01-04T09:00:00Z", 70 * 60);
    assert!(
        hopeless.iter().all(|t| *t == at("2027-01-04T09:00:00Z")),
        "what never fits is not told to wait for a turn"
    );
}

#[test]
fn the_end_of_a_freeze_frees_many_too() {
    let frozen = governance(WindowType::Freeze, "09:00", "12:00", 60);
    let all = turns(&frozen, "2027-01-04T12:00:00Z", 60);
    assert!(all.iter().collect::<BTreeSet<_>>().len() > 30);
    assert_eq!(frozen.turn(at("2027-01-04T12:01:00Z"), "releases/r1", TimeDelta::zero()), None);
}
