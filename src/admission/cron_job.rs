//! CronJobs: held by `spec.suspend`. The twin of `manifests/policies/cron_job.rs`.

use serde_json::{Value, json};

use super::held::{Held, is_set};
use super::set;

pub(super) const HOLD: Held = Held {
    kind: "cronjob",
    content: Some("jobTemplate"),
    asks: |_| Vec::new(),
    // When it runs is no content.
    changed: |object, old, _| old.is_null() || object["spec"]["jobTemplate"] != old["spec"]["jobTemplate"],
    holds: suspended,
    stopped: suspended,
    hold: |object| set(object, "suspend", json!(true)),
    release: |object, lifted| {
        if lifted.ours {
            set(object, "suspend", json!(false));
        }
    },
    remembers: None,
};

fn suspended(object: &Value) -> bool {
    is_set(object, "suspend")
}
