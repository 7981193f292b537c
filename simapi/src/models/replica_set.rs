//! The ReplicaSet controller: as many pods as there are to be.

use serde_json::json;

use super::cluster::{Look, is_going};
use super::kubelet::is_ready;
use super::pods;

pub(super) fn pass(look: &Look<'_>) {
    for set in look.list("apps", "replicasets") {
        let owned = look.owned(&set, "", "pods");
        if !is_going(&set.value) {
            pods::keep(look, &set, &owned, set.value["spec"]["replicas"].as_i64().unwrap_or(1));
        }
        let owned = look.owned(&set, "", "pods");
        let live: Vec<_> = owned.iter().filter(|p| !is_going(&p.value) && !pods::has_ended(&p.value)).collect();
        let ready = live.iter().filter(|p| is_ready(&p.value)).count();
        let mut value = serde_json::Value::clone(&set.value);
        value["status"] = json!({
            "replicas": live.len(), "fullyLabeledReplicas": live.len(), "readyReplicas": ready,
            "availableReplicas": ready, "observedGeneration": set.value["metadata"]["generation"],
        });
        look.write(&set, &value, "status");
    }
}
