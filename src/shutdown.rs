//! Telling every part of the process to stop, once, in an orderly way.

use crate::bell::{Bell, Listener};

/// Asks for the shutdown. Dropping it without asking counts as asking: nobody would be left to do it.
pub struct Trigger {
    requested: Bell,
}

/// Learns of the shutdown. Cheap to clone, one for each part of the process.
#[derive(Clone)]
pub struct Shutdown {
    requested: Listener,
}

/// A trigger and what it triggers.
#[must_use]
pub fn channel() -> (Trigger, Shutdown) {
    let requested = Bell::default();
    let shutdown = Shutdown { requested: requested.listen() };
    (Trigger { requested }, shutdown)
}

impl Trigger {
    /// Asks for the shutdown; asking again changes nothing.
    pub fn request(&self) {
        self.requested.ring();
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        self.request();
    }
}

impl Shutdown {
    /// Whether the shutdown has been asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.has_news()
    }

    /// Ends when the shutdown is asked for. Safe to drop and call again.
    pub async fn requested(&self) {
        self.requested.clone().rings().await;
    }
}

/// Ends at the first SIGTERM or SIGINT, with the name of the signal.
///
/// # Errors
/// When a handler cannot be installed.
pub async fn signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_learns_of_it_and_late_comers_too() {
        let (trigger, early) = channel();
        assert!(!early.is_requested());
        let waiting = tokio::spawn({
            let early = early.clone();
            async move { early.requested().await }
        });
        trigger.request();
        waiting.await.unwrap();
        early.clone().requested().await;
        assert!(early.is_requested());
    }

    #[tokio::test]
    async fn a_lost_trigger_counts_as_asking() {
        let (trigger, shutdown) = channel();
        drop(trigger);
        shutdown.requested().await;
        assert!(shutdown.is_requested());
    }
}
