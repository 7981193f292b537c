//! The kinds that every server has. What of them is not modelled is listed in the README.

mod fill;
pub(crate) mod names;
mod pod;
pub(crate) mod validate;

use crate::kind::{Generation, Kind};

pub(crate) use fill::{drop_empty_metadata, fill, prepare};

/// group, version, plural, kind, marks: `n` namespaced, `s` status, `c` scale, `u` unconditional update, `p` PUT
/// creates, `r` DELETE answers with the object; and what raises the generation.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, Generation);

const NONE: Generation = Generation::None;
const SPEC: Generation = Generation::Spec;

const ROWS: &[Row] = &[
    ("", "v1", "namespaces", "Namespace", "sur", NONE),
    ("", "v1", "pods", "Pod", "nsur", SPEC),
    ("", "v1", "services", "Service", "nsur", NONE),
    ("", "v1", "configmaps", "ConfigMap", "nu", NONE),
    ("", "v1", "secrets", "Secret", "nu", NONE),
    ("", "v1", "serviceaccounts", "ServiceAccount", "nur", NONE),
    ("", "v1", "nodes", "Node", "su", NONE),
    ("", "v1", "events", "Event", "nup", NONE),
    ("apps", "v1", "deployments", "Deployment", "nscu", Generation::SpecOrAnnotations),
    ("apps", "v1", "replicasets", "ReplicaSet", "nscu", SPEC),
    ("apps", "v1", "statefulsets", "StatefulSet", "nscu", SPEC),
    ("apps", "v1", "daemonsets", "DaemonSet", "nsu", SPEC),
    ("apps", "v1", "controllerrevisions", "ControllerRevision", "nu", NONE),
    ("batch", "v1", "jobs", "Job", "nsu", SPEC),
    ("batch", "v1", "cronjobs", "CronJob", "nsu", SPEC),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "nsu", NONE),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "ns", SPEC),
    ("coordination.k8s.io", "v1", "leases", "Lease", "np", NONE),
    ("events.k8s.io", "v1", "events", "Event", "nup", NONE),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", "nup", NONE),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "nup", NONE),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "up", NONE),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", "up", NONE),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", "s", SPEC),
    ("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", "", SPEC),
    (
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        "",
        SPEC,
    ),
    ("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", "MutatingAdmissionPolicy", "", SPEC),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
        "",
        SPEC,
    ),
    ("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", "s", SPEC),
    (
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        "",
        SPEC,
    ),
];

/// Fields that built-in kinds may be selected by, besides name and namespace.
const SELECTABLE: &[(&str, &str, &[&str])] = &[
    (
        "",
        "pods",
        &["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase"],
    ),
    ("", "namespaces", &["status.phase"]),
    ("", "secrets", &["type"]),
    ("", "nodes", &["spec.unschedulable"]),
    (
        "",
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "reason",
            "type",
        ],
    ),
    ("apps", "replicasets", &["status.replicas"]),
    ("batch", "jobs", &["status.successful"]),
];

fn selectable(group: &str, plural: &str) -> Vec<String> {
    let found = SELECTABLE.iter().find(|(g, p, _)| (*g, *p) == (group, plural));
    found.into_iter().flat_map(|(_, _, fields)| fields.iter().map(|f| (*f).to_owned())).collect()
}

/// The built-in kinds.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    let kind = |(group, version, plural, kind, marks, generation): &Row| Kind {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
        namespaced: marks.contains('n'),
        status: marks.contains('s'),
        scale: marks.contains('c'),
        unconditional: marks.contains('u'),
        create_on_update: marks.contains('p'),
        returns_deleted: marks.contains('r'),
        generation: *generation,
        custom: false,
        schema: None,
        selectable: selectable(group, plural),
    };
    ROWS.iter().map(kind).collect()
}
