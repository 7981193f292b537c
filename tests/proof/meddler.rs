//! Somebody who is faster: between what rollcall has read and what it writes, a workload gets another version, or a
//! team takes its word back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use simapi::faults::{Before, Fault, Seen};
use simapi::{ApiServer, Chance, User, Verb};

use crate::support::shop;

/// The server of the cluster that is meddled with, as long as a story is played on it.
#[derive(Clone, Default)]
pub struct Cluster {
    server: Arc<Mutex<Option<ApiServer>>>,
}

impl Cluster {
    /// Is at hand until what this returns is dropped: else the server and its faults would keep each other for ever.
    pub fn is(&self, server: &ApiServer) -> impl Drop + use<> {
        *self.lock() = Some(server.clone());
        Played(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<ApiServer>> {
        self.server.lock().expect("nobody panics while they hold this")
    }
}

/// What is played on a cluster.
struct Played(Cluster);

impl Drop for Played {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

/// Meddles with some of the writes that are about to arrive.
pub struct Meddler {
    cluster: Cluster,
    healed: Arc<AtomicBool>,
    percent: u64,
    chance: Mutex<Chance>,
}

impl Meddler {
    /// Meddles in every third cluster, as often as this chance says.
    pub fn new(mut chance: Chance, cluster: Cluster, healed: Arc<AtomicBool>) -> Self {
        let percent = if chance.percent(35) { 1 + chance.below(30) } else { 0 };
        Self { cluster, healed, percent, chance: Mutex::new(chance) }
    }

    /// Whoever ships the workload ships another version of it.
    fn ships(&self, server: &ApiServer, name: &str) {
        let version = self.draw(|chance| 3 + chance.below(3)).to_string();
        let all = shop::manifests(&version);
        for manifest in all.iter().filter(|m| m["kind"] != "Job" && m["metadata"]["name"] == *name) {
            let _ = server.apply(&User::new("flux"), manifest, "kubectl", true);
        }
    }

    /// Whoever ships a StatefulSet or DaemonSet ships another version of what is there.
    fn ships_anew(&self, server: &ApiServer, [plural, namespace, name]: [&str; 3]) {
        let Some(mut object) = server.get("apps", plural, namespace, name) else { return };
        let image = &mut object["spec"]["template"]["spec"]["containers"][0]["image"];
        *image = format!("registry.example/{name}:{}", self.draw(|chance| 3 + chance.below(3))).into();
        let _ = server.act(&User::new("flux"), Verb::Update, &object, "", "");
    }

    /// A team takes its word about a release back.
    fn takes_back(&self, server: &ApiServer, release: &str) {
        let team = self.draw(|chance| chance.pick(&["data", "core", "ui"]).copied()).unwrap_or_default();
        let Some(mut object) = server.get("rollcall.dev", "teamreadinesses", team, team) else { return };
        if let Some(words) = object["spec"]["signOffs"].as_array_mut() {
            words.retain(|word| word["release"] != format!("releases/{release}").as_str());
            let _ = server.act(&User::new(format!("{team}-lead")), Verb::Update, &object, "", "");
        }
    }

    fn draw<T>(&self, of: impl FnOnce(&mut Chance) -> T) -> T {
        of(&mut self.chance.lock().expect("nobody panics while it holds this"))
    }
}

impl Fault for Meddler {
    fn before(&self, seen: &Seen<'_>) -> Before {
        let calm = self.percent == 0 || self.healed.load(Ordering::Relaxed) || seen.process.is_empty();
        if calm || seen.call.verb != Verb::Patch || !self.draw(|chance| chance.percent(self.percent)) {
            return Before::Pass;
        }
        let server = self.cluster.lock().clone();
        let Some(server) = server else { return Before::Pass };
        match seen.call.plural.as_str() {
            "deployments" => self.ships(&server, &seen.call.name),
            plural @ ("statefulsets" | "daemonsets") => {
                self.ships_anew(&server, [plural, &seen.call.namespace, &seen.call.name]);
            }
            "coordinatedreleases" if self.draw(|chance| chance.percent(50)) => {
                let name = self.draw(|chance| chance.pick(&["api", "web", "admin"]).copied()).unwrap_or_default();
                self.ships(&server, name);
            }
            "coordinatedreleases" => self.takes_back(&server, &seen.call.name),
            _ => {}
        }
        Before::Pass
    }
}
