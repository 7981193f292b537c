//! `rollcall done`: a person says that a task of a release is done.
//!
//! This never says so of a task that is not due, and who said it is stamped by the API server.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::cluster::read::{self, Examined};
use super::cluster::{Cluster, ClusterArgs, nearest};
use super::screen::text::inert;
use super::sign::{Old, TASKS_DONE, meant, whoami, written};
use super::stop::{confirmed_or, said};
use super::{Failure, answer, completion, invoked_as, told_first};
use crate::cluster::writes::TEAMS;
use crate::digest::short;
use crate::domain::ObjectName;
use crate::domain::scheduling::Cause;

/// Say that a task of a release is done: a step that a person does by hand.
///
/// It is for what the release would ship now. In scripts it asks nothing and needs --revision. Who did it is stamped
/// by the API server. Needs the verb `signoff` on the team whose task it is.
///
/// Exit codes: 0 said, 1 refused, not due or not confirmed, 2 wrong usage, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  rollcall done call-the-bank -r releases/checkout-2 --note 'they know'")]
pub struct Args {
    /// The step whose task it is.
    #[arg(value_name = "STEP")]
    step: String,
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(short, long, value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// The beginning of the digest that it was done for, at least 7 digits. Required in scripts.
    #[arg(long, value_name = "DIGEST")]
    revision: Option<String>,
    /// What there is to know about it.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    note: Option<String>,
    /// Do not ask. Needs --revision.
    #[arg(short, long, requires = "revision")]
    yes: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// A task that is due.
struct Due {
    task: String,
    team: ObjectName,
    digest: String,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let asks = super::stop::asks(args.yes);
    let cluster = Cluster::find(&args.cluster).await?;
    let name = cluster.named(&args.release);
    let release = super::stop::live(&cluster, &name, "worked on").await?;
    let examined = read::examine(&cluster, release, None).await?;
    let due = due(&examined, &args.step)?;
    let again = format!("{} done {} -r {name} --revision {}", invoked_as(), args.step, short(&due.digest));
    let look = format!("{} tree {name}", invoked_as());
    meant(&due.digest, args.revision.as_deref(), asks, (&again, &look))?;
    let me = whoami(&cluster).await;
    told_first(&format!(
        "Step {} of {name}, for {}:\n  {}\n",
        inert(&args.step),
        short(&due.digest),
        inert(&due.task)
    ))?;
    if asks {
        confirmed_or(&format!("Say as {} that it is done? [y/N] ", inert(&me)), "nothing was said")?;
    }
    let team = &due.team;
    let object = cluster.api.get(TEAMS, &team.namespace, &team.name).await.map_err(|r| r.told(&cluster.api))?;
    let Some(object) = object else {
        return Err(read::unknown(&cluster, TEAMS, team).await);
    };
    let old = Old::of(&cluster, &object, TASKS_DONE, &me).await;
    let by = written(&cluster, team, object, |team| patch(team, &args, &name, &due.digest, &old)).await;
    let by = by.map_err(|r| r.told(&cluster.api))?;
    old.tell(team);
    let by = entry(&by, &args.step, &name).and_then(|e| e["by"].as_str().map(str::to_owned));
    let by = by.unwrap_or_else(|| "nobody: the API server did not stamp it".to_owned());
    answer(&format!("{} of {name} is done, says {}\n", inert(&args.step), inert(&by)))
}

/// The task, if it is due.
fn due(examined: &Examined, step: &str) -> Result<Due, Failure> {
    let release = &examined.release;
    let name = release.meta.key.to_string();
    let us = invoked_as();
    let tasks = || release.spec.steps.iter().filter(|s| s.task.is_some());
    if !tasks().any(|s| s.name == step) {
        let near = nearest(step, tasks().map(|s| s.name.as_str()));
        let help = near.map_or_else(|| format!("see its steps: {us} tree {name}"), |n| format!("did you mean {n}?"));
        return Err(Failure::unreachable(format!("{name} has no task {}", inert(step)), help));
    }
    if !examined.all_content_seen() {
        return reported(examined, step)
            .ok_or_else(|| Failure::no(format!("{step} is not due"), format!("{us} why {name} --step {step}")));
    }
    let open = examined.blockers.iter().find_map(|b| match &b.cause {
        Some(Cause::TaskOpen { step: of, task, team, digest, .. }) if of == step => {
            Some(Due { task: task.clone(), team: team.clone(), digest: digest.clone() })
        }
        _ => None,
    });
    let views = examined.sound.iter().flat_map(|(_, d)| &d.steps);
    let done_by = views.filter(|v| v.name == step).find_map(|v| v.done_by.clone());
    open.ok_or_else(|| match done_by {
        Some(by) => Failure::no(format!("{step} is done already, says {by}"), format!("{us} status {name}")),
        None => Failure::no(format!("{step} is not due"), format!("{us} why {name} --step {step}")),
    })
}

/// The task, if the operator says that it is due: of content that the person may not see they cannot tell the digest.
fn reported(examined: &Examined, step: &str) -> Option<Due> {
    let status = &examined.release.status;
    let spec = &examined.release.spec;
    status.blockers.iter().find(|b| b.code == "RC086" && b.step.as_deref() == Some(step))?;
    let found = spec.steps.iter().find(|s| s.name == step)?;
    let team = spec.participants.iter().find(|p| found.participant.as_ref() == Some(&p.name))?;
    Some(Due {
        task: found.task.clone()?,
        team: ObjectName::new(&team.team.namespace, &team.team.name),
        digest: status.digest.clone()?,
    })
}

fn entry<'a>(team: &'a Value, step: &str, release: &ObjectName) -> Option<&'a Value> {
    let all = team["spec"]["tasksDone"].as_array()?;
    all.iter().find(|e| e["step"] == step && e["release"] == release.to_string())
}

fn patch(team: &Value, args: &Args, release: &ObjectName, digest: &str, old: &Old) -> Value {
    let mut all: Vec<Value> = team["spec"]["tasksDone"].as_array().cloned().unwrap_or_default();
    all.retain(|e| (e["step"] != args.step.as_str() || e["release"] != release.to_string()) && !old.has(e));
    let mut word = json!({"release": release.to_string(), "step": args.step, "digest": digest});
    if let Some(note) = &args.note {
        word["note"] = note.as_str().into();
    }
    all.push(word);
    json!([
        {"op": "replace", "path": "/metadata/resourceVersion", "value": team["metadata"]["resourceVersion"]},
        {"op": "add", "path": "/spec/tasksDone", "value": all},
    ])
}
