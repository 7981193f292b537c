//! The DaemonSet controller: a pod on each node, replaced one after the other, or only when somebody deletes it.

use std::sync::Arc;

use serde_json::json;

use super::cluster::Look;
use super::kubelet::is_ready;
use super::{revisions, rollout};
use crate::object::Object;

const REVISION: &str = "controller-revision-hash";

pub(super) fn pass(look: &Look<'_>) {
    for set in look.list("apps", "daemonsets") {
        if !set.is_going() {
            step(look, &set);
        }
    }
}

fn step(look: &Look<'_>, set: &Object) {
    let (name, _) = revisions::of(look, set);
    let hash = name.rsplit('-').next().unwrap_or_default().to_owned();
    let nodes: Vec<String> = look.list("", "nodes").iter().map(|node| node.key().name.to_string()).collect();
    let pods = look.owned(set, "", "pods");
    let on = |node: &str| pods.iter().find(|pod| pod.value["spec"]["nodeName"] == node);
    let prefix = format!("{}-", set.key().name);
    for node in &nodes {
        if on(node).is_none() {
            let template = &set.value["spec"]["template"];
            let mut pod = rollout::pod(&set.value, template, Err(&prefix), &[(REVISION, &hash)]);
            pod["spec"]["nodeName"] = node.clone().into();
            look.create(&pod);
        }
    }
    let rolling = &set.value["spec"]["updateStrategy"];
    if rolling["type"] != "OnDelete" {
        let count = i64::try_from(nodes.len()).unwrap_or(0);
        let most = rollout::share(&rolling["rollingUpdate"]["maxUnavailable"], count, true).max(1);
        replace_old(look, &pods, &hash, most);
    }
    report(look, set, &hash, nodes.len());
}

/// Old pods that are not ready are replaced at once; of those that are, so many that no more are down than may be.
fn replace_old(look: &Look<'_>, pods: &[Arc<Object>], hash: &str, most: i64) {
    let down = pods.iter().filter(|pod| !is_ready(pod)).count();
    let room = usize::try_from(most).unwrap_or(1).saturating_sub(down);
    let of_old = |pod: &&Arc<Object>| pod.value["metadata"]["labels"][REVISION] != hash && !pod.is_going();
    let (ready, broken): (Vec<_>, Vec<_>) = pods.iter().filter(of_old).partition(|pod| is_ready(pod));
    broken.into_iter().chain(ready.into_iter().take(room)).for_each(|pod| look.delete(pod));
}

fn report(look: &Look<'_>, set: &Object, hash: &str, nodes: usize) {
    let pods = look.owned(set, "", "pods");
    let live: Vec<_> = pods.iter().filter(|pod| !pod.is_going()).collect();
    let updated = live.iter().filter(|pod| pod.value["metadata"]["labels"][REVISION] == hash).count();
    let ready = live.iter().filter(|pod| is_ready(pod)).count();
    let mut value = serde_json::Value::clone(&set.value);
    let mut status = json!({
        "observedGeneration": set.value["metadata"]["generation"],
        "currentNumberScheduled": live.len(),
        "desiredNumberScheduled": nodes,
        "numberMisscheduled": 0,
        "numberReady": ready,
    });
    for (field, count) in [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", ready),
        ("numberUnavailable", nodes.saturating_sub(ready)),
    ] {
        if count > 0 {
            status[field] = count.into();
        }
    }
    value["status"] = status;
    look.write(set, &value, "status");
}
