#![doc = include_str!("../README.md")]
//!
//! # Errors and cleaning up
//! Every failure is an [`Error`] that names the program, how it ended, where its log lies and the
//! last lines of it. Nothing is ever skipped because something is absent. Whatever happens to the
//! process that owns a [`ControlPlane`], even `kill -9`, its programs end and its folder goes.

mod access;
mod arguments;
mod builder;
pub mod cache;
pub mod components;
mod control;
mod der;
mod error;
mod home;
mod identity;
mod kubectl;
mod nodes;
mod pki;
mod plane;
mod ports;
mod process;
pub mod wait;

pub use access::Access;
pub use builder::{Audit, Builder};
pub use control::ProgramControl;
pub use error::Error;
pub use identity::{Identity, Subject};
pub use kubectl::{Kubectl, Output};
pub use plane::ControlPlane;
pub use ports::free as free_port;
