//! What differs from kind to kind. A further kind is a further file that implements [`Adapter`], one line in
//! [`of`], and its policy.

use serde_json::{Value, json};

use super::object::Object;
use super::{Held, Progress, Strength, cron_job, daemon_set, deployment, job, stateful_set};
use crate::api::fields::WorkloadKind;
use crate::cluster::revisions::Revision;
use crate::cluster::writes::Resource;

/// What must be known of a kind of workload. All of it is plain functions over the object's JSON: nothing here asks
/// the API server, reads a clock or decides.
pub(in crate::cluster) trait Adapter: Sync {
    /// The field of the spec that says what would ship.
    fn content(&self) -> &'static str {
        "template"
    }

    /// Where the pod template is inside the content; a JSON pointer.
    fn pod_template(&self) -> &'static str {
        ""
    }

    /// What the hold of this object can promise.
    fn strength(&self, pod_gate: bool) -> Strength;

    /// How far the newest content is, given that nothing holds it. Its content has been taken out of the object.
    fn progress(&self, object: &Object) -> Progress;

    /// Whether the stored content is what runs. Asked of held objects only. Its content has been taken out.
    fn runs_already(&self, object: &Object) -> bool;

    /// The operations of a JSON patch that give the author's hold field back.
    fn let_go(&self, held: &Held) -> Vec<Value>;

    /// The operations of a JSON patch that remember what runs from now on, by its digest, for kinds that do not say it.
    fn runs_from_now(&self, _: &str) -> Vec<Value> {
        Vec::new()
    }

    /// Whose hold field it is, if not ours.
    fn owned_elsewhere(&self, _: &Object) -> Option<String> {
        None
    }

    /// Where this kind's former revisions are kept; `None` if it has none, so that it cannot be rolled back.
    fn revisions(&self) -> Option<Resource> {
        None
    }

    /// What a revision says. `None` if it cannot be put back.
    fn revision(&self, _: &Value) -> Option<Revision> {
        None
    }

    /// How pods name the revision that an object keeps; `None` if they do not.
    fn name_in_pods(&self, _: &Value) -> Option<String> {
        None
    }

    /// Which of an object's own revisions runs while it is held.
    fn former<'a>(&self, _: &Object, _: &'a [Revision]) -> Option<&'a Revision> {
        None
    }
}

/// The adapter of a kind.
pub(in crate::cluster) fn of(kind: WorkloadKind) -> &'static dyn Adapter {
    match kind {
        WorkloadKind::Deployment => &deployment::Deployment,
        WorkloadKind::StatefulSet => &stateful_set::StatefulSet,
        WorkloadKind::DaemonSet => &daemon_set::DaemonSet,
        WorkloadKind::Job => &job::Job,
        WorkloadKind::CronJob => &cron_job::CronJob,
    }
}

/// The operation that sets a field, whether it is there or not.
pub(super) fn set(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "add", "path": path, "value": value.into()})
}
