//! `rollcall rollback`: asks for the former versions.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{ask_first, live, said};
use crate::api::names::ASKED_BACK;
use crate::cli::cluster::read::{self, Examined};
use crate::cli::cluster::{Cluster, ClusterArgs};
use crate::cli::screen::text::inert;
use crate::cli::screen::{DisplayArgs, Screen};
use crate::cli::sign::whoami;
use crate::cli::{Failure, answer, completion, invoked_as, told_first};
use crate::cluster::objects::Release;
use crate::cluster::writes::RELEASES;
use crate::domain::scheduling::situation::{Situation, Work};
use crate::domain::scheduling::{Act, Cause, Decision};

/// Ask for the former versions of what a release has let go. Needs the verb `rollback`.
///
/// It prints what would go back and what would stay, and on a terminal it asks first. Steps go back in the reverse
/// order, each once everything that builds on it is back and healthy. Once the operator has begun, it is not taken
/// back. A release that has ended is not rolled back: apply the former content, or a new release.
///
/// Exit codes: 0 asked for, 1 refused, not confirmed, or nothing to roll back, 2 wrong usage, 3 not found or
/// unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// Why. Everybody can read it.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    reason: String,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let screen = Screen::of(&args.display);
    let cluster = Cluster::find(&args.cluster).await?;
    let name = cluster.named(&args.release);
    let release = live(&cluster, &name, "rolled back").await?;
    let me = whoami(&cluster).await;
    let mut with = Release::clone(&release);
    with.meta.asked_back = Some((me.clone(), args.reason.clone()));
    with.spec.paused = false;
    let after = read::examine(&cluster, with.into(), None).await?;
    let Some((situation, decision)) = after.sound.as_ref().filter(|(s, _)| s.record.steps.values().any(went)) else {
        let help = format!("stop it before something does: {} hold {name}", invoked_as());
        return Err(Failure::no(format!("{name} has let nothing go, so there is nothing to roll back"), help));
    };
    told_first(&told((situation, decision), &after, release.spec.paused, &screen))?;
    ask_first(args.yes, &format!("Ask for the rollback as {}? [y/N] ", inert(&me)), "nothing was asked for")?;
    let object = cluster.api.get(RELEASES, &name.namespace, &name.name).await.map_err(|r| r.told(&cluster.api))?;
    let patch = patch(&object.unwrap_or_default(), release.meta.version.as_str(), &args.reason);
    cluster.api.patch(RELEASES, &name.namespace, &name.name, patch).await.map_err(|r| r.told(&cluster.api))?;
    let us = invoked_as();
    answer(&format!("the rollback of {name} is asked for\nto see it: {us} status {name} -w\n"))
}

fn went(record: &crate::domain::scheduling::situation::StepRecord) -> bool {
    record.grant.is_some()
}

/// On exactly the release that was looked at.
fn patch(object: &Value, version: &str, reason: &str) -> Value {
    let pointer = format!("/metadata/annotations/{}", ASKED_BACK.replace('/', "~1"));
    let mut all = vec![json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version})];
    if !object["metadata"]["annotations"].is_object() {
        all.push(json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
    }
    all.push(json!({"op": "add", "path": pointer, "value": reason}));
    Value::Array(all)
}

/// What goes back, what stays, and what is in the way: the operator's decision, had it been asked for already.
fn told((s, decision): (&Situation, &Decision), after: &Examined, paused: bool, screen: &Screen) -> String {
    let name = inert(&after.release.meta.key.to_string());
    let (mut back, mut stays, mut stands) = (String::new(), String::new(), String::new());
    for step in s.release.steps.iter().rev() {
        let Work::Workload(workload) = &step.work else { continue };
        let own = || decision.blockers.iter().filter(|b| b.step.as_ref() == Some(&step.name));
        let kept = own().find(|b| matches!(b.cause, Cause::NotUndone { .. }));
        let turn = own().any(|b| matches!(b.cause, Cause::RollbackOrder { .. }));
        let due = decision.acts.iter().any(|a| matches!(a, Act::RollBack { step: of, .. } if *of == step.name));
        let others: Vec<_> =
            own().filter(|b| !matches!(b.cause, Cause::NotUndone { .. } | Cause::RollbackOrder { .. })).collect();
        if let Some(kept) = kept {
            stays.push_str(&format!("  {}: {}\n", inert(&step.name), inert(&kept.cause.message())));
        } else if due || turn || !others.is_empty() {
            let former = s.record.steps.get(&step.name).and_then(|r| r.grant.as_ref()?.former.as_ref());
            let former = former.map_or_else(String::new, |f| {
                format!(" {} {} (template {})", screen.arrow(), f.name, crate::digest::short(&f.template))
            });
            back.push_str(&format!("  {}: {}{}\n", inert(&step.name), inert(&workload.to_string()), inert(&former)));
        }
        for other in others {
            stands.push_str(&line(other.cause.code().to_string(), &other.cause, other.until, screen));
        }
    }
    for whole in decision.blockers.iter().filter(|b| b.step.is_none()) {
        stands.push_str(&line(whole.cause.code().to_string(), &whole.cause, whole.until, screen));
    }
    let mut out = format!("{name} goes back, the last step first:\n");
    out.push_str(if back.is_empty() { "  no steps\n" } else { &back });
    for (head, lines) in [("Stay as they are:\n", stays), ("In the way:\n", stands)] {
        if !lines.is_empty() {
            out.push_str(&format!("{head}{lines}"));
        }
    }
    if paused {
        out.push_str(&format!("It is held: nothing goes back before {} resume {name}\n", invoked_as()));
    }
    if !after.unseen.is_empty() {
        out.push_str(&format!("Not visible to you: {}\n", inert(&after.unseen.join(", "))));
    }
    out
}

fn line(code: String, cause: &Cause, until: Option<DateTime<Utc>>, screen: &Screen) -> String {
    let until = until.map_or_else(String::new, |at| format!(" (until {})", screen.when.at(at)));
    format!("  {} {}{until}\n", screen.strong(&code), inert(&cause.message()))
}
