//! Whether "must change" tells the truth: the decision is asked again with parts of it taken away.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::answer::Why;
use super::chain::follows;
use super::{Only, chain::Change};
use crate::cli::cluster::read::{Blocked, Examined};
use crate::cluster::objects::decode;
use crate::controllers::release::blocker_status;
use crate::domain::scheduling::properties::situations::situation;
use crate::domain::scheduling::{Act, Cause, Situation, decide};

/// What the command would find out if the cluster were in this situation.
fn examined(s: &Situation) -> Examined {
    let steps: Vec<_> =
        s.release.steps.iter().map(|step| json!({"name": step.name, "dependsOn": step.depends_on})).collect();
    let meta = json!({"namespace": s.release.name.namespace, "name": s.release.name.name});
    let release = decode(&json!({"metadata": meta, "spec": {"participants": [], "steps": steps}}).to_string());
    let decision = decide(s);
    let blockers = decision.blockers.iter().cloned();
    let blockers = blockers.map(|blocker| Blocked { said: blocker_status(&[], &blocker, s.now), blocker }).collect();
    Examined {
        release: Arc::new(release.expect("a release")),
        at: s.now,
        now: s.now,
        sound: Some((s.clone(), decision)),
        blockers,
        unseen: Vec::new(),
        platform: "rollcall-system".to_owned(),
        ended: None,
    }
}

/// The causes that a change is about.
fn causes(why: &Why, change: &Change) -> Vec<Cause> {
    let named = why.blockers.iter().filter(|r| change.any_of.contains(&r.id));
    named.map(|r| r.cause.clone()).collect()
}

/// Takes a cause away. False for those of which a test would have to act as a person.
fn clear(s: &mut Situation, cause: &Cause) -> bool {
    match cause {
        Cause::Paused => s.release.paused = false,
        Cause::Stopped { .. } => s.stopped = None,
        Cause::PolicyMissing { .. } => s.policies_missing.clear(),
        Cause::ClockSkew { .. } => s.skew = None,
        Cause::TooEarly { .. } => s.release.not_before = None,
        Cause::Claimed { workload, .. } => drop(s.claimed.remove(workload)),
        Cause::WindowClosed { window, .. } | Cause::Frozen { window, .. } | Cause::WindowBroken { window, .. } => {
            for tier in s.governance.values_mut().flat_map(|g| &mut g.tiers) {
                tier.retain(|(name, _)| name != window);
            }
        }
        _ => return false,
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_must_change_is_every_blocker_once_and_no_consequence(given in situation()) {
        let why = Why::of(&examined(&given.0), &Only::default());
        let mut told: Vec<usize> = why.to_change.iter().flat_map(|c| c.any_of.iter().copied()).collect();
        told.sort_unstable();
        let own: Vec<usize> = why.blockers.iter().filter(|r| !follows(&r.cause)).map(|r| r.id).collect();
        prop_assert_eq!(told, own);
    }
}

/// The properties are about something: sets of several entries that a test can clear come up.
#[test]
fn sets_of_several_entries_come_up() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut several, mut moved) = (0, 0);
    for _ in 0..1000 {
        let given = situation().new_tree(&mut runner).expect("a situation").current();
        let why = Why::of(&examined(&given.0), &Only::default());
        let mut rest = given.0.clone();
        let all: Vec<Cause> = why.to_change.iter().flat_map(|change| causes(&why, change)).collect();
        several += usize::from(why.to_change.len() > 1);
        let clears = !all.is_empty() && all.iter().all(|cause| clear(&mut rest, cause));
        moved += usize::from(clears && decide(&rest).acts.iter().any(|act| matches!(act, Act::Grant { .. })));
    }
    assert!(several > 100 && moved > 10, "{several} of several entries, {moved} that moved");
}
