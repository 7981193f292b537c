//! `CoordinatedRelease`, checked.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::json;

use super::team::{amounts, named};
use super::{Meta, YEAR, bounded, distinct, duration, duration_or_zero, instant, kind, label, text};
use crate::api::ending::{HeldChanges, IfOneFails, RunningSteps};
use crate::api::release::{self, CoordinatedReleaseSpec, ParticipantRole, SkippableGate};
use crate::domain::scheduling::situation::{
    Cancel, Expectation, OnFailure, Override, Participant, Release, Role, RollbackRules, Skip, Step, Work,
};
use crate::domain::sequencing::in_order;
use crate::domain::{Faults, WorkloadName};

/// How long a step may take if it does not say.
const DEFAULT_TIMEOUT: TimeDelta = TimeDelta::minutes(30);

/// A checked plan with its steps in order.
///
/// # Errors
///
/// Everything that is wrong with the spec, each with the path of its field; a circle among the steps
/// with its path.
pub fn release(meta: &Meta, spec: &CoordinatedReleaseSpec) -> Result<Release, Faults> {
    let mut faults = Faults::default();
    let participants = participants(&mut faults, spec);
    if spec.steps.is_empty() {
        faults.add("spec.steps", "at least one step is needed");
    }
    bounded(&mut faults, "spec.steps", &spec.steps, 100);
    distinct(&mut faults, "spec.steps", "name", spec.steps.iter().map(|s| s.name.as_str()));
    let mut steps: Vec<Option<Step>> =
        spec.steps.iter().enumerate().map(|(n, s)| Some(step(&mut faults, n, s, spec, &participants))).collect();
    same_workload_twice(&mut faults, &steps);
    let order = order(&mut faults, spec);
    let not_before = instant(&mut faults, "spec.notBefore", spec.not_before.as_ref());
    let deadline = instant(&mut faults, "spec.deadline", spec.deadline.as_ref());
    if let (Some(from), Some(until)) = (not_before, deadline)
        && from >= until
    {
        faults.add("spec.deadline", "must be later than spec.notBefore");
    }
    let release = Release {
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        created: meta.created,
        author: meta.author.clone(),
        paused: spec.paused,
        not_before,
        resumed: instant(&mut faults, "spec.resumedAt", spec.resumed_at.as_ref()),
        on_failure: on_failure(spec.on_failure),
        steps: order.into_iter().filter_map(|n| steps.get_mut(n).and_then(Option::take)).collect(),
        over: overriding(&mut faults, spec),
        rollback: rollback(spec),
        cancel: spec.cancel.as_ref().map(|c| Cancel { keep: c.held == HeldChanges::Keep, reason: c.reason.clone() }),
        asked_back: meta.asked_back.clone(),
        plan: plan(spec),
        participants,
    };
    faults.or(release)
}

fn participants(faults: &mut Faults, spec: &CoordinatedReleaseSpec) -> BTreeMap<String, Participant> {
    if spec.participants.is_empty() {
        faults.add("spec.participants", "at least one participant is needed");
    }
    bounded(faults, "spec.participants", &spec.participants, 32);
    distinct(faults, "spec.participants", "name", spec.participants.iter().map(|p| p.name.as_str()));
    let mut all = BTreeMap::new();
    for (n, p) in spec.participants.iter().enumerate() {
        let path = format!("spec.participants[{n}]");
        label(faults, &format!("{path}.name"), &p.name);
        text(faults, &format!("{path}.responsibility"), &p.responsibility);
        if p.responsibility.trim().is_empty() {
            faults.add(format!("{path}.responsibility"), "say what the team answers for");
        }
        let role = match p.role {
            ParticipantRole::Required => Role::Required,
            ParticipantRole::Optional => Role::Optional,
            ParticipantRole::Informed => Role::Informed,
        };
        all.insert(p.name.clone(), Participant { team: named(&p.team), role });
    }
    all
}

fn step(
    faults: &mut Faults,
    n: usize,
    wire: &release::Step,
    spec: &CoordinatedReleaseSpec,
    participants: &BTreeMap<String, Participant>,
) -> Step {
    let path = format!("spec.steps[{n}]");
    label(faults, &format!("{path}.name"), &wire.name);
    for (d, name) in wire.depends_on.iter().enumerate() {
        if !spec.steps.iter().any(|s| s.name == *name) {
            faults.add(format!("{path}.dependsOn[{d}]"), format!("{name:?} is no step of this release"));
        }
    }
    let participant = wire.participant.as_ref().and_then(|p| participants.get(p));
    // Nobody's work is cut off unless the plan says when.
    let patience = if wire.task.is_some() { YEAR } else { DEFAULT_TIMEOUT };
    if let Some(name) = &wire.participant {
        match participant {
            None => faults.add(format!("{path}.participant"), format!("{name:?} is none of spec.participants")),
            Some(p) if p.role == Role::Informed => {
                faults.add(
                    format!("{path}.participant"),
                    format!("{name:?} is only informed, so it can have no step; make it Required or Optional"),
                );
            }
            Some(_) => {}
        }
    }
    Step {
        name: wire.name.clone(),
        participant: wire.participant.clone(),
        work: work(faults, &path, wire, participant),
        depends_on: wire.depends_on.clone(),
        estimate: duration(faults, &format!("{path}.estimate"), wire.estimate.as_ref(), TimeDelta::zero()),
        soak: duration_or_zero(faults, &format!("{path}.soak"), wire.soak.as_ref()),
        timeout: duration(faults, &format!("{path}.timeout"), wire.timeout.as_ref(), patience),
        requires: amounts(&wire.requires),
        expect: wire
            .expect
            .as_ref()
            .map(|e| Expectation { images: e.images.clone(), annotations: e.annotations.clone() }),
        on_failure: wire.on_failure.map(on_failure),
        reversible: wire.reversible.unwrap_or(true),
        verify: wire.verify.clone(),
    }
}

fn rollback(spec: &CoordinatedReleaseSpec) -> RollbackRules {
    let wire = spec.rollback.clone().unwrap_or_default();
    RollbackRules {
        running_finish: wire.running == RunningSteps::Finish,
        go_on: wire.if_one_fails == IfOneFails::Continue,
    }
}

fn work(faults: &mut Faults, path: &str, wire: &release::Step, participant: Option<&Participant>) -> Work {
    let forms = [wire.workload.is_some(), wire.wait.is_some(), wire.task.is_some()];
    if forms.iter().filter(|given| **given).count() != 1 {
        faults.add(path, "give exactly one of workload, wait, task");
    }
    if wire.wait.is_none() && wire.participant.is_none() {
        faults.add(format!("{path}.participant"), "a workload or a task needs a participant");
    }
    if let Some(workload) = &wire.workload {
        let kind = kind(workload.kind);
        let namespace = participant.map(|p| p.team.namespace.clone()).unwrap_or_default();
        return Work::Workload(WorkloadName { kind, namespace, name: workload.name.clone() });
    }
    if let Some(task) = &wire.task {
        text(faults, &format!("{path}.task"), task);
        return Work::Task(task.clone());
    }
    Work::Wait(duration(faults, &format!("{path}.wait"), wire.wait.as_ref(), TimeDelta::zero()))
}

fn same_workload_twice(faults: &mut Faults, steps: &[Option<Step>]) {
    let mut seen: BTreeMap<&WorkloadName, &str> = BTreeMap::new();
    for (n, step) in steps.iter().enumerate() {
        let Some(Step { work: Work::Workload(name), name: step_name, .. }) = step else {
            continue;
        };
        if let Some(first) = seen.insert(name, step_name) {
            faults.add(format!("spec.steps[{n}].workload"), format!("{name} is already the workload of step {first}"));
        }
    }
}

fn order(faults: &mut Faults, spec: &CoordinatedReleaseSpec) -> Vec<usize> {
    let edges: Vec<(String, Vec<String>)> = spec.steps.iter().map(|s| (s.name.clone(), s.depends_on.clone())).collect();
    in_order(&edges).unwrap_or_else(|cycle| {
        faults.add("spec.steps", cycle.to_string());
        (0..spec.steps.len()).collect()
    })
}

fn on_failure(wire: release::OnFailure) -> OnFailure {
    match wire {
        release::OnFailure::Rollback => OnFailure::Rollback,
        release::OnFailure::Halt => OnFailure::Halt,
        release::OnFailure::Continue => OnFailure::Continue,
    }
}

fn overriding(faults: &mut Faults, spec: &CoordinatedReleaseSpec) -> Option<Override> {
    let wire = spec.override_.as_ref()?;
    for (field, said) in [("reason", &wire.reason), ("ticket", &wire.ticket)] {
        text(faults, &format!("spec.override.{field}"), said);
        if said.trim().is_empty() {
            faults.add(format!("spec.override.{field}"), "is needed");
        }
    }
    let until = instant(faults, "spec.override.until", Some(&wire.until))?;
    let skip = wire.skip.iter().map(|s| skip(*s)).collect();
    Some(Override {
        skip,
        until,
        by: wire.by.clone().unwrap_or_default(),
        reason: wire.reason.clone(),
        ticket: wire.ticket.clone(),
        digest: wire.digest.clone(),
    })
}

/// The domain's word for a gate that can be skipped.
#[must_use]
pub fn skip(wire: SkippableGate) -> Skip {
    match wire {
        SkippableGate::Freeze => Skip::Freeze,
        SkippableGate::Window => Skip::Window,
        SkippableGate::SignOff => Skip::SignOff,
        SkippableGate::Capacity => Skip::Capacity,
    }
}

/// What of the spec is part of the digest: all that decides what happens in which order, and nothing
/// that is only text, the stop button, an override, or a date.
fn plan(spec: &CoordinatedReleaseSpec) -> serde_json::Value {
    let participants: Vec<_> =
        spec.participants.iter().map(|p| json!({"name": p.name, "team": p.team, "role": p.role})).collect();
    let steps: Vec<_> = spec
        .steps
        .iter()
        .map(|s| {
            let mut step = json!({"name": s.name, "participant": s.participant, "workload": s.workload, "wait": s.wait, "task": s.task,
                "dependsOn": s.depends_on, "soak": s.soak, "timeout": s.timeout, "requires": s.requires, "expect": s.expect,
                "reversible": s.reversible, "onFailure": s.on_failure});
            if !s.verify.is_empty() {
                step["verify"] = json!(s.verify);
            }
            step
        })
        .collect();
    // Fields of later versions are there only if they say something, so that a word outlives an upgrade.
    let mut plan =
        json!({"participants": participants, "steps": steps, "windows": spec.windows, "onFailure": spec.on_failure});
    if let Some(rollback) = spec.rollback.as_ref().filter(|r| r.running != RunningSteps::default()) {
        plan["rollback"] = json!({"running": rollback.running});
    }
    plan
}

#[cfg(test)]
mod tests;
