use super::*;
use crate::domain::calendar::WindowType;
use crate::domain::scheduling::fixtures::{Given, at, in_order, name, ready, window};
use crate::domain::scheduling::situation::{Cancel, Expectation, OnFailure, Refusal, Request};
use crate::domain::workload::Progress;

/// The step that would move, the codes of what would have to change for it, and whether that is certain.
fn would_move(given: &Given) -> Option<(String, Vec<Vec<u16>>, bool)> {
    let found = to_move(&given.0, &decide(&given.0), |_| true)?;
    let codes = found.all.iter().map(|any| any.iter().map(|cause| cause.code().0).collect()).collect();
    Some((found.step, codes, found.certain))
}

#[track_caller]
fn moves(given: &Given, step: &str, codes: &[u16]) {
    let codes = codes.iter().map(|code| vec![*code]).collect();
    assert_eq!(would_move(given), Some((step.to_owned(), codes, true)));
}

fn other_content(given: Given, of: &str) -> Given {
    let expect = Expectation { images: [("app".to_owned(), "app:3".to_owned())].into(), annotations: [].into() };
    given.step(of, |s| s.expect = Some(expect))
}

/// `shop` wants what a rival has.
fn shop_lacks() -> Given {
    ready().requires("shop", "db", 1).in_use("rival", "db", 1)
}

fn data_done(given: Given) -> Given {
    given.released("data", "08:50:00", Progress::Done).finished("data", "08:51:00")
}

fn under_way(given: Given) -> Given {
    given.released("data", "08:59:00", Progress::NotObserved)
}

#[test]
fn what_goes_and_what_waits_for_what_is_under_way_takes_nothing() {
    assert_eq!(would_move(&ready()), None);
    assert_eq!(would_move(&in_order()), None, "shop waits for data, which goes");
    assert_eq!(would_move(&under_way(other_content(in_order(), "shop"))), None, "nothing keeps data");
    let own =
        |given: Given| under_way(other_content(given, "shop").requires("data", "db", 1)).requires("shop", "db", 1);
    assert_eq!(would_move(&own(ready())), None, "shop waits for what data uses");
    assert!(would_move(&under_way(other_content(ready(), "shop"))).is_some());
}

#[test]
fn all_that_keeps_the_next_step_has_to_change_and_nothing_that_keeps_another() {
    moves(&in_order().paused(), "data", &[1]);
    moves(&data_done(in_order()).paused(), "shop", &[1]);
    moves(&ready().paused().with(|s| s.skew = Some(chrono::TimeDelta::seconds(3))), "data", &[1, 30]);
    moves(&shop_lacks(), "shop", &[41]);
    moves(&other_content(shop_lacks(), "data"), "shop", &[41]);
    let soaks = data_done(in_order().step("data", |s| s.soak = at("10:00:00") - at("09:00:00")));
    moves(&soaks, "shop", &[72]);
    moves(&ready().unchanged("shop").seen_since("08:59:50"), "shop", &[83]);
}

#[test]
fn only_the_steps_that_are_asked_about_count() {
    let given = ready().paused();
    let found = to_move(&given.0, &decide(&given.0), |step| step == "shop");
    assert_eq!(found.map(|set| set.step), Some("shop".to_owned()));
}

#[test]
fn what_halts_a_step_is_what_made_the_other_fail() {
    moves(&data_done(ready()).failed("shop"), "shop", &[91]);
    moves(&ready().failed("shop"), "data", &[91]);
    let refused = data_done(ready()).failed("shop").with(|s| s.release.on_failure = OnFailure::Rollback);
    moves(&refused, "shop", &[91]);
    assert!(decide(&refused.0).blockers.iter().any(|b| b.step.as_deref() == Some("data")), "it cannot go back");
    assert_eq!(to_move(&refused.0, &decide(&refused.0), |step| step == "data"), None, "it is done");
}

#[test]
fn of_windows_of_which_either_would_do_the_first_to_open_is_named_and_the_other_beside_it() {
    let early = window(WindowType::Allow, "09:30:00", "12:00:00");
    let late = window(WindowType::Allow, "10:00:00", "12:00:00");
    let given = ready().governed("early", early).governed("late", late);
    let found = to_move(&given.0, &decide(&given.0), |_| true).expect("both are closed");
    let named = |cause: &Cause| match cause {
        Cause::WindowClosed { window, .. } => window.clone(),
        other => panic!("{other:?}"),
    };
    let all: Vec<Vec<String>> = found.all.iter().map(|any| any.iter().map(named).collect()).collect();
    assert_eq!(all, [["platform/early", "platform/late"]]);
    assert!(found.certain);
    let paused = to_move(&given.clone().paused().0, &decide(&given.paused().0), |_| true).expect("both, and a stop");
    assert_eq!(
        paused.all.iter().map(Vec::len).collect::<Vec<_>>(),
        [1, 2],
        "no window does instead of a person's word"
    );
}

#[test]
fn where_one_thing_cannot_be_told_everything_known_is_named_and_no_more_than_once() {
    let unknown = other_content(in_order().paused(), "data");
    assert_eq!(would_move(&unknown), Some(("data".into(), vec![vec![1], vec![82]], false)));
    let both = other_content(ready(), "shop").requires("data", "db", 1).in_use("rival", "db", 1);
    let of_shop = to_move(&both.0, &decide(&both.0), |step| step == "shop").expect("its content is missing");
    assert_eq!((of_shop.all.len(), of_shop.certain), (1, false), "what data lacks is none of its business");
    let halted = other_content(ready(), "data").failed("shop").step("shop", |s| s.depends_on.push("data".into()));
    assert_eq!(
        would_move(&halted).map(|(_, codes, _)| codes),
        Some(vec![vec![91]]),
        "{:?}",
        decide(&halted.0).blockers
    );
}

#[test]
fn a_release_that_goes_back_or_ends_is_not_asked_about() {
    let back = data_done(in_order().consenting()).released("shop", "08:50:00", Progress::Done).going_back();
    let stuck = back.put_back("shop", "08:20:00", Progress::NotObserved);
    assert!(!decide(&stuck.0).blockers.is_empty());
    assert_eq!(would_move(&stuck), None);
    let said = Refusal::NotAllowed("no".into());
    let ends = ready().with(|s| {
        s.release.cancel = Some(Cancel { keep: true, reason: String::new() });
        s.refused.insert("shop".into(), (at("09:00:30"), said));
    });
    assert!(!decide(&ends.0).blockers.is_empty());
    assert_eq!(would_move(&ends), None);
    let asked =
        ready().paused().with(|s| s.release.asked_back = Some(Request { by: "olga".into(), reason: String::new() }));
    assert_eq!(would_move(&asked), None);
}

#[test]
fn what_another_step_does_is_only_a_consequence() {
    let own = ready().0;
    let taken = |by| Cause::ResourceTaken { resource: "db".into(), by, step: "data".into() };
    assert!(follows(&own, &taken(own.release.name.clone())));
    assert!(!follows(&own, &taken(name("rival"))));
    assert!(follows(&own, &Cause::PredecessorFailed { step: "data".into() }));
    assert!(!follows(&own, &Cause::Paused));
}
