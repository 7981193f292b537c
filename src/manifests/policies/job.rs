//! Jobs: held by `spec.suspend` when they are created. A suspended Job has no pods and no start time, so its
//! deadline has not begun.

use super::held::HeldKind;

pub(super) const JOB: HeldKind = HeldKind {
    kind: "Job",
    group: "batch",
    version: "v1",
    resource: "jobs",
    content: "template",
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
        (
            "unqueued",
            "oldObject != null && !variables.queued &&
             'kueue.x-k8s.io/queue-name' in oldObject.metadata.?labels.orValue({})",
        ),
        ("waits", "object.spec.?suspend.orValue(false)"),
        ("waited", "oldObject == null || oldObject.spec.?suspend.orValue(false)"),
    ],
    // What a Job runs cannot change later, so only its creation needs a hold; a label or an owner that a held Job
    // gets later does not free it. A Job made by a controller is held through that controller, and one in a queue
    // belongs to Kueue, which uses the same field.
    changed: "oldObject == null && !variables.owned && !variables.queued",
    holds: suspended,
    stopped: suspended,
    hold: "[JSONPatch{op: 'add', path: '/spec/suspend', value: true}]",
    release: "(variables.ours ? [JSONPatch{op: 'add', path: '/spec/suspend', value: false}] : [])",
    remembers: None,
    former: None,
    operator_fields: &["suspend"],
    operator_bounds: &[],
    counters: &[],
    // The label of a queue is no way past the hold: where Kueue is, a Job in a queue is stored suspended, and only
    // Kueue, which may say of its own objects how they are, starts it.
    refuses: &[
        (
            "variables.glass || !variables.queued || variables.owned || variables.oldMark != '' || variables.waits ||
             !variables.waited || (oldObject != null &&
             authorizer.group('kueue.x-k8s.io').resource('workloads').subresource('status').namespace(request.namespace).check('update').allowed())",
            "is in a queue of Kueue, so Kueue starts it and nobody else. Leave it suspended, or take the label of the \
             queue away and create it anew",
        ),
        (
            "variables.glass || !variables.unqueued || !variables.waits",
            "waits in a queue of Kueue, and without it nothing would hold it. Delete it and create it anew",
        ),
    ],
};

fn suspended(object: &str) -> String {
    format!("{object}.spec.?suspend.orValue(false)")
}
