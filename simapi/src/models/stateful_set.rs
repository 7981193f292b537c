//! The StatefulSet controller: numbered pods, made in order, updated from the highest number down to the partition.

use serde_json::json;

use super::cluster::Look;
use super::kubelet::is_ready;
use super::{revisions, rollout};
use crate::object::Object;

const REVISION: &str = "controller-revision-hash";

pub(super) fn pass(look: &Look<'_>) {
    for set in look.list("apps", "statefulsets") {
        if !set.is_going() {
            step(look, &set);
        }
    }
}

fn step(look: &Look<'_>, set: &Object) {
    let (update, all) = revisions::of(look, set);
    let spec = &set.value["spec"];
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let known = set.value["status"]["currentRevision"].as_str().filter(|name| !name.is_empty());
    let current = known.unwrap_or(&update).to_owned();
    let on_delete = spec["updateStrategy"]["type"] == "OnDelete";
    let partition = spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
    let parallel = spec["podManagementPolicy"] == "Parallel";
    let name = set.key().name.to_string();
    let pods = look.owned(set, "", "pods");
    let pod = |n: i64| pods.iter().find(|pod| *pod.key().name == *format!("{name}-{n}"));
    let is_of = |pod: &Object, revision: &str| pod.value["metadata"]["labels"][REVISION] == revision;
    let mut waiting = false;
    for n in 0..wanted {
        match pod(n) {
            _ if waiting && !parallel => break,
            None => {
                let revision = if n < partition || on_delete { &current } else { &update };
                let template = revisions::template(&all, revision).unwrap_or_else(|| spec["template"].clone());
                let full = format!("{name}-{n}");
                let labels = [(REVISION, revision.as_str()), ("statefulset.kubernetes.io/pod-name", full.as_str())];
                look.create(&rollout::pod(&set.value, &template, Ok(&full), &labels));
                waiting = true;
            }
            Some(pod) => waiting |= !is_ready(pod),
        }
    }
    for pod in pods.iter().filter(|pod| number(pod) >= wanted && !pod.is_going()) {
        look.delete(pod);
        waiting = true;
    }
    if !waiting && !on_delete {
        let old = (partition.max(0)..wanted).rev().filter_map(pod).find(|pod| !is_of(pod, &update));
        if let Some(pod) = old.filter(|pod| !pod.is_going()) {
            look.delete(pod);
        }
    }
    report(look, set, [&current, &update]);
}

fn number(pod: &Object) -> i64 {
    pod.key().name.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn report(look: &Look<'_>, set: &Object, [current, update]: [&String; 2]) {
    let pods = look.owned(set, "", "pods");
    let live: Vec<_> = pods.iter().filter(|pod| !pod.is_going()).collect();
    let of = |revision: &str| live.iter().filter(|p| p.value["metadata"]["labels"][REVISION] == revision).count();
    let ready = live.iter().filter(|pod| is_ready(pod)).count();
    let wanted = usize::try_from(set.value["spec"]["replicas"].as_i64().unwrap_or(1)).unwrap_or(0);
    let complete = of(update) == wanted && live.len() == wanted && ready == wanted;
    let current = if complete { update } else { current };
    let mut value = serde_json::Value::clone(&set.value);
    value["status"] = json!({
        "observedGeneration": set.value["metadata"]["generation"],
        "replicas": live.len(),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentReplicas": of(current),
        "updatedReplicas": of(update),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": 0,
    });
    look.write(set, &value, "status");
}
