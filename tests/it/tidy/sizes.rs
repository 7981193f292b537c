//! How long files and functions may be: as long as one can keep in mind.

use super::{none, rust};

const FILE: usize = 400;
const FUNCTION: usize = 60;

/// Too long today. Every entry is a debt: whoever touches the file pays it, and nobody adds one.
const FILES_OWED: [&str; 10] = [
    "src/api/readiness.rs",
    "src/api/release.rs",
    "src/cluster/writes.rs",
    "src/controllers/operator.rs",
    "src/controllers/release/observe.rs",
    "src/controllers/release/report.rs",
    "src/domain/calendar/rrule.rs",
    "src/domain/calendar/rule.rs",
    "src/domain/calendar/zone.rs",
    "src/domain/scheduling/",
];
const FUNCTIONS_OWED: [&str; 6] = [
    "src/cluster/workloads/mod.rs",
    "src/controllers/",
    "src/domain/calendar/ics/lines.rs",
    "src/domain/scheduling/",
    "src/validate/window.rs",
    "tests/it/release/straight.rs",
];

fn owed(list: &[&str], path: &str) -> bool {
    list.iter().any(|debt| path.starts_with(debt))
}

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    let mut found = Vec::new();
    for source in rust("src/").into_iter().chain(rust("tests/")) {
        let lines = source.text.lines().count();
        if lines > FILE && !owed(&FILES_OWED, &source.path) {
            found.push(format!("{}: {lines} lines", source.path));
        }
    }
    none(&found, "at most 400 lines in a file");
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut found = Vec::new();
    for source in rust("src/").into_iter().chain(rust("tests/")) {
        let lines: Vec<&str> = source.text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let opens = line.contains("fn ") && line.trim_end().ends_with('{') && !line.trim_start().starts_with("//");
            // rustfmt closes a body with a brace under the first letter of its head.
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[n..].iter().position(|l| **l == end);
            if let Some(length) = length.filter(|length| opens && *length >= FUNCTION)
                && !owed(&FUNCTIONS_OWED, &source.path)
            {
                found.push(format!("{}:{}: {} lines", source.path, n + 1, length + 1));
            }
        }
    }
    none(&found, "at most 60 lines in a function");
}
