//! Where one release stands: its verdict, its teams, its steps.

use schemars::JsonSchema;
use serde::Serialize;

use super::Shown;
use crate::api::time::{from_wire, to_wire};
use crate::cli::Failure;
use crate::cli::cluster::read::Examined;
use crate::cli::screen::output::{VERSION, for_programs};
use crate::cli::screen::text::inert;
use crate::cli::screen::when::span;
use crate::cli::screen::{Format, Screen, Table};
use crate::cli::why::{Why, chain};
use crate::domain::scheduling::Gate;

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Status")]
pub struct Standing {
    api_version: &'static str,
    kind: &'static str,
    release: String,
    outcome: String,
    progress: String,
    digest: Option<String>,
    paused: bool,
    /// The operator has reported on this generation.
    reported: bool,
    participants: Vec<Part>,
    steps: Vec<StepLine>,
    blockers: usize,
}

/// A team's part in it.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    name: String,
    team: String,
    role: String,
    responsibility: String,
    /// ready, or what is owed.
    state: &'static str,
    owes: Vec<String>,
}

/// One step.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepLine {
    step: String,
    state: String,
    team: Option<String>,
    started: Option<String>,
    finished: Option<String>,
    says: String,
}

pub(super) fn shown(format: &Format, examined: &Examined, screen: &Screen) -> Result<Shown, Failure> {
    let why = Why::of(examined, &crate::cli::why::Only::default());
    let standing = standing(examined, &why);
    let names = [format!("coordinatedrelease.rollcall.dev/{}", why.name())];
    let text = match for_programs(format, &standing, &names)? {
        Some(text) => text,
        None => drawn(&standing, &why, examined, screen),
    };
    let over =
        why.ended || matches!(why.outcome.as_str(), "Completed" | "RolledBack" | "PartlyRolledBack" | "Cancelled");
    let mut lines = vec![inert(&format!("{} {} {}: {}", standing.release, why.outcome, why.progress, first(&why)))];
    lines.extend(standing.steps.iter().map(|s| inert(&format!("step {} {} {}", s.step, s.state, s.says))));
    let blocked = !why.blockers.is_empty() && why.outcome != "RollingOut";
    let next = why.look_again.as_deref().and_then(from_wire);
    Ok(Shown { text, lines, code: u8::from(blocked), over, next })
}

fn first(why: &Why) -> String {
    match (why.blockers.len(), why.blockers.first()) {
        (0, _) | (_, None) => "nothing blocks it".to_owned(),
        (1, Some(only)) => format!("{} {}", only.code, only.message),
        (n, Some(first)) => format!("{} {} (and {} more)", first.code, first.message, n - 1),
    }
}

fn standing(examined: &Examined, why: &Why) -> Standing {
    let release = &examined.release;
    let views = examined.sound.iter().flat_map(|(_, d)| &d.steps);
    let steps = views.map(|view| {
        let own = examined.blockers.iter().filter(|b| b.said.step.as_ref() == Some(&view.name));
        let waits: Vec<String> = own.map(|b| b.said.message.clone()).collect();
        StepLine {
            step: view.name.clone(),
            state: view.state.as_str().to_owned(),
            team: chain::team_of(&release.spec, &view.name),
            started: view.started.map(to_wire),
            finished: view.finished.map(to_wire),
            says: if view.note.is_empty() { waits.join("; ") } else { view.note.clone() },
        }
    });
    Standing {
        api_version: VERSION,
        kind: "Status",
        release: why.release.clone(),
        outcome: why.outcome.clone(),
        progress: why.progress.clone(),
        digest: why.digest.clone(),
        paused: release.spec.paused,
        reported: release.status.observed_generation.unwrap_or(-1) >= release.meta.generation,
        participants: parts(examined),
        steps: if examined.ended.is_some() || examined.reported { recorded(examined) } else { steps.collect() },
        blockers: why.blockers.len(),
    }
}

/// The steps of a release that has ended, as its status keeps them.
fn recorded(examined: &Examined) -> Vec<StepLine> {
    let release = &examined.release;
    let line = |status: &crate::api::release::StepStatus| StepLine {
        step: status.name.clone(),
        state: status.state.clone(),
        team: chain::team_of(&release.spec, &status.name),
        started: status.started_at.clone(),
        finished: status.finished_at.clone(),
        says: status.message.clone().unwrap_or_default(),
    };
    release.status.steps.iter().map(line).collect()
}

/// The teams, each with what it owes.
fn parts(examined: &Examined) -> Vec<Part> {
    let owed = |team: &str| -> Vec<String> {
        let owns = examined.blockers.iter().filter(|b| {
            let gate = b.gate();
            let owner = &b.said.owner;
            matches!(gate, Gate::SignOff | Gate::Check | Gate::Accepted)
                && (owner == team || owner.starts_with(&format!("{team} ")))
        });
        owns.map(|b| format!("{} {}", b.said.code, b.said.message)).collect()
    };
    let part = |p: &crate::api::release::Participant| {
        let team = format!("{}/{}", p.team.namespace, p.team.name);
        let owes = owed(&team);
        let informed = p.role == crate::api::release::ParticipantRole::Informed;
        Part {
            name: p.name.clone(),
            role: format!("{:?}", p.role),
            responsibility: p.responsibility.clone(),
            state: match (informed, owes.is_empty()) {
                (true, _) => "informed",
                (false, true) => "ready",
                (false, false) => "owes",
            },
            owes,
            team,
        }
    };
    examined.release.spec.participants.iter().map(part).collect()
}

/// Where the release stands, in a word or a few.
fn said(outcome: &str, ended: bool, screen: &Screen) -> String {
    match outcome {
        "Completed" => screen.good("done"),
        "Failed" => screen.bad("failed"),
        "Invalid" => screen.bad("not valid"),
        "RollingOut" => screen.good("under way"),
        "RollingBack" => screen.wait("being rolled back"),
        "RolledBack" => screen.wait("rolled back"),
        "PartlyRolledBack" => screen.wait("rolled back as far as that can be"),
        "Cancelling" => screen.wait("being cancelled"),
        "Cancelled" => screen.wait("cancelled"),
        other if ended => screen.wait(&inert(other)),
        _ => screen.wait("waiting"),
    }
}

/// What is worth a line each above the tables.
fn fields(standing: &Standing, why: &Why, examined: &Examined, screen: &Screen) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    if !why.blockers.is_empty() && !why.ended && why.outcome != "Completed" {
        fields.push(("waits for", first(why)));
    }
    if let Some(cause) = &why.rolled_back_because {
        fields.push(("because", cause.clone()));
    }
    if let Some(earliest) = why.earliest.as_ref().and_then(|e| from_wire(&e.at)).filter(|at| *at > examined.now) {
        fields.push(("earliest", screen.when.at_from(earliest, examined.now)));
    }
    if let Some(digest) = &standing.digest {
        fields.push(("digest", crate::digest::short(digest).to_owned()));
    }
    if !standing.reported {
        fields.push(("operator", "has not looked at this version yet".to_owned()));
    }
    if examined.reported {
        fields.push(("seen", "as the operator last reported: not all that it decides on is visible to you".to_owned()));
    } else if !examined.unseen.is_empty() {
        fields.push(("seen", "not all that is decided on is visible to you".to_owned()));
    }
    fields
}

fn drawn(standing: &Standing, why: &Why, examined: &Examined, screen: &Screen) -> String {
    let mut out = String::new();
    let outcome = said(&standing.outcome, why.ended, screen);
    let paused = if standing.paused { format!("{}{}", screen.dot(), screen.bad("paused")) } else { String::new() };
    out.push_str(&format!(
        "{}{}{outcome}{}steps {}{paused}\n",
        screen.strong(&inert(&standing.release)),
        screen.dot(),
        screen.dot(),
        standing.progress
    ));
    for (name, value) in fields(standing, why, examined, screen) {
        out.push_str(&format!("{} {}\n", screen.faint(&format!("{name:<10}")), inert(&value)));
    }
    out.push('\n');
    let mut teams = Table::new(&["TEAM", "ROLE", "STATE", "ANSWERS FOR"]);
    for part in &standing.participants {
        let state = if part.state == "owes" { screen.wait(part.state) } else { screen.good(part.state) };
        teams.row(vec![inert(&part.team), part.role.clone(), state, inert(&part.responsibility)]);
    }
    out.push_str(&teams.shown(screen, 0));
    out.push('\n');
    let mut steps = Table::new(&["", "STEP", "STATE", "TEAM", "TOOK", "SAYS"]);
    for step in &standing.steps {
        steps.row(vec![
            screen.sign(&step.state),
            inert(&step.step),
            screen.by_state(&step.state, &inert(&step.state)),
            inert(step.team.as_deref().unwrap_or_default()),
            took(step, examined),
            inert(&step.says),
        ]);
    }
    out.push_str(&steps.shown(screen, 0));
    if !why.blockers.is_empty() {
        let us = crate::cli::invoked_as();
        out.push_str(&format!("\n{} {us} why {}\n", screen.arrow(), inert(&standing.release)));
    }
    out
}

fn took(step: &StepLine, examined: &Examined) -> String {
    let at = |text: &Option<String>| text.as_deref().and_then(from_wire);
    at(&step.started).map_or_else(String::new, |start| span(at(&step.finished).unwrap_or(examined.now) - start))
}
