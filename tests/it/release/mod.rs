//! Releases on a real control plane, end to end.

mod asked;
mod checkout;
mod crash;
mod ends;
mod failure;
mod pinned;
mod replicas;
mod rollback;
mod stop;
pub mod story;
mod undone;
mod words;
