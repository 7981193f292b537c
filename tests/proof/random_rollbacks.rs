//! Random stories in which releases go back: what was shipped fails, or somebody asks for the former versions.

use crate::random::{TEAMS, Teller, WORKLOADS, something, stamp};

/// When everything runs its first version, as far as nothing went wrong.
const FIRST: u64 = 20;
/// How long people go on, in seconds.
const LENGTH: u64 = 110;

/// A release of the whole shop over a first version that runs, and something that makes it go back.
pub fn tell(teller: &mut Teller) {
    teller.length = LENGTH;
    windows(teller);
    for team in TEAMS {
        let busy = if teller.chance.percent(15) { ", capacity: {parallelSteps: 1}" } else { "" };
        teller.at(0, format!("anna creates team {team} {{signOff: {{required: [{{role: lead}}]}}{busy}}}"));
    }
    for name in DEPLOYMENTS {
        let sick = if teller.chance.percent(8) { Some(SICK) } else { None };
        teller.at(1, format!("flux applies {name} 1{}", with(sick, "")));
    }
    release(teller);
    (0..1 + teller.chance.below(2)).for_each(|_| goes_back(teller));
    let events = teller.chance.below(6);
    (0..events).for_each(|_| beside(teller));
}

const DEPLOYMENTS: [&str; 3] = ["api", "web", "admin"];

/// A template whose pods never become ready, and how soon that is noticed.
const SICK: &str = "kwok.test/fail: 'true'";

fn with(sick: Option<&str>, slow: &str) -> String {
    let marks: Vec<&str> = sick.into_iter().chain(Some(slow).filter(|s| !s.is_empty())).collect();
    let annotations = format!("template: {{metadata: {{annotations: {{{}}}}}}}", marks.join(", "));
    format!(" {{spec: {{progressDeadlineSeconds: 12, {annotations}}}}}")
}

fn windows(teller: &mut Teller) {
    let always = "anna creates window always {timeZone: UTC, schedule: [{name: all-year, dates: {from: '2027-01-01T00:00:00', until: '2028-01-01T00:00:00'}}]";
    match teller.chance.below(8) {
        0 => {
            let closes = FIRST + 15 + teller.chance.below(40);
            let on_close = teller.one_of(&["Halt", "Rollback"]);
            let dates = format!("{{name: slot, dates: {{from: '2027-01-12T08:00:00', until: '{}'}}}}", stamp(closes));
            teller.at(
                0,
                format!("anna creates window hours {{timeZone: UTC, schedule: [{dates}], onClose: {on_close}}}"),
            );
        }
        1 => {}
        _ => teller.at(0, format!("{always}}}")),
    }
}

fn release(teller: &mut Teller) {
    let mut steps = Vec::new();
    if teller.chance.percent(40) {
        steps.push("{name: migrate, estimate: 2s}".to_owned());
        teller.at(FIRST, "flux applies ledger-migrate 2");
    }
    for name in DEPLOYMENTS {
        let soak = teller.one_of(&["", "", ", soak: 6s", ", soak: 20s"]);
        let order = if name == "admin" && teller.chance.percent(30) { ", dependsOn: [web]" } else { "" };
        let stays = if teller.chance.percent(10) { ", reversible: false" } else { "" };
        let failure = if teller.chance.percent(15) { ", onFailure: Continue" } else { "" };
        steps.push(format!("{{name: {name}, estimate: 2s{order}{soak}{stays}{failure}}}"));
    }
    let failure = teller.one_of(&["Rollback", "Rollback", "Rollback", "Halt"]);
    let running = teller.one_of(&["Interrupt", "Interrupt", "Finish"]);
    let one_fails = teller.one_of(&["Stop", "Stop", "Continue"]);
    let rules = format!("onFailure: {failure}, rollback: {{running: {running}, ifOneFails: {one_fails}}}");
    let created = FIRST + teller.chance.below(4);
    teller.at(created, format!("lena creates release checkout {{{rules}, steps: [{}]}}", steps.join(", ")));
    for name in DEPLOYMENTS {
        let sick = if teller.chance.percent(20) { Some(SICK) } else { None };
        let slow = teller.one_of(&["", "", "kwok.test/ready-delay: 4s"]);
        let at = FIRST + teller.chance.below(5);
        teller.at(at, format!("flux applies {name} 2{}", with(sick, slow)));
    }
    for team in TEAMS {
        let at = FIRST + 5 + teller.chance.below(12);
        teller.at(at, format!("{team} signs checkout"));
    }
}

/// What may make a release go back.
fn goes_back(teller: &mut Teller) {
    let at = FIRST + 8 + teller.chance.below(50);
    let name = teller.one_of(&DEPLOYMENTS);
    match teller.chance.below(4) {
        0 | 1 => {
            let asked = "{metadata: {annotations: {rollcall.dev/rollback-requested: 'carts are empty'}}}";
            teller.at(at, format!("lena patches release releases/checkout {asked}"));
        }
        2 => {
            let version = 3 + teller.chance.below(2);
            teller.at(at, format!("flux applies {name} {version}{}", with(Some(SICK), "")));
            TEAMS.iter().for_each(|team| teller.at(at + 3, format!("{team} signs checkout")));
        }
        _ => {
            teller.at(at, format!("flux applies {name} 3"));
            TEAMS.iter().for_each(|team| teller.at(at + 3, format!("{team} signs checkout")));
        }
    }
}

/// What people do meanwhile.
fn beside(teller: &mut Teller) {
    let at = FIRST + 4 + teller.chance.below(LENGTH - FIRST - 6);
    // A team has the name of its namespace.
    let (namespace, _, name) = *teller.chance.pick(&WORKLOADS).expect("there are some");
    let text = match teller.chance.below(9) {
        // Git still has what was rolled back.
        0 | 1 => format!("flux applies {name} 2{}", with(None, "")),
        2 => format!("uma mends the pods of {namespace}/{name}"),
        3 => {
            let held = teller.one_of(&["Keep", "Free"]);
            format!("lena patches release releases/checkout {{spec: {{cancel: {{reason: enough, held: {held}}}}}}}")
        }
        4 => {
            let on = at + 3 + teller.chance.below(20);
            let all = "{spec: {allow: [{namespace: releases, actions: [Hold, Release, Rollback]}]}}";
            teller.at(on.min(LENGTH - 1), format!("cora patches team {namespace}/{namespace} {all}"));
            let less = "{spec: {allow: [{namespace: releases, actions: [Hold, Release]}]}}";
            format!("cora patches team {namespace}/{namespace} {less}")
        }
        5 => {
            let more = format!("lena creates release again {{steps: [{{name: {name}}}]}}");
            teller.at((at + 4).min(LENGTH - 1), format!("{namespace} signs again"));
            more
        }
        _ => return something(teller),
    };
    teller.at(at, text);
}
