//! Stories that nobody wrote: random people, random mishaps, everything wrong that a network and a process can have.
//!
//! A seed is a story, what goes wrong in it, and in which order. First everything may go wrong and nothing must break
//! a rule; then all goes well again and whatever can happen must happen. `SEED=n` plays one seed and tells it;
//! with `TRACE=1` every request as well.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use simapi::Chance;
use simapi::faults::Fault;

use crate::adversary::Swarm;
use crate::meddler::{Cluster, Meddler};
use crate::play::{Played, Stage, play};
use crate::random::story_of;
use crate::story::Story;
use crate::sweep::each;

/// How many seeds `make seeds` plays, which is part of `make test`. `SEEDS=n` plays so many instead, from `FROM=n` on.
const SEEDS: u64 = 10_000;

/// How many of them are played twice: each must be the same to the last byte.
const TWICE: u64 = 50;

/// Seeds that found a mistake once.
const REGRESSIONS: &[u64] = &[142, 948, 1189, 1399, 1609, 2060, 2965, 3119, 3271, 3786, 6118];

/// Seeds that break a rule, for a known reason, which is told here. Each run tells them.
const OPEN: &[u64] = &[];

/// Plays the story of a seed.
pub fn played(seed: u64, told: bool) -> Played {
    let text = story_of(seed);
    let story = Story::parse("seed", &text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let healed = Arc::new(AtomicBool::new(false));
    let swarm = Swarm::new(Chance::new(seed ^ 0x5EED), healed.clone());
    if told {
        println!("{swarm}");
    }
    let mends_within = swarm.mends_within();
    let cluster = Cluster::default();
    let meddler = Meddler::new(Chance::new(seed ^ 0x3EDD), cluster.clone(), healed.clone());
    let faults: Vec<Box<dyn Fault>> = vec![Box::new(meddler), Box::new(swarm)];
    let people = Stage { persistent: true, field_managers: false, watched: true, mends_within, ..Stage::default() };
    let stage = Stage { seed, faults, healed, told, cluster, ..people };
    play(&story, stage)
}

/// Every code that a release ever said.
fn said(played: &Played) -> impl Iterator<Item = &str> {
    let releases = played.history.entries.iter().filter(|e| e.kind == "CoordinatedRelease");
    let blockers = releases.flat_map(|e| e.object["status"]["blockers"].as_array().into_iter().flatten());
    blockers.filter_map(|b| b["code"].as_str())
}

/// How many releases began to go back.
fn went_back(played: &Played) -> usize {
    let back = played.history.entries.iter().filter(|e| e.object["status"]["rollback"].is_object());
    back.map(|e| e.object["metadata"]["uid"].to_string()).collect::<BTreeSet<_>>().len()
}

fn wrong(played: &Played) -> Vec<String> {
    let broken = proof::properties::all(&played.history).into_iter().map(|violation| violation.to_string());
    broken.chain(played.missed.iter().cloned()).chain(played.endless.clone()).collect()
}

/// How much happened in many seeds: whoever makes them faster can see that they are not emptier for it.
#[derive(Default)]
struct Tally {
    seeds: u64,
    finished: usize,
    went_back: usize,
    amount: [u64; 4],
    /// All traces, whatever their order.
    traces: u64,
}

impl Tally {
    fn take(&mut self, seed: u64, played: &Played) {
        self.seeds += 1;
        self.finished += played.end.iter().filter(|e| e.starts_with("release") && e.contains(": true")).count();
        self.went_back += went_back(played);
        self.amount.iter_mut().zip(played.amount).for_each(|(all, one)| *all += one);
        self.traces ^= (played.trace ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [requests, instants, events, writes] = self.amount.map(|all| all / self.seeds.max(1));
        write!(
            f,
            "{} releases finished and {} began to go back; of each seed on average {requests} requests of the operator at {instants} ",
            self.finished, self.went_back
        )?;
        write!(f, "instants, {events} events seen, {writes} writes of all; traces {:016x}", self.traces)
    }
}

fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).map_or(or, |n| n.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn nothing_that_goes_wrong_by_chance_breaks_a_rule_and_all_of_it_mends() {
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().expect("a number");
        let played = played(seed, true);
        println!("{}\n{}", story_of(seed), played.told.text(&format!("Seed {seed}")));
        let wrong = wrong(&played);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        return;
    }
    let from = number("FROM", 1);
    let seeds: Vec<u64> = REGRESSIONS.iter().copied().chain(from..from + number("SEEDS", SEEDS)).collect();
    let trouble = Mutex::new(Vec::new());
    let codes = Mutex::new(BTreeSet::new());
    let tally = Mutex::new(Tally::default());
    let begun = std::time::Instant::now();
    each(&seeds, |seed| {
        let played = played(*seed, false);
        let wrong = wrong(&played);
        codes.lock().expect("nobody panics").extend(said(&played).map(str::to_owned));
        tally.lock().expect("nobody panics").take(*seed, &played);
        if !wrong.is_empty() && OPEN.contains(seed) {
            println!("OPEN: seed {seed}: {}", wrong.join("; "));
        } else if !wrong.is_empty() {
            trouble.lock().expect("nobody panics").push((*seed, wrong));
        }
    });
    println!(
        "{} seeds, {:?}; {}; codes said: {:?}",
        seeds.len(),
        begun.elapsed(),
        tally.into_inner().expect("nobody panics"),
        codes.lock().expect("nobody panics")
    );
    let mut trouble = trouble.into_inner().expect("nobody panics");
    trouble.sort();
    let told: Vec<String> = trouble
        .iter()
        .take(20)
        .map(|(seed, wrong)| {
            format!(
                "SEED={seed} cargo test --profile seeds --test proof -- seeds --nocapture\n  {}",
                wrong.join("\n  ")
            )
        })
        .collect();
    assert!(trouble.is_empty(), "{} of {} seeds:\n{}", trouble.len(), seeds.len(), told.join("\n"));
}

#[test]
fn the_same_seed_is_the_same_story_to_the_last_byte() {
    let seeds: Vec<u64> = (1..=TWICE).collect();
    let differs = Mutex::new(Vec::new());
    each(&seeds, |seed| {
        if played(*seed, false).trace != played(*seed, false).trace {
            differs.lock().expect("nobody panics").push(*seed);
        }
    });
    let differs = differs.into_inner().expect("nobody panics");
    assert!(differs.is_empty(), "not the same twice: {differs:?}");
}
