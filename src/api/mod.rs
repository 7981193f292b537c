//! The wire: the three kinds as users write and read them, the names rollcall puts on other
//! people's objects, and the words of conditions.
//!
//! This folder knows no other folder. It never judges whether a text makes sense (that is
//! `validate`), never decides, and never talks to a server.

pub mod authored;
pub mod checks;
pub mod conditions;
pub mod crds;
pub mod ending;
pub mod fields;
pub mod names;
pub mod overriding;
pub mod readiness;
pub mod release;
pub mod signed;
pub mod team_status;
pub mod time;
pub mod waiting;
pub mod window;

pub use conditions::{ConditionType, Reason};
pub use readiness::{TeamReadiness, TeamReadinessSpec, TeamReadinessStatus};
pub use release::{CoordinatedRelease, CoordinatedReleaseSpec, CoordinatedReleaseStatus};
pub use window::{DeploymentWindow, DeploymentWindowSpec, DeploymentWindowStatus};

/// The API group of the three kinds.
pub const GROUP: &str = "rollcall.dev";
/// The served and stored version of the three kinds.
pub const VERSION: &str = "v1alpha1";
