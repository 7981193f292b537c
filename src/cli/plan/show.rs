//! The answer, for people and for programs. Control characters of the input never reach a terminal.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::check::{Finding, Level};
use super::course::Course;
use super::cross::Plan;
use super::moves::Moves;
use crate::api::time::from_wire;
use crate::cli::screen::text::{count, inert};
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
        let _ = writeln!(
            out,
            "Planned from {from} on: teams sign, checks pass, nothing fails, each step takes its estimate."
        );
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
            (start, end) => format!("from {} to {}", at(start), at(end)),
        }
    );
    let mut table = Table::new(&["", "STEP", "SHIPS", "STARTS", "ENDS", "WINDOWS"]);
    for (n, step) in plan.waves.iter().enumerate().flat_map(|(n, wave)| wave.iter().map(move |step| (n, step))) {
        let leg = course.and_then(|c| c.legs.iter().find(|leg| leg.step == step.step));
        let windows =
            if step.windows.is_empty() { "none among these files".to_owned() } else { step.windows.join(", ") };
        table.row(vec![
            (n + 1).to_string(),
            inert(&step.step),
            inert(&step.work),
            leg.and_then(|l| l.start).map(|at| screen.when.at(at)).unwrap_or_default(),
            leg.and_then(|l| l.end).map(|at| screen.when.at(at)).unwrap_or_default(),
            inert(&windows),
        ]);
    }
    out.push_str(&table.shown(screen, 2));
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
