//! What a pod template consists of, each part with a short digest: enough to say later which part changed, and nothing
//! of what it says, for a template may hold what is nobody's business.

use std::fmt::Write as _;

use serde_json::Value;

use crate::api::names::RESTARTED_AT;
use crate::digest::{digest_of, short};

/// At most so much text is kept of one template, in bytes; what comes later counts as one part, `other`.
const LIMIT: usize = 2048;
/// Digits of each part's digest.
const DIGITS: usize = 8;

/// One line for each part: its path, `=`, and its digest. Images are not among them: they are kept in full.
#[must_use]
pub fn parts(template: &Value) -> Box<str> {
    let mut lines = String::new();
    let mut rest = Vec::new();
    for (path, value) in flat(template) {
        let line = format!("{path}={}\n", digits(value));
        if lines.len() + line.len() <= LIMIT { lines.push_str(&line) } else { rest.push(value.clone()) }
    }
    if !rest.is_empty() {
        let _ = writeln!(lines, "other={}", digits(&Value::Array(rest)));
    }
    lines.into()
}

fn digits(value: &Value) -> String {
    short(&digest_of(value)).chars().take(DIGITS).collect()
}

/// The parts that people speak of: a label, an annotation, a field of a container, a field of the pod.
fn flat(template: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for what in ["labels", "annotations"] {
        let each = template["metadata"][what].as_object().into_iter().flatten();
        all.extend(each.filter(|(key, _)| *key != RESTARTED_AT).map(|(key, v)| (format!("{what}[{key}]"), v)));
    }
    for (field, value) in template["spec"].as_object().into_iter().flatten() {
        match value.as_array().filter(|_| matches!(field.as_str(), "containers" | "initContainers")) {
            None => all.push((field.clone(), value)),
            Some(containers) => all.extend(containers.iter().flat_map(|c| container(field, c))),
        }
    }
    all
}

fn container<'a>(list: &'a str, container: &'a Value) -> impl Iterator<Item = (String, &'a Value)> {
    let name = container["name"].as_str().unwrap_or_default();
    let fields = container.as_object().into_iter().flatten();
    fields
        .filter(|(field, _)| !matches!(field.as_str(), "name" | "image"))
        .map(move |(field, value)| (format!("{list}[{name}].{field}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(env: &str) -> Value {
        json!({"metadata": {"labels": {"app": "api"}, "annotations": {RESTARTED_AT: "now"}},
            "spec": {"serviceAccountName": "api", "containers": [
                {"name": "app", "image": "r/api:1", "env": [{"name": "PASSWORD", "value": env}]}]}})
    }

    #[test]
    fn each_part_has_a_line_and_nothing_of_what_it_says() {
        let lines = parts(&template("hunter2"));
        let paths: Vec<&str> = lines.lines().map(|l| l.split_once('=').expect("a line").0).collect();
        assert_eq!(paths, ["labels[app]", "containers[app].env", "serviceAccountName"]);
        assert!(!lines.contains("hunter2") && !lines.contains("r/api:1"));
    }

    #[test]
    fn a_changed_part_has_another_digest_and_the_others_the_same() {
        let (one, other) = (parts(&template("a")), parts(&template("b")));
        let differing = one.lines().zip(other.lines()).filter(|(a, b)| a != b).count();
        assert_eq!(differing, 1);
    }

    #[test]
    fn however_large_a_template_is_its_parts_are_bounded_and_still_tell_a_change() {
        let large = |last: &str| {
            let labels: serde_json::Map<String, Value> =
                (0..500).map(|n| (format!("key-{n:03}"), json!(if n == 499 { last } else { "x" }))).collect();
            parts(&json!({"metadata": {"labels": labels}}))
        };
        assert!(large("a").len() <= LIMIT + 32);
        assert_ne!(large("a"), large("b"));
    }
}
