//! `CoordinatedRelease`: what ships, in which order, and who takes part.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ending::{Cancel, CarriedWord, FormerRevision, ReplacedContent, RollbackRules, RollbackStatus};
use super::fields::{self, ObjectRef, WorkloadRef};
pub use super::overriding::{Override, OverrideStatus, SkippableGate, UsedOverride};
pub use super::signed::{SignedContent, SignedMember};
pub use super::waiting::{BlockerStatus, ScheduleStatus};

/// The field selector of the releases that are under way, by the field that can be selected.
pub const UNDER_WAY: &str = "status.finished!=true";

/// What ships together: the teams that take part, the steps and their order. Its steps name workloads
/// that the teams listed; nothing of a team is touched without the team's consent.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "CoordinatedRelease",
    plural = "coordinatedreleases",
    shortname = "crel",
    category = "rollcall",
    namespaced,
    status = "CoordinatedReleaseStatus",
    derive = "PartialEq",
    doc = "What ships together: the teams that take part, the steps, and their order.",
    label("app.kubernetes.io/part-of", "rollcall"),
    selectable = ".status.finished",
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.finished) || !oldSelf.status.finished || self.spec == oldSelf.spec").message("the release is finished, so its spec is a record: create another release").field_path(".spec"),
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.steps) || oldSelf.spec.steps.all(o, !oldSelf.status.steps.exists(s, s.name == o.name && has(s.grant) && !has(s.grant.withdrawnAt)) || self.spec.steps.exists(n, n.name == o.name && has(n.workload) && has(o.workload) && n.workload.kind == o.workload.kind && n.workload.name == o.workload.name && has(n.participant) && has(o.participant) && n.participant == o.participant))").message("a step that was let go cannot be removed, or be given another workload or participant: cancel the release and create another one").field_path(".spec.steps"),
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.steps) || !oldSelf.status.steps.exists(s, has(s.grant) && !has(s.grant.withdrawnAt)) || oldSelf.spec.participants.all(o, self.spec.participants.all(n, n.name != o.name || n.team.__namespace__ == o.team.__namespace__ && n.team.name == o.team.name))").message("once a step was let go no participant can become another team: cancel the release and create another one").field_path(".spec.participants"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(name = "Steps", type_ = "string", json_path = ".status.progress"),
    printcolumn(
        name = "Waiting-For",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#
    ),
    printcolumn(
        name = "Digest",
        type_ = "string",
        json_path = ".status.digest",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.steps.all(s, !has(s.participant) || self.participants.exists(p, p.name == s.participant))").message("every step's participant must be one of spec.participants").field_path(".steps"),
    validation = Rule::new("self.steps.all(s, !has(s.dependsOn) || s.dependsOn.all(d, d != s.name))").message("a step cannot depend on itself").field_path(".steps"),
    validation = Rule::new("self.steps.all(s, !has(s.dependsOn) || s.dependsOn.all(d, self.steps.exists(t, t.name == d)))").message("dependsOn must name steps of this release").field_path(".steps"),
    validation = Rule::new("self.steps.all(s, !has(s.participant) || !self.participants.exists(p, p.name == s.participant && p.role == 'Informed'))").message("a participant that is only Informed can have no step").field_path(".steps"),
    validation = Rule::new("self.steps.all(s, !has(s.workload) || !has(s.participant) || self.steps.exists_one(t, has(t.workload) && has(t.participant) && t.participant == s.participant && t.workload.kind == s.workload.kind && t.workload.name == s.workload.name))").message("two steps cannot have the same workload").field_path(".steps"),
    validation = Rule::new("!has(self.notBefore) || !has(self.deadline) || timestamp(self.notBefore) < timestamp(self.deadline)").message("deadline must be later than notBefore").field_path(".deadline")
)]
pub struct CoordinatedReleaseSpec {
    /// Who answers for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The teams that take part, each with what it answers for.
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub participants: Vec<Participant>,
    /// What happens, in the order that `dependsOn` gives; what depends on nothing may happen at once.
    #[schemars(length(min = 1, max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub steps: Vec<Step>,
    /// Windows that govern this release in addition to those that govern it by selector.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub windows: Vec<ObjectRef>,
    /// No step starts before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::instant")]
    pub not_before: Option<String>,
    /// By when the release should be done. Nothing is stopped at the deadline; it is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::instant")]
    pub deadline: Option<String>,
    /// Among releases that want the same slot, the higher number goes first.
    #[serde(default)]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: i32,
    /// What happens when a step fails.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// The stop button: while true, no further step starts. It dominates everything.
    #[serde(default)]
    pub paused: bool,
    /// A person lets the release go on although a window with `onClose: Halt` closed on it: closes up to this instant,
    /// included, keep nothing back any more. An instant that has not come says nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::instant")]
    pub resumed_at: Option<String>,
    /// How a rollback of this release goes about its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackRules>,
    /// Ends the release before it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Cancel>,
    /// Lets the release past gates that it names, for a reason and a time. Needs the verb `override`.
    #[serde(rename = "override", default, skip_serializing_if = "Option::is_none")]
    pub override_: Option<Override>,
}

/// Who answers for a release.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Owner {
    #[schemars(schema_with = "fields::required_text")]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub contact: Option<String>,
}

/// A team's part in a release.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Participant {
    /// How steps call it.
    #[schemars(schema_with = "fields::label")]
    pub name: String,
    /// The team's `TeamReadiness`.
    pub team: ObjectRef,
    #[serde(default)]
    pub role: ParticipantRole,
    /// What the team answers for, in words it will recognise. Required, so that nobody is surprised.
    #[schemars(schema_with = "fields::required_text")]
    pub responsibility: String,
}

/// How much a release depends on a team's word.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParticipantRole {
    /// No step starts before this team is ready.
    #[default]
    Required,
    /// Only the team's own steps wait for its readiness.
    Optional,
    /// The team is told, and nothing waits for it. It has no steps.
    Informed,
}

/// One node of the order: a workload of a participant, a wait, or a person's task.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.workload), has(self.wait), has(self.task)].filter(x, x).size() == 1").message("give exactly one of workload, wait, task"),
    validation = Rule::new("has(self.wait) || has(self.participant)").message("a workload or a task needs a participant").field_path(".participant"),
    validation = Rule::new("!has(self.expect) || has(self.workload)").message("only a workload has content to expect").field_path(".expect")
)]
pub struct Step {
    #[schemars(schema_with = "fields::label")]
    pub name: String,
    /// Which participant's step this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::optional_label")]
    pub participant: Option<String>,
    /// A workload in the team's namespace that the team lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadRef>,
    /// Nothing but time passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub wait: Option<String>,
    /// Somebody does this by hand and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::required_text")]
    pub task: Option<String>,
    /// Steps that must be done, and soaked, before this one starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "step_names")]
    pub depends_on: Vec<String>,
    /// How long the step usually takes; it starts only if that much is left of the opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub estimate: Option<String>,
    /// How long the step must have been done before what depends on it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration_or_zero")]
    pub soak: Option<String>,
    /// After so long without being done the step has failed. Default 30m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub timeout: Option<String>,
    /// Shared resources and skills that the step takes while it runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "fields::amounts")]
    pub requires: BTreeMap<String, i32>,
    /// Content that must have arrived before the step may go; only such content is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
    /// Checks of the step's team, by name. They must pass once the step is released before it counts as done,
    /// and go on passing until the release ends; else the step has failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "step_names")]
    pub verify: Vec<String>,
    /// False: a rollback stops before this step and says so. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversible: Option<bool>,
    /// Overrules `spec.onFailure` for this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// Content that a step waits for. At least one of the two.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("(has(self.images) && size(self.images) > 0) || (has(self.annotations) && size(self.annotations) > 0)").message("give images or annotations"))]
pub struct Expectation {
    /// Image by container name, compared as written in the pod template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "fields::texts_by_name")]
    pub images: BTreeMap<String, String>,
    /// Annotations of the pod template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "fields::texts_by_name")]
    pub annotations: BTreeMap<String, String>,
}

/// What happens when a step fails.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// What has been released is rolled back, in reverse order, where the teams consent.
    #[default]
    Rollback,
    /// Nothing further starts; what runs, runs on; a person decides.
    Halt,
    /// Only what depends on the failed step stays behind.
    Continue,
}

/// What the controller observed of a release. Only the operator's account may write it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CoordinatedReleaseStatus {
    /// The generation this status speaks of; -1 before the controller has seen the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// SHA-256 of what would ship: the plan and the live pod templates of all members, with their UIDs.
    /// This is what teams sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Since when the digest has been what it is, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_since: Option<String>,
    /// Steps done, of all: `2/4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// When it was first accepted, by API-server time. From then until its end it claims the workloads of its steps,
    /// except those of teams that take their consent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<String>,
    /// When the first step was granted, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// True once it has ended; it then leaves the controller's memory and claims nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<bool>,
    /// When, by API-server time, a rollback that somebody asked for after the release had ended was taken up. From then
    /// on it takes back what it shipped, and claims nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<String>,
    /// The release is being rolled back, or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackStatus>,
    /// Words that count although they were given for earlier content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub carried: Vec<CarriedWord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub steps: Vec<StepStatus>,
    /// Everything that keeps the release from going on, in the order in which people are told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub blockers: Vec<BlockerStatus>,
    /// How many blockers were left out of the list above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blockers_left_out: Option<i32>,
    /// Where `spec.override` stands: InForce, Ended, ForOtherContent, or NotStamped, and by whom it is.
    #[serde(rename = "override", default, skip_serializing_if = "Option::is_none")]
    pub override_: Option<OverrideStatus>,
    /// What teams have signed, newest last; at most 2 that differ. It is what tells them later what changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub signed: Vec<SignedContent>,
    /// Overrides under which something went, newest last; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub overrides_used: Vec<UsedOverride>,
    /// When the release might run, as far as the windows tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleStatus>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "fields::conditions")]
    pub conditions: Vec<Condition>,
}

/// Where one step stands.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StepStatus {
    #[schemars(schema_with = "fields::label")]
    pub name: String,
    /// Waiting, Granted, Progressing, Soaking, Done, Failed, RollingBack, or RolledBack.
    pub state: String,
    /// How firmly the workload can be held: Full; UpdatesOnly (a first installation is not held); Interrupting
    /// (what ran before does not run meanwhile); or BestEffort (a pod that is created meanwhile is of the held
    /// content).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<String>,
    /// The recorded decision to let this step go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// When the released content was first seen moving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it was first seen complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Who said that a task is done, as the API server stamped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_by: Option<String>,
    /// When its former version was put back, by API-server time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A recorded decision to release one step, citing the versions it was decided on.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The format of this record; a number that is not known makes the step hold.
    pub format: i32,
    /// When, by API-server time. A grant that is not acted on within a few seconds is void.
    pub at: String,
    /// What was to ship.
    pub digest: String,
    pub workload_uid: String,
    /// The version of the workload that was approved; the release action succeeds on no other.
    pub workload_version: String,
    /// The digest of the pod template that was approved.
    pub template: String,
    /// The workload was rolled back from exactly this content before; absent if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_before: Option<bool>,
    /// What ran before the step let anything go; absent if nothing did. A rollback brings it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<FormerRevision>,
    /// What the step had let go before, the newest last, if that was what ran when this was granted; at most 8. A
    /// rollback remembers all of it as rolled back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub replaced: Vec<ReplacedContent>,
    /// The versions of the teams and windows that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub evidence: Vec<String>,
    /// Who overrode which gates, if anybody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
    /// When it was first seen, by API-server time, that nobody can act on it any more, and that nobody had. It counts
    /// for nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<String>,
}

fn step_names(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "maxItems": 16, "x-kubernetes-list-type": "set",
        "items": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}})
}
