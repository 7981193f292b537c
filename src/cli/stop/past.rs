//! `rollcall override`: past gates, for a reason and a time.

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::asks;
use crate::api::release::{Override, SkippableGate};
use crate::api::time::{duration_from_wire, to_wire};
use crate::cli::asked::Place;
use crate::cli::cluster::read::{self, Examined};
use crate::cli::screen::Screen;
use crate::cli::screen::text::{count, inert};
use crate::cli::sign::{confirmed, whoami};
use crate::cli::why::{Only, Reason, Why};
use crate::cli::{Failure, answer, completion, invoked_as, told_first};
use crate::cluster::objects::Release;
use crate::cluster::writes::RELEASES;

/// Let a release past gates that you name, for a reason and a time. Needs the verb `override`.
///
/// It prints exactly what is skipped and what still holds, and on a terminal it asks first. Every grant that is
/// given under it records who overrode what and for which ticket. It is for the content that would ship now: other
/// content needs another word.
///
/// Exit codes: 0 overridden, 1 refused or not confirmed, 2 wrong usage, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  rollcall override releases/checkout-2 --skip Window --reason outage --ticket INC-7 --for 2h"
)]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// The gates to skip; all others still hold.
    #[arg(long, value_enum, value_delimiter = ',', required = true, value_name = "GATES", ignore_case = true)]
    skip: Vec<Gate>,
    /// Why. Everybody can read it.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The ticket that it is recorded in.
    #[arg(long, value_name = "TICKET")]
    ticket: String,
    /// For how long: 30m, 2h. This or --until is needed.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, required_unless_present = "until")]
    lasting: Option<TimeDelta>,
    /// Until when: 2027-01-12T09:00:00+01:00, or a wall time such as 2027-01-12T09:00.
    #[arg(long, value_name = "TIME", conflicts_with = "lasting")]
    until: Option<String>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[value(rename_all = "PascalCase")]
enum Gate {
    Freeze,
    Window,
    SignOff,
    Capacity,
}

fn duration(text: &str) -> Result<TimeDelta, String> {
    let span = duration_from_wire(text).filter(|span| *span > TimeDelta::zero());
    span.ok_or_else(|| "write a duration such as 30m or 2h".to_owned())
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.place.reach().await?;
    let name = cluster.named(&args.release);
    let release = read::release(&cluster, &name).await?;
    let until = until(&args, &screen, cluster.now())?;
    if !asks(args.yes) && !args.yes {
        let what = "nobody can be asked here";
        return Err(Failure::usage(what, "add --yes once you know what it skips: run it in a terminal first"));
    }
    let me = whoami(&cluster).await;
    let before = read::examine(&cluster, release.clone(), None).await?;
    let digest = before.sound.as_ref().map(|(_, decision)| decision.digest.clone());
    let over = wire(&args, until, digest.filter(|_| before.all_content_seen()));
    let mut with = Release::clone(&release);
    with.spec.override_ = Some(Override { by: Some(me.clone()), ..over.clone() });
    let after = read::examine(&cluster, with.into(), None).await?;
    told_first(&told(&before, &after, until, &screen))?;
    if asks(args.yes) && !confirmed(&format!("Override as {}? [y/N] ", inert(&me)))? {
        return Err(Failure::no("nothing was overridden", "run the command again and answer y"));
    }
    let patch = json!([
        {"op": "replace", "path": "/metadata/resourceVersion", "value": release.meta.version.as_str()},
        {"op": "add", "path": "/spec/override", "value": over},
    ]);
    let written = cluster.api.patch(RELEASES, &name.namespace, &name.name, patch).await;
    let written = written.map_err(|r| r.told(&cluster.api))?;
    let by = written["spec"]["override"]["by"].as_str().unwrap_or("nobody: the API server did not stamp it");
    answer(&format!(
        "overridden by {} until {}\nto take it back: kubectl patch crel {} -n {} --type=json -p '[{{\"op\":\"remove\",\"path\":\"/spec/override\"}}]'\n",
        inert(by),
        screen.when.at(until),
        name.name,
        name.namespace
    ))
}

fn until(args: &Args, screen: &Screen, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let help = "write --for 2h, or --until 2027-01-12T09:00:00Z";
    let until = match (&args.until, args.lasting) {
        (Some(text), _) => screen.when.read(text).map_err(|e| Failure::usage(format!("--until: {e}"), help))?,
        (None, span) => now + span.unwrap_or_default(),
    };
    if until <= now {
        return Err(Failure::usage(format!("--until {} is past", screen.when.at(until)), help));
    }
    Ok(until)
}

/// For exactly the content that the person looks at.
fn wire(args: &Args, until: DateTime<Utc>, digest: Option<String>) -> Override {
    let gate = |gate: &Gate| match gate {
        Gate::Freeze => SkippableGate::Freeze,
        Gate::Window => SkippableGate::Window,
        Gate::SignOff => SkippableGate::SignOff,
        Gate::Capacity => SkippableGate::Capacity,
    };
    let mut skip: Vec<SkippableGate> = args.skip.iter().map(gate).collect();
    skip.sort();
    skip.dedup();
    let (reason, ticket, until) = (args.reason.clone(), args.ticket.clone(), to_wire(until));
    Override { reason, ticket, skip, until, digest, by: None }
}

/// What it skips and what still holds: the same decision, with and without it.
fn told(before: &Examined, after: &Examined, until: DateTime<Utc>, screen: &Screen) -> String {
    let line = |b: &Reason| {
        let steps = if b.steps.is_empty() { String::new() } else { format!(" (step {})", inert(&b.steps.join(", "))) };
        format!("  {} {}{steps}\n", screen.strong(&b.code), inert(&b.message))
    };
    let (without, with) = (Why::of(before, &Only::default()), Why::of(after, &Only::default()));
    let holds = |b: &Reason| with.blockers.iter().any(|a| a.code == b.code && a.message == b.message);
    let skipped: String = without.blockers.iter().filter(|b| !holds(b)).map(line).collect();
    let rest: String = with.blockers.iter().map(line).collect();
    let go: Vec<String> =
        after.sound.iter().flat_map(|(_, d)| &d.acts).filter_map(crate::cli::why::chain::step_of).collect();
    let mut out = format!(
        "Until {} {} is let past:\n",
        screen.when.at_from(until, before.now),
        inert(&before.release.meta.key.to_string())
    );
    out.push_str(if skipped.is_empty() { "  nothing that blocks it now\n" } else { &skipped });
    if !rest.is_empty() {
        out.push_str(&format!("Still holding ({}):\n{rest}", count(with.blockers.len(), "blocker")));
    }
    match go.as_slice() {
        [] => {}
        steps => out.push_str(&format!("Starts at once: {}\n", inert(&steps.join(", ")))),
    }
    if !after.unseen.is_empty() {
        out.push_str(&format!("Not visible to you: {}. {} doctor\n", inert(&after.unseen.join(", ")), invoked_as()));
    }
    out
}
