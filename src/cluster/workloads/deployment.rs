//! Deployments: held by `spec.paused`, first installation included.

use serde_json::{Value, json};

use super::adapter::Adapter;
use super::object::Object;
use super::{Held, HeldBy, Progress, Strength};
use crate::api::time::from_wire;
use crate::cluster::revisions::{Revision, without_labels};
use crate::cluster::writes::{REPLICA_SETS, Resource};

pub(super) struct Deployment;

impl Adapter for Deployment {
    fn strength(&self, _: bool) -> Strength {
        Strength::Full
    }

    /// Done is what `kubectl rollout status` calls done: the controller has observed the newest generation,
    /// every replica is updated and available, and none of an older template is left.
    fn progress(&self, object: &Object) -> Progress {
        let wanted = object.wanted();
        let [all, updated, available] = ["replicas", "updatedReplicas", "availableReplicas"].map(|f| object.counted(f));
        if !object.observed() {
            Progress::NotObserved
        } else if let Some(failure) = failure(object) {
            failure
        } else if updated == wanted && available == wanted && all == wanted {
            Progress::Done
        } else if object.spec["paused"] == true {
            Progress::Stopped
        } else {
            Progress::Progressing(format!("{updated} of {wanted} updated, {available} available"))
        }
    }

    fn runs_already(&self, object: &Object) -> bool {
        let all = object.counted("replicas");
        object.observed() && all > 0 && object.counted("updatedReplicas") == all
    }

    /// Removing the field, not setting it to false, leaves nobody owning it.
    fn let_go(&self, held: &Held) -> Vec<Value> {
        match held.by {
            HeldBy::Policy => vec![json!({"op": "remove", "path": "/spec/paused"})],
            HeldBy::Author => Vec::new(),
        }
    }

    fn owned_elsewhere(&self, object: &Object) -> Option<String> {
        object.has("rollouts.kruise.io/in-progressing").then(|| "a Kruise Rollout pauses this Deployment".to_owned())
    }

    fn revisions(&self) -> Option<Resource> {
        Some(REPLICA_SETS)
    }

    fn revision(&self, replica_set: &Value) -> Option<Revision> {
        let number = replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str();
        let template = without_labels(replica_set["spec"]["template"].clone(), &["pod-template-hash"]);
        let replicas = replica_set["spec"]["replicas"].as_i64().unwrap_or(0);
        Some(Revision {
            number: number.and_then(|n| n.parse().ok()).unwrap_or(0),
            serves: [replica_set["status"]["availableReplicas"].as_i64().unwrap_or(0), replicas],
            ..Revision::of(replica_set, template, "")
        })
    }

    /// The ReplicaSet that serves. If none has pods, it is the newest one that is not the held content.
    fn former<'a>(&self, object: &Object, revisions: &'a [Revision]) -> Option<&'a Revision> {
        let held = object.digest(self);
        revisions.iter().max_by_key(|r| (r.serves, r.digest != held, r.number))
    }
}

fn failure(object: &Object) -> Option<Progress> {
    let progressing = object.condition("Progressing")?;
    if progressing["status"] != "False" || progressing["reason"] != "ProgressDeadlineExceeded" {
        return None;
    }
    let why = progressing["message"].as_str().unwrap_or("its progress deadline is exceeded").to_owned();
    let at = progressing["lastUpdateTime"].as_str().and_then(from_wire);
    Some(Progress::Failed { at, why })
}
