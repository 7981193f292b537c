//! The answer, for programs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::check::{Finding, Level};
use super::course::Course;
use super::cross::{self, Planned};
use super::moves::Moves;
use crate::api::time::to_wire;
use crate::cli::screen::output::VERSION;

/// What a set of manifests comes to.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    api_version: &'static str,
    kind: &'static str,
    /// From when on it was planned, and until when.
    at: String,
    until: String,
    /// The text is wrong.
    faults: Vec<Told>,
    /// The text makes sense, and not together with another one.
    conflicts: Vec<Told>,
    /// The text makes sense, and perhaps does not say what was meant.
    warnings: Vec<Told>,
    /// These files alone cannot tell.
    notes: Vec<Told>,
    releases: Vec<PlannedRelease>,
    /// How many objects were read, by kind.
    objects: BTreeMap<&'static str, usize>,
    workloads: Vec<String>,
    /// What has moved since another revision, if that was asked.
    moves: Option<Moves>,
}

/// Something to tell, and where.
#[derive(JsonSchema, Serialize)]
struct Told {
    file: String,
    line: u64,
    /// `RCnnn` where the cluster would say so too, else deadline, lint or note.
    rule: String,
    object: String,
    path: String,
    message: String,
}

/// The course that a release would take.
#[derive(JsonSchema, Serialize)]
struct PlannedRelease {
    release: String,
    /// Each step comes a wave after the last it depends on.
    waves: Vec<Vec<PlannedStep>>,
    /// None if it does not start within the horizon.
    starts: Option<String>,
    ends: Option<String>,
}

/// One step of it.
#[derive(JsonSchema, Serialize)]
struct PlannedStep {
    step: String,
    work: String,
    after: Vec<String>,
    /// `tier namespace/name` of each window that governs it.
    windows: Vec<String>,
    starts: Option<String>,
    ends: Option<String>,
}

/// As JSON.
pub fn json(answer: &Answer, moves: Option<Moves>) -> Value {
    let told = |level: Level| answer.findings.iter().filter(|f| f.level == level).map(Told::of).collect();
    let plan = Plan {
        api_version: VERSION,
        kind: "Plan",
        at: to_wire(answer.at),
        until: to_wire(answer.at + answer.horizon),
        faults: told(Level::Fault),
        conflicts: told(Level::Conflict),
        warnings: told(Level::Warning),
        notes: told(Level::Note),
        releases: answer.plans.iter().map(|plan| release(plan, answer)).collect(),
        objects: answer.counts.clone(),
        workloads: answer.workloads.clone(),
        moves,
    };
    serde_json::to_value(plan).unwrap_or_default()
}

impl Told {
    fn of(finding: &Finding) -> Self {
        let Finding { file, line, rule, object, path, message, .. } = finding.clone();
        Self { file, line, rule, object, path, message }
    }
}

fn release(plan: &cross::Plan, answer: &Answer) -> PlannedRelease {
    let course = answer.courses.get(&plan.release);
    let planned = |s: &Planned| {
        let leg = course.and_then(|c| c.legs.iter().find(|leg| leg.step == s.step));
        PlannedStep {
            step: s.step.clone(),
            work: s.work.clone(),
            after: s.after.clone(),
            windows: s.windows.clone(),
            starts: leg.and_then(|l| l.start).map(to_wire),
            ends: leg.and_then(|l| l.end).map(to_wire),
        }
    };
    PlannedRelease {
        release: plan.release.clone(),
        waves: plan.waves.iter().map(|wave| wave.iter().map(planned).collect()).collect(),
        starts: course.and_then(Course::starts).map(to_wire),
        ends: course.and_then(Course::ends).map(to_wire),
    }
}
