//! The conditions of a release: what a decision comes to, in the words that tools read.

mod enforced;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::conditions::Conditions;
use crate::api::{ConditionType, Reason};
use crate::domain::scheduling::{Blocker, Cause, Decision, Gate, Outcome, Situation, StepState, StepView};

/// The conditions that a decision comes to. `missing` is what is not there of the policies.
pub fn of(
    old: &[Condition],
    generation: i64,
    situation: &Situation,
    decision: &Decision,
    missing: &[String],
) -> Vec<Condition> {
    let mut conditions = Conditions::following(old, generation, situation.now);
    let refused = decision.blockers.iter().find(|b| b.cause.gate() == Gate::Accepted);
    match refused {
        Some(blocker) => conditions.set(
            ConditionType::Accepted,
            Some(false),
            accepted_reason(&blocker.cause),
            &all_of(decision, Gate::Accepted),
        ),
        None => conditions.set(ConditionType::Accepted, Some(true), Reason::Accepted, "all participants consent"),
    }
    enforced::set(&mut conditions, situation, missing);
    let (reason, message) = summary(decision);
    let waits = match decision.outcome {
        Outcome::Waiting => !decision.blockers.is_empty(),
        Outcome::RollingBack => keeps_back(decision).is_some(),
        _ => false,
    };
    if waits {
        conditions.set(ConditionType::Gated, Some(true), reason, &message);
    } else {
        conditions.set(ConditionType::Gated, Some(false), Reason::GateOpen, "nothing keeps the next step from going");
    }
    let ready = matches!(decision.outcome, Outcome::Completed { .. });
    conditions.set(ConditionType::Ready, Some(ready), reason, &message);
    match decision.outcome {
        Outcome::RollingOut => conditions.set(ConditionType::Reconciling, Some(true), Reason::RollingOut, &message),
        Outcome::RollingBack if !waits => {
            conditions.set(ConditionType::Reconciling, Some(true), Reason::RollingBack, &message)
        }
        Outcome::RollingBack => conditions.set(ConditionType::Stalled, Some(true), reason, &message),
        Outcome::RolledBack { .. } | Outcome::Failed => {
            conditions.set(ConditionType::Stalled, Some(true), reason, &message)
        }
        Outcome::Waiting if !missing.is_empty() => {
            conditions.set(ConditionType::Stalled, Some(true), Reason::PolicyMissing, &message)
        }
        Outcome::Waiting if decision.blockers.iter().any(|b| matches!(b.cause, Cause::Overran { .. })) => {
            conditions.set(ConditionType::Stalled, Some(true), Reason::WaitingForWindow, &message)
        }
        Outcome::Waiting if !enforced::taken(situation).is_empty() => {
            conditions.set(ConditionType::Stalled, Some(true), Reason::OwnedElsewhere, &message)
        }
        Outcome::Waiting | Outcome::Completed { .. } | Outcome::Cancelled => {}
    }
    conditions.finish()
}

/// Whether the plan makes sense, all participants consent, and nobody else claims what it names.
pub fn accepted(decision: &Decision) -> bool {
    decision.blockers.iter().all(|b| b.cause.gate() != Gate::Accepted)
}

/// What keeps a rollback from going on, if nothing of it moves.
fn keeps_back(decision: &Decision) -> Option<&Blocker> {
    let moves = !decision.acts.is_empty() || decision.steps.iter().any(|s| s.state == StepState::RollingBack);
    let counts = |b: &&Blocker| !matches!(b.cause, Cause::NotUndone { .. } | Cause::RollbackOrder { .. });
    decision.blockers.iter().find(counts).filter(|_| !moves)
}

fn accepted_reason(cause: &Cause) -> Reason {
    match cause {
        Cause::ConsentMissing { .. } | Cause::TeamNotFound { .. } => Reason::ConsentMissing,
        Cause::Claimed { .. } => Reason::Conflict,
        Cause::AuthorMayNot { .. } => Reason::NotAuthorized,
        _ => Reason::InvalidSpec,
    }
}

fn all_of(decision: &Decision, gate: Gate) -> String {
    let messages: Vec<String> =
        decision.blockers.iter().filter(|b| b.cause.gate() == gate).map(|b| b.cause.message()).collect();
    messages.join("; ")
}

/// The first thing to tell, and how much more there is.
fn summary(decision: &Decision) -> (Reason, String) {
    match decision.outcome {
        Outcome::Completed { nothing_to_do: true } => {
            (Reason::Completed, "nothing to release: all content runs already".to_owned())
        }
        Outcome::Completed { .. } => (Reason::Completed, format!("all {} steps are done", decision.steps.len())),
        Outcome::RollingOut => {
            let moving =
                |s: &&StepView| matches!(s.state, StepState::Granted | StepState::Progressing | StepState::Soaking);
            let moving: Vec<&str> = decision.steps.iter().filter(moving).map(|s| s.name.as_str()).collect();
            (
                Reason::RollingOut,
                format!(
                    "{} rolling out; {} of {} steps done",
                    moving.join(", "),
                    decision.done(),
                    decision.steps.len()
                ),
            )
        }
        Outcome::Failed => (Reason::RolloutFailed, all_of(decision, Gate::Failure)),
        Outcome::Cancelled => (Reason::Cancelled, "somebody ended it before it was done".to_owned()),
        Outcome::RollingBack | Outcome::RolledBack { .. } => undoing(decision),
        Outcome::Waiting => match decision.blockers.first() {
            None => (Reason::GateOpen, "the next step goes now".to_owned()),
            Some(first) => {
                let rest = decision.blockers.len() - 1;
                let more = if rest == 0 { String::new() } else { format!(" (and {rest} more)") };
                (gate_reason(&first.cause), format!("{}{more}", first.cause.message()))
            }
        },
    }
}

/// Where a rollback stands: what is back, what stays and why, and what keeps it.
fn undoing(decision: &Decision) -> (Reason, String) {
    let back = decision.steps.iter().filter(|s| s.state == StepState::RolledBack).count();
    let why = decision.rollback.as_ref().map(|r| r.cause.as_str()).unwrap_or_default();
    let stays = decision.blockers.iter().filter(|b| matches!(b.cause, Cause::NotUndone { .. }));
    let stays: Vec<String> = stays.map(|b| b.cause.message()).collect();
    let stays = if stays.is_empty() { String::new() } else { format!("; {}", stays.join("; ")) };
    match (decision.outcome, keeps_back(decision)) {
        (Outcome::RolledBack { .. }, _) => {
            (Reason::RolledBack, format!("{} rolled back{stays}; because {why}", steps(back)))
        }
        (_, Some(first)) => {
            let reason = match first.cause.gate() {
                Gate::Failure => Reason::RollingBack,
                _ => gate_reason(&first.cause),
            };
            (reason, format!("the rollback waits: {}{stays}", first.cause.message()))
        }
        _ => (Reason::RollingBack, format!("{} rolled back so far{stays}; because {why}", steps(back))),
    }
}

fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}

fn gate_reason(cause: &Cause) -> Reason {
    match cause.gate() {
        Gate::Paused if matches!(cause, Cause::Stopped { .. }) => Reason::Stopped,
        Gate::Paused => Reason::Paused,
        Gate::Accepted => accepted_reason(cause),
        Gate::HoldEnforced => match cause {
            Cause::NotGated { .. } => Reason::NotLabelled,
            Cause::MayNotTouch { .. } => Reason::NotAuthorized,
            _ => Reason::PolicyMissing,
        },
        Gate::Window => Reason::WaitingForWindow,
        Gate::Capacity => Reason::WaitingForCapacity,
        Gate::SignOff => Reason::WaitingForSignOff,
        Gate::Check => Reason::WaitingForChecks,
        Gate::Order if matches!(cause, Cause::TaskOpen { .. }) => Reason::WaitingForTask,
        Gate::Order => Reason::WaitingForStage,
        Gate::Content => Reason::WaitingForContent,
        Gate::Failure => Reason::RolloutFailed,
    }
}

#[cfg(test)]
mod tests;
