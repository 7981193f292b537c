//! Random stories about what keeps a release, or a change of no release, waiting: windows with little room, checks, tasks,
//! expected content, stops and missing policies; and how people get past it.

use crate::random::{TEAMS, Teller, WORKLOADS, something, stamp};

/// A release of the shop, changes that are of no release, and what people do about both.
pub fn tell(teller: &mut Teller) {
    windows(teller);
    for team in TEAMS {
        let rules = rules(teller, team);
        teller.at(0, format!("anna creates team {team} {{signOff: {{required: [{{role: lead}}]}}{rules}}}"));
    }
    let created = 3 + teller.chance.below(8);
    let steps = steps(teller);
    teller.at(created, format!("lena creates release checkout {{onFailure: Halt, steps: [{}]}}", steps.join(", ")));
    for name in ["api", "web", "admin"] {
        let at = 2 + teller.chance.below(12);
        let version = 2 + teller.chance.below(2);
        teller.at(at, format!("flux applies {name} {version}"));
    }
    for team in TEAMS {
        let at = 8 + teller.chance.below(25);
        teller.at(at, format!("{team} signs checkout"));
    }
    if teller.chance.percent(CHECKED) {
        answers(teller);
    }
    let events = 2 + teller.chance.below(7);
    (0..events).for_each(|_| people(teller));
}

/// How many stories in a hundred have somebody who answers the check of core.
const CHECKED: u64 = 60;

fn windows(teller: &mut Teller) {
    let year = "schedule: [{name: all-year, dates: {from: '2027-01-01T00:00:00', until: '2028-01-01T00:00:00'}}]";
    let platform = match teller.chance.below(6) {
        0 => return,
        1 => format!("{year}, capacity: {{releases: 1}}"),
        2 => format!("{year}, capacity: {{startsPerOpening: {}}}", 1 + teller.chance.below(3)),
        3 => {
            let (opens, closes) = (10 + teller.chance.below(20), 40 + teller.chance.below(30));
            let slot = |from: u64, until: u64| format!("dates: {{from: '{}', until: '{}'}}", stamp(from), stamp(until));
            let two = format!("{{name: first, {}}}, {{name: second, {}}}", slot(opens, closes), slot(closes + 8, 3000));
            format!("schedule: [{two}], openingJitter: {}s", 2 + teller.chance.below(6))
        }
        _ => year.to_owned(),
    };
    teller.at(0, format!("anna creates window always {{timeZone: UTC, {platform}}}"));
    if teller.chance.percent(25) {
        // A team narrows for itself.
        let until = 30 + teller.chance.below(30);
        let dates = format!("dates: {{from: '2027-01-12T08:00:10', until: '{}'}}", stamp(until));
        let later = "{name: later, dates: {from: '2027-01-12T08:01:15', until: '2027-01-12T12:00:00'}}";
        let schedule = format!("schedule: [{{name: own, {dates}}}, {later}]");
        teller.at(0, format!("uma creates window ui/hours {{namespaceSelector: null, timeZone: UTC, {schedule}}}"));
    }
}

fn rules(teller: &mut Teller, team: &str) -> String {
    let mut rules = String::new();
    if teller.chance.percent(15) {
        rules += ", independentChanges: Held";
    }
    match teller.chance.below(8) {
        0 => rules += ", maxHold: {duration: 25s, then: Release}",
        1 => rules += ", maxHold: {duration: 20s, then: Alert}",
        _ => {}
    }
    if team == "core" && teller.chance.percent(40) {
        rules += ", checks: [{name: budget, controllerName: budget.example/watch, every: 20s}]";
    }
    rules
}

fn steps(teller: &mut Teller) -> Vec<String> {
    let mut steps = vec!["{name: api, estimate: 2s}".to_owned()];
    let mut after = "api";
    if teller.chance.percent(40) {
        let wait = 2 + teller.chance.below(8);
        steps.push(format!("{{name: pause, wait: {wait}s, dependsOn: [{after}]}}"));
        after = "pause";
    }
    if teller.chance.percent(40) {
        steps.push(format!("{{name: call, participant: core, task: 'Call the bank', dependsOn: [{after}]}}"));
        after = "call";
        let at = 15 + teller.chance.below(50);
        teller.at(at, "cora did call of checkout for core");
    }
    let expects = if teller.chance.percent(50) { ", expect: {images: {web: 'registry.example/web:3'}}" } else { "" };
    steps.push(format!("{{name: web, estimate: 2s, dependsOn: [{after}]{expects}}}"));
    if teller.chance.percent(50) {
        steps.push("{name: admin, estimate: 2s}".to_owned());
    }
    steps
}

fn answers(teller: &mut Teller) {
    let mut at = 5 + teller.chance.below(10);
    for _ in 0..1 + teller.chance.below(3) {
        let status = teller.one_of(&["True", "True", "False"]);
        teller.at(at, format!("budget.example/watch answers budget of core with {status}"));
        at += 10 + teller.chance.below(20);
    }
    teller.at(at.min(teller.length - 2), "budget.example/watch answers budget of core with True");
}

/// What people do about it.
fn people(teller: &mut Teller) {
    let last = teller.length - 1;
    let at = teller.some_time(5);
    let on = (at + 3 + teller.chance.below(25)).min(last);
    // A team has the name of its namespace.
    let (namespace, _, name) = *teller.chance.pick(&WORKLOADS).expect("there are some");
    let text = match teller.chance.below(11) {
        0 => {
            teller.at(on, "anna deletes configmap rollcall-system/rollcall-stop");
            "anna creates configmap rollcall-system/rollcall-stop {data: {reason: INC-9}}".to_owned()
        }
        1 => {
            teller.at(on, "anna restores hold-deployment.rollcall.dev");
            "anna deletes policy hold-deployment.rollcall.dev".to_owned()
        }
        2 => {
            let skip = teller.one_of(&["Freeze", "Window", "SignOff", "Capacity"]);
            let until = stamp(at + 30);
            let words = format!("reason: 'checkout is down', ticket: INC-8, skip: [{skip}], until: '{until}Z'");
            format!("oncall-olga patches release releases/checkout {{spec: {{override: {{{words}}}}}}}")
        }
        3 => format!(
            "oncall-olga patches deployment {namespace}/{name} {{metadata: {{annotations: {{rollcall.dev/break-glass: INC-{at}}}}}}}"
        ),
        4 => {
            teller.at(on, "anna deletes freeze rollcall-system/quiet");
            "anna creates freeze quiet".to_owned()
        }
        5 => {
            let held = teller.one_of(&["Keep", "Free"]);
            format!("lena patches release releases/checkout {{spec: {{cancel: {{reason: enough, held: {held}}}}}}}")
        }
        6 | 7 => format!("flux applies {name} {}", 2 + teller.chance.below(3)),
        8 => {
            let changes = teller.one_of(&["Held", "AtOpenWindow"]);
            format!("cora patches team {namespace}/{namespace} {{spec: {{independentChanges: {changes}}}}}")
        }
        9 => {
            teller.at(on, format!("{namespace} signs second"));
            format!("mia creates release second {{steps: [{{name: {name}, estimate: 2s}}]}}")
        }
        _ => return something(teller),
    };
    teller.at(at, text);
}
