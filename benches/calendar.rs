//! How fast windows answer, beside the `rrule` crate used directly, in one run on one machine.
//!
//! Trust the ratios, not the times. `rrule` gives starts only; our side also resolves ends, merges, and applies what a
//! window has. Run with `cargo bench --bench calendar`; no arguments.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock; it decides nothing")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::domain::calendar::{Ahead, Form, Window, WindowSpec, WindowType};
use rrule::{RRuleSet, Tz};

const RULES: [&str; 8] = [
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYMONTHDAY=1,15",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYMONTH=3,6,9,12;BYDAY=-1FR",
    "FREQ=DAILY;INTERVAL=3",
];
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Europe/London",
];
/// Fewer for `rrule`, which would take minutes for all.
const OURS: usize = 10_000;
const THEIRS: usize = 200;
const RANGE: TimeDelta = TimeDelta::days(90);

struct Subject {
    window: Window,
    set: RRuleSet,
}

/// The n-th window, its start so many years before 2027, moved to a day that its rule has.
fn subject(n: usize, years: i32) -> Subject {
    let (rule, zone) = (RULES[n % RULES.len()], ZONES[n / RULES.len() % ZONES.len()]);
    let year = 2027 - years - i32::try_from(n % 3).expect("small");
    let spec = |start: &str| {
        let form = Form::Rrule { start: start.to_owned(), rule: rule.to_owned(), duration: "4h".to_owned() };
        WindowSpec::new(WindowType::Allow, zone).entry("it", form)
    };
    let first = chrono::NaiveDate::from_ymd_opt(year, 1, 1).expect("a date");
    let mut days = first.iter_days().map(|day| format!("{day}T09:00:00"));
    let (start, window) = days
        .find_map(|start| Window::compile(&spec(&start)).ok().map(|window| (start, window)))
        .expect("every rule has a day");
    let text = format!("DTSTART;TZID={zone}:{}\nRRULE:{rule}", start.replace(['-', ':'], ""));
    let text = if zone == "UTC" { text.replace(";TZID=UTC", "").replace("00\n", "00Z\n") } else { text };
    Subject { window, set: text.parse().expect("rrule reads it too") }
}

fn main() {
    let now: DateTime<Utc> = "2027-01-20T10:30:00Z".parse().expect("an instant");
    for (age, years) in [("1 to 3 years old", 0), ("20 to 22 years old", 20)] {
        let subjects: Vec<Subject> = (0..OURS).map(|n| subject(n, years)).collect();
        println!("starts {age}, {OURS} windows (rrule: {THEIRS}), a window:");
        compare(
            "open at t",
            &subjects,
            |it| {
                black_box(it.window.covers(now));
            },
            |it| {
                // rrule has no openings: the last start within the duration.
                let set = it.set.clone().after(theirs(now - TimeDelta::hours(4))).before(theirs(now));
                drop(black_box(set.all(1)));
            },
        );
        let computed: Vec<Ahead> = subjects.iter().map(|it| it.window.ahead(now - RANGE, now + RANGE)).collect();
        let each = timed(&computed, |ahead| {
            black_box(ahead.covers(now));
        });
        println!("  open at t, computed ahead: {each:?}");
        compare(
            "next opening",
            &subjects,
            |it| {
                black_box(it.window.next_change(now));
            },
            |it| {
                drop(black_box(it.set.clone().after(theirs(now)).all(1)));
            },
        );
        let ours = compare(
            "openings of 90 days",
            &subjects,
            |it| drop(black_box(it.window.merged_openings(now, now + RANGE))),
            |it| {
                drop(black_box(it.set.clone().after(theirs(now)).before(theirs(now + RANGE)).all(1_000)));
            },
        );
        println!("  all openings of 90 days of {OURS} windows: {:?}", ours * u32::try_from(OURS).expect("small"));
    }
}

fn theirs(at: DateTime<Utc>) -> DateTime<Tz> {
    at.with_timezone(&Tz::UTC)
}

fn compare(what: &str, subjects: &[Subject], ours: impl Fn(&Subject), theirs: impl Fn(&Subject)) -> Duration {
    let mine = timed(subjects, ours);
    let other = timed(&subjects[..THEIRS], theirs);
    let ratio = other.as_secs_f64() / mine.as_secs_f64().max(1e-12);
    println!("  {what:<20} {mine:>10.2?}   rrule {other:>10.2?}   {ratio:.0} times");
    mine
}

/// The time of one, the second of two passes.
fn timed<T>(subjects: &[T], each: impl Fn(&T)) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..2 {
        let begun = Instant::now();
        subjects.iter().for_each(&each);
        took = begun.elapsed();
    }
    took / u32::try_from(subjects.len()).expect("small")
}
