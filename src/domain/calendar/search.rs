//! Looking ahead in anything that has openings, with bounded work.

use super::civil::{DAY, FIRST_WALL, LAST_WALL};
use super::spans::Span;
use super::steady::{LONGEST_STRETCH, Steady};

/// Openings looked at by one search before it gives up. A window that opens every day reaches 54 years with it.
const MOST_LOOKED_AT: usize = 20_000;
/// How far ahead: the calendar repeats after 400 years.
const FURTHEST: i64 = 146_097 * DAY;
/// The first look ahead, enough for the weekly windows that most are.
const FIRST_LOOK: i64 = 8 * DAY;
/// The end of a stretch whose end is not known.
pub(crate) const NO_END: i64 = i64::MAX;

/// Something that is open at some instants.
pub(crate) trait Openings {
    /// The set of open instants inside of `[from, until)`. Adds to `looked_at` how many openings were computed for it.
    fn within(&self, from: i64, until: i64, looked_at: &mut usize) -> Vec<Span>;

    /// The most openings that can begin on one day, at least 1.
    fn a_day(&self) -> i64;

    /// From when on they repeat; nothing if that is not known.
    fn steady(&self) -> Option<Steady>;
}

/// One search: successive looks, each four times as far as the last, as long as the budget lasts.
struct Looks {
    begin: i64,
    furthest: i64,
    look: i64,
    longest: i64,
    looked_at: usize,
    /// What is the same all through this goes on like that for ever.
    proof: Option<Span>,
}

impl Looks {
    fn from(openings: &impl Openings, from: i64) -> Looks {
        let longest = (MOST_LOOKED_AT as i64 / openings.a_day().max(1)).max(1) * DAY;
        let furthest = from.saturating_add(FURTHEST).min(LAST_WALL + 1);
        let proof = proof(openings, from);
        Looks { begin: from, furthest, look: FIRST_LOOK.min(longest), longest, looked_at: 0, proof }
    }

    /// Whether what has been the same since an instant, up to the end of the last look, never changes.
    fn proves(&self, same_since: i64) -> bool {
        self.proof.is_some_and(|proof| same_since <= proof.from && proof.until <= self.begin)
    }

    /// The spans of the next look and where it ends; nothing when the search is over.
    fn next(&mut self, openings: &impl Openings) -> Option<(Vec<Span>, i64)> {
        if self.begin >= self.furthest || self.looked_at >= MOST_LOOKED_AT {
            return None;
        }
        let mut end = self.begin.saturating_add(self.look).min(self.furthest);
        if let Some(proof) = self.proof.filter(|proof| proof.until > self.begin) {
            end = end.min(proof.until);
            // Behind the proof little is left to find.
            if end == proof.until {
                self.look = FIRST_LOOK / 4;
            }
        }
        let found = openings.within(self.begin, end, &mut self.looked_at);
        self.look = self.look.saturating_mul(4).min(self.longest);
        self.begin = end;
        Some((found, end))
    }
}

/// What proves how everything from `from` on goes on, inside of the calendar.
fn proof(openings: &impl Openings, from: i64) -> Option<Span> {
    let (from, until) = openings.steady()?.proof(from);
    (until <= LAST_WALL).then_some(Span { from, until })
}

/// The stretches that begin at or after `from`, or hold it, in order, each cut at `from`, until `visit` answers.
///
/// `visit` is told whether the end is one. The last stretch may still be open where the search gives up: then it is
/// cut there, and how it goes on is not known.
pub(crate) fn each_stretch<T>(
    openings: &impl Openings,
    from: i64,
    mut visit: impl FnMut(Span, bool) -> Option<T>,
) -> Option<T> {
    let mut looks = Looks::from(openings, from);
    // A stretch that reaches the end of one look may go on in the next.
    let mut open: Option<Span> = None;
    let mut closed_since = from;
    while let Some((found, end)) = looks.next(openings) {
        for span in found {
            match &mut open {
                Some(last) if last.until == span.from => last.until = span.until,
                _ => {
                    let ended = open.replace(span);
                    if let Some(answer) = ended.and_then(|last| visit(last, true)) {
                        return Some(answer);
                    }
                }
            }
        }
        if let Some(last) = open.take_if(|last| last.until < end) {
            closed_since = last.until;
            if let Some(answer) = visit(last, true) {
                return Some(answer);
            }
        }
        if looks.proves(open.map_or(closed_since, |last| last.from)) {
            // It never ends, so it is as long as anything that is searched for.
            open = open.map(|last| Span { from: last.from, until: looks.furthest });
            break;
        }
    }
    open.and_then(|last| visit(last, false))
}

/// The stretch as the search knows it: without its end if that was not reached.
fn as_known(span: Span, ended: bool) -> Span {
    if ended { span } else { Span { from: span.from, until: NO_END } }
}

/// The first stretch that ends after `from` and is known to last at least `need` seconds from then on.
pub(crate) fn next_stretch(openings: &impl Openings, from: i64, need: i64) -> Option<Span> {
    // What is no longer than that and comes at all comes inside of the proof.
    let proven = proof(openings, from).filter(|_| need <= LONGEST_STRETCH).map_or(i64::MAX, |proof| proof.until);
    let found = each_stretch(openings, from, |span, ended| match span.until - span.from >= need {
        true => Some(Some(as_known(span, ended))),
        false => (span.from >= proven).then_some(None),
    });
    found.flatten()
}

/// The first instant at or after `from` that is open. Cheaper than [`next_stretch`]: the end is not looked for.
pub(crate) fn next_open(openings: &impl Openings, from: i64) -> Option<i64> {
    let mut looks = Looks::from(openings, from);
    while let Some((found, _)) = looks.next(openings) {
        if let Some(first) = found.first() {
            return Some(first.from);
        }
        if looks.proves(from) {
            return None;
        }
    }
    None
}

/// The first stretches from `from` on, at most `count`.
pub(crate) fn next_stretches(openings: &impl Openings, from: i64, count: usize) -> Vec<Span> {
    let mut found = Vec::new();
    if count > 0 {
        each_stretch(openings, from, |span, ended| {
            found.push(as_known(span, ended));
            (found.len() >= count).then_some(())
        });
    }
    found
}

/// Whether `at` is inside of an opening.
pub(crate) fn is_open(openings: &impl Openings, at: i64) -> bool {
    !openings.within(at, at.saturating_add(1), &mut 0).is_empty()
}

/// The end of the stretch that holds `at`: nothing if closed, [`NO_END`] if no end is known.
pub(crate) fn end_of_stretch(openings: &impl Openings, at: i64) -> Option<i64> {
    if is_open(openings, at) { next_stretch(openings, at, 0).map(|span| span.until) } else { None }
}

/// The start of the stretch that holds `at`; nothing if closed.
pub(crate) fn start_of_stretch(openings: &impl Openings, at: i64) -> Option<i64> {
    let mut looked_at = 0;
    let mut back = FIRST_LOOK;
    loop {
        let from = at.saturating_sub(back).max(FIRST_WALL - DAY);
        let holding = openings.within(from, at.saturating_add(1), &mut looked_at).pop();
        let start = holding.filter(|span| span.holds(at))?.from;
        if start > from || back >= FURTHEST || looked_at >= MOST_LOOKED_AT {
            return Some(start);
        }
        back = back.saturating_mul(4);
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
