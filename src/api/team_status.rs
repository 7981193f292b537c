//! The status of a `TeamReadiness`. Only the operator's account may write it, but for the conditions with which other
//! controllers answer checks.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
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
    /// What the team was asked, what it said and when, for the releases to which something happened last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub history: Vec<ReleaseHistory>,
    /// The same in counts, for releases before those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_earlier: Option<HistoryCounts>,
    /// Changes that went out because somebody broke the glass, newest last. Who it was is in the API server's audit log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub broken_glass: Vec<BrokenGlass>,
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
    /// What is other now than what the team signed: which member, which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 9))]
    pub changed: Vec<String>,
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
    /// The first digits of the digest of its content when it was looked at last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What let its content go last, as rollcall noted it on the workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_go_by: Option<String>,
    /// The ticket that its annotation for breaking the glass named then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<String>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<i32>,
    /// By API-server time.
    pub at: String,
    /// Where it comes from, if not from a person's own hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SignOffSource>,
}

/// Where a sign-off comes from, if not from a person's own hand.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOffSource {
    /// A service account that the team named as a delegate passes on what Git says: trust in it is trust in who may
    /// merge there.
    Delegated,
    /// Some other service account, which counts only where no human is required.
    ServiceAccount,
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

/// What happened between a team and one release.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ReleaseHistory {
    pub release: String,
    /// Newest last.
    #[schemars(length(max = 16))]
    pub entries: Vec<HistoryEntry>,
    /// What came before, in counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<HistoryCounts>,
}

/// One thing that happened.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When rollcall saw it, by API-server time.
    pub at: String,
    pub event: HistoryEvent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whose word it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The first digits of the digest it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What can happen between a team and a release, in the order in which it is told if it happens at once.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HistoryEvent {
    /// The team's word is asked for, for this content.
    Asked,
    /// A word was for content that is not what would ship any more.
    Stale,
    /// Somebody took a word back.
    Withdrawn,
    /// Somebody said Go.
    Seen,
    /// Somebody said NoGo.
    Refused,
    /// All that the team was asked for is there.
    Signed,
    /// It is not any more, because a word became too old.
    Expired,
}

/// What happened, in counts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct HistoryCounts {
    pub asked: i64,
    pub seen: i64,
    pub signed: i64,
    pub refused: i64,
    pub withdrawn: i64,
    pub stale: i64,
    pub expired: i64,
    /// From being asked to having signed, summed up over the counted answers, in seconds.
    pub lead_seconds: i64,
    /// When the last counted question was asked, if its answer is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<String>,
}

/// A change that went out because somebody broke the glass.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct BrokenGlass {
    pub kind: WorkloadKind,
    pub name: String,
    /// What the annotation said.
    pub ticket: String,
    /// The first digits of the digest of what went out.
    pub template: String,
    /// When rollcall noticed, by API-server time.
    pub at: String,
}
