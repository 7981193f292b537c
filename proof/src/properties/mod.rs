//! The properties: each has an id, a meaning, and a predicate over a history.
//!
//! S-properties say what must never happen, under any fault, with any number of replicas that believe they lead.
//! L-properties say what must happen once it is calm: the API server answers, some replica leads, nobody edits.

mod alone;
mod catalogue;
pub mod gates;
mod liveness;
mod safety;
mod touch;
mod truth;
mod way_back;

pub use catalogue::{PROPERTIES, Where, page};
pub use gates::{Asked, Closed, Windows};

use std::cell::OnceCell;

use crate::history::{History, Moments};

/// What a predicate found: where in the history, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub property: &'static str,
    /// The entry after which it is so.
    pub place: usize,
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at entry {}: {}", self.property, self.place, self.what)
    }
}

/// What a history is judged with.
pub struct Trial<'a> {
    pub moments: Moments<'a>,
    pub windows: Windows,
    /// Of each grant, the gates that were closed at each moment at which it may have been decided.
    closed: OnceCell<Vec<Vec<Vec<Closed>>>>,
}

/// A predicate: everything that it finds wrong, with its place.
pub type Check = fn(&Trial<'_>) -> Vec<(usize, String)>;

impl<'a> Trial<'a> {
    #[must_use]
    pub fn of(history: &'a History) -> Self {
        Self { moments: Moments::of(history), windows: Windows::default(), closed: OnceCell::new() }
    }

    /// What breaks the properties that a choice lets through.
    pub fn violations(&self, choose: impl Fn(&str) -> bool) -> Vec<Violation> {
        let mut found = Vec::new();
        for property in PROPERTIES.iter().filter(|p| choose(p.id)) {
            let all = (property.check)(self).into_iter();
            found.extend(all.map(|(place, what)| Violation { property: property.id, place, what }));
        }
        found
    }
}

/// Everything that must never happen and did.
#[must_use]
pub fn safety(history: &History) -> Vec<Violation> {
    Trial::of(history).violations(|id| id.starts_with('S'))
}

/// Everything that must never happen and did, and everything that must happen and did not.
#[must_use]
pub fn all(history: &History) -> Vec<Violation> {
    Trial::of(history).violations(|_| true)
}
