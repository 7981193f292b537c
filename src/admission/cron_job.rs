//! CronJobs: held by `spec.suspend`. The twin of `manifests/policies/cron_job.rs`.

use super::held::Held;
use super::suspend::{resume, suspend, suspended};

pub(super) const HOLD: Held = Held {
    kind: "cronjob",
    content: Some("jobTemplate"),
    asks: |_| Vec::new(),
    // When it runs is no content.
    changed: |object, old, _| old.is_null() || object["spec"]["jobTemplate"] != old["spec"]["jobTemplate"],
    holds: suspended,
    stopped: suspended,
    hold: suspend,
    release: resume,
    remembers: None,
};
