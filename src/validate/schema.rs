//! What the API server would say of an object of ours, without an API server: the schema of its definition, read from
//! the same place that `rollcall crds` prints, and its rules.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;

use super::rules;
use crate::api::crds::crds;
use crate::api::time::from_wire;
use crate::domain::Faults;

/// The schema of one of our kinds; `None` if it is none of ours.
#[must_use]
pub fn schema_of(kind: &str) -> Option<&'static Value> {
    static SCHEMAS: LazyLock<Vec<(Value, Value)>> = LazyLock::new(|| {
        let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
        let read = |crd: Value| Some((crd["spec"]["names"]["kind"].clone(), crd.pointer(spec)?.clone()));
        crds().into_iter().filter_map(|(_, crd)| read(crd)).collect()
    });
    let found = SCHEMAS.iter().find(|(name, _)| name == kind);
    found.map(|(_, schema)| schema)
}

/// Whether a text matches a pattern. Patterns are few, texts are many.
fn matches(pattern: &str, text: &str) -> bool {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, Option<regex::Regex>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = known.entry(pattern.to_owned()).or_insert_with(|| regex::Regex::new(pattern).ok());
    compiled.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// Everything that a schema has against a value, in the order of its fields.
pub fn against(schema: &Value, value: &Value, path: &str, faults: &mut Faults) {
    if !of_type(schema, value) {
        let wanted = schema["type"].as_str().unwrap_or("value");
        faults.add(path, format!("must be of type {wanted}, and is {}", spoken(value)));
        return;
    }
    let before = faults.0.len();
    match value {
        Value::Object(map) => object(schema, map, path, faults),
        Value::Array(items) => list(schema, items, path, faults),
        Value::String(text) => string(schema, text, path, faults),
        Value::Number(number) => {
            let n = number.as_f64().unwrap_or_default();
            if schema["minimum"].as_f64().is_some_and(|least| n < least) {
                faults.add(path, format!("{n} is less than {}", schema["minimum"]));
            }
            if schema["maximum"].as_f64().is_some_and(|most| n > most) {
                faults.add(path, format!("{n} is more than {}", schema["maximum"]));
            }
        }
        _ => {}
    }
    let allowed = schema["enum"].as_array();
    if allowed.is_some_and(|all| !all.contains(value)) {
        let all: Vec<&str> = allowed.into_iter().flatten().filter_map(Value::as_str).collect();
        faults.add(path, format!("{value} is none of {}", all.join(", ")));
    }
    // A rule is asked only of what has the right form itself; what is inside may be wrong in its own way.
    if faults.0[before..].iter().all(|fault| fault.path != path) {
        rules::broken(schema, value, path, faults);
    }
}

fn of_type(schema: &Value, value: &Value) -> bool {
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => true,
    }
}

fn spoken(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => "a map".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("the text {text:?}"),
        other => format!("{other}; put it in quotes if it is a text"),
    }
}

fn object(schema: &Value, map: &serde_json::Map<String, Value>, path: &str, faults: &mut Faults) {
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if !map.contains_key(name) {
            faults.add(format!("{path}.{name}"), "is required");
        }
    }
    limit(schema, "maxProperties", map.len(), "entries", path, faults);
    for (name, inner) in map {
        let own = format!("{path}.{name}");
        let known = &schema["properties"][name];
        if known.is_object() {
            against(known, inner, &own, faults);
        } else if schema["additionalProperties"].is_object() {
            against(&schema["additionalProperties"], inner, &own, faults);
        } else if schema["properties"].is_object() {
            faults.add(own, "unknown field");
        }
    }
}

fn list(schema: &Value, items: &[Value], path: &str, faults: &mut Faults) {
    limit(schema, "maxItems", items.len(), "items", path, faults);
    if schema["minItems"].as_u64().is_some_and(|least| (items.len() as u64) < least) {
        faults.add(path, format!("at least {} item is needed", schema["minItems"]));
    }
    let mut seen = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let own = format!("{path}[{n}]");
        if let Some(identity) = identity(schema, item) {
            match seen.iter().position(|known| *known == identity) {
                Some(first) => faults.add(&own, format!("is the same as {path}[{first}]")),
                None => seen.push(identity),
            }
        }
        against(&schema["items"], item, &own, faults);
    }
}

/// What must differ between the items of a list; `None` if nothing must.
fn identity(schema: &Value, item: &Value) -> Option<Value> {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Some(item.clone()),
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array()?.iter().filter_map(Value::as_str);
            let value = |key: &str| match &item[key] {
                Value::Null => schema["items"]["properties"][key]["default"].clone(),
                given => given.clone(),
            };
            Some(keys.map(value).collect())
        }
        _ => None,
    }
}

fn string(schema: &Value, text: &str, path: &str, faults: &mut Faults) {
    let length = text.chars().count();
    limit(schema, "maxLength", length, "characters", path, faults);
    if schema["minLength"].as_u64().is_some_and(|least| (length as u64) < least) {
        faults.add(path, format!("at least {} characters are needed", schema["minLength"]));
        return;
    }
    if schema["format"] == "date-time" && from_wire(text).is_none() {
        faults.add(path, format!("{text:?} is not an instant such as 2027-01-12T09:00:00+01:00"));
    }
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    if !matches(pattern, text) {
        faults.add(path, unlike(text, pattern));
    }
}

fn unlike(text: &str, pattern: &str) -> String {
    if text.chars().any(|c| c.is_control() || rules::turns(c)) {
        return "control characters are not allowed".to_owned();
    }
    if text.trim().is_empty() {
        return "must not be blank".to_owned();
    }
    format!("{text:?} does not match {pattern}")
}

fn limit(schema: &Value, bound: &str, found: usize, of: &str, path: &str, faults: &mut Faults) {
    if let Some(most) = schema[bound].as_u64()
        && found as u64 > most
    {
        faults.add(path, format!("{found} {of} are given and at most {most} are allowed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_schema(schema: &Value, see: &mut impl FnMut(&Value)) {
        see(schema);
        for inner in schema["properties"].as_object().into_iter().flat_map(|p| p.values()) {
            each_schema(inner, see);
        }
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                each_schema(&schema[inner], see);
            }
        }
    }

    #[test]
    fn every_pattern_and_every_rule_of_the_definitions_is_known_here_too() {
        for kind in ["DeploymentWindow", "TeamReadiness", "CoordinatedRelease"] {
            let schema = schema_of(kind).expect("ours");
            each_schema(schema, &mut |part| {
                if let Some(pattern) = part["pattern"].as_str() {
                    assert!(regex::Regex::new(pattern).is_ok(), "{kind}: {pattern}");
                }
                for rule in part["x-kubernetes-validations"].as_array().into_iter().flatten() {
                    let message = rule["message"].as_str().unwrap_or_default();
                    assert!(rules::rule(message).is_some(), "{kind}: no counterpart of {rule}");
                }
            });
        }
    }
}
