//! Old readiness cannot pass, in whatever order news arrives: `dev`, then `canary`, then `prod`, all healthy at revision
//! 7 with the team's word for 7; then commit 8 changes all three, and every reader learns of everything late.
//!
//! The reader's view is one that never existed: each object as of another moment. As in the operator, it says when to
//! look; what lets go is read fresh, and carried out on exactly the version that was read.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;

use crate::domain::names::{Kind, ObjectName, WorkloadName};
use crate::domain::readiness::SignOff;
use crate::domain::scheduling::fixtures::{at, held_workload, name, two_steps};
use crate::domain::scheduling::situation::{
    Grant, Participant, Role, Situation, Step, StepRecord, Team, TeamFound, Work,
};
use crate::domain::scheduling::{Act, decide};
use crate::domain::workload::{Hold, Progress, Workload};

const STAGES: [&str; 3] = ["dev", "canary", "prod"];

/// Something that happens, to the stage of this number where it is about one.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The commit reaches the API server: stored, and held in the same write.
    Commit(usize),
    /// The workload's controller takes the next step: it sees the newest generation, then it is done with it.
    Controller(usize),
    /// The reader's view of one workload becomes the present one.
    Workload(usize),
    /// The reader's view of the team's words, or of the release's own record.
    Words,
    Record,
    /// The lead says Go for what the release asks for, as far as the lead can see it.
    Sign,
    /// The operator looks at what it sees, and acts.
    Look,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let stage = 0..STAGES.len();
    let one = prop_oneof![
        2 => stage.clone().prop_map(Event::Commit),
        4 => stage.clone().prop_map(Event::Controller),
        4 => stage.prop_map(Event::Workload),
        1 => Just(Event::Words),
        2 => Just(Event::Record),
        1 => Just(Event::Sign),
        4 => Just(Event::Look),
    ];
    prop::collection::vec(one, 40..90)
}

fn workload_name(stage: &str) -> WorkloadName {
    WorkloadName { kind: Kind::Deployment, namespace: "core".into(), name: stage.into() }
}

fn at_seven(stage: &str) -> Workload {
    Workload {
        name: workload_name(stage),
        uid: format!("uid-{stage}"),
        version: "1".into(),
        hold: Hold::Free,
        template: format!("sha256:{stage}-7"),
        progress: Progress::Done,
        ..held_workload("core")
    }
}

/// Dev, canary and prod in order, all at 7, which the team's lead signed.
fn at_rest() -> Situation {
    let mut s = two_steps().0;
    let Some(TeamFound::Sound(team)) = s.teams.remove(&name("shop")) else { panic!("a team") };
    let listed = STAGES.map(|stage| (Kind::Deployment, stage.to_owned())).into();
    let core = Team { name: name("core"), listed, ..*team };
    let step = |n: usize| Step {
        name: STAGES[n].into(),
        participant: Some("core".into()),
        work: Work::Workload(workload_name(STAGES[n])),
        depends_on: n.checked_sub(1).map(|before| STAGES[before].to_owned()).into_iter().collect(),
        ..s.release.steps[0].clone()
    };
    s.release.steps = (0..STAGES.len()).map(step).collect();
    s.release.participants =
        BTreeMap::from([("core".into(), Participant { team: name("core"), role: Role::Required })]);
    s.release.plan = json!({"steps": STAGES});
    s.teams = BTreeMap::from([(name("core"), TeamFound::Sound(Box::new(core)))]);
    s.governance = BTreeMap::from([(name("core"), Default::default())]);
    s.workloads = STAGES.map(|stage| (workload_name(stage), at_seven(stage))).into();
    let digest = decide(&s).digest;
    say(&mut s, &digest);
    let granted = |stage: &str| Grant {
        at: at("08:00:00"),
        digest: digest.clone(),
        uid: format!("uid-{stage}"),
        version: "0".into(),
        template: format!("sha256:{stage}-7"),
        rolled_back_before: false,
        former: None,
        replaced: vec![],
        evidence: vec![],
        overridden: None,
        withdrawn: None,
    };
    s.record.steps = STAGES
        .map(|stage| {
            let record = StepRecord {
                grant: Some(granted(stage)),
                started: Some(at("08:00:00")),
                finished: Some(at("08:01:00")),
                ..StepRecord::default()
            };
            (stage.to_owned(), record)
        })
        .into();
    s
}

fn say(s: &mut Situation, digest: &str) {
    let release: ObjectName = s.release.name.clone();
    let Some(TeamFound::Sound(team)) = s.teams.get_mut(&name("core")) else { panic!("a team") };
    let word = SignOff {
        role: "lead".into(),
        go: true,
        digest: digest.into(),
        reason: String::new(),
        by: "ana".into(),
        seen: Some(at("08:30:00")),
    };
    team.sign_offs.insert(release, vec![word]);
}

struct Run {
    truth: Situation,
    view: Situation,
    /// Of each stage that was let go at 8: whether the stage before was healthy with what it had stored, and whether the
    /// team's word was for what was stored then.
    gone: BTreeMap<usize, (bool, bool)>,
    /// The templates that the lead looked at when signing last.
    signed: Vec<String>,
}

impl Run {
    fn happens(&mut self, moment: usize, event: Event) {
        match event {
            Event::Commit(n) => self.commit(n),
            Event::Controller(n) => self.controller(n),
            Event::Workload(n) => {
                let name = workload_name(STAGES[n]);
                self.view.workloads.insert(name.clone(), self.truth.workloads[&name].clone());
            }
            Event::Words => self.view.teams = self.truth.teams.clone(),
            Event::Record => self.view.record = self.truth.record.clone(),
            Event::Sign => {
                let asked = decide(&self.truth).digest;
                say(&mut self.truth, &asked);
                self.signed = templates(&self.truth);
            }
            Event::Look => self.look(moment),
        }
    }

    fn stage(&mut self, n: usize) -> &mut Workload {
        self.truth.workloads.get_mut(&workload_name(STAGES[n])).expect("a stage")
    }

    fn commit(&mut self, n: usize) {
        let workload = self.stage(n);
        if workload.template.ends_with("-7") {
            workload.template = format!("sha256:{}-8", STAGES[n]);
            workload.hold = Hold::Held;
            workload.version = next(&workload.version);
            workload.progress = Progress::NotObserved;
        }
    }

    /// A controller that has not noticed says nothing new: what it said of 7 stays in the status until it looks.
    fn controller(&mut self, n: usize) {
        let workload = self.stage(n);
        let further = match workload.progress {
            Progress::NotObserved if !workload.hold.is_held() => Progress::Progressing("1 of 3".into()),
            Progress::Progressing(_) => Progress::Done,
            _ => return,
        };
        workload.progress = further;
        workload.version = next(&workload.version);
    }

    fn look(&mut self, moment: usize) {
        let now: DateTime<Utc> = at("09:00:00") + TimeDelta::milliseconds(i64::try_from(moment).expect("few"));
        (self.view.now, self.truth.now) = (now, now);
        if decide(&self.view).acts.is_empty() {
            return;
        }
        let decision = decide(&self.truth);
        self.view = self.truth.clone();
        for act in &decision.acts {
            let (Act::Grant { step, workload, version, template, .. }
            | Act::Release { step, workload, version, template }) = act
            else {
                panic!("nothing goes back here: {act:?}");
            };
            let grant = Grant {
                at: now,
                digest: decision.digest.clone(),
                uid: self.truth.workloads[workload].uid.clone(),
                version: version.clone(),
                template: template.clone(),
                rolled_back_before: false,
                former: None,
                replaced: vec![],
                evidence: vec![],
                overridden: None,
                withdrawn: None,
            };
            self.truth.record.steps.insert(step.clone(), StepRecord { grant: Some(grant), ..StepRecord::default() });
            let n = STAGES.iter().position(|stage| stage == step).expect("a stage");
            let before = n.checked_sub(1).map(|before| self.stage(before).clone());
            let healthy = before.is_none_or(|w| !w.hold.is_held() && w.progress == Progress::Done);
            let signed = self.signed == templates(&self.truth);
            self.gone.insert(n, (healthy, signed));
            let workload = self.stage(n);
            workload.hold = Hold::Free;
            workload.version = next(&workload.version);
        }
    }
}

/// What all stages have stored: what a signature is for, whatever the digest says.
fn templates(s: &Situation) -> Vec<String> {
    s.workloads.values().map(|w| w.template.clone()).collect()
}

fn next(version: &str) -> String {
    (version.parse::<u64>().expect("a number") + 1).to_string()
}

fn run(events: &[Event]) -> Run {
    let truth = at_rest();
    let signed = templates(&truth);
    let mut run = Run { view: truth.clone(), truth, gone: BTreeMap::new(), signed };
    for (moment, event) in events.iter().enumerate() {
        run.happens(moment, *event);
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_stage_goes_on_old_health_or_an_old_word_in_any_order_of_events(events in events()) {
        for (n, (healthy, signed)) in &run(&events).gone {
            prop_assert!(*healthy, "{} went, and what comes before it was not healthy at 8", STAGES[*n]);
            prop_assert!(*signed, "{} went, and the team's word was for something else", STAGES[*n]);
        }
    }
}

#[test]
fn the_orders_that_nobody_wrote_let_something_go() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut any, mut all) = (0, 0);
    for _ in 0..100 {
        let events = events().new_tree(&mut runner).expect("events").current();
        let run = run(&events);
        any += usize::from(!run.gone.is_empty());
        all += usize::from(run.gone.len() == STAGES.len());
    }
    assert!(any > 20 && all > 0, "orders in which nothing goes prove nothing: {any} of 100, {all} to the end");
}
