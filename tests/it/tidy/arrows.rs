//! Who may know whom: the arrows of the house.

use super::{none, product, rust};

/// Each folder of `src` and what of ours it may name. Others (`http`, `cli`) are thin and may name all.
const ARROWS: [(&str, &[&str]); 9] = [
    ("api", &["api"]),
    ("domain", &["domain", "digest", "spread"]),
    ("admission", &["admission", "api"]),
    ("validate", &["validate", "api", "domain"]),
    ("cluster", &["cluster", "api", "digest", "spread", "clock", "metrics", "shutdown"]),
    (
        "controllers",
        &[
            "controllers",
            "api",
            "domain",
            "validate",
            "cluster",
            "manifests",
            "outside",
            "settings",
            "http",
            "digest",
            "clock",
            "metrics",
            "shutdown",
            "telemetry",
        ],
    ),
    ("outside", &["outside"]),
    ("manifests", &["manifests", "api", "digest"]),
    ("uninstall", &["uninstall", "api", "cluster", "manifests"]),
];

/// What the domain does without: I/O, waiting, and clocks.
const NOT_IN_THE_DOMAIN: [&str; 7] = ["kube::", "k8s_openapi", "tokio", "async fn", ".await", "Utc::now", "SystemTime"];

/// Where clocks are read.
const CLOCK: &str = "src/clock.rs";
const CLOCK_READS: [&str; 5] = ["Utc::now(", "SystemTime::now(", "Instant::now(", "Timestamp::now(", "Zoned::now("];

/// The modules of ours that a line names: `crate::a::…`, `crate::{a, b::c}`.
fn named(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let word =
            |text: &str| -> String { text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
        match rest.strip_prefix('{') {
            None => all.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                for part in list.split(',') {
                    if depth == 0 {
                        all.push(word(part));
                    }
                    depth += part.matches('{').count();
                    depth = depth.saturating_sub(part.matches('}').count());
                }
            }
        }
    }
    all
}

#[test]
fn the_arrows_are_seen() {
    assert_eq!(named("use crate::api::{names, fields};"), ["api"]);
    assert_eq!(named("use crate::{api::x, domain::{a, b}, clock};"), ["api", "domain", "clock"]);
    assert_eq!(named("pub(crate) fn f() -> crate::cluster::Key {"), ["cluster"]);
}

#[test]
fn each_folder_knows_only_whom_it_may() {
    let mut found = Vec::new();
    for (folder, may) in ARROWS {
        for source in rust(&format!("src/{folder}/")) {
            for (n, line) in product(&source) {
                let strangers =
                    named(line).into_iter().filter(|name| !name.is_empty() && !may.contains(&name.as_str()));
                found.extend(strangers.map(|name| format!("{}:{n}: {folder} must not know {name}", source.path)));
            }
        }
    }
    none(&found, "an arrow points the wrong way");
}

/// Only `make fuzz` compiles the calendar alone, long after all else: what it needs is said here at once.
#[test]
fn the_fuzzed_calendar_has_what_the_calendar_names() {
    let has = std::fs::read_to_string(super::top().join("fuzz/calendar/src/lib.rs")).expect("the fuzzed calendar");
    let mut found = Vec::new();
    for source in rust("src/domain/calendar/") {
        for (n, line) in product(&source) {
            let strangers = named(line).into_iter().filter(|name| !has.contains(&format!("pub mod {name};")));
            found.extend(strangers.map(|name| format!("{}:{n}: {name}", source.path)));
        }
    }
    none(&found, "fuzz/calendar/src/lib.rs lacks a module");
}

#[test]
fn controllers_know_nothing_of_each_other() {
    let own = ["release", "readiness", "window"];
    let mut found = Vec::new();
    for folder in own {
        for source in rust(&format!("src/controllers/{folder}/")) {
            for (n, line) in product(&source) {
                let names = |other: &&&str| {
                    line.contains(&format!("controllers::{other}")) || line.contains(&format!("super::super::{other}"))
                };
                let others = own.iter().filter(|o| **o != folder).filter(names);
                found.extend(others.map(|other| format!("{}:{n}: {folder} knows {other}", source.path)));
            }
        }
    }
    none(&found, "objects on the API server are the only link between controllers");
}

#[test]
fn the_domain_does_without_cluster_waiting_and_clocks() {
    let mut found = Vec::new();
    for source in rust("src/domain/") {
        for (n, line) in product(&source) {
            let bad = NOT_IN_THE_DOMAIN.iter().filter(|word| line.contains(**word));
            found.extend(bad.map(|word| format!("{}:{n}: {word}", source.path)));
        }
    }
    none(&found, "the domain only thinks");
}

#[test]
fn clocks_are_read_in_one_place() {
    let mut found = Vec::new();
    for source in rust("src/").into_iter().filter(|s| s.path != CLOCK) {
        for (n, line) in product(&source) {
            let reads = CLOCK_READS.iter().filter(|read| line.contains(**read));
            found.extend(reads.map(|read| format!("{}:{n}: {read}", source.path)));
        }
    }
    none(&found, "time is read in src/clock.rs and handed on");
}
