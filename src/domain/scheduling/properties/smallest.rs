//! The smallest set that would have to change is held to what it promises: with it a step goes, with less it does not.

use proptest::prelude::*;

use super::situations::situation;
use crate::domain::calendar::WindowType;
use crate::domain::readiness::Requirement;
use crate::domain::scheduling::fixtures::{Given, ready, window};
use crate::domain::scheduling::smallest::{Smallest, to_move};
use crate::domain::scheduling::suppose::cleared;
use crate::domain::scheduling::{Act, Cause, Decision, Situation, StepState, decide};

/// Situations of every sort, with more that is in the way.
fn troubled() -> impl Strategy<Value = Given> {
    let often = || prop::bool::weighted(0.4);
    (situation(), [often(), often(), often(), often(), often()]).prop_map(
        |(given, [paused, unsigned, early, closed, refused])| {
            let given = given.with(|s| {
                s.release.paused |= paused;
                let team = s.release.participants["shop"].team.clone();
                if early {
                    s.release.not_before = Some(s.now + chrono::TimeDelta::minutes(5));
                }
                if refused
                    && let Some(crate::domain::scheduling::situation::TeamFound::Sound(team)) = s.teams.get_mut(&team)
                {
                    team.consents.clear();
                }
            });
            let given = if unsigned { given.unsigned("data") } else { given };
            // Two windows of one tier, of which either would do.
            if closed {
                let window = |from, until| window(WindowType::Allow, from, until);
                given.governed("early", window("06:00:00", "07:00:00")).governed("late", window("10:00:00", "11:00:00"))
            } else {
                given
            }
        },
    )
}

/// Whether a step that did not go does once these are cleared, and nothing else is.
fn goes(s: &Situation, before: &Decision, step: &str, causes: &[&Cause]) -> bool {
    let mut supposed = s.clone();
    for blocker in before.blockers.iter().filter(|b| causes.contains(&&b.cause)) {
        assert!(cleared(&mut supposed, blocker), "{:?} is in a set and cannot be cleared", blocker.cause);
    }
    let after = decide(&supposed);
    let state = |of: &Decision| of.steps.iter().find(|v| v.name == step).map(|v| v.state).expect("a step");
    let acts = after.acts.iter().any(|a| a.step() == step && matches!(a, Act::Grant { .. } | Act::Release { .. }));
    let further = match state(before) {
        StepState::Waiting | StepState::Granted => {
            matches!(state(&after), StepState::Progressing | StepState::Soaking | StepState::Done)
        }
        _ => {
            let kept = after.blockers.iter().any(|b| b.step.as_deref() == Some(step));
            !kept && !matches!(state(&after), StepState::Failed | StepState::Waiting | StepState::Granted)
        }
    };
    after.rollback.is_none() && (acts || further)
}

/// The set, if there is one that holds.
fn certain(s: &Situation, decision: &Decision) -> Option<Smallest> {
    to_move(s, decision, |_| true).filter(|set| set.certain)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_the_smallest_set_a_step_goes_and_with_any_fewer_it_does_not(given in troubled()) {
        let decision = decide(&given.0);
        if let Some(set) = certain(&given.0, &decision) {
            let all: Vec<&Cause> = set.all.iter().map(|any| &any[0]).collect();
            prop_assert!(goes(&given.0, &decision, &set.step, &all), "{set:?}");
            prop_assert!(all.len() < 12, "too many to try all of: {set:?}");
            for taken in 0..(1_u32 << all.len()) - 1 {
                let fewer: Vec<&Cause> =
                    all.iter().enumerate().filter(|(n, _)| taken & (1 << n) != 0).map(|(_, cause)| *cause).collect();
                prop_assert!(!goes(&given.0, &decision, &set.step, &fewer), "{fewer:?} of {set:?}");
            }
        }
    }

    #[test]
    fn any_of_those_that_are_named_together_will_do(given in troubled()) {
        let decision = decide(&given.0);
        if let Some(set) = certain(&given.0, &decision) {
            for (n, any) in set.all.iter().enumerate() {
                for other in any {
                    let all: Vec<&Cause> =
                        set.all.iter().enumerate().map(|(m, any)| if n == m { other } else { &any[0] }).collect();
                    prop_assert!(goes(&given.0, &decision, &set.step, &all), "{other:?} in {set:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_supposed_to_be_cleared_is_gone(given in troubled()) {
        let decision = decide(&given.0);
        for blocker in &decision.blockers {
            let mut supposed = given.0.clone();
            if cleared(&mut supposed, blocker) {
                let after = decide(&supposed);
                prop_assert!(!after.blockers.contains(blocker), "{blocker:?}");
            }
        }
    }
}

/// The properties are about something: sets of one, two and more come up, with alternatives, and some that cannot be
/// told to the end.
#[test]
fn sets_of_every_sort_come_up() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut sizes, mut uncertain, mut fewer, mut either) = ([0; 4], 0, 0, 0);
    for _ in 0..1000 {
        let given = troubled().new_tree(&mut runner).expect("a situation").current();
        let decision = decide(&given.0);
        match to_move(&given.0, &decision, |_| true) {
            Some(set) if set.certain => {
                sizes[set.all.len().min(3)] += 1;
                either += usize::from(set.all.iter().any(|any| any.len() > 1));
                fewer += usize::from(set.all.len() < decision.blockers.len());
            }
            Some(_) => uncertain += 1,
            None => sizes[0] += 1,
        }
    }
    let [none, one, two, more] = sizes;
    assert!(none > 20 && one > 100 && two > 30 && more > 50, "{sizes:?}");
    assert!(uncertain > 10 && uncertain < 300 && fewer > 100, "{uncertain} uncertain, {fewer} fewer than all");
    assert!(either > 50, "{either} with windows of which either would do");
}

/// Where asking would take too long, all that is known is told, and that it may be more than is needed.
#[test]
fn of_more_than_can_be_asked_about_everything_is_told_and_nothing_is_claimed() {
    let roles = |count: usize| {
        let role = |n: usize| Requirement { role: format!("role-{n}"), count: 1, require_human: false };
        let given = ready().unsigned("data").team("data", |t| t.rules.required = (0..count).map(role).collect());
        let decision = decide(&given.0);
        to_move(&given.0, &decision, |_| true).expect("something keeps it")
    };
    let few = roles(20);
    assert!(few.certain && few.all.len() == 20, "{few:?}");
    let many = roles(401);
    assert!(!many.certain);
    assert_eq!(many.all.len(), 401);
}
