//! The operator as a whole: watches fill the stores, the leader's workers reconcile, and both stop in
//! order. Nothing here decides.

use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::calendars::Calendars;
use super::hold::Hold;
use super::queue::{Queue, RetryPolicy};
use super::readiness::TeamController;
use super::release::ReleaseController;
use super::shell::{self, ShellConfig};
use super::watches::{States, watch_everything};
use super::webhook::{self, Trust};
use super::window::WindowController;
use super::world::{Queues, Stores, World};
use crate::clock::{Clock, ServerClock};
use crate::cluster::client::Clients;
use crate::cluster::lease::{Elector, LeaseConfig, LeaseError};
use crate::cluster::objects::Window;
use crate::cluster::writes::Objects;
use crate::domain::calendar::zone_data_version;
use crate::http::{self, Checks};
use crate::manifests::{Install, Mechanism};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::shutdown::{Shutdown, channel};

/// Why the operator ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    #[error(transparent)]
    Lease(#[from] LeaseError),
    #[error("the webhook has no certificate: {0}")]
    Certificate(#[from] http::webhook::CertificateError),
}

/// Runs until the shutdown, or until leadership is lost.
///
/// # Errors
///
/// When the port cannot be had, or when this process led and does not any more.
pub async fn run(
    settings: Settings,
    clients: Clients,
    clock: Arc<ServerClock>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
) -> Result<(), OperatorError> {
    let listener = http::bind(settings.listen).await.map_err(|e| OperatorError::Listen(settings.listen, e))?;
    let address = listener.local_addr().unwrap_or(settings.listen);
    tracing::info!(event = "listening", %address, "serving health and metrics");
    let known = Arc::new(OnceLock::new());
    let asked = known.clone();
    let checks = Checks::default().ready("api-server", move || match asked.get() {
        Some(()) => Ok(()),
        None => Err("has not answered yet".to_owned()),
    });
    let (stop_serving, serving) = channel();
    let server = tokio::spawn(http::serve(listener, checks.clone(), metrics.clone(), serving));
    let objects = Objects::new(clients.main.clone());
    let outcome = tokio::select! {
        () = shutdown.requested() => Ok(()),
        mechanism = webhook::learn(&settings, &objects) => {
            let _ = known.set(());
            let world = Arc::new(world(settings, mechanism, &clients, clock, &metrics));
            operate(&world, &clients, &checks, shutdown.clone()).await
        }
    };
    stop_serving.request();
    let _ = server.await;
    outcome
}

/// Watches, serves the webhook if one is needed, and leads when it is this process's turn.
async fn operate(
    world: &Arc<World>,
    clients: &Clients,
    checks: &Checks,
    shutdown: Shutdown,
) -> Result<(), OperatorError> {
    let mut watches = JoinSet::new();
    let states = watch_everything(world, clients, &mut watches);
    measure(world, &states);
    for (name, state) in &states {
        let state = state.clone();
        checks.also_ready(*name, move || {
            if state.is_synced() { Ok(()) } else { Err(state.trouble().unwrap_or_else(|| "not yet listed".to_owned())) }
        });
    }
    let mut serving = JoinSet::new();
    if let Mechanism::Webhook(reach) = &world.hold.mechanism {
        let address = world.settings.webhook.listen;
        let listener = http::bind(address).await.map_err(|e| OperatorError::Listen(address, e))?;
        webhook::begin(world, reach, listener, &shutdown, &mut serving)?;
        tracing::info!(event = "webhook", %address, "serving the webhook: this API server has no mutating policies");
        let weak = Arc::downgrade(world);
        checks.also_ready("webhook", move || weak.upgrade().map_or(Ok(()), |world| world.trust.state()));
    }
    let outcome = lead(world, clients, &states, shutdown).await;
    // A replica that has lost the lease ends at once, one that was told to stop answers to the end.
    if outcome.is_ok() {
        while serving.join_next().await.is_some() {}
    }
    outcome
}

fn world(
    settings: Settings,
    mechanism: Mechanism,
    clients: &Clients,
    clock: Arc<ServerClock>,
    metrics: &Arc<Metrics>,
) -> World {
    let clock: Arc<dyn Clock> = clock;
    let queue = |name| Queue::new(name, clock.clone(), metrics, RetryPolicy::default());
    let install = Install {
        operator_user: settings.operator_user.clone(),
        mechanism,
        ..Install::in_namespace(&settings.namespace)
    };
    World {
        stores: Stores::default(),
        queues: Queues {
            releases: queue("coordinatedrelease"),
            teams: queue("teamreadiness"),
            windows: queue("deploymentwindow"),
        },
        objects: Objects::new(clients.main.clone()),
        calendars: Calendars::new(&settings.namespace, clock.clone()),
        clock: clock.clone(),
        metrics: metrics.clone(),
        hold: Hold::of(install),
        trust: Trust::default(),
        granting: Mutex::new(()),
        stop: std::sync::Mutex::default(),
        refused: std::sync::Mutex::default(),
        last_said: super::release::LastSaid::default(),
        checks: super::checks::Memory::default(),
        unshown: super::readiness::Unshown::default(),
        told: std::sync::Mutex::default(),
        settings,
    }
}

async fn lead(world: &Arc<World>, clients: &Clients, states: &States, shutdown: Shutdown) -> Result<(), OperatorError> {
    let synced = async {
        for (name, state) in states {
            state.synced().await;
            tracing::debug!(event = "synced", kind = name, "listed");
        }
    };
    tokio::select! {
        biased;
        () = shutdown.requested() => return Ok(()),
        () = synced => {}
    }
    if !world.settings.elect_leader {
        work(world, shutdown).await;
        return Ok(());
    }
    let config = LeaseConfig::new(&world.settings.namespace, "rollcall", &world.settings.identity);
    let (elector, leadership) =
        Elector::new(clients.lease.clone(), config, world.clock.clone(), world.metrics.clone())?;
    let (stop_election, election) = channel();
    let mut electing = tokio::spawn(elector.run(election));
    tokio::select! {
        biased;
        () = shutdown.requested() => {}
        ended = &mut electing => return Ok(ended.unwrap_or(Ok(()))?),
        () = leadership.acquired() => {
            tracing::info!(event = "leading", identity = world.settings.identity, "this process leads");
            tokio::select! {
                biased;
                () = work(world, shutdown) => {}
                ended = &mut electing => return Ok(ended.unwrap_or(Ok(()))?),
            }
        }
    }
    stop_election.request();
    Ok(electing.await.unwrap_or(Ok(()))?)
}

async fn work(world: &Arc<World>, shutdown: Shutdown) {
    let config = ShellConfig { workers: world.settings.workers, ..ShellConfig::default() };
    let (clock, metrics) = (&world.clock, &world.metrics);
    let releases = shell::run(
        Arc::new(ReleaseController { world: world.clone() }),
        world.queues.releases.clone(),
        config,
        clock.clone(),
        metrics,
        shutdown.clone(),
    );
    let teams = shell::run(
        Arc::new(TeamController { world: world.clone() }),
        world.queues.teams.clone(),
        config,
        clock.clone(),
        metrics,
        shutdown.clone(),
    );
    let windows = shell::run(
        Arc::new(WindowController { world: world.clone() }),
        world.queues.windows.clone(),
        config,
        clock.clone(),
        metrics,
        shutdown.clone(),
    );
    futures::join!(releases, teams, windows);
}

/// What is measured when somebody asks.
fn measure(world: &Arc<World>, states: &States) {
    let states = states.clone();
    let weak = Arc::downgrade(world);
    world.metrics.on_scrape(move |metrics| {
        let Some(world) = weak.upgrade() else { return };
        for (kind, state) in &states {
            metrics.set_cache_lag(kind, state.cache_lag());
        }
        metrics.set_clock_skew(seconds(world.clock.skew()));
        metrics.set_policy_intact(world.policies_missing().is_empty());
        windows(&world, metrics);
        metrics.set_holds(i64::try_from(world.stores.workloads.held()).unwrap_or(i64::MAX));
        blocked(&world, metrics);
    });
}

/// How many windows are sound, cannot be read, or go by an old copy of a calendar; and the zones they are read in.
fn windows(world: &World, metrics: &Metrics) {
    metrics.set_zone_data(zone_data_version());
    let all = world.stores.windows.list();
    let is = |window: &Window, kind: &str, status: &str| {
        window.status.conditions.iter().any(|c| c.type_ == kind && c.status == status)
    };
    let broken = all.iter().filter(|w| is(w, "Stalled", "True")).count();
    let stale = all.iter().filter(|w| is(w, "CalendarFresh", "False") && !is(w, "Stalled", "True")).count();
    let unreadable = world.stores.windows.all_undecodable().len();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    metrics.set_windows("sound", count(all.len() - broken - stale));
    metrics.set_windows("broken", count(broken + unreadable));
    metrics.set_windows("stale", count(stale));
}

fn seconds(delta: TimeDelta) -> f64 {
    delta.as_seconds_f64()
}

/// How many releases each gate keeps waiting, and how many are in which state.
fn blocked(world: &World, metrics: &Metrics) {
    use crate::domain::scheduling::{CODES, Gate};
    let releases = world.stores.releases.list();
    let gates = [
        Gate::Paused,
        Gate::Accepted,
        Gate::HoldEnforced,
        Gate::Window,
        Gate::Capacity,
        Gate::SignOff,
        Gate::Check,
        Gate::Order,
        Gate::Content,
        Gate::Failure,
    ];
    for gate in gates {
        let codes: Vec<String> =
            CODES.iter().filter(|(_, g, _)| *g == gate).map(|(code, ..)| code.to_string()).collect();
        let waiting = releases.iter().filter(|r| r.status.blockers.iter().any(|b| codes.contains(&b.code))).count();
        metrics.set_blocked(gate.as_str(), i64::try_from(waiting).unwrap_or(i64::MAX));
    }
    let is = |r: &crate::cluster::objects::Release, kind: &str, status: &str| {
        r.status.conditions.iter().any(|c| c.type_ == kind && c.status == status)
    };
    for (phase, count) in [
        ("waiting", releases.iter().filter(|r| is(r, "Gated", "True")).count()),
        ("rolling", releases.iter().filter(|r| is(r, "Reconciling", "True")).count()),
        ("stalled", releases.iter().filter(|r| is(r, "Stalled", "True")).count()),
    ] {
        metrics.set_release_phase(phase, i64::try_from(count).unwrap_or(i64::MAX));
    }
}
