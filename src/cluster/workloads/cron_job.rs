//! CronJobs: held by `spec.suspend`, so while the new version is held the old one does not run either.
//!
//! A CronJob keeps no revisions and its status names no failure, so both are told by the Jobs it made. Which of them
//! are of the content that was let go is told by an annotation of the operator's: those that were due later than the
//! last run before.

use std::borrow::Borrow;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::adapter::{Adapter, set};
use super::object::Object;
use super::{Held, HeldBy, Progress, Strength, Workload, annotation_path};
use crate::api::names::RUNS;
use crate::api::time::from_wire;
use crate::cluster::revisions::{Revision, without_labels};
use crate::cluster::writes::{JOBS, Resource};

/// The annotation of a Job that says for when its CronJob's controller made it.
pub(super) const DUE: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// What the API server adds to the pod template of a Job, under its present and its former names.
const GENERATED: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

/// What was let go last, and the last run before that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// Digest of the content.
    pub content: String,
    /// When the last run of earlier content was due; `None` if there was none.
    pub after: Option<DateTime<Utc>>,
}

impl Runs {
    fn read(text: &str) -> Self {
        let (content, after) = text.split_once(' ').unwrap_or((text, ""));
        Self { content: content.to_owned(), after: from_wire(after) }
    }
}

pub(super) struct CronJob;

impl Adapter for CronJob {
    fn content(&self) -> &'static str {
        "jobTemplate"
    }

    fn pod_template(&self) -> &'static str {
        "/spec/template"
    }

    fn strength(&self, _: bool) -> Strength {
        Strength::Interrupting
    }

    /// Only what the CronJob says itself; [`progress_of`] asks its Jobs.
    fn progress(&self, object: &Object) -> Progress {
        if object.spec["suspend"] == true { Progress::Stopped } else { Progress::Done }
    }

    fn runs_already(&self, object: &Object) -> bool {
        runs(object).is_some_and(|runs| runs.content == object.digest(self))
    }

    fn let_go(&self, held: &Held) -> Vec<Value> {
        let runs = format!("{} {}", held.content, held.last_run.as_deref().unwrap_or_default());
        let mut operations = vec![set(&annotation_path(RUNS), runs.trim_end())];
        if held.by == HeldBy::Policy {
            operations.push(set("/spec/suspend", false));
        }
        operations
    }

    fn revisions(&self) -> Option<Resource> {
        Some(JOBS)
    }

    /// A Job is a copy of the template that it was made from. What the API server added to the copy is taken away
    /// where it would do harm; spelled-out defaults remain. A Job that a person made counts for nothing.
    fn revision(&self, job: &Value) -> Option<Revision> {
        let due = job["metadata"]["annotations"][DUE].as_str().and_then(from_wire)?;
        let mut spec = job["spec"].clone();
        let fields = spec.as_object_mut()?;
        fields.retain(|name, _| !matches!(name.as_str(), "selector" | "suspend" | "manualSelector"));
        let template = without_labels(fields.remove("template")?, &GENERATED);
        fields.insert("template".to_owned(), template);
        let mut content = json!({"spec": spec});
        let labels = job["metadata"]["labels"].as_object().filter(|labels| !labels.is_empty());
        let notes = job["metadata"]["annotations"].as_object().map(|notes| {
            let own = notes.iter().filter(|(name, _)| *name != DUE && !name.starts_with("batch.kubernetes.io/"));
            own.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>()
        });
        if let Some(labels) = labels {
            content["metadata"]["labels"] = json!(labels);
        }
        if let Some(notes) = notes.filter(|notes| !notes.is_empty()) {
            content["metadata"]["annotations"] = json!(notes);
        }
        Some(Revision { number: due.timestamp(), ..Revision::of(job, content, self.pod_template()) })
    }

    /// What ran last.
    fn former<'a>(&self, _: &Object, revisions: &'a [Revision]) -> Option<&'a Revision> {
        revisions.iter().max_by_key(|r| r.number)
    }
}

pub(super) fn runs(object: &Object) -> Option<Runs> {
    object.note(RUNS).map(|text| Runs::read(text))
}

/// How far a CronJob is, told by the Jobs that it made: as far as its newest run of the content that was let go.
pub fn progress_of<W: Borrow<Workload>>(cron_job: &Workload, jobs: impl IntoIterator<Item = W>) -> Progress {
    let Some(runs) = cron_job.runs.as_deref().filter(|runs| runs.content == cron_job.template) else {
        return cron_job.progress.clone();
    };
    if cron_job.progress != Progress::Done {
        return cron_job.progress.clone();
    }
    let newest = jobs
        .into_iter()
        .filter_map(|job| {
            let made = job.borrow().made_by.as_deref()?;
            let is_ours = made.uid == cron_job.uid && job.borrow().images == cron_job.images;
            (is_ours && runs.after.is_none_or(|after| made.due > after)).then_some((made.due, job))
        })
        .max_by_key(|(due, _)| *due);
    match newest {
        None => Progress::Progressing("it has been let go and its next run has yet to come".to_owned()),
        Some((due, job)) => match &job.borrow().progress {
            Progress::Progressing(how) => Progress::Progressing(format!("the run due at {due}: {how}")),
            Progress::Failed { at, why } => {
                Progress::Failed { at: *at, why: format!("Job {}: {why}", job.borrow().key.name) }
            }
            other => other.clone(),
        },
    }
}
