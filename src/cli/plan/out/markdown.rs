//! Markdown for the comment of a pull request.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::super::answer::Answer;
use super::super::check::{Finding, Level};
use super::super::moves::{Move, Moves};
use crate::api::time::from_wire;
use crate::cli::screen::When;
use crate::cli::screen::text::{count, inert};
use crate::cli::screen::when::span;

/// By this a workflow finds its own comment again, to write it anew.
pub const MARK: &str = "<!-- rollcall plan -->";
/// A comment holds 65,536 characters: so many findings, and so many releases, are told.
const FINDINGS: usize = 50;
const RELEASES: usize = 50;

/// The answer, and what the change moves.
#[must_use]
pub fn markdown(answer: &Answer, moves: Option<&Moves>, when: &When) -> String {
    let bad = answer.told(Level::Fault) + answer.told(Level::Conflict);
    let verdict = match bad {
        0 => "✅ nothing is wrong".to_owned(),
        n => format!(
            "❌ {}",
            if n == 1 { "1 fault or conflict".to_owned() } else { format!("{n} faults and conflicts") }
        ),
    };
    let mut out = format!("{MARK}\n### rollcall plan: {verdict}\n\n");
    let _ = writeln!(
        out,
        "{}, {}, {}. Times are of {}, from {} on.\n",
        count(answer.plans.len(), "release"),
        count(answer.told(Level::Warning), "warning"),
        count(answer.told(Level::Note), "note"),
        cell(when.zone_name()),
        cell(&when.at(answer.at))
    );
    if let Some(moves) = moves {
        moved(&mut out, moves, when);
    }
    findings(&mut out, answer);
    courses(&mut out, answer, when);
    out.push_str("<sub>Assumed: teams sign, checks pass, nothing fails, and every step takes its estimate.</sub>\n");
    out
}

fn moved(out: &mut String, moves: &Moves, when: &When) {
    let _ = writeln!(out, "#### What this change moves, against `{}`\n", inert(&moves.base).replace('`', "'"));
    if moves.releases.is_empty() && moves.new.is_empty() && moves.mended.is_empty() {
        out.push_str("Nothing.\n\n");
        return;
    }
    for one in moves.releases.iter().take(RELEASES) {
        let _ = writeln!(out, "- {}", line(one, when));
        for detail in &one.details {
            let _ = writeln!(out, "  - {}", cell(detail));
        }
    }
    more(out, moves.releases.len(), RELEASES);
    for said in moves.new.iter().take(FINDINGS) {
        let _ = writeln!(out, "- ⚠️ new: {}", cell(said));
    }
    for said in moves.mended.iter().take(FINDINGS) {
        let _ = writeln!(out, "- mended: {}", cell(said));
    }
    out.push('\n');
}

/// One release's move, in a sentence.
#[must_use]
fn line(one: &Move, when: &When) -> String {
    let at = |text: &Option<String>| text.as_deref().and_then(from_wire);
    let said = |at: Option<DateTime<Utc>>| at.map_or("never".to_owned(), |at| when.at(at));
    let name = format!("**{}**", cell(&one.release));
    let (starts, ends) = ([at(&one.starts[0]), at(&one.starts[1])], [at(&one.ends[0]), at(&one.ends[1])]);
    match one.change {
        "added" => format!("{name} is new: starts {}, ends {}", said(starts[1]), said(ends[1])),
        "removed" => format!("{name} is gone"),
        _ => {
            let mut parts = Vec::new();
            for (word, [before, after]) in [("starts", starts), ("ends", ends)] {
                if before != after {
                    let by = before.zip(after).map(|(a, b)| {
                        let way = if b > a { "later" } else { "earlier" };
                        format!(", {} {way}", span(b - a))
                    });
                    parts.push(format!("{word} {} instead of {}{}", said(after), said(before), by.unwrap_or_default()));
                }
            }
            if parts.is_empty() { format!("{name} keeps its times") } else { format!("{name} {}", parts.join("; ")) }
        }
    }
}

fn findings(out: &mut String, answer: &Answer) {
    let told: Vec<&Finding> = answer.worst_first().into_iter().filter(|f| f.level != Level::Note).collect();
    if told.is_empty() {
        return;
    }
    out.push_str("| | Where | What |\n|---|---|---|\n");
    for finding in told.iter().take(FINDINGS) {
        let word = match finding.level {
            Level::Fault => "fault",
            Level::Conflict => "conflict",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        let Finding { file, line, rule, object, path, message, .. } = finding;
        let _ = writeln!(
            out,
            "| {word} {} | {}:{line} | {} `{}`: {} |",
            cell(rule),
            cell(file),
            cell(object),
            inert(path).replace(['`', '|'], "'"),
            cell(message)
        );
    }
    out.push('\n');
    more(out, told.len(), FINDINGS);
}

fn courses(out: &mut String, answer: &Answer, when: &When) {
    for plan in answer.plans.iter().take(RELEASES) {
        let course = answer.courses.get(&plan.release);
        let at = |at: Option<DateTime<Utc>>| at.map_or("never".to_owned(), |at| when.at(at));
        let _ = writeln!(
            out,
            "<details><summary><b>{}</b>: starts {}, ends {}</summary>\n",
            cell(&plan.release),
            at(course.and_then(|c| c.starts())),
            at(course.and_then(|c| c.ends()))
        );
        out.push_str("| Wave | Step | Ships | Starts | Ends | Windows |\n|---|---|---|---|---|---|\n");
        for (n, wave) in plan.waves.iter().enumerate() {
            for step in wave {
                let leg = course.and_then(|c| c.legs.iter().find(|l| l.step == step.step));
                let windows = if step.windows.is_empty() { "none".to_owned() } else { step.windows.join(", ") };
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {} | {} |",
                    n + 1,
                    cell(&step.step),
                    cell(&step.work),
                    at(leg.and_then(|l| l.start)),
                    at(leg.and_then(|l| l.end)),
                    cell(&windows)
                );
            }
        }
        out.push_str("\n</details>\n\n");
    }
    more(out, answer.plans.len(), RELEASES);
}

fn more(out: &mut String, all: usize, told: usize) {
    if all > told {
        let _ = writeln!(out, "and {} more\n", all - told);
    }
}

/// A text that neither ends a cell nor becomes a mention, a link, an image or an element.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in inert(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_name_becomes_a_link_a_mention_or_another_cell() {
        assert_eq!(super::cell("a|b [x](y) @me <img>"), "a\\|b \\[x\\](y) &#64;me &lt;img&gt;");
    }
}
