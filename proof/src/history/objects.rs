//! How objects are read by whoever judges: from their JSON, and not through the product's own reading.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Entry;

/// An object: kind, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl Key {
    #[must_use]
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(super) fn of(kind: &str, object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        Self::new(kind, text("namespace"), text("name"))
    }

    /// As releases and teams are named in texts: `namespace/name`.
    #[must_use]
    pub fn full(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// What is stored at one moment.
#[derive(Clone, Debug, Default)]
pub struct Seen<'a> {
    objects: BTreeMap<Arc<Key>, &'a Value>,
}

impl<'a> Seen<'a> {
    /// Takes in an entry, which is about the object of this key.
    pub(crate) fn take(&mut self, entry: &'a Entry, key: &Arc<Key>) {
        if entry.deleted {
            self.objects.remove(key);
        } else {
            self.objects.insert(key.clone(), &entry.object);
        }
    }

    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&'a Value> {
        self.objects.get(key).copied()
    }

    /// All objects of a kind, by name.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = (&Key, &'a Value)> {
        self.objects.iter().filter(move |(key, _)| key.kind == kind).map(|(key, object)| (&**key, *object))
    }

    /// All held workloads.
    pub fn held(&self) -> impl Iterator<Item = (&Key, &'a Value)> {
        self.objects.iter().filter(|(_, object)| is_held(object)).map(|(key, object)| (&**key, *object))
    }
}

/// The kinds of workload that rollcall may hold.
pub const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Whether a workload carries a hold.
#[must_use]
pub fn is_held(object: &Value) -> bool {
    object["metadata"]["annotations"]["rollcall.dev/hold"].is_string()
}

/// Whether a workload is pinned to its former content.
pub(super) fn is_pinned(object: &Value) -> bool {
    object["metadata"]["annotations"]["rollcall.dev/rollback"].is_string()
}

/// What a workload would run, without the mark of a restart.
#[must_use]
pub fn template_of(object: &Value) -> Value {
    let path = if object["spec"]["jobTemplate"].is_object() { "/spec/jobTemplate" } else { "/spec/template" };
    let mut template = object.pointer(path).cloned().unwrap_or_default();
    if let Some(annotations) = template.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/restartedAt");
        if annotations.is_empty()
            && let Some(metadata) = template["metadata"].as_object_mut()
        {
            metadata.remove("annotations");
        }
    }
    template
}

/// What is held of a workload; nothing if it is not held.
#[must_use]
pub fn held_template(object: &Value) -> Option<Value> {
    is_held(object).then(|| template_of(object))
}

/// A plan without what only says who is asked and whether to go on.
#[must_use]
pub fn plan_of(release: &Value) -> Value {
    let mut plan = release["spec"].clone();
    if let Some(fields) = plan.as_object_mut() {
        for field in ["paused", "override", "owner", "deadline", "priority", "notBefore"] {
            fields.remove(field);
        }
    }
    plan
}

/// The team of a step.
#[must_use]
pub fn team_of(release: &Value, step: &Value) -> Option<Key> {
    let name = step["participant"].as_str()?;
    let participant = list(&release["spec"]["participants"]).find(|p| p["name"] == name)?;
    let text = |field: &str| participant["team"][field].as_str();
    Some(Key::new("TeamReadiness", text("namespace")?, text("name")?))
}

/// The workload of a step, if it has one.
#[must_use]
pub fn workload_key(release: &Value, step: &Value) -> Option<Key> {
    let team = team_of(release, step)?;
    Some(Key::new(step["workload"]["kind"].as_str()?, &team.namespace, step["workload"]["name"].as_str()?))
}

/// The items of a list; none if it is none.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// An instant as the API server writes it.
pub(crate) fn instant(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.with_timezone(&Utc))
}

/// Whether a workload runs all of what is stored, as its own controller says of its newest generation. `None` for
/// kinds whose word is not known here.
pub(crate) fn runs_all(key: &Key, object: &Value) -> Option<bool> {
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    let (spec, status) = (&object["spec"], &object["status"]);
    let counted = |fields: &[&str], wanted| fields.iter().all(|field| number(&status[*field]) == wanted);
    let observed = number(&status["observedGeneration"]) >= number(&object["metadata"]["generation"]);
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    match key.kind.as_str() {
        "Deployment" => Some(observed && counted(&["replicas", "updatedReplicas", "availableReplicas"], wanted)),
        "StatefulSet" => {
            // Ordinals below the partition of its author stay as they are, unless there is nothing else to be.
            let partition = number(&spec["updateStrategy"]["rollingUpdate"]["partition"]).max(0);
            let spared = if status["currentRevision"] == status["updateRevision"] { 0 } else { partition };
            let updated = number(&status["updatedReplicas"]) >= wanted - spared;
            Some(observed && updated && counted(&["replicas", "readyReplicas"], wanted))
        }
        "DaemonSet" => {
            let nodes = number(&status["desiredNumberScheduled"]);
            Some(observed && counted(&["updatedNumberScheduled", "numberAvailable"], nodes))
        }
        "Job" => Some(list(&status["conditions"]).any(|c| c["type"] == "Complete" && c["status"] == "True")),
        _ => None,
    }
}

/// Whether a workload has failed, by its own controller's word.
pub(crate) fn has_failed(object: &Value) -> bool {
    list(&object["status"]["conditions"]).any(|c| {
        c["type"] == "Failed" && c["status"] == "True"
            || c["type"] == "Progressing" && c["status"] == "False" && c["reason"] == "ProgressDeadlineExceeded"
    })
}
