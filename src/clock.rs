//! The only place that reads a clock.
//!
//! Decisions are made in API-server time, because that is the one clock that every replica, every user and the
//! audit log share. [`ServerClock`] learns it from the `Date` header of API responses; waiting and measuring use
//! the monotonic clock, which never steps.

#![allow(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::bell::{Bell, Listener};

/// A source of time. Implementations are cheap to ask and never block.
pub trait Clock: Send + Sync {
    /// The best estimate of the API server's time.
    fn now(&self) -> DateTime<Utc>;

    /// How far the local wall clock is known, or must be feared, to be from the API server's: never negative, zero
    /// as long as nothing measured says otherwise. The server tells its time in whole seconds, so up to one second
    /// of disagreement can go unseen.
    fn skew(&self) -> TimeDelta;

    /// Monotonic time, for timeouts and measurements. Stands still while a machine is suspended.
    fn monotonic(&self) -> Instant;

    /// Rings each time [`Clock::now`] may have stepped, so that whoever sleeps until an instant can look again.
    fn steps(&self) -> Listener;
}

/// How far wall and monotonic progress may differ between two looks before it counts as a step of the wall clock.
const STEP_TOLERANCE: TimeDelta = TimeDelta::milliseconds(500);
/// The resolution of a `Date` header.
const DATE_RESOLUTION: TimeDelta = TimeDelta::seconds(1);
/// How fast two clocks may drift apart: the bounds widen by one part in this many. NTP slews at most 500 ppm.
const DRIFT_DIVISOR: i32 = 2000;

/// The local clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    wall: DateTime<Utc>,
    monotonic: Instant,
}

/// API-server time = local wall time + an offset between these bounds.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: TimeDelta,
    high: TimeDelta,
}

impl Bounds {
    /// The offset of smallest size that the bounds permit.
    fn offset(self) -> TimeDelta {
        TimeDelta::zero().clamp(self.low, self.high)
    }

    fn widened(self, by: TimeDelta) -> Self {
        Self { low: self.low - by, high: self.high + by }
    }

    fn intersect(self, other: Self) -> Option<Self> {
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }
}

struct State {
    last: Reading,
    /// Agreed by every sample since the last step; taken at `bounds_at`.
    bounds: Option<Bounds>,
    bounds_at: Instant,
    /// One sample that contradicts `bounds`: feared at once, believed when a second one agrees.
    suspect: Option<Bounds>,
    /// Sum of the wall clock's steps that no sample has confirmed yet.
    unconfirmed: TimeDelta,
}

/// A [`Clock`] that learns API-server time from the `Date` header of responses.
///
/// A response that took long says little (its bounds are wide), it does not say anything wrong. A sample that
/// contradicts what is known raises [`Clock::skew`] at once and moves [`Clock::now`] only when a second one agrees.
/// A step of the local wall clock (suspend, `date -s`) raises the skew until the next sample.
pub struct ServerClock {
    wall: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    state: Mutex<State>,
    steps: Bell,
}

impl Default for ServerClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerClock {
    /// A clock over the local system clock, which it trusts until a response says otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Utc::now)
    }

    /// A clock over another source of local wall time.
    #[must_use]
    pub fn over(wall: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        let last = Reading { wall: wall(), monotonic: Instant::now() };
        let state =
            State { last, bounds: None, bounds_at: last.monotonic, suspect: None, unconfirmed: TimeDelta::zero() };
        Self { wall: Box::new(wall), state: Mutex::new(state), steps: Bell::default() }
    }

    /// The local clocks now; taken before a request, for [`ServerClock::observe`].
    pub fn read(&self) -> Reading {
        Reading { wall: (self.wall)(), monotonic: Instant::now() }
    }

    /// Learns from a response that has just arrived with this `Date` to a request that began at `before`.
    pub fn observe(&self, before: Reading, date: DateTime<Utc>) {
        let after = self.read();
        let mut state = self.look(after);
        // Measured by the monotonic clock: the wall clock may have stepped while the request was under way.
        let took = delta(after.monotonic.duration_since(before.monotonic));
        let sample = Bounds { low: date - after.wall, high: date + DATE_RESOLUTION - (after.wall - took) };
        let age = delta(after.monotonic.duration_since(state.bounds_at));
        let known = state.bounds.filter(|_| state.unconfirmed.is_zero()).map(|b| b.widened(age / DRIFT_DIVISOR));
        let believed = match known {
            None => Some(sample),
            Some(known) => {
                known.intersect(sample).or_else(|| state.suspect.and_then(|suspect| suspect.intersect(sample)))
            }
        };
        match believed {
            None => state.suspect = Some(sample),
            Some(bounds) => {
                let before = state.bounds.map_or(TimeDelta::zero(), Bounds::offset);
                state.bounds = Some(bounds);
                state.bounds_at = after.monotonic;
                state.suspect = None;
                state.unconfirmed = TimeDelta::zero();
                if (bounds.offset() - before).abs() > STEP_TOLERANCE {
                    self.steps.ring();
                }
            }
        }
    }

    /// Learns from the text of a `Date` header (IMF-fixdate). Text that is no date teaches nothing.
    pub fn observe_header(&self, before: Reading, date: &str) {
        if let Ok(date) = DateTime::parse_from_rfc2822(date) {
            self.observe(before, date.with_timezone(&Utc));
        }
    }

    /// Locks the state after noticing whether the wall clock has stepped since the last look.
    fn look(&self, reading: Reading) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        let expected = state.last.wall + delta(reading.monotonic.duration_since(state.last.monotonic));
        let step = reading.wall - expected;
        if step.abs() > STEP_TOLERANCE {
            state.unconfirmed += step;
            self.steps.ring();
        }
        state.last = reading;
        state
    }
}

impl Clock for ServerClock {
    fn now(&self) -> DateTime<Utc> {
        let reading = self.read();
        let state = self.look(reading);
        reading.wall + state.bounds.map_or(TimeDelta::zero(), Bounds::offset)
    }

    fn skew(&self) -> TimeDelta {
        let state = self.look(self.read());
        let measured = [state.bounds, state.suspect].into_iter().flatten().map(|b| b.offset().abs());
        measured.max().unwrap_or_default().max(state.unconfirmed.abs())
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn steps(&self) -> Listener {
        self.steps.listen()
    }
}

/// The local system clock, for commands that have no API server to ask.
#[derive(Default)]
pub struct SystemClock {
    steps: Bell,
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn skew(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn steps(&self) -> Listener {
        self.steps.listen()
    }
}

/// A clock for tests and simulations: it starts at an instant of the caller's choice and follows tokio's time, which
/// a test can pause and advance.
pub struct SimulatedClock {
    start: Instant,
    origin: Mutex<(DateTime<Utc>, TimeDelta)>,
    steps: Bell,
}

impl SimulatedClock {
    /// A clock that shows `now` and goes on from there.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        let origin = Mutex::new((now, TimeDelta::zero()));
        Self { start: Instant::now(), origin, steps: Bell::default() }
    }

    /// Steps the clock, forwards or back, while monotonic time stands still. Who sleeps is told.
    pub fn step(&self, by: TimeDelta) {
        self.step_silently(by);
        self.steps.ring();
    }

    /// Steps the clock without telling anyone, as a suspended machine does.
    pub fn step_silently(&self, by: TimeDelta) {
        lock(&self.origin).0 += by;
    }

    /// Sets what [`Clock::skew`] answers.
    pub fn set_skew(&self, skew: TimeDelta) {
        lock(&self.origin).1 = skew;
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        lock(&self.origin).0 + delta(self.start.elapsed())
    }

    fn skew(&self) -> TimeDelta {
        lock(&self.origin).1
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn steps(&self) -> Listener {
        self.steps.listen()
    }
}

/// A duration as a difference of instants; saturates beyond chrono's range of 292 million years.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// No code panics while it holds one of these locks; if one did, its plain numbers are still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
