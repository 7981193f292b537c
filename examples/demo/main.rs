//! `make demo`: one release of three teams, from held changes to a finished rollout, on a real control
//! plane that lives as long as this program.

#![allow(clippy::disallowed_methods, reason = "it waits for programs and says how long that took; it decides nothing")]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

mod outcome;
mod screen;
mod stage;
mod story;
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod tour;
mod view;

use screen::Screen;
use stage::Stage;
use support::Done;

/// See three teams ship together, on a Kubernetes control plane that is started for you.
///
/// Version 2 of a shop is a database migration (team data), then an API (team core), then two frontends
/// (team ui). All four manifests are applied at once, as a GitOps tool would. rollcall holds them until
/// each team's lead has signed for exactly this content, and then lets them go in order. You watch.
///
/// With --story rollback the new web frontend never becomes ready: you watch both frontends and then the API
/// go back to version 1, and what keeps Git from bringing version 2 back.
///
/// Afterwards the cluster stays up for you to play with, until ctrl-c, which removes all of it.
#[derive(Parser, Debug)]
#[command(name = "demo", after_long_help = HELP)]
struct Options {
    /// What happens to version 2.
    #[arg(long, value_enum, default_value_t = Story::Ship)]
    story: Story,
    /// End when the release has ended: exit code 0 if everything happened in the right order, else 1.
    #[arg(long)]
    once: bool,
    /// How many seconds pass between one sign-off and the next [default: 4; with --once: 1].
    #[arg(long, value_name = "SECONDS")]
    pace: Option<u64>,
    /// Draw with ASCII characters only [default: if the locale is not UTF-8].
    #[arg(long)]
    ascii: bool,
}

/// What happens to version 2.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// All of it ships.
    Ship,
    /// A frontend fails, and what was let go is taken back.
    Rollback,
}

const HELP: &str = "\
What you need: Rust and Go. The programs of the control plane (etcd, kube-apiserver, ...) are built from
source the first time, which takes about ten minutes; after that the demo starts in seconds. They are kept
in ~/.cache/rollcall. Everything runs as you, on 127.0.0.1; no container, no root, no cluster.

Whether the order was right is not rollcall's own word: a recorder that knows nothing of rollcall watches
every version of every pod, Deployment and Job, and judges what it saw.

Environment:
  NO_COLOR=1             no colours (there are none either when the output is not a terminal)
  KUBEBUILDER_ASSETS     a folder with etcd, kube-apiserver, kubectl, ... to use instead of building them
  CONTROL_PLANE_KEEP=1   keep data, logs and kubeconfigs after the end

Examples:
  make demo                      watch, then play
  make demo STORY=rollback       a frontend fails: watch the way back
  make demo ARGS=--once          for CI: watch, then exit with the outcome
  make demo ARGS='--pace 10'     more time to read between two sign-offs";

impl Options {
    fn pace(&self) -> Duration {
        let usual = if self.once { 1 } else { 4 };
        Duration::from_secs(self.pace.unwrap_or(usual))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let mut screen = Screen::on_stdout(options.ascii);
    let shown = tokio::select! {
        shown = show(&options, &mut screen) => Some(shown),
        () = told_to_stop() => None,
    };
    let ended = match shown {
        Some(Ok((stage, right))) if options.once => {
            drop(stage);
            Ok(u8::from(!right))
        }
        Some(Ok((stage, right))) => stay(stage, &mut screen).await.map(|()| u8::from(!right)),
        Some(Err(error)) => Err(error),
        None => Ok(130),
    };
    screen.leave();
    screen.print("  The control plane and all of its data are gone.");
    ended.map_or_else(
        |error| {
            eprintln!("error: {error}");
            ExitCode::from(1)
        },
        ExitCode::from,
    )
}

/// From nothing to the end of the release. Whether everything happened, and in the right order.
async fn show(options: &Options, screen: &mut Screen) -> Done<(Stage, bool)> {
    let stage = Stage::build(screen).await?;
    let history = story::play(&stage, options.story, options.pace(), screen).await?;
    let right = outcome::tell(&stage, options.story, &history, screen).await?;
    Ok((stage, right))
}

/// Stays up until told to stop, or until something has ended by itself, which is an error.
async fn stay(mut stage: Stage, screen: &mut Screen) -> Done {
    tour::offer(&stage, screen)?;
    tokio::select! {
        () = told_to_stop() => Ok(()),
        trouble = stage.watch_over() => trouble,
    }
}

/// Returns on ctrl-c or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
