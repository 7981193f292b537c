//! The controllers. They never call each other: objects on the API server are the only link between them. What they
//! share is the shell that runs them, which knows nothing of what they do.

pub mod queue;
mod schedule;
pub mod shell;
