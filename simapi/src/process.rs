//! The other end of a connection: a process that may stand still or die.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// How a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Condition {
    #[default]
    Running,
    Paused,
    Dead,
}

/// A process as the server sees it: what it sends while it stands still arrives when it goes on, and a dead one
/// neither sends nor hears anything. A clone is another handle on the same process.
#[derive(Clone, Default)]
pub struct Process {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    name: Arc<str>,
    condition: Mutex<Condition>,
    changed: Notify,
    writes: AtomicU64,
}

impl Process {
    /// A running process of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { shared: Arc::new(Shared { name: name.into(), ..Shared::default() }) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.shared.name
    }

    /// How many writes it has sent.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.shared.writes.load(Ordering::Relaxed)
    }

    pub(crate) fn count_write(&self) -> u64 {
        self.shared.writes.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Kills it: from now on nothing goes in or out. Whatever it has sent already may still arrive.
    pub fn kill(&self) {
        self.set(Condition::Dead);
    }

    /// Makes it stand still, like SIGSTOP: what it has in hand is sent when it goes on. Its timers go on, which
    /// those of a stopped process do not; they find nothing to talk to.
    pub fn pause(&self) {
        self.set(Condition::Paused);
    }

    /// Lets it go on. A dead one stays dead.
    pub fn resume(&self) {
        self.set(Condition::Running);
    }

    /// Whether it is dead.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.condition() == Condition::Dead
    }

    /// Ends when it dies.
    pub async fn died(&self) {
        self.until(|condition| condition == Condition::Dead).await;
    }

    /// Ends when it runs; never, if it is dead.
    pub(crate) async fn runs(&self) {
        self.until(|condition| condition == Condition::Running).await;
    }

    pub(crate) fn is_running(&self) -> bool {
        self.condition() == Condition::Running
    }

    async fn until(&self, is: impl Fn(Condition) -> bool) {
        loop {
            let changed = self.shared.changed.notified();
            if is(self.condition()) {
                return;
            }
            changed.await;
        }
    }

    fn condition(&self) -> Condition {
        *self.shared.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, next: Condition) {
        let mut condition = self.shared.condition.lock().unwrap_or_else(PoisonError::into_inner);
        if *condition != Condition::Dead {
            *condition = next;
        }
        drop(condition);
        self.shared.changed.notify_waiters();
    }
}
