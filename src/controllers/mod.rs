//! The controllers. They never call each other: objects on the API server are the only link between them. What they
//! share is the shell that runs them, which knows nothing of what they do.

pub(crate) mod calendars;
mod checks;
mod claims;
mod events;
pub(crate) mod facts;
mod hold;
mod letting_go;
pub(crate) mod openings;
pub mod operator;
pub mod queue;
pub mod readiness;
mod reading;
pub mod release;
mod schedule;
pub mod shell;
mod stop;
mod watches;
mod webhook;
pub mod window;
pub mod workloads;
pub mod world;
