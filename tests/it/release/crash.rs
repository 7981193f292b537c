//! Acceptance S1: a database migration, then the API, then two frontends. Once undisturbed; and then the operator is
//! killed at random moments, twenty times, and it makes no difference.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::story::{complete_digest, judge, plays};
use crate::support::operator::Operator;
use crate::support::recorder::let_go;
use crate::support::shop::{self, People};
use crate::support::stage::Stage;
use crate::support::{Done, Installed};
use rollcall::manifests::to_yaml;

const KILLS: usize = 20;
pub const ARGS: [&str; 3] = ["--settle", "2s", "--no-leader-election"];

#[tokio::test(flavor = "multi_thread")]
async fn migration_then_api_then_both_frontends_and_no_other_end_with_the_operator_killed_twenty_times() -> Done {
    let installed = Installed::start().await?;
    let first = Operator::start(&installed, "first", &ARGS).await?;
    let people = plays(&installed).await?;
    first.stop().await?;

    let seed = seed()?;
    let (kills, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let rounds = async {
        let mut round = 3;
        while round == 3 || kills.load(Ordering::SeqCst) < KILLS {
            play(&installed, &people, &round.to_string()).await?;
            round += 1;
        }
        over.store(true, Ordering::SeqCst);
        Done::Ok(round - 3)
    };
    let (rounds, last) = tokio::join!(rounds, killing(&installed, seed, &kills, &over));
    let (rounds, (_last, midway)) = (rounds.map_err(|e| format!("seed {seed}: {e}"))?, last?);
    eprintln!("{KILLS} kills in {rounds} releases, {midway} of them midway, seed {seed}");
    assert!(midway > 0, "no kill fell between the first step and the last");
    Ok(())
}

/// The seed of the delays: `ROLLCALL_TEST_SEED`, or another one each time.
pub fn seed() -> Done<u64> {
    if let Ok(text) = std::env::var("ROLLCALL_TEST_SEED") {
        return Ok(text.parse()?);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(u64::from(now.subsec_nanos()) | 1)
}

/// Starts an operator and kills it, until there were enough kills; the last one stays. Every other kill comes
/// after a random while, and every other one right after the operator has written, where a crash hurts most.
/// Tells how many fell between a release's first step and its last.
async fn killing(installed: &Installed, seed: u64, kills: &AtomicUsize, over: &AtomicBool) -> Done<(Operator, usize)> {
    let stage = Stage::on(installed).await?;
    let (mut random, mut midway) = (seed, 0);
    loop {
        let n = kills.load(Ordering::SeqCst);
        let operator = Operator::start(installed, &format!("victim-{n}"), &ARGS).await?;
        if n >= KILLS || over.load(Ordering::SeqCst) {
            return Ok((operator, midway));
        }
        random = another(random);
        if n.is_multiple_of(2) {
            tokio::time::sleep(Duration::from_millis(200 + random % 2300)).await;
        } else {
            written(&stage).await;
            tokio::time::sleep(Duration::from_millis(random % 60)).await;
        }
        operator.kill().await?;
        let releases = stage.list("CoordinatedRelease", "releases").await?;
        midway += usize::from(
            releases.iter().any(|r| r["status"]["startedAt"].is_string() && r["status"]["finished"] != true),
        );
        kills.fetch_add(1, Ordering::SeqCst);
    }
}

/// The next of a series of random numbers: xorshift64 (Marsaglia 2003).
pub fn another(mut random: u64) -> u64 {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    random
}

/// Waits until a release has a new version, five seconds at most: there may be nothing to write.
pub async fn written(stage: &Stage<'_>) {
    let before = stage.recorder.seen("CoordinatedRelease");
    let new = async {
        while stage.recorder.seen("CoordinatedRelease") == before {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), new).await;
}

/// Acceptance S1 once, and its history judged.
async fn play(installed: &Installed, people: &People, round: &str) -> Done {
    let stage = Stage::on(installed).await?;
    let name = format!("round-{round}");
    let release = to_yaml(&[shop::release(&name)]);
    installed.apply(&people.lena, &release).await?;
    let job = ["delete", "job", "-n", "data", "ledger-migrate", "--ignore-not-found"];
    installed.kubectl(&job).await?;
    let manifests = to_yaml(&shop::manifests(round));
    installed.apply(&people.flux, &manifests).await?;
    let digest = complete_digest(installed, &name, round).await?;
    for team in ["data", "core"] {
        shop::sign(installed, people, team, &name, &digest).await?;
    }
    let last_word = stage.sign("ui", &name, &digest).await?;
    stage.completed(&name).await?;
    let history = stage.everything().await?;
    judge(&history, round);
    let migration = let_go(&history, "Job", "ledger-migrate");
    assert!(migration.iter().all(|g| g.at > last_word), "it went before the last word: {migration:?}");
    Ok(())
}
