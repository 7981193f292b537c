//! Annotations for GitHub Actions: workflow commands on the lines that are meant.

use std::fmt::Write;

use super::super::answer::Answer;
use super::super::check::Level;
use crate::cli::screen::inert;

/// A step of a job shows ten annotations of a kind and drops the others without a word, so the worst ten are told.
const SHOWN: usize = 10;

/// The worst findings as workflow commands, and how many more there are.
#[must_use]
pub fn github(answer: &Answer) -> String {
    let worst = answer.worst_first();
    let mut out = String::new();
    for finding in worst.iter().take(SHOWN) {
        let command = match finding.level {
            Level::Fault | Level::Conflict => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let _ = writeln!(
            out,
            "::{command} file={},line={},title={}::{}",
            property(&finding.file),
            finding.line,
            property(&format!("{} {}", finding.rule, finding.object)),
            message(&format!("{}: {}", finding.path, finding.message))
        );
    }
    if worst.len() > SHOWN {
        let _ = writeln!(out, "and {} more: see the summary or the SARIF file", worst.len() - SHOWN);
    }
    out
}

fn message(text: &str) -> String {
    inert(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
