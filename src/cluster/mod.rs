//! Reads and writes of the API server. This folder never decides: it does not know what a release is, when a window
//! is open or what a status should say, and it never repeats a write on its own account.

pub mod access;
pub mod admission;
mod ahead;
pub mod anything;
pub mod backoff;
pub mod client;
pub mod config_maps;
pub mod key;
pub mod lease;
mod lease_record;
pub mod lists;
pub mod objects;
mod pods;
pub mod releases;
pub mod revisions;
pub mod store;
#[cfg(test)]
pub(crate) mod testing;
pub mod texts;
pub mod watch;
mod watch_event;
mod watch_state;
mod wire;
pub mod workloads;
pub mod writes;

pub use key::{ObjectKey, Projected, ResourceVersion, Undecodable};
pub use watch_state::WatchState;
