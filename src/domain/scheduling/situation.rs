//! Everything a decision is made on, read once. All of it is data.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::content::Content;
pub use super::ending::{Began, Cancel, Carried, Former, Refusal, Request, RollbackRules, TaskDone};
use super::overriding;
use crate::domain::calendar::Governance;
use crate::domain::names::{Kind, ObjectName, WorkloadName};
use crate::domain::readiness::{CheckResult, SignOff, SignOffRules};
use crate::domain::workload::Workload;

/// A checked plan: its steps stand in an order in which each comes after all it depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    pub name: ObjectName,
    pub uid: String,
    pub created: DateTime<Utc>,
    /// Who wrote the plan, as stamped by the API server.
    pub author: Option<String>,
    pub paused: bool,
    pub not_before: Option<DateTime<Utc>>,
    /// A person lets it go on although windows closed on it up to then.
    pub resumed: Option<DateTime<Utc>>,
    pub on_failure: OnFailure,
    pub participants: BTreeMap<String, Participant>,
    pub steps: Vec<Step>,
    pub over: Option<Override>,
    pub rollback: RollbackRules,
    pub cancel: Option<Cancel>,
    /// Somebody asks for the former versions.
    pub asked_back: Option<Request>,
    /// Canonical form of the plan, without what is only text; part of the digest.
    pub plan: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    pub team: ObjectName,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Required,
    Optional,
    Informed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Rollback,
    Halt,
    Continue,
}

/// A gate that an override can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    Freeze,
    Window,
    SignOff,
    Capacity,
}

/// Somebody with the verb `override` lets the release past gates, until an instant (excluded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub skip: BTreeSet<Skip>,
    pub until: DateTime<Utc>,
    pub by: String,
    pub reason: String,
    pub ticket: String,
    /// The only content that it is for; `None`: the first that goes under it.
    pub digest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    /// The participant's name; only a wait has none.
    pub participant: Option<String>,
    pub work: Work,
    pub depends_on: Vec<String>,
    pub estimate: TimeDelta,
    pub soak: TimeDelta,
    pub timeout: TimeDelta,
    pub requires: BTreeMap<String, u32>,
    pub expect: Option<Expectation>,
    pub on_failure: Option<OnFailure>,
    /// A rollback can undo it, as far as its kind can be undone.
    pub reversible: bool,
    /// Checks of its team that must pass once it is released, and until the release ends.
    pub verify: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Workload(WorkloadName),
    Wait(TimeDelta),
    /// Somebody does this by hand.
    Task(String),
}

/// Content that must have arrived before a step may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    pub images: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

impl Expectation {
    /// What differs: what is expected and what is there, or `None` if all has arrived.
    #[must_use]
    pub fn difference(&self, workload: &Workload) -> Option<(String, String)> {
        let mut expected = Vec::new();
        let mut found = Vec::new();
        let kinds =
            [("image", &self.images, &workload.images), ("annotation", &self.annotations, &workload.annotations)];
        for (what, wanted, present) in kinds {
            for (name, value) in wanted {
                let there = present.get(name);
                if there != Some(value) {
                    expected.push(format!("{what} {name}={value}"));
                    found.push(format!("{what} {name}={}", there.map_or("(none)", String::as_str)));
                }
            }
        }
        (!expected.is_empty()).then(|| (expected.join(", "), found.join(", ")))
    }
}

/// A team as the decision needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    pub name: ObjectName,
    pub consents: Vec<Consent>,
    pub listed: BTreeSet<(Kind, String)>,
    pub rules: SignOffRules,
    /// By release.
    pub sign_offs: BTreeMap<ObjectName, Vec<SignOff>>,
    /// What each check said last, by its name.
    pub checks: BTreeMap<String, CheckResult>,
    /// Who wrote the team's list of workloads, as stamped by the API server; empty if it stamped nobody.
    pub author: String,
    /// The kinds that the author was asked about and may not patch in the team's namespace.
    pub author_may_not: BTreeSet<Kind>,
    pub parallel_steps: Option<usize>,
    pub skills: BTreeMap<String, u32>,
    pub contact: String,
    pub independent: Independent,
    pub max_hold: Option<MaxHold>,
    pub tasks_done: Vec<TaskDone>,
}

/// What a team lets releases do.
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    pub namespace: String,
    pub name: Option<String>,
    /// Already matched against the release's labels where this `Situation` was made.
    pub labels_match: bool,
    pub actions: BTreeSet<Action>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Hold,
    Release,
    Rollback,
}

impl Action {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "Hold",
            Self::Release => "Release",
            Self::Rollback => "Rollback",
        }
    }
}

impl Team {
    /// Whether the team lets this release do this.
    #[must_use]
    pub fn consents_to(&self, release: &ObjectName, action: Action) -> bool {
        self.consents.iter().any(|c| {
            c.namespace == release.namespace
                && c.name.as_ref().is_none_or(|name| *name == release.name)
                && c.labels_match
                && c.actions.contains(&action)
        })
    }
}

/// What happens to changes that no release claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Independent {
    AtOpenWindow,
    Held,
}

/// A limit to how long a change may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxHold {
    pub duration: TimeDelta,
    pub release: bool,
}

/// What was recorded of a release so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub started: Option<DateTime<Utc>>,
    /// The digest last seen, and since when.
    pub digest: Option<(String, DateTime<Utc>)>,
    pub steps: BTreeMap<String, StepRecord>,
    /// The release is being rolled back, or was.
    pub rollback: Option<Began>,
    /// The words under which it went until it halted.
    pub carried: Vec<Carried>,
    /// What was signed, by its digest, as far as it was recorded.
    pub signed: BTreeMap<String, Content>,
    /// Overrides under which something went.
    pub overrides: Vec<overriding::Used>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepRecord {
    pub grant: Option<Grant>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    /// Who said that a task is done.
    pub done_by: Option<String>,
    /// When its former version was put back.
    pub rolled_back: Option<DateTime<Utc>>,
}

/// A recorded decision to let one step go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub at: DateTime<Utc>,
    pub digest: String,
    pub uid: String,
    pub version: String,
    pub template: String,
    /// It was rolled back from exactly this content before, and those who signed were told.
    pub rolled_back_before: bool,
    /// What ran before the step let anything go; `None` if nothing did.
    pub former: Option<Former>,
    /// What the step had let go before, the newest last, if that was what ran when this was granted.
    pub replaced: Vec<Replaced>,
    pub evidence: Vec<String>,
    pub overridden: Option<String>,
    /// When it was first seen that nobody can carry it out any more, and that nobody had.
    pub withdrawn: Option<DateTime<Utc>>,
}

/// Content that a step let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// What the release was to ship then.
    pub digest: String,
    /// The digest of the pod template.
    pub template: String,
}

/// A team as it was found.
#[derive(Clone, Debug, PartialEq)]
pub enum TeamFound {
    Sound(Box<Team>),
    Broken(String),
}

/// Something that another live release has in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    pub release: ObjectName,
    pub step: String,
    pub team: Option<ObjectName>,
    pub requires: BTreeMap<String, u32>,
    /// When it was granted, if it was not let go yet.
    pub granted: Option<DateTime<Utc>>,
}

/// Something that started while a window with a limit governed it: a step of another release, or a change that no
/// release claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowStart {
    /// `namespace/name`
    pub window: String,
    /// None for a change that no release claimed.
    pub release: Option<ObjectName>,
    /// The step, or the workload.
    pub what: String,
    pub at: DateTime<Utc>,
    /// It is granted, or on its way.
    pub under_way: bool,
    /// It is granted, and was not let go yet.
    pub granted: bool,
    /// Its release has not ended.
    pub live: bool,
}

/// All that a decision about one release is made on.
#[derive(Clone, Debug)]
pub struct Situation {
    /// By the API server's clock.
    pub now: DateTime<Utc>,
    /// How far the operator's own clock is from the API server's, if that is too far to trust either.
    pub skew: Option<TimeDelta>,
    pub release: Release,
    pub record: Record,
    /// By name; a team that was not found is absent.
    pub teams: BTreeMap<ObjectName, TeamFound>,
    /// By name; a workload that was not found is absent.
    pub workloads: BTreeMap<WorkloadName, Workload>,
    /// Which windows govern the steps of a team; keyed by team. A wait is governed by none.
    pub governance: BTreeMap<ObjectName, Governance>,
    /// Workloads of this release that another live release, which came first, claims.
    pub claimed: BTreeMap<WorkloadName, ObjectName>,
    /// What other releases have under way.
    pub in_use: Vec<InUse>,
    /// What of others has started in windows that limit how much may.
    pub window_starts: Vec<WindowStart>,
    /// How much of each shared resource exists; what is not named exists once.
    pub resources: BTreeMap<String, u32>,
    /// How long after a change of what would ship a workload without one counts as unchanged.
    pub settle: TimeDelta,
    /// The reason for which everything is stopped, if it is.
    pub stopped: Option<String>,
    /// Steps that could not be carried out: until when not to try again, and why.
    pub refused: BTreeMap<String, (DateTime<Utc>, Refusal)>,
    /// What of the hold is missing; empty if it is enforced.
    pub policies_missing: Vec<String>,
    /// The versions of teams and windows that were read, for the grant.
    pub evidence: Vec<String>,
}

impl Situation {
    /// The workload of a step, if it has one and that was found.
    #[must_use]
    pub fn workload(&self, step: &Step) -> Option<&Workload> {
        match &step.work {
            Work::Workload(name) => self.workloads.get(name),
            Work::Wait(_) | Work::Task(_) => None,
        }
    }

    /// From when on a workload that has nothing to release is taken to stay that way: whoever applies
    /// several manifests needs a moment between the first and the last.
    #[must_use]
    pub fn settled_at(&self, digest: &str) -> DateTime<Utc> {
        let known = self.record.digest.as_ref().filter(|(last, _)| last == digest);
        known.map_or(self.now, |(_, since)| *since).max(self.release.created) + self.settle
    }
}
