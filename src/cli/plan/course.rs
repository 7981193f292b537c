//! The course that the releases of a set would take: the operator's own decision, asked at one instant after another.
//!
//! Nothing is guessed but what files cannot say: that teams sign and checks pass, that nothing fails, and that every
//! step, a person's task too, takes its estimate.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ObjectName;
use crate::domain::scheduling::situation::{Grant, InUse, Situation, Step, TeamFound, WindowStart, Work};
use crate::domain::scheduling::{Act, Blocker, Cause, Decision, Outcome, StepState, decide};
use crate::domain::workload::{Hold, Progress};

/// The course of one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub legs: Vec<Leg>,
    /// What keeps it for good, or at least for as long as was looked ahead.
    pub stuck: Vec<Blocker>,
    /// Steps that waited for what another release had in use.
    pub rivalries: Vec<Rivalry>,
}

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    pub step: String,
    pub start: Option<DateTime<Utc>>,
    pub end: Option<DateTime<Utc>>,
}

/// A step that waited for another release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rivalry {
    pub step: String,
    /// In the blocker's words.
    pub why: String,
    pub code: String,
    /// From when on only that kept it.
    pub since: DateTime<Utc>,
    /// When it started then.
    pub until: Option<DateTime<Utc>>,
    /// It missed the opening in which it could have started.
    pub opening_missed: bool,
}

impl Course {
    #[must_use]
    pub fn starts(&self) -> Option<DateTime<Utc>> {
        self.legs.iter().filter_map(|leg| leg.start).min()
    }

    /// When the last step is done; `None` if one never is.
    #[must_use]
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        let ends: Option<Vec<DateTime<Utc>>> = self.legs.iter().map(|leg| leg.end).collect();
        ends?.into_iter().max()
    }
}

/// One release on its way.
struct Runner {
    situation: Situation,
    /// When the steps that are under way will be done.
    due: BTreeMap<String, DateTime<Utc>>,
    next: Option<DateTime<Utc>>,
    /// What others can keep it with: it is asked whenever one that has a stake in the same begins or is done.
    stakes: BTreeSet<String>,
    over: bool,
    last: Option<Decision>,
    rivalries: BTreeMap<String, Rivalry>,
}

/// However the releases stand to each other, so many instants are enough for any set that people review; what is
/// open then is told as not calculated.
const INSTANTS: usize = 20_000;

/// The courses of all releases together, from `from` on and at most so far ahead, in the order of the situations.
/// `limited`: some window limits how much may start. The second part says whether everything was calculated.
#[must_use]
pub fn courses(
    situations: Vec<Situation>,
    from: DateTime<Utc>,
    horizon: TimeDelta,
    limited: bool,
) -> (Vec<Course>, bool) {
    let mut runners: Vec<Runner> = situations.into_iter().map(|s| Runner::new(s, from, limited)).collect();
    let end = from + horizon;
    let mut complete = false;
    for _ in 0..INSTANTS {
        let next = runners.iter().filter(|r| !r.over).filter_map(Runner::next).min();
        let Some(now) = next.filter(|next| *next <= end) else {
            complete = true;
            break;
        };
        at(&mut runners, now);
    }
    (runners.into_iter().map(Runner::course).collect(), complete)
}

/// One instant: who may go, goes, in the order of the releases.
fn at(runners: &mut [Runner], now: DateTime<Utc>) {
    let mut changed: BTreeSet<String> = BTreeSet::new();
    for n in 0..runners.len() {
        let due = runners[n].next().is_some_and(|next| next <= now);
        if runners[n].over || !due && runners[n].stakes.is_disjoint(&changed) {
            continue;
        }
        let (in_use, starts) = (others_use(runners, n), others_started(runners, n));
        let runner = &mut runners[n];
        let before = runner.due.len();
        runner.situation.in_use = in_use;
        runner.situation.window_starts = starts;
        runner.look(now);
        if runner.due.len() != before {
            changed.extend(runner.stakes.iter().cloned());
        }
    }
    // What was freed now is there for whoever was looked at before.
    for runner in runners.iter_mut().filter(|r| !r.over && !r.stakes.is_disjoint(&changed)) {
        runner.next = Some(runner.next.map_or(now + TICK, |next| next.min(now + TICK)));
    }
}

/// Instants are told to the second.
const TICK: TimeDelta = TimeDelta::seconds(1);

fn others_use(runners: &[Runner], own: usize) -> Vec<InUse> {
    stakeholders(runners, own).flat_map(Runner::in_use).collect()
}

fn others_started(runners: &[Runner], own: usize) -> Vec<WindowStart> {
    stakeholders(runners, own).flat_map(Runner::started).collect()
}

/// The other releases that have a stake in something that this one has.
fn stakeholders(runners: &[Runner], own: usize) -> impl Iterator<Item = &Runner> {
    let others = runners.iter().enumerate().filter(move |(n, _)| *n != own);
    others.map(|(_, runner)| runner).filter(move |runner| !runner.stakes.is_disjoint(&runners[own].stakes))
}

impl Runner {
    fn new(situation: Situation, from: DateTime<Utc>, limited: bool) -> Self {
        let needs = situation.release.steps.iter().flat_map(|s| s.requires.keys().cloned());
        let busy = situation.teams.values().filter_map(|team| match team {
            TeamFound::Sound(team) if team.parallel_steps.is_some() || !team.skills.is_empty() => {
                Some(team.name.to_string())
            }
            _ => None,
        });
        // What starts in a window may keep anything else that it governs.
        let windows = limited.then(|| "(windows)".to_owned());
        let stakes = needs.chain(busy).chain(windows).collect();
        Self {
            situation,
            due: BTreeMap::new(),
            next: Some(from),
            stakes,
            over: false,
            last: None,
            rivalries: BTreeMap::new(),
        }
    }

    fn next(&self) -> Option<DateTime<Utc>> {
        self.due.values().copied().chain(self.next).min()
    }

    /// Asks, lets go what may go, and asks again until nothing more happens at this instant.
    fn look(&mut self, now: DateTime<Utc>) {
        self.situation.now = now;
        self.arrive(now);
        loop {
            let decision = decide(&self.situation);
            self.note(&decision);
            self.rivals(&decision, now);
            let acted = decision.acts.iter().filter(|act| self.go(act, &decision, now)).count();
            if acted == 0 {
                self.over = matches!(decision.outcome, Outcome::Completed { .. } | Outcome::Failed);
                self.next = decision.look_again.filter(|next| *next > now);
                self.last = Some(decision);
                return;
            }
            self.arrive(now);
        }
    }

    /// What was due is done.
    fn arrive(&mut self, now: DateTime<Utc>) {
        let done: Vec<String> = self.due.iter().filter(|(_, at)| **at <= now).map(|(step, _)| step.clone()).collect();
        for step in done {
            self.due.remove(&step);
            let work = self.situation.release.steps.iter().find(|s| s.name == step).map(|s| s.work.clone());
            match work {
                Some(Work::Workload(name)) => {
                    if let Some(workload) = self.situation.workloads.get_mut(&name) {
                        workload.progress = Progress::Done;
                    }
                }
                Some(Work::Task(_)) => {
                    let record = self.situation.record.steps.entry(step).or_default();
                    (record.finished, record.done_by) = (Some(now), Some("whoever it is for".to_owned()));
                }
                Some(Work::Wait(_)) | None => {}
            }
        }
    }

    /// Keeps what the operator would keep in the status.
    fn note(&mut self, decision: &Decision) {
        for view in &decision.steps {
            let record = self.situation.record.steps.entry(view.name.clone()).or_default();
            record.started = view.started;
            record.finished = view.finished;
            let step = self.situation.release.steps.iter().find(|s| s.name == view.name);
            let task = step.filter(|s| matches!(s.work, Work::Task(_)) && view.state == StepState::Progressing);
            // A person takes the estimate as well.
            if let (Some(task), Some(started)) = (task, view.started) {
                self.due.entry(view.name.clone()).or_insert(started + task.estimate);
            }
        }
        let since = self.situation.record.digest.as_ref().filter(|(d, _)| *d == decision.digest).map(|(_, at)| *at);
        self.situation.record.digest = Some((decision.digest.clone(), since.unwrap_or(self.situation.now)));
    }

    /// Lets one step go, as the operator would. False if it went before.
    fn go(&mut self, act: &Act, decision: &Decision, now: DateTime<Utc>) -> bool {
        let Act::Grant { step, workload, uid, version, template, overridden } = act else {
            return false;
        };
        let takes = self.situation.release.steps.iter().find(|s| s.name == *step).map(|s| s.estimate);
        let Some(found) = self.situation.workloads.get_mut(workload).filter(|w| w.hold.is_held()) else {
            return false;
        };
        found.hold = Hold::Free;
        found.progress = Progress::Progressing("planned".to_owned());
        self.due.insert(step.clone(), now + takes.unwrap_or_default());
        self.situation.record.started.get_or_insert(now);
        let grant = Grant {
            at: now,
            digest: decision.digest.clone(),
            uid: uid.clone(),
            version: version.clone(),
            template: template.clone(),
            rolled_back_before: found.was_rolled_back(),
            former: None,
            replaced: Vec::new(),
            evidence: Vec::new(),
            overridden: overridden.clone(),
            withdrawn: None,
        };
        self.situation.record.steps.entry(step.clone()).or_default().grant = Some(grant);
        if let Some(rivalry) = self.rivalries.get_mut(step) {
            rivalry.until = Some(now);
        }
        true
    }

    /// Notes which steps wait for nothing but another release.
    fn rivals(&mut self, decision: &Decision, now: DateTime<Utc>) {
        for view in decision.steps.iter().filter(|v| v.state == StepState::Waiting) {
            let mut own = decision.blockers.iter().filter(|b| b.step.as_deref().is_none_or(|s| s == view.name));
            let Some(first) = own.clone().next() else { continue };
            if own.all(|b| is_rival(&b.cause)) {
                self.rivalries.entry(view.name.clone()).or_insert_with(|| Rivalry {
                    step: view.name.clone(),
                    why: first.cause.message(),
                    code: first.cause.code().to_string(),
                    since: now,
                    until: None,
                    opening_missed: false,
                });
            }
        }
    }

    fn in_use(&self) -> Vec<InUse> {
        let moves = |s: &&Step| matches!(s.work, Work::Workload(_)) && self.due.contains_key(&s.name);
        let under_way = self.situation.release.steps.iter().filter(moves);
        under_way
            .map(|step| InUse {
                release: self.situation.release.name.clone(),
                step: step.name.clone(),
                team: self.team(step.participant.as_deref()).cloned(),
                requires: step.requires.clone(),
                granted: None,
            })
            .collect()
    }

    /// What it has started in each window that governs it.
    fn started(&self) -> Vec<WindowStart> {
        let steps = self.situation.release.steps.iter();
        let granted = steps.filter_map(|step| {
            let at = self.situation.record.steps.get(&step.name)?.grant.as_ref()?.at;
            let governance = self.situation.governance.get(self.team(step.participant.as_deref())?)?;
            Some((step, at, governance))
        });
        granted
            .flat_map(|(step, at, governance)| {
                let windows = governance.tiers.iter().flatten().map(|(name, _)| name.clone());
                windows.map(move |window| WindowStart {
                    window,
                    release: Some(self.situation.release.name.clone()),
                    what: step.name.clone(),
                    at,
                    under_way: self.due.contains_key(&step.name),
                    granted: false,
                    live: !self.over,
                })
            })
            .collect()
    }

    fn team(&self, participant: Option<&str>) -> Option<&ObjectName> {
        self.situation.release.participants.get(participant?).map(|p| &p.team)
    }

    fn course(mut self) -> Course {
        let Some(last) = self.last.take() else {
            return Course::default();
        };
        let leg = |view: &crate::domain::scheduling::StepView| {
            let grant = self.situation.record.steps.get(&view.name).and_then(|r| r.grant.as_ref());
            let done = matches!(view.state, StepState::Done | StepState::Soaking);
            Leg {
                step: view.name.clone(),
                start: grant.map(|g| g.at).or(view.started),
                end: view.finished.filter(|_| done),
            }
        };
        let legs = last.steps.iter().map(leg).collect();
        let mut rivalries: Vec<Rivalry> = self.rivalries.values().cloned().collect();
        for rivalry in &mut rivalries {
            let step = self.situation.release.steps.iter().find(|s| s.name == rivalry.step);
            let governance = step
                .and_then(|s| self.team(s.participant.as_deref()))
                .and_then(|team| self.situation.governance.get(team));
            let opening = governance.and_then(|g| g.opening_at(rivalry.since));
            let closes = opening.map(|o| o.until);
            rivalry.opening_missed = match (rivalry.until, closes) {
                (None, _) => true,
                (Some(start), Some(closes)) => start >= closes,
                (Some(_), None) => false,
            };
        }
        rivalries.retain(|r| r.until.is_none_or(|until| until > r.since));
        rivalries.sort_by(|a, b| (a.since, &a.step).cmp(&(b.since, &b.step)));
        let stuck = if matches!(last.outcome, Outcome::Completed { .. }) { Vec::new() } else { last.blockers };
        Course { legs, stuck: stuck.into_iter().filter(|b| !follows(&b.cause)).collect(), rivalries }
    }
}

/// Whether another release is the cause.
fn is_rival(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::ResourceTaken { .. } | Cause::TeamBusy { .. } | Cause::OpeningFull { .. } | Cause::StartsUsedUp { .. }
    )
}

/// Whether it is only the consequence of where another step stands.
fn follows(cause: &Cause) -> bool {
    matches!(cause, Cause::Predecessor { .. } | Cause::PredecessorFailed { .. } | Cause::Halted { .. })
}
