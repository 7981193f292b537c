//! An independent witness: it watches pods and workloads itself, keeps every version it is shown in the
//! order of the store, and is asked afterwards. It never believes what rollcall says of itself.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{Done, Installed};

/// One version of one object.
#[derive(Clone, Debug)]
pub struct Version {
    pub kind: String,
    pub object: Value,
    pub deleted: bool,
    /// The store's version of the whole cluster at which this one was written.
    pub at: u64,
}

impl Version {
    pub fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// A recorder under way.
pub struct Recorder {
    versions: Arc<Mutex<Vec<Version>>>,
    watches: Vec<JoinHandle<()>>,
}

impl Recorder {
    /// Begins to record pods, Deployments, Jobs and releases, in all namespaces.
    pub async fn start(installed: &Installed) -> Done<Self> {
        let versions = Arc::new(Mutex::new(Vec::new()));
        let client = installed.admin.client()?;
        let kinds = [
            ("", "v1", "Pod"),
            ("apps", "v1", "Deployment"),
            ("batch", "v1", "Job"),
            ("rollcall.dev", "v1alpha1", "CoordinatedRelease"),
        ];
        let mut watches = Vec::new();
        for (group, version, kind) in kinds {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let from = api
                .list(&Default::default())
                .await?
                .metadata
                .resource_version
                .unwrap_or_default();
            watches.push(tokio::spawn(watch(
                api,
                kind.to_owned(),
                from,
                versions.clone(),
            )));
        }
        Ok(Self { versions, watches })
    }

    /// All versions so far, in the order of the store.
    pub fn history(&self) -> Vec<Version> {
        let mut all = self.versions.lock().map(|v| v.clone()).unwrap_or_default();
        all.sort_by_key(|v| v.at);
        all
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.watches.iter().for_each(JoinHandle::abort);
    }
}

async fn watch(
    api: Api<DynamicObject>,
    kind: String,
    mut from: String,
    versions: Arc<Mutex<Vec<Version>>>,
) {
    loop {
        let Ok(stream) = api.watch(&WatchParams::default().timeout(290), &from).await else {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            continue;
        };
        let mut stream = std::pin::pin!(stream);
        while let Some(Ok(event)) = stream.next().await {
            let (object, deleted) = match event {
                WatchEvent::Added(o) | WatchEvent::Modified(o) => (o, false),
                WatchEvent::Deleted(o) => (o, true),
                WatchEvent::Bookmark(b) => {
                    from = b.metadata.resource_version;
                    continue;
                }
                WatchEvent::Error(_) => continue,
            };
            from = object.metadata.resource_version.clone().unwrap_or_default();
            let version = Version {
                kind: kind.clone(),
                at: from.parse().unwrap_or_default(),
                object: serde_json::to_value(&object).unwrap_or_default(),
                deleted,
            };
            if let Ok(mut all) = versions.lock() {
                all.push(version);
            }
        }
    }
}

/// The tag of a pod's, or a workload's template's, first container image.
pub fn tag(object: &Value) -> &str {
    let spec = if object["spec"]["template"].is_object() {
        &object["spec"]["template"]["spec"]
    } else {
        &object["spec"]
    };
    spec["containers"][0]["image"]
        .as_str()
        .and_then(|i| i.rsplit(':').next())
        .unwrap_or_default()
}

/// Whether a pod is ready.
pub fn ready(pod: &Value) -> bool {
    pod["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Ready" && c["status"] == "True")
}
