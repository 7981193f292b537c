//! The `rollcall` command: reads arguments, calls what does the work, prints the answer.
//!
//! This folder never decides anything: what a command says is what the domain and the controllers say.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod crds;
mod plan;
mod policies;
mod run;

/// Lets many teams ship together on Kubernetes: says when, whether everyone is ready, and in which order.
#[derive(Parser, Debug)]
#[command(name = "rollcall", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::Args),
    Crds(crds::Args),
    Plan(plan::Args),
    Policies(policies::PoliciesArgs),
    Manifests(policies::ManifestsArgs),
}

/// Runs the command that the process was started with. Exit codes: 0 yes, 1 no, 2 wrong usage,
/// 3 not found or unreachable.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(args),
        Command::Crds(args) => crds::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Policies(args) => policies::policies(&args),
        Command::Manifests(args) => policies::manifests(args),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::from(failure.code)
    })
}

/// Why a command could not answer, with what can be done about it.
#[derive(Debug, thiserror::Error)]
#[error("error: {what}\nhelp: {help}")]
pub struct Failure {
    what: String,
    help: String,
    code: u8,
}

impl Failure {
    /// The command was asked for something that makes no sense.
    fn usage(what: impl std::fmt::Display, help: impl Into<String>) -> Self {
        Self {
            what: what.to_string(),
            help: help.into(),
            code: 2,
        }
    }

    /// What was asked for is not there, or cannot be reached or written.
    fn unreachable(what: impl std::fmt::Display, help: impl Into<String>) -> Self {
        Self {
            what: what.to_string(),
            help: help.into(),
            code: 3,
        }
    }
}
