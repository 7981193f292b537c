//! The words of conditions: which types exist, which reasons they give, and how a new condition
//! follows from an old one. Types and reasons are API: they are added, never renamed.

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::time::to_kubernetes;

/// The types of condition that the three kinds carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// What it all comes to. Always present.
    Ready,
    /// rollcall is working towards the spec. Present only when True.
    Reconciling,
    /// It needs a person. Present only when True.
    Stalled,
    /// `DeploymentWindow`: deployments may happen now, as far as this window is asked.
    Open,
    /// `DeploymentWindow` that names calendars: what is in force is what the ConfigMaps say now.
    CalendarFresh,
    /// `TeamReadiness`: every release that waits for this team's sign-off has it.
    SignedOff,
    /// `CoordinatedRelease`: the spec is valid and all participants consent.
    Accepted,
    /// `CoordinatedRelease`: the API server holds what must be held.
    HoldEnforced,
    /// `CoordinatedRelease`: it waits on purpose.
    Gated,
}

impl ConditionType {
    /// The type as it stands in `status.conditions[].type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Open => "Open",
            Self::CalendarFresh => "CalendarFresh",
            Self::SignedOff => "SignedOff",
            Self::Accepted => "Accepted",
            Self::HoldEnforced => "HoldEnforced",
            Self::Gated => "Gated",
        }
    }
}

/// Every reason that a condition can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The schedule is valid.
    Scheduled,
    /// A field of the schedule is wrong.
    InvalidSchedule,
    /// The zone is not in the time zone database.
    UnknownTimeZone,
    /// An Allow window in one of its openings, or a Freeze outside of all.
    WindowOpen,
    /// An Allow window outside of its openings.
    WindowClosed,
    /// A Freeze in one of its openings.
    FreezeActive,
    /// The window will not open again.
    Expired,
    /// Every calendar is in force as it is now.
    CalendarRead,
    /// A calendar cannot be read any more, so the last good copy of it is in force.
    LastGoodCopy,
    /// A calendar cannot be read, and there is no copy of it.
    CalendarUnreadable,
    /// The team's workloads were found and are gated.
    Resolved,
    /// A listed workload does not exist.
    WorkloadNotFound,
    /// A listed workload does not carry the gate label, so nothing holds it.
    NotLabelled,
    /// The operator may not patch a listed workload.
    NotAuthorized,
    /// All sign-offs that were asked for are there.
    SignedOff,
    /// A sign-off is missing.
    Pending,
    /// A sign-off says NoGo.
    Rejected,
    /// A sign-off is for other content than would ship now.
    Stale,
    /// A sign-off comes from somebody whose word does not count.
    NotTrusted,
    /// Nobody asks for a sign-off.
    NothingAsked,
    /// The release is valid and everybody consents.
    Accepted,
    /// A team has not consented.
    ConsentMissing,
    /// The spec contradicts itself or names what is not there.
    InvalidSpec,
    /// Another release claims the same workload.
    Conflict,
    /// The policies are there, unaltered.
    Enforced,
    /// A policy or its binding is missing or altered: nothing is released.
    PolicyMissing,
    /// The kind of some workload can be held only in part.
    BestEffort,
    /// Another controller uses the field by which some workload would be held.
    OwnedElsewhere,
    /// A window is closed or a freeze active.
    WaitingForWindow,
    /// A team's sign-off is missing, stale or refused.
    WaitingForSignOff,
    /// A predecessor is not done, or soaks.
    WaitingForStage,
    /// A check has not passed.
    WaitingForChecks,
    /// Capacity or a shared resource is taken.
    WaitingForCapacity,
    /// A person's task is due.
    WaitingForTask,
    /// A workload, or its expected content, has not arrived.
    WaitingForContent,
    /// Somebody pressed the stop button.
    Paused,
    /// Nothing keeps the next step from going.
    GateOpen,
    /// Everything has shipped.
    Completed,
    /// A step is rolling out.
    RollingOut,
    /// A step failed.
    RolloutFailed,
    /// A rollback is under way.
    RollingBack,
    /// The rollback is complete.
    RolledBack,
    /// Somebody ended the release before it was done.
    Cancelled,
    /// Everything is stopped.
    Stopped,
    /// The controller has yet to look.
    Observing,
}

impl Reason {
    /// The reason as it stands in `status.conditions[].reason`: the variant's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::InvalidSchedule => "InvalidSchedule",
            Self::UnknownTimeZone => "UnknownTimeZone",
            Self::WindowOpen => "WindowOpen",
            Self::WindowClosed => "WindowClosed",
            Self::FreezeActive => "FreezeActive",
            Self::Expired => "Expired",
            Self::CalendarRead => "CalendarRead",
            Self::LastGoodCopy => "LastGoodCopy",
            Self::CalendarUnreadable => "CalendarUnreadable",
            Self::Resolved => "Resolved",
            Self::WorkloadNotFound => "WorkloadNotFound",
            Self::NotLabelled => "NotLabelled",
            Self::NotAuthorized => "NotAuthorized",
            Self::SignedOff => "SignedOff",
            Self::Pending => "Pending",
            Self::Rejected => "Rejected",
            Self::Stale => "Stale",
            Self::NotTrusted => "NotTrusted",
            Self::NothingAsked => "NothingAsked",
            Self::Accepted => "Accepted",
            Self::ConsentMissing => "ConsentMissing",
            Self::InvalidSpec => "InvalidSpec",
            Self::Conflict => "Conflict",
            Self::Enforced => "Enforced",
            Self::PolicyMissing => "PolicyMissing",
            Self::BestEffort => "BestEffort",
            Self::OwnedElsewhere => "OwnedElsewhere",
            Self::WaitingForWindow => "WaitingForWindow",
            Self::WaitingForSignOff => "WaitingForSignOff",
            Self::WaitingForStage => "WaitingForStage",
            Self::WaitingForChecks => "WaitingForChecks",
            Self::WaitingForCapacity => "WaitingForCapacity",
            Self::WaitingForTask => "WaitingForTask",
            Self::WaitingForContent => "WaitingForContent",
            Self::Paused => "Paused",
            Self::GateOpen => "GateOpen",
            Self::Completed => "Completed",
            Self::RollingOut => "RollingOut",
            Self::RolloutFailed => "RolloutFailed",
            Self::RollingBack => "RollingBack",
            Self::RolledBack => "RolledBack",
            Self::Cancelled => "Cancelled",
            Self::Stopped => "Stopped",
            Self::Observing => "Observing",
        }
    }
}

/// The longest message a condition carries, in characters; what is longer is cut and says so.
pub const MESSAGE_LIMIT: usize = 2048;

/// A set of conditions being built for one status. Those not set are absent from the result.
#[derive(Debug)]
pub struct Conditions<'a> {
    generation: i64,
    now: DateTime<Utc>,
    old: &'a [Condition],
    new: Vec<Condition>,
}

impl<'a> Conditions<'a> {
    /// Starts from the conditions of the former status; `lastTransitionTime` is kept for those whose
    /// status does not change.
    #[must_use]
    pub fn following(old: &'a [Condition], generation: i64, now: DateTime<Utc>) -> Self {
        Self { generation, now, old, new: Vec::new() }
    }

    /// Sets a condition to True, False or (with `None`) Unknown.
    pub fn set(&mut self, condition: ConditionType, status: Option<bool>, reason: Reason, message: &str) {
        let status = match status {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        };
        let since = self
            .old
            .iter()
            .find(|c| c.type_ == condition.as_str() && c.status == status)
            .map_or_else(|| to_kubernetes(self.now), |c| c.last_transition_time.clone());
        self.new.push(Condition {
            type_: condition.as_str().to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: cut(message, MESSAGE_LIMIT),
            observed_generation: Some(self.generation),
            last_transition_time: since,
        });
    }

    /// The conditions, sorted by type so that equal statuses compare equal.
    #[must_use]
    pub fn finish(mut self) -> Vec<Condition> {
        self.new.sort_by(|a, b| a.type_.cmp(&b.type_));
        self.new
    }
}

/// Cuts a text to so many characters; a cut text ends with an ellipsis.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::from_wire;

    #[test]
    fn the_time_of_a_condition_changes_only_with_its_status() {
        let first = from_wire("2027-01-12T09:00:00Z").expect("an instant");
        let later = from_wire("2027-01-12T10:00:00Z").expect("an instant");
        let mut conditions = Conditions::following(&[], 1, first);
        conditions.set(ConditionType::Ready, Some(false), Reason::WaitingForWindow, "closed");
        let old = conditions.finish();
        let mut conditions = Conditions::following(&old, 2, later);
        conditions.set(ConditionType::Ready, Some(false), Reason::WaitingForSignOff, "payments");
        conditions.set(ConditionType::Accepted, Some(true), Reason::Accepted, "");
        let new = conditions.finish();
        assert_eq!(new[0].type_, "Accepted");
        assert_eq!(new[0].last_transition_time, to_kubernetes(later));
        assert_eq!(new[1].last_transition_time, to_kubernetes(first));
        assert_eq!(new[1].observed_generation, Some(2));
    }

    #[test]
    fn a_long_message_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("müßig", 10), "müßig");
        assert_eq!(cut("müßiggang", 4), "müß…");
    }
}
