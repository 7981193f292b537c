//! Steps that nobody's controller does: waits, and what a person does by hand.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::blocker::Cause;
use super::decision::{StepState, StepView};
use super::gates::sound;
use super::progress::{Standing, owner_of, predecessors_done, team_of, too_early};
use super::situation::{Situation, Step, StepRecord};

/// Whether a step that needs nobody's grant may begin, or has begun.
fn may_run(s: &Situation, step: &Step, record: &StepRecord, before: &BTreeMap<&str, StepView>) -> bool {
    let may_start = !s.release.paused && s.stopped.is_none() && !too_early(s);
    predecessors_done(step, before) && (record.started.is_some() || may_start)
}

/// A wait takes as long as it says, from when its predecessors were first seen done.
pub fn waited(
    s: &Situation,
    step: &Step,
    record: &StepRecord,
    length: TimeDelta,
    before: &BTreeMap<&str, StepView>,
) -> Standing {
    if !may_run(s, step, record, before) {
        return Standing::waiting(step);
    }
    let started = record.started.unwrap_or(s.now);
    let end = started + length;
    let mut standing = Standing::new(step, record, if s.now >= end { StepState::Done } else { StepState::Progressing });
    standing.view.started = Some(started);
    standing.view.unchanged = true;
    if s.now >= end {
        standing.view.finished = record.finished.or(Some(s.now));
    } else {
        standing.look_again = Some(end);
    }
    standing
}

/// A task is due when its predecessors are done, and done when somebody of the team says so for what would
/// ship then. It stays done whatever changes later.
pub fn by_hand(
    s: &Situation,
    step: &Step,
    record: &StepRecord,
    (task, digest): (&str, &str),
    before: &BTreeMap<&str, StepView>,
) -> Standing {
    if let (Some(_), Some(by)) = (record.finished, &record.done_by) {
        return Standing::new(step, record, StepState::Done).done_by(by);
    }
    if !may_run(s, step, record, before) {
        return Standing::waiting(step);
    }
    let started = record.started.unwrap_or(s.now);
    let team = team_of(s, step).and_then(|t| sound(s, t));
    let said = team.into_iter().flat_map(|t| &t.tasks_done).find(|done| {
        done.release == s.release.name && done.step == step.name && done.digest == digest && !done.by.is_empty()
    });
    let mut standing = match said {
        Some(done) => {
            let mut standing = Standing::new(step, record, StepState::Done).done_by(&done.by);
            standing.view.finished = Some(s.now);
            standing
        }
        None if s.now >= started + step.timeout => {
            let cause = Cause::TaskLate { step: step.name.clone(), limit: step.timeout, team: owner_of(s, step) };
            Standing::new(step, record, StepState::Failed).noted(cause.message()).blocked(step, cause, None)
        }
        None => {
            let cause = Cause::TaskOpen {
                step: step.name.clone(),
                task: task.to_owned(),
                team: owner_of(s, step),
                contact: team.map(|t| t.contact.clone()).unwrap_or_default(),
                digest: digest.to_owned(),
                release: s.release.name.clone(),
            };
            let mut open = Standing::new(step, record, StepState::Progressing).blocked(step, cause, None);
            open.look_again = Some(started + step.timeout);
            open
        }
    };
    standing.view.started = Some(started);
    standing
}
