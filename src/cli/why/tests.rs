//! Whether "must change" says what the decision's own search for the smallest set found, by ids that people see.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::Only;
use super::answer::Why;
use crate::cli::cluster::read::{Blocked, Examined};
use crate::cluster::objects::decode;
use crate::controllers::release::blocker_status;
use crate::domain::scheduling::properties::situations::situation;
use crate::domain::scheduling::{Cause, Situation, decide, smallest};

/// What the command would find out if the cluster were in this situation.
fn examined(s: &Situation) -> Examined {
    let steps: Vec<_> =
        s.release.steps.iter().map(|step| json!({"name": step.name, "dependsOn": step.depends_on})).collect();
    let meta = json!({"namespace": s.release.name.namespace, "name": s.release.name.name});
    let release = decode(&json!({"metadata": meta, "spec": {"participants": [], "steps": steps}}).to_string());
    let decision = decide(s);
    let blockers = decision.blockers.iter().cloned();
    let blockers = blockers.map(|b| Blocked { said: blocker_status(&[], &b, s.now), cause: Some(b.cause) }).collect();
    Examined {
        release: Arc::new(release.expect("a release")),
        at: s.now,
        now: s.now,
        sound: Some((s.clone(), decision)),
        blockers,
        unseen: Vec::new(),
        platform: "rollcall-system".to_owned(),
        mend: None,
        ended: None,
        reported: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_must_change_names_each_cause_of_the_smallest_set_once(given in situation()) {
        let examined = examined(&given.0);
        let why = Why::of(&examined, &Only::default());
        let decision = &examined.sound.as_ref().expect("sound").1;
        let set = smallest::to_move(&given.0, decision, |_| true).filter(|_| !examined.goes_back_or_ends());
        let Some(set) = set else {
            prop_assert!(why.would_move.is_none());
            return Ok(());
        };
        let named = |ids: &[usize]| -> Vec<Cause> {
            why.blockers.iter().filter(|r| ids.contains(&r.id)).filter_map(|r| r.cause.clone()).collect()
        };
        prop_assert_eq!(why.to_change.len(), set.all.len());
        for (change, any) in why.to_change.iter().zip(&set.all) {
            let causes = named(&change.any_of);
            prop_assert!(!causes.is_empty() && causes.iter().all(|c| any.contains(c)), "{:?} of {:?}", change, any);
            prop_assert!(any.iter().all(|c| causes.contains(c)), "{:?} of {:?}", change, any);
        }
        prop_assert_eq!(why.would_move.map(|then| (then.step, then.certain)), Some((set.step, set.certain)));
    }
}
