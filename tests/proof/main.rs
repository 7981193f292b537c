//! The shipped operator in simulated clusters: stories and their transcripts, every story stopped at every write, and
//! thousands of random ones in which everything goes wrong. The judge is the crate `proof`.
//!
//! `make stories`, `make seeds` and `make sweep` run it, in a profile of their own: without that it says the same, and
//! takes ten times as long.

#![allow(clippy::disallowed_methods, reason = "tests measure how long they take")]

/// A simulated cluster allocates more than it does anything else.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod adversary;
mod cast;
mod manifests;
mod meddler;
mod own_changes;
mod play;
mod random;
mod random_gates;
mod random_kinds;
mod random_rollbacks;
mod record;
mod seeds;
mod seen;
mod stories;
mod story;
mod sweep;
mod transcript;
mod verbs;

#[path = "../it/sim/mod.rs"]
#[allow(dead_code, reason = "what the tests of the simulation itself use is more")]
mod sim;
#[path = "../it/support/mod.rs"]
mod support;
