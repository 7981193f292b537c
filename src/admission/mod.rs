//! What the admission policies of `manifests/policies` write, for API servers that have no MutatingAdmissionPolicy
//! (Kubernetes 1.30 to 1.35): the same rules, one file each beside the policy it is the twin of, as plain functions.
//! A test on real API servers sends the same requests to both and compares what is stored.
//!
//! This folder never refuses anything: refusing is the guards' work, which every such API server has. It never asks
//! the API server or reads a clock, and what it is handed it does not change but for what its rule says.

mod author;
mod cron_job;
mod daemon_set;
mod deployment;
mod held;
mod job;
mod signoff;
mod stateful_set;
mod suspend;
mod template;

use serde_json::{Map, Value};

/// A request that is about to be stored.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Who asks, as the API server says.
    pub user: String,
    pub groups: Vec<String>,
    pub namespace: String,
    /// What is about to be stored.
    pub object: Value,
    /// What is stored; null at a creation.
    pub old: Value,
}

/// What the requester may do in the request's namespace, answered by the API server: RBAC's `can-i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    pub verb: &'static str,
    pub group: &'static str,
    pub resource: &'static str,
    /// Empty for none.
    pub subresource: &'static str,
}

/// A rule: what it must know of the requester's rights, and what it makes of a request.
pub trait Rule: Sync {
    /// The name of the policy whose twin it is, without the domain.
    fn name(&self) -> String;

    /// The questions whose answers the rule needs for this request; mostly none.
    fn asks(&self, _: &Request) -> Vec<Question> {
        Vec::new()
    }

    /// The object as it is to be stored. `may` answers the questions; "no" where that could not be found out.
    fn apply(&self, request: &Request, may: &dyn Fn(Question) -> bool) -> Value;
}

/// All rules.
pub const RULES: [&dyn Rule; 9] = [
    &deployment::HOLD,
    &stateful_set::HOLD,
    &daemon_set::HOLD,
    &cron_job::HOLD,
    &job::HOLD,
    &author::TEAM,
    &author::RELEASE,
    &signoff::SIGN_OFFS,
    &signoff::TASKS,
];

/// The rule of this name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static dyn Rule> {
    RULES.into_iter().find(|rule| rule.name() == name)
}

/// The value of an annotation or label, empty if there is none.
fn entry<'a>(object: &'a Value, field: &str, key: &str) -> &'a str {
    object["metadata"][field][key].as_str().unwrap_or_default()
}

fn annotation<'a>(object: &'a Value, key: &str) -> &'a str {
    entry(object, "annotations", key)
}

/// Sets an annotation, or takes it away.
fn annotate(object: &mut Value, key: &str, value: Option<&str>) {
    note(object, "annotations", key, value);
}

/// Sets an annotation or a label, or takes it away.
fn note(object: &mut Value, field: &str, key: &str, value: Option<&str>) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    match value {
        Some(value) => {
            let all = metadata.entry(field).or_insert_with(|| Value::Object(Map::new()));
            if let Some(all) = all.as_object_mut() {
                all.insert(key.to_owned(), value.into());
            }
        }
        None => {
            if let Some(all) = metadata.get_mut(field).and_then(Value::as_object_mut) {
                all.remove(key);
            }
        }
    }
}

/// Every field but `ignored` is the same on both sides. What is absent equals an empty map and nothing else.
fn equal_but(new: &Value, old: &Value, ignored: &[&str]) -> bool {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (new, old) = (fields(new), fields(old));
    let covers = |some: &Map<String, Value>, other: &Map<String, Value>| {
        some.iter().all(|(key, value)| ignored.contains(&key.as_str()) || other.get(key) == Some(value))
    };
    covers(&new, &old) && covers(&old, &new)
}

/// Sets a field of the spec.
fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert(field.to_owned(), value);
    }
}

/// Takes a field of the spec away.
fn remove(object: &mut Value, field: &str) {
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove(field);
    }
}

#[cfg(test)]
mod tests;
