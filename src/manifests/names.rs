//! Names that only an installation needs; those on other people's objects are in [`crate::api::names`].

/// Name of the operator's service account, Deployment and lease.
pub const SERVICE_ACCOUNT: &str = "rollcall";
/// Custom verb on `teamreadinesses`: give, change or withdraw a sign-off.
pub const VERB_SIGNOFF: &str = "signoff";
/// Custom verb on `coordinatedreleases`: break the glass, override gates, clear away other people's sign-offs.
pub const VERB_OVERRIDE: &str = "override";
/// Name of the MutatingWebhookConfiguration.
pub const WEBHOOK: &str = "rollcall";
/// Custom verb on `coordinatedreleases`: ask for the former versions of what a release shipped.
pub const VERB_ROLLBACK: &str = "rollback";
/// Custom verb on [`CHECK_CONTROLLERS`]: answer checks that name this controller.
pub const VERB_ANSWER: &str = "answer";
/// A resource that exists in RBAC only: controllers that answer checks, by the name that the checks give.
pub const CHECK_CONTROLLERS: &str = "checkcontrollers";
