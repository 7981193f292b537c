use std::collections::BTreeSet;

use super::*;
use crate::domain::readiness::CheckState;
use crate::domain::scheduling::decide;
use crate::domain::scheduling::fixtures::{Given, in_order, name, ready};
use crate::domain::workload::{Progress, Strength};

/// The conditions as `type status reason`, with this missing of the policies.
fn said(given: &Given, missing: &[String]) -> Vec<String> {
    let decision = decide(&given.0);
    of(&[], 1, &given.0, &decision, missing).iter().map(|c| format!("{} {} {}", c.type_, c.status, c.reason)).collect()
}

#[track_caller]
fn check(given: &Given, expected: &[&str]) {
    assert_eq!(said(given, &given.0.policies_missing), expected);
}

const FINE: [&str; 2] = ["Accepted True Accepted", "HoldEnforced True Enforced"];

/// A release that waits for a reason, and all of what is fine.
fn waits(reason: &str) -> Vec<String> {
    let [accepted, enforced] = FINE.map(str::to_owned);
    vec![accepted, format!("Gated True {reason}"), enforced, format!("Ready False {reason}")]
}

/// Situations and why each waits.
fn waiting() -> Vec<(&'static str, Given)> {
    let soaks = in_order().released("data", "08:50:00", Progress::Done);
    vec![
        ("Paused", ready().paused()),
        ("WaitingForWindow", ready().frozen("08:00:00", "10:00:00")),
        ("WaitingForCapacity", ready().requires("shop", "db", 2)),
        ("WaitingForSignOff", ready().unsigned("shop")),
        ("WaitingForChecks", ready().checked("shop", CheckState::Retry)),
        ("WaitingForStage", soaks.step("data", |s| s.soak = chrono::TimeDelta::minutes(20))),
        ("WaitingForContent", ready().unchanged("shop")),
        ("NotLabelled", ready().unchanged("shop").workload("shop", |w| w.gate = None)),
    ]
}

#[test]
fn a_release_that_waits_says_what_for() {
    for (reason, given) in waiting() {
        assert_eq!(said(&given, &[]), waits(reason), "{reason}");
    }
}

#[test]
fn a_release_that_is_not_accepted_says_why() {
    for (reason, given) in [
        ("ConsentMissing", ready().team("shop", |t| t.consents.clear())),
        ("ConsentMissing", ready().with(|s| drop(s.teams.remove(&name("shop"))))),
        ("Conflict", ready().claimed("shop")),
        ("InvalidSpec", ready().team("shop", |t| t.listed.clear())),
    ] {
        let mut expected = waits(reason);
        expected[0] = format!("Accepted False {reason}");
        assert_eq!(said(&given, &[]), expected);
    }
}

#[test]
fn a_release_that_is_on_its_way_done_or_failed_says_so() {
    let moving = ready().released("data", "08:59:00", Progress::NotObserved);
    let gate = "Gated False GateOpen";
    check(
        &moving.clone().released("shop", "08:59:00", Progress::Done),
        &[FINE[0], gate, FINE[1], "Ready False RollingOut", "Reconciling True RollingOut"],
    );
    let done = ready().released("data", "08:59:00", Progress::Done).released("shop", "08:59:00", Progress::Done);
    check(&done, &[FINE[0], gate, FINE[1], "Ready True Completed"]);
    let failed = ready().failed("data");
    check(&failed, &[FINE[0], gate, FINE[1], "Ready False RolloutFailed", "Stalled True RolloutFailed"]);
    check(&ready(), &[FINE[0], gate, FINE[1], "Ready False GateOpen"]);
}

#[test]
fn a_hold_that_is_not_enforced_needs_a_person() {
    let given = ready().with(|s| s.policies_missing.push("deployments".into()));
    let missing = "PolicyMissing";
    check(
        &given,
        &[
            FINE[0],
            &format!("Gated True {missing}"),
            &format!("HoldEnforced False {missing}"),
            &format!("Ready False {missing}"),
            &format!("Stalled True {missing}"),
        ],
    );
}

/// The condition that says how the hold is.
fn enforced(given: &Given) -> (String, String, String) {
    let all = of(&[], 1, &given.0, &decide(&given.0), &[]);
    let found = all.into_iter().find(|c| c.type_ == "HoldEnforced").expect("always said");
    (found.status, found.reason, found.message)
}

#[test]
fn a_hold_that_can_only_be_best_effort_says_so_and_names_what_it_is_about() {
    let weak = ready().workload("data", |w| w.strength = Strength::BestEffort);
    let (status, reason, message) = enforced(&weak);
    assert_eq!((status.as_str(), reason.as_str()), ("True", "BestEffort"));
    assert!(message.starts_with("Deployment data/data-app held as well as that goes"), "{message}");
}

#[test]
fn a_hold_field_that_another_controller_uses_needs_a_person() {
    let taken = ready()
        .workload("data", |w| w.owned_elsewhere = Some("Kueue decides when this Job runs".into()))
        .with(|s| s.policies_missing.push("data: Kueue decides when this Job runs".into()));
    let (status, reason, message) = enforced(&taken);
    assert_eq!((status.as_str(), reason.as_str()), ("False", "OwnedElsewhere"));
    assert!(message.ends_with("Kueue decides when this Job runs"), "{message}");
}

#[test]
fn every_gate_has_a_reason_of_its_own() {
    let reasons: BTreeSet<&str> = waiting().iter().map(|(reason, _)| *reason).collect();
    assert_eq!(reasons.len(), waiting().len());
}
