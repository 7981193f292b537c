//! Closing on what is under way, told by what people would see.

use std::sync::Arc;

use super::super::{Effect, Exception, ExceptionTime, Form, Window, WindowSpec, WindowType};
use super::*;
use OnClose::{Finish, Halt, Rollback};
use WindowType::{Allow, Freeze};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn spec(window_type: WindowType, from: &str, until: &str, on_close: OnClose, grace: i64) -> WindowSpec {
    let form = Form::weekly("Mon-Fri", from, until);
    let mut spec = WindowSpec::new(window_type, "UTC").entry("hours", form);
    spec.on_close = on_close;
    spec.overrun_grace = TimeDelta::minutes(grace);
    spec
}

fn governance(tiers: [Vec<WindowSpec>; 3]) -> Governance {
    let sound = |spec: &WindowSpec| Governing::Sound(Arc::new(Window::compile(spec).unwrap()));
    let named =
        |tier: Vec<WindowSpec>| tier.iter().enumerate().map(|(n, one)| (format!("ns/w{n}"), sound(one))).collect();
    Governance { tiers: tiers.map(named) }
}

/// What is said on Monday 2027-01-04 of something under way since a time of that day, in short.
fn said(governance: &Governance, since: &str, now: &str) -> Option<String> {
    let at = |time: &str| at(&format!("2027-01-04T{time}Z"));
    governance.overrun(at(since), at(now)).map(|o| {
        let time = |t: DateTime<Utc>| t.format("%H:%M").to_string();
        format!("{} {:?} {} due {}", o.window, o.on_close, time(o.closed_at), time(o.due()))
    })
}

#[test]
fn a_window_that_lets_finish_says_nothing() {
    let calm = governance([vec![spec(Allow, "09:00", "12:00", Finish, 0)], vec![], vec![]]);
    assert_eq!(said(&calm, "11:00:00", "13:00:00"), None);
}

#[test]
fn an_opening_is_outlasted_from_its_end_on_and_not_a_moment_before() {
    let halts = governance([vec![spec(Allow, "09:00", "12:00", Halt, 15)], vec![], vec![]]);
    assert_eq!(said(&halts, "11:00:00", "11:59:59.999"), None);
    let outlasted = Some("ns/w0 Halt 12:00 due 12:15".to_owned());
    assert_eq!(said(&halts, "11:00:00", "12:00:00"), outlasted);
    assert_eq!(said(&halts, "11:00:00", "23:00:00"), outlasted);
}

#[test]
fn the_grace_ends_at_its_last_instant_which_is_due() {
    let overrun = Overrun {
        window: String::new(),
        closed_at: at("2027-01-04T12:00:00Z"),
        on_close: Halt,
        grace: TimeDelta::minutes(15),
    };
    assert!(!overrun.is_due(at("2027-01-04T12:14:59.999Z")));
    assert!(overrun.is_due(at("2027-01-04T12:15:00Z")));
}

#[test]
fn what_started_after_the_close_has_outlasted_nothing() {
    let halts = governance([vec![spec(Allow, "09:00", "12:00", Halt, 0)], vec![], vec![]]);
    assert_eq!(said(&halts, "12:00:00", "13:00:00"), None);
    assert_eq!(said(&halts, "12:00:00.5", "13:00:00"), None);
    assert_eq!(said(&halts, "11:59:59.5", "13:00:00"), Some("ns/w0 Halt 12:00 due 12:00".to_owned()));
    assert_eq!(said(&halts, "12:30:00", "13:00:00"), None);
}

#[test]
fn whoever_slept_over_the_close_hears_of_it_though_it_is_open_again() {
    let halts = governance([vec![spec(Allow, "09:00", "12:00", Halt, 0)], vec![], vec![]]);
    let tuesday = halts.overrun(at("2027-01-04T11:00:00Z"), at("2027-01-05T10:00:00Z")).unwrap();
    assert_eq!(tuesday.closed_at, at("2027-01-04T12:00:00Z"));
}

#[test]
fn nothing_closes_where_one_window_takes_over_from_another() {
    let morning = spec(Allow, "09:00", "12:00", Halt, 0);
    let afternoon = spec(Allow, "12:00", "15:00", Rollback, 5);
    let both = governance([vec![morning, afternoon], vec![], vec![]]);
    assert_eq!(said(&both, "11:00:00", "14:00:00"), None);
    assert_eq!(said(&both, "11:00:00", "15:00:00"), Some("ns/w1 Rollback 15:00 due 15:05".to_owned()));
}

#[test]
fn the_strictest_of_those_that_close_together_is_told() {
    let calm = spec(Allow, "09:00", "12:00", Halt, 0);
    let strict = spec(Allow, "10:00", "12:00", Rollback, 30);
    let both = governance([vec![calm.clone()], vec![], vec![strict]]);
    assert_eq!(said(&both, "11:00:00", "12:00:00"), Some("ns/w0 Rollback 12:00 due 12:30".to_owned()));
    let sooner = spec(Allow, "10:00", "12:00", Halt, 5);
    let later = spec(Allow, "09:00", "12:00", Halt, 10);
    let both = governance([vec![later, sooner], vec![], vec![]]);
    assert_eq!(said(&both, "11:00:00", "12:00:00"), Some("ns/w1 Halt 12:00 due 12:05".to_owned()));
}

#[test]
fn only_the_tier_that_closed_has_a_word() {
    let all_day = spec(Allow, "00:00", "24:00", Rollback, 0);
    let morning = spec(Allow, "09:00", "12:00", Halt, 0);
    let narrowed = governance([vec![all_day], vec![morning], vec![]]);
    assert_eq!(said(&narrowed, "11:00:00", "13:00:00"), Some("ns/w0 Halt 12:00 due 12:00".to_owned()));
}

#[test]
fn a_freeze_that_begins_has_a_word_of_its_own_and_one_that_ends_has_none() {
    let freeze = spec(Freeze, "11:30", "13:00", Rollback, 0);
    let frozen = governance([vec![spec(Allow, "09:00", "16:00", Halt, 0), freeze], vec![], vec![]]);
    assert_eq!(said(&frozen, "11:00:00", "11:29:59"), None);
    assert_eq!(said(&frozen, "11:00:00", "12:00:00"), Some("ns/w1 Rollback 11:30 due 11:30".to_owned()));
    assert_eq!(said(&frozen, "12:00:00", "14:00:00"), None);
}

#[test]
fn a_window_that_cannot_be_read_closes_and_says_nothing_of_what_is_under_way() {
    let mut mixed = governance([vec![spec(Allow, "09:00", "16:00", Halt, 0)], vec![], vec![]]);
    let broken = Governing::Broken { window_type: Freeze, fault: "no such zone".into(), blocks_rollback: false };
    mixed.tiers[1].push(("ns/broken".into(), broken));
    assert_eq!(said(&mixed, "11:00:00", "23:00:00"), None);
}

#[test]
fn a_close_that_says_nothing_hides_none_that_does() {
    let calm = spec(Allow, "09:00", "12:00", Finish, 0);
    let strict = spec(Allow, "14:00", "16:00", Halt, 0);
    let both = governance([vec![calm, strict], vec![], vec![]]);
    assert_eq!(said(&both, "11:00:00", "13:00:00"), None);
    assert_eq!(said(&both, "11:00:00", "16:00:00"), Some("ns/w1 Halt 16:00 due 16:00".to_owned()));
}

#[test]
fn an_opening_without_an_end_is_never_outlasted() {
    let mut forever = spec(Allow, "00:00", "24:00", Rollback, 0);
    forever.exceptions.push(Exception {
        when: ExceptionTime::Range { from: "2027-01-04T08:00:00".into(), until: "9999-12-31T00:00:00".into() },
        effect: Effect::Add,
        reason: String::new(),
    });
    let forever = governance([vec![forever], vec![], vec![]]);
    assert_eq!(forever.overrun(at("2027-01-04T11:00:00Z"), at("2037-01-04T11:00:00Z")), None);
}
