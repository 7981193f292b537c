//! What no file may contain, and what some must say.

use super::{none, product, rust, tracked};

/// Built at run time, so that this file does not contain what it forbids.
fn forbidden(parts: &[&str]) -> String {
    parts.concat()
}

fn lines_with(words: &[String], files: impl Iterator<Item = super::Source>) -> Vec<String> {
    let mut found = Vec::new();
    for source in files {
        for (n, line) in source.text.lines().enumerate() {
            let bad = words.iter().filter(|word| line.contains(word.as_str()));
            found.extend(bad.map(|word| format!("{}:{}: {word}", source.path, n + 1)));
        }
    }
    found
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    let words = [forbidden(&["#[ign", "ore"]), forbidden(&["to", "do!("]), forbidden(&["unimple", "mented!("])];
    let files = rust("src/").into_iter().chain(rust("tests/"));
    none(&lines_with(&words, files), "finished, or not there");
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let words = [
        forbidden(&["/wo", "rk/"]),
        forbidden(&["/ro", "ot/"]),
        forbidden(&["/ho", "me/"]),
        forbidden(&["/Us", "ers/"]),
    ];
    none(&lines_with(&words, tracked().into_iter()), "a path of one machine");
}

#[test]
fn the_product_never_unwraps() {
    let mut found = Vec::new();
    for source in rust("src/") {
        let bad = product(&source).into_iter().filter(|(_, line)| line.contains(".unwrap()"));
        found.extend(bad.map(|(n, line)| format!("{}:{n}: {}", source.path, line.trim())));
    }
    none(&found, "say with expect why it cannot fail, or handle it");
}

/// Silent today; whoever touches the file adds the sentence.
const SILENT: [&str; 4] = [
    "src/controllers/window/mod.rs",
    "src/domain/calendar/ics/mod.rs",
    "src/domain/mod.rs",
    "src/manifests/policies/mod.rs",
];

#[test]
fn every_folder_says_what_it_never_does() {
    let mut found = Vec::new();
    for source in rust("src/").into_iter().filter(|s| s.path.ends_with("/mod.rs")) {
        let head: String = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
        if !head.to_lowercase().contains("never") && !SILENT.contains(&source.path.as_str()) {
            found.push(source.path);
        }
    }
    none(&found, "a mod.rs begins with //! and says what the folder never does");
}
