//! How a release can end otherwise than by shipping everything: what people ask for, and what is recorded.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields;
use super::readiness::user_name;

/// How a rollback goes about its work.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RollbackRules {
    /// What becomes of steps that are on their way when another one fails.
    #[serde(default)]
    pub running: RunningSteps,
    /// What becomes of the steps beneath one whose rollback failed.
    #[serde(default)]
    pub if_one_fails: IfOneFails,
}

/// What becomes of steps that are on their way when another one fails.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunningSteps {
    /// They are rolled back where they are.
    #[default]
    Interrupt,
    /// They may finish, or fail, before the rollback begins.
    Finish,
}

/// What becomes of the steps beneath one whose rollback failed.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfOneFails {
    /// They stay as they are, and a person must act.
    #[default]
    Stop,
    /// They are rolled back all the same.
    Continue,
}

/// Ends the release before it is done. What runs, runs on; what was pinned by a rollback is let loose.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    #[schemars(schema_with = "fields::required_text")]
    pub reason: String,
    /// What becomes of changes that the release holds.
    #[serde(default)]
    pub held: HeldChanges,
}

/// What becomes of changes that a cancelled release holds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldChanges {
    /// They are their teams' own again: they go as changes that no release claims.
    #[default]
    Free,
    /// They stay held until another release takes them. The annotation `rollcall.dev/release` says so.
    Keep,
}

/// The decision to roll back. Once made, it is not taken back.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct RollbackStatus {
    /// By API-server time.
    pub since: String,
    /// Why: what failed, or who asked for it with which reason.
    pub cause: String,
}

/// The revision of a workload that ran before its step let anything go.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct FormerRevision {
    /// The object that keeps it: a ReplicaSet or a ControllerRevision, for example.
    pub name: String,
    /// The digest of its pod template.
    pub template: String,
}

/// Content that a step let go before it was granted anew.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ReplacedContent {
    /// What the release was to ship then.
    pub digest: String,
    /// The digest of its pod template.
    pub template: String,
}

/// A team's word that counts although it was given for earlier content: the release halted, and nothing of
/// the team's own part has changed since.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct CarriedWord {
    /// `<namespace>/<name>` of the team.
    pub team: String,
    /// The digest that the team signed.
    pub digest: String,
    /// Digest of the plan and the team's own members.
    pub part: String,
}

/// Somebody has done a task of a release by hand.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct TaskDone {
    /// `<namespace>/<name>` of the release.
    #[schemars(schema_with = "fields::namespaced_name")]
    pub release: String,
    /// The step whose task it is.
    #[schemars(schema_with = "fields::label")]
    pub step: String,
    /// What was about to ship when it was done: the `status.digest` of the release.
    #[schemars(schema_with = "fields::digest")]
    pub digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub note: Option<String>,
    /// Who did it. Stamped by the API server from the request; whatever the writer put here is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "user_name")]
    pub by: Option<String>,
}
