//! What the operator measures, under the names that dashboards for controllers already know.
//!
//! Labels take their values from closed sets: never the name of a release, a team or a person.

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
    reconciles: Counters,
    reconcile_errors: Counters,
    terminal_errors: Counters,
    panics: Counters,
    timeouts: Counters,
    reconcile_time: Histograms,
    max_concurrent: Gauges,
    active_workers: Gauges,
    depth: Gauges,
    adds: Counters,
    retries: Counters,
    queue_duration: Histograms,
    work_duration: Histograms,
    unfinished_work: SecondsBy,
    longest_running: SecondsBy,
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
    gate_open_latency: Histogram,
    release_phase: Gauges,
}

/// The buckets of controller-runtime's reconcile times, in seconds.
fn reconcile_buckets() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8,
        0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0,
        15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0,
    ])
}

/// The buckets of controller-runtime's work queues: decades from 10 ns to 1,000 s.
fn queue_buckets() -> Histogram {
    Histogram::new([
        1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0,
    ])
}

/// The buckets of client-go's requests, in seconds.
fn request_buckets() -> Histogram {
    Histogram::new([
        0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0,
    ])
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn histograms(
    registry: &mut Registry,
    name: &str,
    help: &str,
    buckets: fn() -> Histogram,
) -> Histograms {
    add(
        registry,
        name,
        help,
        Histograms::new_with_constructor(buckets),
    )
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
        Self {
            refreshers: Mutex::default(),
            reconciles: add(
                r,
                "controller_runtime_reconcile",
                "Reconciliations",
                Family::default(),
            ),
            reconcile_errors: add(
                r,
                "controller_runtime_reconcile_errors",
                "Failed reconciliations",
                Family::default(),
            ),
            terminal_errors: add(
                r,
                "controller_runtime_terminal_reconcile_errors",
                "Failed reconciliations that are not tried again",
                Family::default(),
            ),
            panics: add(
                r,
                "controller_runtime_reconcile_panics",
                "Reconciliations that panicked",
                Family::default(),
            ),
            timeouts: add(
                r,
                "controller_runtime_reconcile_timeouts",
                "Reconciliations cut off",
                Family::default(),
            ),
            reconcile_time: histograms(
                r,
                "controller_runtime_reconcile_time_seconds",
                "Time per reconciliation",
                reconcile_buckets,
            ),
            max_concurrent: add(
                r,
                "controller_runtime_max_concurrent_reconciles",
                "Workers",
                Family::default(),
            ),
            active_workers: add(
                r,
                "controller_runtime_active_workers",
                "Workers at work",
                Family::default(),
            ),
            depth: add(
                r,
                "workqueue_depth",
                "Keys that wait for a worker",
                Family::default(),
            ),
            adds: add(r, "workqueue_adds", "Keys added", Family::default()),
            retries: add(
                r,
                "workqueue_retries",
                "Keys tried again after an error",
                Family::default(),
            ),
            queue_duration: histograms(
                r,
                "workqueue_queue_duration_seconds",
                "Time a key waits for a worker",
                queue_buckets,
            ),
            work_duration: histograms(
                r,
                "workqueue_work_duration_seconds",
                "Time a worker takes",
                queue_buckets,
            ),
            unfinished_work: add(
                r,
                "workqueue_unfinished_work_seconds",
                "Time that work under way has taken so far, summed",
                Family::default(),
            ),
            longest_running: add(
                r,
                "workqueue_longest_running_processor_seconds",
                "Time that the longest work under way has taken so far",
                Family::default(),
            ),
            requests: add(
                r,
                "rest_client_requests",
                "Requests to the API server",
                Family::default(),
            ),
            request_duration: histograms(
                r,
                "rest_client_request_duration_seconds",
                "Time until the API server answers",
                request_buckets,
            ),
            leader: add(
                r,
                "leader_election_master_status",
                "1 while this process leads",
                Family::default(),
            ),
            leader_slow_path: add(
                r,
                "leader_election_slowpath",
                "Renewals that had to read first",
                Family::default(),
            ),
            clock_skew: add(
                r,
                "rollcall_clock_skew_seconds",
                "Local clock against the API server's",
                Seconds::default(),
            ),
            cache_lag: add(
                r,
                "rollcall_cache_lag_seconds",
                "Since the API server was last heard",
                Family::default(),
            ),
            holds: add(r, "rollcall_holds", "Workloads held", Gauge::default()),
            blocked: add(
                r,
                "rollcall_blocked",
                "Steps that wait, by the gate they wait for",
                Family::default(),
            ),
            grants: add(
                r,
                "rollcall_grants",
                "Attempts to grant a step",
                Family::default(),
            ),
            cas_conflicts: add(
                r,
                "rollcall_cas_conflicts",
                "Writes refused for a newer version",
                Counter::default(),
            ),
            policy_intact: add(
                r,
                "rollcall_policy_intact",
                "1 while the hold is enforced",
                Gauge::default(),
            ),
            gate_open_latency: add(
                r,
                "rollcall_gate_open_latency_seconds",
                "From the last gate opening to the release of the step",
                request_buckets(),
            ),
            release_phase: add(
                r,
                "rollcall_release_phase",
                "Releases in each phase",
                Family::default(),
            ),
            registry,
        }
    }

    /// The text that a Prometheus server scrapes; see [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        for refresh in self
            .refreshers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
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
        self.refreshers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(refresh));
    }

    /// Counts one answer, or `<error>` when there was none, and the time to it.
    pub fn request(&self, method: &str, host: &str, code: Option<u16>, took: Duration) {
        let code = code.map_or(Cow::Borrowed("<error>"), |code| code.to_string().into());
        let (method, host): (Cow<'static, str>, Cow<'static, str>) =
            (method.to_owned().into(), host.to_owned().into());
        let labels = vec![
            ("code", code),
            ("method", method.clone()),
            ("host", host.clone()),
        ];
        self.requests.get_or_create(&labels).inc();
        let labels = vec![("verb", method), ("host", host)];
        self.request_duration
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// Says whether this process leads under the lease of this name.
    pub fn set_leader(&self, lease: &str, leads: bool) {
        self.leader
            .get_or_create(&vec![("name", lease.to_owned().into())])
            .set(leads.into());
    }

    /// Counts a renewal of the lease that could not simply write.
    pub fn leader_slow_path(&self, lease: &str) {
        self.leader_slow_path
            .get_or_create(&vec![("name", lease.to_owned().into())])
            .inc();
    }

    /// Sets the measured difference between the local clock and the API server's.
    pub fn set_clock_skew(&self, seconds: f64) {
        self.clock_skew.set(seconds);
    }

    /// Sets how long ago the watch of a kind last heard from the API server.
    pub fn set_cache_lag(&self, kind: &'static str, lag: Duration) {
        self.cache_lag
            .get_or_create(&vec![("kind", kind.into())])
            .set(lag.as_secs_f64());
    }

    /// Sets the number of workloads that are held.
    pub fn set_holds(&self, count: i64) {
        self.holds.set(count);
    }

    /// Sets the number of steps that wait for a gate.
    pub fn set_blocked(&self, gate: &'static str, count: i64) {
        self.blocked
            .get_or_create(&vec![("gate", gate.into())])
            .set(count);
    }

    /// Counts an attempt to grant a step, by its result.
    pub fn grant(&self, result: &'static str) {
        self.grants
            .get_or_create(&vec![("result", result.into())])
            .inc();
    }

    /// Counts a write that was refused because its object had changed.
    pub fn cas_conflict(&self) {
        self.cas_conflicts.inc();
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
        self.release_phase
            .get_or_create(&vec![("phase", phase.into())])
            .set(count);
    }

    /// The metrics of one controller and its queue.
    #[must_use]
    pub fn controller(&self, name: &'static str) -> ControllerMetrics {
        let controller = vec![("controller", Cow::Borrowed(name))];
        let queue = vec![("name", Cow::Borrowed(name)), ("controller", name.into())];
        let depth = [queue.clone(), vec![("priority", "0".into())]].concat();
        ControllerMetrics {
            controller: name,
            reconciles: self.reconciles.clone(),
            errors: self.reconcile_errors.get_or_create_owned(&controller),
            terminal_errors: self.terminal_errors.get_or_create_owned(&controller),
            panics: self.panics.get_or_create_owned(&controller),
            timeouts: self.timeouts.get_or_create_owned(&controller),
            reconcile_time: self.reconcile_time.get_or_create_owned(&controller),
            max_concurrent: self.max_concurrent.get_or_create_owned(&controller),
            active_workers: self.active_workers.get_or_create_owned(&controller),
            depth: self.depth.get_or_create_owned(&depth),
            adds: self.adds.get_or_create_owned(&queue),
            retries: self.retries.get_or_create_owned(&queue),
            queue_duration: self.queue_duration.get_or_create_owned(&queue),
            work_duration: self.work_duration.get_or_create_owned(&queue),
            unfinished_work: self.unfinished_work.get_or_create_owned(&queue),
            longest_running: self.longest_running.get_or_create_owned(&queue),
        }
    }
}

/// How a reconciliation ended, as controller-runtime counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunResult {
    /// Done, nothing more to do until something changes.
    Success,
    /// Done, to be looked at again at an instant.
    RequeueAfter,
    /// Failed.
    Error,
}

/// The metrics of one controller and its queue, looked up once.
#[derive(Clone)]
pub struct ControllerMetrics {
    controller: &'static str,
    reconciles: Counters,
    pub(crate) errors: Counter,
    pub(crate) terminal_errors: Counter,
    pub(crate) panics: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) reconcile_time: Histogram,
    pub(crate) max_concurrent: Gauge,
    pub(crate) active_workers: Gauge,
    pub(crate) depth: Gauge,
    pub(crate) adds: Counter,
    pub(crate) retries: Counter,
    pub(crate) queue_duration: Histogram,
    pub(crate) work_duration: Histogram,
    unfinished_work: Seconds,
    longest_running: Seconds,
}

impl ControllerMetrics {
    pub(crate) fn finished(&self, result: RunResult) {
        let result = match result {
            RunResult::Success => "success",
            RunResult::RequeueAfter => "requeue_after",
            RunResult::Error => "error",
        };
        let labels = vec![
            ("controller", self.controller.into()),
            ("result", result.into()),
        ];
        self.reconciles.get_or_create(&labels).inc();
    }

    /// Sets what is under way: for how long in total, and the longest.
    pub(crate) fn set_running(&self, total: Duration, longest: Duration) {
        self.unfinished_work.set(total.as_secs_f64());
        self.longest_running.set(longest.as_secs_f64());
    }
}

#[cfg(test)]
#[path = "metrics/tests.rs"]
mod tests;
