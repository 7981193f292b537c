//! Labels, annotations and other fixed names that rollcall reads or writes on objects of others.

/// Label on a workload: the name of the `TeamReadiness`, in the same namespace, that gates it.
pub const GATE_LABEL: &str = "rollcall.dev/gate";
/// Annotation on a held workload: [`HOLD_BY_POLICY`] or [`HOLD_BY_AUTHOR`]. Written by the API server.
pub const HOLD: &str = "rollcall.dev/hold";
/// The workload was running freely before it was held: releasing it removes the hold field.
pub const HOLD_BY_POLICY: &str = "policy";
/// The workload's author had paused it before it was held: releasing it leaves the field as it is.
pub const HOLD_BY_AUTHOR: &str = "author";
/// Annotation: the former value of the hold field, for kinds where removing it is not enough.
pub const HOLD_RESTORE: &str = "rollcall.dev/hold-restore";
/// The partition that holds a StatefulSet: no ordinal reaches it.
pub const HELD_PARTITION: i64 = 2_147_483_647;
/// Annotation: a rollback is under way, so the pod template is pinned. Written by rollcall only.
pub const ROLLBACK: &str = "rollcall.dev/rollback";
/// Annotation: the digests of the content that was rolled back last, one for each form in which it can land again, with
/// spaces between, and after `held-back=` the digest of what was held for a release that went back. Nothing lets that
/// content go by itself. Written by rollcall only, when the rollback begins, or ends.
pub const ROLLED_BACK: &str = "rollcall.dev/rolled-back";
/// Annotation on workloads whose status does not name the content that runs (CronJobs, StatefulSets, DaemonSets), written
/// by rollcall whenever it lets content go or puts it back: its digest, and on a CronJob when the last run before it was
/// due.
pub const RUNS: &str = "rollcall.dev/runs";
/// Scheduling gate of a pod whose revision was not let go.
pub const POD_GATE: &str = "rollcall.dev/hold";
/// Name of the ConfigMap, in a namespace that was opened for the pod gate, that lists the revisions which were let
/// go: the value of their pods' [`REVISION_LABEL`], and the name of the workload.
pub const RELEASED_REVISIONS: &str = "rollcall-released";
/// Label of the pods of StatefulSets and DaemonSets: their revision. Written by their controllers.
pub const REVISION_LABEL: &str = "controller-revision-hash";
/// Label on a pod template: the name of the workload whose unreleased pods wait at a scheduling gate.
pub const POD_GATE_LABEL: &str = "rollcall.dev/pod-gate";
/// Annotation, written by rollcall with each release action: what let this content go.
pub const RELEASED: &str = "rollcall.dev/released";
/// Annotation, written by rollcall with each release action: until when that may be stored. A policy refuses it later, by
/// the API server's clock.
pub const LET_GO_BY: &str = "rollcall.dev/let-go-by";
/// Annotation, written by rollcall when it takes a grant back: the release and step that were granted, and the version
/// that was not let go.
pub const WITHDRAWN: &str = "rollcall.dev/withdrawn";
/// Annotation: a ticket; lets one change through without rollcall, for those with the verb `override`.
pub const BREAK_GLASS: &str = "rollcall.dev/break-glass";
/// Annotation on a workload: `<namespace>/<name>` of the release that claims it, which may not exist yet.
pub const CLAIM: &str = "rollcall.dev/release";
/// Annotation on our kinds: who wrote the spec. Stamped by the API server, never by the writer.
pub const AUTHOR: &str = "rollcall.dev/author";
/// Annotation beside [`AUTHOR`], stamped the same way: the groups they were in, one a line.
pub const AUTHOR_GROUPS: &str = "rollcall.dev/author-groups";
/// Label on everything an installation of rollcall consists of.
pub const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "rollcall");
/// Annotation that `kubectl rollout restart` changes; it ships nothing new, so it is not content.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Field manager of every write. It must not start with `kubectl`: Flux takes over such fields.
pub const FIELD_MANAGER: &str = "rollcall";
/// Annotation on a release: asks for the former versions, with the reason. Needs the verb `rollback` on it.
pub const ASKED_BACK: &str = "rollcall.dev/rollback-requested";
/// Annotation on a release: who asked for the former versions. Stamped by the API server.
pub const ASKED_BACK_BY: &str = "rollcall.dev/rollback-requested-by";
/// Annotation on a release that is under way: lets it be deleted all the same.
pub const FORCE_DELETE: &str = "rollcall.dev/force-delete";
/// Name of the ConfigMap in the operator's namespace that stops everything while it exists.
pub const STOP: &str = "rollcall-stop";
/// Label on the operator's own copies of calendars, in its namespace.
pub const CALENDAR_COPY: &str = "rollcall.dev/calendar-copy";
/// Annotation on such a copy: the calendar it was made of, `namespace/name/key`.
pub const CALENDAR_SOURCE: &str = "rollcall.dev/calendar-source";
/// Annotation on such a copy: when the calendar was read, by API-server time.
pub const CALENDAR_READ_AT: &str = "rollcall.dev/calendar-read-at";
