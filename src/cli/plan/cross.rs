//! What only several objects together show: consent, listed workloads, rival releases, and which windows govern.

use std::collections::BTreeMap;

use super::check::{Level, Set, Sound};
use super::document::Document;
use crate::cluster::objects;
use crate::controllers::calendars;
use crate::controllers::facts::{self, Asking};
use crate::domain::calendar::{Governance, Governing};
use crate::domain::scheduling::situation::{Action, OnFailure, Release, Step, Work};
use crate::domain::{ObjectName, WorkloadName};
use crate::validate;

/// What a release would do, in waves: each step comes a wave after the last it depends on.
pub struct Plan {
    pub release: String,
    pub waves: Vec<Vec<Planned>>,
}

/// One step as planned.
pub struct Planned {
    pub step: String,
    pub work: String,
    pub after: Vec<String>,
    /// `tier namespace/name` of each window that governs it.
    pub windows: Vec<String>,
}

type Release_<'a> = Sound<'a, objects::Release, Release>;
type Tell<'a> = Vec<(Level, &'static str, &'a Document, String, String)>;

/// The plan of every release that makes sense, by name; adds what the objects together show.
pub fn plans(set: &mut Set<'_>, platform: &str) -> Vec<Plan> {
    let mut tell: Tell<'_> = Vec::new();
    let mut plans = Vec::new();
    for release in &set.releases {
        teams(set, release, &mut tell);
        windows(set, release, &mut tell);
        plans.push(plan(set, release, platform, &mut tell));
    }
    rivals(set, &mut tell);
    for (level, rule, document, path, message) in tell {
        set.tell(level, rule, document, &path, message);
    }
    plans.sort_by(|a, b| a.release.cmp(&b.release));
    plans
}

fn teams<'a>(set: &Set<'a>, release: &Release_<'a>, tell: &mut Tell<'a>) {
    for (n, participant) in release.wire.spec.participants.iter().enumerate() {
        let path = format!("spec.participants[{n}].team");
        let name = ObjectName::new(&participant.team.namespace, &participant.team.name);
        let Some(team) = set.teams.iter().find(|t| t.checked.name == name) else {
            let message = format!(
                "TeamReadiness {name} is not among these files, so its consent and its workloads are not checked"
            );
            tell.push((Level::Note, "note", release.document, path, message));
            continue;
        };
        // Consent by label depends on the release, so the team is read again as this release sees it.
        let meta = facts::meta(&team.wire.meta);
        let Ok(seen) = validate::team(&meta, &team.wire.spec, validate::Found::default(), &release.wire.meta.labels)
        else {
            continue;
        };
        let may = |action: Action| seen.consents_to(&release.checked.name, action);
        let steps = steps_of(release, &participant.name);
        let lacking: Vec<&str> =
            [Action::Hold, Action::Release].into_iter().filter(|a| !may(*a)).map(Action::as_str).collect();
        if !steps.is_empty() && !lacking.is_empty() {
            let message = format!(
                "TeamReadiness {name} does not consent to {} by this release: see its spec.allow",
                lacking.join(" and ")
            );
            tell.push((Level::Conflict, "RC013", release.document, path.clone(), message));
        }
        if !steps.is_empty() && release.checked.on_failure == OnFailure::Rollback && !may(Action::Rollback) {
            let message = format!(
                "TeamReadiness {name} does not consent to Rollback, so its steps stay as they are if one fails"
            );
            tell.push((Level::Note, "note", release.document, path, message));
        }
        for (n, workload) in steps {
            if !seen.listed.contains(&(workload.kind, workload.name.clone())) {
                let message =
                    format!("TeamReadiness {name} does not list {} {}", workload.kind.as_str(), workload.name);
                tell.push((Level::Conflict, "RC014", release.document, format!("spec.steps[{n}].workload"), message));
            }
        }
    }
}

/// The workloads of a participant's steps, with the places of the steps in the manifest.
fn steps_of(release: &Release_<'_>, participant: &str) -> Vec<(usize, WorkloadName)> {
    let wire = release.wire.spec.steps.iter().enumerate();
    let own = wire.filter(|(_, s)| s.participant.as_deref() == Some(participant));
    own.filter_map(|(n, s)| Some((n, workload(find(release, &s.name)?)?.clone()))).collect()
}

fn find<'r>(release: &'r Release_<'_>, step: &str) -> Option<&'r Step> {
    release.checked.steps.iter().find(|s| s.name == step)
}

fn workload(step: &Step) -> Option<&WorkloadName> {
    match &step.work {
        Work::Workload(name) => Some(name),
        Work::Wait(_) | Work::Task(_) => None,
    }
}

fn windows<'a>(set: &Set<'a>, release: &Release_<'a>, tell: &mut Tell<'a>) {
    for (n, named) in release.wire.spec.windows.iter().enumerate() {
        let is = |w: &objects::Window| *w.meta.key.namespace == *named.namespace && *w.meta.key.name == *named.name;
        if !set.windows.iter().any(|w| is(w)) {
            let message = format!(
                "no sound DeploymentWindow {}/{} is among these files; without it the release never starts",
                named.namespace, named.name
            );
            tell.push((Level::Note, "note", release.document, format!("spec.windows[{n}]"), message));
        }
    }
}

/// Two releases that claim the same workload, unless they expect different content of it.
fn rivals<'a>(set: &Set<'a>, tell: &mut Tell<'a>) {
    let mut claims: BTreeMap<&WorkloadName, (&Release_<'a>, &Step)> = BTreeMap::new();
    for release in &set.releases {
        for (n, wire) in release.wire.spec.steps.iter().enumerate() {
            let Some(step) = find(release, &wire.name) else {
                continue;
            };
            let Some(name) = workload(step) else { continue };
            let Some((first, other)) = claims.get(name) else {
                claims.insert(name, (release, step));
                continue;
            };
            let apart = step.expect.is_some() && other.expect.is_some() && step.expect != other.expect;
            if !apart {
                let message = format!("{name} is claimed by step {} of release {} too", other.name, first.checked.name);
                tell.push((Level::Conflict, "RC015", release.document, format!("spec.steps[{n}].workload"), message));
            }
        }
    }
}

fn plan<'a>(set: &Set<'a>, release: &Release_<'a>, platform: &str, tell: &mut Tell<'a>) -> Plan {
    let mut wave_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<Planned>> = Vec::new();
    // Steps in one namespace are governed by the same windows.
    let mut windows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for step in &release.checked.steps {
        let before = step.depends_on.iter().filter_map(|d| wave_of.get(d.as_str()));
        let wave = before.max().map_or(0, |w| w + 1);
        wave_of.insert(&step.name, wave);
        waves.resize_with(waves.len().max(wave + 1), Vec::new);
        waves[wave].push(Planned {
            step: step.name.clone(),
            work: match &step.work {
                Work::Workload(name) => name.to_string(),
                Work::Task(task) => format!("task: {task}"),
                Work::Wait(time) => format!("wait {}", crate::api::time::duration_to_wire(*time)),
            },
            after: step.depends_on.clone(),
            windows: {
                let namespace = workload(step).map_or(&release.checked.name.namespace, |w| &w.namespace);
                windows.entry(namespace).or_insert_with(|| governing(set, release, namespace, platform)).clone()
            },
        });
    }
    unknown_labels(set, release, platform, tell);
    Plan { release: release.checked.name.to_string(), waves }
}

/// The windows that govern what a release does in a namespace: a wait stands in the release's own.
fn governing(set: &Set<'_>, release: &Release_<'_>, namespace: &str, platform: &str) -> Vec<String> {
    let governance = governance_of(set, release, namespace, platform);
    let tiers = ["platform", "team", "release"].into_iter().zip(&governance.tiers);
    let mut all: Vec<String> = tiers
        .flat_map(|(tier, windows)| windows.iter().map(move |(name, window)| (tier, name, window)))
        .map(|(tier, name, window)| match window {
            Governing::Sound(_) => format!("{tier} {name}"),
            Governing::Broken { .. } => format!("{tier} {name} (not known)"),
        })
        .collect();
    all.sort();
    all
}

/// The windows that govern what a release does in a namespace.
pub fn governance_of(set: &Set<'_>, release: &Release_<'_>, team: &str, platform: &str) -> Governance {
    let named: Vec<ObjectName> =
        release.wire.spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
    let nobody = BTreeMap::new();
    let asking = Asking {
        platform,
        team,
        team_labels: set.namespaces.get(team).unwrap_or(&nobody),
        release: Some((&release.checked.name.namespace, &release.wire.meta.labels, &named)),
    };
    // Each window was compiled when it was read.
    facts::governance(&asking, &set.near(&release.wire, platform), &[], &|window| {
        let known = set.governing.get(&window.meta.key).cloned();
        known.unwrap_or_else(|| calendars::compile(window, &set.calendars).governing(window))
    })
}

/// A window of the platform selects by labels of namespaces, which these files may not have.
fn unknown_labels<'a>(set: &Set<'a>, release: &Release_<'a>, platform: &str, tell: &mut Tell<'a>) {
    let selects = |w: &objects::Window| {
        let selector = w.spec.namespace_selector.as_ref();
        selector.is_some_and(|s| {
            s.match_labels.iter().flatten().next().is_some() || s.match_expressions.iter().flatten().next().is_some()
        })
    };
    if !set.windows.iter().any(|w| *w.meta.key.namespace == *platform && selects(w)) {
        return;
    }
    for (n, participant) in release.wire.spec.participants.iter().enumerate() {
        let namespace = &participant.team.namespace;
        if !set.namespaces.contains_key(namespace) {
            let message = format!(
                "Namespace {namespace} is not among these files, so windows that select namespaces by label are taken not to select it"
            );
            tell.push((
                Level::Note,
                "note",
                release.document,
                format!("spec.participants[{n}].team.namespace"),
                message,
            ));
        }
    }
}
