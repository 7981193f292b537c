//! What the shipped decision says of a view, and whether the rules let a step go.

use chrono::TimeDelta;
use proof::model::{Act, Decided, Grant, Hold, Oracle, Said, Signed, View};
use rollcall::domain::scheduling::{self, Decision, Outcome, StepState, decide};
use rollcall::domain::workload::Progress;

use crate::fixtures::{Given, at, two_steps};
use crate::rules::RULES;

/// The shipped decision.
pub struct Shipped;

const STEPS: [&str; 2] = ["data", "shop"];

impl Oracle for Shipped {
    fn decide(&self, view: View) -> Decided {
        let decision = decide(&situation(view).0);
        // What is taken back and what else is done do not depend on each other: the model does one after the other.
        let (withdrawals, others): (Vec<_>, Vec<_>) =
            decision.acts.iter().partition(|act| matches!(act, scheduling::Act::Withdraw { .. }));
        assert!(others.len() <= 1, "the steps come one after the other: {:?}", decision.acts);
        let act = withdrawals.into_iter().chain(others).next().map(|act| match act {
            scheduling::Act::Withdraw { step, .. } => Act::Withdraw(place(step)),
            scheduling::Act::Grant { step, .. } => Act::Grant(place(step)),
            scheduling::Act::Release { step, .. } => Act::Release(place(step)),
            other => panic!("nothing goes back in the model: {other:?}"),
        });
        let said = [0, 1].map(|n| match decision.steps[n].state {
            StepState::Waiting => Said::Waiting,
            StepState::Granted => Said::Granted,
            StepState::Progressing | StepState::Soaking => Said::Progressing,
            StepState::Done => Said::Done,
            StepState::Failed | StepState::RollingBack | StepState::RolledBack => {
                panic!("nothing fails in the model: {view:?}")
            }
        });
        Decided { act, said }
    }

    fn broken(&self, view: View, step: usize) -> Option<&'static str> {
        let given = situation(view);
        let workload = given.0.workloads.values().find(|w| w.name.name.starts_with(STEPS[step]))?.clone();
        let decision = Decision {
            digest: given.digest(),
            steps: decide(&given.0).steps,
            acts: vec![scheduling::Act::Grant {
                step: STEPS[step].to_owned(),
                workload: workload.name,
                uid: workload.uid,
                version: workload.version,
                template: workload.template,
                overridden: None,
            }],
            blockers: vec![],
            outcome: Outcome::Waiting,
            look_again: None,
            rollback: None,
            carried: vec![],
        };
        RULES.iter().find(|(_, holds)| !holds(&given.0, &decision)).map(|(name, _)| *name)
    }
}

fn place(step: &str) -> usize {
    STEPS.iter().position(|s| *s == step).expect("a step of the model")
}

/// A view as a situation of two steps, at nine o'clock.
fn situation(view: View) -> Given {
    let mut given = two_steps().requires("data", "db", 1).seen_since("08:00:00");
    if view.taken {
        given = given.in_use("rival", "db", 1);
    }
    for (n, step) in view.release.steps.iter().enumerate() {
        given = match step.hold {
            Hold::Held => given,
            Hold::Rolling => {
                given.unchanged(STEPS[n]).workload(STEPS[n], |w| w.progress = Progress::Progressing("1 of 2".into()))
            }
            Hold::Runs => given.unchanged(STEPS[n]),
        };
    }
    given = match view.release.signed {
        Signed::Not => given,
        Signed::Current => given.signed(),
        Signed::Stale => STEPS.iter().fold(given, |g, team| g.says(team, "ana", true, "sha256:old")),
    };
    for (n, step) in view.release.steps.iter().enumerate().filter(|(_, s)| s.grant != Grant::None) {
        let fresh = step.grant == Grant::Fresh;
        given = given.granted(STEPS[n], if fresh { "08:59:58" } else { "08:59:50" }).with(|s| {
            let grant = s.record.steps.get_mut(STEPS[n]).and_then(|r| r.grant.as_mut()).expect("a grant");
            if !step.same_version {
                grant.version = "earlier".into();
            }
            if !step.same_template {
                grant.template = "sha256:earlier".into();
            }
            if !step.same_digest {
                grant.digest = "sha256:earlier".into();
            }
        });
    }
    given = if view.open { given.allowed("08:00:00", "20:00:00") } else { given.frozen("08:00:00", "10:00:00") };
    let digest = given.digest();
    given.with(|s| {
        s.release.paused = view.release.paused;
        s.record.digest = Some((digest, at("08:00:00") - TimeDelta::hours(1)));
    })
}
