//! Waiting longer after each failure, and not in step with others.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::spread::{fnv_1a, scattered};

/// Delays that double from `base` to `cap`, each shortened at random by up to a half.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
    random: u64,
}

impl Backoff {
    /// Delays between half of `base` and `cap`, different for each process.
    #[must_use]
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self::seeded(base, cap, RandomState::new().hash_one(base))
    }

    /// Delays of a process that no other has the identity of, so that no other waits in step with it; `part` tells
    /// what in the process waits. The same process of a simulation waits the same each time.
    #[must_use]
    pub fn of(base: Duration, cap: Duration, identity: &str, part: &str) -> Self {
        Self::seeded(base, cap, fnv_1a(identity.bytes().chain([0]).chain(part.bytes())))
    }

    /// The same delays for the same seed, for tests and simulations.
    #[must_use]
    pub fn seeded(base: Duration, cap: Duration, seed: u64) -> Self {
        Self { base, cap, failures: 0, random: seed }
    }

    /// The delay after one more failure.
    pub fn next_delay(&mut self) -> Duration {
        let delay = exponential(self.base, self.cap, self.failures);
        self.failures = self.failures.saturating_add(1);
        self.jittered(delay)
    }

    /// Forgets the failures: the next delay is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// A duration shortened at random by up to a half.
    pub fn jittered(&mut self, duration: Duration) -> Duration {
        // SplitMix64: plenty for spreading load, and the same everywhere.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let share = f64::from((scattered(self.random) >> 32) as u32) / f64::from(u32::MAX);
        duration.mul_f64(1.0 - share / 2.0)
    }
}

/// `base` doubled once for each failure before this one, at most `cap`.
#[must_use]
pub fn exponential(base: Duration, cap: Duration, failures: u32) -> Duration {
    base.saturating_mul(2u32.saturating_pow(failures)).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(250);
    const CAP: Duration = Duration::from_secs(30);

    #[test]
    fn delays_double_up_to_the_cap_and_start_again() {
        let mut backoff = Backoff::seeded(BASE, CAP, 7);
        for failures in 0..200 {
            let most = exponential(BASE, CAP, failures);
            let delay = backoff.next_delay();
            assert!(delay <= most && delay >= most / 2, "{failures}: {delay:?}");
        }
        backoff.reset();
        assert!(backoff.next_delay() <= BASE);
    }

    #[test]
    fn two_processes_do_not_wait_in_step() {
        let delays = |seed| {
            let mut backoff = Backoff::seeded(BASE, CAP, seed);
            [(); 8].map(|()| backoff.next_delay())
        };
        assert_ne!(delays(1), delays(2));
        assert_eq!(delays(3), delays(3));
        let of = |identity, part| Backoff::of(BASE, CAP, identity, part).next_delay();
        assert_ne!(of("a_1", "jobs"), of("a_2", "jobs"));
        assert_ne!(of("a_1", "jobs"), of("a_1", "deployments"));
        assert_eq!(of("a_1", "jobs"), of("a_1", "jobs"));
    }
}
