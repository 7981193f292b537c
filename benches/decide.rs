//! How long a decision about the largest release that the schema takes lasts, with the largest teams and word lists that
//! it takes, against what only parsing the same objects takes.
//!
//! `cargo bench --bench decide`. It judges ratios, which depend on no machine: what somebody can make rollcall think about
//! costs no more than a small multiple of what it costs to read it, and four times as much of it no more than the square.

#![allow(clippy::disallowed_methods, reason = "this measures")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rollcall::api::fields::WorkloadKind;
use rollcall::cluster::objects::{Release, Team, decode};
use rollcall::cluster::workloads::{self, Workload};
use rollcall::controllers::release::View;
use rollcall::controllers::release::situation::{Around, Circumstances, view};
use rollcall::domain::names::{Kind, ObjectName, WorkloadName};
use rollcall::domain::scheduling::{Decision, decide};
use serde_json::{Value, json};

const RUNS: usize = 15;
/// The most steps, teams, and words of a team that the schema takes.
const STEPS: usize = 100;
const TEAMS: usize = 32;
const WORDS: usize = 128;
/// The most steps that one may wait for.
const BEFORE: usize = 16;
/// Deciding may take so many times what parsing takes.
const OF_PARSING: f64 = 4.0;

/// The texts of all objects around one release.
struct Texts {
    release: String,
    teams: Vec<String>,
    workloads: Vec<String>,
}

struct Objects {
    release: Arc<Release>,
    around: Around,
}

fn main() -> ExitCode {
    let small = Texts::of(STEPS / 4, TEAMS / 4, WORDS / 4);
    let large = Texts::of(STEPS, TEAMS, WORDS);
    let [(_, few), (parsing, most)] = [small, large].map(|texts| {
        let parsing = median(|| drop(texts.read()));
        let objects = texts.read();
        let deciding = median(|| drop(objects.decided()));
        let decision = objects.decided();
        println!(
            "{} steps of {} teams, {:.1} MiB: parsing {:.2} ms, deciding {:.2} ms, ratio {:.2}; {} blockers",
            objects.release.spec.steps.len(),
            texts.teams.len(),
            texts.bytes() as f64 / 1024.0 / 1024.0,
            millis(parsing),
            millis(deciding),
            millis(deciding) / millis(parsing),
            decision.blockers.len()
        );
        (parsing, deciding)
    });
    let (ratio, growth) = (millis(most) / millis(parsing), millis(most) / millis(few));
    println!("a quarter of each against all of it: {growth:.1} times");
    if ratio <= OF_PARSING && growth <= 16.0 {
        ExitCode::SUCCESS
    } else {
        eprintln!("more than {OF_PARSING} times the parsing, or more than the square of the size");
        ExitCode::FAILURE
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(mut what: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            what();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

/// A name of the longest kind that a label takes.
fn long(prefix: &str, n: usize) -> String {
    format!("{prefix}-{n:0>width$}", width = 62 - prefix.len())
}

impl Texts {
    fn of(steps: usize, teams: usize, words: usize) -> Self {
        let team_of = |step: usize| long("team", step % teams);
        let participants: Vec<Value> = (0..teams)
            .map(|n| {
                json!({"name": long("part", n), "team": {"namespace": long("team", n), "name": long("team", n)},
                "role": "Required", "responsibility": "w".repeat(256)})
            })
            .collect();
        let planned: Vec<Value> = (0..steps)
            .map(|n| {
                let before: Vec<String> = (n.saturating_sub(BEFORE)..n).map(|b| long("step", b)).collect();
                json!({"name": long("step", n), "participant": long("part", n % teams), "dependsOn": before,
                    "workload": {"kind": "Deployment", "name": long("app", n)}, "estimate": "1m"})
            })
            .collect();
        let release = json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "CoordinatedRelease",
            "metadata": meta("releases", &long("release", 0)),
            "spec": {"owner": {"name": "Lena", "contact": "#releases"}, "participants": participants, "steps": planned}});
        let of_team = |n: usize| {
            let listed: Vec<Value> = (0..steps)
                .filter(|step| step % teams == n)
                .map(|step| json!({"kind": "Deployment", "name": long("app", step)}))
                .collect();
            json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "TeamReadiness",
                "metadata": meta(&long("team", n), &long("team", n)),
                "spec": {"owner": {"name": "Ana", "contact": "#a"}, "workloads": listed,
                    "allow": (0..64).map(|a| json!({"namespace": if a == 63 { "releases".into() } else { long("ns", a) }})).collect::<Vec<_>>(),
                    "signOff": {"required": (0..8).map(|r| json!({"role": long("role", r), "count": 8})).collect::<Vec<_>>()},
                    "signOffs": (0..words).map(word).collect::<Vec<_>>()}})
        };
        Self {
            release: release.to_string(),
            teams: (0..teams).map(|n| of_team(n).to_string()).collect(),
            workloads: (0..steps).map(|n| workload(&team_of(n), &long("app", n)).to_string()).collect(),
        }
    }

    fn bytes(&self) -> usize {
        self.release.len() + self.teams.iter().chain(&self.workloads).map(String::len).sum::<usize>()
    }

    fn read(&self) -> Objects {
        let release: Release = decode(&self.release).expect("a release");
        let teams: Vec<Team> = self.teams.iter().map(|t| decode(t).expect("a team")).collect();
        let workloads: Vec<Workload> = self
            .workloads
            .iter()
            .map(|t| workloads::decode(WorkloadKind::Deployment, t).expect("a Deployment"))
            .collect();
        let around = Around {
            teams: teams
                .into_iter()
                .map(|t| (ObjectName::new(&*t.meta.key.namespace, &*t.meta.key.name), Arc::new(t)))
                .collect(),
            workloads: workloads.into_iter().map(|w| (named(&w), w)).collect(),
            ..Around::default()
        };
        Objects { release: Arc::new(release), around }
    }
}

fn named(workload: &Workload) -> WorkloadName {
    let (namespace, name) = (workload.key.namespace.to_string(), workload.key.name.to_string());
    WorkloadName { kind: Kind::Deployment, namespace, name }
}

impl Objects {
    fn decided(&self) -> Decision {
        let circumstances = Circumstances {
            now: "2027-01-12T09:00:00Z".parse().expect("an instant"),
            skew: None,
            settle: chrono::TimeDelta::seconds(30),
            platform: "rollcall-system".into(),
            stopped: None,
            policies_missing: vec![],
        };
        match view(&circumstances, Arc::clone(&self.release), &self.around) {
            View::Sound { situation, .. } => decide(&situation),
            View::Faulty { faults, .. } => panic!("it is not legal: {faults:?}"),
        }
    }
}

/// Words for this release in all its roles and seats, each for other content and with the longest reason.
fn word(n: usize) -> Value {
    json!({"release": format!("releases/{}", long("release", 0)), "role": long("role", n % 8), "seat": n / 8 % 8 + 1,
        "decision": "Go", "digest": format!("sha256:{n:0>64}"), "reason": "x".repeat(1024), "by": long("person", n)})
}

fn meta(namespace: &str, name: &str) -> Value {
    json!({"namespace": namespace, "name": name, "uid": format!("uid-{name}"), "resourceVersion": "7", "generation": 1,
        "creationTimestamp": "2027-01-12T08:00:00Z", "annotations": {"rollcall.dev/author": "lena"}})
}

fn workload(namespace: &str, name: &str) -> Value {
    let mut meta = meta(namespace, name);
    meta["labels"] = json!({"rollcall.dev/gate": namespace});
    meta["annotations"] = json!({"rollcall.dev/hold": "policy"});
    json!({"metadata": meta, "spec": {"paused": true, "replicas": 2,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": "r/app:2"}]}}},
        "status": {}})
}
