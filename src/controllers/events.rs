//! Events: what people see in `kubectl describe`. They are never the record, and never the cause of
//! anything; one that cannot be published is only missed.

use serde_json::json;

use crate::api::conditions::cut;
use crate::api::time::to_kubernetes_micro;
use crate::cluster::objects::{Meta, Release, Team};
use crate::cluster::workloads::Workload;
use crate::cluster::writes::{RELEASES, Resource, TEAMS, WINDOWS};
use crate::controllers::world::World;

/// Something worth telling.
pub struct Moment {
    /// Why, in one word of a closed set.
    pub reason: &'static str,
    /// What rollcall did or would do.
    pub action: &'static str,
    /// For people; cut to 1,024 characters, the API server's limit.
    pub note: String,
    pub warning: bool,
}

pub async fn about_release(world: &World, release: &Release, moment: Moment) {
    about(world, RELEASES, &release.meta, moment).await;
}

pub async fn about_team(world: &World, team: &Team, moment: Moment) {
    about(world, TEAMS, &team.meta, moment).await;
}

pub async fn about_window(world: &World, window: &Meta, moment: Moment) {
    about(world, WINDOWS, window, moment).await;
}

pub async fn about_workload(world: &World, workload: &Workload, moment: Moment) {
    let meta = Meta {
        key: workload.key.clone(),
        version: workload.version.clone(),
        uid: workload.uid.clone(),
        generation: 0,
        created: chrono::DateTime::UNIX_EPOCH,
        labels: std::collections::BTreeMap::new(),
        author: None,
        asked_back: None,
        author_groups: Vec::new(),
        terminating: workload.terminating,
    };
    about(world, Resource::of(workload.kind), &meta, moment).await;
}

async fn about(world: &World, resource: Resource, meta: &Meta, moment: Moment) {
    let event = json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": prefix(&meta.key.name), "namespace": &*meta.key.namespace},
        "eventTime": to_kubernetes_micro(world.clock.now()),
        "reportingController": "rollcall.dev/rollcall",
        "reportingInstance": world.settings.identity,
        "action": moment.action,
        "reason": moment.reason,
        "regarding": {
            "apiVersion": resource.api_version(),
            "kind": resource.kind,
            "namespace": &*meta.key.namespace,
            "name": &*meta.key.name,
            "uid": meta.uid,
            "resourceVersion": meta.version.as_str(),
        },
        "note": cut(&moment.note, 1000),
        "type": if moment.warning { "Warning" } else { "Normal" },
    });
    world.objects.publish(&meta.key.namespace, event).await;
}

/// What an Event's name begins with. Names may have 253 characters, and what the API server appends must
/// fit too. It takes a prefix that ends with a dash; one that ends with a dot it refuses.
fn prefix(name: &str) -> String {
    let short = name.get(..200).unwrap_or(name);
    format!("{}-", short.trim_end_matches(['-', '.']))
}
