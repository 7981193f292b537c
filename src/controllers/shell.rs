//! Runs a controller: workers that take keys from its queue and reconcile them.
//!
//! Whatever one reconciliation does, the others go on: an error is tried again later, a panic is an error, and one
//! that hangs is cut off.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio::task::JoinSet;

use super::queue::{Completion, Queue};
use crate::clock::Clock;
use crate::metrics::{ControllerMetrics, Metrics, RunResult};
use crate::shutdown::Shutdown;
use crate::telemetry::panic_message;

/// What a controller does with a key.
pub trait Reconcile: Send + Sync + 'static {
    /// What names the thing to look at.
    type Key: Ord + Clone + fmt::Display + Send + Sync + 'static;
    /// "We could not find out, or could not do."
    type Error: fmt::Display + Send;

    /// Looks at what the key names and does what is to be done about it. May be dropped at any await.
    fn reconcile(&self, key: &Self::Key) -> impl Future<Output = Result<Outcome, Self::Error>> + Send;

    /// Whether trying again is useless until something changes.
    fn is_terminal(&self, _error: &Self::Error) -> bool {
        false
    }
}

/// How a reconciliation ended well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The instant, in API-server time, at which to look again though nothing has changed. Replaces what earlier
    /// outcomes for the key said; none means only when something changes.
    pub next: Option<DateTime<Utc>>,
}

impl Outcome {
    /// Look again only when something changes.
    #[must_use]
    pub const fn done() -> Self {
        Self { next: None }
    }

    /// Look again at an instant of API-server time.
    #[must_use]
    pub const fn at(next: DateTime<Utc>) -> Self {
        Self { next: Some(next) }
    }
}

/// How a controller is run.
#[derive(Clone, Copy, Debug)]
pub struct ShellConfig {
    /// How many keys may be reconciled at the same time, 1 or more.
    pub workers: usize,
    /// How long one reconciliation may take.
    pub timeout: Duration,
    /// How long those under way may go on once the process is to stop.
    pub drain: Duration,
}

impl Default for ShellConfig {
    /// 4 workers, 30 s, 20 s: within the 30 s that a pod is given to stop.
    fn default() -> Self {
        Self { workers: 4, timeout: Duration::from_secs(30), drain: Duration::from_secs(20) }
    }
}

/// Runs a controller until the shutdown, and until what was under way then has ended or the time for that is over.
/// The queue may hold keys already.
pub async fn run<R: Reconcile>(
    reconciler: Arc<R>,
    queue: Queue<R::Key>,
    config: ShellConfig,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
    shutdown: Shutdown,
) {
    let metrics = metrics.controller(queue.name());
    metrics.max_concurrent.set(config.workers.try_into().unwrap_or(i64::MAX));
    let mut tasks = JoinSet::new();
    for _ in 0..config.workers.max(1) {
        let worker = Worker {
            reconciler: reconciler.clone(),
            queue: queue.clone(),
            timeout: config.timeout,
            clock: clock.clone(),
            metrics: metrics.clone(),
        };
        tasks.spawn(worker.work());
    }
    tasks.spawn({
        let queue = queue.clone();
        async move { queue.keep_time().await }
    });
    shutdown.requested().await;
    queue.close();
    let drained = tokio::time::timeout(config.drain, async { while tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        let (controller, drain) = (queue.name(), config.drain);
        tracing::warn!(event = "drain_cut_short", controller, ?drain, "reconciliations under way were cut off");
    }
}

struct Worker<R: Reconcile> {
    reconciler: Arc<R>,
    queue: Queue<R::Key>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    metrics: ControllerMetrics,
}

impl<R: Reconcile> Worker<R> {
    async fn work(self) {
        while let Some(key) = self.queue.take().await {
            self.metrics.active_workers.inc();
            let begun = self.clock.monotonic();
            let (completion, result) = self.reconcile(&key).await;
            self.metrics.time.observe((self.clock.monotonic() - begun).as_secs_f64());
            self.metrics.finished(result);
            self.metrics.active_workers.dec();
            self.queue.finish(key, completion);
        }
    }

    async fn reconcile(&self, key: &R::Key) -> (Completion, RunResult) {
        let controller = self.queue.name();
        // Made inside, so that a panic before the first await is caught too.
        let run = AssertUnwindSafe(async { self.reconciler.reconcile(key).await }).catch_unwind();
        match tokio::time::timeout(self.timeout, run).await {
            Ok(Ok(Ok(Outcome { next: None }))) => {
                return (Completion::Done(None), RunResult::Success);
            }
            Ok(Ok(Ok(Outcome { next }))) => {
                return (Completion::Done(next), RunResult::RequeueAfter);
            }
            Ok(Ok(Err(error))) if self.reconciler.is_terminal(&error) => {
                self.metrics.errors.inc();
                self.metrics.terminal_errors.inc();
                tracing::error!(event = "reconcile_abandoned", controller, %key, "{error}");
                return (Completion::Abandoned, RunResult::Error);
            }
            Ok(Ok(Err(error))) => {
                let failures = self.queue.failures(key) + 1;
                tracing::warn!(event = "reconcile_failed", controller, %key, failures, "{error}");
            }
            Ok(Err(panic)) => {
                self.metrics.panics.inc();
                let message = panic_message(&*panic);
                tracing::error!(event = "reconcile_panicked", controller, %key, "{message}");
            }
            Err(_) => {
                self.metrics.timeouts.inc();
                let timeout = self.timeout;
                tracing::error!(event = "reconcile_timed_out", controller, %key, ?timeout, "cut off");
            }
        }
        self.metrics.errors.inc();
        (Completion::Failed, RunResult::Error)
    }
}

#[cfg(test)]
#[path = "shell_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "boundary_tests.rs"]
mod boundary;
