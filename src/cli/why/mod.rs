//! `rollcall why`: what a release waits for, until when, and for whom.
//!
//! This folder never decides: it asks the same function as the operator, with what the person may read, at this instant or another.

mod answer;
pub mod chain;
mod command;
mod show;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use super::asked::Asked;
use super::cluster::{Cluster, read};
use super::screen::Screen;
use super::screen::output::for_programs;
use super::{Failure, answer as print, completion};

pub use answer::{Reason, Why};

/// Say what a release waits for, until when, and for whom.
///
/// Lists everything that keeps it from going on, not only the first thing: with its code, who can clear it, since
/// when it waits, when that ends by itself, and one command to run. The operator decides by the same rules.
///
/// Exit codes: 0 nothing blocks it, 1 something does, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  rollcall why checkout-2 -n releases\n  rollcall why releases/checkout-2 --team ui --at 2027-01-12T10:00"
)]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// Only what this team can clear, or what keeps its steps: NAME or NAMESPACE/NAME.
    #[arg(long, value_name = "TEAM", add = completion::teams())]
    team: Option<String>,
    /// Only what keeps this step, and the steps before it.
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Ask about another instant: 2027-01-12T09:00:00+01:00, or a wall time such as 2027-01-12T09:00.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let screen = Screen::of(&args.asked.place.display);
    let help = "write --at 2027-01-12T09:00:00Z, or a wall time such as 2027-01-12T09:00";
    let at = args.at.as_ref().map(|t| screen.when.read(t).map_err(|e| Failure::usage(format!("--at: {e}"), help)));
    let at = at.transpose()?;
    let cluster = Cluster::find(&args.asked.place.cluster).await?;
    let release = read::release(&cluster, &cluster.named(&args.release)).await?;
    let examined = read::examine(&cluster, release, at).await?.or_as_reported();
    let only = only(&args, &examined)?;
    let why = Why::of(&examined, &only);
    let names = [format!("coordinatedrelease.rollcall.dev/{}", why.name())];
    let text = match for_programs(&args.asked.output.format, &why, &names)? {
        Some(text) => text,
        None => show::text(&why, &screen, at.is_some()),
    };
    print(&text)?;
    Ok(if why.blockers.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What the question is narrowed to.
#[derive(Default)]
pub struct Only {
    /// `namespace/name` of a team.
    pub team: Option<String>,
    pub step: Option<String>,
}

fn only(args: &Args, examined: &read::Examined) -> Result<Only, Failure> {
    let spec = &examined.release.spec;
    let mut only = Only::default();
    if let Some(step) = &args.step {
        let known: Vec<&str> = spec.steps.iter().map(|s| s.name.as_str()).collect();
        if !known.contains(&step.as_str()) {
            return Err(no_such("step", step, &known));
        }
        only.step = Some(step.clone());
    }
    if let Some(team) = &args.team {
        let known: Vec<String> =
            spec.participants.iter().map(|p| format!("{}/{}", p.team.namespace, p.team.name)).collect();
        let found = known.iter().find(|k| *k == team || k.split('/').nth(1) == Some(team));
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        only.team = Some(found.cloned().ok_or_else(|| no_such("team", team, &known))?);
    }
    Ok(only)
}

fn no_such(what: &str, name: &str, known: &[&str]) -> Failure {
    let help = match super::cluster::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("name one of: {}", known.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
    };
    Failure::unreachable(format!("{what} {name}: the release has none of this name"), help)
}
