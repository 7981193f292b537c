//! What the API server does not let rollcall do is said wherever it was decided on, and tried again later.

use super::fixtures::*;
use crate::domain::scheduling::situation::{Cancel, Refusal};
use crate::domain::scheduling::{Outcome, StepState, decide};
use crate::domain::workload::Progress;

fn refused(given: Given, until: &str) -> Given {
    let said = Refusal::NotAllowed("cannot patch resource".into());
    given.with(|s| drop(s.refused.insert("shop".into(), (at(until), said))))
}

#[test]
fn a_step_that_may_not_be_touched_waits_and_the_others_go() {
    let given = refused(ready(), "09:00:30");
    check(&given, &["grant data"], &["RC022 shop"]);
    assert_eq!(decide(&given.0).look_again, Some(at("09:00:30")));
    check(&refused(ready(), "09:00:00"), &["grant data", "grant shop"], &[]);
}

#[test]
fn a_workload_that_is_back_and_may_not_be_let_loose_says_why_it_stays_pinned() {
    let back = ready().consenting().released("shop", "08:50:00", Progress::Done).going_back();
    let back = back.put_back("shop", "08:59:00", Progress::Done);
    check(&back, &["unpin shop"], &[]);
    let stays = refused(back, "09:00:30");
    check(&stays, &[], &["RC022 shop"]);
    let decision = decide(&stays.0);
    assert_eq!((decision.outcome, decision.look_again), (Outcome::RollingBack, Some(at("09:00:30"))));
}

#[test]
fn a_cancelled_release_has_not_ended_while_it_may_not_mark_or_let_loose_what_it_holds() {
    let cancel = |s: &mut crate::domain::scheduling::Situation| {
        s.release.cancel = Some(Cancel { keep: true, reason: "not today".into() });
    };
    let kept = refused(ready(), "09:00:30").with(cancel);
    check(&kept, &["keep data"], &["RC022 shop"]);
    let pinned = ready().consenting().released("shop", "08:50:00", Progress::Done).going_back();
    let pinned = refused(pinned.put_back("shop", "08:59:00", Progress::NotObserved).missing("data"), "09:00:30");
    let pinned = pinned.with(cancel);
    check(&pinned, &[], &["RC022 shop"]);
    let decision = decide(&pinned.0);
    assert_eq!((decision.outcome, decision.look_again), (Outcome::Waiting, Some(at("09:00:30"))));
}

#[test]
fn a_grant_that_may_not_be_taken_back_is_told() {
    let granted = ready().granted("shop", "08:00:00").with(|s| s.release.paused = true);
    let given = refused(granted, "09:00:30");
    let (acts, blockers) = told(&decide(&given.0));
    assert!(acts.is_empty() && blockers.contains(&"RC022 shop".to_owned()), "{acts:?} {blockers:?}");
    assert_eq!(blockers.iter().filter(|b| *b == "RC022 shop").count(), 1, "once: {blockers:?}");
}

#[test]
fn a_former_version_that_does_not_get_well_in_time_says_what_it_waits_for() {
    let back = ready().consenting().released("shop", "08:00:00", Progress::Done).going_back();
    let stuck = back.put_back("shop", "08:20:00", Progress::Progressing("1 of 2 updated".into()));
    let view = decide(&stuck.0).steps.into_iter().find(|s| s.name == "shop").expect("a step");
    assert_eq!(view.state, StepState::Failed);
    assert!(view.note.contains("not healthy within 30 min: 1 of 2 updated"), "{}", view.note);
}
