//! DaemonSets: held by the update strategy OnDelete, as well as that goes: a pod that is re-created while it is
//! held, or that a new node gets, is of the held content.

use serde_json::Value;

use super::adapter::{Adapter, set};
use super::object::Object;
use super::{Held, HeldBy, Progress, Strength};
use crate::api::names::REVISION_LABEL;
use crate::cluster::revisions::{Revision, controller_revision};
use crate::cluster::writes::{CONTROLLER_REVISIONS, Resource};

pub(super) struct DaemonSet;

impl Adapter for DaemonSet {
    fn strength(&self, pod_gate: bool) -> Strength {
        if pod_gate { Strength::Full } else { Strength::BestEffort }
    }

    fn progress(&self, object: &Object) -> Progress {
        let [wanted, updated, available] =
            ["desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable"].map(|f| object.counted(f));
        if !object.observed() {
            Progress::NotObserved
        } else if updated == wanted && available == wanted {
            Progress::Done
        } else if object.spec["updateStrategy"]["type"] == "OnDelete" {
            Progress::Stopped
        } else {
            Progress::Progressing(format!("{updated} of {wanted} nodes updated, {available} available"))
        }
    }

    /// Pods that wait at the pod gate count as updated and are not ready.
    fn runs_already(&self, object: &Object) -> bool {
        let wanted = object.counted("desiredNumberScheduled");
        let runs = wanted > 0 && object.counted("numberReady") > 0;
        object.observed() && runs && object.counted("updatedNumberScheduled") == wanted
    }

    /// What `rollingUpdate` says has stayed in place.
    fn let_go(&self, held: &Held) -> Vec<Value> {
        match held.by {
            HeldBy::Policy => vec![set("/spec/updateStrategy/type", "RollingUpdate")],
            HeldBy::Author => Vec::new(),
        }
    }

    fn revisions(&self) -> Option<Resource> {
        Some(CONTROLLER_REVISIONS)
    }

    fn revision(&self, revision: &Value) -> Option<Revision> {
        controller_revision(revision)
    }

    fn name_in_pods(&self, revision: &Value) -> Option<String> {
        revision["metadata"]["labels"][REVISION_LABEL].as_str().map(str::to_owned)
    }

    /// Nothing in a DaemonSet names the revision that runs: it is the newest that is not the held content. If it
    /// was held in the midst of a rollout, that is the one which was rolling out.
    fn former<'a>(&self, object: &Object, revisions: &'a [Revision]) -> Option<&'a Revision> {
        let held = object.digest(self);
        revisions.iter().max_by_key(|r| (r.digest != held, r.number))
    }
}
