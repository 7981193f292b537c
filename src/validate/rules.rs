//! The rules that the API server evaluates in CEL, as plain functions, so that `rollcall plan` refuses what the API
//! server would refuse. Each is found by the message that the definition gives with it; a test holds that none is
//! missing. None sees anything but the value that the rule is attached to.

use chrono::TimeDelta;
use serde_json::Value;

use crate::api::time::{duration_from_wire, from_wire};
use crate::domain::Faults;
use crate::domain::calendar::Zone;

type Rule = fn(&Value) -> bool;

/// Names that mean the zone of the machine, or no zone.
const MACHINES: [&str; 5] = ["Local", "localtime", "posixrules", "Factory", "Etc/Unknown"];

/// Adds the rules of a schema that a value breaks.
pub fn broken(schema: &Value, value: &Value, path: &str, faults: &mut Faults) {
    for wire in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let message = wire["message"].as_str().unwrap_or_default();
        if rule(message).is_some_and(|holds| !holds(value)) {
            let field = wire["fieldPath"].as_str().unwrap_or_default();
            faults.add(format!("{path}{field}"), message);
        }
    }
}

/// The counterpart of a rule, by its message.
#[must_use]
pub fn rule(message: &str) -> Option<Rule> {
    Some(match message {
        "must be longer than 0s and at most 8760h" => |v| seconds(v).is_some_and(|s| s > 0 && s <= 8760 * 3600),
        "must be at most 8760h" => |v| seconds(v).is_some_and(|s| s <= 8760 * 3600),
        "must be longer than zero" => |v| text(v).contains(|c| ('1'..='9').contains(&c)),
        "must name a zone such as Europe/Berlin, not the zone of whichever machine reads it" => {
            |v| !MACHINES.contains(&text(v))
        }
        "must be a zone of the IANA time zone database, such as Europe/Berlin or UTC" => {
            |v| MACHINES.contains(&text(v)) || Zone::named(text(v)).is_ok()
        }
        "names are lower-case letters, digits, '-', '/' and '.', at most 63 characters" => {
            |v| keys(v).all(name_of_amount)
        }
        "every key must be a label's, such as tier or example.com/tier" => |v| keys(v).all(key_of_label),
        "In and NotIn need values, Exists and DoesNotExist have none" => {
            |v| matches!(text(&v["operator"]), "In" | "NotIn") != items(&v["values"]).is_empty()
        }
        "weeks count from 1, or from -1 backwards" | "days count from 1, or from -1 backwards" => {
            |v| items(v).iter().all(|n| *n != 0)
        }
        "until must be later than from" => |v| in_order(v, "from", "until"),
        "validUntil must be later than validFrom" => |v| in_order(v, "validFrom", "validUntil"),
        "deadline must be later than notBefore" => |v| in_order(v, "notBefore", "deadline"),
        "only a Freeze can block rollbacks" => |v| v["blocksRollback"] != true || v["type"] == "Freeze",
        "give exactly one of weekly, cron, rrule, dates, calendar" => {
            |v| one_of(v, &["weekly", "cron", "rrule", "dates", "calendar"])
        }
        "give either date, or both from and until" => {
            |v| [has(v, "date"), !has(v, "from"), !has(v, "until")].iter().all(|same| *same == has(v, "date"))
        }
        other => return rule_of_team(other).or_else(|| rule_of_release(other)),
    })
}

fn rule_of_team(message: &str) -> Option<Rule> {
    Some(match message {
        "a NoGo needs a reason" => |v| v["decision"] != "NoGo" || !text(&v["reason"]).trim().is_empty(),
        "give exactly one of workload, condition, replicas, noActiveFreeze, prometheus, http, controllerName" => |v| {
            one_of(v, &["workload", "condition", "replicas", "noActiveFreeze", "prometheus", "http", "controllerName"])
        },
        _ => return None,
    })
}

fn rule_of_release(message: &str) -> Option<Rule> {
    Some(match message {
        "give exactly one of workload, wait, task" => |v| one_of(v, &["workload", "wait", "task"]),
        "a workload or a task needs a participant" => |v| has(v, "wait") || has(v, "participant"),
        "only a workload has content to expect" => |v| !has(v, "expect") || has(v, "workload"),
        "give images or annotations" => |v| keys(&v["images"]).chain(keys(&v["annotations"])).next().is_some(),
        // `validate::release` says the same of these, and where exactly.
        "every step's participant must be one of spec.participants"
        | "a step cannot depend on itself"
        | "dependsOn must name steps of this release"
        | "a participant that is only Informed can have no step"
        | "two steps cannot have the same workload" => |_| true,
        _ => return None,
    })
}

/// Whether a character turns the direction of writing or separates lines, so that what is shown is not what is stored.
#[must_use]
pub fn turns(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
}

fn has(value: &Value, field: &str) -> bool {
    !value[field].is_null()
}

fn one_of(value: &Value, fields: &[&str]) -> bool {
    fields.iter().filter(|field| has(value, field)).count() == 1
}

fn seconds(value: &Value) -> Option<i64> {
    duration_from_wire(text(value)).as_ref().map(TimeDelta::num_seconds)
}

/// Instants by when they are, wall-clock times as text: that is their order.
fn in_order(value: &Value, first: &str, second: &str) -> bool {
    let (Some(a), Some(b)) = (value[first].as_str(), value[second].as_str()) else {
        return true;
    };
    match (from_wire(a), from_wire(b)) {
        (Some(a), Some(b)) => a < b,
        _ => a < b,
    }
}

fn name_of_amount(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '/' | '.');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 63 && name.chars().all(inner) && ends(name.chars().next()) && ends(name.chars().last())
}

fn key_of_label(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default();
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let prefix = key.strip_suffix(name).map(|p| p.trim_end_matches('/')).unwrap_or_default();
    let prefixed = prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'));
    name.len() <= 63
        && name.chars().all(inner)
        && ends(name.chars().next())
        && ends(name.chars().last())
        && prefixed
        && key.matches('/').count() <= 1
}
