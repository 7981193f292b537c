//! The answer, for people and for programs. Control characters of the input never reach a terminal.

use std::fmt::Write;

use serde_json::{Value, json};

use super::check::{Finding, Level, Set};
use super::cross::{Plan, Planned};

/// For people.
pub fn table(set: &Set<'_>, plans: &[Plan]) -> String {
    let mut out = String::new();
    for finding in &set.findings {
        line(&mut out, finding);
    }
    for plan in plans {
        if !out.is_empty() {
            out.push('\n');
        }
        waves(&mut out, plan);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", summary(set));
    out
}

fn line(out: &mut String, finding: &Finding) {
    let level = match finding.level {
        Level::Fault => "",
        Level::Conflict => "conflict: ",
        Level::Warning => "warning: ",
        Level::Note => "note: ",
    };
    let Finding { file, line, object, path, message, .. } = finding;
    let _ = writeln!(out, "{}", inert(&format!("{file}:{line}: {level}{object}: {path}: {message}")));
}

fn waves(out: &mut String, plan: &Plan) {
    let steps = || plan.waves.iter().flatten();
    let width = |of: fn(&Planned) -> &str| steps().map(|s| of(s).chars().count()).max().unwrap_or(0);
    let (name, work) = (width(|s| &s.step), width(|s| &s.work));
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let _ = writeln!(
        out,
        "release {}: {} in {}",
        plan.release,
        count(steps().count(), "step"),
        count(plan.waves.len(), "wave")
    );
    for (n, wave) in plan.waves.iter().enumerate() {
        for step in wave {
            let windows = if step.windows.is_empty() {
                "no window among these files".to_owned()
            } else {
                step.windows.join(", ")
            };
            let _ = writeln!(out, "  {}  {:name$}  {:work$}  {windows}", n + 1, step.step, step.work);
        }
    }
}

fn summary(set: &Set<'_>) -> String {
    let of = |kind: &str| set.counts.get(kind).copied().unwrap_or(0);
    let told = |level: Level| set.findings.iter().filter(|f| f.level == level).count();
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{}, {}, {}, {}: {}, {}, {}, {}",
        count(of("CoordinatedRelease"), "release"),
        count(of("TeamReadiness"), "team"),
        count(of("DeploymentWindow"), "window"),
        count(of("other"), "other object"),
        count(told(Level::Fault), "fault"),
        count(told(Level::Conflict), "conflict"),
        count(told(Level::Warning), "warning"),
        count(told(Level::Note), "note")
    )
}

/// For programs.
pub fn json(set: &Set<'_>, plans: &[Plan]) -> Value {
    let told = |level: Level| -> Vec<Value> {
        let of = set.findings.iter().filter(|f| f.level == level);
        of.map(|f| json!({"file": f.file, "line": f.line, "object": f.object, "path": f.path, "message": f.message}))
            .collect()
    };
    let planned = |s: &Planned| json!({"step": s.step, "work": s.work, "after": s.after, "windows": s.windows});
    let plans: Vec<Value> = plans
        .iter()
        .map(|p| {
            let waves: Vec<Vec<Value>> = p.waves.iter().map(|w| w.iter().map(planned).collect()).collect();
            json!({"release": p.release, "waves": waves})
        })
        .collect();
    let workloads: Vec<String> = set.workloads.iter().map(ToString::to_string).collect();
    json!({
        "version": 1,
        "faults": told(Level::Fault), "conflicts": told(Level::Conflict), "warnings": told(Level::Warning), "notes": told(Level::Note),
        "releases": plans, "objects": set.counts, "workloads": workloads})
}

/// The text with control characters, and what turns the direction of writing, made visible.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || crate::validate::rules::turns(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
