//! How one pod template differs from another, field by field.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::api::names::RESTARTED_AT;

/// One field that differs.
#[derive(JsonSchema, Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    /// What runs; absent if the field is new.
    pub before: Option<String>,
    /// What would ship; absent if the field is taken away.
    pub after: Option<String>,
}

/// The label that the Deployment controller adds to what runs.
const HASH_LABEL: &str = "pod-template-hash";

/// The differences between what runs and what would ship, without what ships nothing new.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let (before, after) = (cleaned(before), cleaned(after));
    let mut found = Vec::new();
    walk(String::new(), Some(&before), Some(&after), &mut found);
    found
}

fn cleaned(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(meta) = template["metadata"].as_object_mut() {
        meta.remove("creationTimestamp");
    }
    for (field, key) in [("labels", HASH_LABEL), ("annotations", RESTARTED_AT)] {
        let entries = template.pointer_mut(&format!("/metadata/{field}")).and_then(Value::as_object_mut);
        if let Some(entries) = entries {
            entries.remove(key);
            if entries.is_empty()
                && let Some(meta) = template["metadata"].as_object_mut()
            {
                meta.remove(field);
            }
        }
    }
    template
}

fn walk(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(inner, a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => match (named(a), named(b)) {
            (Some(a), Some(b)) => {
                let keys: std::collections::BTreeSet<&&str> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    walk(format!("{path}[{key}]"), a.get(*key).copied(), b.get(*key).copied(), found);
                }
            }
            _ => {
                for n in 0..a.len().max(b.len()) {
                    walk(format!("{path}[{n}]"), a.get(n), b.get(n), found);
                }
            }
        },
        (a, b) => found.push(Difference { path, before: a.map(said), after: b.map(said) }),
    }
}

/// The entries of a list by their names, if each has one of its own.
fn named(list: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let by_name: Option<BTreeMap<&str, &Value>> = list.iter().map(|v| Some((v["name"].as_str()?, v))).collect();
    by_name.filter(|by_name| by_name.len() == list.len())
}

fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_compared_by_name_and_what_ships_nothing_new_is_no_difference() {
        let before = json!({"metadata": {"labels": {"app": "api", "pod-template-hash": "1"}}, "spec": {"containers": [
            {"name": "proxy", "image": "p:1"}, {"name": "api", "image": "a:1", "args": ["-v", "x"]}]}});
        let after = json!({"metadata": {"labels": {"app": "api"}, "annotations": {RESTARTED_AT: "now"}}, "spec": {
            "hostNetwork": true, "containers": [{"name": "api", "image": "a:2", "args": ["-v"]}]}});
        let said: Vec<(String, Option<String>, Option<String>)> =
            differences(&before, &after).into_iter().map(|d| (d.path, d.before, d.after)).collect();
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(
            said,
            [
                ("spec.containers[api].args[1]".into(), owned("x"), None),
                ("spec.containers[api].image".into(), owned("a:1"), owned("a:2")),
                ("spec.containers[proxy]".into(), owned(r#"{"image":"p:1","name":"proxy"}"#), None),
                ("spec.hostNetwork".into(), None, owned("true")),
            ]
        );
        assert_eq!(differences(&before, &before), []);
    }
}
