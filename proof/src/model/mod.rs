//! A small cluster, every state of it: three releases of two steps, whose first steps want the same resource;
//! their teams; a window; and two processes that both believe they lead.
//!
//! The decision is the shipped one: an [`Oracle`] is asked what `decide` makes of what a process sees, and the rules
//! of `domain/scheduling/properties` whether all gates are open. What is modelled is the protocol around it: reading,
//! the grant, letting go, and everything that may happen in between.
//!
//! Nothing here knows objects, versions or times. Whether something changed since it was read is a bit.

mod explore;
mod liveness;
mod mistakes;
mod others;
mod protocol;
mod state;

pub use explore::{Broken, Explored, explore};
pub use liveness::{Stuck, stuck};
pub use mistakes::Mistake;
pub use protocol::{Limits, Model, Move};
pub use state::{Grant, Hold, Leader, Phase, Release, Said, Signed, State, Step, View};

/// What the product says.
pub trait Oracle {
    /// What `decide` makes of a view of one release.
    fn decide(&self, view: View) -> Decided;
    /// The first rule that letting a step go now would break, by rules that know nothing of `decide`.
    fn broken(&self, view: View, step: usize) -> Option<&'static str>;
}

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    pub act: Option<Act>,
    /// What the status says of the steps.
    pub said: [Said; 2],
}

/// What follows from a decision. The steps come one after the other, so it is one thing at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Grant(usize),
    Release(usize),
    Withdraw(usize),
}
