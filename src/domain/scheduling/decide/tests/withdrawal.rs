//! What happens to a grant that is given up while somebody may still be about to use it.

use super::fixtures::*;
use super::openings;
use crate::domain::names::ObjectName;
use crate::domain::scheduling::situation::{Cancel, Refusal};
use crate::domain::scheduling::{Outcome, StepState, decide, shares};

fn acts(given: &Given) -> Vec<String> {
    told(&decide(&given.0)).0
}

fn of_shop(given: &Given) -> StepState {
    decide(&given.0).steps.iter().find(|s| s.name == "shop").expect("the step").state
}

/// The shop has a grant that counts no more.
fn given_up() -> [Given; 2] {
    let other_content = ready().granted("shop", "08:59:58").workload("data", |w| w.template = "sha256:new".into());
    [ready().granted("shop", "08:59:55"), other_content]
}

#[test]
fn a_grant_that_counts_no_more_keeps_what_it_uses_until_it_is_taken_back() {
    for given in given_up() {
        let given = given.requires("shop", "db", 1);
        assert!(acts(&given).contains(&"withdraw shop".to_owned()), "{:?}", acts(&given));
        assert_eq!(of_shop(&given), StepState::Granted, "whoever granted it may be about to let it go");
        let withdrawn = given.workload("shop", |w| w.version = "8".into());
        assert!(!acts(&withdrawn).contains(&"withdraw shop".to_owned()));
        assert_eq!(of_shop(&withdrawn), StepState::Waiting);
    }
}

#[test]
fn nothing_keeps_a_grant_from_being_taken_back() {
    type Closed = fn(Given) -> Given;
    let closed: [Closed; 5] = [
        Given::paused,
        |g| g.frozen("08:00:00", "10:00:00"),
        |g| g.with(|s| s.stopped = Some("fire".into())),
        |g| g.with(|s| s.policies_missing.push("guard".into())),
        |g| g.team("shop", |t| t.consents.clear()),
    ];
    for given in given_up() {
        for close in closed {
            assert_eq!(acts(&close(given.clone())), ["withdraw shop"]);
        }
    }
}

#[test]
fn a_write_that_was_refused_is_not_tried_again_at_once_and_the_step_stays_granted() {
    let [given, _] = given_up();
    let until = at("09:01:00");
    let refused = given.paused().with(|s| {
        s.refused.insert("shop".into(), (until, Refusal::NotAllowed("no".into())));
    });
    assert_eq!(acts(&refused), Vec::<String>::new());
    assert_eq!((of_shop(&refused), decide(&refused.0).look_again), (StepState::Granted, Some(until)));
}

#[test]
fn a_release_has_not_ended_before_its_grants_are_taken_back() {
    let granted = ready().consenting().granted("shop", "08:59:58");
    let cancelled = granted.clone().with(|s| s.release.cancel = Some(Cancel { keep: false, reason: "no".into() }));
    check(&cancelled, &["withdraw shop"], &[]);
    assert_eq!(decide(&cancelled.0).outcome, Outcome::Waiting);
    let back = granted.going_back();
    check(&back, &["withdraw shop"], &[]);
    assert_eq!(decide(&back.0).outcome, Outcome::RollingBack);
    let withdrawn = |given: Given| given.workload("shop", |w| w.version = "8".into());
    assert_eq!(decide(&withdrawn(cancelled).0).outcome, Outcome::Cancelled);
    let back = withdrawn(back);
    check(&back, &["hold-back data", "hold-back shop"], &[]);
    let on_record = back.held_back("data").held_back("shop");
    assert!(matches!(decide(&on_record.0).outcome, Outcome::RolledBack { .. }));
}

/// Both have granted the same and see it.
fn rival_granted(time: &str) -> Given {
    let given = ready().requires("shop", "db", 1).signed().granted("shop", "08:59:58").in_use("data", "db", 1);
    given.with(|s| s.in_use[0].granted = Some(at(time)))
}

#[test]
fn of_two_grants_that_meet_the_later_gives_way_and_the_earlier_waits_for_that() {
    let later = rival_granted("08:59:57");
    assert!(acts(&later).contains(&"withdraw shop".to_owned()), "{:?}", acts(&later));
    for time in ["08:59:58", "08:59:59"] {
        let mut earlier = rival_granted(time);
        earlier.0.in_use[0].release = ObjectName::new("releases", "zebra");
        assert!(acts(&earlier).iter().all(|act| !act.ends_with("shop")), "{:?}", acts(&earlier));
        assert_eq!(of_shop(&earlier), StepState::Granted);
        let alone = earlier.with(|s| s.in_use.clear());
        assert!(acts(&alone).contains(&"release shop".to_owned()));
    }
    let mut same = rival_granted("08:59:58");
    same.0.in_use[0].release = ObjectName::new("a", "a");
    assert!(acts(&same).contains(&"withdraw shop".to_owned()), "of two of the same instant the name decides");
    let enough = rival_granted("08:59:57").with(|s| s.resources.extend([("db".into(), 2)]));
    assert!(acts(&enough).contains(&"release shop".to_owned()), "there is enough for both");
}

#[test]
fn a_step_shares_what_others_may_grant_at_the_same_time() {
    let shared = |given: Given| shares(&given.0, given.0.release.steps.iter().find(|s| s.name == "shop").expect("one"));
    assert!(!shared(ready()) && !shared(ready().allowed("08:00:00", "10:00:00")));
    assert!(shared(ready().requires("shop", "db", 1)));
    assert!(shared(ready().team("shop", |t| t.parallel_steps = Some(2))));
    assert!(shared(openings::releases(1)), "an opening has room for one");
}
