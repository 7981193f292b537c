//! `TeamReadiness`: whether a team is ready, what it puts under rollcall, and to whom it consents.

use std::collections::BTreeMap;
use std::fmt;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks::Check;
use super::ending::TaskDone;
use super::fields::{self, Selector, WorkloadRef};
pub use super::team_status::{CheckStatus, SeenSignOff, TeamReadinessStatus, TeamRelease, TeamWorkload};

/// A team: the workloads it puts under rollcall, which releases may do what with them, what it takes
/// for the team to be ready, and its word on each release. It lives in the team's own namespace.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "TeamReadiness",
    plural = "teamreadinesses",
    shortname = "tr",
    category = "rollcall",
    namespaced,
    status = "TeamReadinessStatus",
    derive = "PartialEq",
    doc = "A team's workloads under rollcall, its consent, and its word on each release.",
    label("app.kubernetes.io/part-of", "rollcall"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(
        name = "Signed-Off",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="SignedOff")].status"#
    ),
    printcolumn(name = "Asked", type_ = "string", json_path = r#".status.conditions[?(@.type=="SignedOff")].message"#),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct TeamReadinessSpec {
    /// What the team puts under rollcall, in this namespace. rollcall labels them; their changes are
    /// then held until a release, or an open window, lets them go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["kind".into(), "name".into()]))]
    pub workloads: Vec<WorkloadRef>,
    /// Consent: which releases may do what with the workloads above. No entry, no action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub allow: Vec<Consent>,
    /// Whose word it takes, and for how long it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_off: Option<SignOffRules>,
    /// The team's word on releases. Writing here needs the verb `signoff` on this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["release".into(), "role".into(), "seat".into()]))]
    pub sign_offs: Vec<SignOff>,
    /// Tasks of releases that somebody of the team has done. Writing here needs the verb `signoff` on this
    /// object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["release".into(), "step".into()]))]
    pub tasks_done: Vec<TaskDone>,
    /// What must be true of running things before the team counts as ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub checks: Vec<Check>,
    /// What happens to changes that no release claims.
    #[serde(default)]
    pub independent_changes: IndependentChanges,
    /// How long a change may be held, and what happens then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_hold: Option<MaxHold>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<TeamCapacity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<TeamContact>,
}

/// One consent: releases in `namespace`, with that name or those labels if given, may do the actions.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Consent {
    /// The namespace of the releases.
    #[schemars(schema_with = "fields::label")]
    pub namespace: String,
    /// Only the release of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::object_name")]
    pub name: Option<String>,
    /// Only releases with these labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::selector")]
    pub selector: Option<Selector>,
    /// What they may do. Rolling back must be said; holding and releasing is the default.
    #[serde(default = "hold_and_release")]
    #[schemars(length(min = 1, max = 3))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub actions: Vec<ConsentAction>,
}

fn hold_and_release() -> Vec<ConsentAction> {
    vec![ConsentAction::Hold, ConsentAction::Release]
}

/// What a team can consent to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsentAction {
    /// The release may make the team's changes wait.
    Hold,
    /// The release may let them go.
    Release,
    /// The release may bring the former version back.
    Rollback,
}

/// Whose word it takes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SignOffRules {
    /// Every one of these must say Go. None: the team signs nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["role".into()]))]
    pub required: Vec<RequiredSignOff>,
    /// How long a sign-off holds after rollcall first saw it. Default 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub valid_for: Option<String>,
    /// Service accounts, `system:serviceaccount:<namespace>:<name>`, whose sign-offs count although they
    /// pass on what Git says; such a sign-off is recorded as Delegated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), schema_with = "user_names")]
    pub delegates: Vec<String>,
    /// Whoever wrote the release may not sign it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_self_approval: Option<bool>,
    /// What a withdrawal does once the team's first step has started.
    #[serde(default)]
    pub withdrawn_after_start: WithdrawnAfterStart,
}

/// One role whose word is required.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RequiredSignOff {
    #[schemars(schema_with = "fields::label")]
    pub role: String,
    /// How many different people must sign in this role.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 8))]
    pub count: i32,
    /// A service account's word does not count, except a delegate's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_human: Option<bool>,
}

fn one() -> i32 {
    1
}

/// What a withdrawal does once the team's first step has started.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithdrawnAfterStart {
    /// Nothing: the release goes on.
    #[default]
    Continue,
    /// No further step of this team starts.
    Halt,
}

/// A team's word on one release, in one role.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("self.decision != 'NoGo' || (has(self.reason) && self.reason.trim() != '')").message("a NoGo needs a reason").field_path(".reason"))]
pub struct SignOff {
    /// `<namespace>/<name>` of the release.
    #[schemars(schema_with = "fields::namespaced_name")]
    pub release: String,
    /// A role that `signOff.required` names. A word that is stored stays when its role is renamed or removed there, and
    /// counts for nothing then.
    #[schemars(schema_with = "fields::label")]
    pub role: String,
    /// Which of the role's seats, where `count` asks for more than one person; 1 is the first.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 8))]
    pub seat: i32,
    pub decision: SignOffDecision,
    /// What is signed: the `status.digest` of the release. Any change of what would ship changes it.
    #[schemars(schema_with = "fields::digest")]
    pub digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub reason: Option<String>,
    /// Who signed. Stamped by the API server from the request; whatever the writer put here is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "user_name")]
    pub by: Option<String>,
    /// How often this word was given again: raise it to say the same anew once its time is over, for an entry that is
    /// applied unchanged is the old word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub renewal: Option<i32>,
}

/// Go or NoGo.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOffDecision {
    Go,
    NoGo,
}

impl fmt::Display for SignOffDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "Go",
            Self::NoGo => "NoGo",
        })
    }
}

/// What happens to changes that no release claims.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndependentChanges {
    /// They go out, after a settle time, as soon as the windows that govern the team are open.
    #[default]
    AtOpenWindow,
    /// They stay held until a release takes them.
    Held,
}

/// A limit to how long a change may be held.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct MaxHold {
    #[schemars(schema_with = "fields::duration")]
    pub duration: String,
    /// Alert: an Event and a condition say so. Release: the change goes out, whichever release still claims
    /// it, as soon as the windows that govern the team are open.
    #[serde(default)]
    pub then: MaxHoldThen,
}

/// What happens when the limit is reached.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaxHoldThen {
    #[default]
    Alert,
    Release,
}

/// How much the team can do at once.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TeamCapacity {
    /// Steps of this team under way at once, over all releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub parallel_steps: Option<i32>,
    /// How many people have a skill; a step names what it takes in `requires`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "fields::amounts")]
    pub skills: BTreeMap<String, i32>,
}

/// How and when the team is reached.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TeamContact {
    /// Whom to ask, in a form that a person can use; shown in blockers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub ask: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::time_zone")]
    pub time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub working_hours: Vec<super::window::Weekly>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub absences: Vec<Absence>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub routes: Vec<Route>,
}

/// Somebody is away, from one instant (included) until another (excluded).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("self.from < self.until").message("until must be later than from").field_path(".until"))]
pub struct Absence {
    #[schemars(schema_with = "fields::required_text")]
    pub who: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::label")]
    pub skill: Option<String>,
    #[schemars(schema_with = "fields::instant")]
    pub from: String,
    #[schemars(schema_with = "fields::instant")]
    pub until: String,
}

/// Which channels carry which messages; the first match wins. Channels are names the admin defined.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Route {
    pub class: MessageClass,
    #[schemars(length(min = 1, max = 8), schema_with = "channels")]
    pub via: Vec<String>,
}

/// How much a message asks of its reader.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageClass {
    /// You owe something now.
    Act,
    /// It changes what you planned.
    Know,
    /// For the curious.
    Ambient,
}

pub(super) fn user_name(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "maxLength": 512, "pattern": fields::PLAIN})
}

fn user_names(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 512,
        "pattern": "^system:serviceaccount:[a-z0-9]([-a-z0-9]*[a-z0-9])?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}})
}

fn channels(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "minItems": 1, "maxItems": 8, "items": {"type": "string", "maxLength": 127,
        "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(/[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$"}})
}
