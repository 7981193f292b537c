//! An independent witness: it watches pods and workloads itself, keeps every version it is shown in the
//! order of the store, and is asked afterwards. It never believes what rollcall says of itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::stage::resource;
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

/// The kinds that are recorded.
pub const KINDS: [&str; 4] = ["Pod", "Deployment", "Job", "CoordinatedRelease"];

type Versions = Arc<Mutex<Vec<Version>>>;

/// A recorder under way.
pub struct Recorder {
    versions: Versions,
    /// Where the store was when each watch began.
    begun: Vec<(&'static str, u64)>,
    watches: Vec<JoinHandle<()>>,
}

impl Recorder {
    /// Begins to record pods, Deployments, Jobs and releases, in all namespaces.
    pub async fn start(installed: &Installed) -> Done<Self> {
        Self::of(installed, &KINDS).await
    }

    /// Begins to record these kinds, in all namespaces.
    pub async fn of(installed: &Installed, kinds: &[&'static str]) -> Done<Self> {
        let versions = Arc::new(Mutex::new(Vec::new()));
        let client = installed.admin.client()?;
        let (mut watches, mut begun) = (Vec::new(), Vec::new());
        for &kind in kinds {
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource(kind));
            let from = api.list(&Default::default()).await?.metadata.resource_version.unwrap_or_default();
            begun.push((kind, from.parse().unwrap_or_default()));
            watches.push(tokio::spawn(watch(api, kind.to_owned(), from, versions.clone())));
        }
        Ok(Self { versions, begun, watches })
    }

    /// The newest version of the store of which the watch of this kind has told.
    pub fn seen(&self, kind: &str) -> u64 {
        let begun = self.begun.iter().find(|(k, _)| *k == kind);
        let versions = self.versions.lock();
        let told = versions.iter().flat_map(|all| all.iter()).filter(|v| v.kind == kind).map(|v| v.at);
        told.chain(begun.map(|(_, at)| *at)).max().unwrap_or(0)
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

async fn watch(api: Api<DynamicObject>, kind: String, mut from: String, versions: Versions) {
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
                // An API server that was started again knows nothing of before: what is there now is looked up.
                WatchEvent::Error(_) => {
                    from = again(&api, &kind, &versions).await.unwrap_or(from);
                    break;
                }
            };
            from = object.metadata.resource_version.clone().unwrap_or_default();
            keep(&versions, &kind, &object, deleted);
        }
    }
}

fn keep(versions: &Versions, kind: &str, object: &DynamicObject, deleted: bool) {
    let at = object.metadata.resource_version.as_deref().unwrap_or_default().parse().unwrap_or_default();
    let object = serde_json::to_value(object).unwrap_or_default();
    if let Ok(mut all) = versions.lock() {
        all.push(Version { kind: kind.to_owned(), at, object, deleted });
    }
}

/// Notes what is there and was not known, and what is there no more; returns the version from which to watch.
async fn again(api: &Api<DynamicObject>, kind: &str, versions: &Versions) -> Option<String> {
    let list = api.list(&Default::default()).await.ok()?;
    let from = list.metadata.resource_version?;
    let known: Vec<Version> = versions.lock().ok()?.iter().filter(|v| v.kind == kind).cloned().collect();
    let newest = |object: &Value| {
        let same = |v: &&Version| v.object["metadata"]["uid"] == object["metadata"]["uid"];
        known.iter().filter(same).max_by_key(|v| v.at).cloned()
    };
    let present: Vec<Value> = list.items.iter().filter_map(|o| serde_json::to_value(o).ok()).collect();
    for (object, value) in list.items.iter().zip(&present) {
        if newest(value).is_none_or(|v| v.at < version(value)) {
            keep(versions, kind, object, false);
        }
    }
    let mut gone: Vec<Version> = known.iter().filter_map(|v| newest(&v.object)).filter(|v| !v.deleted).collect();
    gone.retain(|v| !present.iter().any(|p| p["metadata"]["uid"] == v.object["metadata"]["uid"]));
    gone.dedup_by_key(|v| v.at);
    let at = from.parse().ok()?;
    versions.lock().ok()?.extend(gone.into_iter().map(|v| Version { deleted: true, at, ..v }));
    Some(from)
}

/// The tag of a pod's, or a workload's template's, first container image.
pub fn tag(object: &Value) -> &str {
    let spec =
        if object["spec"]["template"].is_object() { &object["spec"]["template"]["spec"] } else { &object["spec"] };
    spec["containers"][0]["image"].as_str().and_then(|i| i.rsplit(':').next()).unwrap_or_default()
}

/// Whether a pod is ready.
pub fn ready(pod: &Value) -> bool {
    pod["status"]["conditions"].as_array().into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

/// The store's version of the cluster at which an object was last written.
pub fn version(object: &Value) -> u64 {
    let text = object["metadata"]["resourceVersion"].as_str();
    text.and_then(|v| v.parse().ok()).unwrap_or(0)
}

/// Whether a workload carries a hold.
pub fn held(object: &Value) -> bool {
    object["metadata"]["annotations"]["rollcall.dev/hold"].is_string()
}

/// At which version of the store, and with which content, a workload went from held to free.
#[derive(Clone, Debug)]
pub struct LetGo {
    pub at: u64,
    pub tag: String,
    pub uid: String,
}

/// Every time that a workload was let go.
pub fn let_go(history: &[Version], kind: &str, name: &str) -> Vec<LetGo> {
    let mut last: Option<(String, bool)> = None;
    let mut all = Vec::new();
    let own = |v: &&Version| v.kind == kind && v.name() == name;
    for version in history.iter().filter(own) {
        let uid = version.object["metadata"]["uid"].as_str().unwrap_or_default();
        let was_held = last.as_ref().is_some_and(|(u, held)| u == uid && *held);
        let is_held = held(&version.object);
        if was_held && !is_held && !version.deleted {
            all.push(LetGo { at: version.at, tag: tag(&version.object).to_owned(), uid: uid.to_owned() });
        }
        last = Some((uid.to_owned(), is_held));
    }
    all
}

/// The tags with which pods of an app ever ran.
pub fn tags_that_ran(history: &[Version], app: &str) -> BTreeSet<String> {
    let pods = history.iter().filter(|v| v.kind == "Pod" && v.object["metadata"]["labels"]["app"] == app);
    pods.map(|v| tag(&v.object).to_owned()).collect()
}
