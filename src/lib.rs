//! rollcall lets many teams ship together on Kubernetes. The README says what it does for its users;
//! this crate is the operator and its command.

pub mod domain;
