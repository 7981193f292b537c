//! One thing that goes wrong at one write: what a crash sweep is made of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{After, Before, Fault, Seen};
use crate::failure::Failure;
use crate::process::Process;

/// What goes wrong at a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Mishap {
    /// The process dies before the write arrives.
    CrashBefore,
    /// The process dies after the write took effect, and never sees the answer.
    CrashAfter,
    /// The process stands still before the write arrives, and goes on after this time: then the write arrives.
    PauseBefore(Duration),
    /// The write never arrives; the connection breaks.
    LoseBefore,
    /// The write took effect; the connection breaks before the answer arrives.
    LoseAnswer,
    /// The write arrives so much later; who sent it may have given up.
    Delay(Duration),
    /// The write is refused, and takes no effect.
    Refuse(Failure),
    /// The write takes effect, and is answered as if it had not.
    RefuseAfter(Failure),
}

/// A mishap at the n-th write of a process, counted from 1. Leases are not counted: how often a lease is renewed says
/// nothing about what a process does.
pub struct AtWrite {
    process: Process,
    nth: u64,
    mishap: Mishap,
    counted: std::sync::Mutex<u64>,
    met: AtomicBool,
}

impl AtWrite {
    /// A mishap at the n-th write of a process.
    #[must_use]
    pub fn new(process: &Process, nth: u64, mishap: Mishap) -> Self {
        let counted = std::sync::Mutex::default();
        Self { process: process.clone(), nth, mishap, counted, met: AtomicBool::new(false) }
    }

    /// Whether there was an n-th write at all.
    #[must_use]
    pub fn has_happened(&self) -> bool {
        self.met.load(Ordering::Relaxed)
    }

    fn is_counted(&self, seen: &Seen<'_>) -> bool {
        seen.process == self.process.name() && seen.call.verb.writes() && seen.call.plural != "leases"
    }
}

impl Fault for AtWrite {
    fn before(&self, seen: &Seen<'_>) -> Before {
        if !self.is_counted(seen) {
            return Before::Pass;
        }
        let mut counted = self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *counted += 1;
        if *counted != self.nth {
            return Before::Pass;
        }
        self.met.store(true, Ordering::Relaxed);
        match &self.mishap {
            Mishap::CrashBefore => {
                self.process.kill();
                Before::Lose
            }
            Mishap::PauseBefore(time) => {
                self.process.pause();
                let (process, time) = (self.process.clone(), *time);
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    process.resume();
                });
                Before::Pass
            }
            Mishap::LoseBefore => Before::Reset,
            Mishap::Delay(time) => Before::Delay(*time),
            Mishap::Refuse(failure) => Before::Refuse(failure.clone()),
            Mishap::CrashAfter | Mishap::LoseAnswer | Mishap::RefuseAfter(_) => Before::Mark,
        }
    }

    fn after(&self, seen: &Seen<'_>, _code: u16) -> After {
        if !seen.marked || !self.is_counted(seen) {
            return After::Pass;
        }
        match &self.mishap {
            Mishap::CrashAfter => {
                self.process.kill();
                After::Lose
            }
            Mishap::LoseAnswer => After::Reset,
            Mishap::RefuseAfter(failure) => After::Refuse(failure.clone()),
            _ => After::Pass,
        }
    }
}
