//! Who governs, told by what people would see.

use super::super::{Form, WindowSpec};
use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A window that is open, or in force, on some days from 09:00 to an hour, in UTC.
fn spec(window_type: WindowType, days: &str, until: &str) -> WindowSpec {
    WindowSpec::new(window_type, "UTC").entry("hours", Form::weekly(days, "09:00", until))
}

fn sound(spec: &WindowSpec) -> Governing {
    Governing::Sound(Arc::new(Window::compile(spec).unwrap()))
}

fn allow(days: &str, until: &str) -> Governing {
    sound(&spec(WindowType::Allow, days, until))
}

fn freeze(days: &str, until: &str) -> Governing {
    sound(&spec(WindowType::Freeze, days, until))
}

fn broken(window_type: WindowType) -> Governing {
    Governing::Broken { window_type, fault: "no such zone".into(), blocks_rollback: false }
}

fn governance(tiers: [Vec<Governing>; 3]) -> Governance {
    let named = |tier: Vec<Governing>| tier.into_iter().enumerate().map(|(n, one)| (format!("ns/w{n}"), one)).collect();
    Governance { tiers: tiers.map(named) }
}

/// Whether it is open on Monday 2027-01-04 at 10:00, and the names and faults of what closes it.
fn check(tiers: [Vec<Governing>; 3], closed_by: &[&str]) {
    let verdict = governance(tiers).at(at("2027-01-04T10:00:00Z"));
    let named: Vec<String> = verdict
        .closed_by
        .iter()
        .map(|closer| {
            format!(
                "{} {}{}",
                closer.window,
                closer.window_type.as_str(),
                if closer.fault.is_some() { " broken" } else { "" }
            )
        })
        .collect();
    assert_eq!(named, closed_by);
    assert_eq!(verdict.open, closed_by.is_empty());
}

#[test]
fn without_windows_everything_is_open_and_stays_so() {
    let verdict = governance([vec![], vec![], vec![]]).at(at("2027-01-04T10:00:00Z"));
    assert!(verdict.open);
    assert_eq!((verdict.closes_at, verdict.opens_at, verdict.next_change), (None, None, None));
}

#[test]
fn windows_of_one_tier_unite() {
    check([vec![allow("Mon", "12:00"), allow("Tue", "12:00")], vec![], vec![]], &[]);
}

#[test]
fn tiers_intersect_so_a_team_narrows_and_never_widens() {
    check([vec![allow("Mon", "12:00")], vec![allow("Tue", "12:00")], vec![]], &["ns/w0 Allow"]);
    check([vec![allow("Tue", "12:00")], vec![allow("Mon", "12:00")], vec![]], &["ns/w0 Allow"]);
}

#[test]
fn a_freeze_in_any_tier_beats_every_allow() {
    check([vec![allow("Mon", "12:00")], vec![], vec![freeze("Mon", "11:00")]], &["ns/w0 Freeze"]);
}

#[test]
fn every_window_that_closes_is_named_and_not_only_the_first() {
    let tiers = [vec![allow("Tue", "12:00"), allow("Wed", "12:00")], vec![], vec![freeze("Mon", "11:00")]];
    check(tiers, &["ns/w0 Freeze", "ns/w0 Allow", "ns/w1 Allow"]);
}

#[test]
fn a_broken_freeze_closes_and_a_broken_allow_adds_nothing() {
    check([vec![broken(WindowType::Freeze)], vec![], vec![]], &["ns/w0 Freeze broken"]);
    check([vec![broken(WindowType::Allow), allow("Mon", "12:00")], vec![], vec![]], &[]);
    check([vec![broken(WindowType::Allow)], vec![allow("Mon", "12:00")], vec![]], &["ns/w0 Allow broken"]);
}

#[test]
fn a_rollback_passes_every_window_but_a_freeze_that_says_it_blocks_it() {
    let now = at("2027-01-04T10:00:00Z");
    let mut blocking = spec(WindowType::Freeze, "Mon", "11:00");
    let passes = |window: Governing| {
        governance([vec![window], vec![allow("Tue", "12:00")], vec![]]).at_for(now, Purpose::Rollback).open
    };
    assert!(passes(sound(&blocking)));
    assert!(passes(broken(WindowType::Freeze)));
    blocking.blocks_rollback = true;
    assert!(!passes(sound(&blocking)));
    assert!(!passes(Governing::Broken {
        window_type: WindowType::Freeze,
        fault: String::new(),
        blocks_rollback: true
    }));
}

#[test]
fn the_merged_opening_of_all_tiers_decides_when_it_closes() {
    let tiers =
        governance([vec![allow("Mon-Fri", "12:00")], vec![allow("Mon", "11:30")], vec![freeze("Tue", "10:00")]]);
    let verdict = tiers.at(at("2027-01-04T10:00:00Z"));
    assert_eq!(verdict.closes_at, Some(at("2027-01-04T11:30:00Z")));
    let verdict = tiers.at(at("2027-01-04T11:30:00Z"));
    assert!(!verdict.open, "the end is excluded");
    assert_eq!(verdict.opens_at, Some(at("2027-01-11T09:00:00Z")));
    assert_eq!(verdict.next_change, Some(at("2027-01-04T12:00:00Z")));
}

#[test]
fn a_step_starts_only_if_its_need_or_the_windows_is_left() {
    let mut window = spec(WindowType::Allow, "Mon", "12:00");
    window.min_remaining = Some(TimeDelta::minutes(45));
    let windows = governance([vec![sound(&window)], vec![], vec![]]);
    let fit = |now: &str, minutes: i64| windows.fit(at(now), TimeDelta::minutes(minutes));
    assert!(fit("2027-01-04T11:15:00Z", 10).fits, "exactly what the window asks for is left");
    let late = fit("2027-01-04T11:15:01Z", 10);
    assert!(!late.fits);
    assert_eq!(late.need_of.as_deref(), Some("ns/w0"));
    assert_eq!((late.left, late.next), (Some(TimeDelta::seconds(2_699)), Some(at("2027-01-11T09:00:00Z"))));
    assert!(!fit("2027-01-04T10:30:00Z", 91).fits, "its own need is longer");
    assert_eq!(fit("2027-01-04T10:30:00Z", 91).need_of, None);
}

#[test]
fn what_a_window_asks_for_is_its_need_only_if_it_is_more_than_the_step_takes() {
    let of = |minutes: i64| {
        let mut window = spec(WindowType::Allow, "Mon", "12:00");
        window.min_remaining = Some(TimeDelta::minutes(minutes));
        sound(&window)
    };
    let windows = governance([vec![of(30), of(45)], vec![], vec![of(20)]]);
    assert_eq!(windows.min_remaining(), TimeDelta::minutes(45));
    let fit = |minutes: i64| windows.fit(at("2027-01-04T09:00:00Z"), TimeDelta::minutes(minutes));
    assert_eq!(fit(44).need_of.as_deref(), Some("ns/w1"));
    assert_eq!(fit(45).need_of, None, "it takes as long by itself");
    assert_eq!(governance([vec![allow("Mon", "12:00")], vec![], vec![]]).min_remaining(), TimeDelta::zero());
}

#[test]
fn what_takes_a_part_of_a_second_more_than_an_opening_does_not_fit_into_it() {
    let windows = governance([vec![allow("Mon", "10:00"), allow("Tue", "11:00")], vec![], vec![]]);
    let hour = TimeDelta::hours(1);
    let next = |need: TimeDelta| windows.next_fit(at("2027-01-04T08:00:00Z"), need);
    assert_eq!(next(hour), Some(at("2027-01-04T09:00:00Z")));
    assert_eq!(next(hour + TimeDelta::nanoseconds(1)), Some(at("2027-01-05T09:00:00Z")));
}

#[test]
fn an_opening_names_the_windows_and_entries_it_begins_with() {
    let tiers = [vec![allow("Mon", "12:00"), allow("Tue", "12:00")], vec![allow("Mon", "11:00")], vec![]];
    let windows = governance(tiers);
    let opening = windows.opening_at(at("2027-01-04T10:00:00Z")).expect("it is open");
    assert_eq!(opening.entry, "ns/w0: hours, ns/w0: hours");
    let opened_by = windows.at(at("2027-01-05T10:00:00Z")).opened_by;
    assert_eq!(opened_by, [Opener { window: "ns/w1".into(), entry: "hours".into() }], "whether or not others close");
    let frozen = governance([vec![], vec![], vec![freeze("Mon", "12:00")]]).at(at("2027-01-04T10:00:00Z"));
    assert_eq!(frozen.opened_by, [], "a freeze opens nothing");
}

#[test]
fn as_many_openings_begin_on_a_day_as_in_all_windows_together_and_one_if_there_are_none() {
    let hourly = Form::Cron { expression: "0 * * * *".into(), duration: "10m".into() };
    let hourly = sound(&WindowSpec::new(WindowType::Freeze, "UTC").entry("hourly", hourly));
    let windows = governance([vec![allow("Mon", "12:00")], vec![hourly], vec![broken(WindowType::Freeze)]]);
    assert_eq!(windows.seen(Purpose::Release).a_day(), 25);
    assert_eq!(windows.seen(Purpose::Rollback).a_day(), 1, "none of them counts for a rollback");
}

#[test]
fn what_no_opening_has_room_for_is_told_with_the_longest() {
    let windows = governance([vec![allow("Mon-Sun", "10:00")], vec![], vec![]]);
    let fit = windows.fit(at("2027-01-04T09:30:00Z"), TimeDelta::minutes(70));
    assert_eq!((fit.fits, fit.next, fit.longest), (false, None, Some(TimeDelta::minutes(60))));
}
