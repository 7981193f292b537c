//! The server's clock: where it started, plus tokio's time, which a test can pause and advance.

#![allow(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The clock of an API server. Its seconds are those of tokio's clock, so a paused test decides how fast it goes.
#[derive(Debug)]
pub struct ServerTime {
    start: Instant,
    origin: Mutex<Timestamp>,
}

impl ServerTime {
    /// A clock that shows `now` and goes on from there.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { start: Instant::now(), origin: Mutex::new(now) }
    }

    /// The server's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let origin = *self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = SignedDuration::try_from(self.start.elapsed()).unwrap_or(SignedDuration::MAX);
        origin.saturating_add(gone).unwrap_or(Timestamp::MAX)
    }

    /// Steps the clock, forwards or back, while monotonic time stands still: what a bad time server does.
    pub fn step(&self, by: SignedDuration) {
        let mut origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        *origin = origin.saturating_add(by).unwrap_or(*origin);
    }
}

/// Tokio's time, for deadlines.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// As Kubernetes writes times: RFC 3339 in whole seconds.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As HTTP's `Date` header has it.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_follows_tokio_and_can_be_stepped() {
        let clock = ServerTime::new("2027-01-12T09:00:00Z".parse().unwrap());
        tokio::time::advance(std::time::Duration::from_millis(61_500)).await;
        assert_eq!(seconds(clock.now()), "2027-01-12T09:01:01Z");
        clock.step(SignedDuration::from_hours(-24));
        assert_eq!(http_date(clock.now()), "Mon, 11 Jan 2027 09:01:01 GMT");
    }
}
