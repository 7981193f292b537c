//! `rollcall hold`, `resume`, `override`, `rollback` and `cancel`: what a person decides about a release as a whole.
//!
//! This folder never stops or starts anything itself: it writes one field of the release, as the person.

mod back;
mod cancel;
mod past;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::cluster::read::{self, Examined};
use super::cluster::{Cluster, ClusterArgs};
use super::screen::text::inert;
use super::why::{Only, Why};
use super::{Failure, answer, completion, invoked_as};
use crate::cluster::objects::Release;
use crate::cluster::writes::RELEASES;
use crate::domain::ObjectName;
use crate::domain::scheduling::StepState;

pub use back::{Args as RollbackArgs, run as back};
pub use cancel::{Args as CancelArgs, run as cancel};
pub use past::{Args as OverrideArgs, run as over};

/// Stop a release: no further step starts until `resume`. What is under way goes on.
///
/// The stop dominates everything else, and it counts from the instant at which the API server stores it: a step is
/// either released before it, and the status says so, or not at all.
///
/// Exit codes: 0 stopped, 1 it has ended, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
pub struct HoldArgs {
    #[command(flatten)]
    common: CommonArgs,
}

/// Let a stopped release go on.
///
/// Everything is asked again: a sign-off that has become stale meanwhile, or a window that has closed, still waits.
///
/// Exit codes: 0 it may go on, 1 it has ended, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
pub struct ResumeArgs {
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(clap::Args, Debug)]
struct CommonArgs {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn hold(args: HoldArgs) -> Result<ExitCode, Failure> {
    let Written { name, examined } = paused(&args.common, true).await?;
    let moving = match examined {
        Ok(examined) => under_way(&examined),
        Err(failure) => format!("What is under way could not be read: {}.", failure.first_line()),
    };
    answer(&format!("{name} is held: no further step starts. {moving}\nto go on: {} resume {name}\n", invoked_as()))
}

/// What a stop does not stop.
fn under_way(examined: &Examined) -> String {
    let decided = examined.sound.iter().flat_map(|(_, d)| &d.steps);
    let moving: Vec<String> = decided
        .filter(|s| matches!(s.state, StepState::Granted | StepState::Progressing | StepState::Soaking))
        .map(|s| inert(&s.name))
        .collect();
    match moving.as_slice() {
        [] => "Nothing is under way.".to_owned(),
        steps => format!("Under way, and goes on: {}.", steps.join(", ")),
    }
}

pub async fn resume(args: ResumeArgs) -> Result<ExitCode, Failure> {
    let Written { name, examined } = paused(&args.common, false).await?;
    let waits = match examined {
        Err(failure) => format!("What it still waits for could not be read: {}.", failure.first_line()),
        Ok(examined) => match Why::of(&examined, &Only::default()).blockers.len() {
            _ if !examined.unseen.is_empty() => format!("What it still waits for: {} why {name}", invoked_as()),
            0 => "Nothing blocks it.".to_owned(),
            n => format!("{} still: {} why {name}", super::screen::text::count(n, "blocker"), invoked_as()),
        },
    };
    answer(&format!("{name} may go on. {waits}\n"))
}

/// A release whose stop button was written.
struct Written {
    /// As it is printed.
    name: String,
    /// What is decided on it now. That this cannot be told is no reason to say that nothing was written.
    examined: Result<Examined, Failure>,
}

/// Writes the stop button. Whatever else was changed meanwhile, the button counts.
async fn paused(args: &CommonArgs, paused: bool) -> Result<Written, Failure> {
    let cluster = Cluster::find(&args.cluster).await?;
    let name = cluster.named(&args.release);
    let release = read::release(&cluster, &name).await?;
    if release.status.finished == Some(true) {
        let help = format!("{} status {name}", invoked_as());
        return Err(Failure::no(format!("{name} has ended, so there is nothing to stop or to resume"), help));
    }
    let patch = json!([{"op": "add", "path": "/spec/paused", "value": paused}]);
    let written = cluster.api.patch(RELEASES, &name.namespace, &name.name, patch).await;
    let written = written.map_err(|r| r.told(&cluster.api))?;
    let examined = match read::as_release(&written) {
        Ok(release) => read::examine(&cluster, release.into(), None).await,
        Err(why) => Err(Failure::unreachable("the answer", "kubectl get crel").because_of(why)),
    };
    Ok(Written { name: inert(&name.to_string()), examined })
}

/// A release about which something can still be decided.
pub(super) async fn live(cluster: &Cluster, name: &ObjectName, what: &str) -> Result<Arc<Release>, Failure> {
    let release = read::release(cluster, name).await?;
    if release.status.finished == Some(true) {
        let help = format!("{} status {name}", invoked_as());
        return Err(Failure::no(format!("{name} has ended, so it cannot be {what}"), help));
    }
    Ok(release)
}

/// A text that the API server takes: of 1 to 1,024 characters that print where they stand.
pub(super) fn said(text: &str) -> Result<String, String> {
    let prints = inert(text) == text && !text.trim().is_empty() && text.chars().count() <= 1024;
    if prints { Ok(text.to_owned()) } else { Err("write 1 to 1024 characters without line breaks".to_owned()) }
}

/// Asks a person at a terminal; elsewhere goes on only with --yes.
fn ask_first(yes: bool, question: &str, otherwise: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !asks(yes) {
        let help = "add --yes once you know what it does: run it in a terminal first";
        return Err(Failure::usage("nobody can be asked here", help));
    }
    confirmed_or(question, otherwise)
}

/// Asks; with any other answer than yes there is nothing more to do.
pub(super) fn confirmed_or(question: &str, otherwise: &str) -> Result<(), Failure> {
    if super::sign::confirmed(question)? {
        return Ok(());
    }
    Err(Failure::no(otherwise, "run the command again and answer y"))
}

/// Whether a person can be asked.
pub(super) fn asks(yes: bool) -> bool {
    std::io::stdin().is_terminal() && !yes
}
