//! What had gone more than once, and what had not gone, when its release goes back.

use super::fixtures::*;
use super::undo::{both_out, outcome};
use crate::domain::scheduling::situation::OnFailure;
use crate::domain::scheduling::{Act, Outcome, decide, released_by, taken_over};
use crate::domain::workload::{Hold, Progress, held_back};

impl Given {
    /// It never went, and is remembered as what goes back with its release.
    pub fn held_back(self, of: &str) -> Self {
        self.workload(of, |w| w.rolled_back = Some(format!("sha256:older {}", held_back(&w.template))))
    }
}

#[test]
fn what_was_granted_and_may_still_go_is_taken_back_before_anything_beneath_it_goes_back() {
    let only_data = in_order().consenting().released("data", "08:50:00", Progress::Done).granted("shop", "08:51:00");
    let granted = only_data.going_back();
    check(&granted, &["withdraw shop"], &["RC094 data"]);
    assert_eq!(outcome(&granted), Outcome::RollingBack);
    check(&granted.workload("shop", |w| w.version = "8".into()), &["roll-back data"], &[]);
}

#[test]
fn a_failure_sends_back_what_is_beneath_a_grant_as_soon_as_that_is_taken_back() {
    let failed = Progress::Failed { at: None, why: "crash".into() };
    let given = in_order().consenting().with(|s| s.release.on_failure = OnFailure::Rollback);
    let granted = given.released("data", "08:50:00", failed).granted("shop", "08:59:58");
    check(&granted, &["withdraw shop"], &["RC094 data"]);
    assert!(decide(&granted.0).rollback.is_some(), "it has begun");
    let opted_out = granted.team("data", |t| t.consents.clear());
    assert_eq!(decide(&opted_out.0).rollback, None, "nothing can go back");
}

/// The release let go of the shop twice, or is about to: what it let go first runs.
fn shop_again() -> Given {
    let mended = both_out().workload("shop", |w| {
        (w.template, w.hold, w.version) = ("sha256:mended".into(), Hold::Held, "10".into());
    });
    let (former, replaced) = taken_over(&mended.0, "shop").expect("what runs is the step's own");
    let former = former.cloned();
    assert_eq!(replaced.iter().map(|r| r.template.as_str()).collect::<Vec<_>>(), ["sha256:shop"]);
    mended.granted("shop", "08:59:58").with(|s| {
        let record = s.record.steps.get_mut("shop").expect("granted");
        record.finished = None;
        let grant = record.grant.as_mut().expect("granted");
        (grant.former, grant.replaced) = (former, replaced);
    })
}

#[test]
fn a_rollback_goes_to_what_ran_before_the_release_however_often_it_has_let_something_go() {
    let rolled_back = |given: &Given| match decide(&given.0).acts.as_slice() {
        [Act::RollBack { former, from, .. }] => (former.name.clone(), from.join(", ")),
        other => panic!("{other:?}"),
    };
    let words = released_by(&shop_again().0.release.name, "shop", &shop_again().digest());
    let both_went = shop_again().going_back().workload("shop", |w| {
        (w.released, w.hold, w.version) = (Some(words), Hold::Free, "11".into());
    });
    assert_eq!(rolled_back(&both_went), ("shop-old".to_owned(), "sha256:mended, sha256:shop".to_owned()));
    let third = both_went.clone().workload("shop", |w| (w.template, w.hold) = ("sha256:third".into(), Hold::Held));
    let (_, replaced) = taken_over(&third.0, "shop").expect("what runs is the step's own");
    assert_eq!(replaced.iter().map(|r| r.template.as_str()).collect::<Vec<_>>(), ["sha256:shop", "sha256:mended"]);

    let never_went = shop_again().going_back();
    assert_eq!(rolled_back(&never_went), ("shop-old".to_owned(), "sha256:shop".to_owned()), "what runs goes back");
    let taken_back = never_went.workload("shop", |w| w.version = "11".into());
    assert_eq!(rolled_back(&taken_back), rolled_back(&shop_again().going_back()));
    let healthy = taken_back.put_back("shop", "08:59:00", Progress::Done);
    let Act::Unpin { template, .. } = decide(&healthy.0).acts.remove(0) else { panic!("it is healthy") };
    assert_eq!(template, "sha256:shop", "what was rolled back is what ran");
    let back = healthy.workload("shop", |w| (w.rollback, w.rolled_back) = (None, Some("sha256:shop".into())));
    check(&back, &["roll-back data"], &[]);
}

#[test]
fn what_is_held_over_a_version_that_went_back_and_never_went_is_held_back_too() {
    let over = both_out().going_back().back("shop").back("data").workload("shop", |w| {
        (w.template, w.hold) = ("sha256:newer".into(), Hold::Held);
    });
    check(&over, &[], &[]);
    assert_eq!(outcome(&over), Outcome::RolledBack { complete: true }, "it came after its step was done");
    let of_the_release = over.with(|s| s.record.steps.get_mut("shop").expect("granted").finished = None);
    check(&of_the_release, &["hold-back shop"], &[]);
}

#[test]
fn what_never_went_is_held_back_with_the_release_and_not_forgotten() {
    let released = || in_order().consenting().released("data", "08:50:00", Progress::Done).going_back();
    let back = || released().back("data");
    check(&back(), &["hold-back shop"], &[]);
    assert_eq!(outcome(&back()), Outcome::RollingBack, "it ends once that is on record");
    let Act::HoldBack { template, version, .. } = decide(&back().0).acts.remove(0) else {
        panic!("it is held back");
    };
    assert_eq!((template.as_str(), version.as_str()), ("sha256:shop", "7"));
    let nothing_is_left = [
        ("remembered", back().held_back("shop")),
        ("taken back", back().workload("shop", |w| w.runs_already = true)),
        ("of later", back().finished("shop", "08:51:00")),
        ("another's", back().claimed("shop")),
        ("opted out", back().team("shop", |t| t.consents.clear())),
    ];
    for (what, given) in nothing_is_left {
        let decision = decide(&given.0);
        let over = Outcome::RolledBack { complete: true };
        assert_eq!((decision.acts.as_slice(), decision.outcome), (&[][..], over), "{what}");
    }
    let moving = released().put_back("data", "08:59:00", Progress::NotObserved);
    check(&moving, &[], &[]);
    let stopped = back().with(|s| s.stopped = Some("INC-9".into()));
    check(&stopped, &[], &["RC002 *"]);
    assert_eq!(outcome(&stopped), Outcome::RollingBack);
}
