//! Overriding: letting a release past gates, and what is recorded of it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields;

/// Lets a release past gates.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Override {
    #[schemars(schema_with = "fields::required_text")]
    pub reason: String,
    #[schemars(schema_with = "fields::required_text")]
    pub ticket: String,
    /// Exactly what is skipped; all else still holds.
    #[schemars(length(min = 1, max = 4))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub skip: Vec<SkippableGate>,
    /// Void from this instant on.
    #[schemars(schema_with = "fields::instant")]
    pub until: String,
    /// The only content that it is for: the `status.digest` that the overrider looked at. Absent: the first content
    /// that goes under it, and then no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::digest")]
    pub digest: Option<String>,
    /// Who overrode. Stamped by the API server from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub by: Option<String>,
}

/// The gates that an override can name.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkippableGate {
    Freeze,
    Window,
    SignOff,
    Capacity,
}

/// Where an override stands.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct OverrideStatus {
    pub state: String,
    pub by: String,
    /// For people: what it skips until when, or why it does not count.
    pub message: String,
}

/// An override under which something went, and for what.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct UsedOverride {
    pub by: String,
    pub reason: String,
    pub ticket: String,
    #[schemars(length(max = 4))]
    pub skip: Vec<SkippableGate>,
    pub until: String,
    /// The content it was for, if it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// What went under it.
    pub digest: String,
    /// When the first step went under it, by API-server time.
    pub at: String,
}
