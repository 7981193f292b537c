//! `TeamReadiness`: what is accepted and what is refused.

use serde_json::{Value, json};

use super::{Case, accepts, many, object, rejects, table, with};
use crate::support::Done;

#[tokio::test]
async fn teams_that_make_sense_are_accepted() -> Done {
    table(good()).await
}

#[tokio::test]
async fn teams_that_make_no_sense_are_refused_with_the_field() -> Done {
    table(bad()).await
}

/// The team of the design, with all its parts.
pub fn team() -> Value {
    object(
        "TeamReadiness",
        "payments",
        json!({
            "workloads": [{"kind": "Deployment", "name": "api"}, {"kind": "Job", "name": "ledger-migrate"}],
            "allow": [{"namespace": "releases", "actions": ["Hold", "Release", "Rollback"]}],
            "signOff": {"required": [{"role": "lead", "requireHuman": true}], "validFor": "24h", "delegates": []},
            "signOffs": [{"release": "releases/checkout-2.14", "role": "lead", "decision": "Go", "digest": digest(), "reason": "rehearsed"}],
            "checks": [
                {"name": "api-healthy", "workload": {"kind": "Deployment", "name": "api"}},
                {"name": "budget", "condition": {"apiVersion": "example.com/v1", "kind": "Budget", "name": "api", "type": "Within", "status": "True"}}],
            "independentChanges": "AtOpenWindow",
            "maxHold": {"duration": "72h", "then": "Alert"},
            "capacity": {"parallelSteps": 1, "skills": {"dba": 1}},
            "contact": {"ask": "#payments", "timeZone": "Europe/Berlin",
                "workingHours": [{"days": ["Mon-Fri"], "from": "09:00", "until": "17:00"}],
                "absences": [{"who": "Ana", "skill": "dba", "from": "2026-12-24T00:00:00Z", "until": "2027-01-02T00:00:00Z"}],
                "routes": [{"class": "Act", "via": ["slack/payments"]}]}}),
    )
}

fn digest() -> String {
    format!("sha256:{}", "0f".repeat(32))
}

/// The team with one thing changed.
fn changed(pointer: &str, value: Value) -> Value {
    with(team(), &[(pointer, value)])
}

/// The team with one sign-off in which some fields are changed.
fn signed(changes: &[(&str, Value)]) -> Value {
    let sign_off = json!({"release": "releases/checkout-2.14", "role": "lead", "decision": "Go", "digest": digest()});
    changed("/spec/signOffs", json!([with(sign_off, changes)]))
}

fn checked(check: Value) -> Value {
    changed("/spec/checks", json!([check]))
}

#[rustfmt::skip]
pub fn good() -> Vec<Case> {
    vec![
        accepts("the team of the design", team()),
        accepts("a team that puts nothing under rollcall yet", object("TeamReadiness", "new", json!({}))),
        accepts("a NoGo with a reason", signed(&[("/decision", json!("NoGo")), ("/reason", json!("the error budget is spent"))])),
        accepts("two people in one role", with(team(), &[("/spec/signOff/required", json!([{"role": "lead", "count": 2}])),
            ("/spec/signOffs", json!([{"release": "releases/a", "role": "lead", "seat": 1, "decision": "Go", "digest": digest()},
                {"release": "releases/a", "role": "lead", "seat": 2, "decision": "Go", "digest": digest()}]))])),
        accepts("consent for one release by name", changed("/spec/allow", json!([{"namespace": "releases", "name": "checkout-2.14"}]))),
        accepts("consent by label", changed("/spec/allow", json!([{"namespace": "releases", "selector": {"matchLabels": {"line": "checkout"}}}]))),
        accepts("a Deployment and a Job of one name", changed("/spec/workloads", json!([{"kind": "Deployment", "name": "api"}, {"kind": "Job", "name": "api"}]))),
        accepts("a delegate", changed("/spec/signOff/delegates", json!(["system:serviceaccount:flux-system:kustomize-controller"]))),
        accepts("a check of replicas", checked(json!({"name": "enough", "replicas": {"workload": {"kind": "Deployment", "name": "api"}, "atLeast": 2}}))),
        accepts("a check for freezes", checked(json!({"name": "calm", "noActiveFreeze": {}}))),
        accepts("a check of a query", checked(json!({"name": "errors", "prometheus": {"endpoint": "main", "query": "sum(rate(errors[5m]))", "comparison": "Below", "threshold": "0.5", "for": "5m"}, "every": "1m"}))),
        accepts("a check of an endpoint", checked(json!({"name": "smoke", "http": {"endpoint": "smoke"}, "timeout": "10s"}))),
        accepts("a check that another controller answers", checked(json!({"name": "scan", "controllerName": "example.com/scanner"}))),
    ]
}

pub fn bad() -> Vec<Case> {
    let mut all = lists_and_bounds();
    all.extend(sign_offs());
    all.extend(checks_and_contact());
    all
}

#[rustfmt::skip]
fn lists_and_bounds() -> Vec<Case> {
    let workload = |n: usize| json!({"kind": "Deployment", "name": format!("w{n}")});
    let consent = |n: usize| json!({"namespace": format!("n{n}")});
    let role = |n: usize| json!({"role": format!("r{n}")});
    vec![
        rejects("65 workloads", changed("/spec/workloads", many(65, workload)), "spec.workloads"),
        rejects("a workload listed twice", changed("/spec/workloads", json!([workload(1), workload(1)])), "spec.workloads[1]"),
        rejects("a kind that nobody can hold", changed("/spec/workloads", json!([{"kind": "Pod", "name": "api"}])), "spec.workloads[0].kind"),
        rejects("a workload whose name is no name", changed("/spec/workloads", json!([{"kind": "Job", "name": "Api"}])), "spec.workloads[0].name"),
        rejects("33 consents", changed("/spec/allow", many(33, consent)), "spec.allow"),
        rejects("consent to nothing", changed("/spec/allow", json!([{"namespace": "releases", "actions": []}])), "spec.allow[0].actions"),
        rejects("consent to what nobody does", changed("/spec/allow", json!([{"namespace": "releases", "actions": ["Delete"]}])), "spec.allow[0].actions[0]"),
        rejects("the same consent twice", changed("/spec/allow", json!([{"namespace": "releases", "actions": ["Hold", "Hold"]}])), "spec.allow[0].actions[1]"),
        rejects("consent to everywhere", changed("/spec/allow", json!([{"namespace": "*"}])), "spec.allow[0].namespace"),
        rejects("consent by a selector that is in nothing", changed("/spec/allow", json!([{"namespace": "releases", "selector": {"matchExpressions": [{"key": "line", "operator": "NotIn"}]}}])), "spec.allow[0].selector.matchExpressions[0]"),
        rejects("nine roles", changed("/spec/signOff/required", many(9, role)), "spec.signOff.required"),
        rejects("a role twice", changed("/spec/signOff/required", json!([{"role": "lead"}, {"role": "lead"}])), "spec.signOff.required[1]"),
        rejects("nobody in a role", changed("/spec/signOff/required", json!([{"role": "lead", "count": 0}])), "spec.signOff.required[0].count"),
        rejects("a sign-off that holds for no time", changed("/spec/signOff/validFor", json!("0s")), "spec.signOff.validFor"),
        rejects("a sign-off that holds for more than a year", changed("/spec/signOff/validFor", json!("9000h")), "spec.signOff.validFor"),
        rejects("a delegate that is a person", changed("/spec/signOff/delegates", json!(["ana"])), "spec.signOff.delegates[0]"),
        rejects("held for no time", changed("/spec/maxHold/duration", json!("0h")), "spec.maxHold.duration"),
        rejects("held and then what", changed("/spec/maxHold/then", json!("Delete")), "spec.maxHold.then"),
        rejects("no step at once", changed("/spec/capacity/parallelSteps", json!(0)), "spec.capacity.parallelSteps"),
        rejects("a number that is a text", changed("/spec/capacity/parallelSteps", json!("1")), "spec.capacity.parallelSteps"),
        rejects("changes that are neither", changed("/spec/independentChanges", json!("Never")), "spec.independentChanges"),
    ]
}

#[rustfmt::skip]
fn sign_offs() -> Vec<Case> {
    let go = |n: usize| json!({"release": format!("releases/r{n}"), "role": "lead", "decision": "Go", "digest": digest()});
    vec![
        rejects("a digest of another form", signed(&[("/digest", json!("md5:0f0f"))]), "spec.signOffs[0].digest"),
        rejects("a digest that is too short", signed(&[("/digest", json!("sha256:0f0f"))]), "spec.signOffs[0].digest"),
        rejects("a digest in capitals", signed(&[("/digest", json!(digest().replace('f', "F")))]), "spec.signOffs[0].digest"),
        rejects("a sign-off for nothing in particular", signed(&[("/digest", Value::Null)]), "spec.signOffs[0].digest"),
        rejects("a NoGo without a reason", signed(&[("/decision", json!("NoGo"))]), "spec.signOffs[0].reason"),
        rejects("a NoGo with an empty reason", signed(&[("/decision", json!("NoGo")), ("/reason", json!(""))]), "spec.signOffs[0].reason"),
        rejects("a NoGo with a blank reason", signed(&[("/decision", json!("NoGo")), ("/reason", json!("  "))]), "spec.signOffs[0].reason"),
        rejects("a reason with an escape sequence", signed(&[("/reason", json!("\u{1b}]0;owned\u{7}"))]), "spec.signOffs[0].reason"),
        rejects("neither Go nor NoGo", signed(&[("/decision", json!("Maybe"))]), "spec.signOffs[0].decision"),
        // Whether they are new, and refused then, the guard of words knows: stored ones stay, and count for nothing.
        accepts("a sign-off for a role that is not required", signed(&[("/role", json!("ceo"))])),
        accepts("a sign-off where none is required", changed("/spec/signOff", Value::Null)),
        rejects("a sign-off for a release without a namespace", signed(&[("/release", json!("checkout"))]), "spec.signOffs[0].release"),
        rejects("seat 0", signed(&[("/seat", json!(0))]), "spec.signOffs[0].seat"),
        rejects("a word that was renewed no time", signed(&[("/renewal", json!(0))]), "spec.signOffs[0].renewal"),
        accepts("a word that is given again", signed(&[("/renewal", json!(1))])),
        rejects("two words on one release in one role and seat", changed("/spec/signOffs", json!([go(1), go(1)])), "spec.signOffs[1]"),
        rejects("129 sign-offs", changed("/spec/signOffs", many(129, go)), "spec.signOffs"),
    ]
}

#[rustfmt::skip]
fn checks_and_contact() -> Vec<Case> {
    let check = |n: usize| json!({"name": format!("c{n}"), "noActiveFreeze": {}});
    let away = |from: &str, until: &str| changed("/spec/contact/absences", json!([{"who": "Ana", "from": from, "until": until}]));
    let query = |threshold: &str| checked(json!({"name": "errors", "prometheus": {"endpoint": "main", "query": "up", "comparison": "Below", "threshold": threshold}}));
    vec![
        rejects("a check with two forms", checked(json!({"name": "both", "noActiveFreeze": {}, "http": {"endpoint": "smoke"}})), "spec.checks[0]"),
        rejects("a check without a form", checked(json!({"name": "none"})), "spec.checks[0]"),
        rejects("two checks of one name", changed("/spec/checks", json!([check(1), check(1)])), "spec.checks[1]"),
        rejects("33 checks", changed("/spec/checks", many(33, check)), "spec.checks"),
        rejects("a check that is repeated without a pause", checked(json!({"name": "one", "noActiveFreeze": {}, "every": "0s"})), "spec.checks[0].every"),
        rejects("a threshold that is no number", query("much"), "spec.checks[0].prometheus.threshold"),
        rejects("a condition that is neither true nor false", checked(json!({"name": "one", "condition": {"apiVersion": "v1", "kind": "Node", "name": "a", "type": "Ready", "status": "Yes"}})), "spec.checks[0].condition.status"),
        rejects("an absence that ends before it begins", away("2027-01-02T00:00:00Z", "2026-12-24T00:00:00Z"), "spec.contact.absences[0].until"),
        rejects("an absence of somebody without a name", changed("/spec/contact/absences/0/who", json!(" ")), "spec.contact.absences[0].who"),
        rejects("the zone of a team that does not exist", changed("/spec/contact/timeZone", json!("Europe/Berln")), "spec.contact.timeZone"),
        rejects("working hours that start at 24", changed("/spec/contact/workingHours/0/from", json!("24:00")), "spec.contact.workingHours[0].from"),
        rejects("a route to nowhere", changed("/spec/contact/routes/0/via", json!([])), "spec.contact.routes[0].via"),
        rejects("a contact with a new line", changed("/spec/contact/ask", json!("a\nb")), "spec.contact.ask"),
    ]
}
