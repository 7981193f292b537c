//! From the wire to the domain: a text becomes a checked value, once, or all that is wrong with it.
//!
//! This folder never asks the cluster: what needs another object (does the team exist, does it list the
//! workload) is a blocker, found by the decision. It knows `api` and `domain` and nobody else.

pub mod checks;
mod release;
pub mod rules;
pub mod schema;
mod selector;
mod team;
mod window;

pub use release::{release, skip};
pub use selector::matches;
pub use team::{Found, team, unasked};
pub use window::{Calendars, window, window_type};

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::fields::WorkloadKind;
use crate::api::time::{duration_from_wire, from_wire};
use crate::domain::scheduling::situation::Request;
use crate::domain::{Faults, Kind, ObjectName};

/// What of an object's metadata a decision needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    pub name: ObjectName,
    pub uid: String,
    pub version: String,
    pub generation: i64,
    pub created: DateTime<Utc>,
    pub labels: BTreeMap<String, String>,
    /// Who wrote the spec, as stamped by the API server.
    pub author: Option<String>,
    /// Who asks for the former versions, and why.
    pub asked_back: Option<Request>,
}

/// The domain's word for a kind of workload.
#[must_use]
pub fn kind(kind: WorkloadKind) -> Kind {
    match kind {
        WorkloadKind::Deployment => Kind::Deployment,
        WorkloadKind::StatefulSet => Kind::StatefulSet,
        WorkloadKind::DaemonSet => Kind::DaemonSet,
        WorkloadKind::Job => Kind::Job,
        WorkloadKind::CronJob => Kind::CronJob,
    }
}

/// The wire's word for a kind of workload.
#[must_use]
pub fn wire_kind(kind: Kind) -> WorkloadKind {
    match kind {
        Kind::Deployment => WorkloadKind::Deployment,
        Kind::StatefulSet => WorkloadKind::StatefulSet,
        Kind::DaemonSet => WorkloadKind::DaemonSet,
        Kind::Job => WorkloadKind::Job,
        Kind::CronJob => WorkloadKind::CronJob,
    }
}

const YEAR: TimeDelta = TimeDelta::hours(8760);

/// Reads a duration longer than zero and at most a year, or adds a fault and returns the default.
fn duration(faults: &mut Faults, path: &str, text: Option<&String>, default: TimeDelta) -> TimeDelta {
    let Some(text) = text else { return default };
    match duration_from_wire(text) {
        Some(d) if d > TimeDelta::zero() && d <= YEAR => d,
        _ => {
            faults.add(
                path,
                format!("{text:?} is not a duration longer than 0s and at most 8760h, such as 30m or 1h30m"),
            );
            default
        }
    }
}

/// As [`duration`], but zero is a value too.
fn duration_or_zero(faults: &mut Faults, path: &str, text: Option<&String>) -> TimeDelta {
    match text.map(|t| duration_from_wire(t)) {
        Some(Some(d)) if d.is_zero() => d,
        _ => duration(faults, path, text, TimeDelta::zero()),
    }
}

fn instant(faults: &mut Faults, path: &str, text: Option<&String>) -> Option<DateTime<Utc>> {
    let text = text?;
    let at = from_wire(text);
    if at.is_none() {
        faults.add(path, format!("{text:?} is not an instant such as 2027-01-12T09:00:00+01:00"));
    }
    at
}

/// Text that people will read: no control characters, at most 1,024 characters.
fn text(faults: &mut Faults, path: &str, text: &str) {
    if text.chars().any(char::is_control) {
        faults.add(path, "control characters are not allowed");
    }
    if text.chars().count() > 1024 {
        faults.add(path, "at most 1,024 characters are allowed");
    }
}

/// At most so many items.
fn bounded<T>(faults: &mut Faults, path: &str, items: &[T], limit: usize) {
    if items.len() > limit {
        faults.add(path, format!("{} items are given and at most {limit} are allowed", items.len()));
    }
}

/// Names that must differ.
fn distinct<'a>(faults: &mut Faults, path: &str, field: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeMap::new();
    for (n, name) in names.enumerate() {
        if let Some(first) = seen.insert(name, n) {
            faults.add(format!("{path}[{n}].{field}"), format!("{name:?} is already the name of {path}[{first}]"));
        }
    }
}

/// An RFC 1123 label.
fn label(faults: &mut Faults, path: &str, name: &str) {
    let fine = !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !fine {
        faults
            .add(path, format!("{name:?} is not a name of lower-case letters, digits and '-', at most 63 characters"));
    }
}
