//! Workloads: one file per kind, each of plain functions over the object's JSON. What of it is kept,
//! how far it is, and which patch lets it go or puts it back.
//!
//! This folder never decides that something goes, and never talks to the API server.

mod adapter;
mod cron_job;
mod daemon_set;
mod deployment;
mod fields;
mod job;
mod leftovers;
mod object;
mod parts;
mod patches;
mod ran;
mod stateful_set;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use cron_job::{Runs, progress_of};
pub use patches::{
    abandon_patch, hold_back_patch, keep_patch, release_from_claim_patch, release_patch, rollback_patch, unpin_patch,
    withdraw_patch,
};

pub(super) use adapter::of as adapter_of;
pub(super) use leftovers::{Part, applied_over, said_by_appliers};
pub(super) use object::{Object, digest_of_content};
use patches::annotation_path;

use super::texts::Texts;
use super::{ObjectKey, Projected, ResourceVersion};
use crate::api::fields::WorkloadKind;
use crate::api::names::{
    BREAK_GLASS, CLAIM, GATE_LABEL, HOLD, HOLD_BY_AUTHOR, HOLD_RESTORE, LET_GO_BY, POD_GATE_LABEL, RELEASED, ROLLBACK,
    ROLLED_BACK,
};
use crate::api::time::from_wire;

/// What is kept of one version of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub key: ObjectKey,
    pub version: ResourceVersion,
    pub uid: String,
    /// The team named by the gate label.
    pub gate: Option<String>,
    pub hold: Option<HeldBy>,
    /// What the hold field was before, for kinds where removing it is not enough.
    pub restore: Option<Box<str>>,
    /// The value of the claim annotation, unchecked.
    pub claim: Option<String>,
    /// The ticket in the annotation that breaks the glass, honoured or not.
    pub glass: Option<Box<str>>,
    /// What let its content go last, as [`release_patch`] wrote it.
    pub released: Option<Box<str>>,
    /// Until when that could be stored, as [`release_patch`] wrote it.
    pub let_go_by: Option<Box<str>>,
    /// The rollback that is under way: its marker, as [`rollback_patch`] wrote it. Its content is pinned.
    pub rollback: Option<String>,
    /// The digests of the content that was rolled back last, as [`rollback_patch`] wrote them: unchecked.
    pub rolled_back: Option<String>,
    /// Digest of the content, without what ships nothing new: of the pod template, or of a CronJob's Job template.
    pub template: String,
    /// Image by container name.
    pub images: Texts,
    /// At most [`KEPT_ANNOTATIONS`] of the pod template's annotations.
    pub annotations: Texts,
    /// What the pod template consists of, as [`parts::parts`] writes it.
    pub parts: Box<str>,
    pub progress: Progress,
    /// The stored template is what runs.
    pub runs_already: bool,
    /// What the hold of this object can promise.
    pub strength: Strength,
    pub terminating: bool,
    /// Another controller uses the hold field of this object, so it cannot be held.
    pub owned_elsewhere: Option<String>,
    /// CronJobs: what was let go last.
    pub runs: Option<Box<Runs>>,
    /// CronJobs: when the last run was due, as its status has it.
    pub last_run: Option<Box<str>>,
    /// Jobs: the CronJob whose controller made it.
    pub made_by: Option<Box<MadeBy>>,
    /// What the pod template's pod gate label says.
    pub pod_gate: Option<Box<str>>,
    /// It has no annotation, so one cannot be added without making room.
    pub bare: bool,
}

/// Who had stopped it before the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    Policy,
    Author,
}

/// A hold, as far as giving the field back needs it.
pub(super) struct Held {
    pub by: HeldBy,
    pub restore: Option<Box<str>>,
    pub content: String,
    pub last_run: Option<Box<str>>,
}

/// What a hold can promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing of the held content starts, first installation included, and what runs goes on.
    Full,
    /// The same, but a first installation is not held.
    UpdatesOnly,
    /// Nothing of the held content starts, but what ran before does not run either.
    Interrupting,
    /// A pod that is re-created while the hold lasts, and one on a new node, is of the held content. A first
    /// installation is not held.
    BestEffort,
}

/// The CronJob whose controller made a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBy {
    pub name: String,
    pub uid: String,
    /// For when it was made.
    pub due: DateTime<Utc>,
}

/// How far the stored content has come, as its own controller says of the newest generation.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    NotObserved,
    Progressing(String),
    /// Its hold field is set and no hold says why.
    Stopped,
    Done,
    Failed {
        at: Option<DateTime<Utc>>,
        why: String,
    },
}

impl Projected for Workload {
    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.version
    }
}

/// How many annotations of a pod template are kept for comparison: as many as a step can expect.
pub const KEPT_ANNOTATIONS: usize = 32;

/// Reads a workload of this kind.
///
/// # Errors
///
/// What is wrong with it, in serde's words.
pub fn decode(kind: WorkloadKind, text: &str) -> Result<Workload, String> {
    let adapter = adapter_of(kind);
    let object = Object::read(adapter, text)?;
    let note = |name: &str| object.note(name).cloned();
    let hold = note(HOLD).map(|by| if by == HOLD_BY_AUTHOR { HeldBy::Author } else { HeldBy::Policy });
    let pods = object.content.pointer(adapter.pod_template()).unwrap_or(&Value::Null);
    let pod_gate = pods["metadata"]["labels"][POD_GATE_LABEL].as_str().map(Box::from);
    let gate = object.metadata.labels.get(GATE_LABEL).cloned();
    let made_by = if kind == WorkloadKind::Job { made_by(&object).map(Box::new) } else { None };
    // What nobody gates is only watched for the label to appear: its content is not worth its memory.
    let gated = gate.is_some();
    Ok(Workload {
        kind,
        hold,
        restore: note(HOLD_RESTORE).map(String::into_boxed_str),
        claim: note(CLAIM),
        glass: note(BREAK_GLASS).map(String::into_boxed_str),
        released: note(RELEASED).map(String::into_boxed_str),
        let_go_by: note(LET_GO_BY).map(String::into_boxed_str),
        rollback: note(ROLLBACK),
        rolled_back: note(ROLLED_BACK),
        template: if gated { object.digest(adapter) } else { String::new() },
        images: if gated || made_by.is_some() { images(pods) } else { Texts::default() },
        annotations: if gated { annotations(pods) } else { Texts::default() },
        parts: if gated { parts::parts(pods) } else { Box::default() },
        progress: if hold.is_some() { Progress::NotObserved } else { adapter.progress(&object) },
        runs_already: gated && hold == Some(HeldBy::Policy) && adapter.runs_already(&object),
        strength: adapter.strength(pod_gate.is_some()),
        pod_gate,
        terminating: object.metadata.deletion_timestamp.is_some(),
        owned_elsewhere: adapter.owned_elsewhere(&object),
        runs: cron_job::runs(&object).filter(|_| kind == WorkloadKind::CronJob).map(Box::new),
        last_run: object.status["lastScheduleTime"].as_str().map(Box::from),
        made_by,
        bare: object.metadata.annotations.is_empty(),
        gate,
        version: ResourceVersion::new(object.metadata.resource_version.as_str()),
        uid: object.metadata.uid,
        key: ObjectKey::new(object.metadata.namespace, object.metadata.name),
    })
}

/// The CronJob whose controller made a Job. One that a person made from a CronJob is nobody's run.
fn made_by(job: &Object) -> Option<MadeBy> {
    let owner = job.metadata.owner_references.iter().find(|o| o.controller && o.kind == "CronJob")?;
    let due = job.note(cron_job::DUE).and_then(|due| from_wire(due))?;
    Some(MadeBy { name: owner.name.clone(), uid: owner.uid.clone(), due })
}

fn images(template: &Value) -> Texts {
    ["/spec/initContainers", "/spec/containers"]
        .iter()
        .filter_map(|path| template.pointer(path).and_then(Value::as_array))
        .flatten()
        .filter_map(|c| Some((c["name"].as_str()?, c["image"].as_str()?)))
        .collect()
}

fn annotations(template: &Value) -> Texts {
    let all = template.pointer("/metadata/annotations").and_then(Value::as_object);
    all.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))).take(KEPT_ANNOTATIONS).collect()
}

#[cfg(test)]
mod kinds_tests;
#[cfg(test)]
mod tests;
