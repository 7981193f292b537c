//! `rollcall trace`: what let a workload's content go, or keeps it.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::asked::Asked;
use super::cluster::{Cluster, read};
use super::screen::Screen;
use super::screen::output::{VERSION, for_programs};
use super::screen::text::inert;
use super::screen::when::span;
use super::{Failure, answer, invoked_as};
use crate::api::fields::WorkloadKind;
use crate::api::names::{BREAK_GLASS, CLAIM, GATE_LABEL, HOLD, RELEASED};
use crate::api::release::StepStatus;
use crate::api::time::from_wire;
use crate::cluster::objects::{Release, Team, decode};
use crate::cluster::writes::{RELEASES, Resource, TEAMS};
use crate::digest::short;
use crate::domain::ObjectName;

/// Show which release, grant and signatures let a workload's content go, or what keeps it now.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  rollcall trace deploy/api -n core")]
pub struct Args {
    /// The workload: deploy/NAME, job/NAME, "deploy NAME", "Deployment NAMESPACE/NAME", or as kubectl prints it.
    #[arg(value_name = "WORKLOAD", num_args = 1..=2, required = true)]
    workload: Vec<String>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    api_version: &'static str,
    kind: &'static str,
    workload: String,
    /// `namespace/name` of the team that gates it; absent if nothing holds its changes.
    team: Option<String>,
    /// Its new content is stored and not rolled out.
    held: bool,
    held_since: Option<String>,
    /// What a held change waits for, as the team's status says.
    waits_for: Option<String>,
    images: Vec<String>,
    /// The release that it says it belongs to, by annotation.
    claim: Option<String>,
    /// What let its present content go, in the operator's words.
    released: Option<String>,
    /// The ticket under which it once went past rollcall.
    break_glass: Option<String>,
    /// Releases with a step for it, the newest first.
    releases: Vec<Ship>,
}

/// A release's step for it.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ship {
    release: String,
    step: String,
    finished: bool,
    state: Option<String>,
    granted_at: Option<String>,
    digest: Option<String>,
    /// The versions of teams and windows that the grant was decided on.
    evidence: Vec<String>,
    overridden: Option<String>,
    message: Option<String>,
    /// Who signed what was granted.
    signatures: Vec<String>,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.asked.place.reach().await?;
    let (kind, name) = named(&args.workload, &cluster)?;
    let resource = Resource::of(kind);
    let found = cluster.api.get(resource, &name.namespace, &name.name).await.map_err(|r| r.told(&cluster.api))?;
    let Some(object) = found else {
        return Err(read::unknown(&cluster, resource, &name).await);
    };
    let trace = trace(&cluster, kind, &name, &object).await?;
    let names = [format!("{}/{}", kind.as_str().to_lowercase(), name.name)];
    match for_programs(&args.asked.output.format, &trace, &names)? {
        Some(text) => answer(&text),
        None => answer(&drawn(&trace, &cluster, &screen)),
    }
}

/// `deploy/api`, `deploy api`, `Deployment core/api`.
fn named(words: &[String], cluster: &Cluster) -> Result<(WorkloadKind, ObjectName), Failure> {
    let help = "write deploy/NAME, or \"Deployment NAMESPACE/NAME\"";
    let joined = words.join(" ");
    let (kind, name) = joined
        .split_once([' ', '/'])
        .ok_or_else(|| Failure::usage(format!("{}: of which kind?", inert(&joined)), help))?;
    let kind = read::workload_kind(kind)
        .ok_or_else(|| Failure::usage(format!("{}: no kind of workload that can be held", inert(kind)), help))?;
    Ok((kind, cluster.named(name.trim())))
}

async fn trace(cluster: &Cluster, kind: WorkloadKind, name: &ObjectName, object: &Value) -> Result<Trace, Failure> {
    let note = |key: &str| object["metadata"]["annotations"][key].as_str().filter(|v| !v.is_empty()).map(str::to_owned);
    let gate = object["metadata"]["labels"][GATE_LABEL].as_str();
    let mut team = None;
    if let Some(gate) = gate {
        let found = cluster.api.get(TEAMS, &name.namespace, gate).await.map_err(|r| r.told(&cluster.api))?;
        team = found.and_then(|f| decode::<_, _>(&f.to_string()).ok() as Option<Team>);
    }
    let line = team.iter().flat_map(|t| &t.status.workloads).find(|w| w.kind == kind && w.name == name.name);
    let all: Vec<Release> = match read::all(cluster, RELEASES, true).await {
        Err(failure) if failure.code == 4 => read::all(cluster, RELEASES, false).await.unwrap_or_default(),
        other => other?,
    };
    let mut ships: Vec<(&Release, Ship)> =
        all.iter().filter_map(|r| Some((r, ship(r, kind, name, team.as_ref())?))).collect();
    ships.sort_by_key(|(r, _)| (std::cmp::Reverse(r.meta.created), r.meta.key.clone()));
    Ok(Trace {
        api_version: VERSION,
        kind: "Trace",
        workload: format!("{} {name}", kind.as_str()),
        team: gate.map(|gate| format!("{}/{gate}", name.namespace)),
        held: note(HOLD).is_some(),
        held_since: line.and_then(|w| w.held_since.clone()),
        waits_for: line.and_then(|w| w.message.clone()),
        images: read::images(read::pod_template(kind, object)),
        claim: note(CLAIM),
        released: note(RELEASED),
        break_glass: note(BREAK_GLASS),
        releases: ships.into_iter().map(|(_, ship)| ship).collect(),
    })
}

fn ship(release: &Release, kind: WorkloadKind, name: &ObjectName, team: Option<&Team>) -> Option<Ship> {
    let step = release.spec.steps.iter().find(|step| {
        let workload = step.workload.as_ref();
        let namespace = step.participant.as_ref().and_then(|p| release.spec.participants.iter().find(|q| q.name == *p));
        workload.is_some_and(|w| w.kind == kind && w.name == name.name)
            && namespace.is_some_and(|p| p.team.namespace == name.namespace)
    })?;
    let status: Option<&StepStatus> = release.status.steps.iter().find(|s| s.name == step.name);
    let grant = status.and_then(|s| s.grant.as_ref());
    let key = release.meta.key.to_string();
    let digest = grant.map(|g| g.digest.clone());
    let signed =
        team.iter().flat_map(|t| &t.spec.sign_offs).filter(|s| s.release == key && Some(&s.digest) == digest.as_ref());
    let signatures =
        signed.map(|s| format!("{:?} as {} by {}", s.decision, s.role, s.by.as_deref().unwrap_or("nobody")));
    Some(Ship {
        release: key.clone(),
        step: step.name.clone(),
        finished: release.status.finished == Some(true),
        state: status.map(|s| s.state.clone()),
        granted_at: grant.map(|g| g.at.clone()),
        evidence: grant.map(|g| g.evidence.clone()).unwrap_or_default(),
        overridden: grant.and_then(|g| g.overridden.clone()),
        message: status.and_then(|s| s.message.clone()),
        signatures: signatures.collect(),
        digest,
    })
}

fn drawn(trace: &Trace, cluster: &Cluster, screen: &Screen) -> String {
    let mut out = format!("{}\n", screen.strong(&inert(&trace.workload)));
    let mut line =
        |name: &str, value: &str| out.push_str(&format!("  {} {value}\n", screen.faint(&format!("{name:<10}"))));
    line("images", &inert(&trace.images.join(", ")));
    match &trace.team {
        Some(team) => line("team", &inert(team)),
        None => line("team", &screen.wait("none: it carries no gate label, so nothing holds its changes")),
    }
    let since = trace.held_since.as_deref().and_then(from_wire);
    let since = since.map(|at| format!(" for {}", span(cluster.now() - at))).unwrap_or_default();
    line("now", &if trace.held { screen.wait(&format!("held{since}")) } else { screen.good("free") });
    for (name, value) in [
        ("waits for", trace.waits_for.as_ref().filter(|_| trace.held)),
        ("let go by", trace.released.as_ref()),
        ("claimed", trace.claim.as_ref()),
        ("ticket", trace.break_glass.as_ref()),
    ] {
        if let Some(value) = value {
            line(name, &inert(value));
        }
    }
    if trace.releases.is_empty() {
        out.push_str("  no release has a step for it\n");
    }
    for ship in &trace.releases {
        let state = ship.state.as_deref().unwrap_or("not looked at yet");
        out.push_str(&format!(
            "\n  {}{}step {}{}{}\n",
            screen.strong(&inert(&ship.release)),
            screen.dot(),
            inert(&ship.step),
            screen.dot(),
            screen.by_state(state, &inert(state))
        ));
        let mut line = |name: &str, value: &str| {
            out.push_str(&format!("    {} {}\n", screen.faint(&format!("{name:<8}")), inert(value)))
        };
        if let (Some(at), Some(digest)) = (ship.granted_at.as_deref().and_then(from_wire), &ship.digest) {
            line("granted", &format!("{}, for {}", screen.when.at_from(at, cluster.now()), short(digest)));
        }
        for signature in &ship.signatures {
            line("signed", signature);
        }
        if let Some(overridden) = &ship.overridden {
            line("override", overridden);
        }
        for evidence in &ship.evidence {
            line("read", evidence);
        }
        if let Some(message) = &ship.message {
            line("says", message);
        }
        if ship.granted_at.is_none() {
            line("why not", &format!("{} why {} --step {}", invoked_as(), ship.release, ship.step));
        }
    }
    out
}
