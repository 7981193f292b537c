//! JUnit's XML: a case for each release, and one for what belongs to none.

use std::fmt::Write;

use super::super::answer::Answer;
use super::super::check::{Finding, Level};
use super::xml;

/// The findings as a test suite.
#[must_use]
pub fn junit(answer: &Answer) -> String {
    let bad: Vec<&Finding> =
        answer.findings.iter().filter(|f| matches!(f.level, Level::Fault | Level::Conflict)).collect();
    let title = |release: &str| format!("CoordinatedRelease {release}");
    let mut cases: Vec<(String, Vec<&Finding>)> = Vec::new();
    for plan in &answer.plans {
        let own = bad.iter().filter(|f| f.object == title(&plan.release)).copied().collect();
        cases.push((plan.release.clone(), own));
    }
    let of_none = |f: &&Finding| !answer.plans.iter().any(|p| f.object == title(&p.release));
    cases.push(("manifests".to_owned(), bad.iter().filter(|f| of_none(f)).copied().collect()));
    let failures = cases.iter().filter(|(_, findings)| !findings.is_empty()).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"rollcall plan\" {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"rollcall plan\" {counts}>");
    for (name, findings) in &cases {
        let _ = write!(out, "    <testcase classname=\"rollcall.plan\" name=\"{}\"", xml(name));
        if findings.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        let first = findings[0];
        let _ = writeln!(out, "      <failure type=\"{}\" message=\"{}\">", xml(&first.rule), xml(&first.message));
        for finding in findings {
            let Finding { file, line, rule, object, path, message, .. } = finding;
            let _ = writeln!(out, "{}", xml(&format!("{file}:{line}: {rule} {object}: {path}: {message}")));
        }
        out.push_str("      </failure>\n    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}
