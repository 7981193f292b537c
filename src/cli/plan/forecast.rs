//! From a set of manifests to the situations that its releases would be in, and what their courses show.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::check::{Level, Set, Sound, finding};
use super::course::{Course, courses};
use super::cross::governance_of;
use super::document::Document;
use crate::api::time::{from_wire, to_wire};
use crate::cluster::objects;
use crate::controllers::release::View;
use crate::controllers::release::situation::{Around, Circumstances, view};
use crate::controllers::{facts, openings};
use crate::domain::calendar::Governing;
use crate::domain::scheduling::Cause;
use crate::domain::scheduling::situation::{Release, Situation, Step, Work};
use crate::domain::workload::{Hold, Progress, Workload};
use crate::domain::{ObjectName, WorkloadName};
use crate::validate;

type Release_<'a> = Sound<'a, objects::Release, Release>;

/// How far ahead, and from when on.
#[derive(Clone, Copy, Debug)]
pub struct Ahead {
    pub from: DateTime<Utc>,
    pub horizon: TimeDelta,
}

/// The course of each release of the set, by name; adds what the courses show to the findings.
pub fn forecast(set: &mut Set<'_>, platform: &str, ahead: Ahead) -> BTreeMap<String, Course> {
    let mut order: Vec<usize> = (0..set.releases.len()).collect();
    // As the operator: the higher priority first, then by name, as none of them is older than another.
    order.sort_by_key(|n| {
        let release = &set.releases[*n];
        (std::cmp::Reverse(release.wire.spec.priority), release.checked.name.clone())
    });
    let situations: Vec<(usize, Situation)> =
        order.into_iter().filter_map(|n| Some((n, situation(set, &set.releases[n], platform, ahead.from)?))).collect();
    let (order, situations): (Vec<usize>, Vec<Situation>) = situations.into_iter().unzip();
    let limited = !openings::limited(set.windows.iter()).is_empty();
    let (found, complete) = courses(situations, ahead.from, ahead.horizon, limited);
    let mut tell: Told<'_> = Vec::new();
    let mut by_name = BTreeMap::new();
    for (n, course) in order.into_iter().zip(found) {
        let release = &set.releases[n];
        shown_by(set, (release, &course), platform, (ahead, complete), &mut tell);
        by_name.insert(release.checked.name.to_string(), course);
    }
    let told: Vec<_> =
        tell.into_iter().map(|(level, rule, d, path, said)| finding(level, &rule, d, &path, &said)).collect();
    set.findings.extend(told);
    by_name
}

/// The situation that the operator would be in with these files, all content having arrived. `None` if the plan
/// makes no sense, which is told elsewhere.
fn situation(set: &Set<'_>, release: &Release_<'_>, platform: &str, from: DateTime<Utc>) -> Option<Situation> {
    let teams = release.checked.participants.values().map(|p| &p.team);
    let windows = set.near(&release.wire, platform);
    let governing = |w: &Arc<objects::Window>| Some((w.meta.key.clone(), set.governing.get(&w.meta.key)?.clone()));
    let around = Around {
        teams: teams.filter_map(|name| Some((name.clone(), Arc::new(team(set, release, name)?)))).collect(),
        governing: windows.iter().filter_map(governing).collect(),
        namespaces: namespaces(set, release),
        windows,
        ..Around::default()
    };
    let circumstances = Circumstances {
        now: from,
        skew: None,
        settle: TimeDelta::zero(),
        platform: platform.to_owned(),
        stopped: None,
        policies_missing: Vec::new(),
    };
    let View::Sound { mut situation, .. } = view(&circumstances, Arc::new(release.wire.clone()), &around) else {
        return None;
    };
    let held = release.checked.steps.iter().filter_map(|step| match &step.work {
        Work::Workload(name) => Some((name.clone(), held(set, name, step)?)),
        #[allow(unreachable_patterns, reason = "kinds of work are added")]
        _ => None,
    });
    situation.workloads = held.collect();
    Some(*situation)
}

/// The labels of the namespaces of its teams, as far as they are known.
fn namespaces(set: &Set<'_>, release: &Release_<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let names = release.checked.participants.values().map(|p| &p.team.namespace);
    names.filter_map(|name| Some((name.clone(), set.namespaces.get(name)?.clone()))).collect()
}

/// A team that has signed and whose checks pass; one that is not among the files agrees to everything.
fn team(set: &Set<'_>, release: &Release_<'_>, name: &ObjectName) -> Option<objects::Team> {
    let mut team = match set.teams.iter().find(|t| t.checked.name == *name) {
        Some(found) => found.wire.clone(),
        None => absent(release, name)?,
    };
    team.spec.sign_off = None;
    team.spec.sign_offs = Vec::new();
    team.spec.checks = Vec::new();
    Some(team)
}

fn absent(release: &Release_<'_>, name: &ObjectName) -> Option<objects::Team> {
    let works = release.checked.steps.iter().filter_map(|step| match &step.work {
        Work::Workload(w) if w.namespace == name.namespace => Some(json!({"kind": w.kind.as_str(), "name": w.name})),
        _ => None,
    });
    let spec = json!({"workloads": works.collect::<Vec<_>>(), "allow": [
        {"namespace": release.checked.name.namespace, "actions": ["Hold", "Release", "Rollback"]}]});
    let meta = json!({"namespace": name.namespace, "name": name.name});
    objects::decode(&json!({"metadata": meta, "spec": spec}).to_string()).ok()
}

/// A workload whose new content has arrived and is held; one that is not among the files has content as expected.
fn held(set: &Set<'_>, name: &WorkloadName, step: &Step) -> Option<Workload> {
    let kind = validate::wire_kind(name.kind);
    let absent = json!({"metadata": {"namespace": name.namespace, "name": name.name}, "spec": {}});
    let known = set.workloads.get(name);
    let wire = crate::cluster::workloads::decode(kind, &known.map_or(&absent, |found| found).to_string()).ok()?;
    let mut held = Workload {
        name: name.clone(),
        uid: name.to_string(),
        gate: Some(String::new()),
        hold: Hold::Held,
        claim: None,
        progress: Progress::NotObserved,
        runs_already: false,
        terminating: false,
        ..facts::workload(&wire)
    };
    if let (None, Some(expect)) = (known, &step.expect) {
        held.images.clone_from(&expect.images);
        held.annotations.clone_from(&expect.annotations);
    }
    Some(held)
}

type Told<'a> = Vec<(Level, String, &'a Document, String, String)>;

/// What a course shows that a lead must know.
fn shown_by<'a>(
    set: &Set<'a>,
    (release, course): (&Release_<'a>, &Course),
    platform: &str,
    (ahead, complete): (Ahead, bool),
    tell: &mut Told<'a>,
) {
    let document = release.document;
    let path = |step: &str| {
        let n = release.wire.spec.steps.iter().position(|s| s.name == step);
        n.map_or("spec".to_owned(), |n| format!("spec.steps[{n}]"))
    };
    if !complete && course.ends().is_none() {
        let message = "its course was not calculated to its end: there is too much between now and then";
        tell.push((Level::Note, "note".to_owned(), document, "spec".to_owned(), message.to_owned()));
    }
    for blocker in course.stuck.iter().filter(|_| complete) {
        let step = blocker.step.as_deref().and_then(|name| release.checked.steps.iter().find(|s| s.name == name));
        let at = step.map_or("spec".to_owned(), |step| path(&step.name));
        if let Some((code, message)) = step.and_then(|step| no_slot(set, release, step, platform, ahead)) {
            tell.push((Level::Conflict, code.to_owned(), document, at, message));
        } else if let Some((level, code)) = stuck(&blocker.cause) {
            let also = match blocker.cause {
                Cause::TimedOut { .. } => ", and its estimate is longer: say spec.steps[].timeout",
                _ => "",
            };
            tell.push((level, code.to_owned(), document, at, format!("{}{also}", blocker.cause.message())));
        }
    }
    tell.dedup_by(|a, b| a.1 == b.1 && a.3 == b.3 && a.4 == b.4);
    for rivalry in &course.rivalries {
        let then = rivalry
            .until
            .map_or("it would not start within the horizon".to_owned(), |at| format!("it would start {}", to_wire(at)));
        let message = format!("{}, from {} on; {then}", rivalry.why, to_wire(rivalry.since));
        let level = if rivalry.opening_missed { Level::Conflict } else { Level::Warning };
        tell.push((level, rivalry.code.clone(), document, path(&rivalry.step), message));
    }
    let deadline = release.wire.spec.deadline.as_deref().and_then(from_wire);
    if let (Some(deadline), Some(ends)) = (deadline, course.ends())
        && ends > deadline
    {
        let message = format!("it would be done at {}, which is after its deadline", to_wire(ends));
        tell.push((Level::Conflict, "deadline".to_owned(), document, "spec.deadline".to_owned(), message));
    }
}

/// Why no opening that was looked at is one for this step.
fn no_slot(
    set: &Set<'_>,
    release: &Release_<'_>,
    step: &Step,
    platform: &str,
    ahead: Ahead,
) -> Option<(&'static str, String)> {
    let team = step.participant.as_ref().and_then(|p| release.checked.participants.get(p))?;
    let governance = governance_of(set, release, &team.team.namespace, platform);
    if governance.tiers.iter().flatten().any(|(_, window)| matches!(window, Governing::Broken { .. })) {
        return None;
    }
    let from = release.checked.not_before.map_or(ahead.from, |t| t.max(ahead.from));
    let fit = governance.fit(from, step.estimate);
    if fit.next.is_some_and(|next| next <= ahead.from + ahead.horizon) {
        return None;
    }
    let days = ahead.horizon.num_days();
    let minutes = |span: TimeDelta| format!("{} min", span.num_minutes());
    let openings = governance.openings(from, ahead.from + ahead.horizon);
    let longest = openings.iter().map(|o| o.until - o.from).max();
    Some(match longest {
        None => ("RC032", format!("no slot: the windows that govern it are closed for all of the next {days} days")),
        Some(longest) => {
            let need = minutes(fit.need);
            let whose = fit.need_of.map(|window| format!(" (minRemaining of {window})")).unwrap_or_default();
            let longest = minutes(longest);
            (
                "RC035",
                format!("no slot: it needs {need}{whose} and the longest opening of the next {days} days is {longest}"),
            )
        }
    })
}

/// What keeps a release for good. What is told of the files anyway is not told again, nor what only time keeps.
fn stuck(cause: &Cause) -> Option<(Level, &'static str)> {
    Some(match cause {
        Cause::NotEnough { .. } => (Level::Conflict, "RC043"),
        Cause::ContentMissing { .. } => (Level::Conflict, "RC082"),
        Cause::TimedOut { .. } => (Level::Conflict, "RC092"),
        Cause::Paused => (Level::Note, "RC001"),
        Cause::TooEarly { .. } => (Level::Note, "RC031"),
        _ => return None,
    })
}
