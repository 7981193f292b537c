//! The checks of a `TeamReadiness`: what must be true of running things before a team counts as ready.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::{self, WorkloadRef};

/// Something that must be true of running things. Exactly one of the forms, or `controllerName`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.workload), has(self.condition), has(self.replicas), has(self.noActiveFreeze), has(self.prometheus), has(self.http), has(self.controllerName)].filter(x, x).size() == 1").message("give exactly one of workload, condition, replicas, noActiveFreeze, prometheus, http, controllerName"))]
pub struct Check {
    #[schemars(schema_with = "fields::label")]
    pub name: String,
    /// The workload is available at its observed generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadRef>,
    /// A condition of an object in this namespace has a status, at the object's generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionCheck>,
    /// A workload has at least so many ready replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<ReplicasCheck>,
    /// No freeze governs this namespace now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_active_freeze: Option<NoActiveFreeze>,
    /// A Prometheus query compares with a threshold over a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusCheck>,
    /// An endpoint that the admin defined answers 2xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCheck>,
    /// Another controller answers this check, by a condition of type `Check/<name>` in this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "controller_name")]
    pub controller_name: Option<String>,
    /// After so long without an answer the check counts as failed. Default 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub timeout: Option<String>,
    /// How often the check is repeated while something waits for it. Default 1m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub every: Option<String>,
}

/// A condition of an object in the team's namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ConditionCheck {
    #[schemars(length(min = 1, max = 317))]
    pub api_version: String,
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    #[schemars(schema_with = "fields::object_name")]
    pub name: String,
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 316))]
    pub condition_type: String,
    #[schemars(schema_with = "condition_status")]
    pub status: String,
}

/// A workload with a minimum of ready replicas.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ReplicasCheck {
    pub workload: WorkloadRef,
    #[schemars(range(min = 1, max = 100_000))]
    pub at_least: i32,
}

/// No freeze governs the namespace now. It has no settings.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct NoActiveFreeze {}

/// A Prometheus query against a threshold.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PrometheusCheck {
    /// The name of an endpoint that the admin defined; teams never write addresses.
    #[schemars(schema_with = "fields::label")]
    pub endpoint: String,
    #[schemars(length(min = 1, max = 4096))]
    pub query: String,
    pub comparison: Comparison,
    /// A decimal number, as text so that no reader rounds it.
    #[schemars(schema_with = "decimal")]
    pub threshold: String,
    /// The comparison must hold for so long.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration_or_zero")]
    pub hold_for: Option<String>,
}

/// How a value must compare with a threshold.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Below,
    AtMost,
    AtLeast,
    Above,
}

/// A probe of an endpoint that the admin defined.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct HttpCheck {
    #[schemars(schema_with = "fields::label")]
    pub endpoint: String,
}

fn controller_name(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "maxLength": 253, "pattern": "^[a-z0-9][-a-z0-9.]*/[-A-Za-z0-9/._~%!$&'()*+,;=:]+$"})
}

fn condition_status(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "enum": ["True", "False", "Unknown"]})
}

fn decimal(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "maxLength": 32, "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})
}
