//! The answer as data: what `-o json` says.

use schemars::JsonSchema;
use serde::Serialize;

use super::chain::{self, Change, StepChain, WouldMove};
use super::{Only, command};
use crate::api::time::to_wire;
use crate::cli::cluster::read::{Blocked, Examined};
use crate::cli::screen::output::VERSION;
use crate::cluster::objects::Release;
use crate::domain::scheduling::{Cause, Decision, Outcome, StepState};

/// Why a release waits.
#[derive(JsonSchema, Serialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    pub api_version: &'static str,
    pub kind: &'static str,
    /// `namespace/name`
    pub release: String,
    /// The instant that was asked about.
    pub at: String,
    /// The API server's time.
    pub now: String,
    /// The team that the question was narrowed to.
    pub team: Option<String>,
    /// The step that the question was narrowed to.
    pub step: Option<String>,
    /// Waiting, RollingOut, Completed, Failed, RollingBack, RolledBack, PartlyRolledBack, Cancelling, Cancelled,
    /// or Invalid.
    pub outcome: String,
    /// It has ended: nothing is decided on it any more.
    pub ended: bool,
    /// Steps done, of all: `2/4`.
    pub progress: String,
    /// Why it is rolled back, if it is.
    pub rolled_back_because: Option<String>,
    /// Steps that go now.
    pub go: Vec<String>,
    /// What would ship.
    pub digest: Option<String>,
    /// The earliest instant at which time alone can change this answer.
    pub look_again: Option<String>,
    /// When the next step could start if all that people must do were done now, as far as the windows tell.
    pub earliest: Option<Earliest>,
    pub blockers: Vec<Reason>,
    /// How each waiting step waits: for which blockers, and after which steps.
    pub steps: Vec<StepChain>,
    /// The smallest set of things that would have to change for a step to move.
    pub to_change: Vec<Change>,
    /// Which step that is; none if it waits for a step that is under way.
    pub would_move: Option<WouldMove>,
    /// Gates that keep nothing back.
    pub not_blocking: Vec<String>,
    /// What the person may not see, so that it is not part of this answer.
    pub unseen: Vec<String>,
    /// It is what the operator last reported, as the person may not see what it decided on: then steps, go, earliest,
    /// notBlocking and lookAgain are not known, and toChange is every blocker that does not only follow from another.
    pub from_report: bool,
}

/// When something could start.
#[derive(JsonSchema, Serialize, Debug, Clone)]
pub struct Earliest {
    pub step: String,
    pub at: String,
}

/// One blocker, of one or more steps.
#[derive(JsonSchema, Serialize, Debug, Clone)]
pub struct Reason {
    /// From 1, in the order in which people are told.
    pub id: usize,
    pub code: String,
    /// What the code means.
    pub meaning: &'static str,
    pub gate: &'static str,
    /// The steps that wait; none if the whole release does.
    pub steps: Vec<String>,
    pub owner: String,
    pub message: String,
    pub remedy: String,
    /// What to run next.
    pub command: String,
    pub since: Option<String>,
    pub until: Option<String>,
    #[serde(skip)]
    pub cause: Option<Cause>,
}

impl Why {
    /// What was found out, as an answer to the question.
    #[must_use]
    pub fn of(examined: &Examined, only: &Only) -> Self {
        let release = &examined.release;
        let key = release.meta.key.to_string();
        let blockers = reasons(examined, only, &key);
        let decision = examined.sound.as_ref().map(|(_, decision)| decision);
        let done = decision.map_or(0, crate::domain::scheduling::Decision::done);
        let acts = decision.iter().flat_map(|d| &d.acts);
        let (to_change, would_move) = chain::to_change(examined, &blockers, only);
        Self {
            api_version: VERSION,
            kind: "Why",
            at: to_wire(examined.at),
            now: to_wire(examined.now),
            team: only.team.clone(),
            step: only.step.clone(),
            outcome: match (&examined.ended, decision) {
                (Some(how), _) => how.clone(),
                (None, Some(d)) if release.spec.cancel.is_some() && d.outcome == Outcome::Waiting => {
                    "Cancelling".to_owned()
                }
                (None, None) if examined.reported => reported(release).to_owned(),
                (None, decision) => decision.map_or("Invalid", |d| outcome(d.outcome)).to_owned(),
            },
            progress: match (&examined.ended, &release.status.progress) {
                (Some(_), Some(progress)) => progress.clone(),
                (None, Some(progress)) if examined.reported => progress.clone(),
                _ => format!("{done}/{}", release.spec.steps.len()),
            },
            ended: examined.ended.is_some(),
            rolled_back_because: because(release, decision),
            go: acts.filter_map(chain::step_of).collect(),
            digest: decision.map(|d| d.digest.clone()).or_else(|| release.status.digest.clone()),
            look_again: decision.and_then(|d| d.look_again).map(to_wire),
            earliest: chain::earliest(examined),
            steps: chain::steps(examined, &blockers, only),
            to_change,
            would_move,
            not_blocking: chain::not_blocking(examined),
            unseen: examined.unseen.clone(),
            from_report: examined.reported,
            release: key,
            blockers,
        }
    }

    /// The release's name without its namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        self.release.split_once('/').map_or(&self.release, |(_, name)| name)
    }
}

/// What failed, or who asked for the former versions.
fn because(release: &Release, decision: Option<&Decision>) -> Option<String> {
    let decided = decision.and_then(|d| d.rollback.as_ref()).map(|began| began.cause.clone());
    decided.or_else(|| release.status.rollback.as_ref().map(|began| began.cause.clone()))
}

/// Where a release stands by what the operator reported.
fn reported(release: &Release) -> &'static str {
    let status = &release.status;
    let failed = status.conditions.iter().any(|c| c.type_ == "Ready" && c.reason == "RolloutFailed");
    let moves = status.steps.iter().any(|s| matches!(s.state.as_str(), "Granted" | "Progressing"));
    match (status.rollback.is_some(), failed, moves) {
        (true, ..) => "RollingBack",
        (_, true, _) => "Failed",
        (.., true) => "RollingOut",
        _ => "Waiting",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Waiting => "Waiting",
        Outcome::RollingOut => "RollingOut",
        Outcome::Completed { .. } => "Completed",
        Outcome::Failed => "Failed",
        Outcome::RollingBack => "RollingBack",
        Outcome::RolledBack { complete: true } => "RolledBack",
        Outcome::RolledBack { complete: false } => "PartlyRolledBack",
        Outcome::Cancelled => "Cancelled",
    }
}

/// The blockers, each once however many steps it keeps.
fn reasons(examined: &Examined, only: &Only, release: &str) -> Vec<Reason> {
    let mut all: Vec<Reason> = Vec::new();
    for blocked in examined.blockers.iter().filter(|b| concerns(b, only, examined)) {
        let Blocked { cause, said } = blocked;
        let same = all
            .iter_mut()
            .find(|r| r.code == said.code && r.message == said.message && r.until == said.until && !r.steps.is_empty());
        if let (Some(same), Some(step)) = (same, &said.step) {
            same.steps.push(step.clone());
            continue;
        }
        all.push(Reason {
            id: all.len() + 1,
            code: said.code.clone(),
            meaning: blocked.meaning(),
            gate: blocked.gate().as_str(),
            steps: said.step.iter().cloned().collect(),
            owner: said.owner.clone(),
            message: said.message.clone(),
            remedy: said.remedy.clone(),
            command: match cause {
                Some(cause) => command::next(cause, release, said.step.as_deref(), examined),
                None => said.remedy.clone(),
            },
            // What the status does not know yet is said to be so since now, which tells nobody anything.
            since: said.since.clone().filter(|since| examined.at == examined.now && *since != to_wire(examined.now)),
            until: said.until.clone(),
            cause: cause.clone(),
        });
    }
    all
}

fn concerns(blocked: &Blocked, only: &Only, examined: &Examined) -> bool {
    let step = blocked.said.step.as_deref();
    let of_step = only.step.as_ref().is_none_or(|wanted| {
        step.is_none_or(|step| step == wanted || chain::before(&examined.release.spec.steps, wanted).contains(step))
    });
    let of_team = only.team.as_ref().is_none_or(|team| {
        let owner = &blocked.said.owner;
        let owns = owner == team || owner.starts_with(&format!("{team} "));
        owns || step.is_some_and(|step| chain::team_of(&examined.release.spec, step).as_ref() == Some(team))
    });
    of_step && of_team
}

/// Whether a step still waits.
pub fn waits(state: StepState) -> bool {
    matches!(state, StepState::Waiting | StepState::Granted)
}
