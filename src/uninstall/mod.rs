//! Taking rollcall away again: what it put on other people's objects, and what it consists of itself.
//!
//! The order is the reverse of an installation's. The operator goes first, so that nothing is held, labelled or let
//! go behind our back; then the bindings that hold and guard workloads, guards before holds, so that at no time a
//! change is refused because the hold is gone; then every object is let go and cleaned, again and again until a look
//! finds nothing; then the rest. Every step looks at what is there, so a second run finishes what a first one began.
//!
//! This folder never changes what a workload runs: no template, no replicas, nothing that its author wrote. It never
//! deletes an object that does not carry the label of an installation, the operator's lease excepted, and the
//! ConfigMaps under names that are rollcall's.

mod clean;
mod kinds;
mod operator;
mod pod_gate;
mod remove;
mod sweep;
mod switch_off;

use kube::Client;

pub use operator::stop_operator;
pub use remove::{remove, teams, what_is_lost};
pub use sweep::{Done, sweep};
pub use switch_off::stop_holding;

use crate::cluster::writes::ApiError;

/// "We could not find out, or could not do."
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request failed.
    #[error("{doing}: {source}")]
    Request { doing: String, source: Box<kube::Error> },
    /// The API server did not answer, or not as it should.
    #[error("{0}")]
    NoAnswer(ApiError),
    /// Whoever runs this may not, with what to do about it.
    #[error("{0}")]
    MayNot(String),
    /// What was waited for did not come about.
    #[error("{0}")]
    Overdue(String),
}

impl Error {
    fn request(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Request { doing, source: Box::new(source) }
    }
}

/// How a step is carried out.
pub struct Run<'a> {
    pub client: Client,
    /// Who patches workloads while policies are in force: the operator's account, by impersonation. Only that
    /// account may take a hold away, and only that; without, the caller patches them.
    pub as_operator: Option<Client>,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Told one line for each thing that is done.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

impl Run<'_> {
    /// Tells what is done; in a dry run, that it would be.
    fn tell(&self, what: &str) {
        if self.dry_run {
            (self.tell)(&format!("would {what}"));
        } else {
            (self.tell)(what);
        }
    }
}
