//! Says what was decided: status, conditions, Events, metrics. It writes only what differs, and it
//! changes nothing else.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::act::GRANT_FORMAT;
use super::{conditions, overrides, signed};
use crate::api::conditions::{Conditions, cut};
use crate::api::ending::{CarriedWord, FormerRevision, ReplacedContent, RollbackStatus};
use crate::api::release::{BlockerStatus, CoordinatedReleaseStatus, Grant, ScheduleStatus, StepStatus};
use crate::api::time::to_wire;
use crate::api::{ConditionType, Reason};
use crate::cluster::objects::Release;
use crate::cluster::writes::{ApiError, RELEASES};
use crate::controllers::events::{self, Moment};
use crate::controllers::world::World;
use crate::domain::Faults;
use crate::domain::scheduling::situation::{Carried, Former, Replaced, Work};
use crate::domain::scheduling::{Blocker, Decision, Situation, StepState, StepView, given_up};

/// As many blockers as the schema lets a status carry.
const BLOCKERS: usize = 64;

/// Reports a plan that makes no sense.
///
/// # Errors
///
/// When the status could not be written.
pub async fn faulty(world: &World, release: &Arc<Release>, faults: &Faults) -> Result<(), ApiError> {
    let now = world.clock.now();
    let generation = release.meta.generation;
    let blocker = Blocker::invalid(faults);
    let said = blocker.cause.message();
    let mut conditions = Conditions::following(&release.status.conditions, generation, now);
    conditions.set(ConditionType::Accepted, Some(false), Reason::InvalidSpec, &said);
    conditions.set(ConditionType::Ready, Some(false), Reason::InvalidSpec, &said);
    conditions.set(ConditionType::Stalled, Some(true), Reason::InvalidSpec, &said);
    let status = CoordinatedReleaseStatus {
        observed_generation: Some(generation),
        conditions: conditions.finish(),
        blockers: vec![blocker_status(&release.status.blockers, &blocker, now)],
        blockers_left_out: None,
        schedule: None,
        ..release.status.clone()
    };
    write(world, release, status).await
}

/// Reports a decision that asks for nothing to be done.
///
/// # Errors
///
/// When the status could not be written.
pub async fn decided(
    world: &World,
    release: &Arc<Release>,
    situation: &Situation,
    decision: &Decision,
) -> Result<(), ApiError> {
    write(world, release, status(world, release, situation, decision)).await
}

/// Writes a status if it differs from the one that is there, and tells people what is new. What somebody else has just
/// said instead of ours stands for a second.
///
/// # Errors
///
/// When it could not be written; a conflict means that there is something newer to look at.
pub async fn write(world: &World, release: &Arc<Release>, status: CoordinatedReleaseStatus) -> Result<(), ApiError> {
    if status == release.status {
        return Ok(());
    }
    let (key, now) = (&release.meta.key, world.clock.now());
    if let Some(until) = world.last_said.pauses_until(key, release.meta.generation, &release.meta.version, now) {
        world.queues.releases.add_at(key.clone(), until);
        return Ok(());
    }
    let version =
        world.objects.replace_status(RELEASES, &key.namespace, &key.name, &release.meta.version, &status).await?;
    world.last_said.note(key, release.meta.generation, version.clone(), world.clock.now());
    world.stores.releases.expect_at_least(key.clone(), version);
    tell(world, release, &status).await;
    Ok(())
}

/// Tells people what is new in a status that was written.
pub async fn tell(world: &World, release: &Release, status: &CoordinatedReleaseStatus) {
    for moment in news(&release.status, status).into_iter().chain(overrides::news(&release.status, status)) {
        events::about_release(world, release, moment).await;
    }
}

/// The status that a decision comes to.
#[must_use]
pub fn status(
    world: &World,
    release: &Release,
    situation: &Situation,
    decision: &Decision,
) -> CoordinatedReleaseStatus {
    let now = situation.now;
    let old = &release.status;
    let finished = decision.outcome.is_final();
    let same_digest = old.digest.as_ref() == Some(&decision.digest);
    let mut blockers = decision.blockers.clone();
    let left_out = blockers.len().saturating_sub(BLOCKERS);
    blockers.truncate(BLOCKERS);
    CoordinatedReleaseStatus {
        observed_generation: Some(release.meta.generation),
        digest: Some(decision.digest.clone()),
        digest_since: old.digest_since.clone().filter(|_| same_digest).or_else(|| Some(to_wire(now))),
        progress: Some(format!("{}/{}", decision.done(), decision.steps.len())),
        accepted_at: old.accepted_at.clone().or_else(|| conditions::accepted(decision).then(|| to_wire(now))),
        started_at: old.started_at.clone(),
        finished_at: finished.then(|| old.finished_at.clone().unwrap_or_else(|| to_wire(now))),
        finished: Some(finished),
        reopened_at: old.reopened_at.clone(),
        rollback: decision
            .rollback
            .as_ref()
            .map(|b| RollbackStatus { since: to_wire(b.since), cause: cut(&b.cause, 1024) }),
        carried: decision.carried.iter().map(carried).collect(),
        steps: decision.steps.iter().map(|view| step_status(situation, view, &decision.blockers)).collect(),
        blockers: blockers.iter().map(|b| blocker_status(&old.blockers, b, now)).collect(),
        blockers_left_out: i32::try_from(left_out).ok().filter(|n| *n > 0),
        override_: overrides::status(release, situation, &decision.digest),
        overrides_used: old.overrides_used.clone(),
        signed: signed::kept(&old.signed, situation, &decision.digest),
        schedule: schedule(situation, decision),
        conditions: conditions::of(
            &old.conditions,
            release.meta.generation,
            situation,
            decision,
            &world.policies_missing(),
        ),
    }
}

fn carried(word: &Carried) -> CarriedWord {
    CarriedWord { team: word.team.to_string(), digest: word.signed.clone(), part: word.part.clone() }
}

/// What the hold of a step's workload can promise; nothing if there is no workload to hold.
fn strength(situation: &Situation, view: &StepView) -> Option<String> {
    let step = situation.release.steps.iter().find(|s| s.name == view.name)?;
    let Work::Workload(name) = &step.work else {
        return None;
    };
    situation.workloads.get(name).map(|w| w.strength.as_str().to_owned())
}

fn step_status(situation: &Situation, view: &StepView, blockers: &[Blocker]) -> StepStatus {
    let record = situation.record.steps.get(&view.name);
    let grant = record.and_then(|r| r.grant.as_ref()).map(|g| Grant {
        format: GRANT_FORMAT,
        at: to_wire(g.at),
        digest: g.digest.clone(),
        workload_uid: g.uid.clone(),
        workload_version: g.version.clone(),
        template: g.template.clone(),
        rolled_back_before: g.rolled_back_before.then_some(true),
        former: g.former.as_ref().map(former),
        replaced: replaced(&g.replaced),
        evidence: g.evidence.clone(),
        overridden: g.overridden.clone(),
        withdrawn_at: given_up(situation, &view.name).map(to_wire),
    });
    let waits_for: Vec<String> =
        blockers.iter().filter(|b| b.step.as_ref() == Some(&view.name)).map(|b| b.cause.message()).collect();
    let message = if view.note.is_empty() { waits_for.join("; ") } else { view.note.clone() };
    StepStatus {
        name: view.name.clone(),
        state: view.state.as_str().to_owned(),
        strength: strength(situation, view),
        grant,
        started_at: view.started.map(to_wire),
        finished_at: view.finished.map(to_wire),
        done_by: view.done_by.clone(),
        rolled_back_at: record.and_then(|r| r.rolled_back).map(to_wire),
        message: (!message.is_empty()).then(|| cut(&message, 1024)),
    }
}

/// What ran before a step let anything go, as a grant says it.
pub fn former(revision: &Former) -> FormerRevision {
    FormerRevision { name: revision.name.clone(), template: revision.template.clone() }
}

/// What a step let go before, as a grant says it.
pub fn replaced(contents: &[Replaced]) -> Vec<ReplacedContent> {
    let said = |c: &Replaced| ReplacedContent { digest: c.digest.clone(), template: c.template.clone() };
    contents.iter().map(said).collect()
}

/// A blocker as the status says it, with the instant since when it is known.
#[must_use]
pub fn blocker_status(old: &[BlockerStatus], blocker: &Blocker, now: DateTime<Utc>) -> BlockerStatus {
    let code = blocker.cause.code().to_string();
    let subject = blocker.cause.subject();
    let owner = blocker.cause.owner();
    // The message may change while the blocker stays (a count, a reason), so it is told apart by its code,
    // its step and whom or what it is about.
    let same = |b: &&BlockerStatus| {
        b.code == code && b.step == blocker.step && (b.owner == owner || b.message.contains(&subject))
    };
    let since = old.iter().find(same).and_then(|b| b.since.clone());
    BlockerStatus {
        step: blocker.step.clone(),
        owner,
        message: cut(&blocker.cause.message(), 1024),
        remedy: cut(&blocker.cause.remedy(), 1024),
        since: since.or_else(|| Some(to_wire(now))),
        until: blocker.until.map(to_wire),
        code,
    }
}

/// When the next step might start, as far as the windows tell.
#[must_use]
pub fn schedule(situation: &Situation, decision: &Decision) -> Option<ScheduleStatus> {
    let waiting = decision.steps.iter().any(|s| s.state == StepState::Waiting);
    if !waiting {
        return None;
    }
    let from = situation.release.not_before.map_or(situation.now, |t| t.max(situation.now));
    let openings = situation.governance.values().filter_map(|g| g.next_open_after(from));
    let next = openings.max_by_key(|o| o.from)?;
    Some(ScheduleStatus {
        next_start: (next.from > situation.now).then(|| to_wire(next.from)),
        closes: next.end().map(to_wire),
    })
    .filter(|s| s.next_start.is_some() || s.closes.is_some())
}

/// What is worth an Event: a step that is done or failed, and a new reason to wait or to be done.
fn news(old: &CoordinatedReleaseStatus, new: &CoordinatedReleaseStatus) -> Vec<Moment> {
    let mut news = Vec::new();
    for step in &new.steps {
        let before = old.steps.iter().find(|s| s.name == step.name).map(|s| s.state.as_str());
        let note = format!("step {}: {}", step.name, step.message.as_deref().unwrap_or("done"));
        match step.state.as_str() {
            state if before == Some(state) => {}
            "Done" => news.push(Moment {
                reason: "StepDone",
                action: "Observe",
                note: format!("step {} is done", step.name),
                warning: false,
            }),
            "Failed" => news.push(Moment { reason: "StepFailed", action: "Observe", note, warning: true }),
            _ => {}
        }
    }
    let ready = |status: &CoordinatedReleaseStatus| {
        status.conditions.iter().find(|c| c.type_ == "Ready").map(|c| (c.reason.clone(), c.message.clone()))
    };
    if let Some((reason, note)) = ready(new)
        && ready(old).map(|(r, _)| r) != Some(reason.clone())
        && let Some(reason) = TOLD.iter().find(|told| **told == reason)
    {
        news.push(Moment {
            reason,
            action: "Decide",
            note,
            warning: reason.contains("Invalid")
                || reason.contains("Failed")
                || reason.contains("Missing")
                || reason.contains("Roll")
                || *reason == "Conflict",
        });
    }
    news
}

/// The reasons of `Ready` that are worth an Event when they are new.
const TOLD: [&str; 15] = [
    "Completed",
    "InvalidSpec",
    "ConsentMissing",
    "Conflict",
    "PolicyMissing",
    "Paused",
    "WaitingForWindow",
    "WaitingForSignOff",
    "WaitingForStage",
    "RolloutFailed",
    "WaitingForTask",
    "Stopped",
    "RollingBack",
    "RolledBack",
    "Cancelled",
];
