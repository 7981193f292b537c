//! `CoordinatedRelease`: what is accepted and what is refused. A circle, and a workload that its team does not
//! list, pass the API server: `offline` holds `rollcall plan` to those.

use serde_json::{Value, json};

use super::{Case, accepts, many, object, rejects, table, with};
use crate::support::Done;

#[tokio::test]
async fn releases_that_make_sense_are_accepted() -> Done {
    table(good()).await
}

#[tokio::test]
async fn releases_that_make_no_sense_are_refused_with_the_field() -> Done {
    table(bad()).await
}

/// The release of the design, with all its parts.
pub fn release() -> Value {
    object(
        "CoordinatedRelease",
        "checkout-2.14",
        json!({
            "owner": {"name": "Lena", "contact": "#releases"},
            "participants": [
                {"name": "data", "team": {"namespace": "data", "name": "data"}, "role": "Required", "responsibility": "Run and watch the ledger migration"},
                {"name": "payments", "team": {"namespace": "payments", "name": "payments"}, "role": "Required", "responsibility": "Watch the error budget for 30 min"}],
            "steps": [
                {"name": "migrate", "participant": "data", "workload": {"kind": "Job", "name": "ledger-migrate"}, "estimate": "20m", "reversible": false},
                {"name": "api", "participant": "payments", "workload": {"kind": "Deployment", "name": "api"}, "dependsOn": ["migrate"], "estimate": "10m", "soak": "10m",
                    "requires": {"orders-db": 1}, "expect": {"images": {"api": "registry/api:2.14"}}, "timeout": "30m", "onFailure": "Halt"}],
            "notBefore": "2026-12-01T08:00:00+01:00", "deadline": "2026-12-02T08:00:00+01:00", "priority": 0,
            "onFailure": "Rollback", "paused": false}),
    )
}

/// The release with one thing changed.
fn changed(pointer: &str, value: Value) -> Value {
    with(release(), &[(pointer, value)])
}

/// The release with its second step changed.
fn step(changes: &[(&str, Value)]) -> Value {
    let changes: Vec<(String, Value)> = changes.iter().map(|(p, v)| (format!("/spec/steps/1{p}"), v.clone())).collect();
    let changes: Vec<(&str, Value)> = changes.iter().map(|(p, v)| (p.as_str(), v.clone())).collect();
    with(release(), &changes)
}

/// The release with an override in which some fields are changed.
fn overridden(changes: &[(&str, Value)]) -> Value {
    let all =
        json!({"reason": "payments are down", "ticket": "INC-1", "skip": ["Freeze"], "until": "2026-12-01T12:00:00Z"});
    changed("/spec/override", with(all, changes))
}

#[rustfmt::skip]
pub fn good() -> Vec<Case> {
    vec![
        accepts("the release of the design", release()),
        accepts("a wait that is nobody's", changed("/spec/steps/2", json!({"name": "breathe", "wait": "5m", "dependsOn": ["api"]}))),
        accepts("a team that is only informed", changed("/spec/participants/2", json!({"name": "support", "team": {"namespace": "support", "name": "support"}, "role": "Informed", "responsibility": "Know what changes"}))),
        accepts("an override with all it needs", overridden(&[])),
        accepts("no soak at all", step(&[("/soak", json!("0s"))])),
        accepts("a step that expects annotations", step(&[("/expect", json!({"annotations": {"example.com/revision": "2.14"}}))])),
        accepts("a step that says nothing of what it needs", with(release(), &[("/spec/steps/1", json!({"name": "api", "participant": "payments", "workload": {"kind": "Deployment", "name": "api"}}))])),
        accepts("the same name of a workload in two teams", step(&[("/workload", json!({"kind": "Job", "name": "ledger-migrate"}))])),
        accepts("100 steps in a row", with(release(), &[("/spec/steps", many(100, |n| json!({"name": format!("s{n}"), "wait": "1m", "dependsOn": if n == 0 { json!([]) } else { json!([format!("s{}", n - 1)]) }})))])),
    ]
}

pub fn bad() -> Vec<Case> {
    let mut all = participants();
    all.extend(steps());
    all.extend(the_rest());
    all
}

#[rustfmt::skip]
fn participants() -> Vec<Case> {
    let one = |n: usize| json!({"name": format!("p{n}"), "team": {"namespace": "data", "name": format!("t{n}")}, "responsibility": "Watch"});
    let said = |text: &str| changed("/spec/participants/0/responsibility", json!(text));
    vec![
        rejects("no participants", changed("/spec/participants", json!([])), "spec.participants"),
        rejects("33 participants", changed("/spec/participants", Value::Array((0..33).map(one).collect())), "spec.participants"),
        rejects("two participants of one name", changed("/spec/participants/1/name", json!("data")), "spec.participants[1]"),
        rejects("a participant that answers for nothing", changed("/spec/participants/0/responsibility", Value::Null), "spec.participants[0].responsibility"),
        rejects("an empty responsibility", said(""), "spec.participants[0].responsibility"),
        rejects("a blank responsibility", said("   "), "spec.participants[0].responsibility"),
        rejects("a responsibility that moves the cursor", said("a\u{1b}[2Jb"), "spec.participants[0].responsibility"),
        rejects("a role that does not exist", changed("/spec/participants/0/role", json!("Boss")), "spec.participants[0].role"),
        rejects("a participant without a team", changed("/spec/participants/0/team", Value::Null), "spec.participants[0].team"),
        rejects("a team without a namespace", changed("/spec/participants/0/team/namespace", Value::Null), "spec.participants[0].team.namespace"),
        rejects("steps of a team that is only informed", changed("/spec/participants/0/role", json!("Informed")), "spec.steps"),
        rejects("an owner whose name rings", changed("/spec/owner/name", json!("Lena\u{7}")), "spec.owner.name"),
        rejects("an owner without a name", changed("/spec/owner/name", json!("")), "spec.owner.name"),
        rejects("a contact with a new line", changed("/spec/owner/contact", json!("a\nb")), "spec.owner.contact"),
    ]
}

#[rustfmt::skip]
fn steps() -> Vec<Case> {
    let wait = |n: usize| json!({"name": format!("s{n}"), "wait": "1m"});
    vec![
        rejects("no steps", changed("/spec/steps", json!([])), "spec.steps"),
        rejects("101 steps", changed("/spec/steps", many(101, wait)), "spec.steps"),
        rejects("two steps of one name", with(release(), &[("/spec/steps/1/name", json!("migrate")), ("/spec/steps/1/dependsOn", Value::Null)]), "spec.steps[1]"),
        rejects("a step of a participant that does not exist", step(&[("/participant", json!("nobody"))]), "spec.steps"),
        rejects("a step that waits for itself", step(&[("/dependsOn", json!(["api"]))]), "spec.steps"),
        rejects("a step that waits for no step", step(&[("/dependsOn", json!(["nothing"]))]), "spec.steps"),
        rejects("a step that waits twice for one", step(&[("/dependsOn", json!(["migrate", "migrate"]))]), "spec.steps[1].dependsOn[1]"),
        rejects("a step that waits for 17", step(&[("/dependsOn", many(17, |n| json!(format!("s{n}"))))]), "spec.steps[1].dependsOn"),
        rejects("a step with a workload and a wait", step(&[("/wait", json!("5m"))]), "spec.steps[1]"),
        rejects("a step with nothing to do", step(&[("/workload", Value::Null), ("/expect", Value::Null)]), "spec.steps[1]"),
        rejects("a workload of nobody", step(&[("/participant", Value::Null)]), "spec.steps[1].participant"),
        rejects("a wait with content to expect", with(release(), &[("/spec/steps/1", json!({"name": "breathe", "wait": "5m", "expect": {"images": {"a": "b"}}}))]), "spec.steps[1].expect"),
        rejects("an expectation of nothing", step(&[("/expect", json!({}))]), "spec.steps[1].expect"),
        rejects("an estimate of no time", step(&[("/estimate", json!("0s"))]), "spec.steps[1].estimate"),
        rejects("an estimate of more than a year", step(&[("/estimate", json!("8761h"))]), "spec.steps[1].estimate"),
        rejects("an estimate with a sign", step(&[("/estimate", json!("-5m"))]), "spec.steps[1].estimate"),
        rejects("an estimate that is a number", step(&[("/estimate", json!(600))]), "spec.steps[1].estimate"),
        rejects("a soak of more than a year", step(&[("/soak", json!("9000h"))]), "spec.steps[1].soak"),
        rejects("a timeout of no time", step(&[("/timeout", json!("0m"))]), "spec.steps[1].timeout"),
        rejects("a wait of no time", with(release(), &[("/spec/steps/1", json!({"name": "breathe", "wait": "0s"}))]), "spec.steps[1].wait"),
        rejects("a negative need", step(&[("/requires", json!({"orders-db": -1}))]), "spec.steps[1].requires.orders-db"),
        rejects("17 needs", step(&[("/requires", (0..17).map(|n| (format!("r{n}"), json!(1))).collect())]), "spec.steps[1].requires"),
        rejects("a step in capitals", changed("/spec/steps/0/name", json!("Migrate")), "spec.steps[0].name"),
        rejects("a step whose name is too long", changed("/spec/steps/0/name", json!("m".repeat(64))), "spec.steps[0].name"),
        rejects("a workload of a kind that nobody can hold", step(&[("/workload/kind", json!("Pod"))]), "spec.steps[1].workload.kind"),
        rejects("a field that does not exist", step(&[("/dependson", json!(["migrate"]))]), "spec.steps[1].dependson"),
        rejects("the same workload in two steps", with(release(), &[("/spec/steps/1/participant", json!("data")), ("/spec/steps/1/workload", json!({"kind": "Job", "name": "ledger-migrate"}))]), "spec.steps"),
    ]
}

#[rustfmt::skip]
fn the_rest() -> Vec<Case> {
    let window = |n: usize| json!({"namespace": "platform", "name": format!("w{n}")});
    vec![
        rejects("a deadline before the start", changed("/spec/deadline", json!("2026-12-01T06:59:00Z")), "spec.deadline"),
        rejects("a start that is no instant", changed("/spec/notBefore", json!("tomorrow")), "spec.notBefore"),
        rejects("a start without an offset", changed("/spec/notBefore", json!("2026-12-01T08:00:00")), "spec.notBefore"),
        rejects("17 windows", changed("/spec/windows", many(17, window)), "spec.windows"),
        rejects("a priority beyond bounds", changed("/spec/priority", json!(1001)), "spec.priority"),
        rejects("a failure that is ignored", changed("/spec/onFailure", json!("Ignore")), "spec.onFailure"),
        rejects("a stop button that is a text", changed("/spec/paused", json!("false")), "spec.paused"),
        rejects("an override without a reason", overridden(&[("/reason", Value::Null)]), "spec.override.reason"),
        rejects("an override with a blank reason", overridden(&[("/reason", json!(" "))]), "spec.override.reason"),
        rejects("an override without a ticket", overridden(&[("/ticket", Value::Null)]), "spec.override.ticket"),
        rejects("an override without an end", overridden(&[("/until", Value::Null)]), "spec.override.until"),
        rejects("an override of nothing", overridden(&[("/skip", json!([]))]), "spec.override.skip"),
        rejects("an override of consent", overridden(&[("/skip", json!(["Consent"]))]), "spec.override.skip[0]"),
        rejects("an override of one gate twice", overridden(&[("/skip", json!(["Freeze", "Freeze"]))]), "spec.override.skip[1]"),
    ]
}
