//! What was signed, by its parts, as a release's status records it.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Content that somebody signed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SignedContent {
    pub digest: String,
    /// What is other now: which member, which field. At most 9 entries; absent while it is what would ship.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 9))]
    pub changed: Vec<String>,
    /// Short digests of the parts of the plan.
    #[schemars(schema_with = "short_digests")]
    pub plan: BTreeMap<String, String>,
    /// By the step's name.
    #[schemars(length(max = 100))]
    pub members: Vec<SignedMember>,
}

/// One step's workload as it was signed. It says nothing of what the template holds but its images.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SignedMember {
    pub step: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "images")]
    pub images: BTreeMap<String, String>,
    /// The parts of the pod template, one a line: path, `=`, short digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parts: String,
}

fn short_digests(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "maxProperties": 256, "additionalProperties": {"type": "string", "maxLength": 16}})
}

fn images(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "maxProperties": 128, "additionalProperties": {"type": "string", "maxLength": 4096}})
}
