//! Changes that no release claims: whether they may go out by themselves.

use chrono::{DateTime, TimeDelta, Utc};

use super::blocker::{Cause, with_until};
use super::gates::windows_closed;
use super::openings;
use super::situation::{Independent, Team, WindowStart};
use crate::domain::calendar::Governance;
use crate::domain::names::ObjectName;
use crate::domain::workload::Workload;

/// What is known of one held workload of a team.
#[derive(Clone, Debug)]
pub struct HeldChange<'a> {
    pub workload: &'a Workload,
    /// Since when the present content is known to be held; `None` if it has just been seen.
    pub since: Option<DateTime<Utc>>,
    /// The release that claims this content, by plan or by the workload's annotation.
    pub claimed_by: Option<&'a ObjectName>,
    pub team: &'a Team,
    pub governance: &'a Governance,
    /// The reason for which everything is stopped, if it is.
    pub stopped: Option<&'a str>,
    /// What has started in windows that limit how much may.
    pub window_starts: &'a [WindowStart],
    pub policies_missing: &'a [String],
    pub skew: Option<TimeDelta>,
    pub settle: TimeDelta,
}

/// Whether a held change goes out by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    LetGo(LetGo),
    Wait {
        why: String,
        /// When time alone can change this answer.
        until: Option<DateTime<Utc>>,
        /// The team's limit to holding has passed and the team wants to be told.
        overdue: bool,
    },
}

/// Why a held change goes out by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetGo {
    /// What is stored is what runs: there is nothing to hold.
    TakenBack,
    /// No release claims it and the windows are open.
    WindowsOpen,
    /// The team does not want to be held any longer.
    MaxHold,
}

impl LetGo {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TakenBack => "taken-back",
            Self::WindowsOpen => "windows-open",
            Self::MaxHold => "max-hold",
        }
    }

    /// What is noted on the workload with it.
    #[must_use]
    pub fn noted(self) -> String {
        format!("independent {}", self.as_str())
    }

    /// Whether it starts something: what is taken back runs already.
    #[must_use]
    pub fn is_start(self) -> bool {
        self != Self::TakenBack
    }

    /// What was noted on a workload, read back. `None` if a release let it go, or nobody did.
    #[must_use]
    pub fn of_note(note: &str) -> Option<Self> {
        [Self::TakenBack, Self::WindowsOpen, Self::MaxHold].into_iter().find(|why| why.noted() == note)
    }
}

/// Whether a held change goes out by itself at `now`.
#[must_use]
pub fn let_go(change: &HeldChange<'_>, now: DateTime<Utc>) -> Answer {
    if let Some(reason) = change.stopped {
        return wait(Cause::Stopped { reason: reason.to_owned() }.message(), None);
    }
    if let Some(by) = &change.workload.rollback {
        return wait(Cause::RolledBackBy { workload: change.workload.name.clone(), by: by.clone() }.message(), None);
    }
    if !change.policies_missing.is_empty() {
        return wait(format!("the hold is not enforced: {}", change.policies_missing.join(", ")), None);
    }
    if let Some(by) = change.skew {
        return wait(Cause::ClockSkew { by }.message(), None);
    }
    if change.workload.was_rolled_back() {
        let (workload, team) = (change.workload.name.clone(), change.team.name.clone());
        let why = Cause::WasRolledBack { workload, team }.message();
        return wait(format!("{why}, so it takes other content, or a release that the team signs"), None);
    }
    if change.workload.was_held_back() {
        let why =
            "the release of which it was went back before it had gone, so it takes other content, or another release";
        return wait(why.to_owned(), None);
    }
    // After that: content runs though nobody let it go if there were no pods left for a while.
    if change.workload.runs_already {
        return Answer::LetGo(LetGo::TakenBack);
    }
    let since = change.since.unwrap_or(now);
    let limit = change.team.max_hold.map(|m| since + m.duration);
    let overdue = limit.is_some_and(|limit| now >= limit);
    let enough = overdue && change.team.max_hold.is_some_and(|m| m.release);
    let answer = if enough { through_windows(change, now, LetGo::MaxHold) } else { unclaimed(change, since, now) };
    match answer {
        Answer::LetGo(_) => answer,
        Answer::Wait { why, until, .. } => {
            let until = [until, limit.filter(|l| *l > now)].into_iter().flatten().min();
            Answer::Wait { why, until, overdue }
        }
    }
}

fn unclaimed(change: &HeldChange<'_>, since: DateTime<Utc>, now: DateTime<Utc>) -> Answer {
    if let Some(release) = change.claimed_by {
        return wait(format!("claimed by release {release}"), None);
    }
    if change.team.independent == Independent::Held {
        return wait("the team lets only releases take its changes".to_owned(), None);
    }
    let settled = since + change.settle;
    if now < settled {
        return wait("a release may still claim it".to_owned(), Some(settled));
    }
    through_windows(change, now, LetGo::WindowsOpen)
}

/// The team's own limit ends the waiting for releases and for the settle time, never a freeze: windows
/// are the platform's word too.
fn through_windows(change: &HeldChange<'_>, now: DateTime<Utc>, why: LetGo) -> Answer {
    let windows = windows_closed(change.governance, now, TimeDelta::zero(), |_| false);
    let name = change.workload.name.to_string();
    let turn = change.governance.turn(now, &name, change.governance.min_remaining());
    let turn = turn.map(|t| (Cause::TurnToCome { window: t.window, over: t.over }, Some(t.at)));
    let full = openings::full_for_change(change.governance, now, &name, change.window_starts);
    let causes: Vec<_> = windows.causes.into_iter().chain(turn).chain(full).collect();
    if causes.is_empty() {
        return Answer::LetGo(why);
    }
    let until = causes.iter().filter_map(|(_, until)| *until).chain(windows.look_again).min();
    let why: Vec<String> = causes.iter().map(|(c, until)| with_until(&c.message(), *until)).collect();
    wait(why.join("; "), until)
}

fn wait(why: String, until: Option<DateTime<Utc>>) -> Answer {
    Answer::Wait { why, until, overdue: false }
}

#[cfg(test)]
mod tests;
