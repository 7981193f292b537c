//! Strategic merge patch: a merge patch that knows which lists are keyed. `$patch: delete` and `$patch: replace`
//! are understood, `$setElementOrder` and `$retainKeys` are read over.

use serde_json::{Map, Value};

/// Lists of built-in kinds that merge by a key, by the name of their field.
pub(crate) const KEYED: &[(&str, &str)] = &[
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("volumes", "name"),
    ("env", "name"),
    ("volumeMounts", "mountPath"),
    ("imagePullSecrets", "name"),
    ("conditions", "type"),
    ("ownerReferences", "uid"),
    ("hostAliases", "ip"),
];

/// Lists of plain values that merge as sets.
const SETS: &[&str] = &["finalizers"];

pub(super) fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() || patch.get("$patch").is_some_and(|p| p == "replace") {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else { return };
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        let key = key_of(name, value);
        match (value, key) {
            (Value::Null, _) => {
                map.remove(name);
            }
            (Value::Array(items), Some(key)) => {
                let known = map.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                merge_list(known, items, key);
            }
            (Value::Array(items), None) if SETS.contains(&name.as_str()) => {
                let known = map.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                merge_set(known, items);
            }
            _ => apply(map.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
    for (name, value) in patch {
        if let (Some(field), Value::Array(items)) = (name.strip_prefix("$deleteFromPrimitiveList/"), value)
            && let Some(Value::Array(known)) = map.get_mut(field)
        {
            known.retain(|item| !items.contains(item));
        }
    }
}

/// The key by which a list merges. Ports are keyed differently in containers and in services.
fn key_of(name: &str, value: &Value) -> Option<&'static str> {
    if name == "ports" {
        let of_containers = value.as_array().is_some_and(|items| items.iter().any(|i| !i["containerPort"].is_null()));
        return Some(if of_containers { "containerPort" } else { "port" });
    }
    KEYED.iter().find(|(field, _)| *field == name).map(|(_, key)| *key)
}

fn merge_list(known: &mut Value, items: &[Value], key: &str) {
    let Some(known) = known.as_array_mut() else { return };
    for item in items {
        let at = known.iter().position(|other| other[key] == item[key]);
        match (at, item.get("$patch").and_then(Value::as_str)) {
            (Some(at), Some("delete")) => {
                known.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => apply(&mut known[at], item),
            (None, _) => {
                let mut fresh = Value::Null;
                apply(&mut fresh, item);
                known.push(fresh);
            }
        }
    }
}

fn merge_set(known: &mut Value, items: &[Value]) {
    let Some(known) = known.as_array_mut() else { return };
    for item in items {
        if !known.contains(item) {
            known.push(item.clone());
        }
    }
}
