//! Who governs, and what follows when several windows do.
//!
//! Three tiers: platform, team, release. Inside a tier Allow windows unite; across tiers they intersect, so that a
//! team can narrow but never widen; a tier without an Allow window is open. A Freeze in any tier beats all of them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::civil::DAY;
use super::schedule::WindowType;
use super::search::{self, NO_END, Openings};
use super::spans::{Span, intersection, merged, subtraction};
use super::steady::Steady;
use super::verdict::{Closer, Fit, Opener, Verdict};
use super::window::{Opening, Window, ceiling, instant};

/// How far ahead [`Fit::longest`] looks.
const LONGEST_WITHIN: i64 = 90 * DAY;

/// A window that governs something.
#[derive(Debug, Clone)]
pub enum Governing {
    Sound(Arc<Window>),
    /// Its text is wrong, or its calendar was never read. A Freeze closes all it governs; an Allow adds nothing, and
    /// its tier still has an Allow window.
    Broken {
        window_type: WindowType,
        /// What is wrong, for people.
        fault: String,
        /// What the text says of rollbacks: a Freeze that cannot be read and says so stops them too.
        blocks_rollback: bool,
    },
}

impl Governing {
    pub fn window_type(&self) -> WindowType {
        match self {
            Governing::Sound(window) => window.window_type(),
            Governing::Broken { window_type, .. } => *window_type,
        }
    }
}

/// What is to be done while the windows are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Ship something: every window counts.
    #[default]
    Release,
    /// Undo something: only a Freeze with `blocksRollback` counts. Neither another Freeze nor a closed Allow may keep a
    /// broken version running.
    Rollback,
}

/// All windows that govern one thing, by tier, each with its name `namespace/name`.
#[derive(Debug, Clone, Default)]
pub struct Governance {
    /// Platform, team, release. The order of windows in a tier changes no answer.
    pub tiers: [Vec<(String, Governing)>; 3],
}

/// The governance as one purpose sees it.
pub(super) struct Seen<'a> {
    governance: &'a Governance,
    purpose: Purpose,
}

impl Governance {
    /// What the windows say now, to something that ships.
    pub fn at(&self, now: DateTime<Utc>) -> Verdict {
        self.at_for(now, Purpose::Release)
    }

    /// What the windows say now, to something with this purpose.
    pub fn at_for(&self, now: DateTime<Utc>, purpose: Purpose) -> Verdict {
        let seen = self.seen(purpose);
        let at = now.timestamp();
        let end = search::end_of_stretch(&seen, at);
        let open = end.is_some();
        let changes = seen.windows().filter_map(|(_, governing)| match governing {
            Governing::Sound(window) => window.next_change(now),
            Governing::Broken { .. } => None,
        });
        Verdict {
            open,
            closed_by: if open { Vec::new() } else { seen.closers(now) },
            opened_by: seen.openers(now),
            closes_at: end.and_then(instant),
            opens_at: if open { None } else { search::next_open(&seen, at).and_then(instant) },
            next_change: changes.min(),
        }
    }

    /// The merged opening that holds `now`, cut there; `until` is the end of time if no end is known.
    pub fn opening_at(&self, now: DateTime<Utc>) -> Option<Opening> {
        self.next_open_after(now).filter(|opening| opening.from <= now)
    }

    /// The first merged opening that ends after `now`, cut there.
    pub fn next_open_after(&self, now: DateTime<Utc>) -> Option<Opening> {
        self.upcoming(now, 1).pop()
    }

    /// The next merged openings, the one that holds `now` first and cut there. At most `count`.
    pub fn upcoming(&self, now: DateTime<Utc>, count: usize) -> Vec<Opening> {
        let stretches = search::next_stretches(&self.seen(Purpose::Release), now.timestamp(), count);
        stretches.into_iter().map(|span| self.opening(span)).collect()
    }

    /// The merged openings inside of `[from, until)`, cut at both ends, each with the windows and entries it begins with.
    pub fn openings(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Opening> {
        let spans = self.seen(Purpose::Release).within(from.timestamp(), ceiling(until), &mut 0);
        spans.into_iter().map(|span| self.opening(span)).collect()
    }

    /// Whether something that takes `need` may start now: see [`Governance::fit`].
    pub fn fits(&self, now: DateTime<Utc>, need: TimeDelta) -> bool {
        self.fit(now, need).fits
    }

    /// The earliest instant from `now` on at which something that takes `need` may start. None if none is known.
    pub fn next_fit(&self, now: DateTime<Utc>, need: TimeDelta) -> Option<DateTime<Utc>> {
        self.fit(now, need).next
    }

    /// Whether something that takes `need` may start now, what it lacks, and when it may.
    ///
    /// It may start if it is open and at least the need is left of the merged opening, where the need is its own or
    /// the largest `minRemaining` of the governing windows. An opening without a known end fits everything.
    pub fn fit(&self, now: DateTime<Utc>, need: TimeDelta) -> Fit {
        let seen = self.seen(Purpose::Release);
        let asked = self.longest_min_remaining();
        let (need, need_of) = match asked {
            Some((remaining, window)) if remaining > need => (remaining, Some(window)),
            _ => (need.max(TimeDelta::zero()), None),
        };
        let left = match search::end_of_stretch(&seen, now.timestamp()) {
            None => None,
            Some(NO_END) => Some(TimeDelta::MAX),
            Some(end) => instant(end).map(|end| end - now),
        };
        let fits = left.is_some_and(|left| left >= need);
        let next = if fits { Some(now) } else { self.later_fit(&seen, now, need) };
        Fit {
            fits,
            need,
            need_of,
            left: left.filter(|left| *left != TimeDelta::MAX),
            next,
            longest: if next.is_none() { longest(&seen, now) } else { None },
        }
    }

    fn later_fit(&self, seen: &Seen<'_>, now: DateTime<Utc>, need: TimeDelta) -> Option<DateTime<Utc>> {
        // Whole seconds that are not less: openings begin and end on whole seconds.
        let seconds = need.num_seconds().saturating_add(i64::from(need.subsec_nanos() > 0));
        let from = ceiling(now);
        search::next_stretch(seen, from, seconds).and_then(|span| instant(span.from))
    }

    /// The largest `minRemaining` of the governing windows; zero if none says so.
    pub fn min_remaining(&self) -> TimeDelta {
        self.longest_min_remaining().map_or(TimeDelta::zero(), |(remaining, _)| remaining)
    }

    /// The largest `minRemaining`, and whose it is.
    fn longest_min_remaining(&self) -> Option<(TimeDelta, String)> {
        let asked = self.tiers.iter().flatten().filter_map(|(name, governing)| match governing {
            Governing::Sound(window) => window.min_remaining().map(|remaining| (remaining, name.clone())),
            Governing::Broken { .. } => None,
        });
        asked.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
    }

    pub(super) fn seen(&self, purpose: Purpose) -> Seen<'_> {
        Seen { governance: self, purpose }
    }

    fn opening(&self, span: Span) -> Opening {
        let from = instant(span.from).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let openers = self.seen(Purpose::Release).openers(from);
        let names: Vec<String> =
            openers.into_iter().map(|opener| format!("{}: {}", opener.window, opener.entry)).collect();
        Opening { from, until: instant(span.until).unwrap_or(DateTime::<Utc>::MAX_UTC), entry: names.join(", ") }
    }
}

impl Seen<'_> {
    /// The windows that count, in tier order and by name inside a tier.
    fn windows(&self) -> impl Iterator<Item = &(String, Governing)> {
        self.governance.tiers.iter().flatten().filter(|(_, governing)| self.counts(governing))
    }

    fn counts(&self, governing: &Governing) -> bool {
        match (self.purpose, governing) {
            (Purpose::Release, _) => true,
            (Purpose::Rollback, Governing::Sound(window)) => window.blocks_rollback(),
            (Purpose::Rollback, Governing::Broken { window_type, blocks_rollback, .. }) => {
                *blocks_rollback && *window_type == WindowType::Freeze
            }
        }
    }

    fn openers(&self, now: DateTime<Utc>) -> Vec<Opener> {
        let mut openers: Vec<Opener> = Vec::new();
        for (name, governing) in self.windows() {
            if let Governing::Sound(window) = governing
                && window.window_type() == WindowType::Allow
                && let Some(entry) = window.entry_at(now)
            {
                openers.push(Opener { window: name.clone(), entry });
            }
        }
        openers.sort_by(|a, b| a.window.cmp(&b.window));
        openers
    }

    /// Freezes in force first, then the Allow windows of every tier in which none is open.
    fn closers(&self, now: DateTime<Utc>) -> Vec<Closer> {
        let mut freezes = Vec::new();
        let mut allows = Vec::new();
        for tier in &self.governance.tiers {
            let mut closed = Vec::new();
            let mut open = false;
            for (name, governing) in tier.iter().filter(|(_, governing)| self.counts(governing)) {
                let (is_freeze, covered) = (governing.window_type() == WindowType::Freeze, covers(governing, now));
                match (is_freeze, covered) {
                    (true, true) => freezes.push(closer(name, governing, now)),
                    (true, false) => {}
                    (false, true) => open = true,
                    (false, false) => closed.push(closer(name, governing, now)),
                }
            }
            if !open {
                closed.sort_by(|a, b| a.window.cmp(&b.window));
                allows.append(&mut closed);
            }
        }
        freezes.sort_by(|a, b| a.window.cmp(&b.window));
        freezes.append(&mut allows);
        freezes
    }
}

impl Openings for Seen<'_> {
    fn within(&self, from: i64, until: i64, looked_at: &mut usize) -> Vec<Span> {
        if from >= until {
            return Vec::new();
        }
        let mut open = vec![Span { from, until }];
        let mut frozen = Vec::new();
        for tier in &self.governance.tiers {
            let mut allowed = Vec::new();
            let mut has_allow = false;
            for (_, governing) in tier.iter().filter(|(_, governing)| self.counts(governing)) {
                let spans = match governing {
                    Governing::Sound(window) => window.within(from, until, looked_at),
                    Governing::Broken { window_type: WindowType::Freeze, .. } => vec![Span { from, until }],
                    Governing::Broken { .. } => Vec::new(),
                };
                if governing.window_type() == WindowType::Freeze {
                    frozen.extend(spans);
                } else {
                    has_allow = true;
                    allowed.extend(spans);
                }
            }
            if has_allow {
                open = intersection(&open, &merged(allowed));
            }
        }
        subtraction(&open, &merged(frozen))
    }

    fn a_day(&self) -> i64 {
        let of = |governing: &Governing| match governing {
            Governing::Sound(window) => window.a_day(),
            Governing::Broken { .. } => 0,
        };
        self.windows().map(|(_, governing)| of(governing)).sum::<i64>().max(1)
    }

    fn steady(&self) -> Option<Steady> {
        self.windows().try_fold(Steady::after(i64::MIN), |steady, (_, governing)| match governing {
            Governing::Sound(window) => steady.and(window.steady()?),
            Governing::Broken { .. } => Some(steady),
        })
    }
}

/// Whether the window is in force: an Allow that opens, a Freeze that closes.
fn covers(governing: &Governing, now: DateTime<Utc>) -> bool {
    match governing {
        Governing::Sound(window) => window.covers(now),
        Governing::Broken { window_type, .. } => *window_type == WindowType::Freeze,
    }
}

fn closer(name: &str, governing: &Governing, now: DateTime<Utc>) -> Closer {
    let window_type = governing.window_type();
    match governing {
        Governing::Sound(window) => Closer {
            window: name.to_owned(),
            window_type,
            entry: window.entry_at(now),
            reason: window.reason().to_owned(),
            until: window.next_change(now),
            fault: None,
        },
        Governing::Broken { fault, .. } => Closer {
            window: name.to_owned(),
            window_type,
            entry: None,
            reason: String::new(),
            fault: Some(fault.clone()),
            until: None,
        },
    }
}

/// The longest merged opening of the next 90 days.
fn longest(seen: &Seen<'_>, now: DateTime<Utc>) -> Option<TimeDelta> {
    let from = ceiling(now);
    let spans = seen.within(from, from.saturating_add(LONGEST_WITHIN), &mut 0);
    spans.iter().map(|span| span.until - span.from).max().map(TimeDelta::seconds)
}

#[cfg(test)]
#[path = "governance_tests.rs"]
mod tests;
