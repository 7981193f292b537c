//! The decision itself: where every step stands, which gates are closed for those that wait, and what
//! follows. All gates are asked, not only up to the first that is closed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::blocker::{Blocker, Cause};
use super::capacity;
use super::carry;
use super::closing::{self, Asks};
use super::decision::{Act, Decision, Outcome, StepState, StepView};
use super::gates::{self, Asked, Closed};
use super::openings;
use super::overriding;
use super::progress::{Standing, standing};
use super::remains;
use super::rollback;
use super::situation::{InUse, OnFailure, Situation, Step, Work};
use super::withdrawal;
use crate::digest::digest_of;

/// What may go now, what may not, and why; or what goes back.
#[must_use]
pub fn decide(s: &Situation) -> Decision {
    let digest = digest(s);
    let s = &*overriding::that_counts(s, &digest);
    let standings = standings(s, &digest);
    if let Some(cancel) = &s.release.cancel {
        return withdrawal::added(s, &standings, cancelled(s, digest, &standings, cancel.keep), false);
    }
    match rollback::begun(s, &standings) {
        Some(began) => withdrawal::added(s, &standings, rollback::decide_back(s, digest, &standings, began), false),
        None => withdrawal::added(s, &standings, decide_forward(s, digest, &standings), true),
    }
}

fn decide_forward(s: &Situation, digest: String, standings: &Standings<'_>) -> Decision {
    let under_way = capacity::under_way(s, standings);
    let words = gates::Words::on(s);
    let asked = Asked { digest: &digest, standings, under_way: &under_way, words: &words };
    let mut answers = Answers::at(s.now);
    if !all_done(standings) {
        answers.add(gates::whole_release(s, &words, &digest));
    }
    match closing::asks(s, standings) {
        Asks::Nothing => {}
        Asks::Later(at) => answers.consider(Some(at)),
        Asks::Halt(overrun) => answers.add_all([closing::blocker(&overrun)]),
        Asks::Rollback(overrun) => {
            answers.add_all([closing::blocker(&overrun)]);
            answers.add_all(rollback::not_possible(s));
        }
    }
    let halted = halted_by(s, standings);
    for step in &s.release.steps {
        let Some(standing) = standings.get(step.name.as_str()) else {
            continue;
        };
        answers.add_all(standing.blocker.clone());
        answers.consider(standing.look_again);
        // A grant that is not carried out yet is asked about again: a stop that came meanwhile counts.
        if matches!(standing.view.state, StepState::Waiting | StepState::Granted) {
            answers.add(gates::of_step(s, step, &asked));
            answers.add_all(halted.map(|by| halted_blocker(step, by)));
        }
    }
    if halted.is_some_and(|by| on_failure_of(s, by) == OnFailure::Rollback) {
        answers.add_all(rollback::not_possible(s));
    }
    let acts = acts(s, standings, under_way, &mut answers);
    let outcome = outcome(s, standings, halted.is_some());
    answers.sorted();
    Decision {
        steps: views(s, standings),
        look_again: answers.look_again,
        blockers: answers.blockers,
        carried: carry::carried(s, &digest, outcome == Outcome::Failed),
        rollback: None,
        digest,
        acts,
        outcome,
    }
}

/// The release ends. What it pinned is let loose first, and what it holds is marked if it is to stay held.
fn cancelled(s: &Situation, digest: String, standings: &Standings<'_>, keep: bool) -> Decision {
    let mut acts = rollback::pinned(s);
    if keep {
        acts.extend(s.release.steps.iter().filter_map(|step| remains::kept(s, step)));
    }
    let mut refused: Vec<Blocker> =
        acts.iter().filter_map(|act| gates::not_allowed(s, act.step(), act.workload())).collect();
    let over = acts.is_empty();
    acts.retain(|act| refused.iter().all(|b| b.step.as_deref() != Some(act.step())));
    if let Some(reason) = s.stopped.clone().filter(|_| !over) {
        refused.insert(0, Blocker { step: None, cause: Cause::Stopped { reason }, until: None });
        acts.clear();
    }
    Decision {
        steps: views(s, standings),
        outcome: if over { Outcome::Cancelled } else { Outcome::Waiting },
        look_again: refused.iter().filter_map(|b| b.until).min(),
        blockers: refused,
        carried: Vec::new(),
        rollback: s.record.rollback.clone(),
        digest,
        acts,
    }
}

fn views(s: &Situation, standings: &Standings<'_>) -> Vec<StepView> {
    let steps = s.release.steps.iter().filter_map(|step| standings.get(step.name.as_str()));
    steps.map(|standing| standing.view.clone()).collect()
}

/// What would ship: the plan and the stored pod templates of all members, with their UIDs, so that
/// anything re-created starts without any sign-off.
fn digest(s: &Situation) -> String {
    digest_of(&json!({"release": {"name": s.release.name.to_string(), "uid": s.release.uid}, "plan": s.release.plan,
        "members": carry::members(s, |_| true)}))
}

pub type Standings<'a> = BTreeMap<&'a str, Standing>;

fn standings<'a>(s: &'a Situation, digest: &str) -> Standings<'a> {
    let settled = s.settled_at(digest);
    let mut views: BTreeMap<&str, StepView> = BTreeMap::new();
    let mut all = Standings::new();
    for step in &s.release.steps {
        let one = standing(s, step, digest, settled, &views);
        views.insert(&step.name, one.view.clone());
        all.insert(&step.name, one);
    }
    all
}

fn all_done(standings: &Standings<'_>) -> bool {
    standings.values().all(|st| st.view.state == StepState::Done)
}

/// Whether a step has held content that only the gates keep back.
fn may_go(s: &Situation, step: &Step, standings: &Standings<'_>) -> bool {
    let waits = standings.get(step.name.as_str()).is_some_and(|st| st.view.state == StepState::Waiting);
    let held = match &step.work {
        Work::Workload(name) => s.workloads.get(name).is_some_and(|w| w.hold.is_held()),
        Work::Wait(_) | Work::Task(_) => false,
    };
    waits && held
}

/// The first failed step whose failure stops the others.
fn halted_by<'a>(s: &'a Situation, standings: &Standings<'_>) -> Option<&'a str> {
    s.release.steps.iter().find_map(|step| {
        let failed = standings.get(step.name.as_str()).is_some_and(|st| st.view.state == StepState::Failed);
        let stops = step.on_failure.unwrap_or(s.release.on_failure) != OnFailure::Continue;
        (failed && stops).then_some(step.name.as_str())
    })
}

fn on_failure_of(s: &Situation, name: &str) -> OnFailure {
    let step = s.release.steps.iter().find(|step| step.name == name);
    step.and_then(|step| step.on_failure).unwrap_or(s.release.on_failure)
}

fn halted_blocker(step: &Step, by: &str) -> Blocker {
    Blocker { step: Some(step.name.clone()), cause: Cause::Halted { step: by.to_owned() }, until: None }
}

/// What goes now. Steps that could each go alone and not together take turns, in the plan's order.
fn acts(s: &Situation, standings: &Standings<'_>, mut under_way: Vec<InUse>, answers: &mut Answers) -> Vec<Act> {
    let mut acts = Vec::new();
    for step in &s.release.steps {
        let (Work::Workload(name), Some(standing)) = (&step.work, standings.get(step.name.as_str())) else {
            continue;
        };
        let Some(workload) = s.workloads.get(name) else {
            continue;
        };
        if answers.block(&step.name) {
            continue;
        }
        let version = workload.version.clone();
        let template = workload.template.clone();
        if standing.view.state == StepState::Granted {
            acts.push(Act::Release { step: step.name.clone(), workload: name.clone(), version, template });
        } else if may_go(s, step, standings) {
            let lacks = capacity::lacking(s, step, &under_way);
            let lacks = lacks.into_iter().map(|cause| (cause, None));
            let full = openings::full(s, standings, step, &under_way);
            let blockers: Vec<Blocker> = lacks
                .chain(full)
                .map(|(cause, until)| Blocker { step: Some(step.name.clone()), cause, until })
                .collect();
            if !blockers.is_empty() {
                answers.add_all(blockers);
                continue;
            }
            under_way.push(capacity::use_of(s, step));
            let overridden = gates::override_in_force(s).map(|o| format!("{} ({})", o.by, o.ticket));
            acts.push(Act::Grant {
                step: step.name.clone(),
                workload: name.clone(),
                uid: workload.uid.clone(),
                version,
                template,
                overridden,
            });
        }
    }
    acts
}

fn outcome(s: &Situation, standings: &Standings<'_>, halted: bool) -> Outcome {
    let any = |state: StepState| standings.values().any(|st| st.view.state == state);
    // A person's task is due: nothing moves by itself.
    let by_hand = |step: &&Step| matches!(step.work, Work::Task(_));
    let due = s.release.steps.iter().filter(by_hand).filter_map(|step| standings.get(step.name.as_str()));
    let due = due.filter(|st| st.view.state == StepState::Progressing).count();
    let moving = standings.values().filter(|st| st.view.state == StepState::Progressing).count() > due;
    if all_done(standings) {
        Outcome::Completed { nothing_to_do: standings.values().all(|st| st.view.unchanged) }
    } else if any(StepState::Granted)
        || moving
        || any(StepState::Soaking) && !any(StepState::Waiting) && !any(StepState::Failed) && due == 0
    {
        Outcome::RollingOut
    } else if halted || any(StepState::Failed) && !any(StepState::Waiting) && due == 0 {
        Outcome::Failed
    } else {
        Outcome::Waiting
    }
}

pub struct Answers {
    now: DateTime<Utc>,
    pub blockers: Vec<Blocker>,
    pub look_again: Option<DateTime<Utc>>,
}

impl Answers {
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { now, blockers: Vec::new(), look_again: None }
    }

    fn add(&mut self, closed: Closed) {
        self.consider(closed.look_again);
        self.add_all(closed.blockers);
    }

    pub fn add_all(&mut self, blockers: impl IntoIterator<Item = Blocker>) {
        for blocker in blockers {
            self.consider(blocker.until);
            if !self.blockers.contains(&blocker) {
                self.blockers.push(blocker);
            }
        }
    }

    /// What is past changes nothing any more, and must not hide what is to come.
    pub fn consider(&mut self, at: Option<DateTime<Utc>>) {
        if let Some(at) = at.filter(|at| *at > self.now) {
            self.look_again = Some(self.look_again.map_or(at, |known| known.min(at)));
        }
    }

    /// Whether anything keeps a step, or all of them, from going.
    pub fn block(&self, step: &str) -> bool {
        self.blockers.iter().any(|b| b.step.as_deref().is_none_or(|s| s == step))
    }

    /// In the order of the gates; within a gate what concerns all of the release comes first, then the
    /// steps in their order.
    pub fn sorted(&mut self) {
        self.blockers.sort_by_key(|b| (b.cause.gate(), b.step.is_some()));
    }
}

#[cfg(test)]
pub(super) mod tests;
