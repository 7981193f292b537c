//! Reads and writes of the API server. This folder never decides: it does not know what a release is, when a window
//! is open or what a status should say, and it never repeats a write on its own account.

pub mod backoff;
pub mod client;
pub mod key;
pub mod lease;
mod lease_record;
pub mod store;
pub mod watch;
mod wire;

pub use key::{ObjectKey, Projected, ResourceVersion, Undecodable};
