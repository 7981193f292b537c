//! Jobs: held by `spec.suspend` when they are created. A suspended Job has no pods and no start time, so its
//! deadline has not begun.

use super::held::{HeldKind, OWNED};

pub(super) const JOB: HeldKind = HeldKind {
    kind: "Job",
    group: "batch",
    version: "v1",
    resource: "jobs",
    operations: &["CREATE", "UPDATE"],
    // Skipped at creation only: a label or an owner added to a held Job later does not free it.
    variables: &[
        (
            "owned",
            "object.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false))",
        ),
        (
            "queued",
            "object.metadata.?labels.orValue({}).exists(k, k == 'kueue.x-k8s.io/queue-name')",
        ),
    ],
    // What a Job runs cannot change later. One made by a controller is held through that controller, one in a
    // queue belongs to Kueue, which uses the same field.
    changed: "oldObject == null && !variables.owned && !variables.queued",
    holds: |object| format!("{object}.spec.?suspend.orValue(false)"),
    hold: "[JSONPatch{op: 'add', path: '/spec/suspend', value: true}]",
    release: "[JSONPatch{op: 'add', path: '/spec/suspend', value: false}]",
    pinned: false,
    operator_fields: &["suspend"],
    owned: OWNED,
};
