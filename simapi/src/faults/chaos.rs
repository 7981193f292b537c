//! Whatever can go wrong, by chance: each seed enables some of it, until everything is healed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{After, Before, Delivery, Fault, Seen};
use crate::event::Event;
use crate::failure::Failure;
use crate::random::Chance;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Requests and answers take up to two seconds.
    Slow,
    /// Writes arrive up to half a minute late, when whoever sent them has given up.
    Late,
    /// Writes are answered with 409 although nobody was faster.
    FalseConflicts,
    /// 429 with a time to wait.
    TooMany,
    /// 500, 503 and 504 without effect.
    Errors,
    /// 500 and 504 after a write took effect.
    ErrorsAfterEffect,
    /// Connections that break before the request arrives.
    Resets,
    /// Connections that break after a write took effect, or in the middle of an answer.
    LostAnswers,
    /// No answer at all, neither well nor badly.
    Silence,
    /// The second page of a list is too old.
    ExpiredPages,
    /// Watches end, well or in the middle of an event.
    WatchesEnd,
    /// Watches end with 410 Gone.
    WatchesExpire,
    /// Watches stay open and say nothing more.
    WatchesStall,
    /// Events come up to ten seconds late, and then all at once.
    LateEvents,
    /// Events come twice.
    DoubleEvents,
    /// Bookmarks do not come.
    NoBookmarks,
    /// Events cannot be written.
    NoEvents,
    /// For a while everything but the lease is forbidden.
    Forbidden,
}

const ALL: [Trouble; 18] = [
    Trouble::Slow,
    Trouble::Late,
    Trouble::FalseConflicts,
    Trouble::TooMany,
    Trouble::Errors,
    Trouble::ErrorsAfterEffect,
    Trouble::Resets,
    Trouble::LostAnswers,
    Trouble::Silence,
    Trouble::ExpiredPages,
    Trouble::WatchesEnd,
    Trouble::WatchesExpire,
    Trouble::WatchesStall,
    Trouble::LateEvents,
    Trouble::DoubleEvents,
    Trouble::NoBookmarks,
    Trouble::NoEvents,
    Trouble::Forbidden,
];

/// A random subset of all troubles, which befall the requests of the processes that it is told of. A clone is another
/// handle on the same chaos.
#[derive(Clone)]
pub struct Chaos {
    shared: Arc<Shared>,
}

struct Shared {
    troubles: Vec<Trouble>,
    percent: u64,
    healed: AtomicBool,
    chance: Mutex<Chance>,
    user: String,
}

impl Chaos {
    /// Each trouble is enabled with a chance of one in three, and then befalls so many in a hundred requests, between
    /// 1 and 20, of one user: controllers and people, who act past all faults, are left alone.
    #[must_use]
    pub fn of(user: &str, mut chance: Chance) -> Self {
        let troubles = ALL.into_iter().filter(|_| chance.percent(33)).collect();
        let percent = 1 + chance.below(20);
        Self::with(user, troubles, percent, chance)
    }

    /// These troubles, befalling so many in a hundred requests of one user.
    #[must_use]
    pub fn with(user: &str, troubles: Vec<Trouble>, percent: u64, chance: Chance) -> Self {
        let healed = AtomicBool::new(false);
        let shared = Shared { troubles, percent, healed, chance: Mutex::new(chance), user: user.to_owned() };
        Self { shared: Arc::new(shared) }
    }

    /// Which troubles there are.
    #[must_use]
    pub fn troubles(&self) -> &[Trouble] {
        &self.shared.troubles
    }

    /// From now on nothing goes wrong any more. What is under way still may; watches that have stalled stay so.
    pub fn heal(&self) {
        self.shared.healed.store(true, Ordering::Relaxed);
    }

    fn is_quiet(&self, seen: &Seen<'_>) -> bool {
        self.shared.healed.load(Ordering::Relaxed) || seen.call.user.name != self.shared.user
    }

    fn strikes(&self, trouble: Trouble, percent: u64) -> bool {
        self.shared.troubles.contains(&trouble) && self.draw(|chance| chance.percent(percent))
    }

    fn befalls(&self, trouble: Trouble) -> bool {
        self.strikes(trouble, self.shared.percent)
    }

    fn draw<T>(&self, from: impl FnOnce(&mut Chance) -> T) -> T {
        from(&mut self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn up_to(&self, most: Duration) -> Duration {
        let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.draw(|chance| chance.below(millis)))
    }

    fn failure(&self) -> Failure {
        let all = [Failure::internal("etcdserver: request timed out"), Failure::unavailable(), Failure::timeout()];
        self.draw(|chance| chance.pick(&all).cloned()).unwrap_or_else(Failure::timeout)
    }

    /// Whether this is a time at which everything is forbidden: one quarter of each two minutes.
    fn is_forbidden(&self, seen: &Seen<'_>) -> bool {
        let lease = seen.call.plural == "leases";
        !lease && self.shared.troubles.contains(&Trouble::Forbidden) && seen.now.as_second().rem_euclid(120) < 30
    }
}

impl Fault for Chaos {
    fn before(&self, seen: &Seen<'_>) -> Before {
        if self.is_quiet(seen) {
            return Before::Pass;
        }
        let call = seen.call;
        let writes = call.verb.writes();
        if self.is_forbidden(seen) || (call.plural == "events" && self.strikes(Trouble::NoEvents, 100)) {
            return Before::Refuse(Failure::new(403, "Forbidden", "no rule allows this any more"));
        }
        if !call.query.get("continue").is_empty() && self.strikes(Trouble::ExpiredPages, 50) {
            return Before::Refuse(Failure::expired("the continue token is too old"));
        }
        if writes && self.befalls(Trouble::FalseConflicts) {
            let why = "the object has been modified; please apply your changes to the latest version and try again";
            return Before::Refuse(Failure::new(409, "Conflict", why));
        }
        if self.befalls(Trouble::TooMany) {
            return Before::Refuse(Failure::too_many(1));
        }
        if self.befalls(Trouble::Errors) {
            return Before::Refuse(self.failure());
        }
        if self.befalls(Trouble::Resets) {
            return Before::Reset;
        }
        if self.befalls(Trouble::Silence) {
            return Before::Lose;
        }
        if writes && self.befalls(Trouble::Late) {
            return Before::Delay(self.up_to(Duration::from_secs(30)));
        }
        if self.befalls(Trouble::Slow) {
            return Before::Delay(self.up_to(Duration::from_secs(2)));
        }
        Before::Pass
    }

    fn after(&self, seen: &Seen<'_>, _code: u16) -> After {
        if self.is_quiet(seen) {
            return After::Pass;
        }
        let writes = seen.call.verb.writes();
        if writes && self.befalls(Trouble::ErrorsAfterEffect) {
            return After::Refuse(self.failure());
        }
        if self.befalls(Trouble::LostAnswers) {
            return if self.draw(|chance| chance.percent(50)) { After::Reset } else { After::Cut };
        }
        if self.befalls(Trouble::Slow) {
            return After::Delay(self.up_to(Duration::from_secs(2)));
        }
        After::Pass
    }

    fn event(&self, seen: &Seen<'_>, event: &Event) -> Delivery {
        if self.is_quiet(seen) {
            return Delivery::Show;
        }
        if event.kind == "BOOKMARK" {
            // The mark that ends the first events is promised; the others are a courtesy.
            let courtesy = !event.is_end_of_first();
            return if courtesy && self.strikes(Trouble::NoBookmarks, 100) { Delivery::Skip } else { Delivery::Show };
        }
        if self.befalls(Trouble::WatchesEnd) {
            return if self.draw(|chance| chance.percent(50)) { Delivery::End } else { Delivery::Cut };
        }
        if self.befalls(Trouble::WatchesExpire) {
            return Delivery::Fail(Failure::expired("too old resource version"));
        }
        if self.befalls(Trouble::WatchesStall) {
            return Delivery::Stall;
        }
        if self.befalls(Trouble::LateEvents) {
            return Delivery::Delay(self.up_to(Duration::from_secs(10)));
        }
        if self.befalls(Trouble::DoubleEvents) {
            return Delivery::Twice;
        }
        Delivery::Show
    }
}
