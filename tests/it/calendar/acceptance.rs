//! The scenarios that users of other systems describe: S2's window part and S6, on a simulated clock. S3 by the real
//! clock is in [`super::live`].

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rollcall::api::window::{CalendarRef, DeploymentWindowSpec};
use rollcall::domain::calendar::{Concern, Governance, Governing, Purpose, Window};
use rollcall::validate;
use serde_json::{Value, json};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// A window as somebody writes it, checked as the operator checks it.
fn window(spec: Value) -> Result<Window, Vec<String>> {
    let spec: DeploymentWindowSpec = serde_json::from_value(spec).expect("a spec");
    let none = |_: &CalendarRef| Err("no calendar".to_owned());
    validate::window(&spec, &none).map_err(|faults| faults.0.into_iter().map(|fault| fault.path).collect())
}

fn weekly(zone: &str, days: &str, from: &str, until: &str) -> Value {
    json!({"type": "Allow", "timeZone": zone,
        "schedule": [{"name": "hours", "weekly": {"days": [days], "from": from, "until": until}}]})
}

/// Openings as `from/until`.
fn openings(window: &Window, from: &str, until: &str) -> Vec<String> {
    let text = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Secs, true);
    let found = window.merged_openings(at(from), at(until));
    found.iter().map(|one| format!("{}/{}", text(one.from), text(one.until))).collect()
}

#[test]
fn s2_a_holiday_freeze_closes_with_its_reason_and_end_and_lets_a_rollback_pass() {
    let freeze = json!({"type": "Freeze", "timeZone": "Europe/Berlin", "reason": "Christmas",
        "schedule": [{"name": "holidays", "dates": {"from": "2026-12-18T16:00:00", "until": "2027-01-04T06:00:00"}}]});
    let freeze = Governing::Sound(Arc::new(window(freeze).expect("a window")));
    let always = weekly("Europe/Berlin", "Mon-Sun", "00:00", "24:00");
    let always = Governing::Sound(Arc::new(window(always).expect("a window")));
    let tiers = [vec![("platform/freeze".to_owned(), freeze)], vec![("shop/always".to_owned(), always)], vec![]];
    let governance = Governance { tiers };
    let during = governance.at(at("2026-12-20T10:00:00Z"));
    assert!(!during.open);
    let closer = &during.closed_by[0];
    assert_eq!((closer.window.as_str(), closer.reason.as_str()), ("platform/freeze", "Christmas"));
    assert_eq!(closer.until, Some(at("2027-01-04T05:00:00Z")), "06:00 in Berlin");
    assert_eq!(during.opens_at, closer.until);
    assert!(governance.at_for(at("2026-12-20T10:00:00Z"), Purpose::Rollback).open);
    for (instant, open) in [
        ("2026-12-18T14:59:59Z", true),
        ("2026-12-18T15:00:00Z", false),
        ("2027-01-04T04:59:59Z", false),
        ("2027-01-04T05:00:00Z", true),
    ] {
        assert_eq!(governance.at(at(instant)).open, open, "{instant}");
    }
}

#[test]
fn s6a_a_sunday_night_in_new_york_is_two_hours_in_spring_and_four_in_autumn() {
    let nights = window(weekly("America/New_York", "Sun", "01:00", "04:00")).expect("a window");
    let march = openings(&nights, "2027-03-14T00:00:00Z", "2027-03-15T00:00:00Z");
    assert_eq!(march, ["2027-03-14T06:00:00Z/2027-03-14T08:00:00Z"]);
    let november = openings(&nights, "2027-11-07T00:00:00Z", "2027-11-08T00:00:00Z");
    assert_eq!(november, ["2027-11-07T05:00:00Z/2027-11-07T09:00:00Z"]);
}

#[test]
fn s6b_a_monday_night_opens_on_monday_and_early_monday_is_closed() {
    let nights = window(weekly("Europe/Berlin", "Mon", "22:00", "06:00")).expect("a window");
    let week = openings(&nights, "2027-01-03T12:00:00Z", "2027-01-10T12:00:00Z");
    assert_eq!(week, ["2027-01-04T21:00:00Z/2027-01-05T05:00:00Z"]);
    assert!(!nights.covers(at("2027-01-04T01:00:00Z")), "early Monday");
}

#[test]
fn s6c_hourly_starts_of_a_day_each_are_accepted_with_a_warning_of_47_hours() {
    let spec = json!({"type": "Allow", "timeZone": "UTC",
        "schedule": [{"name": "mid", "cron": {"expression": "0 * 15 JAN *", "duration": "24h"}}]});
    let mid = window(spec).expect("accepted");
    let warnings = mid.lint(at("2027-01-01T00:00:00Z"));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].concern, Concern::OverlappingStarts);
    assert!(warnings[0].message.contains("47 h"), "{}", warnings[0].message);
    assert_eq!(
        openings(&mid, "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
        ["2027-01-15T00:00:00Z/2027-01-16T23:00:00Z"]
    );
}

#[test]
fn s6d_a_zone_or_an_hour_that_does_not_exist_is_refused_and_closes_only_what_it_governs() {
    let zone = window(weekly("Europe/Berln", "Mon", "09:00", "12:00")).expect_err("refused");
    assert_eq!(zone, ["spec.timeZone"]);
    let hour = window(weekly("Europe/Berlin", "Mon", "24:00", "12:00")).expect_err("refused");
    assert_eq!(hour, ["spec.schedule[0].weekly.from"]);
    let sound = Governing::Sound(Arc::new(window(weekly("UTC", "Mon-Sun", "00:00", "24:00")).expect("a window")));
    let broken = Governing::Broken {
        window_type: rollcall::domain::calendar::WindowType::Allow,
        fault: "spec.timeZone: no such zone".into(),
        blocks_rollback: false,
    };
    let tier = |windows: &[(&str, &Governing)]| -> Vec<(String, Governing)> {
        windows.iter().map(|(name, one)| ((*name).to_owned(), (*one).clone())).collect()
    };
    let beside = Governance { tiers: [tier(&[("a/broken", &broken), ("a/sound", &sound)]), vec![], vec![]] };
    assert!(beside.at(at("2027-01-04T10:00:00Z")).open, "an invalid Allow adds nothing, and takes nothing away");
    let alone = Governance { tiers: [tier(&[("a/broken", &broken)]), vec![], vec![]] };
    assert!(!alone.at(at("2027-01-04T10:00:00Z")).open);
}

#[test]
fn s6e_a_start_that_the_clock_skips_takes_the_offset_before_the_gap_and_is_in_the_preview() {
    let early = window(weekly("America/New_York", "Sun", "02:30", "05:00")).expect("a window");
    let preview = early.upcoming(at("2027-03-10T00:00:00Z"), 10);
    assert_eq!(preview[0].from, at("2027-03-14T07:30:00Z"), "03:30, which is 02:30 by the clock of before");
    assert_eq!(preview[0].until, at("2027-03-14T09:00:00Z"));
    let warnings = early.lint(at("2027-03-10T00:00:00Z"));
    assert!(warnings.iter().any(|w| w.concern == Concern::SkippedStart), "{warnings:?}");
}

#[test]
fn s6f_the_ten_openings_of_the_preview_are_those_that_a_simulated_clock_observes() {
    let spec = json!({"type": "Allow", "timeZone": "America/New_York", "schedule": [
        {"name": "nights", "weekly": {"days": ["Sat-Mon"], "from": "23:30", "until": "03:15"}},
        {"name": "noons", "cron": {"expression": "15 12 * * 2-4", "duration": "45m"}}],
        "exceptions": [{"date": "2027-03-14", "effect": "Skip"}]});
    let window = window(spec).expect("a window");
    let begin = at("2027-03-10T00:00:00Z");
    let preview: Vec<_> = window.upcoming(begin, 10).into_iter().map(|o| (o.from, o.until)).collect();
    let (mut seen, mut open_since, mut now) = (Vec::new(), None, begin);
    while seen.len() < 10 {
        match (window.covers(now), open_since) {
            (true, None) => open_since = Some(now),
            (false, Some(from)) => {
                seen.push((from, now));
                open_since = None;
            }
            _ => {}
        }
        now += TimeDelta::minutes(1);
    }
    assert_eq!(preview, seen);
}
