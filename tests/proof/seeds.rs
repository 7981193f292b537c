//! Stories that nobody wrote: random people, random mishaps, everything wrong that a network and a process can have.
//!
//! A seed is a story, what goes wrong in it, and in which order. First everything may go wrong and nothing must break
//! a rule; then all goes well again and whatever can happen must happen. `SEED=n` plays one seed and tells it;
//! with `TRACE=1` every request as well.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use simapi::Chance;
use simapi::faults::Fault;

use crate::adversary::Swarm;
use crate::meddler::{Cluster, Meddler};
use crate::play::{Played, Stage, play};
use crate::story::Story;
use crate::sweep::each;

/// How many seeds `make seeds` plays, which is part of `make test`. `SEEDS=n` plays so many instead, from `FROM=n` on.
const SEEDS: u64 = 10_000;

/// How many of them are played twice: each must be the same to the last byte.
const TWICE: u64 = 50;

/// Seeds that found a mistake once.
const REGRESSIONS: &[u64] = &[948, 1189, 1399, 1609, 3119, 3271, 3786, 6118];

/// Seeds that break a rule, for a known reason, which is told here. Each run tells them.
const OPEN: &[u64] = &[];

/// How long people go on, in seconds.
const LENGTH: u64 = 90;

struct Teller {
    chance: Chance,
    lines: Vec<(u64, String)>,
}

impl Teller {
    fn at(&mut self, second: u64, text: impl Into<String>) {
        self.lines.push((second, text.into()));
    }

    fn some_time(&mut self, from: u64) -> u64 {
        from + self.chance.below(LENGTH - from)
    }

    fn one_of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        self.chance.pick(from).copied().unwrap_or_default()
    }

    fn text(mut self, seed: u64) -> String {
        self.lines.sort();
        let mut text = format!("# Seed {seed}.\n\n");
        for (second, line) in &self.lines {
            let _ = writeln!(text, "08:{:02}:{:02}  {line}", second / 60, second % 60);
        }
        text
    }
}

const TEAMS: [&str; 3] = ["data", "core", "ui"];
const WORKLOADS: [(&str, &str, &str); 3] =
    [("core", "deployment", "api"), ("ui", "deployment", "web"), ("ui", "deployment", "admin")];

/// The story of a seed, as it could stand in `tests/scenarios`.
pub fn story_of(seed: u64) -> String {
    let mut teller = Teller { chance: Chance::new(seed), lines: Vec::new() };
    teller.at(0, "operator a starts");
    if teller.chance.percent(60) {
        teller.at(1, "operator b starts");
    }
    windows(&mut teller);
    for team in TEAMS {
        let halts = if teller.chance.percent(20) { "withdrawnAfterStart: Halt" } else { "" };
        let busy = if teller.chance.percent(25) { "capacity: {parallelSteps: 1}" } else { "" };
        let signs = format!("signOff: {{required: [{{role: lead}}], {halts}}}");
        teller.at(0, format!("anna creates team {team} {{{}}}", [signs.as_str(), busy].join(", ")));
    }
    releases(&mut teller);
    teller.at(3, "flux applies everything 2");
    let events = 3 + teller.chance.below(10);
    (0..events).for_each(|_| something(&mut teller));
    // Else most would be signed anew, and let go, only when nothing goes wrong any more.
    (9..LENGTH).step_by(4).for_each(|second| teller.at(second, "all look again"));
    teller.at(LENGTH, "the end");
    teller.text(seed)
}

fn windows(teller: &mut Teller) {
    match teller.chance.below(6) {
        0 | 1 => {
            let (opens, closes) = (10 + teller.chance.below(40), 55 + teller.chance.below(60));
            let stamp = |s: u64| format!("2027-01-12T08:{:02}:{:02}", s / 60, s % 60);
            let dates = format!("{{name: slot, dates: {{from: '{}', until: '{}'}}}}", stamp(opens), stamp(closes));
            let again = "{name: later, dates: {from: '2027-01-12T08:02:10', until: '2027-01-12T12:00:00'}}";
            teller.at(0, format!("anna creates window hours {{timeZone: UTC, schedule: [{dates}, {again}]}}"));
        }
        2 => {}
        3 => teller.at(0, "anna creates window always"),
        // The same, and read in no time.
        _ => {
            let dates = "{name: all-year, dates: {from: '2027-01-01T00:00:00', until: '2028-01-01T00:00:00'}}";
            teller.at(0, format!("anna creates window always {{timeZone: UTC, schedule: [{dates}]}}"));
        }
    }
}

fn releases(teller: &mut Teller) {
    let needs = |teller: &mut Teller| if teller.chance.percent(50) { ", requires: {orders-db: 1}" } else { "" };
    let step = |name: &str, team: &str, kind: &str, work: &str, more: &str| {
        format!("{{name: {name}, participant: {team}, workload: {{kind: {kind}, name: {work}}}, estimate: 5m{more}}}")
    };
    let after = |teller: &mut Teller, step: &str| {
        if teller.chance.percent(70) { format!(", dependsOn: [{step}]") } else { String::new() }
    };
    let soak = |teller: &mut Teller| if teller.chance.percent(25) { ", soak: 8s" } else { "" };
    let migrate = needs(teller).to_owned() + soak(teller);
    let api = needs(teller).to_owned() + &after(teller, "migrate");
    let web = needs(teller).to_owned() + soak(teller);
    let admin = needs(teller).to_owned() + &after(teller, "web");
    let first =
        [step("migrate", "data", "Job", "ledger-migrate", &migrate), step("api", "core", "Deployment", "api", &api)];
    let second = [step("web", "ui", "Deployment", "web", &web), step("admin", "ui", "Deployment", "admin", &admin)];
    let failure = teller.one_of(&["Halt", "Continue"]);
    let created = teller.chance.below(4);
    teller
        .at(created, format!("lena creates release checkout {{onFailure: {failure}, steps: [{}]}}", first.join(", ")));
    let created = teller.chance.below(20);
    teller.at(created, format!("lena creates release search {{onFailure: {failure}, steps: [{}]}}", second.join(", ")));
    for team in TEAMS {
        for release in ["checkout", "search"] {
            let at = 6 + teller.chance.below(30);
            teller.at(at, format!("{team} signs {release}"));
        }
    }
}

fn something(teller: &mut Teller) {
    let at = teller.some_time(5);
    let release = teller.one_of(&["checkout", "search"]);
    let host = teller.one_of(&["a", "b"]);
    let (namespace, kind, name) = *teller.chance.pick(&WORKLOADS).expect("there are some");
    let text = match teller.chance.below(14) {
        0 | 1 => format!("flux applies {name} {}", 3 + teller.chance.below(3)),
        2 => format!("ops patches {kind} {namespace}/{name} {{spec: {{replicas: {}}}}}", 1 + teller.chance.below(4)),
        3 | 4 => {
            let on = at + 3 + teller.chance.below(25);
            teller
                .at(on.min(LENGTH - 1), format!("lena patches release releases/{release} {{spec: {{paused: false}}}}"));
            format!("lena patches release releases/{release} {{spec: {{paused: true}}}}")
        }
        5 => {
            let on = at + 3 + teller.chance.below(25);
            teller.at(
                on.min(LENGTH - 1),
                format!("cora patches team {namespace}/{namespace} {{spec: {{allow: [{{namespace: releases}}]}}}}"),
            );
            format!("cora patches team {namespace}/{namespace} {{spec: {{allow: []}}}}")
        }
        6 => {
            let on = at + 3 + teller.chance.below(25);
            teller.at(on.min(LENGTH - 1), "anna deletes freeze rollcall-system/quiet");
            "anna creates freeze quiet".to_owned()
        }
        7 => format!("lena deletes release releases/{release}"),
        8 | 9 => {
            let on = at + 1 + teller.chance.below(30);
            teller.at(on.min(LENGTH - 1), format!("operator {host} starts"));
            format!("operator {host} dies")
        }
        10 | 11 => {
            let on = at + 1 + teller.chance.below(40);
            teller.at(on.min(LENGTH - 1), format!("operator {host} thaws"));
            format!("operator {host} freezes")
        }
        12 => {
            let off = teller.one_of(&["-9000", "-1500", "1500", "30000"]);
            format!("clock of {host} is off by {off}ms")
        }
        _ => format!(
            "ops patches {kind} {namespace}/{name} {{spec: {{template: {{metadata: {{annotations: {{kubectl.kubernetes.io/restartedAt: '{at}'}}}}}}}}}}"
        ),
    };
    teller.at(at, text);
}

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
    let people = Stage { persistent: true, watched: true, mends_within, ..Stage::default() };
    let stage = Stage { seed, faults, healed, told, cluster, ..people };
    play(&story, stage)
}

/// Every code that a release ever said.
fn said(played: &Played) -> impl Iterator<Item = &str> {
    let releases = played.history.entries.iter().filter(|e| e.kind == "CoordinatedRelease");
    let blockers = releases.flat_map(|e| e.object["status"]["blockers"].as_array().into_iter().flatten());
    blockers.filter_map(|b| b["code"].as_str())
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
    amount: [u64; 4],
    /// All traces, whatever their order.
    traces: u64,
}

impl Tally {
    fn take(&mut self, seed: u64, played: &Played) {
        self.seeds += 1;
        self.finished += played.end.iter().filter(|e| e.starts_with("release") && e.contains(": true")).count();
        self.amount.iter_mut().zip(played.amount).for_each(|(all, one)| *all += one);
        self.traces ^= (played.trace ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [requests, instants, events, writes] = self.amount.map(|all| all / self.seeds.max(1));
        write!(
            f,
            "{} releases finished; of each seed on average {requests} requests of the operator at {instants} ",
            self.finished
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
