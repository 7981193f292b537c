//! The metrics of controllers and their queues, under the names of controller-runtime and client-go.

use std::borrow::Cow;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Counters, Gauges, Histograms, Seconds, SecondsBy, add, histograms};

/// The buckets of controller-runtime's reconcile times, in seconds.
fn reconcile_buckets() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5,
        1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0,
    ])
}

/// The buckets of controller-runtime's work queues: decades from 10 ns to 1,000 s.
fn queue_buckets() -> Histogram {
    Histogram::new([1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0])
}

/// What reconciling is measured by.
struct Reconciling {
    runs: Counters,
    errors: Counters,
    terminal_errors: Counters,
    panics: Counters,
    timeouts: Counters,
    time: Histograms,
    max_concurrent: Gauges,
    active_workers: Gauges,
}

impl Reconciling {
    fn register(r: &mut Registry) -> Self {
        let name = |rest: &str| format!("controller_runtime_{rest}");
        Self {
            runs: add(r, name("reconcile"), "Runs"),
            errors: add(r, name("reconcile_errors"), "Runs that failed"),
            terminal_errors: add(r, name("terminal_reconcile_errors"), "Runs that failed and are not tried again"),
            panics: add(r, name("reconcile_panics"), "Runs that panicked"),
            timeouts: add(r, name("reconcile_timeouts"), "Runs cut off"),
            time: histograms(r, name("reconcile_time_seconds"), "Time per run", reconcile_buckets),
            max_concurrent: add(r, name("max_concurrent_reconciles"), "Workers"),
            active_workers: add(r, name("active_workers"), "Workers at work"),
        }
    }
}

/// What a queue is measured by.
struct Queueing {
    depth: Gauges,
    adds: Counters,
    retries: Counters,
    queue_duration: Histograms,
    work_duration: Histograms,
    unfinished_work: SecondsBy,
    longest_running: SecondsBy,
}

impl Queueing {
    fn register(r: &mut Registry) -> Self {
        let name = |rest: &str| format!("workqueue_{rest}");
        Self {
            depth: add(r, name("depth"), "Keys that wait for a worker"),
            adds: add(r, name("adds"), "Keys added"),
            retries: add(r, name("retries"), "Keys tried again after an error"),
            queue_duration: histograms(
                r,
                name("queue_duration_seconds"),
                "Time a key waits for a worker",
                queue_buckets,
            ),
            work_duration: histograms(r, name("work_duration_seconds"), "Time a worker takes for a key", queue_buckets),
            unfinished_work: add(
                r,
                name("unfinished_work_seconds"),
                "Time that runs under way have taken so far, summed",
            ),
            longest_running: add(
                r,
                name("longest_running_processor_seconds"),
                "Time that the longest run under way has taken so far",
            ),
        }
    }
}

pub(super) struct Families {
    reconciling: Reconciling,
    queueing: Queueing,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let reconciling = Reconciling::register(registry);
        Self { reconciling, queueing: Queueing::register(registry) }
    }

    pub(super) fn of(&self, name: &'static str) -> ControllerMetrics {
        let Self { reconciling, queueing } = self;
        let controller = vec![("controller", Cow::Borrowed(name))];
        let queue = vec![("name", Cow::Borrowed(name)), ("controller", name.into())];
        // There is one priority; panels that sum over it find what they expect.
        let depth = [queue.clone(), vec![("priority", "0".into())]].concat();
        ControllerMetrics {
            controller: name,
            runs: reconciling.runs.clone(),
            errors: reconciling.errors.get_or_create_owned(&controller),
            terminal_errors: reconciling.terminal_errors.get_or_create_owned(&controller),
            panics: reconciling.panics.get_or_create_owned(&controller),
            timeouts: reconciling.timeouts.get_or_create_owned(&controller),
            time: reconciling.time.get_or_create_owned(&controller),
            max_concurrent: reconciling.max_concurrent.get_or_create_owned(&controller),
            active_workers: reconciling.active_workers.get_or_create_owned(&controller),
            depth: queueing.depth.get_or_create_owned(&depth),
            adds: queueing.adds.get_or_create_owned(&queue),
            retries: queueing.retries.get_or_create_owned(&queue),
            queue_duration: queueing.queue_duration.get_or_create_owned(&queue),
            work_duration: queueing.work_duration.get_or_create_owned(&queue),
            unfinished_work: queueing.unfinished_work.get_or_create_owned(&queue),
            longest_running: queueing.longest_running.get_or_create_owned(&queue),
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
    runs: Counters,
    pub(crate) errors: Counter,
    pub(crate) terminal_errors: Counter,
    pub(crate) panics: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) time: Histogram,
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
        let labels = vec![("controller", self.controller.into()), ("result", result.into())];
        self.runs.get_or_create(&labels).inc();
    }

    /// Sets what is under way: for how long in total, and the longest.
    pub(crate) fn set_running(&self, total: Duration, longest: Duration) {
        self.unfinished_work.set(total.as_secs_f64());
        self.longest_running.set(longest.as_secs_f64());
    }
}
