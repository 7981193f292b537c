//! What may change or refuse a write on its way: the place of admission policies and webhooks.

use jiff::Timestamp;
use serde_json::Value;

use crate::access::{Access, Lookup, User};
use crate::call::Verb;
use crate::failure::Failure;
use crate::kind::Kind;

/// A write that is about to be made.
pub struct Review<'a> {
    /// Who makes it.
    pub user: &'a User,
    /// `Create`, `Update` or `Delete`: what it comes to, whatever the verb of the request was.
    pub operation: Verb,
    /// The kind of the object.
    pub kind: &'a Kind,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name; empty if the server has yet to make one.
    pub name: &'a str,
    /// The subresource that is written, or empty.
    pub subresource: &'a str,
    /// What is stored now; none if it is created.
    pub old: Option<&'a Value>,
    /// Whether nothing will be written anyway.
    pub dry_run: bool,
    /// The server's time.
    pub now: Timestamp,
    /// What else is stored.
    pub stored: &'a dyn Lookup,
    pub(crate) authorizer: &'a dyn crate::access::Authorizer,
}

impl Review<'_> {
    /// Whether the user may also do this, by the server's authorizer: CEL's `authorizer` in policies. A subresource
    /// stands behind its resource, as in roles: `deployments/scale`.
    #[must_use]
    pub fn may(&self, verb: &str, group: &str, resource: &str, namespace: &str, name: &str) -> bool {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let access = Access { user: self.user, verb, group, resource, subresource, namespace, name };
        self.authorizer.allows(&access, self.stored)
    }
}

/// Changes or refuses writes. All that are installed change in order, then all judge the outcome.
pub trait Admission: Send + Sync {
    /// Whether it may change such a write at all. Asked before [`Admission::mutate`], which is not called if not.
    fn may_change(&self, _review: &Review<'_>) -> bool {
        true
    }

    /// Changes what is about to be written. Not called for deletions.
    ///
    /// # Errors
    ///
    /// If it must not be written.
    fn mutate(&self, _review: &Review<'_>, _object: &mut Value) -> Result<(), Failure> {
        Ok(())
    }

    /// Judges what is about to be written; for a deletion, what is about to go is in [`Review::old`].
    ///
    /// # Errors
    ///
    /// If it must not be written.
    fn validate(&self, _review: &Review<'_>, _object: Option<&Value>) -> Result<(), Failure> {
        Ok(())
    }
}
