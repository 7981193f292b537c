//! The four kinds of object that admission policies consist of.
//!
//! Defaults of the API server are spelled out, so that what is read back can be compared strictly.
//! Fields as in `admissionregistration.k8s.io/v1` (ValidatingAdmissionPolicy: KEP-3488, MutatingAdmissionPolicy:
//! KEP-3962).

use serde_json::{Value, json};

use super::cel::{dedent, plain, sentence};
use crate::api::{GROUP, VERSION};
use crate::manifests::object::cluster_object;

/// Which requests a policy looks at.
pub(super) struct Match<'a> {
    pub group: &'a str,
    pub version: &'a str,
    pub resources: Vec<String>,
    pub operations: &'a [&'a str],
    /// Only objects that carry this label before or after the request.
    pub label: Option<&'a str>,
}

impl<'a> Match<'a> {
    /// Requests about rollcall's own kinds, whatever labels they carry.
    pub fn own(resources: Vec<String>, operations: &'a [&'a str]) -> Self {
        Self { group: GROUP, version: VERSION, resources, operations, label: None }
    }

    fn constraints(&self) -> Value {
        let selector = match self.label {
            Some(key) => json!({"matchExpressions": [{"key": key, "operator": "Exists"}]}),
            None => json!({}),
        };
        json!({
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": selector,
            "resourceRules": [{
                "apiGroups": [self.group], "apiVersions": [self.version], "resources": self.resources,
                "operations": self.operations, "scope": "*",
            }],
        })
    }
}

/// A name and the expression it stands for: a variable or a match condition.
pub(super) type Named = (&'static str, String);

fn named(entries: &[Named]) -> Value {
    entries.iter().map(|(name, expression)| json!({"name": name, "expression": dedent(expression)})).collect()
}

/// What a policy shares with all others.
pub(super) struct Policy<'a> {
    pub name: String,
    pub failure: &'a str,
    pub matches: Match<'a>,
    pub conditions: Vec<Named>,
    pub variables: Vec<Named>,
}

impl Policy<'_> {
    fn object(&self, kind: &str, extra: Value) -> Value {
        let mut spec = json!({
            "failurePolicy": self.failure,
            "matchConstraints": self.matches.constraints(),
        });
        if !self.conditions.is_empty() {
            spec["matchConditions"] = named(&self.conditions);
        }
        if !self.variables.is_empty() {
            spec["variables"] = named(&self.variables);
        }
        if let (Value::Object(spec), Value::Object(extra)) = (&mut spec, extra) {
            spec.extend(extra);
        }
        object(kind, &self.name, spec)
    }

    /// A policy whose mutations run in the order given. It is invoked again after a webhook changed the object.
    pub fn mutating(&self, mutations: &[String]) -> Value {
        let mutations: Vec<Value> = mutations
            .iter()
            .map(|m| json!({"patchType": "JSONPatch", "jsonPatch": {"expression": dedent(m)}}))
            .collect();
        self.object("MutatingAdmissionPolicy", json!({"reinvocationPolicy": "IfNeeded", "mutations": mutations}))
    }

    /// A policy that refuses what one of `denials` describes.
    pub fn validating(&self, denials: &[Denial], audit: &[(&str, String)]) -> Value {
        let validations: Vec<Value> = denials.iter().map(Denial::validation).collect();
        let mut extra = json!({"validations": validations});
        if !audit.is_empty() {
            extra["auditAnnotations"] =
                audit.iter().map(|(key, e)| json!({"key": key, "valueExpression": dedent(e)})).collect();
        }
        self.object("ValidatingAdmissionPolicy", extra)
    }
}

/// One reason for which a request is refused.
#[derive(Clone)]
pub(super) struct Denial {
    /// True when the request is in order.
    pub unless: String,
    /// What the requester reads: the object, the cause and the remedy; CEL string expressions in braces.
    pub text: String,
}

impl Denial {
    pub fn new(unless: impl Into<String>, text: impl Into<String>) -> Self {
        Self { unless: unless.into(), text: text.into() }
    }

    /// The reason is always Forbidden. Without one the answer is Invalid, which Flux and `kubectl apply --force`
    /// take for an unchangeable field and answer by deleting the object.
    fn validation(&self) -> Value {
        let text = format!("rollcall: {}", self.text);
        json!({
            "expression": dedent(&self.unless),
            "reason": "Forbidden",
            "message": plain(&text),
            "messageExpression": sentence(&text),
        })
    }
}

/// The binding that puts the mutating policy `name` in force.
pub(super) fn mutating_binding(name: &str) -> Value {
    object("MutatingAdmissionPolicyBinding", name, json!({"policyName": name}))
}

/// The binding that puts the validating policy `name` in force.
pub(super) fn validating_binding(name: &str, actions: &[&str]) -> Value {
    object("ValidatingAdmissionPolicyBinding", name, json!({"policyName": name, "validationActions": actions}))
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    cluster_object("admissionregistration.k8s.io/v1", kind, name, json!({"spec": spec}))
}
