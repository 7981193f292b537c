//! The controllers and kubelets of a cluster, run together.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{daemon_set, deployment, garbage, job, kubelet, replica_set, stateful_set};
use crate::access::User;
use crate::call::Verb;
use crate::failure::Failure;
use crate::object::{Key, Object};
use crate::server::ApiServer;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// From a change to when controllers have seen it.
    pub notice: Duration,
    /// From the creation of a pod to when it is ready, unless its annotation `kwok.test/ready-delay` says otherwise.
    pub ready: Duration,
    /// How long a pod of a Job then runs, unless its annotation `kwok.test/complete-delay` says otherwise.
    pub complete: Duration,
}

impl Default for Delays {
    /// 50 ms, 200 ms, 200 ms.
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self { notice: millis(50), ready: millis(200), complete: millis(200) }
    }
}

/// The controllers of workloads, the kubelets and the garbage collector of a cluster.
#[derive(Clone)]
pub struct Cluster {
    server: ApiServer,
    delays: Delays,
}

/// The kinds that the models look at.
const KNOWN: [&str; 9] = [
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "controllerrevisions",
    "jobs",
    "pods",
    "nodes",
    "namespaces",
];

/// What a model does at one look.
type Pass = fn(&Look<'_>);

/// What a model sees and does at one look.
pub(super) struct Look<'a> {
    pub(super) server: &'a ApiServer,
    pub(super) now: Timestamp,
    pub(super) delays: Delays,
    user: User,
    again: std::cell::Cell<Option<Timestamp>>,
}

impl Cluster {
    /// The models of a server's cluster. Its nodes are the Node objects that there are.
    #[must_use]
    pub fn new(server: &ApiServer, delays: Delays) -> Self {
        Self { server: server.clone(), delays }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        loop {
            let seen = self.server.revision();
            let again = self.pass();
            if !self.changed_after(seen) {
                self.waits(seen, again).await;
            }
            if self.changed_after(seen) {
                tokio::time::sleep(self.delays.notice).await;
            }
        }
    }

    /// Whether anything has changed that a model looks at: one of the kinds that they know, or, for the garbage
    /// collector, whether anything is gone or going.
    fn changed_after(&self, seen: u64) -> bool {
        self.server.inner.lock().store.changed_after(seen, |kind, change| {
            let goes = change.new.as_ref().is_none_or(|object| object.is_going());
            goes || KNOWN.contains(&kind.plural.as_str())
        })
    }

    /// Waits until something has changed, or until an instant.
    async fn waits(&self, mut seen: u64, until: Option<Timestamp>) {
        let changed = self.server.inner.changed.clone();
        let change = async {
            loop {
                let mut change = std::pin::pin!(changed.notified());
                change.as_mut().enable();
                // What is known to be nothing is not looked at again: a lease alone changes 40,000 times a day.
                let newest = self.server.revision();
                if self.changed_after(seen) {
                    return;
                }
                seen = newest;
                change.await;
            }
        };
        match until.map(|at| Duration::try_from(at.duration_since(self.server.now())).unwrap_or_default()) {
            // Whatever a model asks for, time passes between two looks.
            Some(wait) => drop(tokio::time::timeout(wait.max(self.delays.notice), change).await),
            None => change.await,
        }
    }

    /// Does what there is to do now, and says when there will be more without any change.
    pub fn pass(&self) -> Option<Timestamp> {
        let models: [(&str, Pass); 7] = [
            ("deployment-controller", deployment::pass),
            ("replicaset-controller", replica_set::pass),
            ("statefulset-controller", stateful_set::pass),
            ("daemon-set-controller", daemon_set::pass),
            ("job-controller", job::pass),
            ("kubelet", kubelet::pass),
            ("generic-garbage-collector", garbage::pass),
        ];
        let mut again = None;
        for (name, pass) in models {
            let user = User::service_account("kube-system", name).within("system:masters");
            let now = self.server.now();
            let look = Look { server: &self.server, now, delays: self.delays, user, again: None.into() };
            pass(&look);
            again = again.into_iter().chain(look.again.get()).min();
        }
        again
    }
}

impl Look<'_> {
    pub(super) fn list(&self, group: &str, plural: &str) -> Vec<Arc<Object>> {
        self.server.list(group, plural, "")
    }

    /// The objects of a kind that an object owns as their controller.
    pub(super) fn owned(&self, owner: &Object, group: &str, plural: &str) -> Vec<Arc<Object>> {
        let mut all = self.server.list(group, plural, &owner.key().namespace);
        all.retain(|object| object.is_owned() && controller_of(&object.value) == owner.uid());
        all
    }

    /// Asks to be called again at an instant.
    pub(super) fn again_at(&self, at: Timestamp) {
        let earliest = self.again.get().into_iter().chain([at]).min();
        self.again.set(earliest);
    }

    /// Creates an object. That it is there already is no news.
    pub(super) fn create(&self, object: &Value) {
        let _ = self.server.acted(&self.user, Verb::Create, object, "", "");
    }

    pub(super) fn delete(&self, object: &Object) {
        let _ = self.server.acted(&self.user, Verb::Delete, &object.value, "", "");
    }

    pub(super) fn delete_now(&self, object: &Object) {
        let _ = self.server.delete_now(&self.user, &object.value);
    }

    /// All objects of all kinds of which something is so.
    pub(super) fn all(&self, so: impl Fn(&Object) -> bool) -> Vec<Arc<Object>> {
        let state = self.server.inner.lock();
        let kinds = 0..state.store.shelves.len();
        kinds.flat_map(|index| state.store.list(index, "").filter(|object| so(object))).cloned().collect()
    }

    /// Whether the owner that an object of a namespace names is there.
    pub(super) fn is_there(&self, owner: &Value, namespace: &str) -> bool {
        let field = |name: &str| owner[name].as_str().unwrap_or_default();
        let state = self.server.inner.lock();
        let Some(index) = state.store.of_kind(field("apiVersion"), field("kind")) else { return false };
        let namespace = if state.store.kind(index).namespaced { namespace } else { "" };
        state.store.get(index, &Key::new(namespace, field("name"))).is_some_and(|found| found.uid() == field("uid"))
    }

    /// Writes an object if it is another one than before. That somebody was faster is no trouble: there will be
    /// another look.
    pub(super) fn write(&self, before: &Object, after: &Value, subresource: &str) {
        if *before.value != *after {
            let _ = self.server.acted(&self.user, Verb::Update, after, subresource, "");
        }
    }

    /// Writes the status of an object if it is another one than before.
    pub(super) fn report(&self, object: &Object, status: Value) {
        if object.value["status"] != status {
            let mut after = Value::clone(&object.value);
            after["status"] = status;
            let _ = self.server.acted(&self.user, Verb::Update, &after, "status", "");
        }
    }

    /// Writes a part of an object, whatever version it has.
    pub(super) fn merge(&self, object: &Object, patch: Value) -> Result<(), Failure> {
        let mut body = patch;
        for field in ["apiVersion", "kind"] {
            body[field] = object.value[field].clone();
        }
        body["metadata"]["name"] = object.value["metadata"]["name"].clone();
        body["metadata"]["namespace"] = object.value["metadata"]["namespace"].clone();
        self.server.acted(&self.user, Verb::Patch, &body, "", "application/merge-patch+json")
    }

    pub(super) fn seconds(&self) -> String {
        crate::time::seconds(self.now)
    }
}

/// The uid of an object's controller; empty if it has none.
pub(super) fn controller_of(object: &Value) -> &str {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let controller = owners.into_iter().find(|owner| owner["controller"] == true);
    controller.and_then(|owner| owner["uid"].as_str()).unwrap_or_default()
}

/// What an object says of being owned by another.
pub(super) fn owner_reference(owner: &Value) -> Value {
    let meta = &owner["metadata"];
    json!([{"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"],
        "controller": true, "blockOwnerDeletion": true}])
}
