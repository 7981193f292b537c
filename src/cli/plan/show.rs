//! The answer, for people and for programs. Control characters of the input never reach a terminal.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::check::{Finding, Level};
use super::course::Course;
use super::cross::{Plan, Planned};
use super::moves::Moves;
use crate::api::time::from_wire;
use crate::cli::screen::text::{count, inert, wrapped};
use crate::cli::screen::{Screen, Table};

/// For people.
pub fn table(answer: &Answer, moves: Option<&Moves>, screen: &Screen) -> String {
    let mut out = String::new();
    for finding in &answer.findings {
        line(&mut out, finding, screen);
    }
    for plan in &answer.plans {
        if !out.is_empty() {
            out.push('\n');
        }
        course(&mut out, plan, answer, screen);
    }
    if let Some(moves) = moves {
        moved(&mut out, moves, screen);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    if !answer.plans.is_empty() {
        let from = screen.when.at(answer.at);
        let said =
            format!("Planned from {from} on: teams sign, checks pass, nothing fails, each step takes its estimate.");
        let _ = writeln!(out, "{}", wrapped(&said, screen.width.unwrap_or(usize::MAX)).join("\n"));
    }
    let _ = writeln!(out, "{}", summary(answer));
    out
}

fn line(out: &mut String, finding: &Finding, screen: &Screen) {
    let level = match finding.level {
        Level::Fault => screen.bad("fault"),
        Level::Conflict => screen.bad("conflict"),
        Level::Warning => screen.wait("warning"),
        Level::Note => screen.faint("note"),
    };
    let Finding { file, line, object, path, message, rule, .. } = finding;
    let rule = if rule == "note" { String::new() } else { format!(" {rule}") };
    let said = inert(&format!("{object}: {path}: {message}"));
    let _ = writeln!(out, "{}:{line}: {level}{rule}: {said}", inert(file));
}

fn course(out: &mut String, plan: &Plan, answer: &Answer, screen: &Screen) {
    let course = answer.courses.get(&plan.release);
    let steps: usize = plan.waves.iter().map(Vec::len).sum();
    let at = |at: Option<DateTime<Utc>>| at.map_or("never".to_owned(), |at| screen.when.at(at));
    let _ = writeln!(
        out,
        "release {}: {} in {}, {}",
        screen.strong(&inert(&plan.release)),
        count(steps, "step"),
        count(plan.waves.len(), "wave"),
        match (course.and_then(Course::starts), course.and_then(Course::ends)) {
            (None, _) => screen.wait("does not start within the horizon"),
            (start, None) => screen.wait(&format!("starts {} and does not end within the horizon", at(start))),
            (Some(start), Some(end)) => format!("from {} to {}", screen.when.at(start), screen.when.beside(end, start)),
        }
    );
    let all: Vec<&Planned> = plan.waves.iter().flatten().collect();
    let shared = all.first().map(|s| &s.windows).filter(|w| all.iter().all(|s| s.windows == **w));
    if let Some(windows) = shared {
        let said = wrapped(&inert(&named(windows)), screen.width.unwrap_or(usize::MAX).saturating_sub(11).max(40));
        let _ = writeln!(out, "  {} {}", screen.faint("windows:"), said.join("\n           "));
    }
    out.push_str(&steps_of(plan, course, shared.is_none(), screen).shown(screen, 2));
}

/// Each step with its times. The day stands in the line above it, unless a step is on another one.
fn steps_of(plan: &Plan, course: Option<&Course>, with_windows: bool, screen: &Screen) -> Table {
    let mut columns = vec!["", "STEP", "SHIPS", "STARTS", "ENDS"];
    columns.extend(with_windows.then_some("WINDOWS"));
    let mut table = Table::new(&columns);
    let first = course.and_then(Course::starts).unwrap_or_default();
    let at = |at: Option<DateTime<Utc>>| at.map(|at| screen.when.beside(at, first)).unwrap_or_default();
    for (n, step) in plan.waves.iter().enumerate().flat_map(|(n, wave)| wave.iter().map(move |step| (n, step))) {
        let leg = course.and_then(|c| c.legs.iter().find(|leg| leg.step == step.step));
        let mut row = vec![
            (n + 1).to_string(),
            inert(&step.step),
            inert(&step.work),
            at(leg.and_then(|l| l.start)),
            at(leg.and_then(|l| l.end)),
        ];
        row.extend(with_windows.then(|| inert(&named(&step.windows))));
        table.row(row);
    }
    table
}

fn named(windows: &[String]) -> String {
    if windows.is_empty() { "none among these files".to_owned() } else { windows.join(", ") }
}

fn moved(out: &mut String, moves: &Moves, screen: &Screen) {
    let _ = writeln!(out, "\n{}", screen.strong(&format!("What has moved since {}", inert(&moves.base))));
    if moves.releases.is_empty() && moves.new.is_empty() && moves.mended.is_empty() {
        out.push_str("  nothing\n");
    }
    let said =
        |text: &Option<String>| text.as_deref().and_then(from_wire).map_or("never".to_owned(), |at| screen.when.at(at));
    for one in &moves.releases {
        let _ = writeln!(out, "  {} {}", screen.strong(&inert(&one.release)), one.change);
        for (word, [before, after]) in [("starts", &one.starts), ("ends", &one.ends)] {
            if before != after && one.change == "changed" {
                let _ = writeln!(out, "    {word} {} instead of {}", said(after), said(before));
            }
        }
        for detail in &one.details {
            let _ = writeln!(out, "    {}", inert(detail));
        }
    }
    for text in &moves.new {
        let _ = writeln!(out, "  {} {}", screen.bad("new:"), inert(text));
    }
    for text in &moves.mended {
        let _ = writeln!(out, "  {} {}", screen.good("mended:"), inert(text));
    }
}

fn summary(answer: &Answer) -> String {
    let of = |kind: &str| answer.counts.get(kind).copied().unwrap_or(0);
    format!(
        "{}, {}, {}, {}: {}, {}, {}, {}",
        count(of("CoordinatedRelease"), "release"),
        count(of("TeamReadiness"), "team"),
        count(of("DeploymentWindow"), "window"),
        count(of("other"), "other object"),
        count(answer.told(Level::Fault), "fault"),
        count(answer.told(Level::Conflict), "conflict"),
        count(answer.told(Level::Warning), "warning"),
        count(answer.told(Level::Note), "note")
    )
}
