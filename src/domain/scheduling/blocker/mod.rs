//! "Not yet", and why: every reason for which rollcall keeps something from going, said in one place.
//!
//! A blocker is an answer, not an error. Its code is API: codes are added, never renumbered or reused.

mod codes;
mod sentences;

use chrono::{DateTime, TimeDelta, Utc};

pub use codes::{CODES, Code, Gate};
pub(super) use sentences::length;
pub use sentences::with_until;

use super::ending::marked_by_whom;
use crate::domain::fault::Faults;
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::readiness::{WhyLacking, WhyUnchecked};

/// One thing that keeps a release, or one of its steps, from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The step that waits; `None` if the whole release does.
    pub step: Option<String>,
    pub cause: Cause,
    /// When it ends by itself, if that is known.
    pub until: Option<DateTime<Utc>>,
}

impl Blocker {
    /// A plan that makes no sense keeps all of it from going.
    #[must_use]
    pub fn invalid(faults: &Faults) -> Self {
        Self { step: None, cause: Cause::InvalidSpec { faults: faults.to_string() }, until: None }
    }
}

/// What is the matter. The variants stand in the order in which people are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    Stopped { reason: String },
    Paused,
    InvalidSpec { faults: String },
    TeamNotFound { team: ObjectName },
    TeamInvalid { team: ObjectName, faults: String },
    ConsentMissing { team: ObjectName, action: &'static str },
    NotListed { team: ObjectName, workload: WorkloadName },
    AuthorMayNot { team: ObjectName, author: String, workload: WorkloadName },
    Claimed { workload: WorkloadName, by: ObjectName },
    PolicyMissing { missing: String },
    NotGated { workload: WorkloadName },
    MayNotTouch { workload: WorkloadName, said: String },
    ClockSkew { by: TimeDelta },
    TooEarly { not_before: DateTime<Utc> },
    WindowClosed { window: String, reason: String },
    Frozen { window: String, reason: String },
    WindowBroken { window: String, fault: String },
    OpeningTooShort { need: TimeDelta, left: TimeDelta },
    TurnToCome { window: String, over: TimeDelta },
    ResourceTaken { resource: String, by: ObjectName, step: String },
    TeamBusy { team: ObjectName, limit: usize },
    NotEnough { resource: String, wanted: u32, exists: u32 },
    OpeningFull { window: String, limit: usize, by: String },
    StartsUsedUp { window: String, limit: usize },
    SignOff { team: ObjectName, role: String, why: WhyLacking, contact: String, digest: String, release: ObjectName },
    Check { team: ObjectName, check: String, why: WhyUnchecked, said: String, contact: String },
    Predecessor { step: String, state: &'static str },
    Soaking { step: String },
    PredecessorFailed { step: String },
    TaskOpen { step: String, task: String, team: ObjectName, contact: String, digest: String, release: ObjectName },
    WorkloadMissing { workload: WorkloadName },
    ContentMissing { workload: WorkloadName, expected: String, found: String },
    Settling { workload: WorkloadName },
    Halted { step: String },
    Overran { window: String, closed: DateTime<Utc>, rolls_back: bool },
    StepFailed { workload: WorkloadName, why: String, team: ObjectName },
    TimedOut { workload: WorkloadName, limit: TimeDelta, team: ObjectName },
    TaskLate { step: String, limit: TimeDelta, team: ObjectName },
    PausedByAuthor { workload: WorkloadName, team: ObjectName },
    Unverified { check: String, team: ObjectName, said: String },
    VerificationFailed { check: String, team: ObjectName, said: String },
    WasRolledBack { workload: WorkloadName, team: ObjectName },
    RollbackOrder { step: String },
    RollbackFailed { workload: WorkloadName, why: String, team: ObjectName },
    NotUndone { workload: WorkloadName, why: WhyKept },
    RolledBackBy { workload: WorkloadName, by: String },
    UndoRefused { workload: WorkloadName, team: ObjectName, why: WhyRefused },
}

/// Why a step may not be rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyRefused {
    /// The team has not consented to Rollback, or has taken that back.
    NoConsent,
    /// There is no team that could consent, or it cannot be read.
    NoTeam,
    /// Whoever put the workload under rollcall may not patch it.
    AuthorMayNot,
    /// The team does not list the workload any more.
    NotListed,
    /// Another release has taken it over.
    Claimed { by: ObjectName },
}

/// Why a step stays on its new version in a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyKept {
    /// The plan says `reversible: false`.
    Irreversible,
    /// A Job that ran has run.
    Job,
    /// Nothing ran before.
    FirstVersion,
    /// The former revision is not kept any more.
    FormerGone,
    /// What runs is no longer what this release let go.
    MovedOn,
    /// It comes before a step that stays as it is.
    Beneath { step: String },
}

impl Cause {
    /// The code of this cause.
    #[must_use]
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Paused => 1,
            Self::Stopped { .. } => 2,
            Self::InvalidSpec { .. } => 10,
            Self::TeamNotFound { .. } => 11,
            Self::TeamInvalid { .. } => 12,
            Self::ConsentMissing { .. } => 13,
            Self::NotListed { .. } => 14,
            Self::Claimed { .. } => 15,
            Self::AuthorMayNot { .. } => 18,
            Self::PolicyMissing { .. } => 20,
            Self::NotGated { .. } => 21,
            Self::MayNotTouch { .. } => 22,
            Self::ClockSkew { .. } => 30,
            Self::TooEarly { .. } => 31,
            Self::WindowClosed { .. } => 32,
            Self::Frozen { .. } => 33,
            Self::WindowBroken { .. } => 34,
            Self::OpeningTooShort { .. } => 35,
            Self::TurnToCome { .. } => 36,
            Self::ResourceTaken { .. } => 41,
            Self::TeamBusy { .. } => 42,
            Self::NotEnough { .. } => 43,
            Self::OpeningFull { .. } => 44,
            Self::StartsUsedUp { .. } => 45,
            Self::SignOff { why, .. } => match why {
                WhyLacking::Missing { .. } | WhyLacking::BeingRecorded { .. } => 51,
                WhyLacking::Stale { .. } => 52,
                WhyLacking::Refused { .. } => 53,
                WhyLacking::Expired { .. } => 54,
                WhyLacking::NotTrusted { .. } => 55,
            },
            Self::Check { why, .. } => check_code(why),
            Self::Predecessor { .. } => 71,
            Self::Soaking { .. } => 72,
            Self::PredecessorFailed { .. } => 73,
            Self::WorkloadMissing { .. } => 81,
            Self::ContentMissing { .. } => 82,
            Self::Settling { .. } => 83,
            Self::PausedByAuthor { .. } => 84,
            Self::WasRolledBack { .. } => 85,
            Self::Unverified { .. } => 87,
            Self::VerificationFailed { .. } => 88,
            Self::TaskOpen { .. } => 86,
            Self::StepFailed { .. } => 91,
            Self::TimedOut { .. } | Self::TaskLate { .. } => 92,
            Self::Halted { .. } => 93,
            Self::RollbackOrder { .. } => 94,
            Self::RollbackFailed { .. } => 95,
            Self::NotUndone { .. } => 96,
            Self::RolledBackBy { .. } => 97,
            Self::UndoRefused { .. } => 98,
            Self::Overran { .. } => 99,
        })
    }

    /// Which gate it keeps closed.
    #[must_use]
    pub fn gate(&self) -> Gate {
        let code = self.code();
        CODES.iter().find(|(known, ..)| *known == code).map_or(Gate::Failure, |(_, gate, _)| *gate)
    }

    /// What stays the same while this blocker lasts: its code and the object it is about. Two readings
    /// with the same key are the same blocker, so its "since" is kept.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Unverified { team, check, .. } | Self::VerificationFailed { team, check, .. } => {
                format!("{team} {check}")
            }
            Self::TeamNotFound { team }
            | Self::TeamInvalid { team, .. }
            | Self::ConsentMissing { team, .. }
            | Self::TeamBusy { team, .. } => team.to_string(),
            Self::SignOff { team, role, .. } => format!("{team} {role}"),
            Self::Check { team, check, .. } => format!("{team} {check}"),
            Self::AuthorMayNot { workload, .. }
            | Self::NotListed { workload, .. }
            | Self::Claimed { workload, .. }
            | Self::NotGated { workload }
            | Self::WorkloadMissing { workload }
            | Self::ContentMissing { workload, .. }
            | Self::Settling { workload }
            | Self::StepFailed { workload, .. }
            | Self::TimedOut { workload, .. }
            | Self::PausedByAuthor { workload, .. }
            | Self::MayNotTouch { workload, .. }
            | Self::WasRolledBack { workload, .. }
            | Self::RollbackFailed { workload, .. }
            | Self::NotUndone { workload, .. }
            | Self::UndoRefused { workload, .. }
            | Self::RolledBackBy { workload, .. } => workload.to_string(),
            Self::WindowClosed { window, .. }
            | Self::Frozen { window, .. }
            | Self::WindowBroken { window, .. }
            | Self::TurnToCome { window, .. }
            | Self::Overran { window, .. }
            | Self::OpeningFull { window, .. }
            | Self::StartsUsedUp { window, .. } => window.clone(),
            Self::ResourceTaken { resource, .. } | Self::NotEnough { resource, .. } => resource.clone(),
            Self::Predecessor { step, .. }
            | Self::Soaking { step }
            | Self::PredecessorFailed { step }
            | Self::TaskOpen { step, .. }
            | Self::TaskLate { step, .. }
            | Self::RollbackOrder { step }
            | Self::Halted { step } => step.clone(),
            Self::Paused
            | Self::Stopped { .. }
            | Self::InvalidSpec { .. }
            | Self::PolicyMissing { .. }
            | Self::ClockSkew { .. }
            | Self::TooEarly { .. }
            | Self::OpeningTooShort { .. } => String::new(),
        }
    }

    /// Who can clear it.
    #[must_use]
    pub fn owner(&self) -> String {
        match self {
            Self::Paused
            | Self::InvalidSpec { .. }
            | Self::TooEarly { .. }
            | Self::NotEnough { .. }
            | Self::Settling { .. }
            | Self::NotUndone { .. }
            | Self::Overran { .. }
            | Self::Halted { .. } => "the release's owner".to_owned(),
            Self::TeamNotFound { team }
            | Self::TeamInvalid { team, .. }
            | Self::ConsentMissing { team, .. }
            | Self::NotListed { team, .. }
            | Self::TeamBusy { team, .. }
            | Self::AuthorMayNot { team, .. }
            | Self::StepFailed { team, .. }
            | Self::TimedOut { team, .. }
            | Self::PausedByAuthor { team, .. }
            | Self::TaskLate { team, .. }
            | Self::WasRolledBack { team, .. }
            | Self::Unverified { team, .. }
            | Self::VerificationFailed { team, .. }
            | Self::UndoRefused { team, .. }
            | Self::RollbackFailed { team, .. } => team.to_string(),
            Self::SignOff { team, contact, .. }
            | Self::Check { team, contact, .. }
            | Self::TaskOpen { team, contact, .. }
                if contact.is_empty() =>
            {
                team.to_string()
            }
            Self::SignOff { team, contact, .. }
            | Self::Check { team, contact, .. }
            | Self::TaskOpen { team, contact, .. } => format!("{team} ({contact})"),
            Self::Claimed { by, .. } | Self::ResourceTaken { by, .. } => format!("release {by}"),
            Self::RolledBackBy { by, .. } => marked_by_whom(by),
            Self::Stopped { .. } | Self::MayNotTouch { .. } | Self::PolicyMissing { .. } | Self::ClockSkew { .. } => {
                "the platform team".to_owned()
            }
            Self::NotGated { workload }
            | Self::WorkloadMissing { workload }
            | Self::ContentMissing { workload, .. } => format!("whoever deploys {workload}"),
            Self::WindowClosed { window, .. }
            | Self::Frozen { window, .. }
            | Self::WindowBroken { window, .. }
            | Self::StartsUsedUp { window, .. } => format!("window {window}"),
            Self::OpeningTooShort { .. } | Self::TurnToCome { .. } => "time".to_owned(),
            Self::OpeningFull { by, .. } => format!("release {by}"),
            Self::Predecessor { step, .. }
            | Self::Soaking { step }
            | Self::PredecessorFailed { step }
            | Self::RollbackOrder { step } => {
                format!("step {step}")
            }
        }
    }
}

fn check_code(why: &WhyUnchecked) -> u16 {
    match why {
        WhyUnchecked::CannotRun { .. } => 61,
        WhyUnchecked::Failing => 62,
        WhyUnchecked::NoAnswer => 63,
        WhyUnchecked::Rejected => 64,
    }
}
