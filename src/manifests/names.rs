//! The names by which rollcall's objects, labels and annotations are known to a cluster.

/// API group of the three kinds.
pub const GROUP: &str = "rollcall.dev";
/// Served and stored version of the three kinds.
pub const VERSION: &str = "v1alpha1";
/// Name of the operator's service account, Deployment and lease.
pub const SERVICE_ACCOUNT: &str = "rollcall";

/// Label of every object an installation consists of.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Label on a workload under rollcall; its value names the TeamReadiness.
pub const GATE: &str = "rollcall.dev/gate";

/// Annotation of a held workload: [`HELD_BY_POLICY`] or [`HELD_BY_AUTHOR`].
pub const HOLD: &str = "rollcall.dev/hold";
/// Annotation that remembers what a hold replaced, for kinds whose hold field has more than two values.
pub const HOLD_RESTORE: &str = "rollcall.dev/hold-restore";
/// Annotation of a workload whose template rollcall has put back; while present the template is pinned.
pub const ROLLBACK: &str = "rollcall.dev/rollback";
/// Annotation that records the operator's last release of a workload.
pub const RELEASED: &str = "rollcall.dev/released";
/// Annotation by which a person with the verb `override` lets one change out; its value is the ticket.
pub const BREAK_GLASS: &str = "rollcall.dev/break-glass";
/// Annotation, stamped by the API server, of who last changed the content of an object of ours.
pub const AUTHOR: &str = "rollcall.dev/author";

/// Value of [`HOLD`]: the policy paused the workload, so a release un-pauses it.
pub const HELD_BY_POLICY: &str = "policy";
/// Value of [`HOLD`]: the team had paused the workload itself, so a release leaves it paused.
pub const HELD_BY_AUTHOR: &str = "author";

/// Custom verb on `teamreadinesses`: give, change or withdraw a sign-off.
pub const VERB_SIGNOFF: &str = "signoff";
/// Custom verb on `coordinatedreleases`: break the glass, override gates.
pub const VERB_OVERRIDE: &str = "override";

/// Kueue's queue label; Jobs that carry it are suspended and resumed by Kueue.
pub const KUEUE_QUEUE: &str = "kueue.x-k8s.io/queue-name";
/// What `kubectl rollout restart` changes in a pod template.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
