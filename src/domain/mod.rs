//! What rollcall knows about releases, in words a release manager would use.
//!
//! Nothing in this folder reads a clock, waits, logs, or talks to anybody: every function is plain,
//! and `now` is an argument. It knows no other folder, neither the wire nor the cluster.
//! Calendar, readiness and sequencing do not know each other; scheduling asks all three.

pub mod calendar;
pub mod fault;
pub mod names;
pub mod readiness;
pub mod scheduling;
pub mod sequencing;
pub mod workload;

pub use fault::{Fault, Faults};
pub use names::{Kind, ObjectName, WorkloadName};
