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

/// For kinds whose first installation cannot be held.
pub(super) const CHANGED: &str = concat!("oldObject != null && (", differs!(), ")");

/// The former pod template. It is rebuilt from its two fields because Kubernetes 1.37 cannot marshal a whole built-in
/// struct into a JSON patch once a match condition has been evaluated; an `Object{}` it can.
pub(super) const FORMER: &str = "Object.spec.template{
      metadata: oldObject.spec.template.metadata,
      spec: oldObject.spec.template.spec
    }";
