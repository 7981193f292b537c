//! `rollcall rollback`: asks for the former versions.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{ask_first, said};
use crate::api::names::ASKED_BACK;
use crate::cli::asked::Place;
use crate::cli::cluster::Cluster;
use crate::cli::cluster::read::{self, Examined};
use crate::cli::screen::Screen;
use crate::cli::screen::text::inert;
use crate::cli::sign::whoami;
use crate::cli::{Failure, answer, completion, invoked_as, told_first};
use crate::cluster::objects::Release;
use crate::cluster::writes::{CONTROLLER_REVISIONS, RELEASES, REPLICA_SETS, Resource};
use crate::domain::ObjectName;
use crate::domain::names::Kind;
use crate::domain::scheduling::situation::{Refusal, Situation, Work};
use crate::domain::scheduling::{Act, Cause, Decision, decide};

/// Ask for the former versions of what a release has let go. Needs the verb `rollback`.
///
/// It prints what would go back and what would stay, and on a terminal it asks first. Steps go back in the reverse
/// order, each once everything that builds on it is back and healthy. Once the operator has begun, it is not taken
/// back. A release that has ended goes back as well, for as long as the former versions are kept: it is live again then,
/// and claims its workloads until it is back.
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
    place: Place,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.place.reach().await?;
    let name = cluster.named(&args.release);
    let release = undoable(&cluster, &name).await?;
    let me = whoami(&cluster).await;
    let mut with = Release::clone(&release);
    with.meta.asked_back = Some((me.clone(), args.reason.clone()));
    with.spec.paused = false;
    let mut after = read::examine(&cluster, with.into(), None).await?;
    without_what_is_gone(&cluster, &mut after).await?;
    let Some((situation, decision)) = after.sound.as_ref().filter(|(s, _)| s.record.steps.values().any(went)) else {
        let help = format!("stop it before something does: {} hold {name}", invoked_as());
        return Err(Failure::no(format!("{name} has let nothing go, so there is nothing to roll back"), help));
    };
    told_first(&told((situation, decision), &after, &release, &screen))?;
    if release.status.finished == Some(true) && !goes_back(decision) {
        let help = "apply the former content, or another release";
        return Err(Failure::no(format!("nothing of {name} can go back"), help));
    }
    ask_first(args.yes, &format!("Ask for the rollback as {}? [y/N] ", inert(&me)), "nothing was asked for")?;
    let object = cluster.api.get(RELEASES, &name.namespace, &name.name).await.map_err(|r| r.told(&cluster.api))?;
    let patch = patch(&object.unwrap_or_default(), release.meta.version.as_str(), &args.reason);
    cluster.api.patch(RELEASES, &name.namespace, &name.name, patch).await.map_err(|r| r.told(&cluster.api))?;
    let us = invoked_as();
    answer(&format!("the rollback of {name} is asked for\nto see it: {us} status {name} -w\n"))
}

/// A release that can still go back, also if it has ended.
async fn undoable(cluster: &Cluster, name: &ObjectName) -> Result<Arc<Release>, Failure> {
    let release = read::release(cluster, name).await?;
    let help = format!("apply the former content, or another release; see what it did: {} status {name}", invoked_as());
    let no = |why: &str| Err(Failure::no(format!("{name} {why}"), help.clone()));
    match release.status.finished == Some(true) {
        true if release.status.rollback.is_some() => no("has been rolled back already"),
        true if release.spec.cancel.is_some() => no("was cancelled, so it is not rolled back"),
        _ => Ok(release),
    }
}

/// Where the controllers of workloads keep former versions.
fn keeper(kind: Kind) -> Option<Resource> {
    match kind {
        Kind::Deployment => Some(REPLICA_SETS),
        Kind::StatefulSet | Kind::DaemonSet => Some(CONTROLLER_REVISIONS),
        // What a Job was before, nobody keeps; of a CronJob only its operator's grant tells.
        Kind::Job | Kind::CronJob => None,
    }
}

/// Decides again with what the operator would find: a former version that is not kept any more.
async fn without_what_is_gone(cluster: &Cluster, after: &mut Examined) -> Result<(), Failure> {
    let Some((situation, decision)) = &mut after.sound else {
        return Ok(());
    };
    for step in situation.release.steps.clone() {
        let Work::Workload(workload) = &step.work else { continue };
        let former = situation.record.steps.get(&step.name).and_then(|r| r.grant.as_ref()?.former.clone());
        let Some((former, keeper)) = former.zip(keeper(workload.kind)) else { continue };
        let found = cluster.api.get(keeper, &workload.namespace, &former.name).await;
        if let Some(None) = read::seen(cluster, found, &mut after.unseen)? {
            situation.refused.insert(step.name, (situation.now, Refusal::FormerGone));
        }
    }
    *decision = decide(situation);
    Ok(())
}

fn went(record: &crate::domain::scheduling::situation::StepRecord) -> bool {
    record.grant.is_some()
}

/// Whether any step goes back, now or once what is in the way is not.
fn goes_back(decision: &Decision) -> bool {
    let due = decision.acts.iter().any(|act| matches!(act, Act::RollBack { .. }));
    due || decision.blockers.iter().any(|b| b.step.is_some() && !matches!(b.cause, Cause::NotUndone { .. }))
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
fn told((s, decision): (&Situation, &Decision), after: &Examined, release: &Release, screen: &Screen) -> String {
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
    let ended = if release.status.finished == Some(true) { " has ended. Asked for, it is live again and" } else { "" };
    let mut out = format!("{name}{ended} goes back, the last step first:\n");
    out.push_str(if back.is_empty() { "  no steps\n" } else { &back });
    for (head, lines) in [("Stay as they are:\n", stays), ("In the way:\n", stands)] {
        if !lines.is_empty() {
            out.push_str(&format!("{head}{lines}"));
        }
    }
    if release.spec.paused {
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
