//! DaemonSets: held by the update strategy OnDelete, as well as that goes: a pod that is re-created while it is
//! held, or that a new node gets, is of the held content.

use serde_json::Value;

use super::adapter::{Adapter, set};
use super::object::Object;
use super::{Held, HeldBy, Progress, Strength, ran};
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
        let updated = object.counted("updatedNumberScheduled") == wanted;
        object.observed() && runs && updated && ran::may_have_run(object, self)
    }

    /// What `rollingUpdate` says has stayed in place.
    fn let_go(&self, held: &Held) -> Vec<Value> {
        match held.by {
            HeldBy::Policy => vec![set("/spec/updateStrategy/type", "RollingUpdate")],
            HeldBy::Author => Vec::new(),
        }
    }

    fn runs_from_now(&self, content: &str) -> Vec<Value> {
        vec![ran::remember(content)]
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

    /// Nothing in a DaemonSet names the revision that runs. If it was held in the midst of a rollout, that is the one
    /// which was rolling out.
    fn former<'a>(&self, object: &Object, revisions: &'a [Revision]) -> Option<&'a Revision> {
        ran::newest(object, self, revisions)
    }
}
