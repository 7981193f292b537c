//! A replica of the operator: the one that is shipped, with the connections of the simulation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use kube::Client;
use rollcall::clock::ServerClock;
use rollcall::cluster::client::{Clients, LEASE_REQUEST_TIMEOUT, ObserveLayer, REQUEST_TIMEOUT};
use rollcall::controllers::operator::{OperatorError, run};
use rollcall::metrics::Metrics;
use rollcall::settings::Settings;
use rollcall::shutdown::{Trigger, channel};
use simapi::{Process, User};
use tokio::task::JoinHandle;
use tower::Layer;

use super::{OPERATOR, Sim};

/// How long a kubelet waits for what it has asked to stop.
const GRACE: Duration = Duration::from_secs(30);

/// A process of the operator.
pub struct Replica {
    /// How the server sees it: to pause it, and to know its writes. Its name is the identity under which it leads.
    pub process: Process,
    /// What it measures.
    pub metrics: Arc<Metrics>,
    /// Steps its local wall clock, in milliseconds; the server's is stepped by the server.
    pub skew_ms: Arc<AtomicU64>,
    stop: Option<Trigger>,
    task: JoinHandle<Result<(), OperatorError>>,
}

impl Replica {
    /// The host of a process, by the identity under which it leads.
    pub fn host_of(identity: &str) -> &str {
        identity.rsplit_once('-').map_or(identity, |(host, _)| host)
    }

    pub(super) fn start(sim: &Sim, host: &str, settle: Duration, elects: bool) -> Self {
        let start = sim.starts.fetch_add(1, Ordering::Relaxed);
        let identity = format!("{host}-{:x}", sim.chance(&format!("{host} {start}")).draw());
        let process = Process::new(identity.as_str());
        let skew_ms = Arc::new(AtomicU64::new(0));
        let clock = Arc::new(local_clock(sim, &skew_ms));
        let metrics = Arc::new(Metrics::new());
        let client = |timeout| {
            let layer = ObserveLayer::new("simapi".into(), timeout, clock.clone(), metrics.clone());
            let user = User::service_account("rollcall-system", "rollcall");
            Client::new(layer.layer(sim.server.connection(user).of(&process)), "default")
        };
        let clients = Clients { main: client(REQUEST_TIMEOUT), lease: client(LEASE_REQUEST_TIMEOUT) };
        let (stop, shutdown) = channel();
        let settings = Settings {
            namespace: "rollcall-system".into(),
            operator_user: OPERATOR.into(),
            settle: TimeDelta::from_std(settle).expect("a short time"),
            max_skew: TimeDelta::seconds(2),
            listen: ([127, 0, 0, 1], 0).into(),
            elect_leader: elects,
            identity,
            endpoints: None,
            workers: 4,
            webhook: rollcall::settings::WebhookSettings::default(),
        };
        let task = tokio::spawn(run(settings, clients, clock, metrics.clone(), shutdown));
        Self { process, metrics, skew_ms, stop: Some(stop), task }
    }

    /// Kills it: nothing that it has not sent by now is ever sent.
    pub fn kill(&self) {
        self.process.kill();
        self.task.abort();
    }

    /// Asks it to stop, and waits until it has. It is killed if that takes longer than a kubelet waits.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
        self.kill();
    }

    /// Whether it has ended by itself, by order or by death.
    pub fn has_ended(&self) -> bool {
        self.task.is_finished() || self.process.is_dead()
    }
}

/// A replica's own wall clock: it agrees with the server's at the beginning, and may be stepped.
fn local_clock(sim: &Sim, skew_ms: &Arc<AtomicU64>) -> ServerClock {
    let (begun, skew_ms) = (tokio::time::Instant::now(), skew_ms.clone());
    let origin = sim.now();
    ServerClock::over(move || {
        let gone = TimeDelta::from_std(begun.elapsed()).unwrap_or_default();
        let skew = i64::try_from(skew_ms.load(Ordering::Relaxed)).unwrap_or_default();
        origin + gone + TimeDelta::milliseconds(skew)
    })
}
