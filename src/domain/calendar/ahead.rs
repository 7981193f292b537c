//! The openings of a while, computed once and asked often.

use chrono::{DateTime, Utc};

use super::search::Openings;
use super::spans::Span;
use super::window::{Window, ceiling, instant};

/// The merged openings of a window inside of `[from, until)`. Asking is a binary search.
///
/// It holds as long as the window and the zone data do: a changed window needs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    range: Span,
    spans: Vec<Span>,
}

impl Window {
    /// Computes the openings inside of `[from, until)` for many questions; nothing is known outside of the range.
    pub fn ahead(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Ahead {
        let range = Span { from: from.timestamp(), until: ceiling(until) };
        let spans = self.within(range.from, range.until, &mut 0);
        Ahead { range, spans }
    }
}

impl Ahead {
    /// Whether an opening holds the instant; none outside of the range.
    pub fn covers(&self, at: DateTime<Utc>) -> Option<bool> {
        let at = at.timestamp();
        self.range.holds(at).then(|| self.following(at).is_some_and(|span| span.holds(at)))
    }

    /// The first instant from `at` on at which an opening begins or ends; none if that is outside of the range.
    pub fn next_change(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let seconds = at.timestamp();
        let span = self.following(seconds).filter(|_| self.range.holds(seconds))?;
        let change = if span.holds(seconds) { span.until } else { span.from };
        // At the edges of the range an opening is cut, and does not change there.
        if change == self.range.until { None } else { instant(change) }
    }

    fn following(&self, at: i64) -> Option<&Span> {
        self.spans.get(self.spans.partition_point(|span| span.until <= at))
    }
}
