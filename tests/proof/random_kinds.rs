//! Random stories of the kinds of workload that have no pause: StatefulSets, DaemonSets and CronJobs, with a Job before
//! them and a Deployment that builds on them. What is broken is known by the clock, and pods that do not get ready may
//! have to be deleted by somebody.

use crate::random::{Teller, stamp};

/// When everything runs its first version, as far as nothing went wrong.
const FIRST: u64 = 24;
/// How long people go on, in seconds.
const LENGTH: u64 = 120;

const TEAMS: [&str; 2] = ["data", "core"];

/// Steps, with the kind and the team of their workload, which has the name of the step.
const STEPS: [(&str, &str, &str); 5] = [
    ("migrate", "Job", "data"),
    ("db", "StatefulSet", "data"),
    ("queue", "StatefulSet", "core"),
    ("agent", "DaemonSet", "data"),
    ("api", "Deployment", "core"),
];

/// One release of some of them over a first version that runs, and what people do meanwhile.
pub fn tell(teller: &mut Teller) {
    teller.length = LENGTH;
    windows(teller);
    teams(teller);
    for (name, kind, team) in STEPS.into_iter().filter(|(_, kind, _)| *kind != "Job") {
        let more = if name == "db" && teller.chance.percent(20) { PARALLEL } else { "" };
        let kind = kind.to_lowercase();
        teller.at(1, format!("flux applies {kind} {team}/{name} 1 {{spec: {{{more}}}}}"));
    }
    if teller.chance.percent(40) {
        teller.at(1, "flux applies cronjob data/nightly 1");
        let at = teller.some_time(FIRST);
        teller.at(at, "flux applies cronjob data/nightly 2");
    }
    release(teller);
    let events = 1 + teller.chance.below(6);
    (0..events).for_each(|_| people(teller));
}

const PARALLEL: &str = "podManagementPolicy: Parallel";

fn windows(teller: &mut Teller) {
    let (from, until) = match teller.chance.below(6) {
        0 => (FIRST + 4, FIRST + 20 + teller.chance.below(40)),
        1 => return,
        _ => (0, 1_000_000),
    };
    let on_close = teller.one_of(&["", ", onClose: Halt", ", onClose: Rollback"]);
    let until = if until > LENGTH { "2028-01-01T00:00:00".to_owned() } else { stamp(until) };
    let dates = format!("dates: {{from: '{}', until: '{until}'}}", stamp(from));
    teller.at(0, format!("anna creates window hours {{timeZone: UTC, schedule: [{{name: slot, {dates}}}]{on_close}}}"));
}

fn teams(teller: &mut Teller) {
    for team in TEAMS {
        let own = STEPS.iter().filter(|(_, _, of)| *of == team);
        let mut workloads: Vec<String> = own.map(|(name, kind, _)| format!("{{kind: {kind}, name: {name}}}")).collect();
        if team == "data" {
            workloads.push("{kind: CronJob, name: nightly}".to_owned());
        }
        let rules =
            teller.one_of(&["", "", "", ", independentChanges: Held", ", maxHold: {duration: 25s, then: Release}"]);
        let listed = workloads.join(", ");
        let signs = "signOff: {required: [{role: lead}]}";
        teller.at(0, format!("anna creates team {team} {{workloads: [{listed}], {signs}{rules}}}"));
    }
}

/// What a version is like whose pods never become ready, or not soon.
fn health(teller: &mut Teller, sick: u64) -> &'static str {
    if teller.chance.percent(sick) {
        return "kwok.test/fail: 'true'";
    }
    ["", "kwok.test/ready-delay: 4s"][usize::from(teller.chance.percent(30))]
}

fn applies(teller: &mut Teller, at: u64, step: (&str, &str, &str), version: u64, sick: u64) {
    let (name, kind, team) = step;
    let (kind, health) = (kind.to_lowercase(), health(teller, sick));
    let template = format!("template: {{metadata: {{annotations: {{{health}}}}}}}");
    teller.at(at, format!("flux applies {kind} {team}/{name} {version} {{spec: {{{template}}}}}"));
}

fn release(teller: &mut Teller) {
    let mut steps: Vec<String> = Vec::new();
    let mut former: Vec<&str> = Vec::new();
    for step in STEPS {
        let (name, kind, team) = step;
        if teller.chance.percent(30) {
            continue;
        }
        let after: Vec<&str> = former.iter().copied().filter(|_| teller.chance.percent(60)).collect();
        let soak = teller.one_of(&["", "", ", soak: 6s", ", soak: 20s"]);
        let stays = if kind == "Job" || teller.chance.percent(8) { ", reversible: false" } else { "" };
        let failure = teller.one_of(&["", "", "", "", ", onFailure: Continue", ", onFailure: Halt"]);
        let known = format!("participant: {team}, workload: {{kind: {kind}, name: {name}}}, estimate: 2s");
        let rest = format!("timeout: 20s{soak}{stays}{failure}, dependsOn: [{}]", after.join(", "));
        steps.push(format!("{{name: {name}, {known}, {rest}}}"));
        former.push(name);
        let at = FIRST + teller.chance.below(6);
        applies(teller, at, step, 2, 15);
    }
    let failure = teller.one_of(&["Rollback", "Rollback", "Halt"]);
    let running = teller.one_of(&["Interrupt", "Interrupt", "Finish"]);
    let one_fails = teller.one_of(&["Stop", "Continue"]);
    let rules = format!("onFailure: {failure}, rollback: {{running: {running}, ifOneFails: {one_fails}}}");
    let created = FIRST + teller.chance.below(4);
    let (all, teams) = (steps.join(", "), "participants: [data, core]");
    teller.at(created, format!("lena creates release storage {{{rules}, {teams}, steps: [{all}]}}"));
    for team in TEAMS {
        let at = FIRST + 6 + teller.chance.below(14);
        teller.at(at, format!("{team} signs storage"));
    }
}

/// What people do about it, and beside it.
fn people(teller: &mut Teller) {
    let last = teller.length - 1;
    let at = FIRST + 5 + teller.chance.below(LENGTH - FIRST - 8);
    let on = (at + 3 + teller.chance.below(25)).min(last);
    let step = *teller.chance.pick(&STEPS[1..]).expect("there are some");
    let (name, team) = (step.0, step.2);
    let kind = step.1.to_lowercase();
    let host = teller.one_of(&["a", "b"]);
    let text = match teller.chance.below(16) {
        0 | 1 => {
            let asked = "{metadata: {annotations: {rollcall.dev/rollback-requested: 'carts are empty'}}}";
            format!("lena patches release releases/storage {asked}")
        }
        2 | 3 => {
            let version = 3 + teller.chance.below(2);
            TEAMS.iter().for_each(|team| teller.at((at + 3).min(last), format!("{team} signs storage")));
            return applies(teller, at, step, version, 30);
        }
        // Git still has what was rolled back.
        4 => return applies(teller, at, step, 2, 0),
        5 => format!("ops patches {kind} {team}/{name} {{spec: {{replicas: {}}}}}", 1 + teller.chance.below(4)),
        6 => {
            let strategy = teller.one_of(&[
                "rollingUpdate: {partition: 1}",
                "type: RollingUpdate, rollingUpdate: {partition: 0}",
                "type: OnDelete, rollingUpdate: null",
            ]);
            format!("ops patches statefulset data/db {{spec: {{updateStrategy: {{{strategy}}}}}}}")
        }
        7 => {
            teller.at(on, format!("ops deletes a pod of {team}/{name}"));
            format!("uma mends the pods of {team}/{name}")
        }
        8 => format!("ops deletes a pod of {team}/{name}"),
        9 => {
            let held = teller.one_of(&["Keep", "Free"]);
            format!("lena patches release releases/storage {{spec: {{cancel: {{reason: enough, held: {held}}}}}}}")
        }
        10 => {
            teller.at(on, "lena patches release releases/storage {spec: {paused: false}}");
            "lena patches release releases/storage {spec: {paused: true}}".to_owned()
        }
        what @ (11 | 12) => {
            let [ends, goes_on] = if what == 11 { ["dies", "starts"] } else { ["freezes", "thaws"] };
            teller.at(on, format!("operator {host} {goes_on}"));
            format!("operator {host} {ends}")
        }
        13 => {
            let all = "{spec: {allow: [{namespace: releases, actions: [Hold, Release, Rollback]}]}}";
            teller.at(on, format!("cora patches team {team}/{team} {all}"));
            let less = teller.one_of(&["[]", "[{namespace: releases, actions: [Hold, Release]}]"]);
            format!("cora patches team {team}/{team} {{spec: {{allow: {less}}}}}")
        }
        // Its time to live is over.
        14 => "ops deletes job data/migrate".to_owned(),
        _ => return restarts(teller, at, step),
    };
    teller.at(at, text);
}

/// As `kubectl rollout restart` does it.
fn restarts(teller: &mut Teller, at: u64, (name, kind, team): (&str, &str, &str)) {
    let kind = kind.to_lowercase();
    let annotations = format!("annotations: {{kubectl.kubernetes.io/restartedAt: '{at}'}}");
    let spec = format!("spec: {{template: {{metadata: {{{annotations}}}}}}}");
    teller.at(at, format!("ops patches {kind} {team}/{name} {{{spec}}}"));
}
