//! Jobs: held by `spec.suspend` from their creation on. A Job's template cannot change afterwards, so there is
//! nothing to roll back to.

use serde_json::Value;

use super::adapter::{Adapter, set};
use super::object::Object;
use super::{Held, HeldBy, Progress, Strength};
use crate::api::time::from_wire;

pub(super) struct Job;

impl Adapter for Job {
    fn strength(&self, _: bool) -> Strength {
        Strength::Full
    }

    fn progress(&self, object: &Object) -> Progress {
        if object.condition("Complete").is_some_and(|c| c["status"] == "True") {
            Progress::Done
        } else if let Some(failed) = object.condition("Failed").filter(|c| c["status"] == "True") {
            Progress::Failed {
                at: failed["lastTransitionTime"].as_str().and_then(from_wire),
                why: failed["message"].as_str().unwrap_or("the Job failed").to_owned(),
            }
        } else if object.spec["suspend"] == true {
            Progress::Stopped
        } else {
            let wanted = object.spec["completions"].as_i64().unwrap_or(1);
            let [succeeded, active] = ["succeeded", "active"].map(|f| object.counted(f));
            Progress::Progressing(format!("{succeeded} of {wanted} complete, {active} running"))
        }
    }

    /// A Job that waits to start has never run.
    fn runs_already(&self, _: &Object) -> bool {
        false
    }

    /// The field is required to be present once it was set, so it is set to false.
    fn let_go(&self, held: &Held) -> Vec<Value> {
        match held.by {
            HeldBy::Policy => vec![set("/spec/suspend", false)],
            HeldBy::Author => Vec::new(),
        }
    }

    fn owned_elsewhere(&self, object: &Object) -> Option<String> {
        object.has("kueue.x-k8s.io/queue-name").then(|| "Kueue decides when this Job runs".to_owned())
    }
}
