//! What people read: each cause said in one sentence, and what to do about it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{Cause, WhyKept, WhyRefused};
use crate::digest::short;
use crate::domain::names::ObjectName;
use crate::domain::readiness::{WhyLacking, WhyUnchecked};

impl Cause {
    /// What is the matter, in one sentence without its full stop.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Paused => "the release is paused".to_owned(),
            Self::Stopped { reason } => with_reason("everything is stopped", reason),
            Self::InvalidSpec { faults } => format!("the release is not valid: {faults}"),
            Self::TeamNotFound { team } => format!("team {team} does not exist"),
            Self::TeamInvalid { team, faults } => format!("team {team} is not valid: {faults}"),
            Self::ConsentMissing { team, action } => {
                format!("team {team} has not consented to {action}")
            }
            Self::NotListed { team, workload } => format!("team {team} does not list {workload}"),
            Self::AuthorMayNot { team, author, workload } if author.is_empty() => {
                format!("nobody vouches for {workload} in TeamReadiness {team}: the API server stamped no author")
            }
            Self::AuthorMayNot { team, author, workload } => {
                format!("{author}, who wrote TeamReadiness {team}, may not patch {workload}")
            }
            Self::Claimed { workload, by } => {
                format!("{workload} is claimed by release {by}, which came first")
            }
            Self::PolicyMissing { missing } => format!("the hold is not enforced: {missing}"),
            Self::NotGated { workload } => {
                format!("{workload} does not carry its team's gate label, so nothing holds it")
            }
            Self::MayNotTouch { workload, said } => format!("rollcall may not touch {workload}: {said}"),
            Self::ClockSkew { by } => {
                format!("the operator's clock is {} s away from the API server's", by.num_seconds().abs())
            }
            Self::TooEarly { not_before } => format!("not before {}", said(*not_before)),
            Self::WindowClosed { window, reason } => with_reason(&format!("window {window} is closed"), reason),
            Self::Frozen { window, reason } => with_reason(&format!("freeze {window} is in force"), reason),
            Self::WindowBroken { window, fault } => {
                format!("window {window} cannot be read: {fault}")
            }
            Self::TurnToCome { window, over } => {
                format!("window {window} spreads its starts over {}, and this turn has not come", length(*over))
            }
            Self::OpeningFull { window, limit, by } => {
                format!("window {window} lets {limit} releases be under way at once: {by}")
            }
            Self::StartsUsedUp { window, limit } => {
                format!("window {window} lets {limit} steps start in one opening, and as many have")
            }
            Self::OpeningTooShort { need, left } => {
                format!("it needs {} and only {} is left of the opening", length(*need), length(*left))
            }
            Self::ResourceTaken { resource, by, step } => {
                format!("{resource} is in use by step {step} of release {by}")
            }
            Self::TeamBusy { team, limit } => {
                format!("team {team} has {limit} steps under way, which is all it can handle")
            }
            Self::NotEnough { resource, wanted, exists } => {
                format!("it needs {wanted} of {resource} and there is only {exists}")
            }
            Self::SignOff { team, role, why, .. } => sign_off_message(team, role, why, self.digest()),
            Self::Check { team, check, why, said, .. } => check_message(team, check, why, said),
            later => later.order_or_content(),
        }
    }

    /// As [`Cause::message`], for what is about the step itself.
    fn order_or_content(&self) -> String {
        match self {
            Self::Predecessor { step, state } => {
                format!("waiting for step {step}, which is {state}")
            }
            Self::Soaking { step } => format!("waiting for step {step} to soak"),
            Self::PredecessorFailed { step } => {
                format!("step {step}, which must come first, has failed")
            }
            Self::WorkloadMissing { workload } => format!("{workload} does not exist"),
            Self::ContentMissing { workload, expected, found } => {
                format!("{workload} should have {expected} and has {found}")
            }
            Self::Settling { workload } => {
                format!("{workload} has no change to release; one may still be on its way")
            }
            Self::Halted { step } => format!("step {step} failed, so no further step starts"),
            Self::Overran { window, closed, rolls_back } => {
                let then = if *rolls_back { "what was released goes back" } else { "no further step starts" };
                format!("window {window} closed at {} while the release was under way, so {then}", said(*closed))
            }
            Self::StepFailed { workload, why, .. } => format!("{workload} failed: {why}"),
            Self::TimedOut { workload, limit, .. } => format!("{workload} was not done within {}", length(*limit)),
            Self::PausedByAuthor { workload, .. } => {
                format!("{workload} was released, and its author keeps it paused")
            }
            Self::TaskOpen { task, team, .. } => format!("somebody of team {team} must do this: {task}"),
            later => later.undoing(),
        }
    }

    /// As [`Cause::message`], for what is about the way back.
    fn undoing(&self) -> String {
        match self {
            Self::TaskLate { step, limit, .. } => {
                format!("nobody said within {} that the task {step} is done", length(*limit))
            }
            Self::Unverified { check, team, said } => {
                with_reason(&format!("check {check} of team {team} has yet to pass for what was released"), said)
            }
            Self::VerificationFailed { check, team, said } => {
                with_reason(&format!("check {check} of team {team} does not pass since the release"), said)
            }
            Self::WasRolledBack { workload, .. } => {
                format!("{workload} was rolled back from exactly this content before")
            }
            Self::RollbackOrder { step } => format!("step {step} must be rolled back first"),
            Self::RollbackFailed { workload, why, .. } => {
                format!("{workload} was rolled back and is not healthy: {why}")
            }
            Self::NotUndone { workload, why } => format!("{workload} stays on its new version: {}", why.said()),
            Self::RolledBackBy { workload, by } => {
                format!("{workload} is being rolled back by {}", super::marked_by_whom(by))
            }
            Self::UndoRefused { workload, team, why } => {
                format!("{workload} cannot be rolled back: {}", why.said(team))
            }
            other => other.code().to_string(),
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
            Self::Stopped { .. } => "delete the ConfigMap rollcall-stop in the operator's namespace".to_owned(),
            Self::InvalidSpec { .. } | Self::TeamInvalid { .. } => "correct the fields named".to_owned(),
            Self::TeamNotFound { team } => {
                format!("create TeamReadiness {} in namespace {}", team.name, team.namespace)
            }
            Self::ConsentMissing { team, action } => {
                format!("add the release's namespace with {action} to spec.allow of TeamReadiness {team}")
            }
            Self::NotListed { team, .. } => {
                format!("add it to spec.workloads of TeamReadiness {team}, or take the step out")
            }
            Self::AuthorMayNot { team, .. } => {
                format!(
                    "have somebody who may patch it change the spec of TeamReadiness {team}, or grant its author that"
                )
            }
            Self::Claimed { by, .. } => format!("wait for {by} to finish, or take the workload out of one of the two"),
            Self::PolicyMissing { .. } => {
                "apply this installation's policies again: kubectl rollcall doctor prints the command".to_owned()
            }
            Self::NotGated { .. } => {
                "rollcall labels it by itself if it may patch it; else add the label rollcall.dev/gate".to_owned()
            }
            Self::ClockSkew { .. } => "synchronise the clocks of the nodes".to_owned(),
            Self::TooEarly { .. }
            | Self::WindowClosed { .. }
            | Self::TurnToCome { .. }
            | Self::Soaking { .. }
            | Self::Settling { .. }
            | Self::Predecessor { .. } => "nothing: it goes on by itself".to_owned(),
            Self::Frozen { .. } => "wait for its end, or override it (verb override)".to_owned(),
            Self::WindowBroken { window, .. } => format!("correct or delete DeploymentWindow {window}"),
            Self::OpeningTooShort { .. } => "nothing: it goes out in the next opening that is long enough".to_owned(),
            Self::ResourceTaken { by, .. } => format!("wait for release {by}"),
            Self::OpeningFull { by, .. } => format!("wait for one of {by}"),
            Self::StartsUsedUp { .. } => "nothing: it goes out in the next opening".to_owned(),
            Self::NotEnough { resource, .. } => {
                format!("require less of {resource}, or have its window's spec.capacity.resources say more")
            }
            Self::TeamBusy { .. } => "wait for one of them".to_owned(),
            Self::SignOff { team, role, why: WhyLacking::Expired { .. }, .. } => renewal(team, role),
            Self::SignOff { team, role, digest, release, .. } => {
                let entry = format!("release {release}, role {role}, digest {digest}");
                format!("sign in spec.signOffs of TeamReadiness {team}: {entry}")
            }
            Self::Check { team, check, why, .. } => check_remedy(team, check, why),
            Self::PredecessorFailed { step } => format!("mend step {step}"),
            Self::WorkloadMissing { .. } => "apply its manifest".to_owned(),
            Self::ContentMissing { .. } => "apply the expected content, or change spec.steps[].expect".to_owned(),
            Self::Halted { step } => format!("mend step {step} with new content"),
            Self::StepFailed { .. } | Self::TimedOut { .. } => {
                "look at its pods, then apply content that works".to_owned()
            }
            Self::PausedByAuthor { .. } => "its author can resume it".to_owned(),
            later => later.remedy_undoing(),
        }
    }

    /// As [`Cause::remedy`], for a person's task and for what is about the way back.
    fn remedy_undoing(&self) -> String {
        match self {
            Self::MayNotTouch { workload, .. } => {
                format!(
                    "bind the ClusterRole rollcall-workloads in namespace {}; if it is reading that is refused, apply the \
                     ClusterRole that the message is about again",
                    workload.namespace
                )
            }
            Self::TaskOpen { step, team, digest, release, .. } => format!(
                "do it, then say so in spec.tasksDone of TeamReadiness {team}: release {release}, step {step}, digest {digest}"
            ),
            Self::Overran { closed, .. } => format!("to go on, set spec.resumedAt to {} or later", said(*closed)),
            Self::TaskLate { step, .. } => format!("give step {step} a longer timeout, or cancel the release"),
            Self::Unverified { .. } | Self::VerificationFailed { .. } => {
                "look at what the check looks at, then ship content that works".to_owned()
            }
            Self::WasRolledBack { .. } => {
                "apply other content, or have somebody with the verb override let this go again".to_owned()
            }
            Self::RollbackFailed { .. } => {
                "break the glass with content that works, set spec.rollback.ifOneFails to Continue, or set spec.cancel"
                    .to_owned()
            }
            Self::UndoRefused { team, why: WhyRefused::NoConsent, .. } => {
                format!(
                    "add the release's namespace with Rollback to spec.allow of TeamReadiness {team}, or cancel the release"
                )
            }
            Self::UndoRefused { .. } => "roll it back by hand, or set spec.cancel".to_owned(),
            Self::NotUndone { .. } => "decide whether it can stay, or ship something that undoes it".to_owned(),
            _ => "nothing: it goes on by itself".to_owned(),
        }
    }
}

impl WhyKept {
    fn said(&self) -> String {
        match self {
            Self::Irreversible => "its step says that it cannot be undone".to_owned(),
            Self::Job => "what a Job has done cannot be undone".to_owned(),
            Self::FirstVersion => "nothing ran before it".to_owned(),
            Self::FormerGone => "its former version is not kept any more".to_owned(),
            Self::MovedOn => "it has moved on since this release".to_owned(),
            Self::Beneath { step } => format!("step {step}, which builds on it, stays too"),
        }
    }
}

impl WhyRefused {
    fn said(&self, team: &ObjectName) -> String {
        match self {
            Self::NoConsent => format!("team {team} has not consented to Rollback"),
            Self::NoTeam => format!("team {team} does not exist or is not valid"),
            Self::AuthorMayNot => format!("whoever wrote team {team} may not patch it"),
            Self::NotListed => format!("team {team} does not list it"),
            Self::Claimed { by } => format!("it is claimed by release {by}"),
        }
    }
}

fn check_message(team: &ObjectName, check: &str, why: &WhyUnchecked, said: &str) -> String {
    let about = format!("check {check} of team {team}");
    match why {
        WhyUnchecked::CannotRun { .. } => with_reason(&format!("{about} cannot be run"), said),
        WhyUnchecked::Failing => with_reason(&format!("{about} does not pass"), said),
        WhyUnchecked::NoAnswer => format!("{about} has not answered recently"),
        WhyUnchecked::Rejected => with_reason(&format!("{about} says no"), said),
    }
}

fn renewal(team: &ObjectName, role: &str) -> String {
    format!("say it again, with a higher renewal of the entry as {role} in spec.signOffs of TeamReadiness {team}")
}

fn check_remedy(team: &ObjectName, check: &str, why: &WhyUnchecked) -> String {
    match why {
        WhyUnchecked::CannotRun { remedy } => remedy.clone(),
        WhyUnchecked::Failing | WhyUnchecked::NoAnswer => {
            "mend what it checks: it is asked again by itself while a release waits for it".to_owned()
        }
        WhyUnchecked::Rejected => format!("ask who answers check {check}, or take it out of TeamReadiness {team}"),
    }
}

fn sign_off_message(team: &ObjectName, role: &str, why: &WhyLacking, digest: &str) -> String {
    match why {
        WhyLacking::Missing { more: 1 } => {
            format!("team {team} has not signed as {role} for {}", short(digest))
        }
        WhyLacking::Missing { more } => {
            format!("team {team} has {more} signatures as {role} still to give for {}", short(digest))
        }
        WhyLacking::Stale { by, signed, changed } => {
            let (signed, now) = (short(signed), short(digest));
            let text = format!("{by} signed for team {team} as {role}, but for {signed} and not for {now}");
            with_reason(&text, &changed.join("; "))
        }
        WhyLacking::Expired { by, at } => {
            format!("the word of {by} for team {team} as {role} held until {}", said(*at))
        }
        WhyLacking::Refused { by, reason } => with_reason(&format!("{by} said NoGo for team {team} as {role}"), reason),
        WhyLacking::NotTrusted { by, why } => {
            format!("the word of {by} for team {team} as {role} does not count: {why}")
        }
        WhyLacking::BeingRecorded { by } => {
            format!("the word of {by} for team {team} as {role} is being recorded")
        }
    }
}

fn with_reason(text: &str, reason: &str) -> String {
    if reason.is_empty() { text.to_owned() } else { format!("{text}: {reason}") }
}

/// A message with the instant at which what it says ends, if that is known.
#[must_use]
pub fn with_until(message: &str, until: Option<DateTime<Utc>>) -> String {
    until.map_or_else(|| message.to_owned(), |until| format!("{message} (until {})", said(until)))
}

fn said(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A duration as people say it: minutes, and seconds if there are any.
pub fn length(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    match (seconds / 60, seconds % 60) {
        (minutes, 0) => format!("{minutes} min"),
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
