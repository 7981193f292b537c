//! The rules of this repository, as tests: who may know whom, what no file may contain, how long things may be.

mod arrows;
mod generated;
mod sizes;
mod text;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the repository.
pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file that is part of the repository.
pub struct Source {
    /// From the top, with slashes.
    pub path: String,
    pub text: String,
}

/// All files that git tracks and that are text.
pub fn tracked() -> Vec<Source> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(top())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "git ls-files: {listed:?}");
    let names = String::from_utf8(listed.stdout).expect("names are text");
    let read = |path: &str| {
        let text = std::fs::read_to_string(top().join(PathBuf::from(path))).ok()?;
        Some(Source { path: path.to_owned(), text })
    };
    let all: Vec<Source> = names.split('\0').filter(|n| !n.is_empty()).filter_map(read).collect();
    assert!(all.len() > 50, "the files of the repository are found");
    all
}

/// The Rust files under some folder.
pub fn rust(under: &str) -> Vec<Source> {
    let mut all = tracked();
    all.retain(|s| s.path.starts_with(under) && s.path.ends_with(".rs"));
    all
}

/// Whether a file holds nothing but tests.
pub fn only_tests(path: &str) -> bool {
    path.starts_with("tests/")
        || path.ends_with("tests.rs")
        || path.contains("/tests/")
        || path.ends_with("/testing.rs")
}

/// The lines of a file that are product: without comments, and without what comes after `#[cfg(test)]`.
pub fn product(source: &Source) -> Vec<(usize, &str)> {
    if only_tests(&source.path) {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate();
    let before_tests = lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    before_tests.filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(n, line)| (n + 1, line)).collect()
}

/// Fails with everything that was found.
pub fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}
