//! StatefulSets: held by a partition above every ordinal. A first installation is not held by it.

use serde_json::{Value, json};

use super::adapter::{Adapter, set};
use super::object::Object;
use super::{Held, Progress, Strength, ran};
use crate::cluster::revisions::{Revision, controller_revision};
use crate::cluster::writes::{CONTROLLER_REVISIONS, Resource};

/// What is remembered of an author who replaces pods by hand.
const ON_DELETE: &str = "OnDelete";

pub(super) struct StatefulSet;

impl Adapter for StatefulSet {
    fn strength(&self, pod_gate: bool) -> Strength {
        if pod_gate { Strength::Full } else { Strength::UpdatesOnly }
    }

    /// Done is what `kubectl rollout status` calls done, with one difference: a partition that lets nothing go is
    /// its author's stop, not success.
    fn progress(&self, object: &Object) -> Progress {
        let wanted = object.wanted();
        let [updated, ready] = ["updatedReplicas", "readyReplicas"].map(|f| object.counted(f));
        let same = object.status["updateRevision"] == object.status["currentRevision"];
        let Some(partition) = partition(object) else {
            return by_hand(object, updated, ready, wanted);
        };
        // What is current already is to run everywhere, and a partition keeps the pods of other content that it spares.
        let goal = if same { wanted } else { (wanted - partition).max(0) };
        if !object.observed() {
            Progress::NotObserved
        } else if same && updated == wanted && ready == wanted {
            Progress::Done
        } else if goal == 0 && !same {
            Progress::Stopped
        } else if !same && partition > 0 && updated >= goal && ready == wanted {
            Progress::Done
        } else {
            let kept = if same && partition > 0 { "; its author's partition keeps pods of other content" } else { "" };
            let order = order(object);
            Progress::Progressing(format!("{updated} of {goal} updated, {ready} of {wanted} ready{kept}{order}"))
        }
    }

    /// Every pod is of the stored revision. That its controller calls it current as well is not enough: a change that was
    /// held half-way and taken back has pods of both. A first installation whose pods wait at the pod gate has one
    /// revision, of which nothing is ready.
    fn runs_already(&self, object: &Object) -> bool {
        let all = object.counted("replicas");
        let runs = all > 0 && object.counted("readyReplicas") > 0;
        let updated = object.counted("updatedReplicas") == all;
        object.observed() && runs && updated && ran::may_have_run(object, self)
    }

    fn let_go(&self, held: &Held) -> Vec<Value> {
        match held.restore.as_deref() {
            Some(ON_DELETE) => vec![set("/spec/updateStrategy", json!({"type": ON_DELETE}))],
            // Whatever is no partition counts as none.
            number => {
                let partition = number.and_then(|n| n.parse::<i32>().ok()).unwrap_or(0);
                vec![set("/spec/updateStrategy/rollingUpdate/partition", partition)]
            }
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
        revision["metadata"]["name"].as_str().map(str::to_owned)
    }

    /// The revision that its controller gives to pods which are created now. An author who replaces pods by hand
    /// leaves that name behind; and with no replicas left its controller calls even the held content current.
    fn former<'a>(&self, object: &Object, revisions: &'a [Revision]) -> Option<&'a Revision> {
        let by_hand = object.metadata.annotations.get(crate::api::names::HOLD_RESTORE).is_some_and(|r| r == ON_DELETE);
        if by_hand || partition(object).is_none() {
            return ran::newest(object, self, revisions);
        }
        let current = object.status["currentRevision"].as_str()?;
        let current = revisions.iter().find(|r| r.name == current)?;
        let only_stored = current.digest == object.digest(self) && !ran::went(object, current);
        if only_stored { ran::newest(object, self, revisions) } else { Some(current) }
    }
}

/// `None` if its author replaces pods by hand.
fn partition(object: &Object) -> Option<i64> {
    let strategy = &object.spec["updateStrategy"];
    (strategy["type"] != ON_DELETE).then(|| strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0))
}

/// With OnDelete only people replace pods, so what is not updated waits for them.
fn by_hand(object: &Object, updated: i64, ready: i64, wanted: i64) -> Progress {
    if !object.observed() {
        Progress::NotObserved
    } else if updated == wanted && ready == wanted {
        Progress::Done
    } else {
        Progress::Stopped
    }
}

/// One at a time, a StatefulSet waits for a pod that is not ready before it replaces any, that pod included.
fn order(object: &Object) -> &'static str {
    if object.spec["podManagementPolicy"] == "Parallel" || object.counted("readyReplicas") >= object.wanted() {
        ""
    } else {
        "; a pod of another revision that never gets ready keeps all others waiting until it is deleted"
    }
}
