//! `DeploymentWindow`: when a deployment may happen.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::{self, Selector};

/// When deployments may happen: an Allow window is closed outside its openings, a Freeze is closed
/// during them. Openings include their start and exclude their end. A window governs the steps of
/// its own namespace; in the operator's namespace it governs the namespaces that
/// `namespaceSelector` selects. A Freeze beats every Allow.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DeploymentWindow",
    plural = "deploymentwindows",
    shortname = "dw",
    category = "rollcall",
    namespaced,
    status = "DeploymentWindowStatus",
    derive = "PartialEq",
    doc = "When deployments may happen: an Allow window is closed outside its openings, a Freeze is closed during them.",
    label("app.kubernetes.io/part-of", "rollcall"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Open", type_ = "boolean", json_path = ".status.open"),
    printcolumn(name = "Next-Open", type_ = "string", json_path = ".status.nextOpen"),
    printcolumn(name = "Next-Close", type_ = "string", json_path = ".status.nextClose"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Zone", type_ = "string", json_path = ".spec.timeZone", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.validFrom) || !has(self.validUntil) || self.validFrom < self.validUntil").message("validUntil must be later than validFrom").field_path(".validUntil"),
    validation = Rule::new("!has(self.blocksRollback) || !self.blocksRollback || self.type == 'Freeze'").message("only a Freeze can block rollbacks").field_path(".blocksRollback")
)]
pub struct DeploymentWindowSpec {
    /// Allow: deployments happen only during the openings. Freeze: none happens during them.
    #[serde(rename = "type")]
    pub window_type: WindowType,
    /// The IANA zone in which all wall-clock times of this window are read. Required: there is no default.
    #[schemars(schema_with = "fields::time_zone")]
    pub time_zone: String,
    /// Shown to whoever waits for this window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub reason: Option<String>,
    /// The openings: every entry adds some, in any order. Each has exactly one form.
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub schedule: Vec<ScheduleEntry>,
    /// The last word inside this window: what they skip is closed and what they add is open,
    /// whatever the schedule says. Later exceptions win over earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub exceptions: Vec<WindowException>,
    /// An iCalendar of days on which nothing opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<CalendarRef>,
    /// Nothing opens before this instant (included).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::instant")]
    pub valid_from: Option<String>,
    /// Nothing is open at or after this instant (excluded).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::instant")]
    pub valid_until: Option<String>,
    /// Which namespaces this window governs, by their labels. Honoured only in the operator's own
    /// namespace; elsewhere a window governs its own namespace and this field is reported as ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::selector")]
    pub namespace_selector: Option<Selector>,
    /// Which releases this window governs, by the labels of the CoordinatedRelease; absent means all.
    /// Both selectors must match. Changes that no release claims have no labels to match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::selector")]
    pub release_selector: Option<Selector>,
    /// How much may happen in one opening of an Allow window. Each open window that governs a step must have room
    /// for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<WindowCapacity>,
    /// A step starts only with at least this much left of the merged opening; the step's own estimate
    /// wins if it is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub min_remaining: Option<String>,
    /// What happens to a release that is under way when the window closes.
    #[serde(default)]
    pub on_close: OnClose,
    /// How long after the close `onClose: Halt` or `Rollback` still waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration_or_zero")]
    pub overrun_grace: Option<String>,
    /// Spreads the starts of an opening that frees many: each release, and each change that goes by itself, waits for
    /// a turn of its own within this time after the merged opening began. The turn follows from its name and the
    /// opening, so it is the same whoever asks. Nobody waits so long that it would no longer fit. Absent: all start at
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::duration")]
    pub opening_jitter: Option<String>,
    /// A Freeze lets rollbacks pass unless this is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks_rollback: Option<bool>,
}

/// What the openings of a window mean.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WindowType {
    Allow,
    Freeze,
}

/// One way in which a window opens. Exactly one of `weekly`, `cron`, `rrule`, `dates`, `calendar`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("[has(self.weekly), has(self.cron), has(self.rrule), has(self.dates), has(self.calendar)].filter(x, x).size() == 1").message("give exactly one of weekly, cron, rrule, dates, calendar"))]
pub struct ScheduleEntry {
    /// How status, messages and people call this entry.
    #[schemars(schema_with = "fields::label")]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<Cron>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrule: Option<Rrule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<Dates>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarRef>,
}

/// Opens on days of the week. `until` not later than `from` means the next day; the opening belongs to
/// the day it starts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Weekly {
    /// `Mon` to `Sun`, or ranges such as `Mon-Thu`; a range may cross the week's end (`Sat-Mon`).
    #[schemars(length(min = 1, max = 7), schema_with = "days")]
    pub days: Vec<String>,
    /// The wall-clock start, included.
    #[schemars(schema_with = "fields::time_of_day")]
    pub from: String,
    /// The wall-clock end, excluded.
    #[schemars(schema_with = "fields::end_of_day")]
    pub until: String,
    /// Only the n-th such day of the month: 1 to 5 from its start, -1 to -5 from its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "weeks_of_month")]
    pub weeks_of_month: Vec<i32>,
    /// Only on these days of the month: 1 to 31, or -1 to -31 from its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "days_of_month")]
    pub days_of_month: Vec<i32>,
    /// Only in these months: `Jan` to `Dec`, or ranges such as `Jan-Nov`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "months")]
    pub months: Vec<String>,
}

/// Opens at each time a five-field cron expression matches, for the duration.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Cron {
    /// Minute, hour, day of month, month, day of week (0 and 7 are Sunday; names allowed). Both day
    /// fields restricted means either. No seconds, no `@` words, no zone prefix.
    #[schemars(schema_with = "cron_expression")]
    pub expression: String,
    #[schemars(schema_with = "fields::nominal_duration")]
    pub duration: String,
}

/// Opens at each recurrence of an RFC 5545 rule, for the duration.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Rrule {
    /// Wall-clock time of the first recurrence, in the window's zone. It must match the rule, and may
    /// lie in the past.
    #[schemars(schema_with = "fields::local_date_time")]
    pub start: String,
    /// The value of an RRULE property, DAILY or slower: `FREQ=MONTHLY;BYDAY=1TU`.
    #[schemars(schema_with = "rrule_text")]
    pub rule: String,
    #[schemars(schema_with = "fields::nominal_duration")]
    pub duration: String,
}

/// Opens once, between two wall-clock times in the window's zone.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("self.from < self.until").message("until must be later than from").field_path(".until"))]
pub struct Dates {
    /// Included.
    #[schemars(schema_with = "fields::local_date_time")]
    pub from: String,
    /// Excluded.
    #[schemars(schema_with = "fields::local_date_time")]
    pub until: String,
}

/// An iCalendar (RFC 5545) in a ConfigMap of the window's namespace, at most 1 MiB and 5,000 events.
/// If it becomes unreadable, the last good copy stays in force and status says so.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CalendarRef {
    #[schemars(schema_with = "fields::object_name")]
    pub config_map: String,
    #[schemars(schema_with = "config_map_key")]
    pub key: String,
    /// Only events with one of these categories; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "categories")]
    pub categories: Vec<String>,
}

/// A day, or a span, on which the schedule is overruled. Give either `date` or both `from` and `until`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(
    validation = Rule::new("has(self.date) ? !has(self.from) && !has(self.until) : has(self.from) && has(self.until)").message("give either date, or both from and until"),
    validation = Rule::new("!has(self.from) || !has(self.until) || self.from < self.until").message("until must be later than from").field_path(".until")
)]
pub struct WindowException {
    /// Skip: openings that start on the date do not happen, or the span is cut out. Add: it is open.
    pub effect: ExceptionEffect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::local_date")]
    pub date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::local_date_time")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::local_date_time")]
    pub until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "fields::text")]
    pub reason: Option<String>,
}

/// What an exception does.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionEffect {
    Skip,
    Add,
}

/// How much may happen in one opening of a window.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct WindowCapacity {
    /// Releases under way at once: those that move a step which the window governs, and those that have started one
    /// in this opening and have not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub releases: Option<i32>,
    /// Steps that may start in one merged opening of this window. A step counts once in it, and so does a workload
    /// whose changes go out by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub starts_per_opening: Option<i32>,
    /// How much of each shared resource exists; a step names what it takes in `requires`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "fields::amounts")]
    pub resources: BTreeMap<String, i32>,
}

/// What happens to a release that is under way when a window closes.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnClose {
    /// Steps that have started finish; the others wait for the next opening.
    #[default]
    Finish,
    /// As Finish, and from the close on, plus `overrunGrace`, no further step starts until a person goes on: they set
    /// `spec.resumedAt` of the release.
    Halt,
    /// From the close on, plus `overrunGrace`, what has been released is rolled back, where the teams consent to that; where
    /// nothing can be, as Halt.
    Rollback,
}

/// What the controller observed of a window.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentWindowStatus {
    /// The generation this status speaks of; -1 before the controller has seen the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Whether deployments may happen now, as far as this window alone is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// The entry whose opening contains now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// When deployments may next happen; absent while they may, or if never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_open: Option<String>,
    /// When that ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_close: Option<String>,
    /// The next ten openings of the schedule that have not begun; of one that has, `entry` and `nextClose` (for a
    /// Freeze `nextOpen`) tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub upcoming: Vec<UpcomingOpening>,
    /// Which release of the IANA time zone database was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_data: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "fields::conditions")]
    pub conditions: Vec<Condition>,
}

/// One opening to come.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct UpcomingOpening {
    /// Its first instant.
    pub from: String,
    /// The first instant that does not belong to it; absent if no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The entries of the schedule that it comes from.
    pub entry: String,
}

fn days(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "minItems": 1, "maxItems": 7, "items": {"type": "string", "maxLength": 7,
        "pattern": "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))?$"}})
}

fn months(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "maxItems": 12, "items": {"type": "string", "maxLength": 7,
        "pattern": "^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))?$"}})
}

fn weeks_of_month(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "maxItems": 10, "items": {"type": "integer", "format": "int32", "minimum": -5, "maximum": 5},
        "x-kubernetes-validations": [{"rule": "self.all(week, week != 0)", "message": "weeks count from 1, or from -1 backwards"}]})
}

fn days_of_month(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "maxItems": 31, "items": {"type": "integer", "format": "int32", "minimum": -31, "maximum": 31},
        "x-kubernetes-validations": [{"rule": "self.all(day, day != 0)", "message": "days count from 1, or from -1 backwards"}]})
}

fn cron_expression(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "minLength": 9, "maxLength": 256,
        "pattern": r"^[0-9A-Za-z*,/?#-]+( [0-9A-Za-z*,/?#-]+){4}$"})
}

fn rrule_text(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "minLength": 10, "maxLength": 512, "pattern": "^[A-Z0-9=;,+-]+$"})
}

fn config_map_key(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[-._a-zA-Z0-9]+$"})
}

fn categories(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": fields::PLAIN}})
}
