//! The status of a `TeamReadiness`. Only the operator's account may write it, but for the conditions with which other
//! controllers answer checks.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::fields::{self, WorkloadKind};
use super::readiness::SignOffDecision;

/// What the controller observed of a team.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TeamReadinessStatus {
    /// The generation this status speaks of; -1 before the controller has seen the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What each release that names this team waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub releases: Vec<TeamRelease>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub workloads: Vec<TeamWorkload>,
    /// When each sign-off was first seen, by API-server time: its validity counts from there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    pub seen_sign_offs: Vec<SeenSignOff>,
    /// What each check said last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub checks: Vec<CheckStatus>,
    /// Ours, and those of type `Check/<name>` with which other controllers answer checks that name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "fields::team_conditions")]
    pub conditions: Vec<Condition>,
}

/// Where a team stands with one release.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct TeamRelease {
    pub release: String,
    /// What would be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// SignedOff, Pending, Stale, Rejected, NotTrusted, or NothingAsked.
    pub state: String,
    /// Which roles have yet to sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub missing: Vec<String>,
}

/// What rollcall sees of one listed workload.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TeamWorkload {
    pub kind: WorkloadKind,
    pub name: String,
    /// Gated, NotFound, NotLabelled, or NotSupported.
    pub state: String,
    /// Since when the present content is held, by API-server time; absent if it is not held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<String>,
    /// The digest of the pod template that `heldSince` speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_template: Option<String>,
    /// When a change that no release claims last went out, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_go_at: Option<String>,
    /// What a held change waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// When a sign-off was first seen.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SeenSignOff {
    pub release: String,
    pub role: String,
    pub seat: i32,
    pub decision: SignOffDecision,
    pub digest: String,
    pub by: String,
    /// By API-server time.
    pub at: String,
}

/// What a check said last.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct CheckStatus {
    pub name: String,
    /// Pending, Ready, Retry (it does not pass now and is asked again), or Rejected (it says no, or cannot be asked).
    pub state: String,
    /// What it said.
    pub message: String,
    /// What to do so that it can be asked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// When it answered, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Which definition of the check answered: another one under the same name starts anew.
    pub definition: String,
}
