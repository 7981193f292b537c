//! The same requests to an API server with policies and to one with the webhook: what is stored must be the same.

use std::collections::BTreeMap;

use control_plane::{ControlPlane, Subject};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::Old;
use super::requests::{Ask, How, Who, requests};
use crate::admission::world::World;
use crate::support::stage::resource;
use crate::support::{Done, shop};

const NAMESPACE: &str = "twins";

/// One API server, and everybody's connection to it.
struct Side {
    clients: BTreeMap<Who, Client>,
}

/// Sends every sequence to both and compares each answer.
pub async fn store_alike(old: &Old) -> Done {
    let new = World::new(NAMESPACE).await;
    let (policies, webhook) = (Side::of(new.plane).await?, Side::of(&old.installed.plane).await?);
    old.installed.kubectl(&["create", "namespace", NAMESPACE]).await?;
    grant(&old.installed.plane).await?;
    webhook.until_allowed().await?;
    policies.until_allowed().await?;
    webhook.until_guarded().await?;
    policies.until_guarded().await?;
    let mut differences = Vec::new();
    let mut asked = 0;
    for (title, asks) in requests() {
        for (n, ask) in asks.iter().enumerate() {
            let (one, other) = tokio::join!(policies.ask(ask), webhook.ask(ask));
            asked += 1;
            if one != other {
                let how = json_patch::diff(&one, &other);
                differences.push(format!("{title}, request {}: {one} becomes with the webhook {}", n + 1, json!(how)));
            }
        }
    }
    assert!(differences.is_empty(), "{} of {asked} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(asked > 50, "the table is sent: {asked}");
    Ok(())
}

/// Who may do more than a developer of the team.
const RIGHTS: [(&str, &str); 3] =
    [("lead", "rollcall-signoff"), ("lead", "rollcall-rollback"), ("oncall", "rollcall-override")];

/// The rights that the other plane's tests give.
async fn grant(plane: &ControlPlane) -> Done {
    let users = ["dev", "lead", "oncall"].map(|user| (user, "admin"));
    for (user, role) in users.into_iter().chain(RIGHTS) {
        plane.grant(role, Subject::User(user), Some(NAMESPACE)).await?;
    }
    plane.grant("cluster-admin", Subject::ServiceAccount("flux-system", "kustomize-controller"), None).await?;
    Ok(())
}

impl Side {
    async fn of(plane: &ControlPlane) -> Done<Self> {
        let mut clients = BTreeMap::new();
        for who in [Who::Dev, Who::Lead, Who::Oncall] {
            clients.insert(who, plane.user(&format!("{who:?}").to_lowercase(), &[])?.client()?);
        }
        clients.insert(Who::Flux, plane.service_account("flux-system", "kustomize-controller").await?.client()?);
        clients.insert(Who::Operator, plane.service_account("rollcall-system", "rollcall").await?.client()?);
        Ok(Self { clients })
    }

    /// The built-in roles get ours from a controller.
    async fn until_allowed(&self) -> Done {
        for who in [Who::Dev, Who::Lead, Who::Oncall] {
            let api = self.api(who, "TeamReadiness");
            control_plane::wait::until("everybody may read teams", crate::support::PATIENCE, async || {
                api.list(&Default::default()).await.map(drop).map_err(|e| e.to_string())
            })
            .await?;
        }
        Ok(())
    }

    /// Policies come into force in the order in which they are installed, and that of Jobs is the last one.
    async fn until_guarded(&self) -> Done {
        let api = self.api(Who::Dev, "Job");
        let job: DynamicObject = serde_json::from_value(shop::job(NAMESPACE, "guard-probe", "team", "1"))?;
        api.create(&PostParams::default(), &job).await?;
        let unlabelled = Patch::Merge(json!({"metadata": {"labels": {"rollcall.dev/gate": null}}}));
        let dry = PatchParams { dry_run: true, ..PatchParams::default() };
        control_plane::wait::until("the guards are in force", crate::support::PATIENCE, async || {
            match api.patch("guard-probe", &dry, &unlabelled).await {
                Err(kube::Error::Api(status)) if status.code == 403 => Ok(()),
                Err(error) => Err(error.to_string()),
                Ok(_) => Err("a held Job may lose its label".to_owned()),
            }
        })
        .await?;
        Ok(())
    }

    fn api(&self, who: Who, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.clients[&who].clone(), NAMESPACE, &resource(kind))
    }

    /// What came of one request, in words that do not depend on the side.
    async fn ask(&self, ask: &Ask) -> Value {
        for _ in 0..20 {
            match self.send(ask).await {
                Ok(object) => return serde_json::to_value(object).map(comparable).unwrap_or_default(),
                // Controllers write in between.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(kube::Error::Api(status)) => return json!([status.code, status.reason]),
                Err(error) => return error.to_string().into(),
            }
        }
        "a conflict, again and again".into()
    }

    async fn send(&self, ask: &Ask) -> Result<DynamicObject, kube::Error> {
        let api = self.api(ask.who, ask.kind);
        let (post, patch) = (PostParams::default(), PatchParams::default());
        let object = || serde_json::from_value::<DynamicObject>(ask.body.clone()).map_err(kube::Error::SerdeError);
        match ask.how {
            How::Create => api.create(&post, &object()?).await,
            How::Apply => {
                let gitops = PatchParams::apply("kustomize-controller").force();
                api.patch(ask.name, &gitops, &Patch::Apply(&ask.body)).await
            }
            How::Merge => api.patch(ask.name, &patch, &Patch::Merge(&ask.body)).await,
            How::Json => {
                let body = serde_json::from_value(ask.body.clone()).map_err(kube::Error::SerdeError)?;
                api.patch(ask.name, &patch, &Patch::Json::<()>(body)).await
            }
            How::Replace => {
                let mut object = object()?;
                object.metadata.resource_version = api.get(ask.name).await?.metadata.resource_version;
                api.replace(ask.name, &post, &object).await
            }
        }
    }
}

/// An object without what differs from one API server, or one moment, to another.
fn comparable(mut object: Value) -> Value {
    object["status"] = Value::Null;
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"] {
            metadata.remove(field);
        }
        if let Some(all) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            // Controllers number revisions, and when they do is their affair.
            all.retain(|key, _| {
                !key.starts_with("deployment.kubernetes.io/")
                    && !key.starts_with("deprecated.daemonset.template.generation")
            });
            if all.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    if object["kind"] == "Job" {
        // A Job's selector and the labels that it puts on its template hold its uid.
        object["spec"]["selector"] = Value::Null;
        object["spec"]["template"]["metadata"]["labels"] = Value::Null;
    }
    let stateful = object["kind"] == "StatefulSet";
    let rolling = object.pointer_mut("/spec/updateStrategy/rollingUpdate").and_then(Value::as_object_mut);
    if let Some(rolling) = rolling.filter(|_| stateful) {
        // A default that is younger than 1.34.
        rolling.remove("maxUnavailable");
    }
    strip_times(&mut object);
    object
}

/// Before 1.35 templates said that they were never created.
fn strip_times(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| !(key == "creationTimestamp" && value.is_null()));
            map.values_mut().for_each(strip_times);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_times),
        _ => {}
    }
}
