//! How long files and functions may be: as long as one can keep in mind.

use super::{none, rust};

const FILE: usize = 400;
const FUNCTION: usize = 60;

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    let mut found = Vec::new();
    for source in rust("") {
        let lines = source.text.lines().count();
        if lines > FILE {
            found.push(format!("{}: {lines} lines", source.path));
        }
    }
    none(&found, "at most 400 lines in a file");
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut found = Vec::new();
    for source in rust("") {
        let lines: Vec<&str> = source.text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let opens = line.contains("fn ") && line.trim_end().ends_with('{') && !line.trim_start().starts_with("//");
            // rustfmt closes a body with a brace under the first letter of its head.
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[n..].iter().position(|l| **l == end);
            if let Some(length) = length.filter(|length| opens && *length >= FUNCTION) {
                found.push(format!("{}:{}: {} lines", source.path, n + 1, length + 1));
            }
        }
    }
    none(&found, "at most 60 lines in a function");
}
