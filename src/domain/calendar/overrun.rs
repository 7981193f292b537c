//! A window that closes while something it let start is still under way.

use chrono::{DateTime, TimeDelta, Utc};

use super::governance::{Governance, Governing, Purpose};
use super::search;
use super::window::instant;

/// What is to become of a release that is under way when a window closes. In order of strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum OnClose {
    /// What has started finishes; the rest waits for the next opening.
    #[default]
    Finish,
    /// As Finish, and a person must say that it goes on.
    Halt,
    /// What has been released is undone.
    Rollback,
}

/// A close that something under way has outlasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overrun {
    /// `namespace/name` of the window that closed: an Allow whose opening ended, or a Freeze that began. Of several
    /// that closed together, the one whose word is strictest; of these the one that waits least, then by name.
    pub window: String,
    /// When the merged opening ended. What was under way at this very instant has outlasted it.
    pub closed_at: DateTime<Utc>,
    /// Never [`OnClose::Finish`].
    pub on_close: OnClose,
    /// How long after the close the window still waits before it insists; zero or more.
    pub grace: TimeDelta,
}

impl Overrun {
    /// From when on the window insists, this instant included.
    pub fn due(&self) -> DateTime<Utc> {
        self.closed_at.checked_add_signed(self.grace).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Whether the window insists by now.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        now >= self.due()
    }
}

impl Governance {
    /// The first close in `(since, now]` of windows that say what is to happen to what is under way: `since` is when it
    /// got under way, or when a person last said that it may go on.
    ///
    /// It is told whether or not the windows have opened again meanwhile: whoever slept over the close must still obey
    /// it. Nothing closes where one window opens as another ends. What started while all was closed, under an override
    /// for example, has outlasted nothing until windows open and close again. A window that cannot be read says nothing.
    /// Looks at 20,000 openings at most.
    pub fn overrun(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<Overrun> {
        if self.tiers.iter().flatten().all(|(_, governing)| on_close(governing).0 == OnClose::Finish) {
            return None;
        }
        let seen = self.seen(Purpose::Release);
        // A stretch that is cut at the second of `since` ends in a later one.
        let found = search::each_stretch(&seen, since.timestamp(), |span, ended| {
            let closed_at = if ended { instant(span.until) } else { None };
            match closed_at {
                Some(closed_at) if closed_at <= now => self.closed(closed_at).map(Some),
                _ => Some(None),
            }
        });
        found.flatten()
    }

    /// The window with the strictest word of those that closed at an instant, if any has something to say.
    fn closed(&self, closed_at: DateTime<Utc>) -> Option<Overrun> {
        let before = closed_at - TimeDelta::seconds(1);
        let closers = self.at(closed_at).closed_by;
        let ended = self.tiers.iter().flatten().filter_map(|(name, governing)| {
            let Governing::Sound(window) = governing else {
                return None;
            };
            let turned = window.covers(before) != window.covers(closed_at);
            let (on_close, grace) = on_close(governing);
            let counts = turned && on_close != OnClose::Finish && closers.iter().any(|closer| closer.window == *name);
            counts.then(|| Overrun { window: name.clone(), closed_at, on_close, grace })
        });
        ended.min_by(|a, b| (b.on_close, a.grace, &a.window).cmp(&(a.on_close, b.grace, &b.window)))
    }
}

fn on_close(governing: &Governing) -> (OnClose, TimeDelta) {
    match governing {
        Governing::Sound(window) => window.on_close(),
        Governing::Broken { .. } => (OnClose::Finish, TimeDelta::zero()),
    }
}

#[cfg(test)]
#[path = "overrun_tests.rs"]
mod tests;
