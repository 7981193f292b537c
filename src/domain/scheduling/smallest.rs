//! The smallest set of things that would have to change for a release to move: with those cleared and nothing else a
//! step goes, by the same decision, and with any fewer of them it does not.
//!
//! It is found by asking: everything known is supposed to be cleared, then one after the other is put back, and stays
//! if the step goes all the same.

use std::cmp::Reverse;

use super::blocker::{Blocker, Cause};
use super::decide::decide;
use super::decision::{Act, Decision, StepState};
use super::situation::Situation;
use super::suppose::cleared;

/// So often the decision is asked at most.
const ASKED: usize = 400;

/// What would have to change, and what goes then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smallest {
    /// The step that moves then.
    pub step: String,
    /// Each with what would do instead of it, itself first.
    pub all: Vec<Vec<Cause>>,
    /// With exactly these the step moves, and with no fewer. Else they are all that is known to keep it: what is
    /// behind one of them cannot be told, or it took too long to find out.
    pub certain: bool,
}

/// What would have to change for one of the steps asked about to move, whichever takes the least. `None` if nothing
/// keeps one that could be next: it goes, or waits for a step that is under way; and of a release that goes back or
/// ends.
#[must_use]
pub fn to_move(s: &Situation, decision: &Decision, asked: impl Fn(&str) -> bool) -> Option<Smallest> {
    if decision.rollback.is_some() || s.release.cancel.is_some() || s.release.asked_back.is_some() {
        return None;
    }
    let mut search = Search { s, decision, left: ASKED };
    let next: Vec<&str> = s.release.steps.iter().map(|step| step.name.as_str()).filter(|n| search.is_next(n)).collect();
    let found = next.into_iter().filter(|step| asked(step)).filter_map(|step| search.of_step(step));
    found.min_by_key(|set| (!set.certain, set.all.len()))
}

/// Whether it is only the consequence of where another step stands.
#[must_use]
pub fn follows(s: &Situation, cause: &Cause) -> bool {
    match cause {
        Cause::ResourceTaken { by, .. } => *by == s.release.name,
        other => matches!(
            other,
            Cause::Predecessor { .. }
                | Cause::PredecessorFailed { .. }
                | Cause::Halted { .. }
                | Cause::RollbackOrder { .. }
        ),
    }
}

struct Search<'a> {
    s: &'a Situation,
    decision: &'a Decision,
    left: usize,
}

impl Search<'_> {
    fn state(&self, step: &str) -> Option<StepState> {
        self.decision.steps.iter().find(|view| view.name == step).map(|view| view.state)
    }

    /// Whether a step could be the next to move, and something keeps it.
    fn is_next(&self, name: &str) -> bool {
        let Some(step) = self.s.release.steps.iter().find(|step| step.name == name) else {
            return false;
        };
        let before = |d: &String| {
            let soaks =
                self.decision.blockers.iter().any(|b| {
                    b.step.as_deref() == Some(name) && matches!(&b.cause, Cause::Soaking { step } if step == d)
                });
            soaks || self.state(d) == Some(StepState::Done)
        };
        let goes = self.decision.acts.iter().any(|act| act.step() == name);
        let kept = match self.state(name) {
            Some(StepState::Waiting | StepState::Granted) => {
                step.depends_on.iter().all(before) && !self.waits_for_own(name)
            }
            Some(StepState::Done) | None => false,
            _ => self.decision.blockers.iter().any(|b| b.step.as_deref() == Some(name)),
        };
        kept && !goes
    }

    /// Whether a step waits for what another step of the release has in use.
    fn waits_for_own(&self, step: &str) -> bool {
        let own = |cause: &Cause| matches!(cause, Cause::ResourceTaken { by, .. } if *by == self.s.release.name);
        self.decision.blockers.iter().any(|b| b.step.as_deref() == Some(step) && own(&b.cause))
    }

    /// Everything that keeps a step: what keeps all of them, its own, and what made the one fail that halts it.
    fn keeping(&self, step: &str) -> Vec<Cause> {
        let own = |b: &&Blocker| b.step.as_deref().is_none_or(|of| of == step);
        let halts = self.decision.blockers.iter().filter(own).filter_map(|b| match &b.cause {
            Cause::Halted { step } => Some(step.as_str()),
            _ => None,
        });
        let halts: Vec<&str> = halts.collect();
        let mut all: Vec<Cause> = Vec::new();
        for blocker in &self.decision.blockers {
            let concerns = own(&blocker) || blocker.step.as_deref().is_some_and(|of| halts.contains(&of));
            if concerns && !follows(self.s, &blocker.cause) && !all.contains(&blocker.cause) {
                all.push(blocker.cause.clone());
            }
        }
        all
    }

    fn of_step(&mut self, step: &str) -> Option<Smallest> {
        let known = self.keeping(step);
        if known.is_empty() {
            return None;
        }
        let mut set = known.clone();
        let mut certain = self.moves(step, &set) == Some(true);
        if certain {
            // Where either of two is enough, the one stays that comes about first.
            let mut order = known.clone();
            order.sort_by_key(|cause| self.until(cause).map_or((false, None), |at| (true, Some(Reverse(at)))));
            for cause in order {
                let fewer: Vec<Cause> = set.iter().filter(|c| **c != cause).cloned().collect();
                match self.moves(step, &fewer) {
                    Some(true) => set = fewer,
                    Some(false) => {}
                    None => certain = false,
                }
            }
        }
        let all =
            if certain { set.iter().map(|c| self.instead_of(c, step, &set, &known)).collect() } else { alone(known) };
        Some(Smallest { step: step.to_owned(), all, certain })
    }

    /// A cause, with what would do in its place: windows of which any may open.
    fn instead_of(&mut self, cause: &Cause, step: &str, set: &[Cause], known: &[Cause]) -> Vec<Cause> {
        let mut all = vec![cause.clone()];
        let opens = |cause: &Cause| matches!(cause, Cause::WindowClosed { .. } | Cause::WindowBroken { .. });
        if !opens(cause) {
            return all;
        }
        for other in known.iter().filter(|other| opens(other) && !set.contains(other)) {
            let with: Vec<Cause> = set.iter().map(|c| if c == cause { other.clone() } else { c.clone() }).collect();
            if self.moves(step, &with) == Some(true) {
                all.push(other.clone());
            }
        }
        all
    }

    fn until(&self, cause: &Cause) -> Option<chrono::DateTime<chrono::Utc>> {
        self.decision.blockers.iter().filter(|b| b.cause == *cause).filter_map(|b| b.until).min()
    }

    /// Whether a step moves once these are cleared. `None` if it was asked too often.
    fn moves(&mut self, step: &str, causes: &[Cause]) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        let mut supposed = self.s.clone();
        for blocker in self.decision.blockers.iter().filter(|b| causes.contains(&b.cause)) {
            // What cannot be cleared is not, so the decision meets it again.
            let _ = cleared(&mut supposed, blocker);
        }
        Some(moved(self.decision, &decide(&supposed), step))
    }
}

fn alone(causes: Vec<Cause>) -> Vec<Vec<Cause>> {
    causes.into_iter().map(|cause| vec![cause]).collect()
}

/// Whether a step has moved from the one decision to the other: it is let go, or has come further, or nothing of its
/// own is in the way of what is under way.
pub(super) fn moved(before: &Decision, after: &Decision, step: &str) -> bool {
    let state = |decision: &Decision| decision.steps.iter().find(|view| view.name == step).map(|view| view.state);
    if after.rollback.is_some() {
        return false;
    }
    let goes = |act: &Act| act.step() == step && matches!(act, Act::Grant { .. } | Act::Release { .. });
    let (was, is) = (state(before), state(after));
    let waits = |state: Option<StepState>| matches!(state, Some(StepState::Waiting | StepState::Granted));
    if after.acts.iter().any(goes) {
        return true;
    }
    let kept = after.blockers.iter().any(|b| b.step.as_deref() == Some(step));
    if waits(was) { !waits(is) && is != Some(StepState::Failed) } else { !waits(is) && !kept }
}

#[cfg(test)]
mod tests;
