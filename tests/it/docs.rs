//! Reference pages that are generated: they say what the code says, or these tests fail.
//! `UPDATE_GOLDEN=1 cargo test --test it -- docs` writes them again.

use std::collections::BTreeMap;
use std::path::Path;

use rollcall::api::fields::WorkloadKind;
use rollcall::cluster::workloads::decode;
use rollcall::domain::scheduling::CODES;
use serde_json::{Value, json};

const CONDITIONS: &str = include_str!("../../src/api/conditions.rs");

fn is_what_is_checked_in(file: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("can make folders");
        std::fs::write(&path, content).expect("can write");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == content, "{file} is out of date: run make golden");
}

#[test]
fn the_page_of_codes_lists_every_code() {
    let mut page = "# Blocker codes\n\n<!-- Generated from src/domain/scheduling; run make golden. -->\n\n\
        A blocker says \"not yet\", and why. Its code is the same in status, Events, metrics and messages. Codes are \
        added, never renumbered or reused. The order is the one in which people are told.\n\n\
        | Code | Gate | Meaning |\n|---|---|---|\n"
        .to_owned();
    for (code, gate, meaning) in CODES {
        page.push_str(&format!("| `{code}` | {} | {meaning} |\n", gate.as_str()));
    }
    is_what_is_checked_in("docs/codes.md", &page);
}

#[test]
fn the_page_of_conditions_lists_every_type_and_reason() {
    let mut page = "# Conditions\n\n<!-- Generated from src/api/conditions.rs; run make golden. -->\n\n\
        All three kinds report conditions as Kubernetes does: each has a status, a reason, a message and the generation \
        that it speaks of. `kubectl wait --for=condition=Ready` works for all three. Types and reasons are added, never renamed.\n"
        .to_owned();
    for (title, name) in [("Types", "ConditionType"), ("Reasons", "Reason")] {
        page.push_str(&format!("\n## {title}\n\n| {} | Meaning |\n|---|---|\n", title.trim_end_matches('s')));
        let variants = variants(name);
        assert!(variants.len() > 5, "{name} was found in the source");
        for (variant, meaning) in variants {
            page.push_str(&format!("| `{variant}` | {meaning} |\n"));
        }
    }
    is_what_is_checked_in("docs/conditions.md", &page);
}

/// The variants of an enum of the source, each with its documentation, in order.
fn variants(name: &str) -> Vec<(String, String)> {
    let start = format!("pub enum {name} {{");
    let body = CONDITIONS.split_once(&start).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let (mut found, mut said) = (Vec::new(), Vec::new());
    for line in body.lines().map(str::trim).filter(|l| !l.is_empty()) {
        match line.strip_prefix("///") {
            Some(text) => said.push(text.trim()),
            None => found.push((line.trim_end_matches(',').to_owned(), std::mem::take(&mut said).join(" "))),
        }
    }
    found
}

#[test]
fn every_code_stands_for_one_thing() {
    let mut seen = BTreeMap::new();
    for (code, _, meaning) in CODES {
        assert_eq!(seen.insert(*code, meaning), None, "{code} is listed twice");
        assert!(meaning.ends_with('.'), "{code}: {meaning}");
    }
}

#[test]
fn what_the_readme_quotes_is_in_the_samples() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| std::fs::read_to_string(path).expect("can be read");
    let folder = std::fs::read_dir(top.join("config/samples")).expect("the samples");
    let files = folder.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
    let samples: Vec<String> = files.map(|path| read(&path)).collect();
    let readme = read(&top.join("README.md"));
    let quoted: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(quoted.len() >= 3, "one example of each kind");
    for yaml in quoted {
        assert!(samples.iter().any(|s| s.contains(yaml)), "no sample says\n{yaml}");
    }
}

#[test]
fn the_page_of_kinds_says_how_firmly_each_kind_is_held() {
    let page = include_str!("../../docs/kinds.md");
    for kind in WorkloadKind::ALL {
        let row = page.lines().find(|line| line.starts_with(&format!("| {} |", kind.as_str())));
        let strength = row.and_then(|row| row.split('|').nth(3)).unwrap_or_default();
        let of = |labels: Value| {
            let pods = json!({"metadata": {"labels": labels}});
            let spec = json!({"template": pods, "jobTemplate": {"spec": {"template": pods}}});
            let object = json!({"metadata": {"name": "x"}, "spec": spec}).to_string();
            format!("`{:?}`", decode(kind, &object).expect("a workload").strength)
        };
        let (plain, strict) = (of(json!({})), of(json!({"rollcall.dev/pod-gate": "x"})));
        let expected = if plain == strict { plain } else { format!("{plain}; {strict} with the pod gate") };
        assert_eq!(strength.trim(), expected, "{kind:?}");
    }
}
