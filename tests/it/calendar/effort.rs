//! How much work something was, on a machine that others use too.

use std::time::{Duration, Instant};

/// Starts counting the time that this thread computes; a busy machine does not lengthen it.
pub(super) struct Effort {
    cpu: Option<Duration>,
    wall: Instant,
}

impl Effort {
    pub(super) fn begin() -> Effort {
        Effort { cpu: computed(), wall: Instant::now() }
    }

    /// The computing time since the beginning, or the time on the clock where the system does not tell it.
    pub(super) fn spent(&self) -> Duration {
        match (self.cpu, computed()) {
            (Some(begun), Some(now)) => now.saturating_sub(begun),
            _ => self.wall.elapsed(),
        }
    }
}

/// What Linux's scheduler says of this thread: the first number of its schedstat, in nanoseconds.
fn computed() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
