//! Deployments: held by `spec.paused`, first install included (a paused Deployment gets no ReplicaSet).

use super::held::{HeldKind, OWNED};

pub(super) const DEPLOYMENT: HeldKind = HeldKind {
    kind: "Deployment",
    group: "apps",
    version: "v1",
    resource: "deployments",
    operations: &["CREATE", "UPDATE"],
    variables: &[
        ("tplAnn", "object.spec.template.?metadata.?annotations.orValue({})"),
        ("oldTplAnn", "oldObject == null ? {} : oldObject.spec.template.?metadata.?annotations.orValue({})"),
    ],
    // A restart ships nothing new, so the annotation that causes it is no change.
    changed: "oldObject == null ||
        object.spec.template.spec != oldObject.spec.template.spec ||
        object.spec.template.?metadata.?labels.orValue({}) != oldObject.spec.template.?metadata.?labels.orValue({}) ||
        !variables.tplAnn.all(k, k == 'kubectl.kubernetes.io/restartedAt' ||
          (k in variables.oldTplAnn && variables.tplAnn[k] == variables.oldTplAnn[k])) ||
        !variables.oldTplAnn.all(k, k == 'kubectl.kubernetes.io/restartedAt' || k in variables.tplAnn)",
    holds: |object| format!("{object}.spec.?paused.orValue(false)"),
    hold: "[JSONPatch{op: 'add', path: '/spec/paused', value: true}]",
    release: "(has(object.spec.paused) ? [JSONPatch{op: 'remove', path: '/spec/paused'}] : [])",
    pinned: true,
    operator_fields: &["paused"],
    owned: OWNED,
};
