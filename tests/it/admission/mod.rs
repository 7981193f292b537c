//! What the API server itself holds, stamps and refuses, with no operator running.
//!
//! Nothing here ever runs or imitates the operator's logic, and nothing waits for a span of time: policies take a
//! moment to become active, so the first test that needs them asks with dry-runs until they answer.

pub mod asking;
mod bound;
mod break_glass;
mod coverage;
mod drift;
mod ending;
mod guard;
mod hold;
mod installed;
mod jobs;
mod kinds;
mod matrix;
pub mod objects;
mod pod_gate;
mod release;
mod rollback;
mod signoff;
mod tasks;
mod taught;
pub mod world;
