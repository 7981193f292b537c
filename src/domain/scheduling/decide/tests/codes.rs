//! Every code has a situation that produces it, alone; without it, everything goes.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::fixtures::*;
use super::openings;
use crate::domain::calendar::{Governing, WindowType};
use crate::domain::fault::Faults;
use crate::domain::names::Kind;
use crate::domain::readiness::{CheckState, SignOff};
use crate::domain::scheduling::situation::{Action, Expectation, Refusal, TeamFound, Work};
use crate::domain::scheduling::{Blocker, CODES, Code, decide};
use crate::domain::workload::{Hold, Progress, Workload};

/// A code, and what becomes of two steps that were ready to go together. Whatever keeps one step back
/// keeps back `shop`.
pub fn cases() -> Vec<(u16, Given)> {
    let mut cases = cases_before_capacity();
    cases.extend(cases_from_capacity());
    cases.extend(cases_from_content());
    cases.extend(cases_on_the_way_back());
    cases
}

fn cases_before_capacity() -> Vec<(u16, Given)> {
    vec![
        (1, ready().paused()),
        (2, ready().with(|s| s.stopped = Some("INC-1".into()))),
        (11, ready().with(|s| drop(s.teams.remove(&name("shop"))))),
        (
            12,
            ready().with(|s| {
                let broken = TeamFound::Broken("spec.signOff: no".into());
                s.teams.insert(name("shop"), broken);
            }),
        ),
        (13, ready().team("shop", |t| t.consents[0].labels_match = false)),
        (14, ready().team("shop", |t| t.listed.clear())),
        (15, ready().claimed("shop")),
        (
            18,
            ready().team("shop", |t| {
                t.author_may_not.insert(Kind::Deployment);
            }),
        ),
        (20, ready().with(|s| s.policies_missing.push("deployments".into()))),
        (21, ready().unchanged("shop").workload("shop", |w| w.gate = None)),
        (
            22,
            ready().with(|s| {
                let said = Refusal::NotAllowed("no".into());
                s.refused.insert("shop".into(), (at("09:00:30"), said));
            }),
        ),
        (30, ready().with(|s| s.skew = Some(TimeDelta::seconds(3)))),
        (31, ready().with(|s| s.release.not_before = Some(at("09:00:01")))),
        (32, ready().allowed("09:30:00", "12:00:00")),
        (33, ready().frozen("08:00:00", "09:30:00")),
        (
            34,
            ready().governed(
                "broken",
                Governing::Broken { window_type: WindowType::Freeze, fault: "no zone".into(), blocks_rollback: false },
            ),
        ),
        (35, ready().allowed("08:00:00", "09:09:59")),
        (36, openings::just_opened()),
    ]
}

fn cases_from_capacity() -> Vec<(u16, Given)> {
    let old = "sha256:old";
    let go = |by: &str| by.to_owned();
    vec![
        (41, ready().requires("shop", "db", 1).in_use("rival", "db", 1)),
        (42, ready().team("shop", |t| t.parallel_steps = Some(1)).in_use("shop", "x", 1)),
        (43, ready().requires("shop", "db", 2)),
        (44, openings::releases(1).started("p", "a", "08:30:00", true)),
        (45, openings::starts(1).started("p", "a", "08:30:00", false)),
        (51, ready().unsigned("shop")),
        (52, ready().unsigned("shop").says("shop", "ana", true, old)),
        (53, {
            let digest = ready().digest();
            ready().says("shop", "rui", false, &digest)
        }),
        (54, ready().team("shop", |t| t.rules.valid_for = TimeDelta::minutes(30))),
        (55, {
            let given = ready().unsigned("shop");
            let digest = given.digest();
            given.says("shop", &go("system:serviceaccount:x:y"), true, &digest)
        }),
        (
            61,
            ready().checked("shop", CheckState::Rejected).team("shop", |t| {
                for check in t.checks.values_mut() {
                    check.remedy = "define it".into();
                }
            }),
        ),
        (62, ready().checked("shop", CheckState::Retry)),
        (63, ready().checked("shop", CheckState::Ready).at("09:02:00")),
        (64, ready().checked("shop", CheckState::Rejected)),
        (71, in_order().released("data", "08:59:00", Progress::NotObserved)),
        (
            72,
            in_order()
                .step("data", |s| s.soak = TimeDelta::minutes(10))
                .released("data", "08:50:00", Progress::Done)
                .finished("data", "08:55:00"),
        ),
        (73, in_order().failed("data")),
    ]
}

fn cases_from_content() -> Vec<(u16, Given)> {
    vec![
        (81, two_steps().parallel().missing("shop").signed()),
        (
            82,
            ready().step("shop", |s| {
                s.expect = Some(Expectation {
                    images: [("app".to_owned(), "app:3".to_owned())].into(),
                    annotations: Default::default(),
                });
            }),
        ),
        (83, ready().unchanged("shop").seen_since("08:59:50")),
        (84, ready().released("shop", "08:59:00", Progress::PausedByAuthor)),
        (85, ready().workload("shop", rolled_back_before).team("shop", |t| t.rules.required.clear()).signed()),
        (86, task("shop")),
        (87, verified(CheckState::Pending)),
        (88, verified(CheckState::Rejected)),
        (91, ready().failed("shop")),
        (92, ready().released("shop", "08:30:00", Progress::NotObserved)),
        (93, ready().failed("data")),
        (99, super::closing::closed_on(crate::domain::calendar::OnClose::Halt, 0)),
    ]
}

fn cases_on_the_way_back() -> Vec<(u16, Given)> {
    vec![
        (94, both_out().put_back("shop", "08:59:00", Progress::NotObserved)),
        (95, both_out().put_back("shop", "08:20:00", Progress::NotObserved)),
        (96, both_out().step("shop", |s| s.reversible = false)),
        (97, both_out().workload("shop", |w| w.rollback = Some("releases/rival x uid".into()))),
        (98, both_out().team("shop", |t| t.consents[0].actions = [Action::Hold, Action::Release].into())),
    ]
}

/// `shop` runs, and its check says this of it. Whether the team is ready is not asked any more.
fn verified(said: CheckState) -> Given {
    let given = ready().released("data", "08:50:00", Progress::Done).released("shop", "08:50:00", Progress::Done);
    let given = given.finished("data", "08:51:00").finished("shop", "08:51:00").checked("shop", said);
    let name = check_of(&given);
    given.step("shop", |s| s.verify = vec![name])
}

/// The name of the shop's check.
fn check_of(given: &Given) -> String {
    match given.0.teams.get(&name("shop")) {
        Some(TeamFound::Sound(team)) => team.checks.keys().next().expect("a check").clone(),
        other => panic!("{other:?}"),
    }
}

fn rolled_back_before(workload: &mut Workload) {
    workload.rolled_back = Some(workload.template.clone());
}

/// The step is a person's task.
fn task(of: &str) -> Given {
    ready().step(of, |s| s.work = Work::Task("flip the switch".into())).signed()
}

/// Both steps were released, one after the other, and go back.
fn both_out() -> Given {
    let out = |given: Given, of| given.released(of, "08:50:00", Progress::Done).finished(of, "08:51:00");
    out(out(in_order().consenting(), "data"), "shop").going_back()
}

/// Codes that come along of necessity: where a step fails, it has failed and the others stop.
fn with_it(code: u16) -> &'static [u16] {
    match code {
        73 => &[91, 93],
        91 | 92 => &[93],
        93 => &[91],
        // The same check says whether the team is ready.
        87 => &[63],
        88 => &[64],
        // What is beneath waits, or stays too.
        95 | 97 | 98 => &[94],
        _ => &[],
    }
}

#[test]
fn every_code_has_a_case_and_every_case_a_code() {
    let mut faults = Faults::default();
    faults.add("spec.steps", "none");
    let mut covered = BTreeSet::from([Blocker::invalid(&faults).cause.code()]);
    for (code, given) in cases() {
        let decision = decide(&given.0);
        let codes: BTreeSet<u16> = decision.blockers.iter().map(|b| b.cause.code().0).collect();
        let mut expected = BTreeSet::from([code]);
        expected.extend(with_it(code));
        assert_eq!(codes, expected, "the case of RC{code:03}");
        for blocker in &decision.blockers {
            let goes = told(&decision).0;
            assert!(!goes.iter().any(|act| act.ends_with("shop")), "RC{code:03} lets {goes:?}");
            let (message, owner) = (blocker.cause.message(), blocker.cause.owner());
            assert!(!message.is_empty() && !message.starts_with("RC") && !owner.is_empty(), "{message}");
            assert!(!blocker.cause.remedy().is_empty());
        }
        covered.insert(Code(code));
    }
    let all: BTreeSet<Code> = CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(covered, all);
    assert_eq!(all.len(), CODES.len(), "no code twice");
}

#[test]
fn a_blocker_is_about_one_thing_and_somebody_can_clear_it() {
    let said = |code: u16, given: Given| {
        let blocker = decide(&given.0).blockers.into_iter().find(|b| b.cause.code().0 == code).expect("it is said");
        (blocker.cause.subject(), blocker.cause.owner())
    };
    let of = |code: u16| said(code, cases().into_iter().find(|(c, _)| *c == code).expect("a case").1);
    let pair = |subject: &str, owner: &str| (subject.to_owned(), owner.to_owned());
    assert_eq!(of(1), pair("", "the release's owner"));
    assert_eq!(of(14), pair("Deployment shop/shop-app", "shop/shop"));
    assert_eq!(of(41), pair("db", "release rival/rival"));
    assert_eq!(of(51), pair("shop/shop lead", "shop/shop"));
    let words: BTreeSet<&str> = CODES.iter().map(|(_, gate, _)| gate.as_str()).collect();
    let gates = "accepted capacity check content failure hold order paused signoff window";
    assert_eq!(words.into_iter().collect::<Vec<_>>().join(" "), gates);
    let reached = ready().unsigned("shop").team("shop", |t| t.contact = "#shop".into());
    assert_eq!(said(51, reached), pair("shop/shop lead", "shop/shop (#shop)"));
}

#[test]
fn without_any_of_it_everything_goes_together() {
    check(&ready(), &["grant data", "grant shop"], &[]);
    check(&in_order(), &["grant data"], &["RC071 shop"]);
}

#[test]
fn what_keeps_one_step_back_does_not_keep_back_another_that_goes_alone() {
    for code in [41, 42, 43, 82, 83] {
        let given = cases().into_iter().find(|(c, _)| *c == code);
        let given = given.expect("a case").1;
        let digest = given.digest();
        let given = given.says("data", "bo", true, &digest);
        let given = given.says("shop", "bo", true, &digest);
        assert_eq!(told(&decide(&given.0)).0, ["grant data"], "RC{code:03}");
    }
}

#[test]
fn a_word_that_is_not_recorded_yet_does_not_count_yet() {
    let unseen = ready().team("shop", |t| {
        for given in t.sign_offs.values_mut().flatten() {
            *given = SignOff { seen: None, ..given.clone() };
        }
    });
    check(&unseen, &[], &["RC051 *"]);
}

#[test]
fn content_that_its_author_paused_before_is_held_like_any_other() {
    let given = ready().workload("shop", |w| w.hold = Hold::HeldPausedByAuthor);
    check(&given, &["grant data", "grant shop"], &[]);
}
