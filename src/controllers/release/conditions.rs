//! The conditions of a release: what a decision comes to, in the words that tools read.

mod enforced;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::conditions::Conditions;
use crate::api::{ConditionType, Reason};
use crate::domain::scheduling::{Cause, Decision, Gate, Outcome, Situation, StepState, StepView};

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
    let gated = matches!(decision.outcome, Outcome::Waiting) && !decision.blockers.is_empty();
    if gated {
        conditions.set(ConditionType::Gated, Some(true), reason, &message);
    } else {
        conditions.set(ConditionType::Gated, Some(false), Reason::GateOpen, "nothing keeps the next step from going");
    }
    let ready = matches!(decision.outcome, Outcome::Completed { .. });
    conditions.set(ConditionType::Ready, Some(ready), reason, &message);
    match decision.outcome {
        Outcome::RollingOut => conditions.set(ConditionType::Reconciling, Some(true), Reason::RollingOut, &message),
        Outcome::Failed => conditions.set(ConditionType::Stalled, Some(true), Reason::RolloutFailed, &message),
        Outcome::Waiting if !missing.is_empty() => {
            conditions.set(ConditionType::Stalled, Some(true), Reason::PolicyMissing, &message)
        }
        Outcome::Waiting if !enforced::taken(situation).is_empty() => {
            conditions.set(ConditionType::Stalled, Some(true), Reason::OwnedElsewhere, &message)
        }
        Outcome::Waiting | Outcome::Completed { .. } => {}
    }
    conditions.finish()
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

fn gate_reason(cause: &Cause) -> Reason {
    match cause.gate() {
        Gate::Paused => Reason::Paused,
        Gate::Accepted => accepted_reason(cause),
        Gate::HoldEnforced => match cause {
            Cause::NotGated { .. } => Reason::NotLabelled,
            _ => Reason::PolicyMissing,
        },
        Gate::Window => Reason::WaitingForWindow,
        Gate::Capacity => Reason::WaitingForCapacity,
        Gate::SignOff => Reason::WaitingForSignOff,
        Gate::Check => Reason::WaitingForChecks,
        Gate::Order => Reason::WaitingForStage,
        Gate::Content => Reason::WaitingForContent,
        Gate::Failure => Reason::RolloutFailed,
    }
}

#[cfg(test)]
mod tests;
