//! The decision: what may go now, what may not, and why.
//!
//! This folder never acts and never finds anything out: it is handed a [`Situation`] and returns a
//! [`Decision`]. Forecasts, plans and explanations are the same function asked about other instants.

pub mod blocker;
mod capacity;
mod carry;
mod closing;
pub mod content;
mod decide;
mod decision;
mod ending;
mod gates;
pub mod independent;
mod openings;
pub mod overriding;
mod progress;
#[cfg(test)]
pub(crate) mod properties;
mod remains;
mod rollback;
mod shipped;
pub mod situation;
pub mod smallest;
mod suppose;
mod tasks;
mod verify;
mod withdrawal;

pub use blocker::{Blocker, CODES, Cause, Code, Gate, WhyKept, WhyRefused};
pub use decide::decide;
#[cfg(test)]
pub(crate) use decide::tests::fixtures;
pub use decision::{Act, Decision, Outcome, StepState, StepView};
pub use ending::{marked_by, marker, released_by};
pub use shipped::taken_over;
pub use situation::Situation;
pub use withdrawal::{given_up, shares};

use chrono::TimeDelta;

/// How long a grant may wait for its release action; from then on it is void and everything is asked again.
/// Long enough for a slow API server, short enough that what was true when it was given still is.
pub const GRANT_VALIDITY: TimeDelta = TimeDelta::seconds(5);
