//! SARIF 2.1.0, for code scanning.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::check::{Finding, Level};
use crate::cluster::lists::RESERVED;
use crate::digest::digest_of;
use crate::domain::scheduling::CODES;

/// Code scanning takes 25,000 results of a run and shows 5,000: the worst are told.
const RESULTS: usize = 5_000;

/// The findings as one run.
#[must_use]
pub fn sarif(answer: &Answer) -> Value {
    let worst = answer.worst_first();
    let shown: Vec<&&Finding> = worst.iter().take(RESULTS).collect();
    let rules: BTreeMap<&str, Value> = shown.iter().map(|f| (f.rule.as_str(), rule(&f.rule))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "rollcall plan", "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://rollcall.dev", "rules": rules.values().collect::<Vec<_>>()}},
            "results": shown.iter().map(|f| result(f)).collect::<Vec<_>>(),
            "properties": {"leftOut": worst.len().saturating_sub(RESULTS)},
        }],
    })
}

fn rule(id: &str) -> Value {
    let meaning = CODES.iter().find(|(code, ..)| code.to_string() == id).map(|(_, _, meaning)| *meaning);
    let text = meaning.unwrap_or(match id {
        "deadline" => "A release would be done only after its deadline.",
        "lint" => "A window perhaps does not say what was meant.",
        _ => "These files alone cannot tell.",
    });
    json!({"id": id, "shortDescription": {"text": text}})
}

fn result(finding: &Finding) -> Value {
    let level = match finding.level {
        Level::Fault | Level::Conflict => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let said = format!("{}: {}: {}", finding.object, finding.path, finding.message);
    // The same finding on another line is the same finding.
    let print = digest_of(&json!([finding.rule, finding.object, finding.path, finding.message]));
    json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": said},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.file)},
            "region": {"startLine": finding.line.max(1)}}}],
        "partialFingerprints": {"finding/v1": print.trim_start_matches("sha256:")},
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    const PATHS: AsciiSet = RESERVED.remove(b'/');
    utf8_percent_encode(path.trim_start_matches("./"), &PATHS).to_string()
}
