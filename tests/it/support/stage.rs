//! A test's own place on a control plane that it may share with others: its own teams, each in a namespace
//! of its own, a client, and a witness. Whoever waits here looks; nobody sleeps for luck.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use super::recorder::{Recorder, Version};
use super::{Done, Installed, PATIENCE};

/// Kind, namespace (empty for what has none) and name.
pub type Named<'a> = (&'a str, &'a str, &'a str);

pub struct Stage<'a> {
    pub installed: &'a Installed,
    pub recorder: Recorder,
    client: Client,
}

/// The API resource of a kind that the tests use.
pub fn resource(kind: &str) -> ApiResource {
    let (group, version) = match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ControllerRevision" => ("apps", "v1"),
        "Job" | "CronJob" => ("batch", "v1"),
        "Lease" => ("coordination.k8s.io", "v1"),
        "Event" => ("events.k8s.io", "v1"),
        "CustomResourceDefinition" => ("apiextensions.k8s.io", "v1"),
        "DeploymentWindow" | "TeamReadiness" | "CoordinatedRelease" => ("rollcall.dev", "v1alpha1"),
        "ClusterRole" | "ClusterRoleBinding" => ("rbac.authorization.k8s.io", "v1"),
        kind if kind.contains("AdmissionPolicy") => ("admissionregistration.k8s.io", "v1"),
        _ => ("", "v1"),
    };
    let mut resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if kind == "TeamReadiness" {
        "teamreadinesses".clone_into(&mut resource.plural);
    }
    resource
}

/// Asks again as long as the API server cannot be reached: a test may have stopped it, and a person would insist.
async fn insisting<T>(ask: impl AsyncFn() -> kube::Result<T>) -> kube::Result<T> {
    let limit = tokio::time::Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Err(kube::Error::Service(_) | kube::Error::HyperError(_)) if tokio::time::Instant::now() < limit => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(kube::Error::Api(status))
                if [429, 500, 503, 504].contains(&status.code) && tokio::time::Instant::now() < limit =>
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answer => return answer,
        }
    }
}

impl<'a> Stage<'a> {
    /// A place on a control plane, with a witness from now on.
    pub async fn on(installed: &'a Installed) -> Done<Self> {
        Ok(Self { installed, recorder: Recorder::start(installed).await?, client: installed.admin.client()? })
    }

    fn api(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let resource = resource(kind);
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        }
    }

    /// Server-side apply with force, as Flux does it.
    pub async fn apply(&self, objects: &[Value]) -> Done {
        for object in objects {
            let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
            let kind = object["kind"].as_str().unwrap_or_default();
            let params = PatchParams::apply("kustomize-controller").force();
            let api = self.api(kind, text("namespace"));
            insisting(async || api.patch(text("name"), &params, &Patch::Apply(object)).await).await?;
        }
        Ok(())
    }

    /// A merge patch by a person.
    pub async fn patch(&self, (kind, namespace, name): Named<'_>, change: Value) -> Done<Value> {
        let patch = Patch::Merge(change);
        let params = PatchParams::default();
        let api = self.api(kind, namespace);
        let object = insisting(async || api.patch(name, &params, &patch).await).await?;
        Ok(serde_json::to_value(object)?)
    }

    pub async fn delete(&self, (kind, namespace, name): Named<'_>) -> Done {
        let params = kube::api::DeleteParams::background();
        let api = self.api(kind, namespace);
        insisting(async || api.delete(name, &params).await).await?;
        Ok(())
    }

    /// An object; null if there is none.
    pub async fn read(&self, (kind, namespace, name): Named<'_>) -> Done<Value> {
        let api = self.api(kind, namespace);
        let found = insisting(async || api.get_opt(name).await).await?;
        Ok(serde_json::to_value(found)?)
    }

    /// All objects of a kind in a namespace.
    pub async fn list(&self, kind: &str, namespace: &str) -> Done<Vec<Value>> {
        let api = self.api(kind, namespace);
        let all = insisting(async || api.list(&ListParams::default()).await).await?;
        let values = all.items.iter().map(serde_json::to_value);
        Ok(values.collect::<Result<_, _>>()?)
    }

    /// Waits until an object is as described, and returns it.
    pub async fn until(&self, what: &str, named: Named<'_>, holds: impl Fn(&Value) -> bool) -> Done<Value> {
        let limit = tokio::time::Instant::now() + PATIENCE;
        loop {
            let object = self.read(named).await?;
            if holds(&object) {
                return Ok(object);
            }
            if tokio::time::Instant::now() > limit {
                let told = json!({"annotations": object["metadata"]["annotations"], "status": object["status"]});
                return Err(format!("not within {PATIENCE:?}: {what}; {named:?} says {told:#}").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a condition has a status and a reason, for the newest generation.
    pub async fn until_condition(&self, named: Named<'_>, condition: [&str; 3]) -> Done<Value> {
        let [name, status, reason] = condition;
        let what = format!("{name}={status}/{reason}");
        self.until(&what, named, |object| {
            super::condition_of(object, name).is_some_and(|c| {
                c["status"] == status
                    && c["reason"] == reason
                    && c["observedGeneration"] == object["metadata"]["generation"]
            })
        })
        .await
    }

    /// Waits until an Event says something about an object.
    pub async fn until_event(&self, namespace: &str, about: &str, reason: &str) -> Done<Value> {
        let what = format!("an Event {reason} about {about}");
        self.installed
            .until(&what, || async {
                let all = self.list("Event", namespace).await?;
                let found = all.into_iter().find(|e| e["regarding"]["name"] == about && e["reason"] == reason);
                Ok(found)
            })
            .await
    }

    /// All that the API server's audit log says, at least until now.
    pub async fn audited(&self) -> Done<Vec<Value>> {
        let marker = format!("look-{}", Utc::now().timestamp_micros());
        self.read(("ConfigMap", "default", &marker)).await?;
        let this_read = |e: &Value| e["objectRef"]["name"] == marker.as_str();
        // The log may lag behind the answers; once it has this very read, it has all before it.
        self.installed
            .until("the audit log is complete", || async {
                let events = self.installed.plane.audit_events()?;
                Ok(events.iter().any(this_read).then_some(events))
            })
            .await
    }

    /// When rollcall wrote a Deployment or Job itself, as the API server's audit log says.
    pub async fn released(&self, (kind, namespace, name): Named<'_>) -> Done<Vec<DateTime<Utc>>> {
        let plural = resource(kind).plural;
        let events = self.audited().await?;
        let own = events.iter().filter(|e| {
            let object = &e["objectRef"];
            e["user"]["username"] == "system:serviceaccount:rollcall-system:rollcall"
                && e["verb"] == "patch"
                && e["stage"] == "ResponseComplete"
                && e["responseStatus"]["code"] == 200
                && object["resource"] == plural.as_str()
                && object["namespace"] == namespace
                && object["name"] == name
        });
        let times = own.filter_map(|e| e["requestReceivedTimestamp"].as_str()?.parse().ok());
        Ok(times.collect())
    }

    /// Everything that happened in a namespace until now, of the kinds that are recorded.
    pub async fn history(&self, namespace: &str) -> Done<Vec<Version>> {
        let all = self.everything().await?.into_iter();
        Ok(all.filter(|v| v.object["metadata"]["namespace"] == namespace).collect())
    }

    /// Everything that happened until now, of the kinds that are recorded.
    pub async fn everything(&self) -> Done<Vec<Version>> {
        for kind in super::recorder::KINDS {
            let present = self.list(kind, "").await?;
            let newest = present.iter().map(super::recorder::version).max().unwrap_or(0);
            self.installed
                .until(&format!("the witness has seen all of kind {kind}"), || async {
                    Ok((self.recorder.seen(kind) >= newest).then_some(()))
                })
                .await?;
        }
        Ok(self.recorder.history())
    }
}
