//! Whether an object on the API server still says what we installed.

use serde_json::Value;

use super::names::WEBHOOK;

/// What the API server fills in by itself in admission policies and their bindings. Another value of one of
/// these keys, or any other key that we did not write, can narrow a policy until it holds nothing.
const DEFAULTS: [(&str, &str); 2] = [("matchPolicy", "Equivalent"), ("scope", "*")];

/// Whether `actual`, read from the API server, enforces what `expected`, generated here, says.
///
/// `metadata` may carry anything more; `status` does not count. Everything else must be there as written, lists
/// with exactly our elements, and what is there beyond it must be empty or a default of the API server: an added
/// `matchCondition` or `excludeResourceRules` switches a policy off as well as a deletion does.
pub fn intact(expected: &Value, actual: &Value) -> bool {
    let (Some(expected), Some(actual)) = (expected.as_object(), actual.as_object()) else {
        return false;
    };
    expected.iter().all(|(key, value)| {
        let Some(found) = actual.get(key) else {
            return false;
        };
        if key == "metadata" { contains(value, found) } else { same(value, found) }
    }) && actual.iter().all(|(key, value)| expected.contains_key(key) || key == "status" || neutral(key, value))
}

/// What is wrong with one policy or binding in the cluster, by kind and name: nothing if the `spec` that was found
/// is what `expected` says.
pub fn trouble(expected: &Value, found: Option<&Value>) -> Option<String> {
    let name = expected["metadata"]["name"].as_str().unwrap_or_default();
    let kind = expected["kind"].as_str().unwrap_or_default();
    match found {
        None => Some(format!("{kind} {name} is missing")),
        Some(spec) if !intact(&expected["spec"], spec) => Some(format!("{kind} {name} was altered")),
        Some(_) => None,
    }
}

/// What is wrong with the webhook configuration: it must be there as expected where a webhook holds, and must not be
/// there where policies do. `found` are its webhooks without the authorities that they trust.
pub fn webhook_trouble(expected: Option<&Value>, found: Option<&Value>) -> Option<String> {
    let configuration = format!("MutatingWebhookConfiguration {WEBHOOK}");
    match (expected, found) {
        (None, None) => None,
        (None, Some(_)) => {
            Some(format!("{configuration} is left over from an older Kubernetes and holds a second time"))
        }
        (Some(_), None) => Some(format!("{configuration} is missing")),
        (Some(expected), Some(found)) if same(&expected["webhooks"], found) => None,
        (Some(_), Some(_)) => Some(format!("{configuration} was altered")),
    }
}

/// Every entry of `expected` is in `actual`, which may have more.
fn contains(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(want), Value::Object(have)) => {
            want.iter().all(|(key, value)| have.get(key).is_some_and(|found| contains(value, found)))
        }
        _ => expected == actual,
    }
}

/// Equal, but for keys that the API server adds.
fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(want), Value::Object(have)) => {
            want.iter().all(|(key, value)| match have.get(key) {
                Some(found) => same(value, found),
                None => empty(value),
            }) && have.iter().all(|(key, value)| want.contains_key(key) || neutral(key, value))
        }
        (Value::Array(want), Value::Array(have)) => {
            want.len() == have.len() && want.iter().zip(have).all(|(w, h)| same(w, h))
        }
        _ => expected == actual,
    }
}

fn neutral(key: &str, value: &Value) -> bool {
    empty(value) || DEFAULTS.iter().any(|(name, default)| *name == key && value == default)
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written() -> Value {
        json!({"kind": "P", "metadata": {"name": "p", "labels": {"a": "b"}},
               "spec": {"failurePolicy": "Fail", "rules": [{"resources": ["jobs"]}], "validations": [{"expression": "x"}]}})
    }

    fn changed(pointer: &str, key: &str, value: Value) -> Value {
        let mut object = written();
        object.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object").insert(key.to_owned(), value);
        object
    }

    #[test]
    fn what_the_server_adds_by_itself_is_no_difference() {
        assert!(intact(&written(), &written()));
        for (pointer, key, value) in [
            ("", "status", json!({"observedGeneration": 1})),
            ("/metadata", "uid", json!("u")),
            ("/metadata/labels", "more", json!("c")),
            ("/spec", "namespaceSelector", json!({})),
            ("/spec", "matchPolicy", json!("Equivalent")),
            ("/spec/rules/0", "scope", json!("*")),
        ] {
            assert!(intact(&written(), &changed(pointer, key, value)), "{pointer}/{key}");
        }
    }

    #[test]
    fn a_webhook_must_be_there_as_written_where_it_holds_and_nowhere_else() {
        let expected = json!({"webhooks": [{"name": "a", "rules": [{"resources": ["jobs"]}]}]});
        let found = json!([{"name": "a", "rules": [{"resources": ["jobs"], "scope": "*"}], "objectSelector": {}}]);
        assert_eq!(webhook_trouble(Some(&expected), Some(&found)), None);
        assert_eq!(webhook_trouble(None, None), None);
        for (expected, found, word) in [
            (Some(&expected), None, "missing"),
            (None, Some(&found), "left over"),
            (Some(&expected), Some(&json!([])), "altered"),
            (Some(&expected), Some(&json!([{"name": "a", "rules": []}])), "altered"),
        ] {
            assert!(webhook_trouble(expected, found).is_some_and(|text| text.contains(word)), "{word}");
        }
    }

    #[test]
    fn what_a_person_adds_takes_away_or_narrows_is_a_difference() {
        for (pointer, key, value) in [
            ("/spec", "failurePolicy", json!("Ignore")),
            ("/spec", "namespaceSelector", json!({"matchLabels": {"a": "b"}})),
            ("/spec", "matchConditions", json!([{"name": "never", "expression": "false"}])),
            ("/spec", "matchPolicy", json!("Exact")),
            ("/spec", "paramKind", json!({"kind": "ConfigMap"})),
            ("/spec", "validations", json!([])),
            ("/spec/rules/0", "scope", json!("Cluster")),
            ("/spec/rules/0", "resources", json!(["jobs", "other"])),
            ("/metadata/labels", "a", json!("c")),
        ] {
            assert!(!intact(&written(), &changed(pointer, key, value)), "{pointer}/{key}");
        }
        assert!(!intact(&written(), &Value::Null));
        assert!(!intact(&written(), &json!({"kind": "P", "metadata": {"name": "p", "labels": {"a": "b"}}})));
    }
}
