//! Answers that independent implementations agree on, from a file of cases.
//!
//! `ROLLCALL_CALENDAR_CASES` names a further file in the same format: one JSON object a line.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rollcall::domain::calendar::{Calendar, Governance, Governing, Occurrences, Recurrence, WindowType, Zone};
use serde_json::{Value, json};

use super::effort::Effort;

/// A case may compute this long; every answer is bounded in steps, not in time.
const SLOWEST: Duration = Duration::from_secs(1);

#[test]
fn every_case_is_answered_as_independent_implementations_answer_it() {
    let mut texts = vec![include_str!("open.jsonl").to_owned(), include_str!("ours.jsonl").to_owned()];
    let further = std::env::var_os("ROLLCALL_CALENDAR_CASES").filter(|path| !path.is_empty());
    if let Some(path) = &further {
        texts.push(std::fs::read_to_string(path).expect("the file named in ROLLCALL_CALENDAR_CASES is readable"));
    }
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut misses = Vec::new();
    for line in texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).expect("a case is a JSON object");
        let group = groups.entry(text(&case["group"]).to_owned()).or_default();
        group.1 += 1;
        let begun = Effort::begin();
        // A case that panics is a miss, and the others are answered all the same.
        let answer = std::panic::catch_unwind(|| answer(&case)).unwrap_or_else(|_| json!("a panic"));
        let took = begun.spent();
        if took > SLOWEST {
            misses.push(format!("{}: took {took:?}", case["id"]));
        } else if !agrees(&case["expect"], &answer) {
            misses.push(format!("{}: expected {}, answered {answer}", case["id"], case["expect"]));
        } else {
            group.0 += 1;
        }
    }
    let mut summary: Vec<String> =
        groups.iter().map(|(group, (passed, all))| format!("{group}: {passed} of {all}")).collect();
    summary.extend(misses.iter().cloned());
    // Whoever brings cases of their own is told also when all pass, which the test harness would not show.
    match further {
        Some(_) => writeln!(std::io::stderr(), "{}", summary.join("\n")).expect("stderr can be written to"),
        None => println!("{}", summary.join("\n")),
    }
    assert!(misses.is_empty(), "{} misses:\n{}", misses.len(), misses.join("\n"));
}

fn agrees(expected: &Value, answer: &Value) -> bool {
    match expected.get("any_of") {
        Some(choices) => list(choices).iter().any(|choice| choice == answer),
        None => expected == answer,
    }
}

fn answer(case: &Value) -> Value {
    let query = &case["query"];
    let answered = match text(&query["kind"]) {
        "ics_events" => instances(case, query),
        "first" | "starts" | "next_start" => only_occurrences(case).map(|occurrences| starts(&occurrences, query)),
        _ => governance(case).map(|governance| openings(&governance, query)),
    };
    answered.unwrap_or_else(|()| json!({"refuse": true}))
}

fn instances(case: &Value, query: &Value) -> Result<Value, ()> {
    let zone = Zone::named(text(&case["default_tz"])).map_err(drop)?;
    let calendar = Calendar::parse(text(&case["ics"]), &zone).map_err(drop)?;
    let found = calendar.instances(instant(&query["from"]), instant(&query["to"]));
    Ok(found.into_iter().map(|(from, until)| json!([written(from), written(until)])).collect())
}

fn starts(occurrences: &Occurrences, query: &Value) -> Value {
    match text(&query["kind"]) {
        "first" => {
            let count = query["n"].as_u64().expect("a count");
            occurrences.first(usize::try_from(count).expect("a small count")).into_iter().map(written).collect()
        }
        "starts" => {
            occurrences.starts(instant(&query["from"]), instant(&query["to"])).into_iter().map(written).collect()
        }
        _ => optional(occurrences.next_start(instant(&query["t"]))),
    }
}

fn openings(governance: &Governance, query: &Value) -> Value {
    let need = || duration(text(&query["need"]));
    match text(&query["kind"]) {
        "open_at" => governance.at(instant(&query["t"])).open.into(),
        "current_end" => optional(governance.at(instant(&query["t"])).closes_at),
        "next_open" => optional(governance.next_open_after(instant(&query["t"])).map(|opening| opening.from)),
        "fits" => governance.fits(instant(&query["t"]), need()).into(),
        "next_fit" => optional(governance.next_fit(instant(&query["t"]), need())),
        "openings" => {
            let found = governance.openings(instant(&query["from"]), instant(&query["to"]));
            found.into_iter().map(|opening| json!([written(opening.from), written(opening.until)])).collect()
        }
        other => panic!("unknown query {other}"),
    }
}

/// The sets of a case are tiers. The format has windows in at most three of them.
fn governance(case: &Value) -> Result<Governance, ()> {
    let mut governance = Governance::default();
    let sets = list(&case["sets"]);
    assert!(sets.len() <= 3, "a case has at most three sets");
    for (tier, set) in governance.tiers.iter_mut().zip(sets) {
        for (index, window) in list(set).iter().enumerate() {
            let deny = window.get("kind").is_some_and(|kind| kind == "deny");
            let window_type = if deny { WindowType::Freeze } else { WindowType::Allow };
            let compiled = occurrences(window)?.window(window_type);
            tier.push((format!("case/{index}"), Governing::Sound(Arc::new(compiled))));
        }
    }
    Ok(governance)
}

fn only_occurrences(case: &Value) -> Result<Occurrences, ()> {
    occurrences(&case["sets"][0][0])
}

fn occurrences(window: &Value) -> Result<Occurrences, ()> {
    let given = |field: &str| window.get(field).map(text);
    let texts = |field: &str| window.get(field).map(|dates| list(dates).iter().map(text).collect()).unwrap_or_default();
    let recurrence = Recurrence {
        zone: text(&window["tz"]),
        start: text(&window["dtstart"]),
        rule: given("rrule"),
        cron: given("cron"),
        duration: given("duration"),
        until: given("until_time"),
        left_out: texts("exdate"),
        added: texts("rdate"),
    };
    recurrence.compile().map_err(drop)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn instant(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("an instant")
}

fn written(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

fn optional(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, written)
}

/// What a need may be in the cases: whole weeks, days, hours, minutes and seconds, all exact.
fn duration(text: &str) -> TimeDelta {
    let mut sum = TimeDelta::zero();
    let mut number = 0;
    for letter in text.chars() {
        let unit = match letter {
            'P' | 'T' => 0,
            'W' => 7 * 86_400,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            digit => {
                number = number * 10 + i64::from(digit.to_digit(10).expect("a digit"));
                continue;
            }
        };
        sum += TimeDelta::seconds(number * unit);
        number = 0;
    }
    sum
}
