//! A workload's JSON as the adapters see it.

use serde::Deserialize;
use serde_json::Value;

use super::adapter::Adapter;
use crate::api::names::RESTARTED_AT;
use crate::cluster::objects::WireMeta;
use crate::digest::digest_of;

/// A workload, with what would ship set apart.
#[derive(Deserialize)]
pub(in crate::cluster) struct Object {
    pub metadata: WireMeta,
    /// Without the content.
    #[serde(default)]
    pub spec: Value,
    #[serde(default)]
    pub status: Value,
    /// The field of the spec that says what would ship.
    #[serde(skip)]
    pub content: Value,
}

impl Object {
    pub fn read(adapter: &dyn Adapter, text: &str) -> Result<Self, String> {
        let mut object: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        object.content = object.spec.get_mut(adapter.content()).map(Value::take).unwrap_or_default();
        Ok(object)
    }

    pub fn condition(&self, name: &str) -> Option<&Value> {
        self.status["conditions"].as_array()?.iter().find(|c| c["type"] == name)
    }

    /// A number of the status; 0 if it is not there.
    pub fn counted(&self, field: &str) -> i64 {
        self.status[field].as_i64().unwrap_or(0)
    }

    /// How many replicas its author wants.
    pub fn wanted(&self) -> i64 {
        self.spec["replicas"].as_i64().unwrap_or(1)
    }

    /// Whether its controller has seen the newest generation.
    pub fn observed(&self) -> bool {
        self.counted("observedGeneration") >= self.metadata.generation
    }

    /// Whether it has a label or an annotation of this name.
    pub fn has(&self, name: &str) -> bool {
        self.metadata.labels.contains_key(name) || self.metadata.annotations.contains_key(name)
    }

    /// An annotation that says something.
    pub fn note(&self, name: &str) -> Option<&String> {
        self.metadata.annotations.get(name).filter(|v| !v.is_empty())
    }

    /// The digest of what would ship.
    pub fn digest(&self, adapter: &dyn Adapter) -> String {
        digest_of_content(&self.content, adapter.pod_template())
    }
}

/// The digest of what ships, without what ships nothing new: the mark of `kubectl rollout restart`, and the empty
/// time that API servers write into templates or leave out, each as its version does.
pub(in crate::cluster) fn digest_of_content(content: &Value, pod_template: &str) -> String {
    let mut content = content.clone();
    for place in ["", pod_template] {
        let Some(metadata) =
            content.pointer_mut(place).and_then(|t| t.get_mut("metadata")).and_then(Value::as_object_mut)
        else {
            continue;
        };
        if metadata.get("creationTimestamp").is_some_and(Value::is_null) {
            metadata.remove("creationTimestamp");
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(RESTARTED_AT);
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    digest_of(&content)
}
