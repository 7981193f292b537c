//! Where steps stand: order, grants, failures, unchanged content, waits, and the digest.

use chrono::TimeDelta;
use serde_json::json;

use super::fixtures::*;
use crate::domain::scheduling::situation::{OnFailure, Step, Work};
use crate::domain::scheduling::{Act, Outcome, StepState, decide, taken_over};
use crate::domain::workload::{Hold, Progress};

fn states(given: &Given) -> Vec<StepState> {
    decide(&given.0).steps.iter().map(|s| s.state).collect()
}

#[test]
fn a_step_goes_when_the_one_before_it_is_done_and_has_soaked() {
    let soaking = in_order()
        .step("data", |s| s.soak = TimeDelta::minutes(10))
        .released("data", "08:40:00", Progress::Done)
        .finished("data", "08:55:00");
    check(&soaking, &[], &["RC072 shop"]);
    assert_eq!(decide(&soaking.0).look_again, Some(at("09:05:00")));
    check(&soaking.clone().at("09:04:59"), &[], &["RC072 shop"]);
    check(&soaking.at("09:05:00"), &["grant shop"], &[]);
}

#[test]
fn a_soak_begins_when_the_step_is_first_seen_done() {
    let given =
        in_order().step("data", |s| s.soak = TimeDelta::minutes(10)).released("data", "08:40:00", Progress::Done);
    assert_eq!(decide(&given.0).look_again, Some(at("09:10:00")));
}

#[test]
fn what_is_no_longer_healthy_before_it_has_soaked_is_not_done_and_soaks_anew() {
    let moving = || Progress::Progressing("1 of 2".into());
    let given = in_order()
        .step("data", |s| s.soak = TimeDelta::minutes(10))
        .released("data", "08:54:00", moving())
        .finished("data", "08:55:00");
    let state = |given: &Given| {
        let view = decide(&given.0).steps.remove(0);
        (view.state, view.finished)
    };
    assert_eq!(state(&given), (StepState::Progressing, None));
    check(&given, &[], &["RC071 shop"]);
    assert_eq!(decide(&given.0).look_again, Some(at("09:05:00")), "it may have become what was done");
    let soaked = given.at("09:05:00");
    assert_eq!(state(&soaked), (StepState::Done, Some(at("08:55:00"))), "what was done and has soaked stays done");
    check(&soaked, &["grant shop"], &[]);
}

#[test]
fn the_last_step_that_soaks_is_still_on_its_way() {
    let given = ready()
        .step("shop", |s| s.soak = TimeDelta::minutes(10))
        .released("data", "08:50:00", Progress::Done)
        .released("shop", "08:50:00", Progress::Done);
    let decision = decide(&given.0);
    assert_eq!((decision.outcome, decision.look_again), (Outcome::RollingOut, Some(at("09:10:00"))));
}

#[test]
fn a_grant_is_for_one_version_of_one_content_of_one_object() {
    let granted = ready().granted("shop", "08:59:58");
    check(&granted, &["grant data", "release shop"], &[]);
    let others: [fn(Given) -> Given; 3] = [
        |g| g.workload("shop", |w| w.version = "9".into()),
        |g| g.workload("shop", |w| w.template = "sha256:new".into()),
        |g| g.workload("shop", |w| w.uid = "uid-new".into()),
    ];
    for other in others {
        let given = other(granted.clone()).unsigned("data").unsigned("shop").signed();
        check(&given, &["grant data", "grant shop"], &[]);
    }
    let other_plan = granted.with(|s| s.release.plan = json!("other"));
    let signed = other_plan.unsigned("data").unsigned("shop").signed();
    check(&signed, &["grant data", "withdraw shop"], &[]);
}

#[test]
fn a_grant_that_is_five_seconds_old_is_void_and_everything_is_asked_again() {
    let granted = ready().granted("shop", "09:00:00");
    assert_eq!(decide(&granted.0).look_again, Some(at("09:00:05")));
    let just = granted.clone().at("09:00:04");
    check(&just, &["grant data", "release shop"], &[]);
    let void = granted.at("09:00:05");
    check(&void, &["grant data", "withdraw shop"], &[]);
    let withdrawn = void.workload("shop", |w| w.version = "8".into());
    check(&withdrawn, &["grant data", "grant shop"], &[]);
    check(&withdrawn.unsigned("shop").team("shop", |t| t.rules.withdrawal_halts = true), &[], &["RC051 *"]);
}

#[test]
fn what_was_released_is_not_released_again() {
    for progress in
        [Progress::NotObserved, Progress::Progressing("1 of 2".into()), Progress::Done, Progress::PausedByAuthor]
    {
        let given = ready().released("data", "08:59:00", progress.clone()).released("shop", "08:59:00", progress);
        assert_eq!(decide(&given.0).acts, []);
    }
}

#[test]
fn a_grant_names_what_was_decided_on() {
    let decision = decide(&ready().0);
    let workload = held_workload("data");
    let expected = Act::Grant {
        step: "data".into(),
        workload: workload.name,
        uid: workload.uid,
        version: workload.version,
        template: workload.template,
        overridden: None,
    };
    assert_eq!(decision.acts[0], expected);
}

fn three() -> Given {
    let mut extra: Option<Step> = None;
    two_steps()
        .parallel()
        .step("shop", |s| extra = Some(s.clone()))
        .with(|s| {
            // A second step of the shop's, after `data`, and on the same workload as nothing else.
            let mut late = extra.take().expect("a step");
            late.name = "late".into();
            late.depends_on = vec!["data".into()];
            late.work = Work::Wait(TimeDelta::minutes(1));
            late.participant = None;
            s.release.steps.push(late);
        })
        .signed()
}

#[test]
fn a_failure_stops_all_further_steps_or_only_those_that_depend_on_it() {
    let stopped = ["RC073 late", "RC091 data", "RC093 shop", "RC093 late"];
    let halts = three().failed("data");
    check(&halts, &[], &stopped);
    assert_eq!(decide(&halts.0).outcome, Outcome::Failed);
    let goes_on = three().with(|s| s.release.on_failure = OnFailure::Continue).failed("data");
    check(&goes_on, &["grant shop"], &["RC073 late", "RC091 data"]);
    let own_rule = three().step("data", |s| s.on_failure = Some(OnFailure::Continue)).failed("data");
    check(&own_rule, &["grant shop"], &["RC073 late", "RC091 data"]);
}

#[test]
fn a_failure_stops_a_step_that_was_granted_and_not_let_go() {
    let given = ready().granted("shop", "08:59:58").failed("data");
    check(&given, &[], &["RC091 data", "RC093 shop"]);
}

#[test]
fn a_step_that_is_not_done_in_time_has_failed_at_the_end_of_its_time() {
    let given = ready().released("shop", "08:30:01", Progress::NotObserved);
    assert_eq!(decide(&given.0).look_again, Some(at("09:00:01")));
    assert_eq!(states(&given)[1], StepState::Progressing);
    assert_eq!(states(&given.at("09:00:01"))[1], StepState::Failed);
    let paused = ready().released("shop", "08:30:01", Progress::PausedByAuthor);
    assert_eq!(decide(&paused.0).look_again, Some(at("09:00:01")));
    check(&paused.at("09:00:01"), &[], &["RC093 data", "RC092 shop"]);
}

#[test]
fn what_was_done_stays_done_when_it_is_scaled_later() {
    let given =
        in_order().released("data", "08:00:00", Progress::Progressing("2 of 3".into())).finished("data", "08:10:00");
    check(&given, &["grant shop"], &[]);
}

#[test]
fn a_failure_from_before_the_release_does_not_count() {
    let failed = |time: &str| Progress::Failed { at: Some(at(time)), why: "deadline".into() };
    let before = ready().released("shop", "08:50:00", failed("08:49:58"));
    assert_eq!(states(&before)[1], StepState::Progressing);
    let same_second = ready().released("shop", "08:50:00", failed("08:49:59"));
    assert_eq!(states(&same_second)[1], StepState::Failed);
}

#[test]
fn unchanged_content_settles_and_is_then_done() {
    let given = ready().unchanged("shop").seen_since("08:59:50");
    check(&given, &["grant data"], &["RC083 shop"]);
    assert_eq!(decide(&given.0).look_again, Some(at("09:00:20")));
    let settled = given.at("09:00:20");
    check(&settled, &["grant data"], &[]);
    assert_eq!(states(&settled)[1], StepState::Done);
    assert!(decide(&settled.0).steps[1].note.contains("nothing to release"));
}

#[test]
fn content_settles_anew_when_what_would_ship_changes() {
    let given = ready().unchanged("shop").with(|s| s.record.digest = Some(("sha256:old".into(), at("08:00:00"))));
    check(&given, &["grant data"], &["RC083 shop"]);
    let young = ready().unchanged("shop").seen_since("08:00:00").with(|s| s.release.created = at("08:59:40"));
    assert_eq!(decide(&young.0).look_again, Some(at("09:00:10")));
}

#[test]
fn a_release_with_nothing_to_do_completes_without_any_word() {
    let given = two_steps().unchanged("data").unchanged("shop").seen_since("08:00:00");
    check(&given, &[], &[]);
    let outcome = decide(&given.0).outcome;
    assert_eq!(outcome, Outcome::Completed { nothing_to_do: true });
    let one_went = ready().unchanged("data").seen_since("08:00:00").released("shop", "08:50:00", Progress::Done);
    let outcome = decide(&one_went.0).outcome;
    assert_eq!(outcome, Outcome::Completed { nothing_to_do: false });
}

fn waiting_first() -> Given {
    two_steps()
        .step("data", |s| {
            s.work = Work::Wait(TimeDelta::minutes(10));
            s.participant = None;
        })
        .signed()
}

#[test]
fn a_wait_takes_as_long_as_it_says_from_when_it_began() {
    let given = waiting_first();
    check(&given, &[], &["RC071 shop"]);
    assert_eq!(decide(&given.0).look_again, Some(at("09:10:00")));
    let begun = given.with(|s| {
        s.record.steps.entry("data".into()).or_default().started = Some(at("08:55:00"));
    });
    assert_eq!(decide(&begun.0).look_again, Some(at("09:05:00")));
    check(&begun.at("09:05:00"), &["grant shop"], &[]);
}

#[test]
fn a_wait_does_not_begin_in_a_release_that_is_paused_or_too_early() {
    assert_eq!(states(&waiting_first().paused())[0], StepState::Waiting);
    let early = waiting_first().with(|s| s.release.not_before = Some(at("09:30:00")));
    assert_eq!(states(&early)[0], StepState::Waiting);
    assert_eq!(decide(&early.0).look_again, Some(at("09:30:00")));
}

#[test]
fn the_digest_changes_with_all_that_would_ship_and_with_nothing_else() {
    let base = two_steps().digest();
    for (what, other) in [
        ("template", two_steps().workload("shop", |w| w.template = "x".into())),
        ("uid", two_steps().workload("shop", |w| w.uid = "x".into())),
        ("release uid", two_steps().with(|s| s.release.uid = "x".into())),
        ("plan", two_steps().with(|s| s.release.plan = json!("x"))),
        ("order", two_steps().with(|s| s.release.steps.reverse())),
        ("missing", two_steps().missing("shop")),
    ] {
        assert_ne!(other.digest(), base, "{what}");
    }
    for (what, other) in [
        ("paused", two_steps().paused()),
        ("version", two_steps().workload("shop", |w| w.version = "x".into())),
        ("progress", two_steps().unchanged("shop")),
        ("words", two_steps().signed()),
        ("windows", two_steps().frozen("08:00:00", "10:00:00")),
        ("time", two_steps().at("10:00:00")),
    ] {
        assert_eq!(other.digest(), base, "{what}");
    }
}

#[test]
fn a_past_instant_does_not_hide_one_to_come() {
    let given = in_order().released("data", "08:50:00", Progress::NotObserved).frozen("08:00:00", "10:00:00");
    assert_eq!(decide(&given.0).look_again, Some(at("09:20:00")));
}

#[test]
fn a_change_in_the_middle_of_a_rollout_is_told_until_it_may_go_and_what_it_replaced_is_nothing_to_go_back_to() {
    let moving = in_order().released("data", "08:55:00", Progress::Progressing("1 of 2".into()));
    let mut given = moving.workload("data", |w| (w.template, w.hold) = ("sha256:newer".into(), Hold::Held));
    for look in ["first", "second"] {
        let seen = decide(&given.0).steps[0].clone();
        assert_eq!(seen.state, StepState::Waiting);
        assert!(seen.note.contains("half-way"), "{look}: {}", seen.note);
        assert_eq!(seen.started, Some(at("08:55:00")), "{look}: what went has gone");
        // The status is what is read the next time.
        given = given.with(|s| {
            let record = s.record.steps.get_mut("data").expect("released");
            (record.started, record.finished) = (seen.started, seen.finished);
        });
    }
    let former = |given: &Given| taken_over(&given.0, "data").map(|(former, _)| former.map(|f| f.name.clone()));
    assert_eq!(former(&given), Some(Some("data-old".to_owned())));
    let done = given.clone().finished("data", "08:58:00");
    assert_eq!(former(&done), former(&given), "what else was let go goes back as far, done or not");
    assert_eq!(former(&given.clone().workload("data", |w| w.released = Some("break-glass".into()))), None);
    assert_eq!(former(&given.workload("data", |w| w.uid = "another".into())), None);
}
