//! The `rollcall` command: reads arguments, calls what does the work, prints the answer.
//!
//! This folder never decides anything: what a command says is what the domain and the controllers say.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod calendar;
mod crds;
mod plan;
mod policies;
mod release_all;
mod run;
mod uninstall;
mod version;

/// Lets many teams ship together on Kubernetes: says when, whether everyone is ready, and in which order.
#[derive(Parser, Debug)]
#[command(
    name = "rollcall",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 yes, 1 no, 2 wrong usage, 3 not found or unreachable."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::Args),
    Crds(crds::Args),
    Calendar(calendar::Args),
    Plan(plan::Args),
    Policies(policies::PoliciesArgs),
    Manifests(policies::ManifestsArgs),
    ReleaseAll(release_all::Args),
    Uninstall(uninstall::Args),
    Version(version::Args),
}

/// Runs the command that the process was started with. Exit codes: 0 yes, 1 no, 2 wrong usage,
/// 3 not found or unreachable.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(args),
        Command::Crds(args) => crds::run(&args),
        Command::Calendar(args) => calendar::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Policies(args) => policies::policies(&args),
        Command::Manifests(args) => policies::manifests(args),
        Command::ReleaseAll(args) => release_all::run(&args),
        Command::Uninstall(args) => uninstall::run(&args),
        Command::Version(args) => version::run(&args),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::from(failure.code)
    })
}

/// Prints an answer. A reader that has seen enough and has gone (`rollcall crds | head`) got what it wanted.
fn answer(text: &str) -> Result<ExitCode, Failure> {
    match write_all(&mut io::stdout().lock(), text) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::unreachable(
            format!("the answer cannot be written: {error}"),
            "look at where the output goes: is the disk full?",
        )),
    }
}

/// Prints a line of an answer that takes its time. Where nobody reads, the work goes on: it must not end half-way.
fn print(text: &str) {
    let _ = write_all(&mut io::stdout().lock(), text);
}

fn write_all(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
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
        Self { what: what.to_string(), help: help.into(), code: 2 }
    }

    /// What was asked for is not there, or cannot be reached or written.
    fn unreachable(what: impl std::fmt::Display, help: impl Into<String>) -> Self {
        Self { what: what.to_string(), help: help.into(), code: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_one() {
        assert!(write_all(&mut Fails(ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write_all(&mut Fails(ErrorKind::StorageFull), "text").is_err());
    }

    #[test]
    fn the_commands_are_declared_without_contradictions() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
