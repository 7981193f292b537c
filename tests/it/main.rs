//! The integration tests, in one binary. One folder per part of the product.

#![allow(clippy::disallowed_methods, reason = "these tests wait for real programs")]

mod admission;
mod before_1_36;
mod calendar;
mod cli;
mod docs;
mod faults;
mod input;
mod kinds;
mod readiness;
mod release;
mod sim;
mod support;
mod tidy;
mod uninstall;
