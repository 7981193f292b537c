//! Where each step stands, read from its workload and from what was recorded of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::blocker::{Blocker, Cause};
use super::decision::{StepState, StepView};
use super::situation::{Grant, Situation, Step, StepRecord, Work};
use super::tasks;
use super::verify;
use super::withdrawal;
use crate::domain::names::{Kind, ObjectName, WorkloadName};
use crate::domain::workload::{Progress, Workload};

/// A step with what keeps it from moving on, apart from the gates.
pub struct Standing {
    pub view: StepView,
    pub blocker: Option<Blocker>,
    /// When time alone may change it.
    pub look_again: Option<DateTime<Utc>>,
}

impl Standing {
    pub fn new(step: &Step, record: &StepRecord, state: StepState) -> Self {
        let view = StepView {
            name: step.name.clone(),
            state,
            note: String::new(),
            started: record.started,
            finished: record.finished,
            unchanged: false,
            done_by: None,
        };
        Self { view, blocker: None, look_again: None }
    }

    pub fn waiting(step: &Step) -> Self {
        Self::new(step, &StepRecord::default(), StepState::Waiting)
    }

    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.view.note = note.into();
        self
    }

    pub fn done_by(mut self, who: &str) -> Self {
        self.view.done_by = Some(who.to_owned());
        self.view.note = format!("done by {who}");
        self
    }

    pub fn blocked(mut self, step: &Step, cause: Cause, until: Option<DateTime<Utc>>) -> Self {
        self.blocker = Some(Blocker { step: Some(step.name.clone()), cause, until });
        self.look_again = until;
        self
    }
}

/// The team of a step; a wait has none.
pub fn team_of<'a>(s: &'a Situation, step: &Step) -> Option<&'a ObjectName> {
    step.participant.as_ref().and_then(|p| s.release.participants.get(p)).map(|p| &p.team)
}

/// Where a step stands, given where its predecessors do.
pub fn standing(
    s: &Situation,
    step: &Step,
    digest: &str,
    settled: DateTime<Utc>,
    before: &BTreeMap<&str, StepView>,
) -> Standing {
    let nothing = StepRecord::default();
    let record = s.record.steps.get(&step.name).unwrap_or(&nothing);
    match &step.work {
        Work::Wait(length) => tasks::waited(s, step, record, *length, before),
        Work::Task(task) => tasks::by_hand(s, step, record, (task, digest), before),
        Work::Workload(name) => match s.workloads.get(name) {
            None => missing(s, step, record, name, settled),
            Some(workload) => of_workload(s, step, record, workload, (digest, settled), before),
        },
    }
}

/// What is not there has yet to come, unless it is a Job that ended well and was cleaned up since. One that this release
/// did not let go may be on its way to be replaced.
fn missing(s: &Situation, step: &Step, record: &StepRecord, name: &WorkloadName, settled: DateTime<Utc>) -> Standing {
    if !ended_before_it_went(record, name) {
        return Standing::waiting(step).blocked(step, Cause::WorkloadMissing { workload: name.clone() }, None);
    }
    if record.grant.is_none() && s.now < settled {
        let waits = Standing::new(step, record, StepState::Waiting);
        return waits.blocked(step, Cause::Settling { workload: name.clone() }, Some(settled));
    }
    let mut standing = verify::verified(s, step, record, done(s, step, record));
    if standing.view.note.is_empty() {
        standing.view.note = format!("{name} is complete, and was cleaned up since");
    }
    standing
}

/// Whether a workload that is not there any more is a Job which was seen complete: a `ttlSecondsAfterFinished` or a hook's
/// deletion policy takes it away when it has done all that it is for.
fn ended_before_it_went(record: &StepRecord, name: &WorkloadName) -> bool {
    name.kind == Kind::Job && record.finished.is_some()
}

/// The grant of a Job that was let go, ended well, and was cleaned up since: what it ran still counts as shipped.
pub fn cleaned_up<'a>(s: &'a Situation, step: &Step) -> Option<&'a Grant> {
    let Work::Workload(name) = &step.work else {
        return None;
    };
    let record = s.record.steps.get(&step.name).filter(|record| ended_before_it_went(record, name))?;
    record.grant.as_ref().filter(|_| !s.workloads.contains_key(name))
}

fn of_workload(
    s: &Situation,
    step: &Step,
    record: &StepRecord,
    workload: &Workload,
    (digest, settled): (&str, DateTime<Utc>),
    before: &BTreeMap<&str, StepView>,
) -> Standing {
    // What somebody rolls back is neither what was to ship nor what ran undisturbed.
    if let Some(by) = &workload.rollback {
        let cause = Cause::RolledBackBy { workload: workload.name.clone(), by: by.clone() };
        return Standing::waiting(step).blocked(step, cause, None);
    }
    if workload.hold.is_held() {
        return held(s, step, record, workload, digest);
    }
    let_go(s, step, record, workload, settled, before)
}

pub fn predecessors_done(step: &Step, before: &BTreeMap<&str, StepView>) -> bool {
    step.depends_on.iter().all(|d| before.get(d.as_str()).is_some_and(|v| v.state == StepState::Done))
}

/// The grant, if it is for exactly this content of exactly this object.
pub fn grant_for<'a>(record: &'a StepRecord, workload: &Workload) -> Option<&'a Grant> {
    record.grant.as_ref().filter(|g| g.uid == workload.uid && g.template == workload.template)
}

pub fn too_early(s: &Situation) -> bool {
    s.release.not_before.is_some_and(|t| s.now < t)
}

/// Held content waits, unless it was granted: in this version, and whoever granted it may be about to let it go.
fn held(s: &Situation, step: &Step, record: &StepRecord, workload: &Workload, digest: &str) -> Standing {
    if withdrawal::usable(record, workload).is_none() {
        // What went before the new content came has gone, and is not forgotten over it.
        let waiting = Standing::new(step, record, StepState::Waiting);
        return if midway(record, workload) { waiting.noted(changed_midway(workload)) } else { waiting };
    }
    let granted = Standing::new(step, &StepRecord::default(), StepState::Granted);
    match withdrawal::valid_until(s, record, workload, digest) {
        Some(end) => Standing { look_again: Some(end), ..granted },
        None => granted.noted("its grant counts no more and is taken back"),
    }
}

/// New content came while the former was rolling out: its rollout stands still half-way.
fn midway(record: &StepRecord, workload: &Workload) -> bool {
    record.finished.is_none()
        && record.started.is_some()
        && record.grant.as_ref().is_some_and(|g| g.uid == workload.uid && g.template != workload.template)
}

fn changed_midway(workload: &Workload) -> String {
    format!(
        "{} changed while it was rolling out, so its rollout stands still half-way until the new content may go",
        workload.name
    )
}

fn let_go(
    s: &Situation,
    step: &Step,
    record: &StepRecord,
    workload: &Workload,
    settled: DateTime<Utc>,
    before: &BTreeMap<&str, StepView>,
) -> Standing {
    if let Some((expected, found)) = step.expect.as_ref().and_then(|e| e.difference(workload)) {
        let cause = Cause::ContentMissing { workload: workload.name.clone(), expected, found };
        return Standing::waiting(step).blocked(step, cause, None);
    }
    match grant_for(record, workload) {
        Some(grant) => released(s, step, record, workload, grant.at),
        None => ungranted(s, step, record, workload, settled, before),
    }
}

/// Content that nobody held back for this release: it runs already, or rolls out on its own.
fn ungranted(
    s: &Situation,
    step: &Step,
    record: &StepRecord,
    workload: &Workload,
    settled: DateTime<Utc>,
    before: &BTreeMap<&str, StepView>,
) -> Standing {
    if workload.gate.is_none() {
        return Standing::waiting(step).blocked(step, Cause::NotGated { workload: workload.name.clone() }, None);
    }
    if !predecessors_done(step, before) || s.release.paused || s.stopped.is_some() || too_early(s) {
        return Standing::waiting(step);
    }
    if s.now < settled {
        return Standing::waiting(step).blocked(
            step,
            Cause::Settling { workload: workload.name.clone() },
            Some(settled),
        );
    }
    let mut standing = match &workload.progress {
        Progress::Done => {
            Standing::new(step, record, StepState::Done).noted("nothing to release: this content runs already")
        }
        Progress::Failed { why, .. } => failed(s, step, record, workload.name.clone(), why.clone()),
        Progress::PausedByAuthor => paused_by_author(s, step, record, workload),
        Progress::NotObserved | Progress::Progressing(_) => Standing::new(step, record, StepState::Progressing)
            .noted("it rolls out without having been held for this release"),
    };
    standing.view.unchanged = true;
    if standing.view.state == StepState::Done {
        standing.view.finished = record.finished.or(Some(s.now));
    }
    standing
}

fn released(s: &Situation, step: &Step, record: &StepRecord, workload: &Workload, granted: DateTime<Utc>) -> Standing {
    let started = record.started.unwrap_or(s.now);
    let deadline = granted + step.timeout;
    // What was done and has soaked stays done: a workload that is scaled, or whose pod is moved, later on
    // has not been released anew.
    let was_done = record.finished.is_some_and(|f| s.now >= f + step.soak);
    let mut standing = match workload.progress_since(granted) {
        Progress::Done => verify::verified(s, step, record, done(s, step, record)),
        Progress::NotObserved | Progress::Progressing(_) if was_done => done(s, step, record),
        Progress::Failed { why, .. } => failed(s, step, record, workload.name.clone(), why),
        _ if s.now >= deadline => timed_out(s, step, record, workload.name.clone()),
        Progress::PausedByAuthor => {
            let mut standing = paused_by_author(s, step, record, workload);
            standing.look_again = Some(deadline);
            standing
        }
        Progress::NotObserved => progressing(step, record, "its controller has yet to see it", deadline),
        Progress::Progressing(note) => progressing(step, record, &note, deadline),
    };
    standing.view.started = Some(started);
    standing
}

fn progressing(step: &Step, record: &StepRecord, note: &str, deadline: DateTime<Utc>) -> Standing {
    let mut standing = Standing::new(step, record, StepState::Progressing).noted(note);
    standing.view.finished = None;
    let soaked = record.finished.map(|f| f + step.soak);
    standing.look_again = Some(soaked.map_or(deadline, |soaked| deadline.min(soaked)));
    standing
}

fn done(s: &Situation, step: &Step, record: &StepRecord) -> Standing {
    let finished = record.finished.unwrap_or(s.now);
    let soaked = finished + step.soak;
    let state = if s.now >= soaked { StepState::Done } else { StepState::Soaking };
    let mut standing = Standing::new(step, record, state);
    standing.view.finished = Some(finished);
    standing.look_again = (state == StepState::Soaking).then_some(soaked);
    standing
}

pub fn owner_of(s: &Situation, step: &Step) -> ObjectName {
    team_of(s, step).cloned().unwrap_or_else(|| s.release.name.clone())
}

fn failed(s: &Situation, step: &Step, record: &StepRecord, workload: WorkloadName, why: String) -> Standing {
    let cause = Cause::StepFailed { workload, why, team: owner_of(s, step) };
    Standing::new(step, record, StepState::Failed).noted(cause.message()).blocked(step, cause, None)
}

fn timed_out(s: &Situation, step: &Step, record: &StepRecord, workload: WorkloadName) -> Standing {
    let cause = Cause::TimedOut { workload, limit: step.timeout, team: owner_of(s, step) };
    let mut standing = Standing::new(step, record, StepState::Failed).noted(cause.message()).blocked(step, cause, None);
    // It was done once and is not while it soaks: that soak does not count.
    standing.view.finished = None;
    standing.look_again = record.finished.map(|f| f + step.soak);
    standing
}

fn paused_by_author(s: &Situation, step: &Step, record: &StepRecord, workload: &Workload) -> Standing {
    let cause = Cause::PausedByAuthor { workload: workload.name.clone(), team: owner_of(s, step) };
    Standing::new(step, record, StepState::Progressing).noted(cause.message()).blocked(step, cause, None)
}
