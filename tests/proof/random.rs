//! Random stories: what people do, and when, told as a story of `tests/scenarios` is.

use std::fmt::Write as _;

use simapi::Chance;

use crate::random_gates;
use crate::random_kinds;
use crate::random_rollbacks;

/// How long people go on, in seconds.
const LENGTH: u64 = 90;

pub struct Teller {
    pub chance: Chance,
    /// How long people go on, in seconds.
    pub length: u64,
    lines: Vec<(u64, String)>,
}

impl Teller {
    pub fn at(&mut self, second: u64, text: impl Into<String>) {
        self.lines.push((second, text.into()));
    }

    pub fn some_time(&mut self, from: u64) -> u64 {
        from + self.chance.below(self.length - from)
    }

    pub fn one_of<'a>(&mut self, from: &[&'a str]) -> &'a str {
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

pub const TEAMS: [&str; 3] = ["data", "core", "ui"];
pub const WORKLOADS: [(&str, &str, &str); 3] =
    [("core", "deployment", "api"), ("ui", "deployment", "web"), ("ui", "deployment", "admin")];

/// The story of a seed, as it could stand in `tests/scenarios`.
pub fn story_of(seed: u64) -> String {
    let mut teller = Teller { chance: Chance::new(seed), length: LENGTH, lines: Vec::new() };
    teller.at(0, "operator a starts");
    if teller.chance.percent(60) {
        teller.at(1, "operator b starts");
    }
    // Seeds that found a mistake once keep their stories.
    match seed % 10 {
        3 | 4 | 7 => random_gates::tell(&mut teller),
        0 | 2 | 5 => random_rollbacks::tell(&mut teller),
        1 | 6 if seed % 20 == 1 || seed % 20 == 16 => random_kinds::tell(&mut teller),
        _ => tell(&mut teller),
    }
    // Else most would be signed anew, and let go, only when nothing goes wrong any more.
    (9..teller.length).step_by(4).for_each(|second| teller.at(second, "all look again"));
    teller.at(teller.length, "the end");
    teller.text(seed)
}

/// Two releases of two steps, of which nothing goes back.
fn tell(teller: &mut Teller) {
    windows(teller);
    for team in TEAMS {
        let halts = if teller.chance.percent(20) { "withdrawnAfterStart: Halt" } else { "" };
        let busy = if teller.chance.percent(25) { "capacity: {parallelSteps: 1}" } else { "" };
        let signs = format!("signOff: {{required: [{{role: lead}}], {halts}}}");
        teller.at(0, format!("anna creates team {team} {{{}}}", [signs.as_str(), busy].join(", ")));
    }
    releases(teller);
    teller.at(3, "flux applies everything 2");
    let events = 3 + teller.chance.below(10);
    (0..events).for_each(|_| something(teller));
}

/// So many seconds after a story began, as a window says it.
pub fn stamp(second: u64) -> String {
    format!("2027-01-12T08:{:02}:{:02}", second / 60, second % 60)
}

fn windows(teller: &mut Teller) {
    match teller.chance.below(6) {
        0 | 1 => {
            let (opens, closes) = (10 + teller.chance.below(40), 55 + teller.chance.below(60));
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

/// Something that happens at some time.
pub fn something(teller: &mut Teller) {
    let last = teller.length - 1;
    let at = teller.some_time(5);
    let release = teller.one_of(&["checkout", "search"]);
    let host = teller.one_of(&["a", "b"]);
    let (namespace, kind, name) = *teller.chance.pick(&WORKLOADS).expect("there are some");
    let text = match teller.chance.below(14) {
        0 | 1 => format!("flux applies {name} {}", 3 + teller.chance.below(3)),
        2 => format!("ops patches {kind} {namespace}/{name} {{spec: {{replicas: {}}}}}", 1 + teller.chance.below(4)),
        3 | 4 => {
            let on = at + 3 + teller.chance.below(25);
            teller.at(on.min(last), format!("lena patches release releases/{release} {{spec: {{paused: false}}}}"));
            format!("lena patches release releases/{release} {{spec: {{paused: true}}}}")
        }
        5 => {
            let on = at + 3 + teller.chance.below(25);
            teller.at(
                on.min(last),
                format!("cora patches team {namespace}/{namespace} {{spec: {{allow: [{{namespace: releases}}]}}}}"),
            );
            format!("cora patches team {namespace}/{namespace} {{spec: {{allow: []}}}}")
        }
        6 => {
            let on = at + 3 + teller.chance.below(25);
            teller.at(on.min(last), "anna deletes freeze rollcall-system/quiet");
            "anna creates freeze quiet".to_owned()
        }
        7 => format!("lena deletes release releases/{release}"),
        8 | 9 => {
            let on = at + 1 + teller.chance.below(30);
            teller.at(on.min(last), format!("operator {host} starts"));
            format!("operator {host} dies")
        }
        10 | 11 => {
            let on = at + 1 + teller.chance.below(40);
            teller.at(on.min(last), format!("operator {host} thaws"));
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
