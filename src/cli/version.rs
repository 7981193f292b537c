//! `rollcall version`: what this is, and which time zone data it reckons with.

use std::process::ExitCode;

use super::{Failure, answer};
use crate::api::{GROUP, VERSION};
use crate::domain::calendar::zone_data_version;

/// Print the version, that of the time zone data, and that of the API.
#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_: &Args) -> Result<ExitCode, Failure> {
    answer(&format!(
        "rollcall {}\ntime zones {}\napi {GROUP}/{VERSION}\n",
        env!("CARGO_PKG_VERSION"),
        zone_data_version()
    ))
}
