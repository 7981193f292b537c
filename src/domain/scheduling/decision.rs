//! What a decision says.

use chrono::{DateTime, Utc};

use super::blocker::{Blocker, Gate};
use super::ending::{Began, Carried, Former};
use crate::domain::names::WorkloadName;

/// The answer to one [`super::Situation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What would ship.
    pub digest: String,
    /// In the plan's order.
    pub steps: Vec<StepView>,
    /// What to do now, independent of each other.
    pub acts: Vec<Act>,
    /// Everything that keeps something from going, in the order in which people are told.
    pub blockers: Vec<Blocker>,
    pub outcome: Outcome,
    /// The decision to roll back, if it is made.
    pub rollback: Option<Began>,
    /// The words that count although they were given for earlier content.
    pub carried: Vec<Carried>,
    /// The earliest instant at which time alone can change this answer.
    pub look_again: Option<DateTime<Utc>>,
}

impl Decision {
    /// Whether any blocker keeps this gate closed.
    #[must_use]
    pub fn closed(&self, gate: Gate) -> bool {
        self.blockers.iter().any(|b| b.cause.gate() == gate)
    }

    /// Steps that are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|s| s.state == StepState::Done).count()
    }
}

/// Where a release stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing moves.
    Waiting,
    /// Some step is on its way.
    RollingOut,
    /// Every step is done. With `nothing_to_do`, none of them had anything to release.
    Completed { nothing_to_do: bool },
    /// A step failed and a person must act.
    Failed,
    /// What was released is being undone.
    RollingBack,
    /// All is undone that can be; `complete` if nothing stays.
    RolledBack { complete: bool },
    /// Somebody ended it.
    Cancelled,
}

impl Outcome {
    /// The release has ended, well or not: it does nothing more and claims nothing.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed { .. } | Self::RolledBack { .. } | Self::Cancelled)
    }
}

/// Where one step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    pub name: String,
    pub state: StepState,
    /// For people: what is going on, or empty.
    pub note: String,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    /// The step had nothing to release.
    pub unchanged: bool,
    /// Who said that a task is done.
    pub done_by: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    Waiting,
    Granted,
    Progressing,
    Soaking,
    Done,
    Failed,
    RollingBack,
    RolledBack,
}

impl StepState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Granted => "Granted",
            Self::Progressing => "Progressing",
            Self::Soaking => "Soaking",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::RollingBack => "RollingBack",
            Self::RolledBack => "RolledBack",
        }
    }
}

/// One thing to do. Each is a compare-and-set on the version that was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Record that the step may go, then let it go.
    Grant {
        step: String,
        workload: WorkloadName,
        uid: String,
        version: String,
        template: String,
        overridden: Option<String>,
    },
    /// Let go what was granted a moment ago.
    Release { step: String, workload: WorkloadName, version: String, template: String },
    /// Put the former version back, pin it there, and remember what it was rolled back from: the templates `from`, of
    /// which the first runs.
    RollBack {
        step: String,
        workload: WorkloadName,
        version: String,
        former: Former,
        marker: String,
        from: Vec<String>,
    },
    /// The former version is healthy: pin it no longer.
    Unpin { step: String, workload: WorkloadName, version: String, template: String },
    /// Mark what is held as claimed by this release for good, though it ends.
    Keep { step: String, workload: WorkloadName, version: String },
    /// Remember what is held and never went: it goes by itself no more than what was rolled back.
    HoldBack { step: String, workload: WorkloadName, version: String, template: String },
    /// Give the workload another version, so that nobody can let it go any more on the grant that is on record.
    Withdraw { step: String, workload: WorkloadName, version: String },
}

impl Act {
    /// The step that it is about.
    #[must_use]
    pub fn step(&self) -> &str {
        self.about().0
    }

    /// The workload that it is about.
    #[must_use]
    pub fn workload(&self) -> &WorkloadName {
        self.about().1
    }

    /// The version of the workload that was decided on.
    #[must_use]
    pub fn version(&self) -> &str {
        self.about().2
    }

    /// What it does, in one word.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Grant { .. } => "grant",
            Self::Release { .. } => "release",
            Self::RollBack { .. } => "roll-back",
            Self::Unpin { .. } => "unpin",
            Self::Keep { .. } => "keep",
            Self::HoldBack { .. } => "hold-back",
            Self::Withdraw { .. } => "withdraw",
        }
    }

    fn about(&self) -> (&str, &WorkloadName, &str) {
        match self {
            Self::Grant { step, workload, version, .. }
            | Self::Release { step, workload, version, .. }
            | Self::RollBack { step, workload, version, .. }
            | Self::Unpin { step, workload, version, .. }
            | Self::Keep { step, workload, version }
            | Self::HoldBack { step, workload, version, .. }
            | Self::Withdraw { step, workload, version } => (step, workload, version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scheduling::decide;
    use crate::domain::scheduling::fixtures::{at, ready};
    use crate::domain::workload::Progress;

    #[test]
    fn a_gate_is_closed_while_a_blocker_keeps_it_so_and_what_soaks_is_not_done() {
        let decided = decide(&ready().paused().0);
        assert!(decided.closed(Gate::Paused) && !decided.closed(Gate::Window));
        assert!(!decide(&ready().0).closed(Gate::Paused));
        let one = ready().released("data", "08:50:00", Progress::Done).finished("data", "08:51:00");
        assert_eq!((decide(&ready().0).done(), decide(&one.0).done()), (0, 1));
        let both = one.released("shop", "08:50:00", Progress::Done).finished("shop", "08:51:00");
        assert_eq!(decide(&both.0).done(), 2);
        let soaks = both.step("shop", |s| s.soak = at("09:00:00") - at("08:00:00"));
        assert_eq!(decide(&soaks.0).done(), 1);
    }

    #[test]
    fn only_what_completed_or_is_back_or_was_ended_has_ended() {
        let ended =
            [Outcome::Completed { nothing_to_do: true }, Outcome::RolledBack { complete: false }, Outcome::Cancelled];
        assert!(ended.into_iter().all(Outcome::is_final));
        let lives = [Outcome::Waiting, Outcome::RollingOut, Outcome::Failed, Outcome::RollingBack];
        assert!(!lives.into_iter().any(Outcome::is_final));
    }

    #[test]
    fn a_status_names_where_a_step_stands_by_the_name_of_its_state() {
        use StepState::*;
        for state in [Waiting, Granted, Progressing, Soaking, Done, Failed, RollingBack, RolledBack] {
            assert_eq!(state.as_str(), format!("{state:?}"));
        }
    }
}
