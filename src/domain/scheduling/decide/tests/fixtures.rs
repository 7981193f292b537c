//! Situations, described by what is the matter with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::domain::calendar::{Form, Governance, Governing, Window, WindowSpec, WindowType};
use crate::domain::names::{Kind, ObjectName, WorkloadName};
use crate::domain::readiness::{CheckResult, CheckState, Requirement, SignOff, SignOffRules};
use crate::domain::scheduling::situation::*;
use crate::domain::scheduling::{Decision, decide, marker, released_by};
use crate::domain::workload::{Hold, Progress, Strength, Workload};

/// An instant of the day on which all of this happens; it is 09:00.
pub fn at(time: &str) -> DateTime<Utc> {
    format!("2027-01-12T{time}Z").parse().expect("a time of the day")
}

pub fn name(name: &str) -> ObjectName {
    ObjectName::new(name, name)
}

fn workload_name(team: &str) -> WorkloadName {
    WorkloadName { kind: Kind::Deployment, namespace: team.into(), name: format!("{team}-app") }
}

pub fn window(kind: WindowType, from: &str, until: &str) -> Governing {
    let dates = Form::Dates { from: format!("2027-01-12T{from}"), until: format!("2027-01-12T{until}") };
    let spec = WindowSpec::new(kind, "UTC").entry("one", dates);
    Governing::Sound(Arc::new(Window::compile(&spec).expect("a window")))
}

/// The platform's freeze over the holidays: Friday 2026-12-18 16:00 until Monday 2027-01-04 06:00 in Berlin.
pub fn holidays() -> Governing {
    let dates = Form::Dates { from: "2026-12-18T16:00:00".into(), until: "2027-01-04T06:00:00".into() };
    let mut spec = WindowSpec::new(WindowType::Freeze, "Europe/Berlin").entry("quiet", dates);
    spec.reason = "Quiet days".into();
    Governing::Sound(Arc::new(Window::compile(&spec).expect("a window")))
}

/// What goes and what does not, as people would note it: `grant data`, `RC071 shop`.
pub fn told(decision: &Decision) -> (Vec<String>, Vec<String>) {
    let acts = decision.acts.iter().map(|act| format!("{} {}", act.verb(), act.step()));
    let blockers = decision.blockers.iter().map(|b| format!("{} {}", b.cause.code(), b.step.as_deref().unwrap_or("*")));
    (acts.collect(), blockers.collect())
}

/// What is decided: the acts and the blockers.
#[track_caller]
pub fn check(given: &Given, acts: &[&str], blockers: &[&str]) {
    let (did, said) = told(&decide(&given.0));
    assert_eq!(did, acts, "acts; the blockers are {said:?}");
    assert_eq!(said, blockers, "blockers");
}

#[derive(Clone, Debug)]
pub struct Given(pub Situation);

fn team(of: &str) -> Team {
    Team {
        name: name(of),
        consents: vec![Consent {
            namespace: "releases".into(),
            name: None,
            labels_match: true,
            actions: BTreeSet::from([Action::Hold, Action::Release]),
        }],
        listed: BTreeSet::from([(Kind::Deployment, format!("{of}-app"))]),
        rules: SignOffRules {
            required: vec![Requirement { role: "lead".into(), count: 1, require_human: true }],
            valid_for: TimeDelta::hours(24),
            delegates: BTreeSet::new(),
            no_self_approval: false,
            withdrawal_halts: false,
        },
        sign_offs: BTreeMap::new(),
        checks: BTreeMap::new(),
        author: "tess".into(),
        author_may_not: BTreeSet::new(),
        parallel_steps: None,
        skills: BTreeMap::new(),
        contact: String::new(),
        independent: Independent::AtOpenWindow,
        max_hold: None,
        tasks_done: vec![],
    }
}

pub fn held_workload(of: &str) -> Workload {
    Workload {
        name: workload_name(of),
        uid: format!("uid-{of}"),
        version: "7".into(),
        gate: Some(of.into()),
        hold: Hold::Held,
        claim: None,
        template: format!("sha256:{of}"),
        images: BTreeMap::from([("app".into(), "app:2".into())]),
        annotations: BTreeMap::new(),
        parts: String::new(),
        progress: Progress::Progressing("1 of 2 updated".into()),
        released: None,
        rollback: None,
        rolled_back: None,
        runs_already: false,
        strength: Strength::Full,
        owned_elsewhere: None,
        terminating: false,
    }
}

fn step(of: &str, depends_on: &[&str]) -> Step {
    Step {
        name: of.into(),
        participant: Some(of.into()),
        work: Work::Workload(workload_name(of)),
        depends_on: depends_on.iter().map(|d| (*d).to_owned()).collect(),
        estimate: TimeDelta::minutes(10),
        soak: TimeDelta::zero(),
        timeout: TimeDelta::minutes(30),
        requires: BTreeMap::new(),
        expect: None,
        on_failure: None,
        reversible: true,
        verify: vec![],
    }
}

/// A release of two steps, `data` and then `shop`, whose changes are held. Nobody has signed.
pub fn two_steps() -> Given {
    let teams = ["data", "shop"];
    let participant = |of: &str| Participant { team: name(of), role: Role::Required };
    Given(Situation {
        now: at("09:00:00"),
        skew: None,
        release: Release {
            name: ObjectName::new("releases", "checkout"),
            uid: "uid-release".into(),
            created: at("08:00:00"),
            author: Some("lena".into()),
            paused: false,
            not_before: None,
            resumed: None,
            on_failure: OnFailure::Halt,
            participants: teams.iter().map(|t| ((*t).to_owned(), participant(t))).collect(),
            steps: vec![step("data", &[]), step("shop", &["data"])],
            over: None,
            rollback: RollbackRules::default(),
            cancel: None,
            asked_back: None,
            plan: json!({"steps": ["data", "shop"]}),
        },
        record: Record::default(),
        teams: teams.iter().map(|t| (name(t), TeamFound::Sound(Box::new(team(t))))).collect(),
        workloads: teams.iter().map(|t| (workload_name(t), held_workload(t))).collect(),
        governance: teams.iter().map(|t| (name(t), Governance::default())).collect(),
        claimed: BTreeMap::new(),
        in_use: vec![],
        window_starts: vec![],
        resources: BTreeMap::new(),
        settle: TimeDelta::seconds(30),
        stopped: None,
        refused: BTreeMap::new(),
        policies_missing: vec![],
        evidence: vec![],
    })
}

/// Two steps that do not wait for each other, all signed: both go.
pub fn ready() -> Given {
    two_steps().parallel().signed()
}

/// Two steps in order, all signed: the first goes.
pub fn in_order() -> Given {
    two_steps().signed()
}

impl Given {
    pub fn with(mut self, change: impl FnOnce(&mut Situation)) -> Self {
        change(&mut self.0);
        self
    }

    pub fn team(mut self, of: &str, change: impl FnOnce(&mut Team)) -> Self {
        match self.0.teams.get_mut(&name(of)) {
            Some(TeamFound::Sound(team)) => change(team),
            other => panic!("{of} is {other:?}"),
        }
        self
    }

    pub fn step(mut self, of: &str, change: impl FnOnce(&mut Step)) -> Self {
        let step = self.0.release.steps.iter_mut().find(|s| s.name == of);
        change(step.expect("a step"));
        self
    }

    pub fn workload(mut self, of: &str, change: impl FnOnce(&mut Workload)) -> Self {
        let workload = self.0.workloads.get_mut(&workload_name(of));
        change(workload.expect("a workload"));
        self
    }

    pub fn parallel(self) -> Self {
        self.step("shop", |s| s.depends_on.clear())
    }

    pub fn at(self, time: &str) -> Self {
        self.with(|s| s.now = at(time))
    }

    pub fn paused(self) -> Self {
        self.with(|s| s.release.paused = true)
    }

    /// Every team's lead says Go for what would ship now, seen at 08:30.
    pub fn signed(mut self) -> Self {
        let digest = self.digest();
        for team in ["data", "shop"] {
            self = self.says(team, "ana", true, &digest);
        }
        self
    }

    pub fn says(self, team: &str, by: &str, go: bool, digest: &str) -> Self {
        let release = self.0.release.name.clone();
        let sign_off = SignOff {
            role: "lead".into(),
            go,
            digest: digest.into(),
            reason: String::new(),
            by: by.into(),
            seen: Some(at("08:30:00")),
        };
        self.team(team, |t| t.sign_offs.entry(release).or_default().push(sign_off))
    }

    pub fn unsigned(self, team: &str) -> Self {
        self.team(team, |t| t.sign_offs.clear())
    }

    /// The team has a check, which said this at 09:00 and counts for two minutes.
    pub fn checked(self, team: &str, state: CheckState) -> Self {
        let said = CheckResult { state, at: Some(at("09:00:00")), ..CheckResult::unasked(TimeDelta::minutes(2)) };
        self.team(team, |t| drop(t.checks.insert("budget".into(), said)))
    }

    pub fn digest(&self) -> String {
        decide(&self.0).digest
    }

    pub fn missing(self, of: &str) -> Self {
        self.with(|s| drop(s.workloads.remove(&workload_name(of))))
    }

    pub fn claimed(self, of: &str) -> Self {
        self.with(|s| drop(s.claimed.insert(workload_name(of), name("rival"))))
    }

    /// A window of the platform that governs everybody.
    pub fn governed(self, called: &str, governing: Governing) -> Self {
        self.with(|s| {
            for governance in s.governance.values_mut() {
                governance.tiers[0].push((format!("platform/{called}"), governing.clone()));
            }
        })
    }

    pub fn frozen(self, from: &str, until: &str) -> Self {
        self.governed("freeze", window(WindowType::Freeze, from, until))
    }

    pub fn allowed(self, from: &str, until: &str) -> Self {
        self.governed("hours", window(WindowType::Allow, from, until))
    }

    pub fn overriding(self, skip: &[Skip], until: &str) -> Self {
        self.with(|s| {
            s.release.over = Some(Override {
                skip: skip.iter().copied().collect(),
                until: at(until),
                by: "olga".into(),
                reason: "outage".into(),
                ticket: "INC-1".into(),
                digest: None,
            });
        })
    }

    /// A grant was recorded for what the step would ship now.
    pub fn granted(self, of: &str, time: &str) -> Self {
        let digest = self.digest();
        let workload = self.0.workloads[&workload_name(of)].clone();
        self.with(|s| {
            s.record.steps.entry(of.into()).or_default().grant = Some(Grant {
                at: at(time),
                digest,
                uid: workload.uid,
                version: workload.version,
                rolled_back_before: workload.rolled_back.as_ref() == Some(&workload.template),
                template: workload.template,
                former: Some(Former { name: format!("{of}-old"), template: format!("sha256:{of}-old") }),
                replaced: vec![],
                evidence: vec![],
                overridden: None,
                withdrawn: None,
            });
        })
    }

    /// Granted and let go then, and this far now.
    pub fn released(self, of: &str, time: &str, progress: Progress) -> Self {
        let words = released_by(&self.0.release.name, of, &self.digest());
        let seen = at(time);
        let given = self.granted(of, time).with(|s| s.record.steps.entry(of.into()).or_default().started = Some(seen));
        given.workload(of, |w| {
            w.released = Some(words);
            w.hold = Hold::Free;
            w.version = "8".into();
            w.progress = progress;
        })
    }

    pub fn finished(self, of: &str, time: &str) -> Self {
        self.with(|s| s.record.steps.entry(of.into()).or_default().finished = Some(at(time)))
    }

    pub fn failed(self, of: &str) -> Self {
        let why = "ImagePullBackOff".to_owned();
        self.released(of, "08:50:00", Progress::Failed { at: None, why })
    }

    /// The workload has nothing held: what is stored runs.
    pub fn unchanged(self, of: &str) -> Self {
        self.workload(of, |w| {
            w.hold = Hold::Free;
            w.progress = Progress::Done;
        })
    }

    /// The present digest was first seen then.
    pub fn seen_since(self, time: &str) -> Self {
        let digest = self.digest();
        self.with(|s| s.record.digest = Some((digest, at(time))))
    }

    pub fn requires(self, of: &str, resource: &str, amount: u32) -> Self {
        self.step(of, |s| {
            s.requires.insert(resource.into(), amount);
        })
    }

    /// Another release has this under way for that team.
    pub fn in_use(self, team: &str, resource: &str, amount: u32) -> Self {
        self.with(|s| {
            s.in_use.push(InUse {
                granted: None,
                release: name("rival"),
                step: "theirs".into(),
                team: Some(name(team)),
                requires: BTreeMap::from([(resource.into(), amount)]),
            });
        })
    }

    /// All teams let the release roll back.
    pub fn consenting(mut self) -> Self {
        for team in ["data", "shop"] {
            self = self.team(team, |t| t.consents[0].actions.extend([Action::Rollback]));
        }
        self
    }

    /// Its former version was put back then, and is this far now.
    pub fn put_back(self, of: &str, time: &str, progress: Progress) -> Self {
        let words = marker(&self.0.release.name, &self.0.release.uid, of);
        self.with(|s| s.record.steps.entry(of.into()).or_default().rolled_back = Some(at(time))).workload(of, |w| {
            w.rollback = Some(words);
            w.template = format!("sha256:{of}-old");
            w.hold = Hold::Free;
            w.version = "9".into();
            w.progress = progress;
        })
    }

    /// It is back, and no longer pinned.
    pub fn back(self, of: &str) -> Self {
        let template = self.0.record.steps[of].grant.as_ref().expect("granted").template.clone();
        self.put_back(of, "08:55:00", Progress::Done).workload(of, |w| {
            w.rollback = None;
            w.rolled_back = Some(template);
        })
    }
}
