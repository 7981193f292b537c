//! A window that closes on a release that is under way, and says what is to become of it: `onClose`.
//!
//! A step counts if it was not done when its team's windows closed. What a window says is obeyed also by who slept
//! over the close. A person goes on with `spec.resumedAt`: closes up to that instant count no more.

use chrono::{DateTime, Utc};

use super::blocker::{Blocker, Cause};
use super::decide::Standings;
use super::decision::StepState;
use super::gates::skipped;
use super::progress::team_of;
use super::situation::{Situation, Skip, Step};
use super::withdrawal;
use crate::domain::calendar::{OnClose, Overrun};

/// What windows that closed on a release ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    Nothing,
    /// They ask for something from this instant on.
    Later(DateTime<Utc>),
    /// No further step starts until a person goes on.
    Halt(Overrun),
    /// What has been released is to be undone.
    Rollback(Overrun),
}

/// What windows ask for now. What is done, or has not begun, has outlasted none; nor has, while it is in force,
/// what an override lets past windows.
pub fn asks(s: &Situation, standings: &Standings<'_>) -> Asks {
    let done = |name: &str| standings.get(name).is_some_and(|st| st.view.state == StepState::Done);
    let all_done = s.release.steps.iter().all(|step| done(&step.name));
    let Some(since) = under_way_since(s).filter(|_| !all_done && !skipped(s, Skip::Window)) else {
        return Asks::Nothing;
    };
    let overruns = s.release.steps.iter().filter_map(|step| {
        let governance = team_of(s, step).and_then(|t| s.governance.get(t))?;
        let finished = standings.get(step.name.as_str()).and_then(|st| st.view.finished);
        let until = if done(&step.name) { finished.unwrap_or(s.now) } else { s.now };
        governance.overrun(since, until)
    });
    let (due, later): (Vec<Overrun>, Vec<Overrun>) = overruns.partition(|o| o.is_due(s.now));
    // The strictest word of those that are due; of equal ones the first to have closed.
    let strictest = due.into_iter().min_by(|a, b| {
        let order = |o: &Overrun| (std::cmp::Reverse(o.on_close), o.closed_at, o.window.clone());
        order(a).cmp(&order(b))
    });
    match strictest {
        Some(overrun) if overrun.on_close == OnClose::Rollback => Asks::Rollback(overrun),
        Some(overrun) => Asks::Halt(overrun),
        None => later.iter().map(Overrun::due).min().map_or(Asks::Nothing, Asks::Later),
    }
}

/// Since when the release is under way, or when a person said last that it goes on. A word of theirs for an instant
/// that has not come says nothing yet.
fn under_way_since(s: &Situation) -> Option<DateTime<Utc>> {
    let granted = |step: &Step| withdrawal::counted(s, &step.name).is_some();
    let started = s.record.started.filter(|_| s.release.steps.iter().any(granted))?;
    Some(s.release.resumed.filter(|at| *at <= s.now).map_or(started, |at| at.max(started)))
}

/// Says that a window closed on the release, and what for.
pub fn blocker(overrun: &Overrun) -> Blocker {
    let cause = Cause::Overran {
        window: overrun.window.clone(),
        closed: overrun.closed_at,
        rolls_back: overrun.on_close == OnClose::Rollback,
    };
    Blocker { step: None, cause, until: None }
}

/// Why a release that a window closed on is rolled back, in one sentence.
pub fn cause(overrun: &Overrun) -> String {
    blocker(overrun).cause.message()
}
