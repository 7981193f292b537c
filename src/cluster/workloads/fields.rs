//! Which fields of an object whoever applies it server-side owns, as `metadata.managedFields` says: `f:` names a field,
//! `k:` an item of a list by its keys, `v:` one by its value; an empty set owns all of what it stands at.

use serde_json::{Map, Value, json};

/// The sets, one of each applier, of the fields inside a field of the spec.
pub(super) fn field_sets<'a>(object: &'a Value, content: &str) -> Vec<&'a Value> {
    let managers = object["metadata"]["managedFields"].as_array();
    let applies = |m: &&Value| m["operation"] == "Apply" && m["subresource"].as_str().unwrap_or_default().is_empty();
    let sets = managers.into_iter().flatten().filter(applies).map(|m| &m["fieldsV1"]["f:spec"][format!("f:{content}")]);
    sets.filter(|set| set.is_object()).collect()
}

/// What of a value is in at least one of these sets.
pub(super) fn owned(value: &Value, sets: &[&Value]) -> Value {
    if sets.iter().any(|set| set.as_object().is_none_or(Map::is_empty)) {
        return value.clone();
    }
    match value {
        Value::Object(fields) => {
            let own = fields.iter().filter_map(|(name, value)| {
                let inner = within(sets, |key| key.strip_prefix("f:") == Some(name));
                (!inner.is_empty()).then(|| (name.clone(), owned(value, &inner)))
            });
            Value::Object(own.collect())
        }
        Value::Array(items) => {
            let own = items.iter().filter_map(|item| {
                let inner = within(sets, |key| is_of(key, item));
                (!inner.is_empty()).then(|| owned(item, &inner))
            });
            Value::Array(own.collect())
        }
        _ => value.clone(),
    }
}

fn within<'a>(sets: &[&'a Value], is: impl Fn(&str) -> bool) -> Vec<&'a Value> {
    let all = sets.iter().filter_map(|set| set.as_object()).flatten();
    all.filter(|(key, _)| is(key)).map(|(_, inner)| inner).collect()
}

/// Whether a key of a set means this item of a list.
fn is_of(key: &str, item: &Value) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(json!(null));
    match key.split_once(':') {
        Some(("k", keys)) => read(keys).as_object().is_some_and(|keys| keys.iter().all(|(k, v)| item[k] == *v)),
        Some(("v", value)) => read(value) == *item,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_all_appliers_count_together_and_what_is_owned_whole_comes_whole() {
        let value = json!({"a": 1, "b": {"x": 1, "y": 2}, "list": [{"name": "p", "v": 1}, {"name": "q", "v": 2}],
            "set": ["one", "two"], "whole": {"deep": [1]}});
        let one = json!({".": {}, "f:b": {"f:x": {}}, "f:list": {"k:{\"name\":\"q\"}": {".": {}, "f:name": {}}}});
        let two = json!({"f:whole": {}, "f:set": {"v:\"two\"": {}}});
        let own = owned(&value, &[&one, &two]);
        assert_eq!(own, json!({"b": {"x": 1}, "list": [{"name": "q"}], "set": ["two"], "whole": {"deep": [1]}}));
    }
}
