//! How a release ends otherwise than well, and what a person does by hand.

use super::fixtures::*;
use crate::domain::names::ObjectName;
use crate::domain::scheduling::situation::{Cancel, Request, TaskDone, Work};
use crate::domain::scheduling::{Outcome, StepState, decide};
use crate::domain::workload::Progress;

fn cancelled(given: Given, keep: bool) -> Given {
    given.with(|s| s.release.cancel = Some(Cancel { keep, reason: "not today".into() }))
}

#[test]
fn a_cancelled_release_ends_and_touches_nothing() {
    for given in [ready(), ready().released("data", "08:50:00", Progress::NotObserved), ready().paused()] {
        let decision = decide(&cancelled(given, false).0);
        assert_eq!((decision.acts.as_slice(), decision.outcome), (&[][..], Outcome::Cancelled));
    }
}

#[test]
fn what_it_holds_is_marked_first_if_it_is_to_stay_held() {
    let given = cancelled(ready().released("data", "08:50:00", Progress::Done), true);
    check(&given, &["keep shop"], &[]);
    assert_eq!(decide(&given.0).outcome, Outcome::Waiting);
    let marked = given.workload("shop", |w| w.claim = Some(ObjectName::new("releases", "checkout")));
    check(&marked, &[], &[]);
    assert_eq!(decide(&marked.0).outcome, Outcome::Cancelled);
    let opted_out = cancelled(ready(), true).team("shop", |t| t.consents.clear());
    check(&opted_out, &["keep data"], &[]);
    let others = cancelled(ready().claimed("shop"), true);
    check(&others, &["keep data"], &[]);
}

#[test]
fn what_it_pinned_is_let_loose_first() {
    let given = ready().consenting().released("shop", "08:50:00", Progress::Done).going_back();
    let given = cancelled(given.put_back("shop", "08:59:00", Progress::NotObserved), false);
    check(&given, &["unpin shop"], &[]);
    check(&given.back("shop"), &[], &[]);
}

#[test]
fn while_everything_is_stopped_a_cancelled_release_waits_to_mark_what_it_holds_and_says_so() {
    let stopped = |given: Given| given.with(|s| s.stopped = Some("INC-9".into()));
    let keeping = stopped(cancelled(ready(), true));
    check(&keeping, &[], &["RC002 *"]);
    assert_eq!(decide(&keeping.0).outcome, Outcome::Waiting);
    assert_eq!(decide(&stopped(cancelled(ready(), false)).0).outcome, Outcome::Cancelled, "there is nothing to do");
}

fn asked(given: Given) -> Given {
    given.with(|s| s.release.asked_back = Some(Request { by: "olga".into(), reason: "INC-7".into() }))
}

#[test]
fn a_rollback_that_is_asked_for_needs_no_failure() {
    let given = ready().consenting().released("shop", "08:50:00", Progress::Done);
    check(&asked(given.clone()), &["roll-back shop"], &[]);
    let began = decide(&asked(given).0).rollback.expect("begun");
    assert_eq!(began.cause, "olga asked for it: INC-7");
}

#[test]
fn asked_for_before_anything_went_it_holds_all_back_and_ends_the_release() {
    check(&asked(ready()), &["hold-back data", "hold-back shop"], &[]);
    let both = asked(ready()).held_back("data").held_back("shop");
    check(&both, &[], &[]);
    assert_eq!(decide(&both.0).outcome, Outcome::RolledBack { complete: true });
}

/// `data` is somebody's task, then comes `shop`.
fn task_first() -> Given {
    in_order().step("data", |s| s.work = Work::Task("flip the switch".into())).signed()
}

fn done(given: Given, step: &str, digest: &str, by: &str) -> Given {
    let release = given.0.release.name.clone();
    let done = TaskDone { release, step: step.into(), digest: digest.into(), by: by.into() };
    given.team("data", |t| t.tasks_done.push(done))
}

#[test]
fn a_task_is_open_until_somebody_of_the_team_says_that_it_is_done() {
    let open = task_first();
    check(&open, &[], &["RC086 data", "RC071 shop"]);
    let decision = decide(&open.0);
    assert_eq!(decision.outcome, Outcome::Waiting);
    assert_eq!(decision.steps[0].started, Some(at("09:00:00")));
    let said = decision.blockers.iter().find(|b| b.cause.code().0 == 86).expect("open").cause.remedy();
    assert!(said.contains("step data") && said.contains(&decision.digest), "{said}");

    let given = done(open.clone(), "data", &open.digest(), "dana");
    check(&given, &["grant shop"], &[]);
    let view = decide(&given.0).steps[0].clone();
    assert_eq!((view.state, view.done_by.as_deref()), (StepState::Done, Some("dana")));
    assert_eq!(view.finished, Some(at("09:00:00")));
}

#[test]
fn a_word_for_another_step_another_content_or_of_nobody_does_no_task() {
    let open = task_first();
    let digest = open.digest();
    for (step, digest, by) in [("shop", digest.as_str(), "dana"), ("data", "sha256:old", "dana"), ("data", &digest, "")]
    {
        check(&done(open.clone(), step, digest, by), &[], &["RC086 data", "RC071 shop"]);
    }
}

#[test]
fn a_task_that_was_done_stays_done_when_content_changes_or_the_word_is_taken_back() {
    let given = task_first().with(|s| {
        let record = s.record.steps.entry("data".into()).or_default();
        record.finished = Some(at("08:55:00"));
        record.done_by = Some("dana".into());
    });
    check(&given, &["grant shop"], &[]);
    let changed = given.workload("shop", |w| w.template = "sha256:new".into());
    assert_eq!(decide(&changed.0).steps[0].state, StepState::Done);
}

#[test]
fn a_task_is_not_due_in_a_release_that_is_stopped_and_fails_after_its_own_time_only() {
    assert_eq!(decide(&task_first().paused().0).steps[0].state, StepState::Waiting);
    let stopped = task_first().with(|s| s.stopped = Some("x".into()));
    assert_eq!(decide(&stopped.0).steps[0].state, StepState::Waiting);
    let begun = task_first().with(|s| s.record.steps.entry("data".into()).or_default().started = Some(at("08:30:00")));
    check(&begun, &[], &["RC073 shop", "RC092 data", "RC093 shop"]);
    let patient = begun.step("data", |s| s.timeout = chrono::TimeDelta::hours(1));
    check(&patient, &[], &["RC086 data", "RC071 shop"]);
}
