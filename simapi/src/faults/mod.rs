//! What goes wrong: hooks before a request reaches the server, after it was answered, and at each event of a watch.

mod at_write;
mod chaos;
mod stale;

use std::time::Duration;

use jiff::Timestamp;

use crate::call::Call;
use crate::event::Event;
use crate::failure::Failure;

pub use at_write::{AtWrite, Mishap};
pub use chaos::{Chaos, Trouble};
pub use stale::{StaleReads, Staleness};

/// A request, as a fault sees it.
pub struct Seen<'a> {
    /// What is asked.
    pub call: &'a Call,
    /// Which process asks: the name of the [`Connection`](crate::Connection).
    pub process: &'a str,
    /// How many writes this process has sent, this one included if it is one.
    pub writes: u64,
    /// The server's time.
    pub now: Timestamp,
    /// The newest revision.
    pub revision: u64,
    /// Whether a fault has marked the request on its way, to meet its answer.
    pub marked: bool,
}

/// What becomes of a request on its way to the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Before {
    /// Nothing.
    #[default]
    Pass,
    /// It arrives later. Who asks may have given up by then; it takes effect all the same.
    Delay(Duration),
    /// It is refused, and takes no effect.
    Refuse(Failure),
    /// The connection breaks before it arrives.
    Reset,
    /// It is lost, and no answer ever comes.
    Lose,
    /// A GET or LIST is answered with what was at this revision.
    Stale(u64),
    /// Nothing, but its answer is to be known again: [`Seen::marked`].
    Mark,
}

/// What becomes of an answer on its way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum After {
    /// Nothing.
    #[default]
    Pass,
    /// It arrives later.
    Delay(Duration),
    /// This arrives instead, although a write took effect.
    Refuse(Failure),
    /// The connection breaks before it arrives.
    Reset,
    /// The connection breaks in the middle of it.
    Cut,
    /// It is lost: no answer ever comes.
    Lose,
}

/// What becomes of an event of a watch.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Delivery {
    /// It is shown.
    #[default]
    Show,
    /// It is shown twice.
    Twice,
    /// It is shown later, and those after it as well.
    Delay(Duration),
    /// It is not shown. For bookmarks this is permitted; for anything else it is a defect of the server.
    Skip,
    /// The watch ends before it, well.
    End,
    /// The watch ends before it with an ERROR event.
    Fail(Failure),
    /// The connection breaks in the middle of it.
    Cut,
    /// From now on nothing is shown, and the connection stays.
    Stall,
}

/// Something that goes wrong now and then. Faults decide by what they see and by chance of their own, so that the
/// same seed goes wrong in the same way.
pub trait Fault: Send + Sync {
    /// Before a request reaches the server.
    fn before(&self, _seen: &Seen<'_>) -> Before {
        Before::Pass
    }

    /// After a request was answered with this code, before whoever asked sees it.
    fn after(&self, _seen: &Seen<'_>, _code: u16) -> After {
        After::Pass
    }

    /// Before an event of a watch is shown.
    fn event(&self, _seen: &Seen<'_>, _event: &Event) -> Delivery {
        Delivery::Show
    }
}

impl<F: Fault + ?Sized> Fault for std::sync::Arc<F> {
    fn before(&self, seen: &Seen<'_>) -> Before {
        (**self).before(seen)
    }

    fn after(&self, seen: &Seen<'_>, code: u16) -> After {
        (**self).after(seen, code)
    }

    fn event(&self, seen: &Seen<'_>, event: &Event) -> Delivery {
        (**self).event(seen, event)
    }
}

impl Fault for Box<dyn Fault> {
    fn before(&self, seen: &Seen<'_>) -> Before {
        (**self).before(seen)
    }

    fn after(&self, seen: &Seen<'_>, code: u16) -> After {
        (**self).after(seen, code)
    }

    fn event(&self, seen: &Seen<'_>, event: &Event) -> Delivery {
        (**self).event(seen, event)
    }
}

/// Asks all faults: the first that stops a request decides; delays add up.
pub(crate) fn before(faults: &[Box<dyn Fault>], seen: &Seen<'_>) -> (Duration, Before) {
    let (mut delay, mut fate) = (Duration::ZERO, Before::Pass);
    for fault in faults {
        match fault.before(seen) {
            Before::Pass => {}
            Before::Delay(more) => delay += more,
            Before::Mark => fate = Before::Mark,
            stop => return (delay, stop),
        }
    }
    (delay, fate)
}

/// As [`before`], for answers.
pub(crate) fn after(faults: &[Box<dyn Fault>], seen: &Seen<'_>, code: u16) -> (Duration, After) {
    let mut delay = Duration::ZERO;
    for fault in faults {
        match fault.after(seen, code) {
            After::Pass => {}
            After::Delay(more) => delay += more,
            stop => return (delay, stop),
        }
    }
    (delay, After::Pass)
}

/// As [`before`], for events.
pub(crate) fn event(faults: &[Box<dyn Fault>], seen: &Seen<'_>, event: &Event) -> (Duration, Delivery) {
    let mut delay = Duration::ZERO;
    for fault in faults {
        match fault.event(seen, event) {
            Delivery::Show => {}
            Delivery::Delay(more) => delay += more,
            stop => return (delay, stop),
        }
    }
    (delay, Delivery::Show)
}
