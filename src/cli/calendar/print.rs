//! How openings and verdicts are shown.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::files::Read;
use crate::api::time::{duration_to_wire, to_wire};
use crate::domain::calendar::{Closer, Opening, Verdict, Zone, zone_data_version};

pub(super) fn openings(openings: &[Opening], zone: &Zone) -> String {
    if openings.is_empty() {
        return "Nothing is open in this range.\n".to_owned();
    }
    let mut lines = vec![
        format!("Times are of {}, zone data {}.", zone.name(), zone_data_version()),
        format!("{:<27} {:<27} {:<10} BY", "FROM", "UNTIL", "LASTS"),
    ];
    for opening in openings {
        let lasts = duration_to_wire(opening.until - opening.from);
        let by = if opening.entry.is_empty() { "no window closes" } else { &opening.entry };
        lines.push(format!("{:<27} {:<27} {lasts:<10} {by}", shown(opening.from, zone), shown(opening.until, zone)));
    }
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

pub(super) fn openings_json(from: DateTime<Utc>, until: DateTime<Utc>, openings: &[Opening], read: &Read) -> String {
    let openings: Vec<Value> = openings
        .iter()
        .map(|opening| json!({"from": to_wire(opening.from), "until": to_wire(opening.until), "entry": opening.entry}))
        .collect();
    let warnings: Vec<Value> = read
        .windows
        .iter()
        .flat_map(|(name, window)| window.lint(from).into_iter().map(move |warning| (name, warning)))
        .map(|(name, warning)| {
            json!({"window": name, "entry": warning.entry, "concern": warning.concern.as_str(), "message": warning.message})
        })
        .collect();
    let faults: Vec<String> = read.faults().collect();
    as_text(&json!({
        "from": to_wire(from), "until": to_wire(until), "zoneData": zone_data_version(),
        "openings": openings, "warnings": warnings, "faults": faults,
    }))
}

pub(super) fn verdict(at: DateTime<Utc>, verdict: &Verdict, zone: &Zone) -> String {
    let word = if verdict.open { "open" } else { "closed" };
    let mut lines = vec![format!("{word} at {} ({})", shown(at, zone), zone.name())];
    lines.extend(verdict.opened_by.iter().map(|o| format!("  {} is open: entry {}", o.window, o.entry)));
    lines.extend(verdict.closed_by.iter().map(|closer| format!("  {}", because(closer, zone))));
    lines.push(match (verdict.closes_at, verdict.opens_at) {
        (Some(closes), _) => format!("closes {}, in {}", shown(closes, zone), rounded(closes - at)),
        (None, Some(opens)) => format!("opens {}, in {}", shown(opens, zone), rounded(opens - at)),
        (None, None) if verdict.open => "no end is known".to_owned(),
        (None, None) => "no opening is known".to_owned(),
    });
    joined(&lines)
}

fn because(closer: &Closer, zone: &Zone) -> String {
    let window = &closer.window;
    let kind = closer.window_type.as_str();
    if let Some(fault) = &closer.fault {
        return format!("{window} ({kind}) is broken: {fault}");
    }
    let what = match &closer.entry {
        Some(entry) => format!("{window} ({kind}) is in force: entry {entry}"),
        None => format!("{window} ({kind}) is not open"),
    };
    let until = closer.until.map(|until| format!(", until {}", shown(until, zone))).unwrap_or_default();
    let reason = if closer.reason.is_empty() { String::new() } else { format!(" - {}", closer.reason) };
    format!("{what}{until}{reason}")
}

pub(super) fn verdict_json(at: DateTime<Utc>, verdict: &Verdict) -> String {
    let closers: Vec<Value> = verdict
        .closed_by
        .iter()
        .map(|closer| {
            json!({
                "window": closer.window, "type": closer.window_type.as_str(), "entry": closer.entry,
                "reason": closer.reason, "fault": closer.fault, "until": closer.until.map(to_wire),
            })
        })
        .collect();
    let openers: Vec<Value> =
        verdict.opened_by.iter().map(|opener| json!({"window": opener.window, "entry": opener.entry})).collect();
    as_text(&json!({
        "at": to_wire(at), "open": verdict.open, "openedBy": openers, "closedBy": closers,
        "closesAt": verdict.closes_at.map(to_wire), "opensAt": verdict.opens_at.map(to_wire),
        "zoneData": zone_data_version(),
    }))
}

fn as_text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// `Mon 2027-01-04 22:00 +01:00`, with seconds only where there are any.
fn shown(at: DateTime<Utc>, zone: &Zone) -> String {
    let local = zone.local(at);
    let pattern = if at.timestamp() % 60 == 0 { "%a %Y-%m-%d %H:%M %:z" } else { "%a %Y-%m-%d %H:%M:%S %:z" };
    local.format(pattern).to_string()
}

/// Whole minutes, as nobody waits for seconds.
fn rounded(span: TimeDelta) -> String {
    duration_to_wire(TimeDelta::minutes(span.num_minutes()))
}
