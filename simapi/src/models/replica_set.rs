//! The ReplicaSet controller: as many pods as there are to be.

use serde_json::json;

use super::cluster::Look;
use super::kubelet::is_ready;
use super::pods;

pub(super) fn pass(look: &Look<'_>) {
    for set in look.list("apps", "replicasets") {
        let owned = look.owned(&set, "", "pods");
        if !set.is_going() {
            pods::keep(look, &set, &owned, set.value["spec"]["replicas"].as_i64().unwrap_or(1));
        }
        let owned = look.owned(&set, "", "pods");
        let live: Vec<_> = owned.iter().filter(|p| !p.is_going() && !pods::has_ended(&p.value)).collect();
        let ready = live.iter().filter(|p| is_ready(p)).count();
        let status = json!({
            "replicas": live.len(), "fullyLabeledReplicas": live.len(), "readyReplicas": ready,
            "availableReplicas": ready, "observedGeneration": set.value["metadata"]["generation"],
        });
        look.report(&set, status);
    }
}
