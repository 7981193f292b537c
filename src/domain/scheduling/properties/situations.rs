//! Situations of every sort: two steps or a wait and a step, with anything the matter with them.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::domain::readiness::CheckState;
use crate::domain::scheduling::decide::tests::fixtures::{Given, at, two_steps};
use crate::domain::scheduling::situation::{OnFailure, Skip, Work};
use crate::domain::workload::Progress;

/// How one step stands: which of the ten ways, and how many seconds ago.
fn stand(given: Given, of: &str, way: u8, ago: i64) -> Given {
    let time = |seconds: i64| (at("09:00:00") - TimeDelta::seconds(seconds)).format("%H:%M:%S").to_string();
    let then = &time(ago);
    let progressing = Progress::Progressing("1 of 2".into());
    match way {
        0..=2 => given,
        3 | 4 => given.granted(of, &time(ago % 9)),
        5 => given.released(of, then, Progress::Done).finished(of, &time(ago / 2)),
        6 => given.released(of, then, progressing),
        7 => given.released(of, then, Progress::PausedByAuthor),
        8 => given.released(of, then, Progress::Failed { at: None, why: "x".into() }),
        9 => given.released(of, then, progressing).finished(of, &time(ago / 2)),
        10 => given.unchanged(of).seen_since(&time(ago % 60)),
        _ => given.missing(of),
    }
}

/// A time of the day from 08:00 to 10:00.
fn time() -> impl Strategy<Value = String> {
    (0..7200_i64).prop_map(|s| (at("08:00:00") + TimeDelta::seconds(s)).format("%H:%M:%S").to_string())
}

/// Rarely true.
fn seldom() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.08)
}

fn plan() -> impl Strategy<Value = Given> {
    let minutes = || 0..30_i64;
    (
        any::<bool>(),
        prop::bool::weighted(0.2),
        (minutes(), 1..40_i64, minutes()),
        select(vec![OnFailure::Halt, OnFailure::Rollback, OnFailure::Continue]),
        subsequence(vec!["data", "shop"], 0..=2),
        1..3_u32,
    )
        .prop_map(|(parallel, waits, (soak, timeout, estimate), fails, users, exist)| {
            let mut given = two_steps();
            if parallel {
                given = given.parallel();
            }
            if waits {
                given = given.step("data", |s| {
                    s.work = Work::Wait(TimeDelta::minutes(soak));
                    s.participant = None;
                });
            }
            for user in users {
                given = given.requires(user, "db", 1);
            }
            for step in ["data", "shop"] {
                given = given.step(step, |s| {
                    s.soak = TimeDelta::minutes(soak);
                    s.timeout = TimeDelta::minutes(timeout);
                    s.estimate = TimeDelta::minutes(estimate + 1);
                });
            }
            given.with(|s| {
                s.release.on_failure = fails;
                s.resources.insert("db".into(), exist);
            })
        })
}

/// What keeps all of it back.
fn troubled() -> impl Strategy<Value = Given> {
    (
        plan(),
        [seldom(), seldom(), seldom(), seldom(), seldom(), seldom(), seldom()],
        prop::option::weighted(0.2, time()),
    )
        .prop_map(|(given, [paused, missing, skew, consent, claimed, check, used], early)| {
            let mut given = given.with(|s| {
                s.release.paused = paused;
                s.skew = skew.then(|| TimeDelta::seconds(3));
                s.release.not_before = early.map(|t| at(&t));
                if missing {
                    s.policies_missing.push("deployments".into());
                }
            });
            if consent {
                given = given.team("shop", |t| t.consents.clear());
            }
            if claimed {
                given = given.claimed("shop");
            }
            if check {
                given = given.checked("data", CheckState::Retry);
            }
            if used {
                given = given.in_use("rival", "db", 1);
            }
            given
        })
}

pub fn situation() -> impl Strategy<Value = Given> {
    let skip = subsequence(vec![Skip::Freeze, Skip::Window, Skip::SignOff, Skip::Capacity], 0..=4);
    (
        troubled(),
        (0..12_u8, 0..3000_i64, 0..12_u8, 0..3000_i64),
        (seldom(), seldom(), 31..90_i64, any::<bool>()),
        prop::option::weighted(0.3, (time(), time())),
        prop::option::weighted(0.3, (time(), time())),
        prop::option::weighted(0.3, (skip, time(), seldom())),
    )
        .prop_map(|(given, (data, ago, shop, since), words, allow, freeze, over)| {
            let (unsigned, refused, valid, strict) = words;
            let mut given = stand(stand(given, "data", data, ago), "shop", shop, since).signed();
            if unsigned {
                given = given.unsigned("shop");
            }
            if refused {
                let digest = given.digest();
                given = given.says("data", "rui", false, &digest);
            }
            for team in ["data", "shop"] {
                given = given.team(team, |t| {
                    t.rules.valid_for = TimeDelta::minutes(valid);
                    t.rules.withdrawal_halts = strict;
                });
            }
            if let Some((from, until)) = allow.filter(|(from, until)| from < until) {
                given = given.allowed(&from, &until);
            }
            if let Some((from, until)) = freeze.filter(|(from, until)| from < until) {
                given = given.frozen(&from, &until);
            }
            if let Some((skip, until, unstamped)) = over {
                given = given.overriding(&skip, &until);
                if unstamped {
                    given = given.with(|s| s.release.over.as_mut().expect("one").by.clear());
                }
            }
            given
        })
}
