//! The `rollcall` command: reads arguments, calls what does the work, prints the answer.
//!
//! This folder never decides anything: what a command says is what the domain and the controllers say.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

mod asked;
mod calendar;
mod cluster;
mod completion;
mod crds;
mod doctor;
mod events;
mod explain;
mod failure;
mod help;
mod owed;
mod plan;
mod policies;
mod release_all;
mod run;
mod schema;
mod screen;
mod sign;
mod status;
mod stop;
mod task;
mod trace;
mod tree;
mod uninstall;
mod version;
mod wait;
mod why;

pub use failure::Failure;

/// Lets many teams ship together on Kubernetes: says when, whether everyone is ready, and in which order.
#[derive(Parser, Debug)]
#[command(
    name = "rollcall",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 yes, 1 no, 2 wrong usage, 3 not found or unreachable, 4 forbidden, 5 timed out."
)]
struct Cli {
    /// Print no answer, only errors: the exit code says it.
    #[arg(short, long, global = true, help_heading = "Display")]
    quiet: bool,
    /// Show on standard error each request to the API server and how it was answered.
    #[arg(short, long, global = true, help_heading = "Display")]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    // What people ask.
    Status(status::Args),
    Why(why::Args),
    Tree(tree::Args),
    Trace(trace::Args),
    Owed(owed::Args),
    Events(events::Args),
    Wait(wait::Args),
    Explain(explain::Args),
    Doctor(doctor::Args),
    // What people decide.
    Ready(sign::ReadyArgs),
    #[command(name = "notready")]
    NotReady(sign::NotReadyArgs),
    Hold(stop::HoldArgs),
    Resume(stop::ResumeArgs),
    Override(stop::OverrideArgs),
    Rollback(stop::RollbackArgs),
    Cancel(stop::CancelArgs),
    Done(task::Args),
    // What is asked of files.
    Plan(plan::Args),
    Calendar(calendar::Args),
    // The installation.
    Run(run::Args),
    Crds(crds::Args),
    Policies(policies::PoliciesArgs),
    Manifests(policies::ManifestsArgs),
    ReleaseAll(release_all::Args),
    Uninstall(uninstall::Args),
    Completion(completion::Args),
    Version(version::Args),
}

/// Whether the exit code is all of the answer that is wanted. Set once, before anything is asked.
static QUIET: AtomicBool = AtomicBool::new(false);
/// Whether each request is shown. Set once, before anything is asked.
static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Runs the command that the process was started with. Exit codes: 0 yes, 1 no, 2 wrong usage,
/// 3 not found or unreachable, 4 forbidden, 5 timed out.
#[must_use]
pub fn main() -> ExitCode {
    clap_complete::CompleteEnv::with_factory(command).var(completion::VARIABLE).complete();
    if program().as_deref() == Some(completion::SHIM) {
        return completion::shim(command(), std::env::args_os().skip(1).collect());
    }
    let matches = help::grouped(command()).get_matches();
    let parsed = match Cli::from_arg_matches(&matches) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    QUIET.store(parsed.quiet, Ordering::Relaxed);
    VERBOSE.store(parsed.verbose, Ordering::Relaxed);
    dispatch(parsed.command).unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::from(failure.code)
    })
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status(args) => in_time(status::run(args)),
        Command::Why(args) => in_time(why::run(args)),
        Command::Tree(args) => in_time(tree::run(args)),
        Command::Trace(args) => in_time(trace::run(args)),
        Command::Owed(args) => in_time(owed::run(args)),
        Command::Events(args) => in_time(events::run(args)),
        Command::Wait(args) => in_time(wait::run(args)),
        Command::Ready(args) => in_time(sign::ready(args)),
        Command::NotReady(args) => in_time(sign::not_ready(args)),
        Command::Hold(args) => in_time(stop::hold(args)),
        Command::Resume(args) => in_time(stop::resume(args)),
        Command::Override(args) => in_time(stop::over(args)),
        Command::Rollback(args) => in_time(stop::back(args)),
        Command::Cancel(args) => in_time(stop::cancel(args)),
        Command::Done(args) => in_time(task::run(args)),
        Command::Doctor(args) => in_time(doctor::run(args)),
        Command::Explain(args) => explain::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Calendar(args) => calendar::run(&args),
        Command::Run(args) => run::run(args),
        Command::Crds(args) => crds::run(&args),
        Command::Policies(args) => policies::policies(&args),
        Command::Manifests(args) => policies::manifests(args),
        Command::ReleaseAll(args) => release_all::run(&args),
        Command::Uninstall(args) => uninstall::run(&args),
        Command::Completion(args) => completion::run(&args),
        Command::Version(args) => version::run(&args),
    }
}

/// The command as it is spoken: as a plugin it belongs to kubectl.
fn command() -> clap::Command {
    let command = Cli::command();
    if is_plugin() { command.bin_name("kubectl rollcall").display_name("kubectl rollcall") } else { command }
}

/// The name that the program was started by.
fn program() -> Option<String> {
    let first = std::env::args_os().next()?;
    Some(Path::new(&first).file_stem()?.to_str()?.to_owned())
}

fn is_plugin() -> bool {
    program().is_some_and(|name| name.starts_with("kubectl"))
}

/// Says what is done on the way, to whoever wants to see it.
fn on_the_way(text: impl FnOnce() -> String) {
    if VERBOSE.load(Ordering::Relaxed) {
        eprintln!("{}", screen::inert(&text()));
    }
}

/// What to type to come here again.
fn invoked_as() -> &'static str {
    if is_plugin() { "kubectl rollcall" } else { "rollcall" }
}

/// Waits for an answer that needs the network.
fn in_time(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::unreachable(e, "the machine has no threads or files left"))?;
    runtime.block_on(work)
}

/// Prints an answer. A reader that has seen enough and has gone (`rollcall crds | head`) got what it wanted.
fn answer(text: &str) -> Result<ExitCode, Failure> {
    if QUIET.load(Ordering::Relaxed) { Ok(ExitCode::SUCCESS) } else { told_first(text) }
}

/// Prints what a person must have seen before they decide, however quiet the command is to be.
fn told_first(text: &str) -> Result<ExitCode, Failure> {
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
    if QUIET.load(Ordering::Relaxed) {
        return;
    }
    let _ = write_all(&mut io::stdout().lock(), text);
}

fn write_all(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
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
        Cli::command().debug_assert();
    }
}
