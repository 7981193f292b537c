//! What the windows say about one instant, with the reasons.

use chrono::{DateTime, TimeDelta, Utc};

use super::schedule::WindowType;

/// Whether it is open, why, and until when that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub open: bool,
    /// Every window that keeps it closed, not only the first; empty when open.
    pub closed_by: Vec<Closer>,
    /// The Allow windows that are open now, whether or not something else closes.
    pub opened_by: Vec<Opener>,
    /// The end of the merged opening; none when closed, or when no end is known.
    pub closes_at: Option<DateTime<Utc>>,
    /// The start of the next merged opening; none when open, or when none is known.
    pub opens_at: Option<DateTime<Utc>>,
    /// The first instant after which this verdict may read differently: any governing window opens or closes.
    pub next_change: Option<DateTime<Utc>>,
}

/// A window that keeps something closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closer {
    /// `namespace/name`
    pub window: String,
    /// A Freeze that is in force, or an Allow that is not open.
    pub window_type: WindowType,
    /// The entry in force; none for an Allow, which closes by having no opening now, and for a broken window.
    pub entry: Option<String>,
    /// What the window tells people; empty for a broken window.
    pub reason: String,
    /// What is wrong with the window's text: a broken Freeze closes all it governs, a broken Allow adds nothing.
    pub fault: Option<String>,
    /// When this window alone will no longer close: the end of a Freeze, the next opening of an Allow. None if not known.
    pub until: Option<DateTime<Utc>>,
}

/// An Allow window that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opener {
    /// `namespace/name`
    pub window: String,
    pub entry: String,
}

/// Whether something that takes a while may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// It may start now.
    pub fits: bool,
    /// What must be left of the merged opening: its own need, or the largest `minRemaining` if that is longer.
    pub need: TimeDelta,
    /// The window whose `minRemaining` made the need longer than its own.
    pub need_of: Option<String>,
    /// What is left of the merged opening; none when closed, or when no end is known.
    pub left: Option<TimeDelta>,
    /// The earliest instant from now on at which it may start; now if it fits. None if none is known.
    pub next: Option<DateTime<Utc>>,
    /// The longest merged opening that was looked at, when none fits: "the longest is 60 min".
    pub longest: Option<TimeDelta>,
}
