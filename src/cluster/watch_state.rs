//! How the watches are doing, for health, metrics, and those who must wait for the first list.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;

/// How a watch is doing. A clone is another view on the same watch.
#[derive(Clone)]
pub struct WatchState {
    inner: Arc<StateInner>,
}

struct StateInner {
    clock: Arc<dyn Clock>,
    synced: watch::Sender<bool>,
    heard: Mutex<Instant>,
    trouble: watch::Sender<Option<String>>,
}

impl WatchState {
    /// The state of a watch that has not begun.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let heard = Mutex::new(clock.monotonic());
        let (synced, trouble) = (watch::Sender::new(false), watch::Sender::new(None));
        let inner = StateInner { clock, synced, heard, trouble };
        Self { inner: Arc::new(inner) }
    }

    /// Whether the first list is complete. Stays true: how old the view is, is told by [`WatchState::cache_lag`].
    #[must_use]
    pub fn is_synced(&self) -> bool {
        *self.inner.synced.borrow()
    }

    /// Ends when the first list is complete.
    pub async fn synced(&self) {
        let _ = self.inner.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// How long ago the API server was last heard: a page of a list, an event or a bookmark. A quiet watch hears a
    /// bookmark about once a minute.
    #[must_use]
    pub fn cache_lag(&self) -> Duration {
        let heard = *self.heard_lock();
        self.inner.clock.monotonic().saturating_duration_since(heard)
    }

    /// What the watch last failed for, if it has not been well since.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.inner.trouble.borrow().clone()
    }

    /// Hears of every trouble that begins, changes or ends from now on.
    #[must_use]
    pub fn troubles(&self) -> watch::Receiver<Option<String>> {
        self.inner.trouble.subscribe()
    }

    pub(super) fn heard(&self) {
        *self.heard_lock() = self.inner.clock.monotonic();
        self.inner.trouble.send_if_modified(|trouble| trouble.take().is_some());
    }

    pub(super) fn set_synced(&self) {
        self.inner.synced.send_replace(true);
    }

    pub(super) fn set_trouble(&self, trouble: String) {
        self.inner.trouble.send_if_modified(|old| {
            let is_new = old.as_ref() != Some(&trouble);
            *old = Some(trouble);
            is_new
        });
    }

    pub(super) fn monotonic(&self) -> Instant {
        self.inner.clock.monotonic()
    }

    fn heard_lock(&self) -> MutexGuard<'_, Instant> {
        self.inner.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
