//! What must never happen, said once more in other words, and held against situations that nobody wrote.

mod orders;
mod rules;
pub(crate) mod situations;
mod smallest;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::decide::tests::fixtures::{Given, at, ready, told};
use super::{Decision, Situation, decide};
use rules::RULES;
use situations::situation;

/// The rules that a decision breaks.
fn broken(s: &Situation, decision: &Decision) -> Vec<&'static str> {
    RULES.iter().filter(|(_, holds)| !holds(s, decision)).map(|(name, _)| *name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_decision_breaks_a_rule_and_the_same_input_gives_the_same_answer(given in situation()) {
        let decision = decide(&given.0);
        prop_assert_eq!(broken(&given.0, &decision), Vec::<&str>::new());
        prop_assert_eq!(&decision, &decide(&given.0.clone()));
    }

    #[test]
    fn nothing_changes_before_the_instant_at_which_to_look_again(given in situation()) {
        let now = given.0.now;
        let first = decide(&given.0);
        let end = first.look_again.unwrap_or(now + TimeDelta::days(2));
        prop_assert!(end > now);
        let whole = end - now;
        let instants = [1, 2, 4, 16, 64, 256].map(|part| now + whole / part - TimeDelta::nanoseconds(1));
        for later in instants.into_iter().filter(|at| *at > now) {
            let then = decide(&given.clone().with(|s| s.now = later).0);
            prop_assert_eq!(told(&first), told(&then), "at {} of {}", later, end);
        }
    }
}

#[test]
fn the_situations_that_nobody_wrote_are_of_every_sort() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut grants, mut releases, mut codes) = (0, 0, std::collections::BTreeSet::new());
    for _ in 0..2000 {
        let given = situation().new_tree(&mut runner).expect("a situation").current();
        let (acts, blockers) = told(&decide(&given.0));
        grants += usize::from(acts.iter().any(|a| a.starts_with("grant")));
        releases += usize::from(acts.iter().any(|a| a.starts_with("release")));
        codes.extend(blockers.iter().map(|b| b[..5].to_owned()));
    }
    assert!(grants > 100 && releases > 20, "{grants} grants, {releases} releases");
    assert!(codes.len() >= 20, "{codes:?}");
}

/// A decision that was right, held against a situation in which it is wrong.
#[test]
fn each_rule_can_fail() {
    let right = decide(&ready().0);
    let wrong: [(&str, Given); 7] = [
        ("S5 no act while paused", ready().paused()),
        ("S4 no act outside a window", ready().frozen("08:00:00", "10:00:00")),
        ("S1 no act without every word", ready().unsigned("shop")),
        ("S1 no act without consent", ready().team("shop", |t| t.consents.clear())),
        ("S7 no act before what comes first", ready().step("shop", |s| s.depends_on.push("data".into()))),
        ("S6 only what is held, once, as it was decided on", ready().workload("shop", |w| w.version = "9".into())),
        ("S2 no more is used than there is", ready().requires("shop", "db", 1).in_use("rival", "db", 1)),
    ];
    for (name, given) in &wrong {
        assert!(broken(&given.0, &right).contains(name), "{name}");
    }
    let names: std::collections::BTreeSet<_> = wrong.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), RULES.len());
    assert_eq!(broken(&ready().0, &right), Vec::<&str>::new());
    let old = ready().granted("shop", "08:59:58");
    let late = decide(&old.0);
    let void = old.with(|s| s.now = at("09:00:03"));
    assert!(!broken(&void.0, &late).is_empty());
}
