//! What a release waits for, and until when, as its status says it.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// One thing that keeps a release from going on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct BlockerStatus {
    /// `RCnnn`: from a closed list, the same everywhere.
    pub code: String,
    /// The step that waits; absent if the whole release does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Who can clear it.
    pub owner: String,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Since when, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// When it ends by itself, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// When a release might run.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleStatus {
    /// The earliest instant at which the next step might start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_start: Option<String>,
    /// Until when steps may start then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<String>,
}
