//! "Not yet", and why: every reason for which rollcall keeps something from going, said in one place.
//!
//! A blocker is an answer, not an error. Its code is API: codes are added, never renumbered or reused.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::digest::short;
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::readiness::WhyLacking;

/// One thing that keeps a release, or one of its steps, from going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The step that waits; `None` if the whole release does.
    pub step: Option<String>,
    pub cause: Cause,
    /// When it ends by itself, if that is known.
    pub until: Option<DateTime<Utc>>,
}

/// What is the matter. The variants stand in the order in which people are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    Paused,
    InvalidSpec {
        faults: String,
    },
    TeamNotFound {
        team: ObjectName,
    },
    TeamInvalid {
        team: ObjectName,
        faults: String,
    },
    ConsentMissing {
        team: ObjectName,
        action: &'static str,
    },
    NotListed {
        team: ObjectName,
        workload: WorkloadName,
    },
    Claimed {
        workload: WorkloadName,
        by: ObjectName,
    },
    PolicyMissing {
        missing: String,
    },
    NotGated {
        workload: WorkloadName,
    },
    ClockSkew {
        by: TimeDelta,
    },
    TooEarly {
        not_before: DateTime<Utc>,
    },
    WindowClosed {
        window: String,
        reason: String,
    },
    Frozen {
        window: String,
        reason: String,
    },
    WindowBroken {
        window: String,
        fault: String,
    },
    OpeningTooShort {
        need: TimeDelta,
        left: TimeDelta,
    },
    ResourceTaken {
        resource: String,
        by: ObjectName,
        step: String,
    },
    TeamBusy {
        team: ObjectName,
        limit: usize,
    },
    SignOff {
        team: ObjectName,
        role: String,
        why: WhyLacking,
        contact: String,
        digest: String,
        release: ObjectName,
    },
    CheckNotRunnable {
        team: ObjectName,
        check: String,
    },
    Predecessor {
        step: String,
        state: &'static str,
    },
    Soaking {
        step: String,
    },
    PredecessorFailed {
        step: String,
    },
    WorkloadMissing {
        workload: WorkloadName,
    },
    ContentMissing {
        workload: WorkloadName,
        expected: String,
        found: String,
    },
    Settling {
        workload: WorkloadName,
    },
    Halted {
        step: String,
    },
    StepFailed {
        workload: WorkloadName,
        why: String,
        team: ObjectName,
    },
    TimedOut {
        workload: WorkloadName,
        limit: TimeDelta,
        team: ObjectName,
    },
    PausedByAuthor {
        workload: WorkloadName,
        team: ObjectName,
    },
}

/// The closed list of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RC{:03}", self.0)
    }
}

/// The gates, in the order in which people are told; also the values of the metric label `gate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    Paused,
    Accepted,
    HoldEnforced,
    Window,
    Capacity,
    SignOff,
    Check,
    Order,
    Content,
    Failure,
}

impl Gate {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Accepted => "accepted",
            Self::HoldEnforced => "hold",
            Self::Window => "window",
            Self::Capacity => "capacity",
            Self::SignOff => "signoff",
            Self::Check => "check",
            Self::Order => "order",
            Self::Content => "content",
            Self::Failure => "failure",
        }
    }
}

/// Every code with its gate and what it means, for `rollcall explain` and the reference page.
pub const CODES: &[(Code, Gate, &str)] = &[
    (
        Code(1),
        Gate::Paused,
        "The release is paused: spec.paused is true. No further step starts until it is false again.",
    ),
    (
        Code(10),
        Gate::Accepted,
        "The release contradicts itself or names what is not there. The message names each field.",
    ),
    (
        Code(11),
        Gate::Accepted,
        "A participant's TeamReadiness does not exist.",
    ),
    (
        Code(12),
        Gate::Accepted,
        "A participant's TeamReadiness is itself invalid, so nothing it says counts.",
    ),
    (
        Code(13),
        Gate::Accepted,
        "A team has not consented to what the release would do with its workloads.",
    ),
    (
        Code(14),
        Gate::Accepted,
        "A step names a workload that its team does not list.",
    ),
    (
        Code(15),
        Gate::Accepted,
        "Another release was there first and claims the same workload.",
    ),
    (
        Code(20),
        Gate::HoldEnforced,
        "An admission policy of rollcall is missing or altered. Nothing is released until it is back.",
    ),
    (
        Code(21),
        Gate::HoldEnforced,
        "The workload does not carry the gate label of its team, so nothing would hold its changes.",
    ),
    (
        Code(30),
        Gate::Window,
        "The clock of the operator's machine and the API server's differ by more than two seconds.",
    ),
    (
        Code(31),
        Gate::Window,
        "The release says notBefore, and it is earlier than that.",
    ),
    (
        Code(32),
        Gate::Window,
        "No Allow window of some tier is open.",
    ),
    (Code(33), Gate::Window, "A Freeze is in force."),
    (
        Code(34),
        Gate::Window,
        "A window that governs the step is invalid or missing. An invalid Freeze closes what it governs; an invalid Allow adds nothing.",
    ),
    (
        Code(35),
        Gate::Window,
        "The opening ends before the step could be done.",
    ),
    (
        Code(41),
        Gate::Capacity,
        "A shared resource that the step requires is in use.",
    ),
    (
        Code(42),
        Gate::Capacity,
        "The team already has as many steps under way as it can handle.",
    ),
    (Code(51), Gate::SignOff, "A required sign-off is missing."),
    (
        Code(52),
        Gate::SignOff,
        "A sign-off is for other content than would ship now.",
    ),
    (Code(53), Gate::SignOff, "Somebody said NoGo."),
    (
        Code(54),
        Gate::SignOff,
        "A sign-off is older than the team lets it count.",
    ),
    (
        Code(55),
        Gate::SignOff,
        "A sign-off comes from somebody whose word does not count here.",
    ),
    (
        Code(61),
        Gate::Check,
        "The team requires a check that this version of rollcall cannot run. It counts as not passed.",
    ),
    (
        Code(71),
        Gate::Order,
        "A step that must come first is not done.",
    ),
    (
        Code(72),
        Gate::Order,
        "A step that must come first is done, and has not soaked long enough.",
    ),
    (
        Code(73),
        Gate::Order,
        "A step that must come first has failed.",
    ),
    (
        Code(81),
        Gate::Content,
        "The workload does not exist (yet).",
    ),
    (
        Code(82),
        Gate::Content,
        "The content that the step expects has not arrived.",
    ),
    (
        Code(83),
        Gate::Content,
        "The release is new, and the workload's change may still be on its way.",
    ),
    (
        Code(84),
        Gate::Content,
        "The content was released, and its author keeps the workload paused.",
    ),
    (Code(91), Gate::Failure, "The step failed."),
    (
        Code(92),
        Gate::Failure,
        "The step was not done within its timeout.",
    ),
    (
        Code(93),
        Gate::Failure,
        "Another step failed, so no further step starts.",
    ),
];

impl Cause {
    /// The code of this cause.
    #[must_use]
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Paused => 1,
            Self::InvalidSpec { .. } => 10,
            Self::TeamNotFound { .. } => 11,
            Self::TeamInvalid { .. } => 12,
            Self::ConsentMissing { .. } => 13,
            Self::NotListed { .. } => 14,
            Self::Claimed { .. } => 15,
            Self::PolicyMissing { .. } => 20,
            Self::NotGated { .. } => 21,
            Self::ClockSkew { .. } => 30,
            Self::TooEarly { .. } => 31,
            Self::WindowClosed { .. } => 32,
            Self::Frozen { .. } => 33,
            Self::WindowBroken { .. } => 34,
            Self::OpeningTooShort { .. } => 35,
            Self::ResourceTaken { .. } => 41,
            Self::TeamBusy { .. } => 42,
            Self::SignOff { why, .. } => match why {
                WhyLacking::Missing { .. } | WhyLacking::BeingRecorded { .. } => 51,
                WhyLacking::Stale { .. } => 52,
                WhyLacking::Refused { .. } => 53,
                WhyLacking::Expired { .. } => 54,
                WhyLacking::NotTrusted { .. } => 55,
            },
            Self::CheckNotRunnable { .. } => 61,
            Self::Predecessor { .. } => 71,
            Self::Soaking { .. } => 72,
            Self::PredecessorFailed { .. } => 73,
            Self::WorkloadMissing { .. } => 81,
            Self::ContentMissing { .. } => 82,
            Self::Settling { .. } => 83,
            Self::PausedByAuthor { .. } => 84,
            Self::StepFailed { .. } => 91,
            Self::TimedOut { .. } => 92,
            Self::Halted { .. } => 93,
        })
    }

    /// Which gate it keeps closed.
    #[must_use]
    pub fn gate(&self) -> Gate {
        let code = self.code();
        CODES
            .iter()
            .find(|(known, ..)| *known == code)
            .map_or(Gate::Failure, |(_, gate, _)| *gate)
    }

    /// What stays the same while this blocker lasts: its code and the object it is about. Two readings
    /// with the same key are the same blocker, so its "since" is kept.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::TeamNotFound { team }
            | Self::TeamInvalid { team, .. }
            | Self::ConsentMissing { team, .. }
            | Self::TeamBusy { team, .. } => team.to_string(),
            Self::SignOff { team, role, .. } => format!("{team} {role}"),
            Self::CheckNotRunnable { team, check } => format!("{team} {check}"),
            Self::NotListed { workload, .. }
            | Self::Claimed { workload, .. }
            | Self::NotGated { workload }
            | Self::WorkloadMissing { workload }
            | Self::ContentMissing { workload, .. }
            | Self::Settling { workload }
            | Self::StepFailed { workload, .. }
            | Self::TimedOut { workload, .. }
            | Self::PausedByAuthor { workload, .. } => workload.to_string(),
            Self::WindowClosed { window, .. }
            | Self::Frozen { window, .. }
            | Self::WindowBroken { window, .. } => window.clone(),
            Self::ResourceTaken { resource, .. } => resource.clone(),
            Self::Predecessor { step, .. }
            | Self::Soaking { step }
            | Self::PredecessorFailed { step }
            | Self::Halted { step } => step.clone(),
            Self::Paused
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
            | Self::Settling { .. }
            | Self::Halted { .. } => "the release's owner".to_owned(),
            Self::TeamNotFound { team }
            | Self::TeamInvalid { team, .. }
            | Self::ConsentMissing { team, .. }
            | Self::NotListed { team, .. }
            | Self::TeamBusy { team, .. }
            | Self::CheckNotRunnable { team, .. }
            | Self::StepFailed { team, .. }
            | Self::TimedOut { team, .. }
            | Self::PausedByAuthor { team, .. } => team.to_string(),
            Self::SignOff { team, contact, .. } if contact.is_empty() => team.to_string(),
            Self::SignOff { team, contact, .. } => format!("{team} ({contact})"),
            Self::Claimed { by, .. } | Self::ResourceTaken { by, .. } => format!("release {by}"),
            Self::PolicyMissing { .. } | Self::ClockSkew { .. } => "the platform team".to_owned(),
            Self::NotGated { workload }
            | Self::WorkloadMissing { workload }
            | Self::ContentMissing { workload, .. } => format!("whoever deploys {workload}"),
            Self::WindowClosed { window, .. }
            | Self::Frozen { window, .. }
            | Self::WindowBroken { window, .. } => format!("window {window}"),
            Self::OpeningTooShort { .. } => "time".to_owned(),
            Self::Predecessor { step, .. }
            | Self::Soaking { step }
            | Self::PredecessorFailed { step } => format!("step {step}"),
        }
    }

    /// What is the matter, in one sentence without its full stop.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Paused => "the release is paused".to_owned(),
            Self::InvalidSpec { faults } => format!("the release is not valid: {faults}"),
            Self::TeamNotFound { team } => format!("team {team} does not exist"),
            Self::TeamInvalid { team, faults } => format!("team {team} is not valid: {faults}"),
            Self::ConsentMissing { team, action } => {
                format!("team {team} has not consented to {action}")
            }
            Self::NotListed { team, workload } => format!("team {team} does not list {workload}"),
            Self::Claimed { workload, by } => {
                format!("{workload} is claimed by release {by}, which came first")
            }
            Self::PolicyMissing { missing } => format!("the hold is not enforced: {missing}"),
            Self::NotGated { workload } => {
                format!("{workload} does not carry its team's gate label, so nothing holds it")
            }
            Self::ClockSkew { by } => format!(
                "the operator's clock is {} s away from the API server's",
                by.num_seconds().abs()
            ),
            Self::TooEarly { not_before } => format!("not before {}", said(*not_before)),
            Self::WindowClosed { window, reason } => {
                with_reason(&format!("window {window} is closed"), reason)
            }
            Self::Frozen { window, reason } => {
                with_reason(&format!("freeze {window} is in force"), reason)
            }
            Self::WindowBroken { window, fault } => {
                format!("window {window} cannot be read: {fault}")
            }
            Self::OpeningTooShort { need, left } => format!(
                "it needs {} and only {} is left of the opening",
                minutes(*need),
                minutes(*left)
            ),
            Self::ResourceTaken { resource, by, step } => {
                format!("{resource} is in use by step {step} of release {by}")
            }
            Self::TeamBusy { team, limit } => {
                format!("team {team} has {limit} steps under way, which is all it can handle")
            }
            Self::SignOff {
                team, role, why, ..
            } => sign_off_message(team, role, why, self.digest()),
            Self::CheckNotRunnable { team, check } => {
                format!("check {check} of team {team} cannot be run by this version of rollcall")
            }
            Self::Predecessor { step, state } => {
                format!("waiting for step {step}, which is {state}")
            }
            Self::Soaking { step } => format!("waiting for step {step} to soak"),
            Self::PredecessorFailed { step } => {
                format!("step {step}, which must come first, has failed")
            }
            Self::WorkloadMissing { workload } => format!("{workload} does not exist"),
            Self::ContentMissing {
                workload,
                expected,
                found,
            } => format!("{workload} should have {expected} and has {found}"),
            Self::Settling { workload } => {
                format!("{workload} has no change to release; one may still be on its way")
            }
            Self::Halted { step } => format!("step {step} failed, so no further step starts"),
            Self::StepFailed { workload, why, .. } => format!("{workload} failed: {why}"),
            Self::TimedOut {
                workload, limit, ..
            } => format!("{workload} was not done within {}", minutes(*limit)),
            Self::PausedByAuthor { workload, .. } => {
                format!("{workload} was released, and its author keeps it paused")
            }
        }
    }

    fn digest(&self) -> &str {
        match self {
            Self::SignOff { digest, .. } => digest,
            _ => "",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Paused => "set spec.paused to false".to_owned(),
            Self::InvalidSpec { .. } | Self::TeamInvalid { .. } => "correct the fields named".to_owned(),
            Self::TeamNotFound { team } => format!("create TeamReadiness {} in namespace {}", team.name, team.namespace),
            Self::ConsentMissing { team, action } => format!("add the release's namespace with {action} to spec.allow of TeamReadiness {team}"),
            Self::NotListed { team, .. } => format!("add it to spec.workloads of TeamReadiness {team}, or take the step out"),
            Self::Claimed { by, .. } => format!("wait for {by} to finish, or take the workload out of one of the two"),
            Self::PolicyMissing { .. } => "apply the policies again: rollcall policies | kubectl apply --server-side -f -".to_owned(),
            Self::NotGated { .. } => "rollcall labels it by itself if it may patch it; else add the label rollcall.dev/gate".to_owned(),
            Self::ClockSkew { .. } => "synchronise the clocks of the nodes".to_owned(),
            Self::TooEarly { .. } | Self::WindowClosed { .. } | Self::Soaking { .. } | Self::Settling { .. } | Self::Predecessor { .. } => "nothing: it goes on by itself".to_owned(),
            Self::Frozen { .. } => "wait for its end, or override it (verb override)".to_owned(),
            Self::WindowBroken { window, .. } => format!("correct or delete DeploymentWindow {window}"),
            Self::OpeningTooShort { .. } => "nothing: it goes out in the next opening that is long enough".to_owned(),
            Self::ResourceTaken { by, .. } => format!("wait for release {by}"),
            Self::TeamBusy { .. } => "wait for one of them".to_owned(),
            Self::SignOff { team, role, digest, release, .. } => {
                format!("sign in spec.signOffs of TeamReadiness {team}: release {release}, role {role}, digest {digest}")
            }
            Self::CheckNotRunnable { team, check } => format!("take check {check} out of TeamReadiness {team}"),
            Self::PredecessorFailed { step } => format!("mend step {step}"),
            Self::WorkloadMissing { .. } => "apply its manifest".to_owned(),
            Self::ContentMissing { .. } => "apply the expected content, or change spec.steps[].expect".to_owned(),
            Self::Halted { step } => format!("mend step {step} with new content"),
            Self::StepFailed { .. } | Self::TimedOut { .. } => "look at its pods, then apply content that works".to_owned(),
            Self::PausedByAuthor { .. } => "its author can resume it".to_owned(),
        }
    }
}

fn sign_off_message(team: &ObjectName, role: &str, why: &WhyLacking, digest: &str) -> String {
    match why {
        WhyLacking::Missing { more: 1 } => {
            format!("team {team} has not signed as {role} for {}", short(digest))
        }
        WhyLacking::Missing { more } => format!(
            "team {team} has {more} signatures as {role} still to give for {}",
            short(digest)
        ),
        WhyLacking::Stale { by, signed } => {
            format!(
                "{by} signed for team {team} as {role}, but for {} and not for {}",
                short(signed),
                short(digest)
            )
        }
        WhyLacking::Expired { by, at } => format!(
            "the word of {by} for team {team} as {role} held until {}",
            said(*at)
        ),
        WhyLacking::Refused { by, reason } => {
            with_reason(&format!("{by} said NoGo for team {team} as {role}"), reason)
        }
        WhyLacking::NotTrusted { by, why } => {
            format!("the word of {by} for team {team} as {role} does not count: {why}")
        }
        WhyLacking::BeingRecorded { by } => {
            format!("the word of {by} for team {team} as {role} is being recorded")
        }
    }
}

fn with_reason(text: &str, reason: &str) -> String {
    if reason.is_empty() {
        text.to_owned()
    } else {
        format!("{text}: {reason}")
    }
}

fn said(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn minutes(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    if seconds % 60 == 0 {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}
