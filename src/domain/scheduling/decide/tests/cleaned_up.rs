//! Jobs that ended and are gone, as `ttlSecondsAfterFinished` has it; and content that was rolled back before.

use super::fixtures::*;
use crate::domain::names::{Kind, WorkloadName};
use crate::domain::scheduling::situation::{Request, Work};
use crate::domain::scheduling::{StepState, decide};
use crate::domain::workload::Progress;

/// The workload of a step is a Job, and everybody has signed that.
fn as_job(given: Given, of: &str) -> Given {
    let changed = given.with(|s| {
        let step = s.release.steps.iter_mut().find(|step| step.name == of).expect("a step");
        let Work::Workload(name) = &mut step.work else { panic!("a workload") };
        let mut workload = s.workloads.remove(name).expect("there is one");
        name.kind = Kind::Job;
        workload.name = name.clone();
        s.workloads.insert(name.clone(), workload);
    });
    let changed = changed.team(of, |t| _ = t.listed.insert((Kind::Job, format!("{of}-app"))));
    changed.unsigned("data").unsigned("shop").signed()
}

fn gone(given: Given, of: &str) -> Given {
    let name = WorkloadName { kind: Kind::Job, namespace: of.into(), name: format!("{of}-app") };
    given.with(|s| drop(s.workloads.remove(&name).expect("it was there")))
}

/// The first of two steps is a Job that was let go, and complete at some time.
fn migrated() -> Given {
    as_job(in_order().released("data", "08:50:00", Progress::Done).finished("data", "08:55:00"), "data")
}

#[test]
fn a_job_that_was_complete_and_is_gone_stays_done_and_nobody_has_to_sign_anew() {
    let (before, after) = (decide(&migrated().0), decide(&gone(migrated(), "data").0));
    assert_eq!(before.digest, after.digest);
    assert_eq!(told(&after), (vec!["grant shop".to_owned()], vec![]));
    let step = &after.steps[0];
    let note = "Job data/data-app is complete, and was cleaned up since";
    assert_eq!((step.state, step.note.as_str(), step.finished), (StepState::Done, note, Some(at("08:55:00"))));
}

#[test]
fn a_job_that_had_run_before_the_release_and_is_gone_may_be_about_to_be_replaced() {
    let ran = || as_job(two_steps().unchanged("data").finished("data", "08:20:00"), "data");
    let digest = decide(&gone(ran(), "data").0).digest;
    let since = |time: &str| {
        let missing = gone(ran(), "data").unsigned("data").unsigned("shop").signed();
        decide(&missing.with(|s| s.record.digest = Some((digest.clone(), at(time)))).0)
    };
    let (acts, blockers) = told(&since("08:59:50"));
    assert!(acts.is_empty() && blockers.contains(&"RC083 data".to_owned()), "{acts:?} {blockers:?}");
    assert_eq!(told(&since("08:59:20")), (vec!["grant shop".to_owned()], vec![]));
}

#[test]
fn a_job_that_is_gone_before_it_was_seen_complete_has_to_come_again() {
    let unseen = migrated().with(|s| s.record.steps.get_mut("data").expect("recorded").finished = None);
    let (acts, blockers) = told(&decide(&gone(unseen, "data").0));
    assert!(acts.is_empty() && blockers.contains(&"RC081 data".to_owned()), "{acts:?} {blockers:?}");
}

#[test]
fn what_a_job_builds_on_stays_where_it_is_though_the_job_is_gone() {
    let asked = |given: Given| {
        given.consenting().with(|s| {
            s.release.asked_back = Some(Request { by: "olga".into(), reason: "INC-7".into() });
        })
    };
    let both = in_order().released("data", "08:40:00", Progress::Done).finished("data", "08:41:00").released(
        "shop",
        "08:50:00",
        Progress::Done,
    );
    let done = as_job(both.clone().finished("shop", "08:55:00"), "shop");
    check(&asked(done.clone()), &[], &["RC096 data", "RC096 shop"]);
    check(&asked(gone(done, "shop")), &[], &["RC096 data", "RC096 shop"]);
    // Nobody saw it complete; it may have been.
    check(&asked(gone(as_job(both, "shop"), "shop")), &[], &["RC096 data", "RC096 shop"]);
}

#[test]
fn words_for_what_was_rolled_back_before_count_until_all_of_it_has_gone() {
    let flagged = |given: Given, of: &str| given.workload(of, |w| w.rolled_back = Some(w.template.clone()));
    let again = flagged(flagged(two_steps(), "data"), "shop").signed();
    check(&again, &["grant data"], &["RC071 shop"]);
    let digest = again.digest();
    let went = again.released("data", "08:50:00", Progress::Done).finished("data", "08:55:00");
    // Letting it go takes the mark from the workload.
    let went = went.workload("data", |w| w.rolled_back = None);
    assert_eq!(went.digest(), digest);
    check(&went, &["grant shop"], &[]);
}
