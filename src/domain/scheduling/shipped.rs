//! What a step has let go, and whether that still is what its workload runs. Content that was stored and is held over it
//! changes nothing of that, nor does a grant for it that was not carried out.

use super::ending::released_by;
use super::situation::{Former, Grant, Replaced, Situation, Step};
use crate::domain::workload::Workload;

/// What became of what a step was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shipped {
    /// Nothing of it was let go.
    Never,
    /// This is what runs, or was running when newer content came and was held.
    Runs(Replaced),
    /// Something else was let go since, or the workload is another one.
    MovedOn,
}

pub fn shipped(s: &Situation, step: &Step, grant: &Grant, workload: &Workload) -> Shipped {
    if grant.uid != workload.uid {
        return Shipped::MovedOn;
    }
    let last = last_out(s, step, grant, workload);
    let same = workload.template == last.template;
    match (let_go_by(s, step, &last.digest, workload), workload.hold.is_held(), same) {
        // What was let go stays let go whatever is stored and held over it.
        (true, true, _) | (_, false, true) => Shipped::Runs(last),
        // Granted, and the release action has not come.
        (false, true, true) => Shipped::Never,
        (false, true, false) if s.record.steps.get(&step.name).is_none_or(|r| r.started.is_none()) => Shipped::Never,
        _ => Shipped::MovedOn,
    }
}

/// Which content of a step went last: that of its grant, or what the step had let go before and runs still, as the grant
/// was not carried out.
#[must_use]
pub fn last_out(s: &Situation, step: &Step, grant: &Grant, workload: &Workload) -> Replaced {
    let runs_still = |before: &&Replaced| {
        let taken_back = !workload.hold.is_held() && workload.template == before.template;
        taken_back || let_go_by(s, step, &before.digest, workload)
    };
    let own = || Replaced { digest: grant.digest.clone(), template: grant.template.clone() };
    grant.replaced.last().filter(runs_still).cloned().unwrap_or_else(own)
}

/// Whether nothing was let go of a workload since a step let content of this digest go.
fn let_go_by(s: &Situation, step: &Step, digest: &str, workload: &Workload) -> bool {
    workload.released.as_ref() == Some(&released_by(&s.release.name, &step.name, digest))
}

/// Everything that a step let go, the newest first, which is what runs. `last` is what [`last_out`] says.
#[must_use]
pub fn all_out(grant: &Grant, last: &Replaced) -> Vec<String> {
    let earlier = grant.replaced.iter().rev().filter(|before| *before != last);
    std::iter::once(last).chain(earlier).map(|content| content.template.clone()).collect()
}

/// What a new grant of a step takes over from its last one if what runs is the step's own: what ran before all of it, to
/// which a rollback goes back, and what it has let go since, the newest last.
#[must_use]
pub fn taken_over<'a>(s: &'a Situation, step: &str) -> Option<(Option<&'a Former>, Vec<Replaced>)> {
    let planned = s.release.steps.iter().find(|other| other.name == step)?;
    let grant = s.record.steps.get(step)?.grant.as_ref()?;
    let Shipped::Runs(last) = shipped(s, planned, grant, s.workload(planned)?) else {
        return None;
    };
    let mut all = grant.replaced.clone();
    if all.last() != Some(&last) {
        all.push(last);
    }
    all.drain(..all.len().saturating_sub(REPLACED));
    Some((grant.former.as_ref(), all))
}

/// How many contents of a step that other content of it has replaced are kept, the newest.
const REPLACED: usize = 8;
