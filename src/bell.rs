//! Telling everybody who waits that something has happened, in the order in which they began to wait.
//!
//! Tokio's `watch` wakes in an order that is drawn by chance, and so two runs of one seed would part here.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Rings for all its listeners. A clone is another handle on the same bell.
#[derive(Clone, Default)]
pub struct Bell {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    rung: AtomicU64,
    waiting: Notify,
}

/// Hears each ring once, or several of them as one. A clone has heard as much.
#[derive(Clone)]
pub struct Listener {
    bell: Bell,
    heard: u64,
}

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        self.inner.rung.fetch_add(1, Ordering::AcqRel);
        self.inner.waiting.notify_waiters();
    }

    /// Hears what rings from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener { bell: self.clone(), heard: self.inner.rung.load(Ordering::Acquire) }
    }
}

impl Listener {
    /// Whether it has rung since it was last heard.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.bell.inner.rung.load(Ordering::Acquire) != self.heard
    }

    /// Ends when it has rung since it was last heard. Safe to drop and call again.
    pub async fn rings(&mut self) {
        let inner = self.bell.inner.clone();
        loop {
            // Waiting begins before the look, so that no ring falls in between.
            let mut told = pin!(inner.waiting.notified());
            told.as_mut().enable();
            let rung = inner.rung.load(Ordering::Acquire);
            if rung != self.heard {
                self.heard = rung;
                return;
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn all_who_wait_hear_it_in_the_order_in_which_they_began_to() {
        let (bell, woken) = (Bell::default(), Arc::new(Mutex::new(Vec::new())));
        let waiting: Vec<_> = (0..50)
            .map(|n| {
                let (mut listener, woken) = (bell.listen(), woken.clone());
                tokio::spawn(async move {
                    listener.rings().await;
                    woken.lock().unwrap().push(n);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        bell.ring();
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*woken.lock().unwrap(), (0..50).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn several_rings_are_heard_as_one_and_those_from_before_not_at_all() {
        let bell = Bell::default();
        bell.ring();
        let mut listener = bell.listen();
        assert!(!listener.has_news());
        bell.ring();
        bell.ring();
        listener.rings().await;
        assert!(!listener.has_news());
    }
}
