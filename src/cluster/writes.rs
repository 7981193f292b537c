//! Fresh reads of single objects, and every write that rollcall makes. Each write is made once: an
//! answer that never came means "unknown", and whoever asked reads again and decides again.

use chrono::{DateTime, Utc};
use http::{Method, Request};
use kube::Client;
use serde::Serialize;
use serde_json::{Value, json};

use super::ResourceVersion;
use super::key::ObjectKey;
use super::wire::Object;
use super::workloads::{
    Workload, hold_back_patch, keep_patch, release_from_claim_patch, release_patch, withdraw_patch,
};
use crate::api::fields::WorkloadKind;
use crate::api::names::{FIELD_MANAGER, GATE_LABEL};
use crate::api::time::to_wire;

/// "We could not find out, or could not do."
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The object is not as it was decided on; nothing was written.
    #[error("{what}: it has changed meanwhile")]
    Conflict { what: String },
    #[error("{what}: not found")]
    NotFound { what: String },
    /// The API server does not let us.
    #[error("{what}: {message}")]
    Forbidden { what: String, message: String },
    /// The API server refused the content.
    #[error("{what}: refused: {message}")]
    Refused { what: String, message: String },
    /// No answer: the write may or may not have happened.
    #[error("{what}: no answer: {message}")]
    Unknown { what: String, message: String },
}

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
}

pub const RELEASES: Resource =
    Resource { group: "rollcall.dev", version: "v1alpha1", plural: "coordinatedreleases", kind: "CoordinatedRelease" };
pub const TEAMS: Resource =
    Resource { group: "rollcall.dev", version: "v1alpha1", plural: "teamreadinesses", kind: "TeamReadiness" };
pub const WINDOWS: Resource =
    Resource { group: "rollcall.dev", version: "v1alpha1", plural: "deploymentwindows", kind: "DeploymentWindow" };
pub const DEPLOYMENTS: Resource = Resource { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" };
pub const STATEFUL_SETS: Resource =
    Resource { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" };
pub const DAEMON_SETS: Resource = Resource { group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet" };
pub const JOBS: Resource = Resource { group: "batch", version: "v1", plural: "jobs", kind: "Job" };
pub const CRON_JOBS: Resource = Resource { group: "batch", version: "v1", plural: "cronjobs", kind: "CronJob" };
pub const REPLICA_SETS: Resource = Resource { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet" };
pub const CONTROLLER_REVISIONS: Resource =
    Resource { group: "apps", version: "v1", plural: "controllerrevisions", kind: "ControllerRevision" };
pub const PODS: Resource = Resource { group: "", version: "v1", plural: "pods", kind: "Pod" };
pub const NAMESPACES: Resource = Resource { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
pub const CONFIG_MAPS: Resource = Resource { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" };
const EVENTS: Resource = Resource { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

impl Resource {
    /// The resource of a kind of workload.
    #[must_use]
    pub fn of(kind: WorkloadKind) -> Self {
        match kind {
            WorkloadKind::Deployment => DEPLOYMENTS,
            WorkloadKind::StatefulSet => STATEFUL_SETS,
            WorkloadKind::DaemonSet => DAEMON_SETS,
            WorkloadKind::Job => JOBS,
            WorkloadKind::CronJob => CRON_JOBS,
        }
    }

    /// As manifests write it: `apps/v1`, and `v1` for the group without a name.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    fn path(&self, namespace: &str, name: &str) -> String {
        let root = if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let scope = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
        let name = if name.is_empty() { String::new() } else { format!("/{name}") };
        format!("{root}/{}{scope}/{}{name}", self.version, self.plural)
    }

    pub(super) fn said_of(&self, key: &ObjectKey) -> String {
        self.said(&key.namespace, &key.name)
    }

    pub(super) fn said(&self, namespace: &str, name: &str) -> String {
        if namespace.is_empty() { format!("{} {name}", self.kind) } else { format!("{} {namespace}/{name}", self.kind) }
    }
}

/// The API server, for single objects.
#[derive(Clone)]
pub struct Objects {
    client: Client,
}

impl Objects {
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The newest version of an object, as text; `None` if there is none. A quorum read.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn get(&self, resource: Resource, namespace: &str, name: &str) -> Result<Option<String>, ApiError> {
        match self.send(Method::GET, resource, namespace, name, "", "", None).await {
            Ok(text) => Ok(Some(text)),
            Err(ApiError::NotFound { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Replaces the status of one of our objects, if it still has this version. Returns the new version.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] if it has another version; nothing was written then.
    pub async fn replace_status(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        version: &ResourceVersion,
        status: &impl Serialize,
    ) -> Result<ResourceVersion, ApiError> {
        let what = resource.said(namespace, name);
        let status = serde_json::to_value(status)
            .map_err(|e| ApiError::Refused { what: what.clone(), message: e.to_string() })?;
        let patch = Some(status_patch(version, &status));
        let text = self
            .send(Method::PATCH, resource, namespace, name, "/status", "application/json-patch+json", patch)
            .await?;
        version_of(&text, &what)
    }

    /// Lets a held workload go, if it still has the version it was read with, and if it is not later than `by` when
    /// that arrives. `from_claim` takes away the claim of a release that has ended, too.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] if it has another version, [`ApiError::Forbidden`] if it is too late; nothing was written
    /// then.
    pub async fn release(
        &self,
        workload: &Workload,
        why: &str,
        by: DateTime<Utc>,
        from_claim: bool,
    ) -> Result<ResourceVersion, ApiError> {
        let patch = if from_claim { release_from_claim_patch } else { release_patch };
        self.patch_workload(workload, patch(workload, why, &to_wire(by))).await
    }

    /// Marks a held workload as claimed by a release, if it still has the version it was read with.
    ///
    /// # Errors
    ///
    /// As [`Self::release`].
    pub async fn keep(&self, workload: &Workload, release: &str) -> Result<ResourceVersion, ApiError> {
        self.patch_workload(workload, keep_patch(workload, release)).await
    }

    /// Remembers what is held beside what was rolled back, if the workload still has the version it was read with: as
    /// a word of its own.
    ///
    /// # Errors
    ///
    /// As [`Self::release`].
    pub async fn hold_back(&self, workload: &Workload, word: &str) -> Result<ResourceVersion, ApiError> {
        self.patch_workload(workload, hold_back_patch(workload, word)).await
    }

    /// Gives a held workload another version, if it still has the one it was read with, so that nobody can let it go
    /// any more on what was granted to `step` for the former one.
    ///
    /// # Errors
    ///
    /// As [`Self::release`].
    pub async fn withdraw(&self, workload: &Workload, step: &str) -> Result<ResourceVersion, ApiError> {
        self.patch_workload(workload, withdraw_patch(workload, step)).await
    }

    /// Patches a workload if it still has the version it was read with.
    pub(super) async fn patch_workload(&self, workload: &Workload, patch: Value) -> Result<ResourceVersion, ApiError> {
        let (namespace, name) = (&*workload.key.namespace, &*workload.key.name);
        let resource = Resource::of(workload.kind);
        let what = resource.said(namespace, name);
        let answer =
            self.send(Method::PATCH, resource, namespace, name, "", "application/json-patch+json", Some(patch)).await;
        let refused = match answer {
            Ok(text) => return version_of(&text, &what),
            Err(refused @ ApiError::Refused { .. }) => refused,
            Err(other) => return Err(other),
        };
        // A failed test, or a field that is no longer there, is answered as an invalid request, and so is content
        // that cannot be stored. Which of the two it is, the version tells.
        let text = self.get(resource, namespace, name).await?.ok_or(ApiError::NotFound { what: what.clone() })?;
        if version_of(&text, &what)? == workload.version { Err(refused) } else { Err(ApiError::Conflict { what }) }
    }

    /// Patches an object by a JSON patch that says itself what it must find.
    pub(super) async fn patch_object(
        &self,
        resource: Resource,
        namespace: &str,
        name: &str,
        patch: Value,
    ) -> Result<(), ApiError> {
        self.send(Method::PATCH, resource, namespace, name, "", "application/json-patch+json", Some(patch))
            .await
            .map(drop)
    }

    /// Puts the gate label of a team on a workload.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], [`ApiError::Forbidden`] and the others.
    pub async fn label(&self, kind: WorkloadKind, namespace: &str, name: &str, gate: &str) -> Result<(), ApiError> {
        let patch = json!({"metadata": {"labels": {GATE_LABEL: gate}}});
        self.send(Method::PATCH, Resource::of(kind), namespace, name, "", "application/merge-patch+json", Some(patch))
            .await
            .map(drop)
    }

    /// Writes the operator's own copy of a calendar, whether or not there is one already.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`], [`ApiError::Refused`] if it is too large, and the others.
    pub async fn keep_copy(&self, namespace: &str, copy: &Value) -> Result<(), ApiError> {
        let name = copy["metadata"]["name"].as_str().unwrap_or_default();
        let tail = format!("?fieldManager={FIELD_MANAGER}&force=true");
        let body = Some(copy.clone());
        self.send(Method::PATCH, CONFIG_MAPS, namespace, name, &tail, "application/apply-patch+yaml", body)
            .await
            .map(drop)
    }

    /// Deletes the operator's own copy of a calendar, if it still is what was read.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] and the others; that it is gone already is none.
    pub async fn drop_copy(&self, namespace: &str, name: &str, uid: &str) -> Result<(), ApiError> {
        let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
        match self.send(Method::DELETE, CONFIG_MAPS, namespace, name, "?", "application/json", Some(body)).await {
            Ok(_) | Err(ApiError::NotFound { .. } | ApiError::Conflict { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Publishes an Event. Events are never the record, so a failure is only logged.
    pub async fn publish(&self, namespace: &str, event: Value) {
        if let Err(error) = self.send(Method::POST, EVENTS, namespace, "", "", "application/json", Some(event)).await {
            tracing::warn!(event = "event_not_published", "{error}");
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one request, one place")]
    pub(super) async fn send(
        &self,
        method: Method,
        resource: Resource,
        namespace: &str,
        name: &str,
        tail: &str,
        media_type: &str,
        body: Option<Value>,
    ) -> Result<String, ApiError> {
        let what = resource.said(namespace, name);
        let manager =
            if body.is_none() || tail.contains('?') { String::new() } else { format!("?fieldManager={FIELD_MANAGER}") };
        let uri = format!("{}{tail}{manager}", resource.path(namespace, name));
        let mut request = Request::builder().method(method).uri(uri);
        if !media_type.is_empty() {
            // Without a body it is that of the answer.
            let about = if body.is_some() { http::header::CONTENT_TYPE } else { http::header::ACCEPT };
            request = request.header(about, media_type);
        }
        let body = body
            .map_or_else(|| Ok(Vec::new()), |body| serde_json::to_vec(&body))
            .map_err(|e| ApiError::Refused { what: what.clone(), message: e.to_string() })?;
        let request =
            request.body(body).map_err(|e| ApiError::Refused { what: what.clone(), message: e.to_string() })?;
        self.client.request_text(request).await.map_err(|error| classified(what, error))
    }
}

/// The API server takes the version that an object is to have for the one that it must have still.
fn status_patch(version: &ResourceVersion, status: &Value) -> Value {
    json!([
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version.as_str()},
        {"op": "add", "path": "/status", "value": status},
    ])
}

pub(super) fn classified(what: String, error: kube::Error) -> ApiError {
    match error {
        kube::Error::Api(status) => {
            let message = status.message.clone();
            match status.code {
                404 => ApiError::NotFound { what },
                409 => ApiError::Conflict { what },
                401 | 403 => ApiError::Forbidden { what, message },
                400 | 405 | 413 | 415 | 422 => ApiError::Refused { what, message },
                _ => ApiError::Unknown { what, message },
            }
        }
        other => ApiError::Unknown { what, message: other.to_string() },
    }
}

pub(super) fn version_of(text: &str, what: &str) -> Result<ResourceVersion, ApiError> {
    Object::parse(text)
        .and_then(Object::version)
        .map_err(|message| ApiError::Unknown { what: what.to_owned(), message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_written_over_the_version_that_was_read_and_over_no_other() {
        let mut held = json!({"metadata": {"resourceVersion": "8"}, "status": {"digest": "theirs"}});
        let patch = status_patch(&ResourceVersion::new("7"), &json!({}));
        let patch: json_patch::Patch = serde_json::from_value(patch).expect("a JSON patch");
        json_patch::patch(&mut held, &patch).expect("it can be applied");
        // The API server holds 8, so it answers that there is a conflict.
        assert_eq!(held, json!({"metadata": {"resourceVersion": "7"}, "status": {}}));
    }
}
