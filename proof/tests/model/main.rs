//! The model, with the shipped decision.

mod oracle;

use std::time::Instant;

use oracle::Shipped;
use proof::model::{Explored, Limits, Mistake, Model, explore, stuck};
/// What the fixtures and the rules of the decision's own tests call by this name.
use rollcall::domain;

/// Nobody does anything but sign and go on; processes crash and time passes as they please.
const NOBODY: Limits = Limits { edits: 0, touches: 0, stops: 0, withdrawals: 0, closings: 0 };
/// Each of the worst, once.
const EVERYBODY: Limits = Limits { edits: 1, touches: 1, stops: 1, withdrawals: 1, closings: 1 };

/// Each mistake, and the property that it breaks.
const MISTAKES: [(Mistake, &str); 14] = [
    (Mistake::SkipsTheSecondReading, "S4"),
    (Mistake::GrantsBlindly, "S1b"),
    (Mistake::LetsGoBlindly, "S1"),
    (Mistake::ForgetsTheContent, "S1"),
    (Mistake::ForgetsWhatWasSigned, "S1"),
    (Mistake::ForgetsTheTime, "S1"),
    (Mistake::LooksOnlyOnce, "S2"),
    (Mistake::ForgetsWhoIsLate, "S1"),
    (Mistake::IgnoresTheStop, "S1b"),
    (Mistake::IgnoresTheWindow, "S4"),
    (Mistake::IgnoresTheOrder, "S7"),
    (Mistake::IgnoresOthers, "S2"),
    (Mistake::NeverFinishes, "L1"),
    (Mistake::LeavesWhatCrashed, "L1"),
];

#[path = "../../../src/domain/scheduling/decide/tests/fixtures.rs"]
#[allow(dead_code, clippy::all, reason = "the fixtures of the decision's own tests")]
mod fixtures;
#[path = "../../../src/domain/scheduling/properties/rules.rs"]
mod rules;

/// Prints what was explored, for whoever reads the log, and fails with the shortest way to what must not be.
fn nothing_goes_wrong(name: &str, model: &Model<'_>, most: usize) -> Explored {
    let begun = Instant::now();
    let all = explore(model, most);
    let (states, moves, complete) = (all.states.len(), all.moves, all.complete);
    let extent = if complete { "all of" } else { "the first" };
    println!("{name}: {extent} {states} states, {moves} moves, {:?}", begun.elapsed());
    if let Some(broken) = &all.broken {
        panic!("{name}: {broken}");
    }
    all
}

fn everything_ends(name: &str, model: &Model<'_>, all: &Explored) {
    let begun = Instant::now();
    if let Some(stuck) = stuck(model, all) {
        panic!("{name}: {} traps, the first of {} states:\n{:#?}", stuck.traps, stuck.size, stuck.trace);
    }
    println!("{name}: from each of them all comes to its end, {:?}", begun.elapsed());
}

#[test]
fn two_leaders_and_three_releases_do_no_harm_whatever_crashes_and_in_whatever_order() {
    let model = Model::new(&Shipped, NOBODY, 2, 3);
    let all = nothing_goes_wrong("two leaders, three releases", &model, usize::MAX);
    assert!(all.complete && all.states.len() >= 1_000_000, "{} states", all.states.len());
    everything_ends("two leaders, three releases", &model, &all);
}

#[test]
fn two_leaders_do_no_harm_while_people_edit_scale_stop_withdraw_and_windows_close() {
    let model = Model::new(&Shipped, EVERYBODY, 2, 2);
    nothing_goes_wrong("two leaders, two releases, people at their worst", &model, 1_000_000);
}

#[test]
fn one_leader_and_three_releases_come_to_an_end_though_a_window_closes() {
    let model = Model::new(&Shipped, Limits { closings: 1, ..NOBODY }, 1, 3);
    let all = nothing_goes_wrong("one leader, three releases, a window that closes", &model, usize::MAX);
    assert!(all.complete);
    everything_ends("one leader, three releases, a window that closes", &model, &all);
}

/// Each mistake in the protocol comes to light, as a breach of the property that it is about.
#[test]
fn each_mistake_comes_to_light() {
    let found = MISTAKES.iter().map(|(mistake, property)| {
        let model = Model::new(&Shipped, EVERYBODY, 2, 3).with(*mistake);
        let broken = explore(&model, 400_000).broken.map(|b| b.what.to_owned());
        let what = broken.or_else(|| {
            let model = Model::new(&Shipped, NOBODY, 1, 3).with(*mistake);
            stuck(&model, &explore(&model, 400_000)).map(|_| "L1".to_owned())
        });
        (mistake, property, what)
    });
    let unnoticed: Vec<_> =
        found.filter(|(_, property, what)| !what.as_ref().is_some_and(|w| w.starts_with(*property))).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// As far as there is time for: `make soak` says how many states that is.
#[test]
fn nothing_goes_wrong_as_far_as_there_is_time_to_look() {
    let most = std::env::var("SOAK_STATES").map_or(200_000, |n| n.parse().expect("a number of states"));
    for (name, limits, releases) in [
        ("a window that closes", Limits { closings: 1, ..NOBODY }, 3),
        ("a stop", Limits { stops: 1, ..NOBODY }, 3),
        ("an edit", Limits { edits: 1, ..NOBODY }, 3),
        ("each of the worst once", EVERYBODY, 3),
        ("each of the worst twice", Limits { edits: 2, touches: 2, stops: 2, withdrawals: 2, closings: 2 }, 2),
    ] {
        nothing_goes_wrong(name, &Model::new(&Shipped, limits, 2, releases), most);
    }
}
