//! Workloads: one file per kind, each of plain functions over the object's JSON. What of it is kept,
//! how far it is, and which patch lets it go.
//!
//! This folder never decides that something goes, and never talks to the API server.

mod deployment;
mod job;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::WireMeta;
use super::texts::Texts;
use super::{ObjectKey, Projected, ResourceVersion};
use crate::api::fields::WorkloadKind;
use crate::api::names::{CLAIM, GATE_LABEL, HOLD, HOLD_BY_AUTHOR, RELEASED, RESTARTED_AT};
use crate::digest::digest_of;

/// What is kept of one version of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub key: ObjectKey,
    pub version: ResourceVersion,
    pub uid: String,
    /// The team named by the gate label.
    pub gate: Option<String>,
    pub hold: Option<HeldBy>,
    /// The value of the claim annotation, unchecked.
    pub claim: Option<String>,
    /// Digest of the pod template, without what ships nothing new.
    pub template: String,
    /// Image by container name.
    pub images: Texts,
    /// At most [`KEPT_ANNOTATIONS`] of the pod template's annotations.
    pub annotations: Texts,
    pub progress: Progress,
    /// The stored template is what runs.
    pub runs_already: bool,
    pub terminating: bool,
    /// Another controller uses the hold field of this object, so it cannot be held.
    pub owned_elsewhere: Option<String>,
}

/// Who had stopped it before the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    Policy,
    Author,
}

/// How far the stored content has come, as its own controller says of the newest generation.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    NotObserved,
    Progressing(String),
    /// Its hold field is set and no hold says why.
    Stopped,
    Done,
    Failed {
        at: Option<DateTime<Utc>>,
        why: String,
    },
}

impl Projected for Workload {
    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.version
    }
}

/// How many annotations of a pod template are kept for comparison: as many as a step can expect.
pub const KEPT_ANNOTATIONS: usize = 32;

#[derive(Deserialize)]
struct Object {
    metadata: WireMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

/// Reads a workload of this kind.
///
/// # Errors
///
/// What is wrong with it, in serde's words.
pub fn decode(kind: WorkloadKind, text: &str) -> Result<Workload, String> {
    let mut object: Object = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let gate = object.metadata.labels.get(GATE_LABEL).cloned();
    let note = |name: &str| object.metadata.annotations.get(name).filter(|v| !v.is_empty()).cloned();
    let hold = note(HOLD).map(|by| if by == HOLD_BY_AUTHOR { HeldBy::Author } else { HeldBy::Policy });
    let claim = note(CLAIM);
    let template = object.spec.get_mut("template").map(Value::take).unwrap_or_default();
    let (progress, runs_already) = match kind {
        WorkloadKind::Deployment => deployment::progress(&object),
        WorkloadKind::Job => job::progress(&object),
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::CronJob => (Progress::NotObserved, false),
    };
    let progress = if hold.is_some() { Progress::NotObserved } else { progress };
    // What nobody gates is only watched for the label to appear: its content is not worth its memory.
    let gated = gate.is_some();
    Ok(Workload {
        kind,
        gate,
        hold,
        claim,
        template: if gated { digest_of(&content(&template)) } else { String::new() },
        images: if gated { images(&template) } else { Texts::default() },
        annotations: if gated { annotations(&template) } else { Texts::default() },
        progress,
        runs_already: runs_already && hold == Some(HeldBy::Policy),
        terminating: object.metadata.deletion_timestamp.is_some(),
        owned_elsewhere: owned_elsewhere(kind, &object),
        version: ResourceVersion::new(object.metadata.resource_version.as_str()),
        uid: object.metadata.uid,
        key: ObjectKey::new(object.metadata.namespace, object.metadata.name),
    })
}

/// A pod template without the mark of `kubectl rollout restart`, which ships nothing new.
fn content(template: &Value) -> Value {
    let mut content = template.clone();
    if let Some(annotations) = content.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(RESTARTED_AT);
        if annotations.is_empty()
            && let Some(metadata) = content.pointer_mut("/metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("annotations");
        }
    }
    content
}

fn images(template: &Value) -> Texts {
    ["/spec/initContainers", "/spec/containers"]
        .iter()
        .filter_map(|path| template.pointer(path).and_then(Value::as_array))
        .flatten()
        .filter_map(|c| Some((c["name"].as_str()?, c["image"].as_str()?)))
        .collect()
}

fn annotations(template: &Value) -> Texts {
    let all = template.pointer("/metadata/annotations").and_then(Value::as_object);
    all.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))).take(KEPT_ANNOTATIONS).collect()
}

/// Whose hold field it is, if not ours: Kueue suspends Jobs, Kruise pauses Deployments.
fn owned_elsewhere(kind: WorkloadKind, object: &Object) -> Option<String> {
    let labels = &object.metadata.labels;
    let has = |name: &str| labels.contains_key(name) || object.metadata.annotations.contains_key(name);
    match kind {
        WorkloadKind::Job if has("kueue.x-k8s.io/queue-name") => Some("Kueue decides when this Job runs".to_owned()),
        WorkloadKind::Deployment if has("rollouts.kruise.io/in-progressing") => {
            Some("a Kruise Rollout pauses this Deployment".to_owned())
        }
        _ => None,
    }
}

fn condition<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.status["conditions"].as_array()?.iter().find(|c| c["type"] == name)
}

fn number(value: &Value, field: &str) -> i64 {
    value[field].as_i64().unwrap_or(0)
}

/// The JSON patch that lets a held workload go: it fails unless the object still has this version.
/// What its author had stopped stays stopped.
#[must_use]
pub fn release_patch(workload: &Workload, why: &str) -> Value {
    let mut operations = vec![
        json!({"op": "test", "path": "/metadata/resourceVersion", "value": workload.version.as_str()}),
        json!({"op": "remove", "path": format!("/metadata/annotations/{}", escaped(HOLD))}),
        json!({"op": "add", "path": format!("/metadata/annotations/{}", escaped(RELEASED)), "value": why}),
    ];
    if workload.hold == Some(HeldBy::Policy) {
        operations.push(match workload.kind {
            WorkloadKind::Job => job::let_go(),
            _ => deployment::let_go(),
        });
    }
    Value::Array(operations)
}

/// A name as it stands in a JSON pointer (RFC 6901 section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
