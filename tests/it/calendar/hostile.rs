//! Texts that nobody should write: answered or refused, in bounded steps, and never with a panic.
//!
//! The corpus is committed, the changes to it are made by a generator with fixed seeds, so that a failure is the same
//! on every machine.

use std::time::Duration;

use super::effort::Effort;
use chrono::{DateTime, TimeDelta, Utc};
use rollcall::domain::calendar::{Calendar, Form, Recurrence, Window, WindowSpec, WindowType, Zone};

/// No single text may take more computing. Everything is bounded in steps; this is ten times what the worst takes here.
const SLOWEST: Duration = Duration::from_secs(5);
const CHANGES: u64 = 500;

/// A small generator (xorshift), the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).expect("smaller than the bound")
    }
}

/// The text with a few letters taken out, doubled, replaced, or whole pieces of another text put in.
fn changed(text: &str, other: &str, chance: &mut Chance) -> String {
    const LETTERS: &[char] =
        &['0', '9', '-', ',', ';', '=', ':', '/', '*', 'Z', 'T', ' ', '\n', '\t', '"', '\\', 'é', '😀', '\u{0}', '+'];
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=chance.below(4) {
        let at = chance.below(letters.len() + 1);
        match chance.below(5) {
            0 if at < letters.len() => drop(letters.remove(at)),
            1 => letters.insert(at, LETTERS[chance.below(LETTERS.len())]),
            2 if at < letters.len() => letters[at] = LETTERS[chance.below(LETTERS.len())],
            3 => {
                let piece: Vec<char> = other.chars().skip(chance.below(other.len())).take(chance.below(40)).collect();
                letters.splice(at..at, piece);
            }
            _ => {
                let until = (at + chance.below(20)).min(letters.len());
                let piece: Vec<char> = letters[at.min(until)..until].to_vec();
                letters.splice(at..at, piece);
            }
        }
    }
    letters.into_iter().collect()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Everything a window can be asked.
fn ask(window: &Window) {
    for now in ["0001-01-01T00:00:00Z", "2027-03-14T07:00:00Z", "9999-12-31T23:59:59Z"].map(instant) {
        let until = now + TimeDelta::days(30);
        let _ = (window.covers(now), window.entry_at(now), window.next_change(now), window.upcoming(now, 10));
        let _ = (window.merged_openings(now, until), window.openings(now, until), window.lint(now));
    }
}

fn check(each: impl Fn(&str), corpus: &[&str], seed: u64) {
    let mut chance = Chance(seed);
    let timed = |text: &str| {
        let begun = Effort::begin();
        each(text);
        assert!(begun.spent() < SLOWEST, "{text:?} took {:?}", begun.spent());
    };
    corpus.iter().for_each(|text| timed(text));
    for _ in 0..CHANGES {
        let text = corpus[chance.below(corpus.len())];
        let other = corpus[chance.below(corpus.len())];
        timed(&changed(text, other, &mut chance));
    }
}

fn window(form: Form) {
    let spec = WindowSpec::new(WindowType::Freeze, "America/New_York").entry("it", form);
    if let Ok(window) = Window::compile(&spec) {
        ask(&window);
    }
}

#[test]
fn rules_are_answered_or_refused() {
    let corpus: Vec<&str> = include_str!("corpus/rules.txt").lines().collect();
    let rule = |text: &str| {
        let form = Form::Rrule { start: "2007-01-01T02:30:00".into(), rule: text.into(), duration: "90m".into() };
        window(form);
        let recurrence = Recurrence {
            zone: "Africa/Cairo",
            start: "2007-01-01T00:00:00",
            rule: Some(text),
            ..Recurrence::default()
        };
        if let Ok(occurrences) = recurrence.compile() {
            let _ = (occurrences.first(3), occurrences.next_start(instant("2027-01-01T00:00:00Z")));
        }
    };
    check(rule, &corpus, 0x5EED_0001);
}

#[test]
fn cron_expressions_are_answered_or_refused() {
    let corpus: Vec<&str> = include_str!("corpus/cron.txt").lines().collect();
    check(|text| window(Form::Cron { expression: text.into(), duration: "36h".into() }), &corpus, 0x5EED_0002);
}

#[test]
fn durations_times_and_names_are_answered_or_refused() {
    let corpus: Vec<&str> = include_str!("corpus/words.txt").lines().collect();
    let words = |text: &str| {
        let _ = (Zone::named(text).is_ok(), Zone::utc().moment(text));
        window(Form::Cron { expression: "30 2 * * *".into(), duration: text.into() });
        window(Form::Dates { from: text.into(), until: "2027-01-01T00:00:00".into() });
        window(Form::Weekly {
            days: vec![text.into()],
            from: text.into(),
            until: "06:00".into(),
            weeks_of_month: vec![],
            days_of_month: vec![],
            months: vec![text.into()],
        });
        let recurrence =
            Recurrence { zone: "UTC", start: "2027-01-01T00:00:00", duration: Some(text), ..Recurrence::default() };
        let _ = recurrence.compile();
    };
    check(words, &corpus, 0x5EED_0003);
}

#[test]
fn calendars_are_answered_or_refused() {
    let corpus: Vec<&str> = include_str!("corpus/calendars.txt").split("=====\n").collect();
    let calendar = |text: &str| {
        if let Ok(calendar) = Calendar::parse(text, &Zone::utc()) {
            let from = instant("2025-01-01T00:00:00Z");
            let _ = calendar.instances(from, from + TimeDelta::days(400));
        }
    };
    check(calendar, &corpus, 0x5EED_0004);
}

fn refused(text: &str, why: &str) {
    let faults = Calendar::parse(text, &Zone::utc()).expect_err("must be refused");
    assert!(faults.iter().any(|fault| fault.message.contains(why)), "{faults:?}");
}

fn calendar_of(events: &str) -> String {
    format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n")
}

#[test]
fn calendars_beyond_the_bounds_are_refused_with_the_bound() {
    let event = "BEGIN:VEVENT\nUID:a\nDTSTART:20270101T000000Z\nDTEND:20270101T010000Z\nEND:VEVENT\n";
    refused(&calendar_of(&event.repeat(5_001)), "at most 5000");
    refused(&"X".repeat(1_048_577), "at most 1048576");
    refused(&"BEGIN:VCALENDAR\n".repeat(9), "nested deeper");
    let many = event.replace("END:VEVENT", "RRULE:FREQ=DAILY;COUNT=9000\nEND:VEVENT");
    refused(
        &calendar_of(&(0..20).map(|n| many.replace("UID:a", &format!("UID:{n}"))).collect::<String>()),
        "add up to more",
    );
    let zone = "BEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100\nRRULE:FREQ=DAILY\nEND:STANDARD\nEND:VTIMEZONE\n";
    refused(&calendar_of(zone), "more than 5000 times");
}

#[test]
fn a_full_megabyte_of_repeating_events_is_answered_in_bounded_steps() {
    let event = |n: usize| {
        format!(
            "BEGIN:VEVENT\nUID:{n}\nDTSTART;TZID=Europe/Berlin:20070101T0900{:02}\nDURATION:PT30M\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO\nEND:VEVENT\n",
            n % 60
        )
    };
    let text = calendar_of(&(0..5_000).map(event).collect::<String>());
    let text = &text[..];
    assert!(text.len() < 1_048_576, "{}", text.len());
    let begun = Effort::begin();
    let calendar = Calendar::parse(text, &Zone::utc()).expect("sound");
    let from = instant("2027-01-01T00:00:00Z");
    let found = calendar.instances(from, from + TimeDelta::days(366 * 30));
    assert!(begun.spent() < SLOWEST, "{:?}", begun.spent());
    assert_eq!(found.len(), 5_000, "one 29 February in thirty years is a Monday");
}

#[test]
fn counts_and_intervals_beyond_the_bounds_are_refused() {
    for rule in [
        "FREQ=DAILY;COUNT=5000000",
        "FREQ=DAILY;INTERVAL=10001",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=0,1;BYMINUTE=0,1;UNTIL=20270101",
    ] {
        let recurrence =
            Recurrence { zone: "UTC", start: "2027-01-01T00:00:00", rule: Some(rule), ..Recurrence::default() };
        assert!(recurrence.compile().is_err(), "{rule} must be refused");
    }
}

/// Each would take a walk through 400 years for every question, were it not proven once.
#[test]
fn a_rule_that_can_never_match_is_proven_once_and_not_at_every_question() {
    for rule in [
        "FREQ=MONTHLY;BYDAY=53MO",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2MO",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=11",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=6",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    ] {
        let begun = Effort::begin();
        let recurrence =
            Recurrence { zone: "UTC", start: "2007-01-01T09:00:00", rule: Some(rule), ..Recurrence::default() };
        let occurrences = recurrence.compile().expect("a rule");
        for day in 0..1_000 {
            let after = instant("2027-01-01T00:00:00Z") + TimeDelta::days(day);
            assert_eq!(occurrences.next_start(after), None, "{rule}");
        }
        assert!(begun.spent() < SLOWEST, "{rule} took {:?}", begun.spent());
        let form = Form::Rrule { start: "2007-01-01T09:00:00".into(), rule: rule.into(), duration: "1h".into() };
        let refused = Window::compile(&WindowSpec::new(WindowType::Allow, "UTC").entry("it", form));
        assert!(refused.is_err_and(|faults| faults[0].message.contains("not an occurrence")), "{rule}");
    }
}
