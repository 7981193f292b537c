//! The way back.

use chrono::TimeDelta;

use super::fixtures::*;
use crate::domain::calendar::{Form, Governing, Window, WindowSpec, WindowType};
use crate::domain::names::Kind;
use crate::domain::scheduling::situation::{Action, Began, OnFailure, Refusal, RollbackRules, StepRecord, Work};
use crate::domain::scheduling::{Act, Outcome, StepState, decide};
use crate::domain::workload::{Hold, Progress};

impl Given {
    /// The rollback has begun.
    pub fn going_back(self) -> Self {
        self.with(|s| s.record.rollback = Some(Began { since: at("08:55:00"), cause: "step shop failed".into() }))
    }
}

/// `data`, then `shop`, both released and done; the teams let the release roll back.
pub(super) fn both_out() -> Given {
    let out = |given: Given, of| given.released(of, "08:50:00", Progress::Done).finished(of, "08:51:00");
    let given = out(out(in_order().consenting(), "data"), "shop");
    given.with(|s| s.release.on_failure = OnFailure::Rollback)
}

fn shop_fails() -> Given {
    both_out().workload("shop", |w| w.progress = Progress::Failed { at: None, why: "crash".into() })
}

fn states(given: &Given) -> Vec<StepState> {
    decide(&given.0).steps.iter().map(|s| s.state).collect()
}

pub(super) fn outcome(given: &Given) -> Outcome {
    decide(&given.0).outcome
}

#[test]
fn a_failure_sends_everything_back_in_reverse_order_each_once_the_one_before_is_back() {
    let failed = shop_fails();
    check(&failed, &["roll-back shop"], &["RC094 data"]);
    let began = decide(&failed.0).rollback.expect("begun");
    assert_eq!(began.since, at("09:00:00"));
    assert!(began.cause.contains("step shop failed") && began.cause.contains("crash"), "{}", began.cause);

    let moving = failed.going_back().put_back("shop", "08:59:00", Progress::NotObserved);
    check(&moving, &[], &["RC094 data"]);
    assert_eq!((outcome(&moving), states(&moving)[1]), (Outcome::RollingBack, StepState::RollingBack));
    assert_eq!(decide(&moving.0).look_again, Some(at("09:29:00")));
    let healthy = moving.workload("shop", |w| w.progress = Progress::Done);
    check(&healthy, &["unpin shop"], &["RC094 data"]);
    let shop_back = healthy.back("shop");
    check(&shop_back, &["roll-back data"], &[]);
    let all_back = shop_back.back("data");
    check(&all_back, &[], &[]);
    assert_eq!(outcome(&all_back), Outcome::RolledBack { complete: true });
    assert_eq!(states(&all_back), [StepState::RolledBack; 2]);
}

#[test]
fn the_act_names_what_ran_before_and_marks_this_step_of_this_release() {
    let decision = decide(&shop_fails().0);
    let Act::RollBack { former, marker, version, .. } = &decision.acts[0] else {
        panic!("{:?}", decision.acts);
    };
    assert_eq!((former.name.as_str(), former.template.as_str()), ("shop-old", "sha256:shop-old"));
    assert_eq!((marker.as_str(), version.as_str()), ("releases/checkout shop uid-release", "8"));
}

#[test]
fn once_begun_it_goes_on_though_what_failed_has_mended_itself() {
    let mended = both_out().going_back();
    check(&mended, &["roll-back shop"], &["RC094 data"]);
    check(&both_out(), &[], &[]);
    assert_eq!(outcome(&both_out()), Outcome::Completed { nothing_to_do: false });
}

#[test]
fn what_lands_over_a_version_that_went_back_stays_held_and_is_not_applied() {
    let bad = both_out().0.workloads.values().find(|w| w.name.name == "shop-app").expect("shop").template.clone();
    let landed = both_out().going_back().back("shop").workload("shop", |w| {
        w.template = bad;
        w.hold = Hold::Held;
    });
    check(&landed, &["roll-back data"], &[]);
    assert_eq!(states(&landed)[1], StepState::RolledBack);
}

#[test]
fn what_went_back_is_back_though_another_release_takes_it_back_further() {
    let further = |given: Given| given.workload("shop", |w| w.rollback = Some("releases/older shop uid-older".into()));
    check(&further(both_out().going_back()), &[], &["RC094 data", "RC097 shop"]);
    let back = further(both_out().going_back().back("shop"));
    check(&back, &["roll-back data"], &[]);
    assert_eq!(states(&back)[1], StepState::RolledBack);
}

#[test]
fn newer_content_that_is_held_over_what_was_released_does_not_save_it() {
    let over = shop_fails().going_back().workload("shop", |w| {
        w.template = "sha256:newer".into();
        w.hold = Hold::Held;
    });
    check(&over, &["roll-back shop"], &["RC094 data"]);
}

#[test]
fn what_cannot_be_undone_stays_and_keeps_everything_beneath_it() {
    type Change = fn(Given) -> Given;
    let stays: [(&str, Change, &str); 5] = [
        ("irreversible", |g| g.step("shop", |s| s.reversible = false), "cannot be undone"),
        ("first", |g| g.with(|s| first_version(s, "shop")), "nothing ran before it"),
        (
            "moved on",
            |g| {
                g.workload("shop", |w| w.template = "sha256:newer".into())
                    .workload("shop", |w| w.released = Some("independent windows-open".into()))
            },
            "moved on",
        ),
        ("re-created", |g| g.workload("shop", |w| w.uid = "uid-new".into()), "moved on"),
        (
            "gone",
            |g| g.with(|s| drop(s.refused.insert("shop".into(), (at("09:00:10"), Refusal::FormerGone)))),
            "not kept",
        ),
    ];
    for (what, change, words) in stays {
        let given = change(both_out().going_back());
        check(&given, &[], &["RC096 data", "RC096 shop"]);
        assert_eq!(outcome(&given), Outcome::RolledBack { complete: false }, "{what}");
        let said = decide(&given.0).blockers[1].cause.message();
        assert!(said.contains(words), "{what}: {said}");
    }
    let beneath = both_out().going_back().step("data", |s| s.reversible = false);
    check(&beneath, &["roll-back shop"], &["RC096 data"]);
    assert_eq!(outcome(&beneath.back("shop")), Outcome::RolledBack { complete: false });
}

fn first_version(s: &mut crate::domain::scheduling::Situation, step: &str) {
    let record = s.record.steps.get_mut(step).expect("released");
    record.grant.as_mut().expect("granted").former = None;
}

#[test]
fn a_job_has_run_and_stays() {
    let job = both_out().going_back().with(|s| {
        let old = s.release.steps[0].work.clone();
        let Work::Workload(mut name) = old.clone() else { panic!("a workload") };
        name.kind = Kind::Job;
        let mut workload = match &old {
            Work::Workload(n) => s.workloads.remove(n).expect("data"),
            _ => panic!("a workload"),
        };
        workload.name = name.clone();
        s.workloads.insert(name.clone(), workload);
        s.release.steps[0].work = Work::Workload(name);
    });
    check(&job.clone(), &["roll-back shop"], &["RC096 data"]);
    let done = job.back("shop");
    let decision = decide(&done.0);
    assert_eq!(decision.outcome, Outcome::RolledBack { complete: false });
    assert!(decision.steps[0].note.contains("what a Job has done cannot be undone"), "{:?}", decision.steps[0]);
}

#[test]
fn a_rollback_that_fails_stops_what_is_beneath_it_unless_told_to_go_on() {
    let broken = Progress::Failed { at: None, why: "no image".into() };
    let stuck = both_out().going_back().put_back("shop", "08:59:00", broken);
    check(&stuck, &[], &["RC094 data", "RC095 shop"]);
    assert_eq!(outcome(&stuck), Outcome::Failed);
    let late = both_out().going_back().put_back("shop", "08:30:00", Progress::NotObserved);
    check(&late, &[], &["RC094 data", "RC095 shop"]);
    let go_on = stuck.clone().with(|s| s.release.rollback = RollbackRules { go_on: true, ..Default::default() });
    check(&go_on, &["roll-back data"], &["RC095 shop"]);
    let mended = stuck.workload("shop", |w| w.progress = Progress::Done);
    check(&mended, &["unpin shop"], &["RC094 data"]);
}

#[test]
fn a_failure_of_before_it_was_put_back_is_none_of_the_former_version() {
    let old = Progress::Failed { at: Some(at("08:58:00")), why: "deadline".into() };
    let given = both_out().going_back().put_back("shop", "08:59:00", old);
    assert_eq!(states(&given)[1], StepState::RollingBack);
}

#[test]
fn steps_side_by_side_go_back_together() {
    let out = |given: Given, of| given.released(of, "08:50:00", Progress::Done).finished(of, "08:51:00");
    let given = out(out(ready().consenting(), "data"), "shop").going_back();
    check(&given, &["roll-back data", "roll-back shop"], &[]);
}

#[test]
fn a_freeze_does_not_stop_it_unless_it_says_so() {
    let frozen = both_out().going_back().frozen("08:00:00", "10:00:00").allowed("11:00:00", "12:00:00");
    check(&frozen, &["roll-back shop"], &["RC094 data"]);
    let dates = Form::Dates { from: "2027-01-12T08:00".into(), until: "2027-01-12T09:30".into() };
    let mut spec = WindowSpec::new(WindowType::Freeze, "UTC").entry("one", dates);
    spec.blocks_rollback = true;
    let blocks = Governing::Sound(Window::compile(&spec).expect("a window").into());
    let given = both_out().going_back().governed("total", blocks);
    check(&given, &[], &["RC033 shop", "RC094 data"]);
    assert_eq!(decide(&given.0).look_again, Some(at("09:30:00")));
    assert_eq!(outcome(&given), Outcome::RollingBack);
}

#[test]
fn without_consent_to_it_nothing_begins_and_the_release_halts_and_says_why() {
    let given = shop_fails().team("shop", |t| t.consents[0].actions = [Action::Hold, Action::Release].into());
    check(&given, &[], &["RC091 shop", "RC098 shop"]);
    assert_eq!(decide(&given.0).rollback, None);
    assert_eq!(outcome(&given), Outcome::Failed);
    let later = given.going_back();
    check(&later, &[], &["RC094 data", "RC098 shop"]);
}

#[test]
fn a_release_with_nothing_to_undo_halts_and_can_be_mended() {
    let first = shop_fails().with(|s| {
        first_version(s, "shop");
        first_version(s, "data");
    });
    check(&first, &[], &["RC091 shop"]);
    assert_eq!(outcome(&first), Outcome::Failed);
}

#[test]
fn a_stop_holds_the_rollback_too() {
    check(&both_out().going_back().paused(), &[], &["RC001 *", "RC094 data"]);
    let stopped = both_out().going_back().with(|s| s.stopped = Some("all quiet".into()));
    check(&stopped, &[], &["RC002 *", "RC094 data"]);
    let pinned = both_out().going_back().put_back("shop", "08:59:00", Progress::Done).paused();
    check(&pinned, &[], &["RC001 *", "RC094 data"]);
    assert_eq!(decide(&shop_fails().paused().0).rollback, None);
}

#[test]
fn with_the_policies_gone_nothing_is_put_back_because_nothing_would_pin_it() {
    let given = both_out().going_back().with(|s| s.policies_missing.push("deployments".into()));
    check(&given, &[], &["RC020 *", "RC094 data"]);
}

#[test]
fn a_clock_that_is_off_does_not_keep_a_broken_version_running() {
    let given = both_out().going_back().with(|s| s.skew = Some(TimeDelta::seconds(9)));
    check(&given, &["roll-back shop"], &["RC094 data"]);
}

#[test]
fn steps_on_their_way_are_interrupted_or_finish_first_as_the_release_says() {
    let fails = |g: Given| g.workload("shop", |w| w.progress = Progress::Failed { at: None, why: "x".into() });
    let out = ready().consenting().released("data", "08:59:00", Progress::NotObserved);
    let out = fails(out.released("shop", "08:59:00", Progress::Done));
    let out = out.with(|s| s.release.on_failure = OnFailure::Rollback);
    check(&out, &["roll-back data", "roll-back shop"], &[]);
    let polite = out.with(|s| s.release.rollback.running_finish = true);
    check(&polite, &[], &["RC091 shop"]);
    let finished = polite.workload("data", |w| w.progress = Progress::Done);
    check(&finished, &["roll-back data", "roll-back shop"], &[]);
}

#[test]
fn only_a_failure_that_says_so_rolls_back() {
    let own = shop_fails().with(|s| s.release.on_failure = OnFailure::Halt);
    check(&own, &[], &["RC091 shop"]);
    let own = own.step("shop", |s| s.on_failure = Some(OnFailure::Rollback));
    check(&own, &["roll-back shop"], &["RC094 data"]);
    let not = shop_fails().step("shop", |s| s.on_failure = Some(OnFailure::Continue));
    check(&not, &[], &["RC091 shop"]);
}

#[test]
fn a_workload_that_is_gone_has_nothing_to_put_back() {
    check(&both_out().going_back().missing("shop"), &["roll-back data"], &[]);
}

#[test]
fn nothing_new_goes_while_it_goes_back() {
    let given = ready().consenting().released("data", "08:50:00", Progress::Done).going_back();
    check(&given, &["roll-back data"], &[]);
    let back = given.back("data");
    check(&back, &["hold-back shop"], &[]);
    assert_eq!(states(&back), [StepState::RolledBack, StepState::Waiting]);
}

#[test]
fn a_check_that_fails_after_the_release_sends_it_back_and_one_that_passes_lets_it_be_done() {
    use crate::domain::readiness::CheckState;
    let given = |state| both_out().step("shop", |s| s.verify = vec!["budget".into()]).checked("shop", state);
    assert_eq!(outcome(&given(CheckState::Ready)), Outcome::Completed { nothing_to_do: false });
    assert_eq!(states(&given(CheckState::Pending))[1], StepState::Soaking);
    check(&given(CheckState::Rejected), &["roll-back shop"], &["RC094 data"]);
    let unknown = both_out().step("shop", |s| s.verify = vec!["nothing".into()]);
    assert_eq!(states(&unknown)[1], StepState::Soaking);
}

#[test]
fn a_step_that_never_finished_has_not_because_its_former_version_runs() {
    let finished = |given: &Given| decide(&given.0).steps[1].finished;
    let fails = shop_fails().with(|s| s.record.steps.get_mut("shop").expect("released").finished = None);
    let under = fails.going_back().put_back("shop", "08:59:00", Progress::Done);
    for given in [under.clone(), under.clone().back("shop"), under.back("shop").back("data")] {
        // What would ship has been the same for long, so what runs counts as nothing to release.
        let given = given.seen_since("08:00:00");
        assert_eq!(finished(&given), None, "{:?}", states(&given));
        assert_eq!(decide(&given.0).steps[0].finished, Some(at("08:51:00")), "that one had");
    }
    let over =
        both_out().going_back().back("shop").with(|s| s.record.steps.get_mut("shop").expect("one").finished = None);
    let other = over.workload("shop", |w| w.template = "sha256:newer".into());
    assert_eq!(finished(&other), None, "what moved on is other content");
}

#[test]
fn what_is_first_seen_done_while_all_goes_back_has_finished_all_the_same() {
    let first_seen = |change: fn(&mut StepRecord)| {
        let given = both_out().going_back().with(|s| change(s.record.steps.get_mut("shop").expect("released")));
        decide(&given.0).steps[1].finished
    };
    assert_eq!(first_seen(|record| record.finished = None), Some(at("09:00:00")));
    assert_eq!(first_seen(|_| ()), Some(at("08:51:00")));
}
