//! Pod templates: what of them counts as a change, and how a former one is put back.

/// The annotations of the pod template, after and before.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("tplAnn", "object.spec.template.?metadata.?annotations.orValue({})"),
    ("oldTplAnn", "oldObject == null ? {} : oldObject.spec.template.?metadata.?annotations.orValue({})"),
];

/// Whether a pod template that was there differs. A restart ships nothing new, so the annotation that causes it is
/// no change.
macro_rules! differs {
    () => {
        "object.spec.template.spec != oldObject.spec.template.spec ||
        object.spec.template.?metadata.?labels.orValue({}) != oldObject.spec.template.?metadata.?labels.orValue({}) ||
        !variables.tplAnn.all(k, k == 'kubectl.kubernetes.io/restartedAt' ||
          (k in variables.oldTplAnn && variables.tplAnn[k] == variables.oldTplAnn[k])) ||
        !variables.oldTplAnn.all(k, k == 'kubectl.kubernetes.io/restartedAt' || k in variables.tplAnn)"
    };
}

/// For kinds whose first installation can be held.
pub(super) const NEW_OR_CHANGED: &str = concat!("oldObject == null || ", differs!());

/// For kinds whose first installation is held by the pod gate only.
pub(super) const CHANGED: &str = concat!("oldObject == null ? variables.podGate != '' : (", differs!(), ")");

/// The variables of kinds whose pods can wait at a gate: the label that asks for it, after and before, too.
pub(super) const GATED_VARIABLES: &[(&str, &str)] = &[
    VARIABLES[0],
    VARIABLES[1],
    ("podGate", "object.spec.template.?metadata.?labels[?'rollcall.dev/pod-gate'].orValue('')"),
    (
        "oldPodGate",
        "oldObject == null ? '' : oldObject.spec.template.?metadata.?labels[?'rollcall.dev/pod-gate'].orValue('')",
    ),
    ("tplLabels", "object.spec.template.?metadata.?labels.orValue({})"),
    ("oldTplLabels", "oldObject == null ? {} : oldObject.spec.template.?metadata.?labels.orValue({})"),
];

/// A change that takes the label away would start pods that wait for nothing.
pub(super) const KEEPS_POD_GATE: (&str, &str) = (
    "variables.glass || variables.frozen || variables.oldPodGate in ['', variables.podGate] ||
     (variables.oldMark == '' &&
      object.spec.template.spec == oldObject.spec.template.spec &&
      variables.tplLabels.all(k, k == 'rollcall.dev/pod-gate' || k in variables.oldTplLabels && variables.tplLabels[k] == variables.oldTplLabels[k]) &&
      variables.oldTplLabels.all(k, k == 'rollcall.dev/pod-gate' || k in variables.tplLabels) &&
      variables.tplAnn == variables.oldTplAnn)",
    "keeps the label rollcall.dev/pod-gate of its pod template while it is held, and when anything else of the template \
     changes: without it the new pods would not wait. Take the label away in a write of its own",
);

/// The former pod template. It is rebuilt from its two fields because Kubernetes 1.37 cannot marshal a whole built-in
/// struct into a JSON patch once a match condition has been evaluated; an `Object{}` it can.
pub(super) const FORMER: &str = "Object.spec.template{
      metadata: oldObject.spec.template.metadata,
      spec: oldObject.spec.template.spec
    }";
