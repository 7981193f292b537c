//! The watches: each fills its store and wakes whoever may care. None can keep another from going on.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::world::World;
use super::{calendars, stop};
use crate::api::fields::WorkloadKind;
use crate::api::names::ASKED_BACK;
use crate::api::release::UNDER_WAY;
use crate::cluster::admission::{WEBHOOKS, decode_webhooks};
use crate::cluster::client::Clients;
use crate::cluster::objects::{decode, decode_namespace, decode_policy};
use crate::cluster::releases::Compact;
use crate::cluster::watch::{WatchConfig, WatchEvent, watch_projected};
use crate::cluster::writes::{NAMESPACES, RELEASES, Resource, TEAMS, WINDOWS};
use crate::cluster::{Projected, WatchState, workloads};
use crate::manifests::Mechanism;

/// The kinds of admission policy, in the order of [`Stores::policies`].
pub const POLICY_KINDS: [Resource; 4] = [
    policy("mutatingadmissionpolicies", "MutatingAdmissionPolicy"),
    policy("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"),
    policy("validatingadmissionpolicies", "ValidatingAdmissionPolicy"),
    policy("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
];

/// Those that this API server has, each with its place. Where a webhook holds there may be none that mutate.
pub fn policies_served(mechanism: &Mechanism) -> impl Iterator<Item = (usize, Resource)> + use<> {
    let all = *mechanism == Mechanism::Policies;
    POLICY_KINDS.into_iter().enumerate().filter(move |(_, r)| all || !r.plural.starts_with("mutating"))
}

const fn policy(plural: &'static str, kind: &'static str) -> Resource {
    Resource { group: "admissionregistration.k8s.io", version: "v1", plural, kind }
}

/// How each watch is doing, by the plural of what it watches.
pub type States = Vec<(&'static str, WatchState)>;

/// Begins all watches. They end when `tasks` is dropped.
pub fn watch_everything(world: &Arc<World>, clients: &Clients, tasks: &mut JoinSet<()>) -> States {
    let mut watches = Watches { world, clients, tasks, states: Vec::new() };
    watches.our_kinds();
    watches.workloads();
    watches.namespaces();
    watches.policies();
    watches.stop();
    let states = watches.states;
    tasks.spawn(calendars::follow(world.clone(), clients.main.clone()));
    states
}

struct Watches<'a> {
    world: &'a Arc<World>,
    clients: &'a Clients,
    tasks: &'a mut JoinSet<()>,
    states: States,
}

impl Watches<'_> {
    fn begin<P: Projected>(
        &mut self,
        resource: Resource,
        selectors: (&str, &str),
        decode: impl Fn(&str) -> Result<P, String> + Send + 'static,
        seen: impl FnMut(&World, WatchEvent<P>) + Send + 'static,
    ) {
        let (labels, fields) = selectors;
        let config = WatchConfig::new(resource.group, resource.version, resource.plural).labels(labels).fields(fields);
        self.begin_as(resource.plural, config, decode, seen);
    }

    /// Begins a watch under a name of its own.
    fn begin_as<P: Projected>(
        &mut self,
        name: &'static str,
        config: WatchConfig,
        decode: impl Fn(&str) -> Result<P, String> + Send + 'static,
        mut seen: impl FnMut(&World, WatchEvent<P>) + Send + 'static,
    ) {
        let config = config.waiting_as(&self.world.settings.identity);
        let state = WatchState::new(self.world.clock.clone());
        self.states.push((name, state.clone()));
        let world = self.world.clone();
        self.tasks
            .spawn(watch_projected(self.clients.main.clone(), config, state, decode, move |event| seen(&world, event)));
    }

    fn our_kinds(&mut self) {
        // Finished releases leave the watch, and with it the memory.
        self.begin(RELEASES, ("", UNDER_WAY), Compact::decode, |world, event| {
            world.stores.releases.apply(event).into_iter().for_each(|change| world.release_differs(&change));
        });
        let ended = WatchConfig::new(RELEASES.group, RELEASES.version, RELEASES.plural);
        let ended = ended.labels(format!("{ASKED_BACK}=true")).fields("status.finished=true");
        self.begin_as("coordinatedreleases-asked-back", ended, Compact::decode, |world, event| {
            for change in world.stores.ended.apply(event).into_iter().filter(|change| change.new.is_some()) {
                world.queues.releases.add(change.key);
            }
        });
        self.begin(TEAMS, ("", ""), decode, |world, event| {
            world.stores.teams.apply(event).into_iter().for_each(|change| world.team_differs(&change));
        });
        self.begin(WINDOWS, ("", ""), decode, |world, event| {
            world.stores.windows.apply(event).into_iter().for_each(|change| world.window_differs(&change));
        });
    }

    fn workloads(&mut self) {
        for kind in WorkloadKind::ALL {
            let decode = move |text: &str| workloads::decode(kind, text);
            self.begin(Resource::of(kind), ("", ""), decode, move |world, event| {
                let changes = world.stores.workloads(kind).apply(event);
                changes.into_iter().for_each(|change| world.workload_differs(kind, &change));
            });
        }
    }

    fn stop(&mut self) {
        let config = stop::watched(&self.world.settings.namespace);
        self.begin_as(stop::WATCH, config, stop::decode, stop::seen);
    }

    fn namespaces(&mut self) {
        self.begin(NAMESPACES, ("", ""), decode_namespace, |world, event| {
            for change in world.stores.namespaces.apply(event) {
                if change.old.as_ref().map(|o| &o.meta.labels) != change.new.as_ref().map(|n| &n.meta.labels) {
                    world.everything_changed();
                }
            }
        });
    }

    /// An API server that has no mutating policies cannot be asked for them.
    fn policies(&mut self) {
        for (n, resource) in policies_served(&self.world.hold.mechanism) {
            self.begin(resource, (OURS, ""), decode_policy, move |world, event| {
                if !world.stores.policies[n].apply(event).is_empty() {
                    world.policies_changed();
                }
            });
        }
        self.begin(WEBHOOKS, (OURS, ""), decode_webhooks, |world, event| {
            if !world.stores.webhooks.apply(event).is_empty() {
                world.trust.changed.notify_one();
                world.policies_changed();
            }
        });
    }
}

/// Selects what an installation consists of.
pub const OURS: &str = "app.kubernetes.io/part-of=rollcall";
