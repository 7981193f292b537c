//! The way back: what a release let go is undone in the reverse order, each step once everything that builds
//! on it is back and healthy. A step that cannot be undone keeps everything that it builds on where it is.
//!
//! What is to be undone is read from the grants on record and from the workloads, never from a plan of the
//! rollback: so it goes on after a crash, and days later.

use std::collections::BTreeMap;

use super::blocker::{Blocker, Cause, WhyKept, WhyRefused, length};
use super::closing::{self, Asks};
use super::decide::{Answers, Standings};
use super::decision::{Act, Decision, Outcome, StepState, StepView};
use super::ending::marker;
use super::gates;
use super::progress::{grant_for, owner_of, team_of};
use super::remains;
use super::shipped::{Shipped, all_out, last_out, shipped};
use super::situation::{
    Action, Began, Former, Grant, OnFailure, Refusal, Situation, Step, StepRecord, TeamFound, Work,
};
use super::withdrawal::{counted, usable};
use crate::domain::calendar::Purpose;
use crate::domain::names::{Kind, WorkloadName};
use crate::domain::workload::{Progress, Workload};

/// Where one step is on the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Back {
    /// Nothing of it was let go.
    Untouched,
    /// Nothing of it was let go, and somebody may still be about to: its grant is taken back first.
    Granted,
    /// It goes back as soon as nothing keeps it from that.
    Due { former: Former, from: Vec<String> },
    /// It goes back after that step.
    After(String),
    /// Its former version is rolling out.
    Under(String),
    /// Its former version is healthy.
    Healthy { template: String },
    /// It is back.
    Done,
    /// Its former version is not healthy.
    Failed(String),
    /// It stays on its new version.
    Kept(WhyKept),
    /// Somebody else rolls it back.
    Foreign(String),
}

/// What a step means to those that it builds on, the worst last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Above {
    Clear,
    /// Wait for that step.
    Wait(String),
    /// That step stays as it is.
    Stays(String),
}

/// Every step's place on the way back, in the plan's order.
fn way_back(s: &Situation) -> Vec<(&Step, Back)> {
    let mut above: BTreeMap<&str, Above> = BTreeMap::new();
    let mut all = Vec::new();
    for step in s.release.steps.iter().rev() {
        let builds_on_it = s.release.steps.iter().filter(|other| other.depends_on.contains(&step.name));
        let clear = builds_on_it.filter_map(|other| above.get(other.name.as_str())).max().cloned();
        let clear = clear.unwrap_or(Above::Clear);
        let back = place(s, step, &clear);
        let name = step.name.clone();
        let own = match &back {
            Back::Untouched | Back::Done => clear,
            Back::Failed(_) if s.release.rollback.go_on => clear,
            Back::Kept(_) => Above::Stays(name),
            _ => Above::Wait(name).max(clear),
        };
        above.insert(&step.name, own);
        all.push((step, back));
    }
    all.reverse();
    all
}

fn place(s: &Situation, step: &Step, above: &Above) -> Back {
    let nothing = StepRecord::default();
    let record = s.record.steps.get(&step.name).unwrap_or(&nothing);
    let name = match &step.work {
        Work::Workload(name) => name,
        Work::Task(_) if !step.reversible && record.finished.is_some() => return Back::Kept(WhyKept::Irreversible),
        Work::Task(_) | Work::Wait(_) => return Back::Untouched,
    };
    let Some(grant) = &record.grant else {
        return Back::Untouched;
    };
    let Some(workload) = s.workloads.get(name) else {
        return without_object(s, step, record, name);
    };
    let ours = marker(&s.release.name, &s.release.uid, &step.name);
    if workload.rollback.as_ref() == Some(&ours) {
        return under_way(s, step, record, grant, workload);
    }
    let content = last_out(s, step, grant, workload).template;
    if workload.was_rolled_back_from(&content) && record.rolled_back.is_some() {
        return Back::Done;
    }
    if let Some(by) = &workload.rollback {
        return Back::Foreign(by.clone());
    }
    match shipped(s, step, grant, workload) {
        Shipped::Never if usable(record, workload).is_some() => Back::Granted,
        Shipped::Never => Back::Untouched,
        Shipped::MovedOn => Back::Kept(WhyKept::MovedOn),
        Shipped::Runs(_) if name.kind == Kind::Job => Back::Kept(WhyKept::Job),
        Shipped::Runs(_) if !step.reversible => Back::Kept(WhyKept::Irreversible),
        Shipped::Runs(_) if matches!(s.refused.get(&step.name), Some((_, Refusal::FormerGone))) => {
            Back::Kept(WhyKept::FormerGone)
        }
        Shipped::Runs(content) => match (&grant.former, above) {
            (None, _) => Back::Kept(WhyKept::FirstVersion),
            (Some(_), Above::Stays(step)) => Back::Kept(WhyKept::Beneath { step: step.clone() }),
            (Some(_), Above::Wait(step)) => Back::After(step.clone()),
            (Some(former), Above::Clear) => Back::Due { former: former.clone(), from: all_out(grant, &content) },
        },
    }
}

/// What was let go is not there any more: what it did has stayed all the same. Whether a Job that is gone went is known
/// only if its grant was given up before.
fn without_object(s: &Situation, step: &Step, record: &StepRecord, name: &WorkloadName) -> Back {
    if name.kind == Kind::Job && counted(s, &step.name).is_some() {
        Back::Kept(WhyKept::Job)
    } else if !step.reversible && record.finished.is_some() {
        Back::Kept(WhyKept::Irreversible)
    } else {
        Back::Untouched
    }
}

fn under_way(s: &Situation, step: &Step, record: &StepRecord, grant: &Grant, workload: &Workload) -> Back {
    let since = record.rolled_back.unwrap_or(s.now);
    let note = match workload.progress_since(since) {
        Progress::Done => return Back::Healthy { template: last_out(s, step, grant, workload).template },
        Progress::Failed { why, .. } => return Back::Failed(why),
        Progress::Progressing(note) => note,
        Progress::NotObserved => "its controller has yet to see it".to_owned(),
        Progress::PausedByAuthor => "its author keeps it paused".to_owned(),
    };
    if s.now < since + step.timeout {
        return Back::Under(note);
    }
    Back::Failed(format!("not healthy within {}: {note}", length(step.timeout)))
}

/// What keeps a step that is due from going back.
fn refusals(s: &Situation, step: &Step, workload: &Workload) -> Vec<Blocker> {
    let refused = |why| Cause::UndoRefused { workload: workload.name.clone(), team: owner_of(s, step), why };
    let mut all = Vec::new();
    let mut add = |cause, until| all.push(Blocker { step: Some(step.name.clone()), cause, until });
    match team_of(s, step).and_then(|t| s.teams.get(t)) {
        Some(TeamFound::Sound(team)) => {
            if !team.consents_to(&s.release.name, Action::Rollback) {
                add(refused(WhyRefused::NoConsent), None);
            }
            if team.author_may_not.contains(&workload.name.kind) {
                add(refused(WhyRefused::AuthorMayNot), None);
            }
            if !team.listed.contains(&(workload.name.kind, workload.name.name.clone())) {
                add(refused(WhyRefused::NotListed), None);
            }
        }
        _ => add(refused(WhyRefused::NoTeam), None),
    }
    if let Some(by) = s.claimed.get(&workload.name) {
        add(refused(WhyRefused::Claimed { by: by.clone() }), None);
    }
    if let Some(governance) = team_of(s, step).and_then(|t| s.governance.get(t)) {
        for closer in governance.at_for(s.now, Purpose::Rollback).closed_by {
            add(gates::closed_by(&closer), closer.until);
        }
    }
    all.extend(gates::not_allowed(s, &step.name, &workload.name));
    all
}

/// The decision to roll back, made earlier or now.
pub fn begun(s: &Situation, standings: &Standings<'_>) -> Option<Began> {
    if s.record.rollback.is_some() {
        return s.record.rollback.clone();
    }
    let began = |cause| Some(Began { since: s.now, cause });
    // Begun in spite of a stop, which keeps it from going on: what has ended may have been paused for good.
    if let Some(asked) = &s.release.asked_back {
        return began(format!("{} asked for it: {}", asked.by, asked.reason));
    }
    if s.release.paused || s.stopped.is_some() {
        return None;
    }
    if let Asks::Rollback(overrun) = closing::asks(s, standings)
        && possible(s)
    {
        return began(closing::cause(&overrun));
    }
    let failed = failed_for_good(s, standings)?;
    let finish = s.release.rollback.running_finish && standings.values().any(moving_workload);
    if finish || !possible(s) {
        return None;
    }
    began(failed)
}

/// Why a step's failure asks for a rollback, if one does.
fn failed_for_good(s: &Situation, standings: &Standings<'_>) -> Option<String> {
    s.release.steps.iter().find_map(|step| {
        let standing = standings.get(step.name.as_str())?;
        let asks = step.on_failure.unwrap_or(s.release.on_failure) == OnFailure::Rollback;
        let failed = asks && standing.view.state == StepState::Failed;
        failed.then(|| format!("step {} failed: {}", step.name, standing.view.note))
    })
}

fn moving_workload(standing: &super::progress::Standing) -> bool {
    matches!(standing.view.state, StepState::Granted | StepState::Progressing) && !standing.view.unchanged
}

/// Whether anything can be undone at all, if not now then when some time has passed. If not, there is nothing
/// to begin: the release halts.
fn possible(s: &Situation) -> bool {
    let way = way_back(s);
    // What waits for a grant to be taken back is due in a moment.
    let granted = way.iter().any(|(_, back)| *back == Back::Granted);
    way.iter().any(|(step, back)| match (back, s.workload(step)) {
        (Back::After(_), _) if !granted => false,
        (Back::Due { .. } | Back::After(_), Some(workload)) => {
            refusals(s, step, workload).iter().all(|b| b.until.is_some())
        }
        _ => false,
    })
}

/// Why a release that failed is not rolled back although it asks for that.
pub fn not_possible(s: &Situation) -> Vec<Blocker> {
    let way = way_back(s);
    let due = way.iter().filter_map(|(step, back)| match back {
        Back::Due { .. } => Some((*step, s.workload(step)?)),
        _ => None,
    });
    due.flat_map(|(step, workload)| refusals(s, step, workload)).collect()
}

/// What happens next on the way back.
pub fn decide_back(s: &Situation, digest: String, standings: &Standings<'_>, began: Began) -> Decision {
    let way = way_back(s);
    let mut answers = Answers::at(s.now);
    answers.add_all(whole(s));
    let stopped = !answers.blockers.is_empty();
    let mut acts = Vec::new();
    for (step, back) in &way {
        let about = |cause| Blocker { step: Some(step.name.clone()), cause, until: None };
        answers.add_all(standing_in_the_way(s, step, back).map(about));
        let Some(workload) = s.workload(step) else {
            continue;
        };
        if let Back::Due { .. } = back {
            answers.add_all(refusals(s, step, workload));
        }
        // Nobody is asked whether it may be let loose, but rollcall must have the right.
        if let Back::Healthy { .. } = back {
            answers.add_all(gates::not_allowed(s, &step.name, &workload.name));
        }
        if let Back::Under(_) = back {
            let since = s.record.steps.get(&step.name).and_then(|r| r.rolled_back);
            answers.consider(since.map(|since| since + step.timeout));
        }
        if !stopped && !answers.block(&step.name) {
            acts.extend(act(s, step, back, workload));
        }
    }
    let mut outcome = outcome(&way, &acts);
    if matches!(outcome, Outcome::RolledBack { .. }) {
        let gone_back = way.iter().filter(|(_, back)| matches!(back, Back::Untouched | Back::Done));
        let left: Vec<Act> = gone_back.filter_map(|(step, _)| remains::held_back(s, step)).collect();
        if !left.is_empty() {
            outcome = Outcome::RollingBack;
        }
        answers.add_all(left.iter().filter_map(|act| gates::not_allowed(s, act.step(), act.workload())));
        acts.extend(left.into_iter().filter(|act| !answers.block(act.step())));
    }
    answers.sorted();
    Decision {
        steps: way.iter().filter_map(|(step, back)| view(s, standings, step, back)).collect(),
        acts,
        outcome,
        look_again: answers.look_again,
        blockers: answers.blockers,
        digest,
        rollback: Some(began),
        carried: s.record.carried.clone(),
    }
}

/// What keeps everything from going back. A clock that is off does not: a broken version is worse.
fn whole(s: &Situation) -> Vec<Blocker> {
    let mut causes = Vec::new();
    causes.extend(s.stopped.clone().map(|reason| Cause::Stopped { reason }));
    causes.extend(s.release.paused.then_some(Cause::Paused));
    if !s.policies_missing.is_empty() {
        causes.push(Cause::PolicyMissing { missing: s.policies_missing.join(", ") });
    }
    causes.into_iter().map(|cause| Blocker { step: None, cause, until: None }).collect()
}

fn standing_in_the_way(s: &Situation, step: &Step, back: &Back) -> Option<Cause> {
    let Work::Workload(workload) = &step.work else {
        return None;
    };
    let workload = workload.clone();
    match back {
        Back::After(step) => Some(Cause::RollbackOrder { step: step.clone() }),
        Back::Failed(why) => Some(Cause::RollbackFailed { workload, why: why.clone(), team: owner_of(s, step) }),
        Back::Kept(why) => Some(Cause::NotUndone { workload, why: why.clone() }),
        Back::Foreign(by) => Some(Cause::RolledBackBy { workload, by: by.clone() }),
        _ => None,
    }
}

fn act(s: &Situation, step: &Step, back: &Back, workload: &Workload) -> Option<Act> {
    let (step_name, name, version) = (step.name.clone(), workload.name.clone(), workload.version.clone());
    match back {
        Back::Due { former, from } => Some(Act::RollBack {
            marker: marker(&s.release.name, &s.release.uid, &step.name),
            step: step_name,
            workload: name,
            version,
            former: former.clone(),
            from: from.clone(),
        }),
        Back::Healthy { template } => {
            Some(Act::Unpin { step: step_name, workload: name, version, template: template.clone() })
        }
        _ => None,
    }
}

fn outcome(way: &[(&Step, Back)], acts: &[Act]) -> Outcome {
    let any = |of: fn(&Back) -> bool| way.iter().any(|(_, back)| of(back));
    let open = |b: &Back| {
        matches!(
            b,
            Back::Granted
                | Back::Due { .. }
                | Back::After(_)
                | Back::Under(_)
                | Back::Healthy { .. }
                | Back::Foreign(_)
        )
    };
    if acts.is_empty() && any(|b| matches!(b, Back::Failed(_))) && !any(|b| matches!(b, Back::Under(_))) {
        Outcome::Failed
    } else if any(open) {
        Outcome::RollingBack
    } else {
        Outcome::RolledBack { complete: !any(|b| matches!(b, Back::Kept(_))) }
    }
}

fn view(s: &Situation, standings: &Standings<'_>, step: &Step, back: &Back) -> Option<StepView> {
    let mut view = standings.get(step.name.as_str())?.view.clone();
    let record = s.record.steps.get(&step.name);
    // What was released was released, whatever is stored over it by now.
    view.started = view.started.or_else(|| record.and_then(|r| r.started));
    // And what has not finished has not because other content has, such as the former version.
    let other = |r: &&StepRecord| r.grant.is_some() && s.workload(step).is_none_or(|w| grant_for(r, w).is_none());
    let seen = view.finished.filter(|_| record.filter(other).is_none());
    view.finished = record.and_then(|r| r.finished).or(seen);
    let (state, note) = match back {
        Back::Untouched | Back::Granted | Back::Due { .. } | Back::After(_) | Back::Foreign(_) => return Some(view),
        Back::Under(note) => (StepState::RollingBack, format!("the former version is coming back: {note}")),
        Back::Healthy { .. } => (StepState::RollingBack, "the former version is healthy".to_owned()),
        Back::Done => (StepState::RolledBack, "the former version runs".to_owned()),
        Back::Failed(why) => (StepState::Failed, format!("the former version is not healthy: {why}")),
        Back::Kept(_) => (view.state, standing_in_the_way(s, step, back).map(|c| c.message()).unwrap_or_default()),
    };
    view.state = state;
    view.note = note;
    Some(view)
}

/// Steps that this release has pinned: they must not stay so when it ends.
pub fn pinned(s: &Situation) -> Vec<Act> {
    let steps = s.release.steps.iter().filter_map(|step| {
        let workload = s.workload(step)?;
        let grant = s.record.steps.get(&step.name)?.grant.as_ref()?;
        let template = last_out(s, step, grant, workload).template;
        let ours = workload.rollback.as_deref() == Some(marker(&s.release.name, &s.release.uid, &step.name).as_str());
        let (step, version) = (step.name.clone(), workload.version.clone());
        ours.then(|| Act::Unpin { step, workload: workload.name.clone(), version, template })
    });
    steps.collect()
}
