//! What a decision says.

use chrono::{DateTime, Utc};

use super::blocker::{Blocker, Gate};
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    Waiting,
    Granted,
    Progressing,
    Soaking,
    Done,
    Failed,
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
}
