//! rollcall lets many teams ship together on Kubernetes. The README says what it does for its users;
//! this crate is the operator and its command.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests measure the paused clock they stand on"))]

pub mod admission;
pub mod api;
pub mod bell;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod controllers;
pub mod digest;
pub mod domain;
pub mod http;
pub mod manifests;
pub mod metrics;
pub mod outside;
pub mod settings;
pub mod shutdown;
pub mod spread;
pub mod telemetry;
pub mod uninstall;
pub mod validate;
