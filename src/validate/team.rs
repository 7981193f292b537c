//! `TeamReadiness`, checked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::{Meta, bounded, checks, distinct, duration, kind, matches, text};
use crate::api::fields::ObjectRef;
use crate::api::readiness::{
    self, CheckStatus, ConsentAction, IndependentChanges, MaxHoldThen, SeenSignOff, SignOffDecision, TeamReadinessSpec,
    TeamReadinessStatus, WithdrawnAfterStart,
};
use crate::domain::readiness::{Requirement, SignOff, SignOffRules};
use crate::domain::scheduling::situation::{Action, Consent, Independent, MaxHold, TaskDone, Team};
use crate::domain::{Faults, ObjectName};

/// What rollcall found out of a team earlier.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found<'a> {
    /// When each sign-off was first seen.
    pub seen: &'a [SeenSignOff],
    /// What each check said last.
    pub checks: &'a [CheckStatus],
}

impl<'a> From<&'a TeamReadinessStatus> for Found<'a> {
    fn from(status: &'a TeamReadinessStatus) -> Self {
        Self { seen: &status.seen_sign_offs, checks: &status.checks }
    }
}

/// A checked team, as one release sees it: its consent is matched against that release's labels.
///
/// # Errors
///
/// Everything that is wrong with the spec.
pub fn team(
    meta: &Meta,
    spec: &TeamReadinessSpec,
    found: Found<'_>,
    release_labels: &BTreeMap<String, String>,
) -> Result<Team, Faults> {
    let mut faults = Faults::default();
    bounded(&mut faults, "spec.workloads", &spec.workloads, 64);
    bounded(&mut faults, "spec.signOffs", &spec.sign_offs, 128);
    let workloads: Vec<String> = spec.workloads.iter().map(|w| format!("{} {}", w.kind.as_str(), w.name)).collect();
    distinct(&mut faults, "spec.workloads", "name", workloads.iter().map(String::as_str));
    let rules = rules(&mut faults, spec);
    let sign_offs = sign_offs(&mut faults, spec, found.seen);
    let checks = checks::results(&mut faults, &spec.checks, found.checks);
    let max_hold = spec.max_hold.as_ref().map(|m| MaxHold {
        duration: duration(&mut faults, "spec.maxHold.duration", Some(&m.duration), TimeDelta::zero()),
        release: m.then == MaxHoldThen::Release,
    });
    let contact = spec.contact.as_ref().and_then(|c| c.ask.clone()).unwrap_or_default();
    text(&mut faults, "spec.contact.ask", &contact);
    let capacity = spec.capacity.as_ref();
    let team = Team {
        name: meta.name.clone(),
        consents: spec.allow.iter().map(|c| consent(c, release_labels)).collect(),
        listed: spec.workloads.iter().map(|w| (kind(w.kind), w.name.clone())).collect(),
        rules,
        sign_offs,
        checks,
        author: meta.author.clone().unwrap_or_default(),
        author_may_not: BTreeSet::new(),
        parallel_steps: capacity.and_then(|c| c.parallel_steps).and_then(|n| usize::try_from(n).ok()),
        skills: capacity.map(|c| amounts(&c.skills)).unwrap_or_default(),
        contact,
        independent: match spec.independent_changes {
            IndependentChanges::AtOpenWindow => Independent::AtOpenWindow,
            IndependentChanges::Held => Independent::Held,
        },
        max_hold,
        tasks_done: tasks_done(spec),
    };
    faults.or(team)
}

/// Amounts by name; an amount below zero, which the schema refuses, counts as none.
pub(super) fn amounts(wire: &BTreeMap<String, i32>) -> BTreeMap<String, u32> {
    wire.iter().map(|(name, n)| (name.clone(), u32::try_from(*n).unwrap_or(0))).collect()
}

fn consent(wire: &readiness::Consent, labels: &BTreeMap<String, String>) -> Consent {
    let actions: BTreeSet<Action> = wire
        .actions
        .iter()
        .map(|a| match a {
            ConsentAction::Hold => Action::Hold,
            ConsentAction::Release => Action::Release,
            ConsentAction::Rollback => Action::Rollback,
        })
        .collect();
    Consent {
        namespace: wire.namespace.clone(),
        name: wire.name.clone(),
        labels_match: wire.selector.as_ref().is_none_or(|s| matches(s, labels)),
        actions,
    }
}

fn rules(faults: &mut Faults, spec: &TeamReadinessSpec) -> SignOffRules {
    let wire = spec.sign_off.as_ref();
    let required = wire.map(|r| r.required.as_slice()).unwrap_or_default();
    distinct(faults, "spec.signOff.required", "role", required.iter().map(|r| r.role.as_str()));
    SignOffRules {
        required: required
            .iter()
            .map(|r| Requirement {
                role: r.role.clone(),
                count: usize::try_from(r.count).unwrap_or(1).max(1),
                require_human: r.require_human.unwrap_or(false),
            })
            .collect(),
        valid_for: duration(
            faults,
            "spec.signOff.validFor",
            wire.and_then(|r| r.valid_for.as_ref()),
            TimeDelta::hours(24),
        ),
        delegates: wire.map(|r| r.delegates.iter().cloned().collect()).unwrap_or_default(),
        no_self_approval: wire.and_then(|r| r.no_self_approval).unwrap_or(false),
        withdrawal_halts: wire.is_some_and(|r| r.withdrawn_after_start == WithdrawnAfterStart::Halt),
    }
}

fn sign_offs(
    faults: &mut Faults,
    spec: &TeamReadinessSpec,
    seen: &[SeenSignOff],
) -> BTreeMap<ObjectName, Vec<SignOff>> {
    let mut by_release: BTreeMap<ObjectName, Vec<SignOff>> = BTreeMap::new();
    for (n, s) in spec.sign_offs.iter().enumerate() {
        let release: ObjectName = match s.release.parse() {
            Ok(name) => name,
            Err(e) => {
                faults.add(format!("spec.signOffs[{n}].release"), format!("{e}"));
                continue;
            }
        };
        let same = |k: &&SeenSignOff| {
            k.release == s.release
                && k.role == s.role
                && k.seat == s.seat
                && k.decision == s.decision
                && k.digest == s.digest
                && k.renewal == s.renewal
                && Some(&k.by) == s.by.as_ref()
        };
        by_release.entry(release).or_default().push(SignOff {
            role: s.role.clone(),
            go: s.decision == SignOffDecision::Go,
            digest: s.digest.clone(),
            reason: s.reason.clone().unwrap_or_default(),
            by: s.by.clone().unwrap_or_default(),
            seen: seen.iter().find(same).and_then(|k| crate::api::time::from_wire(&k.at)),
        });
    }
    by_release
}

/// The words for roles that nobody asks for. No faults: the API server keeps those that it has, as a role may be renamed
/// while words are stored, and takes no new ones; they count for nothing.
#[must_use]
pub fn unasked(spec: &TeamReadinessSpec) -> Faults {
    let required: BTreeSet<&str> =
        spec.sign_off.iter().flat_map(|rules| &rules.required).map(|r| r.role.as_str()).collect();
    let mut all = Faults::default();
    for (n, word) in spec.sign_offs.iter().enumerate().filter(|(_, word)| !required.contains(word.role.as_str())) {
        let why =
            "is no role that signOff.required names: a new word for it is refused, and a stored one counts for nothing";
        all.add(format!("spec.signOffs[{n}].role"), format!("{:?} {why}", word.role));
    }
    all
}

/// Tasks that are done. One of a release whose name makes no sense is of no release.
fn tasks_done(spec: &TeamReadinessSpec) -> Vec<TaskDone> {
    let all = spec.tasks_done.iter().filter_map(|t| {
        let release = t.release.parse().ok()?;
        let (step, digest, by) = (t.step.clone(), t.digest.clone(), t.by.clone().unwrap_or_default());
        Some(TaskDone { release, step, digest, by })
    });
    all.collect()
}

/// The name that a reference means.
pub(super) fn named(reference: &ObjectRef) -> ObjectName {
    ObjectName::new(&reference.namespace, &reference.name)
}
