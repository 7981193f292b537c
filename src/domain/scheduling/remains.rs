//! What a release still holds when it ends without having let it go, and what becomes of that.

use super::decision::Act;
use super::gates::sound;
use super::progress::team_of;
use super::situation::{Action, Situation, Step};
use crate::domain::workload::Workload;

/// The mark of what stays held for a release that is cancelled, unless it is there.
pub fn kept(s: &Situation, step: &Step) -> Option<Act> {
    let workload = held(s, step).filter(|found| found.claim.as_ref() != Some(&s.release.name))?;
    let (step, version) = (step.name.clone(), workload.version.clone());
    Some(Act::Keep { step, workload: workload.name.clone(), version })
}

/// The mark of what goes back with a release though it never went, unless it is there: by itself it would go out over
/// what was rolled back beneath it. What came after its step was done is not of the release.
pub fn held_back(s: &Situation, step: &Step) -> Option<Act> {
    let done = s.record.steps.get(&step.name).is_some_and(|record| record.finished.is_some());
    let workload = held(s, step).filter(|found| !done && !found.is_remembered() && !found.runs_already)?;
    let (step, version, template) = (step.name.clone(), workload.version.clone(), workload.template.clone());
    Some(Act::HoldBack { step, workload: workload.name.clone(), version, template })
}

/// What the release holds for a step, and may hold by the word of its team.
fn held<'a>(s: &'a Situation, step: &Step) -> Option<&'a Workload> {
    let workload = s.workload(step).filter(|found| found.hold.is_held())?;
    let expected = step.expect.as_ref().is_none_or(|expect| expect.difference(workload).is_none());
    let team = team_of(s, step).and_then(|team| sound(s, team));
    let may_hold = team.is_some_and(|team| team.consents_to(&s.release.name, Action::Hold));
    (expected && may_hold && !s.claimed.contains_key(&workload.name)).then_some(workload)
}
