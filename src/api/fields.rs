//! The schemas of fields that several kinds share. Every string and list that a user can write is
//! bounded here or where it is declared, because an unbounded one makes CEL rules too costly for
//! the API server and messages too long for people.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Text without control characters: C0, DEL and C1 are refused, so no name or message can move a
/// terminal's cursor; nor are line separators and the marks that turn the direction of writing, so that
/// what is shown is what is stored. At most 1,024 characters.
pub fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 1024, "pattern": PLAIN})
}

/// Any number of characters that print where they stand.
pub const PLAIN: &str = r"^[^\x00-\x1f\x7f-\x9f\x{2028}-\x{202e}\x{2066}-\x{2069}]*$";
/// As [`PLAIN`], with at least one that is no space.
const PLAIN_AND_NOT_BLANK: &str = r"^[^\x00-\x1f\x7f-\x9f\x{2028}-\x{202e}\x{2066}-\x{2069}]*[^\x00-\x20\x7f-\xa0\x{2028}-\x{202e}\x{2066}-\x{2069}][^\x00-\x1f\x7f-\x9f\x{2028}-\x{202e}\x{2066}-\x{2069}]*$";

/// As [`text`], but neither empty nor blank: who reads it must learn something.
pub fn required_text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 1024, "pattern": PLAIN_AND_NOT_BLANK})
}

/// An RFC 1123 label: lower-case letters, digits and `-`, at most 63 characters. Used for names that
/// live inside one of our objects.
pub fn label(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"})
}

/// As [`label`], and absent is fine.
pub fn optional_label(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"})
}

/// An RFC 1123 subdomain: the name of a Kubernetes object, at most 253 characters.
pub fn object_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 253, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"})
}

/// `<namespace>/<name>` of an object, at most 317 characters.
pub fn namespaced_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 317, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"})
}

/// A duration as Kubernetes writes it: whole numbers with `h`, `m`, `s`, longer than zero and at most
/// 8,760 hours (a year).
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 24, "pattern": "^([0-9]{1,8}[hms])+$",
        "x-kubernetes-validations": [{
            "rule": "duration(self) > duration('0s') && duration(self) <= duration('8760h')",
            "message": "must be longer than 0s and at most 8760h"}]})
}

/// As [`duration`], but zero is a value too.
pub fn duration_or_zero(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 24, "pattern": "^([0-9]{1,8}[hms])+$",
        "x-kubernetes-validations": [{
            "rule": "duration(self) <= duration('8760h')", "message": "must be at most 8760h"}]})
}

/// The length of an opening: `h`, `m` are exact, `d`, `w` are nominal (the same wall time so many
/// days later); RFC 5545 section 3.3.6 makes the same difference. Not zero; at most 400 days, which
/// the controller checks.
pub fn nominal_duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 24, "pattern": "^([0-9]{1,6}[wdhm])+$",
        "x-kubernetes-validations": [{
            "rule": "self.matches('[1-9]')", "message": "must be longer than zero"}]})
}

/// An instant, RFC 3339 with an offset.
pub fn instant(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "date-time", "maxLength": 40})
}

/// A wall-clock time in the window's zone, without an offset: `2027-01-05T09:00:00`.
pub fn local_date_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 19,
        "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
}

/// A calendar date in the window's zone: `2026-12-24`.
pub fn local_date(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 10, "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"})
}

/// The wall-clock time at which an opening starts: `00:00` to `23:59`.
pub fn time_of_day(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 5, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
}

/// The wall-clock time at which an opening ends: `00:00` to `24:00`.
pub fn end_of_day(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 5, "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"})
}

/// An IANA zone name. The API server asks its own zone data, so an unknown name is refused when it is written; the
/// names that mean "the zone of this machine" are refused too. One that is stored is not asked about again: a zone
/// that the API server does not know is an error of the rule and no refusal, which it holds against every later write,
/// also that of the status that reports it.
pub fn time_zone(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$",
        "x-kubernetes-validations": [
            {"rule": "!(self in ['Local', 'localtime', 'posixrules', 'Factory', 'Etc/Unknown'])",
             "message": "must name a zone such as Europe/Berlin, not the zone of whichever machine reads it"},
            {"rule": "oldSelf.orValue('') == self || timestamp('2026-01-01T12:00:00Z').getFullYear(self) == 2026",
             "optionalOldSelf": true,
             "message": "must be a zone of the IANA time zone database, such as Europe/Berlin or UTC"}]})
}

/// A digest as rollcall publishes it in `status.digest`.
pub fn digest(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 71, "pattern": "^sha256:[0-9a-f]{64}$"})
}

/// Named amounts: at most 16 names of at most 63 characters, each amount 1 to 1,000.
pub fn amounts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "maxProperties": 16,
        "additionalProperties": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 1000},
        "x-kubernetes-validations": [{
            "rule": "self.all(name, name.matches('^[a-z0-9]([-a-z0-9/.]{0,61}[a-z0-9])?$'))",
            "message": "names are lower-case letters, digits, '-', '/' and '.', at most 63 characters"}]})
}

/// Text by name, such as images by container: at most 32 entries.
pub fn texts_by_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "maxProperties": 32,
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 512, "pattern": PLAIN}})
}

/// The key of a label, with or without a prefix.
const LABEL_KEY: &str = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
/// The value of a label, which may be empty.
const LABEL_VALUE: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";

/// Labels to select by, as everywhere in Kubernetes, with bounds.
pub fn selector(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object",
        "properties": {
            "matchLabels": {"type": "object", "maxProperties": 16,
                "additionalProperties": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
                "x-kubernetes-validations": [{
                    "rule": "self.all(key, size(key) <= 317 && key.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
                    "message": "every key must be a label's, such as tier or example.com/tier"}]},
            "matchExpressions": {"type": "array", "maxItems": 16, "x-kubernetes-list-type": "atomic", "items": {
                "type": "object", "required": ["key", "operator"],
                "properties": {
                    "key": {"type": "string", "maxLength": 317, "pattern": LABEL_KEY},
                    "operator": {"type": "string", "enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
                    "values": {"type": "array", "maxItems": 32, "x-kubernetes-list-type": "atomic", "items": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE}}},
                "x-kubernetes-validations": [{
                    "rule": "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
                    "message": "In and NotIn need values, Exists and DoesNotExist have none"}]}}}})
}

/// The conditions of a status: a list-map by type, as `metav1.Condition` prescribes.
pub fn conditions(_: &mut SchemaGenerator) -> Schema {
    at_most_conditions(16)
}

/// As [`conditions`], with room for one of each check besides ours.
pub fn team_conditions(_: &mut SchemaGenerator) -> Schema {
    at_most_conditions(48)
}

fn at_most_conditions(limit: u32) -> Schema {
    json_schema!({"type": "array", "maxItems": limit, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
        "items": {"type": "object", "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {"type": "string", "maxLength": 316},
                "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                "reason": {"type": "string", "maxLength": 1024},
                "message": {"type": "string", "maxLength": 32768},
                "observedGeneration": {"type": "integer", "format": "int64"},
                "lastTransitionTime": {"type": "string", "format": "date-time"}}}})
}

/// A namespace and a name of an object in it.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    #[schemars(schema_with = "label")]
    pub namespace: String,
    #[schemars(schema_with = "object_name")]
    pub name: String,
}

/// The kinds of workload that rollcall can hold.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
}

impl WorkloadKind {
    /// Every kind, in the order in which they are declared.
    pub const ALL: [Self; 5] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::Job, Self::CronJob];

    /// The kind as Kubernetes spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }
}

/// A workload in a namespace that the context names.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkloadRef {
    pub kind: WorkloadKind,
    #[schemars(schema_with = "object_name")]
    pub name: String,
}

/// A label selector; absent and empty differ, as in Kubernetes: absent selects nothing here, empty everything.
pub type Selector = LabelSelector;
