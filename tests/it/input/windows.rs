//! `DeploymentWindow`: what is accepted and what is refused.

use serde_json::{Value, json};

use super::{Case, accepts, many, object, rejects, table, with};
use crate::support::Done;

#[tokio::test]
async fn windows_that_make_sense_are_accepted() -> Done {
    table(good()).await
}

#[tokio::test]
async fn windows_that_make_no_sense_are_refused_with_the_field() -> Done {
    table(bad()).await
}

/// The window of the design, with all its parts.
pub fn window() -> Value {
    object(
        "DeploymentWindow",
        "weekday-mornings",
        json!({
            "type": "Allow", "timeZone": "Europe/Berlin", "reason": "Office hours, on-call present",
            "schedule": [
                {"name": "office", "weekly": {"days": ["Mon-Thu"], "from": "09:00", "until": "12:00"}},
                {"name": "saturdays", "cron": {"expression": "0 2 * * 6", "duration": "3h"}},
                {"name": "first-tuesday", "rrule": {"start": "2027-01-05T09:00:00", "rule": "FREQ=MONTHLY;BYDAY=1TU", "duration": "2h"}},
                {"name": "launch", "dates": {"from": "2026-12-18T16:00:00", "until": "2027-01-04T06:00:00"}}],
            "exceptions": [{"date": "2026-12-24", "effect": "Skip", "reason": "Christmas Eve"}],
            "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2028-01-01T00:00:00+01:00",
            "namespaceSelector": {}, "releaseSelector": {"matchLabels": {"tier": "prod"}},
            "capacity": {"releases": 3, "startsPerOpening": 20, "resources": {"orders-db": 1, "dba": 1}},
            "minRemaining": "45m", "onClose": "Finish", "overrunGrace": "15m", "blocksRollback": false}),
    )
}

fn freeze() -> Value {
    object(
        "DeploymentWindow",
        "quiet-days",
        json!({"type": "Freeze", "timeZone": "UTC",
            "schedule": [{"name": "quiet", "dates": {"from": "2026-12-18T16:00:00", "until": "2027-01-04T06:00:00"}}]}),
    )
}

/// The window with one thing changed.
fn changed(pointer: &str, value: Value) -> Value {
    with(window(), &[(pointer, value)])
}

/// The window with only this entry.
fn only(entry: Value) -> Value {
    changed("/spec/schedule", json!([entry]))
}

fn weekly(part: Value) -> Value {
    let mut weekly = json!({"days": ["Mon"], "from": "09:00", "until": "12:00"});
    weekly.as_object_mut().expect("an object").extend(part.as_object().cloned().unwrap_or_default());
    only(json!({"name": "one", "weekly": weekly}))
}

fn cron(expression: &str, duration: &str) -> Value {
    only(json!({"name": "one", "cron": {"expression": expression, "duration": duration}}))
}

fn rrule(rule: &str) -> Value {
    only(json!({"name": "one", "rrule": {"start": "2027-01-05T09:00:00", "rule": rule, "duration": "2h"}}))
}

fn excepted(exception: Value) -> Value {
    changed("/spec/exceptions", json!([exception]))
}

fn selecting(selector: Value) -> Value {
    changed("/spec/releaseSelector", selector)
}

#[rustfmt::skip]
pub fn good() -> Vec<Case> {
    vec![
        accepts("the window of the design", window()),
        accepts("a freeze of two weeks", freeze()),
        accepts("a freeze that stops rollbacks too", with(freeze(), &[("/spec/blocksRollback", json!(true))])),
        accepts("an opening over midnight", weekly(json!({"from": "22:00", "until": "04:00"}))),
        accepts("an opening that ends with the day", weekly(json!({"until": "24:00"}))),
        accepts("a range of days that crosses the week's end", weekly(json!({"days": ["Sat-Mon", "Wed"]}))),
        accepts("the last week of some months", weekly(json!({"weeksOfMonth": [-1, 2], "months": ["Jan-Nov"]}))),
        accepts("the last day of the month", weekly(json!({"days": ["Mon-Sun"], "daysOfMonth": [-1]}))),
        accepts("a cron expression with names and steps", cron("*/30 8-10 * JAN-NOV MON,WED", "20m")),
        accepts("an opening of a nominal day", cron("0 2 * * 6", "1d")),
        accepts("a rule with an end", rrule("FREQ=WEEKLY;BYDAY=TU;COUNT=10")),
        accepts("an exception that adds a span", excepted(json!({"from": "2026-12-24T08:00:00", "until": "2026-12-24T10:00:00", "effect": "Add"}))),
        accepts("a selector of expressions", selecting(json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["prod"]}, {"key": "example.com/old", "operator": "DoesNotExist"}]}))),
        accepts("text in any language", changed("/spec/reason", json!("Büro besetzt · オンコール"))),
        accepts("no grace at all", changed("/spec/overrunGrace", json!("0s"))),
        accepts("nothing but what is required", object("DeploymentWindow", "least", json!({"type": "Allow", "timeZone": "UTC", "schedule": [{"name": "one", "weekly": {"days": ["Mon"], "from": "09:00", "until": "12:00"}}]}))),
    ]
}

pub fn bad() -> Vec<Case> {
    let mut all = zones_and_text();
    all.extend(schedules());
    all.extend(the_rest());
    all
}

#[rustfmt::skip]
fn zones_and_text() -> Vec<Case> {
    let zone = |name: &str| changed("/spec/timeZone", json!(name));
    vec![
        rejects("a zone with a typing error", zone("Europe/Berln"), "spec.timeZone"),
        rejects("the zone of whichever machine", zone("Local"), "spec.timeZone"),
        rejects("the file of the machine's zone", zone("localtime"), "spec.timeZone"),
        rejects("an offset instead of a zone", zone("+02:00"), "spec.timeZone"),
        rejects("an empty zone", zone(""), "spec.timeZone"),
        rejects("no zone", changed("/spec/timeZone", Value::Null), "spec.timeZone"),
        rejects("an escape sequence in the reason", changed("/spec/reason", json!("a\u{1b}[2Jb")), "spec.reason"),
        rejects("a new line in the reason", changed("/spec/reason", json!("a\nb")), "spec.reason"),
        rejects("a control character beyond ASCII", changed("/spec/reason", json!("a\u{9b}b")), "spec.reason"),
        rejects("text that is shown backwards", changed("/spec/reason", json!("safe \u{202e}txet")), "spec.reason"),
        rejects("a reason of a book's length", changed("/spec/reason", json!("x".repeat(1025))), "spec.reason"),
        rejects("a field that does not exist", changed("/spec/timezone", json!("UTC")), "spec.timezone"),
        rejects("a type that does not exist", changed("/spec/type", json!("Deny")), "spec.type"),
    ]
}

#[rustfmt::skip]
fn schedules() -> Vec<Case> {
    let office = json!({"name": "office", "weekly": {"days": ["Mon"], "from": "09:00", "until": "12:00"}});
    let two = json!({"name": "two", "weekly": {"days": ["Mon"], "from": "09:00", "until": "12:00"}, "cron": {"expression": "0 2 * * 6", "duration": "3h"}});
    let entry = |n: usize| json!({"name": format!("e{n}"), "cron": {"expression": "0 2 * * 6", "duration": "3h"}});
    vec![
        rejects("no entry", changed("/spec/schedule", json!([])), "spec.schedule"),
        rejects("no schedule", changed("/spec/schedule", Value::Null), "spec.schedule"),
        rejects("33 entries", changed("/spec/schedule", many(33, entry)), "spec.schedule"),
        rejects("two entries of one name", changed("/spec/schedule", json!([office, office])), "spec.schedule[1]"),
        rejects("an entry with two forms", only(two), "spec.schedule[0]"),
        rejects("an entry without a form", only(json!({"name": "none"})), "spec.schedule[0]"),
        rejects("an entry whose name is no name", only(json!({"name": "Office Hours", "weekly": {"days": ["Mon"], "from": "09:00", "until": "12:00"}})), "spec.schedule[0].name"),
        rejects("hour 24 as a start", weekly(json!({"from": "24:00"})), "spec.schedule[0].weekly.from"),
        rejects("an end after the day's end", weekly(json!({"until": "24:01"})), "spec.schedule[0].weekly.until"),
        rejects("an hour of one digit", weekly(json!({"from": "9:00"})), "spec.schedule[0].weekly.from"),
        rejects("no days", weekly(json!({"days": []})), "spec.schedule[0].weekly.days"),
        rejects("a day that does not exist", weekly(json!({"days": ["Mo"]})), "spec.schedule[0].weekly.days[0]"),
        rejects("week 0 of the month", weekly(json!({"weeksOfMonth": [0]})), "spec.schedule[0].weekly.weeksOfMonth"),
        rejects("week 6 of the month", weekly(json!({"weeksOfMonth": [6]})), "spec.schedule[0].weekly.weeksOfMonth[0]"),
        rejects("day 0 of the month", weekly(json!({"daysOfMonth": [0]})), "spec.schedule[0].weekly.daysOfMonth"),
        rejects("day 32 of the month", weekly(json!({"daysOfMonth": [32]})), "spec.schedule[0].weekly.daysOfMonth[0]"),
        rejects("a month that does not exist", weekly(json!({"months": ["Sept"]})), "spec.schedule[0].weekly.months[0]"),
        rejects("a cron expression with seconds", cron("0 0 2 * * 6", "3h"), "spec.schedule[0].cron.expression"),
        rejects("a cron word", cron("@every 5m", "3h"), "spec.schedule[0].cron.expression"),
        rejects("an opening of no length", cron("0 2 * * 6", "0h"), "spec.schedule[0].cron.duration"),
        rejects("an opening of a length without a unit", cron("0 2 * * 6", "90"), "spec.schedule[0].cron.duration"),
        rejects("a rule with a line of its own", rrule("RRULE:FREQ=DAILY"), "spec.schedule[0].rrule.rule"),
        rejects("a start with an offset", only(json!({"name": "one", "rrule": {"start": "2027-01-05T09:00:00Z", "rule": "FREQ=DAILY", "duration": "2h"}})), "spec.schedule[0].rrule.start"),
        rejects("dates that end before they begin", only(json!({"name": "one", "dates": {"from": "2027-01-04T06:00:00", "until": "2026-12-18T16:00:00"}})), "spec.schedule[0].dates.until"),
        rejects("a calendar without a key", only(json!({"name": "one", "calendar": {"configMap": "releases"}})), "spec.schedule[0].calendar.key"),
    ]
}

#[rustfmt::skip]
fn the_rest() -> Vec<Case> {
    let day = |n: usize| json!({"date": format!("20{:02}-12-{:02}", n / 28 + 10, n % 28 + 1), "effect": "Skip"});
    let select = |operator: &str, values: Value| selecting(json!({"matchExpressions": [{"key": "tier", "operator": operator, "values": values}]}));
    vec![
        rejects("an exception with a date and a span", excepted(json!({"date": "2026-12-24", "from": "2026-12-24T08:00:00", "until": "2026-12-24T10:00:00", "effect": "Skip"})), "spec.exceptions[0]"),
        rejects("an exception with neither", excepted(json!({"effect": "Skip"})), "spec.exceptions[0]"),
        rejects("an exception with half a span", excepted(json!({"from": "2026-12-24T08:00:00", "effect": "Skip"})), "spec.exceptions[0]"),
        rejects("an exception that ends before it begins", excepted(json!({"from": "2026-12-24T10:00:00", "until": "2026-12-24T08:00:00", "effect": "Skip"})), "spec.exceptions[0].until"),
        rejects("257 exceptions", changed("/spec/exceptions", many(257, day)), "spec.exceptions"),
        rejects("an Allow that stops rollbacks", changed("/spec/blocksRollback", json!(true)), "spec.blocksRollback"),
        rejects("validity that ends before it begins", changed("/spec/validUntil", json!("2025-01-01T00:00:00Z")), "spec.validUntil"),
        rejects("validity that ends at the instant it begins, told with another offset", changed("/spec/validUntil", json!("2026-01-01T01:00:00+01:00")), "spec.validUntil"),
        rejects("validity without an offset", changed("/spec/validFrom", json!("2026-01-01T00:00:00")), "spec.validFrom"),
        rejects("room for no release", changed("/spec/capacity/releases", json!(0)), "spec.capacity.releases"),
        rejects("none of a resource", changed("/spec/capacity/resources", json!({"orders-db": 0})), "spec.capacity.resources.orders-db"),
        rejects("a resource whose name is no name", changed("/spec/capacity/resources", json!({"Orders DB": 1})), "spec.capacity.resources"),
        rejects("nothing that must remain", changed("/spec/minRemaining", json!("0m")), "spec.minRemaining"),
        rejects("more than a year that must remain", changed("/spec/minRemaining", json!("8761h")), "spec.minRemaining"),
        rejects("a duration in days where hours are exact", changed("/spec/minRemaining", json!("1d")), "spec.minRemaining"),
        rejects("what happens at the close, misspelt", changed("/spec/onClose", json!("Stop")), "spec.onClose"),
        rejects("a selector that is in nothing", select("In", json!([])), "spec.releaseSelector.matchExpressions[0]"),
        rejects("a selector that exists with a value", select("Exists", json!(["prod"])), "spec.releaseSelector.matchExpressions[0]"),
        rejects("a selector with an operator of its own", select("Equals", json!(["prod"])), "spec.releaseSelector.matchExpressions[0].operator"),
        rejects("a selector for a value that no label can have", select("In", json!(["two words"])), "spec.releaseSelector.matchExpressions[0].values[0]"),
        rejects("a selector for a label that cannot be", selecting(json!({"matchLabels": {"a b": "c"}})), "spec.releaseSelector.matchLabels"),
    ]
}
