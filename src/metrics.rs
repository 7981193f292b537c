//! What the operator measures, under the names that dashboards for controllers already know.
//!
//! Labels take their values from closed sets: never the name of a release, a team or a person.

mod controller;
mod process;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

pub use controller::{ControllerMetrics, RunResult};

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, Cow<'static, str>)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge>;
type Seconds = Gauge<f64, AtomicU64>;
type SecondsBy = Family<Labels, Seconds>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;
type Refresh = Box<dyn Fn(&Metrics) + Send + Sync>;

/// The registry and every metric in it. One for a process, shared by all its parts.
pub struct Metrics {
    registry: Registry,
    refreshers: Mutex<Vec<Refresh>>,
    controllers: controller::Families,
    requests: Counters,
    request_duration: Histograms,
    leader: Gauges,
    leader_slow_path: Counters,
    clock_skew: Seconds,
    cache_lag: SecondsBy,
    holds: Gauge,
    blocked: Gauges,
    grants: Counters,
    cas_conflicts: Counter,
    policy_intact: Gauge,
    zone_data: Gauges,
    windows: Gauges,
    gate_open_latency: Histogram,
    release_phase: Gauges,
}

/// The buckets of client-go's requests, in seconds.
fn request_buckets() -> Histogram {
    Histogram::new([0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0])
}

fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: impl Into<String>, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn histograms(registry: &mut Registry, name: impl Into<String>, help: &str, buckets: fn() -> Histogram) -> Histograms {
    let family = Histograms::new_with_constructor(buckets);
    registry.register(name, help, family.clone());
    family
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A registry with every metric in it. The encoder appends `_total` to the names of counters.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let r = &mut registry;
        r.register_collector(Box::new(process::Process));
        let name = |rest: &str| format!("rollcall_{rest}");
        let gate_open_latency = request_buckets();
        r.register(
            name("gate_open_latency_seconds"),
            "From the last gate opening to the release of the step",
            gate_open_latency.clone(),
        );
        Self {
            refreshers: Mutex::default(),
            controllers: controller::Families::register(r),
            requests: add(r, "rest_client_requests", "Requests to the API server"),
            request_duration: histograms(
                r,
                "rest_client_request_duration_seconds",
                "Time until the API server answers",
                request_buckets,
            ),
            leader: add(r, "leader_election_master_status", "1 while this process leads"),
            leader_slow_path: add(r, "leader_election_slowpath", "Renewals that read first"),
            clock_skew: add(r, name("clock_skew_seconds"), "Local clock against the API server's"),
            cache_lag: add(r, name("cache_lag_seconds"), "Since the API server was last heard"),
            holds: add(r, name("holds"), "Workloads held"),
            blocked: add(r, name("blocked"), "Steps that wait, by gate"),
            grants: add(r, name("grants"), "Attempts to grant a step"),
            cas_conflicts: add(r, name("cas_conflicts"), "Writes refused for a newer version"),
            policy_intact: add(r, name("policy_intact"), "1 while the hold is enforced"),
            zone_data: add(
                r,
                name("zone_data"),
                "1 for the release of the IANA time zone database that is compiled in",
            ),
            windows: add(
                r,
                name("windows"),
                "Windows that are sound, cannot be read, or use an old copy of a calendar",
            ),
            gate_open_latency,
            release_phase: add(r, name("release_phase"), "Releases in each phase"),
            registry,
        }
    }

    /// The text that a Prometheus server scrapes; see [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        for refresh in self.refreshers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            refresh(self);
        }
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            // Formatting into a string fails only if a metric refuses to be formatted.
            text.clear();
            let _ = text.write_str("# EOF\n");
        }
        text
    }

    /// Runs `refresh` before each scrape, for values that are only worth computing then.
    pub fn on_scrape(&self, refresh: impl Fn(&Metrics) + Send + Sync + 'static) {
        self.refreshers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(refresh));
    }

    /// Counts one answer, or `<error>` when there was none, and the time to it.
    pub fn request(&self, method: &str, host: &str, code: Option<u16>, took: Duration) {
        let code = code.map_or(Cow::Borrowed("<error>"), |code| code.to_string().into());
        let (method, host): (Cow<'static, str>, Cow<'static, str>) = (method.to_owned().into(), host.to_owned().into());
        let labels = vec![("code", code), ("method", method.clone()), ("host", host.clone())];
        self.requests.get_or_create(&labels).inc();
        let labels = vec![("verb", method), ("host", host)];
        self.request_duration.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Says whether this process leads under the lease of this name.
    pub fn set_leader(&self, lease: &str, leads: bool) {
        self.leader.get_or_create(&vec![("name", lease.to_owned().into())]).set(leads.into());
    }

    /// Counts a renewal of the lease that could not simply write.
    pub fn leader_slow_path(&self, lease: &str) {
        self.leader_slow_path.get_or_create(&vec![("name", lease.to_owned().into())]).inc();
    }

    /// Sets the measured difference between the local clock and the API server's.
    pub fn set_clock_skew(&self, seconds: f64) {
        self.clock_skew.set(seconds);
    }

    /// Sets how long ago the watch of a kind last heard from the API server.
    pub fn set_cache_lag(&self, kind: &'static str, lag: Duration) {
        self.cache_lag.get_or_create(&vec![("kind", kind.into())]).set(lag.as_secs_f64());
    }

    /// Sets the number of workloads that are held.
    pub fn set_holds(&self, count: i64) {
        self.holds.set(count);
    }

    /// Sets the number of steps that wait for a gate.
    pub fn set_blocked(&self, gate: &'static str, count: i64) {
        self.blocked.get_or_create(&vec![("gate", gate.into())]).set(count);
    }

    /// Counts an attempt to grant a step, by its result.
    pub fn grant(&self, result: &'static str) {
        self.grants.get_or_create(&vec![("result", result.into())]).inc();
    }

    /// Counts a write that was refused because its object had changed.
    pub fn cas_conflict(&self) {
        self.cas_conflicts.inc();
    }

    /// Says which release of the time zone database is compiled in.
    pub fn set_zone_data(&self, version: &'static str) {
        self.zone_data.get_or_create(&vec![("version", version.into())]).set(1);
    }

    /// How many windows are in a state: `sound`, `broken` or `stale`.
    pub fn set_windows(&self, state: &'static str, count: i64) {
        self.windows.get_or_create(&vec![("state", state.into())]).set(count);
    }

    /// Says whether the policies that hold workloads are in force, unaltered.
    pub fn set_policy_intact(&self, intact: bool) {
        self.policy_intact.set(intact.into());
    }

    /// Records the time from the opening of the last gate to the release of the step.
    pub fn gate_opened(&self, latency: Duration) {
        self.gate_open_latency.observe(latency.as_secs_f64());
    }

    /// Sets the number of releases in a phase.
    pub fn set_release_phase(&self, phase: &'static str, count: i64) {
        self.release_phase.get_or_create(&vec![("phase", phase.into())]).set(count);
    }

    /// The metrics of one controller and its queue.
    #[must_use]
    pub fn controller(&self, name: &'static str) -> ControllerMetrics {
        self.controllers.of(name)
    }
}

#[cfg(test)]
#[path = "metrics/tests.rs"]
mod tests;
