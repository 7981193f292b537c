//! What is told together, what an override skips, and what is there only so often.

use chrono::TimeDelta;

use super::fixtures::*;
use crate::domain::calendar::WindowType;
use crate::domain::readiness::CheckState;
use crate::domain::scheduling::situation::{Action, Role, Skip};
use crate::domain::scheduling::{Gate, decide};
use crate::domain::workload::Progress;

/// Nearly everything at once.
fn nothing_works() -> Given {
    two_steps()
        .paused()
        .requires("data", "db", 1)
        .in_use("rival", "db", 1)
        .frozen("08:00:00", "10:00:00")
        .allowed("11:00:00", "12:00:00")
        .with(|s| s.policies_missing.push("deployments".into()))
        .team("shop", |t| t.listed.clear())
        .checked("data", CheckState::Retry)
        .unchanged("shop")
        .workload("shop", |w| w.gate = None)
}

#[test]
fn all_gates_are_told_at_once_in_the_order_of_the_gates() {
    let blockers = [
        "RC001 *",
        "RC014 *",
        "RC020 *",
        "RC021 shop",
        "RC033 data",
        "RC032 data",
        "RC041 data",
        "RC051 *",
        "RC051 *",
        "RC062 *",
        "RC071 shop",
    ];
    check(&nothing_works(), &[], &blockers);
    let gates: Vec<Gate> = decide(&nothing_works().0).blockers.iter().map(|b| b.cause.gate()).collect();
    assert!(gates.is_sorted());
}

#[test]
fn a_stop_dominates_a_step_that_was_granted_a_moment_ago() {
    let granted = ready().granted("data", "08:59:58").granted("shop", "08:59:58");
    check(&granted, &["release data", "release shop"], &[]);
    check(&granted.clone().paused(), &[], &["RC001 *"]);
    check(&granted.clone().frozen("08:00:00", "10:00:00"), &[], &["RC033 data", "RC033 shop"]);
    check(&granted.team("shop", |t| t.consents.clear()), &[], &["RC013 *", "RC013 *"]);
}

#[test]
fn consent_is_needed_for_holding_and_for_releasing() {
    for action in [Action::Hold, Action::Release] {
        let given = ready().team("shop", |t| {
            t.consents[0].actions.remove(&action);
        });
        check(&given, &[], &["RC013 *"]);
    }
}

#[test]
fn an_optional_team_keeps_back_only_its_own_step() {
    let given = ready().unsigned("shop").with(|s| {
        s.release.participants.get_mut("shop").expect("shop").role = Role::Optional;
    });
    check(&given, &["grant data"], &["RC051 shop"]);
}

#[test]
fn an_override_skips_exactly_what_it_names() {
    let closed = || {
        ready()
            .unsigned("shop")
            .requires("shop", "db", 1)
            .in_use("rival", "db", 1)
            .frozen("08:00:00", "10:00:00")
            .allowed("11:00:00", "12:00:00")
    };
    for (skip, codes) in [
        (Skip::Freeze, ["RC033 data", "RC033 shop"].as_slice()),
        (Skip::Window, &["RC032 data", "RC032 shop"]),
        (Skip::Capacity, &["RC041 shop"]),
        (Skip::SignOff, &["RC051 *"]),
    ] {
        let without: Vec<String> = told(&decide(&closed().0)).1;
        let left: Vec<&str> = without.iter().map(String::as_str).filter(|b| !codes.contains(b)).collect();
        check(&closed().overriding(&[skip], "09:30:00"), &[], &left);
    }
    let all = [Skip::Freeze, Skip::Window, Skip::Capacity, Skip::SignOff];
    check(&closed().overriding(&all, "09:30:00"), &["grant data", "grant shop"], &[]);
    check(&closed().overriding(&all, "09:30:00").paused(), &[], &["RC001 *"]);
}

#[test]
fn an_override_is_void_at_its_end_and_when_nobody_stamped_it() {
    let frozen = ready().frozen("08:00:00", "10:00:00");
    let void = ["RC033 data", "RC033 shop"];
    let over = frozen.overriding(&[Skip::Freeze], "09:30:00");
    check(&over.clone().at("09:29:59"), &["grant data", "grant shop"], &[]);
    assert_eq!(decide(&over.0).look_again, Some(at("09:30:00")));
    check(&over.clone().at("09:30:00"), &[], &void);
    let unstamped = over.with(|s| s.release.over.as_mut().expect("one").by.clear());
    check(&unstamped, &[], &void);
}

#[test]
fn whoever_skips_a_freeze_still_needs_enough_of_the_opening() {
    let given =
        ready().frozen("08:00:00", "10:00:00").allowed("08:00:00", "09:05:00").overriding(&[Skip::Freeze], "09:30:00");
    check(&given, &[], &["RC035 data", "RC035 shop"]);
    let given = given.overriding(&[Skip::Freeze, Skip::Window], "09:30:00");
    check(&given, &["grant data", "grant shop"], &[]);
}

#[test]
fn exactly_enough_of_the_opening_is_enough() {
    check(&ready().allowed("08:00:00", "09:10:00"), &["grant data", "grant shop"], &[]);
}

#[test]
fn a_window_is_open_at_its_start_and_closed_at_its_end() {
    let given = ready().frozen("08:00:00", "09:00:00");
    check(&given, &["grant data", "grant shop"], &[]);
    let given = ready().frozen("09:00:00", "09:30:00");
    check(&given, &[], &["RC033 data", "RC033 shop"]);
    assert_eq!(decide(&given.0).look_again, Some(at("09:30:00")));
}

#[test]
fn windows_that_were_not_read_are_not_open() {
    let given = ready().with(|s| s.governance.clear());
    check(&given, &[], &["RC034 data", "RC034 shop"]);
}

#[test]
fn the_words_that_run_out_are_looked_at_again_then() {
    let given = ready().frozen("08:00:00", "12:00:00").team("shop", |t| t.rules.valid_for = TimeDelta::minutes(45));
    assert_eq!(decide(&given.0).look_again, Some(at("09:15:00")));
}

#[test]
fn an_opening_is_looked_at_again_when_it_becomes_too_short() {
    let given = ready().unsigned("shop").allowed("08:00:00", "09:30:00");
    let last = at("09:20:00") + TimeDelta::nanoseconds(1);
    assert_eq!(decide(&given.0).look_again, Some(last));
    check(&given.clone().at("09:20:00"), &[], &["RC051 *"]);
    let late = given.with(|s| s.now = last);
    check(&late, &[], &["RC035 data", "RC035 shop", "RC051 *"]);
}

#[test]
fn two_steps_of_one_decision_do_not_both_get_the_last_of_a_resource() {
    let both = ready().requires("data", "db", 1).requires("shop", "db", 1);
    check(&both, &["grant data"], &["RC041 shop"]);
    let two = both.with(|s| {
        s.resources.insert("db".into(), 2);
    });
    check(&two, &["grant data", "grant shop"], &[]);
    let one_is_gone = two.in_use("rival", "db", 1);
    check(&one_is_gone, &["grant data"], &["RC041 shop"]);
    let skipping = one_is_gone.overriding(&[Skip::Capacity], "09:30:00");
    check(&skipping, &["grant data", "grant shop"], &[]);
}

#[test]
fn what_this_release_has_under_way_counts_too() {
    let given =
        ready().requires("data", "db", 1).requires("shop", "db", 1).released("data", "08:59:00", Progress::NotObserved);
    check(&given, &[], &["RC041 shop"]);
    let done = given.workload("data", |w| w.progress = Progress::Done);
    check(&done, &["grant shop"], &[]);
    let one_team = ready()
        .with(|s| {
            let data = s.release.participants["data"].clone();
            s.release.participants.insert("shop".into(), data);
        })
        .team("data", |t| {
            t.parallel_steps = Some(1);
            let shop = t.listed.first().expect("one").0;
            t.listed.insert((shop, "shop-app".into()));
        });
    check(&one_team, &["grant data"], &["RC042 shop"]);
    let moving = one_team.released("data", "08:59:00", Progress::NotObserved);
    check(&moving, &[], &["RC042 shop"]);
}

#[test]
fn a_skill_belongs_to_its_team_alone() {
    let skilled = |t: &mut crate::domain::scheduling::situation::Team| {
        t.skills.insert("dba".into(), 1);
    };
    let given =
        ready().requires("data", "dba", 1).requires("shop", "dba", 1).team("data", skilled).team("shop", skilled);
    check(&given, &["grant data", "grant shop"], &[]);
    check(&given.clone().in_use("rival", "dba", 1), &["grant data", "grant shop"], &[]);
    check(&given.in_use("shop", "dba", 1), &["grant data"], &["RC041 shop"]);
}

#[test]
fn a_withdrawal_after_the_start_halts_only_if_the_team_says_so() {
    let started = in_order().released("data", "08:50:00", Progress::Done).unsigned("shop");
    check(&started, &["grant shop"], &[]);
    let strict = started.clone().team("shop", |t| t.rules.withdrawal_halts = true);
    check(&strict, &[], &["RC051 *"]);
    let other = started.with(|s| {
        let data = s.record.steps.get_mut("data").expect("granted");
        data.grant.as_mut().expect("one").digest = "sha256:old".into();
    });
    check(&other, &[], &["RC051 *"]);
}

#[test]
fn a_grant_that_was_given_up_excuses_nobody_from_a_word() {
    let given = ready().granted("data", "08:50:00").workload("data", |w| w.version = "8".into()).unsigned("shop");
    check(&given, &[], &["RC051 *"]);
    let usable = given.workload("data", |w| w.version = "7".into()).granted("data", "08:59:58");
    assert_eq!(told(&decide(&usable.0)).1, Vec::<String>::new());
}

#[test]
fn what_went_under_an_override_does_not_outlive_the_override() {
    let given = in_order().unsigned("shop").released("data", "08:50:00", Progress::Done).with(|s| {
        let data = s.record.steps.get_mut("data").expect("granted");
        data.grant.as_mut().expect("one").overridden = Some("olga (INC-1)".into());
    });
    check(&given, &[], &["RC051 *"]);
}

#[test]
fn a_broken_allow_window_adds_nothing_and_keeps_its_tier_closed() {
    let given = ready().governed(
        "broken",
        crate::domain::calendar::Governing::Broken {
            window_type: WindowType::Allow,
            fault: "no zone".into(),
            blocks_rollback: false,
        },
    );
    check(&given, &[], &["RC034 data", "RC034 shop"]);
    check(&given.allowed("08:00:00", "12:00:00"), &["grant data", "grant shop"], &[]);
}
