//! Where a rule turns: the very instant, the other half of a condition, and what only the words of a status show.

use chrono::TimeDelta;

use super::super::Answers;
use super::fixtures::*;
use crate::domain::readiness::CheckState;
use crate::domain::scheduling::blocker::Cause;
use crate::domain::scheduling::gates::override_in_force;
use crate::domain::scheduling::situation::{
    Expectation, InUse, OnFailure, Refusal, Role, Skip, Step, StepRecord, Work,
};
use crate::domain::scheduling::{Decision, Outcome, StepState, StepView, decide, given_up, released_by};
use crate::domain::workload::{Hold, Progress};

fn step(decision: &Decision, name: &str) -> StepView {
    decision.steps.iter().find(|s| s.name == name).expect("the step").clone()
}

fn outcome(given: &Given) -> Outcome {
    decide(&given.0).outcome
}

fn moving() -> Progress {
    Progress::Progressing("1 of 2".into())
}

#[test]
fn what_is_given_up_stays_so_and_what_began_is_not() {
    let shop = |given: Given, change: fn(&mut StepRecord)| {
        given_up(&given.with(|s| change(s.record.steps.get_mut("shop").expect("granted"))).0, "shop")
    };
    let granted = ready().granted("shop", "08:59:58");
    assert_eq!(shop(granted.clone(), |_| ()), None);
    let withdrawn = shop(granted.clone(), |r| r.grant.as_mut().expect("a grant").withdrawn = Some(at("08:59:59")));
    assert_eq!(withdrawn, Some(at("08:59:59")), "though the version that it names is there still");
    let other = granted.workload("shop", |w| w.version = "9".into());
    assert_eq!(shop(other.clone(), |_| ()), Some(at("09:00:00")));
    assert_eq!(shop(other, |r| r.started = Some(at("08:59:59"))), None);
}

#[test]
fn a_grant_gives_way_only_to_one_that_wants_the_same() {
    let given = ready().granted("shop", "08:59:58").requires("shop", "db", 1).in_use("data", "db", 1).with(|s| {
        let elsewhere = InUse { granted: Some(at("08:59:50")), team: Some(name("ops")), ..s.in_use[0].clone() };
        s.in_use.push(InUse { requires: Default::default(), ..elsewhere });
    });
    let (acts, blockers) = told(&decide(&given.0));
    assert_eq!(acts, ["grant data"], "{blockers:?}");
    let earlier = given.with(|s| s.in_use[1].team = Some(name("shop")));
    assert!(told(&decide(&earlier.0)).0.contains(&"withdraw shop".to_owned()), "they take turns with the team");
}

#[test]
fn what_was_refused_is_tried_again_at_the_instant_that_was_set() {
    let given = ready().granted("shop", "08:59:55").paused();
    let refused = given.with(|s| drop(s.refused.insert("shop".into(), (at("09:00:00"), Refusal::FormerGone))));
    check(&refused, &["withdraw shop"], &["RC001 *"]);
}

#[test]
fn a_word_is_carried_on_as_long_as_the_teams_own_part_is_the_same() {
    let failed = ready().released("data", "08:50:00", Progress::Done).failed("shop");
    let recorded = decide(&failed.0).carried;
    let halted = failed.with(|s| s.record.carried = recorded.clone());
    let carried = |given: &Given| decide(&given.0).carried;
    let well = halted.clone().workload("shop", |w| w.progress = Progress::Done);
    assert_eq!(carried(&well), recorded, "it does not halt any more, and nothing has changed");
    let changed = well.clone().workload("shop", |w| w.template = "sha256:new".into());
    assert_eq!(carried(&changed), recorded[..1], "what shop signed is for another part");
    let one = well.with(|s| drop(s.record.carried.remove(0)));
    assert_eq!(carried(&one), recorded[1..]);
    let informed = halted.with(|s| s.release.participants.get_mut("data").expect("one").role = Role::Informed);
    assert!(carried(&informed).iter().all(|c| c.team == name("shop")), "whoever is only informed signs nothing");
}

#[test]
fn the_outcome_says_what_the_steps_do() {
    let done = || ready().released("data", "08:50:00", Progress::Done);
    let soaks = |given: Given| given.step("data", |s| s.soak = TimeDelta::minutes(30));
    let goes_on = |given: Given| given.with(|s| s.release.on_failure = OnFailure::Continue);
    assert_eq!(outcome(&ready()), Outcome::Waiting);
    assert_eq!(outcome(&ready().granted("shop", "08:59:58").unsigned("data").paused()), Outcome::RollingOut);
    assert_eq!(outcome(&ready().released("shop", "08:50:00", moving())), Outcome::RollingOut);
    assert_eq!(outcome(&soaks(done()).released("shop", "08:50:00", Progress::Done)), Outcome::RollingOut);
    assert_eq!(outcome(&soaks(done()).unsigned("shop").team("shop", |t| t.consents.clear())), Outcome::Waiting);
    assert_eq!(outcome(&soaks(goes_on(done())).failed("shop")), Outcome::Failed);
    assert_eq!(outcome(&goes_on(done()).failed("shop")), Outcome::Failed);
    assert_eq!(outcome(&goes_on(ready()).failed("shop").paused()), Outcome::Waiting, "data waits for other things");
    assert_eq!(outcome(&ready().failed("shop").paused()), Outcome::Failed);
}

#[test]
fn whether_a_failure_asks_for_a_rollback_is_read_from_the_step_that_failed() {
    let given = ready().released("data", "08:50:00", Progress::Done).failed("shop");
    let asks = given.step("shop", |s| s.on_failure = Some(OnFailure::Rollback));
    let refused = |given: &Given| {
        decide(&given.0).blockers.iter().filter(|b| matches!(b.cause, Cause::UndoRefused { .. })).count()
    };
    assert_eq!(refused(&asks), 2, "no team consents to it, so both say why nothing goes back");
    let other = asks.step("shop", |s| s.on_failure = None).step("data", |s| s.on_failure = Some(OnFailure::Rollback));
    assert_eq!(refused(&other), 0);
}

#[test]
fn nobody_looks_again_at_the_present_instant() {
    let mut answers = Answers::at(at("09:00:00"));
    answers.consider(Some(at("09:00:00")));
    assert_eq!(answers.look_again, None);
    answers.consider(Some(at("09:00:01")));
    assert_eq!(answers.look_again, Some(at("09:00:01")));
}

#[test]
fn an_override_ends_at_its_end_and_is_nobodys_without_a_stamp() {
    let until = |time| ready().overriding(&[Skip::Freeze], time);
    assert!(override_in_force(&until("09:00:01").0).is_some());
    assert!(override_in_force(&until("09:00:00").0).is_none());
    let unstamped = until("09:30:00").with(|s| s.release.over.as_mut().expect("one").by.clear());
    assert!(override_in_force(&unstamped.0).is_none());
}

#[test]
fn it_says_when_time_alone_may_change_the_answer() {
    let look_again = |given: &Given| decide(&given.0).look_again;
    let may_not = ready().team("shop", |t| {
        t.author_may_not.insert(crate::domain::names::Kind::Deployment);
    });
    assert_eq!(look_again(&may_not), Some(at("09:01:00")), "nobody tells when a right is given");
    let checked = ready().checked("shop", CheckState::Ready).at("09:00:30");
    assert_eq!(look_again(&checked), Some(at("09:02:00")), "a check counts for two minutes");
    let alone = ready().team("data", |t| t.rules.required.clear()).signed().checked("shop", CheckState::Ready);
    let words_end = at("08:30:00") + TimeDelta::days(1);
    assert_eq!(
        look_again(&alone.at("09:02:00")),
        Some(words_end),
        "what a check said has just ended, and hides nothing"
    );
    let soaking = in_order()
        .step("data", |s| s.soak = TimeDelta::minutes(10))
        .released("data", "08:40:00", Progress::Done)
        .finished("data", "08:55:00");
    assert_eq!(decide(&soaking.0).blockers[0].until, Some(at("09:05:00")), "the soak is that of the step waited for");
}

#[test]
fn the_instant_before_which_nothing_goes_is_not_before_itself() {
    let given = |time| ready().with(|s| s.release.not_before = Some(at(time)));
    check(&given("09:00:00"), &["grant data", "grant shop"], &[]);
    check(&given("09:00:01"), &[], &["RC031 *"]);
    let runs = |time| ready().unchanged("data").seen_since("08:00:00").with(|s| s.release.not_before = Some(at(time)));
    assert_eq!(step(&decide(&runs("09:00:00").0), "data").state, StepState::Done);
    assert_eq!(step(&decide(&runs("09:00:01").0), "data").state, StepState::Waiting);
}

#[test]
fn a_word_of_another_team_excuses_no_optional_one() {
    let given = ready().granted("data", "08:59:58");
    let given = given.with(|s| s.release.participants.get_mut("shop").expect("one").role = Role::Optional);
    let (acts, blockers) = told(&decide(&given.unsigned("shop").0));
    assert!(blockers.contains(&"RC051 shop".to_owned()), "{acts:?} {blockers:?}");
}

#[test]
fn who_has_a_resource_is_whoever_uses_some_of_it() {
    let given = ready().requires("shop", "db", 1).in_use("data", "db", 0).with(|s| {
        let holder = InUse { release: name("holder"), ..s.in_use[0].clone() };
        s.in_use.push(InUse { requires: [("db".to_owned(), 1)].into(), ..holder });
    });
    let by = decide(&given.0).blockers.into_iter().find_map(|b| match b.cause {
        Cause::ResourceTaken { by, .. } => Some(by),
        _ => None,
    });
    assert_eq!(by, Some(name("holder")));
}

#[test]
fn the_words_on_a_workload_name_the_release_the_step_and_the_digest() {
    let digest = "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    assert_eq!(released_by(&name("r"), "api", digest), "release r/r step api digest 015abd7f5cc5");
}

#[test]
fn new_content_over_an_unfinished_rollout_is_told() {
    let midway = ready().released("shop", "08:50:00", moving()).workload("shop", |w| {
        w.hold = Hold::Held;
        w.template = "sha256:new".into();
    });
    let told = |given: &Given| step(&decide(&given.0), "shop").note.contains("half-way");
    assert!(told(&midway));
    assert!(!told(&midway.clone().finished("shop", "08:55:00")), "its rollout was over");
    assert!(!told(&midway.clone().workload("shop", |w| w.uid = "uid-new".into())), "it is another object");
    assert!(!told(&midway.clone().workload("shop", |w| w.template = "sha256:shop".into())), "it is the same content");
    assert!(!told(&midway.with(|s| s.record.steps.get_mut("shop").expect("one").started = None)), "it never went");
}

#[test]
fn what_runs_already_is_done_only_while_the_release_may_go_on() {
    let runs = || ready().unchanged("data").seen_since("08:00:00");
    let data = |given: &Given| step(&decide(&given.0), "data");
    let done = data(&runs());
    assert_eq!((done.state, done.finished), (StepState::Done, Some(at("09:00:00"))));
    assert_eq!(data(&runs().paused()).state, StepState::Waiting);
    assert_eq!(data(&runs().with(|s| s.stopped = Some("fire".into()))).state, StepState::Waiting);
    let moves = data(&runs().workload("data", |w| w.progress = moving()));
    assert_eq!((moves.state, moves.finished), (StepState::Progressing, None));
    let after = in_order().unchanged("shop").seen_since("08:00:00");
    assert_eq!(step(&decide(&after.0), "shop").state, StepState::Waiting, "data has not gone yet");
}

#[test]
fn what_is_looked_at_again_is_looked_at_when_time_may_change_it() {
    let late = ready()
        .step("shop", |s| s.soak = TimeDelta::minutes(10))
        .released("shop", "08:20:00", moving())
        .finished("shop", "08:55:00")
        .unsigned("data");
    assert_eq!(step(&decide(&late.0), "shop").state, StepState::Failed);
    assert_eq!(decide(&late.0).look_again, Some(at("09:05:00")), "it was done, and may have soaked then");
    let task = in_order().step("data", |s| s.work = Work::Task("flip the switch".into())).unsigned("shop");
    assert_eq!(decide(&task.0).look_again, Some(at("09:30:00")), "then it is late");
    let verified = |time| {
        let out = ready().released("data", "08:50:00", Progress::Done).released("shop", "08:50:00", Progress::Done);
        let out = out.finished("data", "08:51:00").finished("shop", "08:51:00").checked("shop", CheckState::Ready);
        out.step("shop", |s| s.verify = vec!["budget".into()]).at(time)
    };
    assert_eq!(decide(&verified("09:00:30").0).look_again, Some(at("09:02:00")), "its check is asked again then");
    assert_eq!(decide(&verified("09:02:00").0).look_again, None);
}

#[test]
fn content_that_has_arrived_goes_and_what_has_not_is_told() {
    let given = |image: &str| {
        let expect = Expectation { images: [("app".to_owned(), image.to_owned())].into(), annotations: [].into() };
        ready().step("shop", |s| s.expect = Some(expect))
    };
    check(&given("app:2"), &["grant data", "grant shop"], &[]);
    let difference =
        |image| given(image).0.release.steps[1].expect.clone().expect("one").difference(&held_workload("shop"));
    assert_eq!(difference("app:2"), None);
    assert_eq!(difference("app:3"), Some(("image app=app:3".to_owned(), "image app=app:2".to_owned())));
    assert_eq!(told(&decide(&given("app:3").0)).0, ["grant data"]);
}

/// `data`, then somebody's task, then `shop`, which failed; all of it goes back.
fn task_between(finished: bool, reversible: bool) -> Vec<String> {
    let out = in_order().consenting().released("data", "08:50:00", Progress::Done).finished("data", "08:51:00");
    let given = out.released("shop", "08:52:00", Progress::Done).going_back().with(|s| {
        let task = Step {
            name: "flip".into(),
            work: Work::Task("flip the switch".into()),
            depends_on: ["data".to_owned()].into(),
            reversible,
            ..s.release.steps[0].clone()
        };
        s.release.steps[1].depends_on = ["flip".to_owned()].into();
        s.release.steps.insert(1, task);
        let flipped = s.record.steps.entry("flip".into()).or_default();
        flipped.finished = finished.then(|| at("08:51:30"));
        s.record.steps.get_mut("shop").expect("it went").grant = None;
    });
    told(&decide(&given.0)).0
}

#[test]
fn what_somebody_did_for_good_keeps_what_it_builds_on_where_it_is() {
    assert!(task_between(true, false).is_empty(), "the task cannot be undone");
    assert_eq!(task_between(true, true), ["roll-back data"]);
    assert_eq!(task_between(false, false), ["roll-back data"], "nobody has done it yet");
}

#[test]
fn what_went_back_is_read_from_the_workload_and_from_the_record() {
    let out = ready().consenting().released("shop", "08:50:00", Progress::Done).going_back();
    check(&out, &["roll-back shop"], &[]);
    let began =
        out.clone().with(|s| s.record.steps.get_mut("shop").expect("it went").rolled_back = Some(at("08:59:00")));
    check(&began, &["roll-back shop"], &[]);
    let never = ready().consenting().granted("shop", "08:50:00").workload("shop", |w| w.template = "sha256:new".into());
    check(&never.clone().going_back(), &["hold-back data", "hold-back shop"], &[]);
    let never = never.held_back("data").held_back("shop");
    assert_eq!(outcome(&never.clone().going_back()), Outcome::RolledBack { complete: true });
    let went = never.with(|s| s.record.steps.get_mut("shop").expect("granted").started = Some(at("08:51:00")));
    assert_eq!(outcome(&went.going_back()), Outcome::RolledBack { complete: false }, "it moved on since");
}
