//! Jobs: held by `spec.suspend` when they are created. A suspended Job has no pods and no start time, so its
//! deadline has not begun.

use super::held::{HeldKind, OWNED};

pub(super) const JOB: HeldKind = HeldKind {
    kind: "Job",
    group: "batch",
    version: "v1",
    resource: "jobs",
    operations: &["CREATE", "UPDATE"],
    // Whoever names an owner must be allowed to act for it, as the controllers of CronJobs and of sets of Jobs are
    // and people are not: `kubectl create job --from=cronjob/...` and a made-up owner do not get past the hold.
    variables: &[
        ("controlled", "object.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false))"),
        (
            "owned",
            "variables.controlled && (
               authorizer.group('batch').resource('cronjobs').subresource('finalizers').namespace(request.namespace).check('update').allowed() ||
               authorizer.group('batch').resource('jobs').subresource('finalizers').namespace(request.namespace).check('update').allowed())",
        ),
        ("queued", "'kueue.x-k8s.io/queue-name' in object.metadata.?labels.orValue({})"),
    ],
    // What a Job runs cannot change later, so only its creation needs a hold; a label or an owner that a held Job
    // gets later does not free it. A Job made by a controller is held through that controller, and one in a queue
    // belongs to Kueue, which uses the same field.
    changed: "oldObject == null && !variables.owned && !variables.queued",
    holds: |object| format!("{object}.spec.?suspend.orValue(false)"),
    hold: "[JSONPatch{op: 'add', path: '/spec/suspend', value: true}]",
    release: "[JSONPatch{op: 'add', path: '/spec/suspend', value: false}]",
    pinned: false,
    operator_fields: &["suspend"],
    owned: OWNED,
};
