//! What a change moves: two answers, one of before and one of after.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::check::{Finding, Level};
use crate::api::time::to_wire;

/// What differs.
#[derive(JsonSchema, Serialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Moves {
    /// The revision that it is compared with.
    pub base: String,
    pub releases: Vec<Move>,
    /// Faults, conflicts and warnings that were not there before.
    pub new: Vec<String>,
    /// Those that are no longer there.
    pub mended: Vec<String>,
}

/// What becomes of one release.
#[derive(JsonSchema, Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    pub release: String,
    /// added, removed, or changed.
    pub change: &'static str,
    /// When it starts and ends, before and after; `None` where it does not.
    pub starts: [Option<String>; 2],
    pub ends: [Option<String>; 2],
    /// What differs in its steps and windows, a sentence each.
    pub details: Vec<String>,
}

/// Compares.
#[must_use]
pub fn moves(base: &str, before: &Answer, after: &Answer) -> Moves {
    let names: BTreeSet<&String> = before.plans.iter().chain(&after.plans).map(|p| &p.release).collect();
    let key = |f: &Finding| (f.rule.clone(), f.object.clone(), f.path.clone(), f.message.clone());
    let told = |answer: &Answer| -> BTreeSet<_> {
        answer.findings.iter().filter(|f| f.level != Level::Note).map(key).collect()
    };
    let (old, new) = (told(before), told(after));
    let say = |(rule, object, path, message): &(String, String, String, String)| {
        format!("{rule} {object}: {path}: {message}")
    };
    Moves {
        base: base.to_owned(),
        releases: names.into_iter().filter_map(|name| moved(name, before, after)).collect(),
        new: new.difference(&old).map(say).collect(),
        mended: old.difference(&new).map(say).collect(),
    }
}

fn moved(name: &str, before: &Answer, after: &Answer) -> Option<Move> {
    let at = |answer: &Answer| {
        let course = answer.courses.get(name);
        (course.and_then(|c| c.starts()).map(to_wire), course.and_then(|c| c.ends()).map(to_wire))
    };
    let ((start, end), (start_now, end_now)) = (at(before), at(after));
    let plan = |answer: &'_ Answer| answer.plans.iter().position(|p| p.release == name);
    let (change, details) = match (plan(before), plan(after)) {
        (None, _) => ("added", Vec::new()),
        (_, None) => ("removed", Vec::new()),
        (Some(old), Some(new)) => ("changed", details(before, old, after, new)),
    };
    let same = change == "changed" && details.is_empty() && start == start_now && end == end_now;
    (!same).then(|| Move {
        release: name.to_owned(),
        change,
        starts: [start, start_now],
        ends: [end, end_now],
        details,
    })
}

fn details(before: &Answer, old: usize, after: &Answer, new: usize) -> Vec<String> {
    let steps = |answer: &Answer, n: usize| -> std::collections::BTreeMap<String, (String, Vec<String>, Vec<String>)> {
        let all = answer.plans[n].waves.iter().flatten();
        all.map(|s| (s.step.clone(), (s.work.clone(), s.after.clone(), s.windows.clone()))).collect()
    };
    let (was, is) = (steps(before, old), steps(after, new));
    let mut said = Vec::new();
    for step in was.keys().filter(|step| !is.contains_key(*step)) {
        said.push(format!("step {step} is gone"));
    }
    for (step, (work, depends, windows)) in &is {
        let Some((work_before, depends_before, windows_before)) = was.get(step) else {
            said.push(format!("step {step} is new: {work}"));
            continue;
        };
        if work != work_before {
            said.push(format!("step {step} ships {work} instead of {work_before}"));
        }
        if depends != depends_before {
            let list = |all: &[String]| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            said.push(format!("step {step} comes after {} instead of {}", list(depends), list(depends_before)));
        }
        for window in windows.iter().filter(|w| !windows_before.contains(w)) {
            said.push(format!("step {step} is governed by {window}"));
        }
        for window in windows_before.iter().filter(|w| !windows.contains(w)) {
            said.push(format!("step {step} is no longer governed by {window}"));
        }
    }
    said
}
