//! What goes wrong between the operator and the API server: by chance, at one chosen write, or only counted.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use simapi::faults::{After, Before, Delivery, Fault, Seen};
use simapi::{Chance, Event, Failure, Verb};
use tokio::sync::mpsc::UnboundedSender;

use crate::play::{MENDS_WITHIN, SILENCE_IS_NOTICED_WITHIN};

/// Whether a call is a write that counts: leases and Events are written all the time and decide nothing.
fn counts(seen: &Seen<'_>) -> bool {
    let writes = matches!(seen.call.verb, Verb::Create | Verb::Update | Verb::Patch | Verb::Delete);
    writes && !matches!(seen.call.plural.as_str(), "leases" | "events")
}

/// A swarm: each seed chooses what goes wrong at all, and how often.
pub struct Swarm {
    /// Nothing goes wrong any more.
    pub healed: Arc<AtomicBool>,
    kinds: Vec<(Wrong, u64)>,
    chance: Mutex<Chance>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    LateRequest,
    LateAnswer,
    Refused,
    Lost,
    Reset,
    AnswerLost,
    AnswerCut,
    TimesOut,
    Twice,
    LateEvent,
    WatchEnds,
    WatchExpires,
    WatchCut,
    WatchStalls,
}

const ALL: [Wrong; 14] = [
    Wrong::LateRequest,
    Wrong::LateAnswer,
    Wrong::Refused,
    Wrong::Lost,
    Wrong::Reset,
    Wrong::AnswerLost,
    Wrong::AnswerCut,
    Wrong::TimesOut,
    Wrong::Twice,
    Wrong::LateEvent,
    Wrong::WatchEnds,
    Wrong::WatchExpires,
    Wrong::WatchCut,
    Wrong::WatchStalls,
];

const AT_EVENT: [Wrong; 6] =
    [Wrong::Twice, Wrong::LateEvent, Wrong::WatchEnds, Wrong::WatchExpires, Wrong::WatchCut, Wrong::WatchStalls];

impl Swarm {
    /// What may go wrong by this chance.
    pub fn new(mut chance: Chance, healed: Arc<AtomicBool>) -> Self {
        let mut kinds = Vec::new();
        // Where every fourth request fails nothing is ever let go before all goes well, and nothing can go wrong with it.
        let often = chance.pick(&[3, 8, 25]).copied().unwrap_or(8);
        for kind in ALL {
            if chance.percent(35) {
                // A watch shows many events, so what ends one must be rarer.
                let ends_watches =
                    matches!(kind, Wrong::WatchStalls | Wrong::WatchEnds | Wrong::WatchExpires | Wrong::WatchCut);
                kinds.push((kind, 1 + chance.below(if ends_watches { often / 4 + 1 } else { often })));
            }
        }
        Self { healed, kinds, chance: Mutex::new(chance) }
    }

    /// How long the last of it may be felt once all goes well.
    pub fn mends_within(&self) -> Duration {
        let silent = self.kinds.iter().any(|(kind, _)| *kind == Wrong::WatchStalls);
        if silent { SILENCE_IS_NOTICED_WITHIN } else { MENDS_WITHIN }
    }

    /// The first of these that goes wrong now.
    fn goes_wrong(&self, seen: &Seen<'_>, among: &[Wrong]) -> Option<Wrong> {
        if self.healed.load(Ordering::Relaxed) || seen.process.is_empty() {
            return None;
        }
        let mut chance = self.chance.lock().expect("nobody panics while it holds this");
        self.kinds
            .iter()
            .filter(|(kind, _)| among.contains(kind))
            .find(|(_, percent)| chance.percent(*percent))
            .map(|(k, _)| *k)
    }

    fn a_while(&self, most: u64) -> Duration {
        let mut chance = self.chance.lock().expect("nobody panics while it holds this");
        Duration::from_millis(chance.below(most))
    }

    fn refusal(&self) -> Failure {
        let which = self.chance.lock().expect("nobody panics while it holds this").below(5);
        match which {
            0 => Failure::too_many(1),
            1 => Failure::internal("something broke"),
            2 => Failure::unavailable(),
            3 => Failure::new(409, "Conflict", "please apply your changes to the latest version"),
            _ => Failure::timeout(),
        }
    }
}

impl std::fmt::Display for Swarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, percent)| format!("{kind:?} {percent} %")).collect();
        write!(f, "What goes wrong, and how often: {}", kinds.join(", "))
    }
}

impl Fault for Swarm {
    fn before(&self, seen: &Seen<'_>) -> Before {
        match self.goes_wrong(seen, &[Wrong::LateRequest, Wrong::Refused, Wrong::Lost, Wrong::Reset]) {
            Some(Wrong::LateRequest) => Before::Delay(self.a_while(8_000)),
            Some(Wrong::Refused) => Before::Refuse(self.refusal()),
            Some(Wrong::Lost) => Before::Lose,
            Some(Wrong::Reset) => Before::Reset,
            _ => Before::Pass,
        }
    }

    fn after(&self, seen: &Seen<'_>, _: u16) -> After {
        match self.goes_wrong(seen, &[Wrong::LateAnswer, Wrong::AnswerLost, Wrong::AnswerCut, Wrong::TimesOut]) {
            Some(Wrong::LateAnswer) => After::Delay(self.a_while(8_000)),
            Some(Wrong::AnswerLost) => After::Lose,
            Some(Wrong::AnswerCut) => After::Cut,
            Some(Wrong::TimesOut) => After::Refuse(Failure::timeout()),
            _ => After::Pass,
        }
    }

    fn event(&self, seen: &Seen<'_>, _: &Event) -> Delivery {
        match self.goes_wrong(seen, &AT_EVENT) {
            Some(Wrong::Twice) => Delivery::Twice,
            Some(Wrong::LateEvent) => Delivery::Delay(self.a_while(15_000)),
            Some(Wrong::WatchEnds) => Delivery::End,
            Some(Wrong::WatchExpires) => Delivery::Fail(Failure::expired("too old")),
            Some(Wrong::WatchCut) => Delivery::Cut,
            Some(Wrong::WatchStalls) => Delivery::Stall,
            _ => Delivery::Show,
        }
    }
}

/// What happens at one write, or at one event of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The process dies, and the write never arrives.
    DiesBefore,
    /// The write arrives, and the process dies before it sees the answer.
    DiesAfter,
    /// The process dies, and the write arrives some seconds later.
    DiesAndItArrivesLate,
    /// The write arrives and the answer is lost; the process lives on.
    AnswerLost,
    /// The process stands still for longer than its lease, with the write in its hands, and goes on with it.
    StandsStill,
    /// The event, and those after it, come late.
    EventLate,
    EventTwice,
    /// The event is not shown: the watch is cut before it, and must be begun anew.
    EventCut,
    /// It is not shown, and what was before it is forgotten: everything must be listed anew.
    EventExpired,
    /// It is not shown, nor anything after it, and nothing says so.
    Silence,
}

pub const AT_WRITES: [At; 5] =
    [At::DiesBefore, At::DiesAfter, At::DiesAndItArrivesLate, At::AnswerLost, At::StandsStill];
pub const AT_EVENTS: [At; 5] = [At::EventLate, At::EventTwice, At::EventCut, At::EventExpired, At::Silence];

/// What is to become of a process, by its name.
pub struct Order {
    pub process: String,
    pub freezes: bool,
}

/// Something happens at the n-th write that counts, or at the n-th event, of whichever process it is.
pub struct AtMoments {
    nth: Vec<(usize, At)>,
    writes: AtomicUsize,
    events: AtomicUsize,
    /// What is to happen once the write that was marked last is answered.
    answer: Mutex<Option<At>>,
    orders: UnboundedSender<Order>,
}

impl AtMoments {
    pub fn new(nth: Vec<(usize, At)>, orders: UnboundedSender<Order>) -> Self {
        Self { nth, writes: AtomicUsize::new(0), events: AtomicUsize::new(0), answer: Mutex::default(), orders }
    }

    /// How many writes and events there were.
    pub fn seen(&self) -> [usize; 2] {
        [self.writes.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed)]
    }

    fn this_one(&self, among: &[At], counter: &AtomicUsize) -> Option<At> {
        let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
        self.nth.iter().find(|(n, at)| *n == number && among.contains(at)).map(|(_, at)| *at)
    }

    fn order(&self, seen: &Seen<'_>, freezes: bool) {
        let _ = self.orders.send(Order { process: seen.process.to_owned(), freezes });
    }
}

impl Fault for AtMoments {
    fn before(&self, seen: &Seen<'_>) -> Before {
        if !counts(seen) || seen.process.is_empty() {
            return Before::Pass;
        }
        match self.this_one(&AT_WRITES, &self.writes) {
            Some(At::DiesBefore) => {
                self.order(seen, false);
                Before::Lose
            }
            Some(At::DiesAndItArrivesLate) => {
                self.order(seen, false);
                Before::Delay(Duration::from_secs(4))
            }
            Some(At::StandsStill) => {
                self.order(seen, true);
                Before::Delay(Duration::from_secs(25))
            }
            Some(at) => {
                *self.answer.lock().expect("nobody panics while it holds this") = Some(at);
                Before::Mark
            }
            None => Before::Pass,
        }
    }

    fn after(&self, seen: &Seen<'_>, _: u16) -> After {
        if !seen.marked {
            return After::Pass;
        }
        if self.answer.lock().expect("nobody panics while it holds this").take() == Some(At::DiesAfter) {
            self.order(seen, false);
        }
        After::Lose
    }

    fn event(&self, seen: &Seen<'_>, event: &Event) -> Delivery {
        if seen.process.is_empty() || event.kind == "BOOKMARK" {
            return Delivery::Show;
        }
        match self.this_one(&AT_EVENTS, &self.events) {
            Some(At::EventLate) => Delivery::Delay(Duration::from_secs(12)),
            Some(At::EventTwice) => Delivery::Twice,
            Some(At::EventCut) => Delivery::Cut,
            Some(At::EventExpired) => Delivery::Fail(Failure::expired("too old resource version")),
            Some(At::Silence) => Delivery::Stall,
            _ => Delivery::Show,
        }
    }
}

/// So many requests within one instant are no work but a quarrel.
const QUARREL: usize = 3_000;
/// So many requests are more than any story takes: a hundred times what the longest one does.
const MOST: usize = 200_000;

/// Counts what is asked while nothing happens. Watches are asked again every few minutes, which is no question.
#[derive(Default)]
pub struct Counter {
    pub armed: AtomicBool,
    pub asked: AtomicUsize,
    /// How many requests processes made, and how many instants there were at which one was made.
    pub requests: AtomicUsize,
    pub instants: AtomicUsize,
    /// How many events their watches had.
    pub events: AtomicUsize,
    all: Mutex<Asked>,
}

/// What was asked until now, and at this instant.
#[derive(Default)]
struct Asked {
    now: jiff::Timestamp,
    at_once: usize,
    ever: usize,
    /// Why nobody is answered any more.
    endless: Option<&'static str>,
}

impl Counter {
    /// Why this would never end, if it would not: nobody was answered any more since that was clear.
    pub fn endless(&self) -> Option<String> {
        self.all.lock().expect("nobody panics while it holds this").endless.map(str::to_owned)
    }

    /// Whether this request is one too many.
    fn is_too_much(&self, now: jiff::Timestamp) -> bool {
        let mut all = self.all.lock().expect("nobody panics while it holds this");
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.instants.fetch_add(usize::from(all.now != now), Ordering::Relaxed);
        all.at_once = if all.now == now { all.at_once + 1 } else { 1 };
        all.now = now;
        all.ever += 1;
        if all.at_once > QUARREL {
            all.endless.get_or_insert("no time passes: processes answer each other for ever");
        }
        if all.ever > MOST {
            all.endless.get_or_insert("requests are made without end");
        }
        all.endless.is_some()
    }
}

impl Fault for Counter {
    fn before(&self, seen: &Seen<'_>) -> Before {
        if self.is_too_much(seen.now) {
            return Before::Lose;
        }
        let asks = seen.call.verb != Verb::Watch && !matches!(seen.call.plural.as_str(), "leases" | "events");
        if asks && !seen.process.is_empty() && self.armed.load(Ordering::Relaxed) {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        Before::Pass
    }

    fn event(&self, _: &Seen<'_>, _: &Event) -> Delivery {
        self.events.fetch_add(1, Ordering::Relaxed);
        Delivery::Show
    }
}
