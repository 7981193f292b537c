//! What may be written and what is refused, with the path of the field. Every case is put to the real
//! API server, and the same cases to `rollcall plan`, which never sees a cluster.

mod columns;
mod finished;
mod offline;
mod releases;
mod samples;
mod teams;
mod windows;

use control_plane::ControlPlane;
use futures::StreamExt;
use kube::Client;
use rollcall::manifests::to_yaml;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::Done;

/// One thing that somebody might write.
pub struct Case {
    pub says: &'static str,
    pub manifest: Value,
    /// Where it is wrong; `None` if nothing is.
    pub wrong: Option<&'static str>,
}

pub fn accepts(says: &'static str, manifest: Value) -> Case {
    Case { says, manifest, wrong: None }
}

/// `path` is where the API server says it is wrong; `plan` says the same or is more exact.
pub fn rejects(says: &'static str, manifest: Value, path: &'static str) -> Case {
    Case { says, manifest, wrong: Some(path) }
}

/// A manifest with values replaced, by JSON pointer; a null removes.
pub fn with(mut manifest: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = manifest.pointer_mut(parent).expect("a parent");
        match (parent, value) {
            (Value::Object(map), Value::Null) => drop(map.remove(key)),
            (Value::Object(map), value) => drop(map.insert(key.to_owned(), value.clone())),
            (Value::Array(list), value) => {
                let place: usize = key.parse().expect("a place in a list");
                match list.get_mut(place) {
                    Some(item) => *item = value.clone(),
                    None => list.push(value.clone()),
                }
            }
            (other, _) => panic!("{pointer}: {other} has no fields"),
        }
    }
    manifest
}

/// So many items, each made from its place.
pub fn many(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

/// An API server with the three kinds, shared by all tests of this folder. It holds nothing but what
/// they create under names of their own.
pub async fn api() -> Done<(&'static ControlPlane, Client)> {
    static PLANE: OnceCell<Result<ControlPlane, String>> = OnceCell::const_new();
    let plane = PLANE
        .get_or_init(|| async { with_our_kinds().await.map_err(|e| e.to_string()) })
        .await
        .as_ref()
        .map_err(String::clone)?;
    Ok((plane, plane.admin()?.client()?))
}

async fn with_our_kinds() -> Done<ControlPlane> {
    let plane = ControlPlane::builder().api_only().start().await?;
    let crds: Vec<Value> = rollcall::api::crds::crds().into_iter().map(|(_, crd)| crd).collect();
    let admin = plane.admin()?;
    let kubectl = |args: &[&str]| plane.kubectl(&admin).args(args.iter().copied());
    let created = kubectl(&["apply", "--server-side", "-f", "-"]).stdin(to_yaml(&crds)).run();
    created.await?.success()?;
    let wait = ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"];
    kubectl(&wait).run().await?.success()?;
    Ok(plane)
}

/// Puts all cases to the API server as an admin, by server-side dry run, and tells of all that came out
/// otherwise than expected.
pub async fn table(cases: Vec<Case>) -> Done {
    let (_, client) = api().await?;
    let count = cases.len();
    let answers = futures::stream::iter(cases).map(|case| {
        let client = client.clone();
        async move { misjudged(&case, dry_run(&client, &case.manifest).await.err()) }
    });
    let wrong: Vec<String> = answers.buffer_unordered(4).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

fn misjudged(case: &Case, refusal: Option<String>) -> Option<String> {
    match (case.wrong, refusal) {
        (None, None) => None,
        (None, Some(said)) => Some(format!("should be accepted: {}: {said}", case.says)),
        (Some(path), None) => Some(format!("should be refused at {path}, and is accepted: {}", case.says)),
        (Some(path), Some(said)) => {
            (!names_field(&said, path)).then(|| format!("should be refused at {path}: {}: {said}", case.says))
        }
    }
}

/// Whether a refusal names the field: its path followed by what is wrong.
fn names_field(said: &str, path: &str) -> bool {
    said.contains(&format!("{path}: ")) || said.contains(&format!("unknown field \"{path}\""))
}

/// Creates without creating. The error is what the API server says.
pub async fn dry_run(client: &Client, manifest: &Value) -> Result<Value, String> {
    let plural = match manifest["kind"].as_str() {
        Some("DeploymentWindow") => "deploymentwindows",
        Some("TeamReadiness") => "teamreadinesses",
        _ => "coordinatedreleases",
    };
    let uri = format!("/apis/rollcall.dev/v1alpha1/namespaces/default/{plural}?dryRun=All&fieldValidation=Strict");
    let request = http::Request::post(uri)
        .header("content-type", "application/json")
        .body(manifest.to_string().into_bytes())
        .map_err(|e| e.to_string())?;
    match client.request::<Value>(request).await {
        Ok(object) => Ok(object),
        Err(kube::Error::Api(status)) => Err(status.message.clone()),
        Err(other) => panic!("the API server gave no answer: {other}"),
    }
}

/// An object of one of our kinds in the namespace `default`.
pub fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": kind,
        "metadata": {"namespace": "default", "name": name},
        "spec": spec})
}
