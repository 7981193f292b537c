//! A work queue of keys: what to look at, now or at an instant, one at a time for each key.
//!
//! A key that is added is handed out at once (leading edge); added again before that, it is still handed out once;
//! added while a worker has it, it is handed out once more afterwards. Nothing is put off because more might come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::schedule::Schedule;
use crate::clock::Clock;
use crate::cluster::backoff::exponential;
use crate::metrics::{ControllerMetrics, Metrics};

/// The longest uninterrupted sleep. Bounds how late a wake-up can be after the local clock stood still or stepped
/// and nobody noticed.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How long to wait before a key that failed is tried again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// After the first failure; doubled for each further one.
    pub base: Duration,
    /// At most.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    /// From 100 ms to 60 s.
    fn default() -> Self {
        Self { base: Duration::from_millis(100), cap: Duration::from_secs(60) }
    }
}

/// How a run ended, for the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// Well. To be looked at again at this instant, whatever earlier runs of the key wanted.
    Done(Option<DateTime<Utc>>),
    /// Badly; to be tried again after a while.
    Failed,
    /// Badly, and trying again does not help.
    Abandoned,
}

/// A queue of keys. A clone is another handle on the same queue.
pub struct Queue<K> {
    inner: Arc<Inner<K>>,
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

struct Inner<K> {
    name: &'static str,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    metrics: ControllerMetrics,
    state: Mutex<State<K>>,
    /// A worker may find a key.
    work: Notify,
    /// The earliest of all instants may have changed.
    timers: Notify,
}

struct State<K> {
    ready: VecDeque<(K, Instant)>,
    queued: BTreeSet<K>,
    running: BTreeMap<K, Instant>,
    /// Added while running.
    again: BTreeSet<K>,
    failures: BTreeMap<K, u32>,
    /// Instants asked for from outside; each is met.
    asked: Schedule<DateTime<Utc>, K>,
    /// Instants that the last run of a key asked for; the next run replaces them.
    next: Schedule<DateTime<Utc>, K>,
    retries: Schedule<Instant, K>,
    closed: bool,
}

impl<K: Ord + Clone + Send + 'static> Queue<K> {
    /// An empty queue of the controller of this name.
    pub fn new(name: &'static str, clock: Arc<dyn Clock>, metrics: &Metrics, retry: RetryPolicy) -> Self {
        let state = State {
            ready: VecDeque::new(),
            queued: BTreeSet::new(),
            running: BTreeMap::new(),
            again: BTreeSet::new(),
            failures: BTreeMap::new(),
            asked: Schedule::new(),
            next: Schedule::new(),
            retries: Schedule::new(),
            closed: false,
        };
        let inner = Arc::new(Inner {
            name,
            clock,
            retry,
            metrics: metrics.controller(name),
            state: Mutex::new(state),
            work: Notify::new(),
            timers: Notify::new(),
        });
        let scraped = Arc::downgrade(&inner);
        metrics.on_scrape(move |_| {
            if let Some(inner) = scraped.upgrade() {
                inner.measure_running();
            }
        });
        Self { inner }
    }

    /// The controller's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.inner.name
    }

    /// Asks for a run of the key, as soon as there is a worker.
    pub fn add(&self, key: K) {
        self.inner.add(&mut self.inner.lock(), key);
    }

    /// Asks for a run of the key at an instant of API-server time; the earliest instant asked for wins. An instant
    /// in the past is now.
    pub fn add_at(&self, key: K, at: DateTime<Utc>) {
        self.inner.lock().asked.set_earliest(key, at);
        self.inner.timers.notify_one();
    }

    /// How often in a row the last runs of the key have failed.
    #[must_use]
    pub fn failures(&self, key: &K) -> u32 {
        self.inner.lock().failures.get(key).copied().unwrap_or(0)
    }

    /// How many keys wait for a worker.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().ready.len()
    }

    /// Whether no key waits for a worker.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next instant at which a key is due, if nothing else happens.
    #[must_use]
    pub fn next_instant(&self) -> Option<DateTime<Utc>> {
        let state = self.inner.lock();
        state.asked.first().into_iter().chain(state.next.first()).min()
    }

    /// Hands out no more keys: [`Queue::take`] ends with none. Keys under way stay so.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.inner.work.notify_waiters();
        self.inner.timers.notify_waiters();
    }

    /// Waits for a key to work on; none once the queue is closed. The key is handed out to nobody else until
    /// [`Queue::finish`].
    pub(super) async fn take(&self) -> Option<K> {
        let inner = &*self.inner;
        loop {
            let mut work = std::pin::pin!(inner.work.notified());
            work.as_mut().enable();
            {
                let mut state = inner.lock();
                if state.closed {
                    return None;
                }
                if let Some((key, since)) = state.ready.pop_front() {
                    inner.hand_out(&mut state, &key, since);
                    return Some(key);
                }
            }
            work.await;
        }
    }

    /// Takes a key back from a worker.
    pub(super) fn finish(&self, key: K, completion: Completion) {
        let inner = &*self.inner;
        let mut state = inner.lock();
        if let Some(begun) = state.running.remove(&key) {
            inner.metrics.work_duration.observe((inner.clock.monotonic() - begun).as_secs_f64());
        }
        match completion {
            Completion::Done(next) => {
                state.failures.remove(&key);
                state.next.set(key.clone(), next);
            }
            Completion::Abandoned => {
                state.failures.remove(&key);
            }
            Completion::Failed => {
                let failures = state.failures.entry(key.clone()).or_insert(0);
                let delay = exponential(inner.retry.base, inner.retry.cap, *failures);
                *failures = failures.saturating_add(1);
                state.retries.set(key.clone(), Some(inner.clock.monotonic() + delay));
                inner.metrics.retries.inc();
            }
        }
        if state.again.remove(&key) {
            inner.add(&mut state, key);
        }
        inner.timers.notify_one();
    }

    /// Adds keys at their instants, until the queue is closed. Exactly one must run for each queue.
    pub(super) async fn keep_time(&self) {
        let inner = &*self.inner;
        let mut steps = inner.clock.steps();
        loop {
            let mut changed = std::pin::pin!(inner.timers.notified());
            changed.as_mut().enable();
            let sleep = {
                let mut state = inner.lock();
                if state.closed {
                    return;
                }
                inner.add_due(&mut state);
                inner.until_next(&state)
            };
            let asleep = async {
                match sleep {
                    Some(sleep) => tokio::time::sleep(sleep).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = changed => {}
                () = steps.rings() => {}
                () = asleep => {}
            }
        }
    }
}

impl<K: Ord + Clone> Inner<K> {
    /// No code panics while it holds the lock, but for an `Ord` that does; then keys are still whole.
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, state: &mut State<K>, key: K) {
        if state.closed {
            return;
        }
        self.metrics.adds.inc();
        if state.running.contains_key(&key) {
            state.again.insert(key);
        } else if state.queued.insert(key.clone()) {
            state.ready.push_back((key, self.clock.monotonic()));
            self.metrics.depth.set(state.ready.len().try_into().unwrap_or(i64::MAX));
            self.work.notify_one();
        }
    }

    fn hand_out(&self, state: &mut State<K>, key: &K, since: Instant) {
        let now = self.clock.monotonic();
        self.metrics.queue_duration.observe((now - since).as_secs_f64());
        self.metrics.depth.set(state.ready.len().try_into().unwrap_or(i64::MAX));
        state.queued.remove(key);
        state.running.insert(key.clone(), now);
        // This run stands for the retry that was due, and decides anew when to look again.
        state.retries.set(key.clone(), None);
    }

    fn add_due(&self, state: &mut State<K>) {
        let now = self.clock.now();
        let mut due = state.asked.take_due(now);
        due.extend(state.next.take_due(now));
        due.extend(state.retries.take_due(self.clock.monotonic()));
        for key in due {
            self.add(state, key);
        }
    }

    /// How long to sleep before anything can be due. Instants are met by the clock that they are given in, so the
    /// sleep is cut short for when that clock does not run as the monotonic one does.
    fn until_next(&self, state: &State<K>) -> Option<Duration> {
        let instants = [state.asked.first(), state.next.first()].into_iter().flatten();
        let now = self.clock.now();
        let instant = instants.min().map(|at| (at - now).to_std().unwrap_or(Duration::ZERO).min(LONGEST_SLEEP));
        let retry = state.retries.first().map(|at| at.saturating_duration_since(self.clock.monotonic()));
        instant.into_iter().chain(retry).min()
    }

    fn measure_running(&self) {
        let now = self.clock.monotonic();
        let state = self.lock();
        let times = || state.running.values().map(|begun| now.saturating_duration_since(*begun));
        self.metrics.set_running(times().sum(), times().max().unwrap_or_default());
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
