//! Who may do what: the operator, and the people who use it.
//!
//! The operator has no `secrets`, creates and deletes nothing but its lease, events, and its copies of calendars in
//! its own namespace; it may patch workloads, and read ConfigMaps, only where a namespace opted in. What its RBAC still leaves open, the policies of [`super::policies`] close.

use serde_json::{Value, json};

use super::names::{SERVICE_ACCOUNT, VERB_OVERRIDE, VERB_ROLLBACK, VERB_SIGNOFF, WEBHOOK};
use super::object::{cluster_object, object};
use super::{Install, Mechanism, WorkloadAccess};
use crate::api::GROUP;
use crate::api::names::{RELEASED_REVISIONS, STOP};

/// Name of the ClusterRole that lets the operator patch workloads where it is bound.
pub const WORKLOADS_ROLE: &str = "rollcall-workloads";

/// Name of the ClusterRole that lets the operator open the pod gate where it is bound.
pub const POD_GATE_ROLE: &str = "rollcall-pod-gate";

/// Name of the ClusterRole that lets the operator read calendars where it is bound.
pub const CALENDARS_ROLE: &str = "rollcall-calendars";

const KINDS: &[&str] = &["deploymentwindows", "teamreadinesses", "coordinatedreleases"];
const KINDS_STATUS: &[&str] = &["deploymentwindows/status", "teamreadinesses/status", "coordinatedreleases/status"];
const READ: &[&str] = &["get", "list", "watch"];
const AUTHORIZATION: &str = "rbac.authorization.k8s.io";

/// A right: API group, resources, verbs.
type Right = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Everywhere: what the operator reads to decide, and where it writes the outcome.
const OPERATOR: &[Right] = &[
    // Plans, teams and windows are what it decides from.
    (GROUP, KINDS, READ),
    // Its answer. `guard-status` refuses everybody else's.
    (GROUP, KINDS_STATUS, &["patch", "update"]),
    // Progress is derived from workloads.
    ("apps", &["daemonsets", "deployments", "statefulsets"], READ),
    ("batch", &["cronjobs", "jobs"], READ),
    // Platform windows govern namespaces by label.
    ("", &["namespaces"], READ),
    // Whether the hold is in force is measured, not assumed.
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
        ],
        READ,
    ),
    // What happened, told where people look.
    ("events.k8s.io", &["events"], &["create", "patch"]),
    // Whether an author may do what rollcall would do for them.
    ("authorization.k8s.io", &["subjectaccessreviews"], &["create"]),
];

/// Where bound, and in its own namespace: the calendars that windows name. It asks for single ConfigMaps by name, so
/// a Role with `resourceNames` is enough where this one is too much.
const CALENDARS: &[Right] = &[("", &["configmaps"], READ)];

/// In its own namespace: the last good copies of these calendars.
const COPIES: &[Right] = &[("", &["configmaps"], &["create", "delete", "patch"])];

/// In its own namespace: the stop, and no other ConfigMap; the name is in the rule.
const STOPPED: &[Right] = &[("", &["configmaps"], READ)];

/// In its own namespace: one of several operators leads.
const ELECTION: &[Right] = &[("coordination.k8s.io", &["leases"], &["create", "get", "update"])];

/// Name of the ClusterRole that collects what checks of type `condition` may read. It grants nothing by itself: an
/// administrator adds ClusterRoles with the label [`CHECKS_LABEL`].
pub const CHECKS_ROLE: &str = "rollcall-checks";
/// Label on a ClusterRole whose rights the operator gets for checks.
pub const CHECKS_LABEL: &str = "rollcall.dev/aggregate-to-checks";

/// Where bound: labels, annotations and hold fields, and the content of a rollback; `bind-operator-*` refuses the
/// rest. A rollback takes the former content from what the workload's controller keeps of it.
const WORKLOADS: &[Right] = &[
    ("apps", &["daemonsets", "deployments", "statefulsets"], &["patch"]),
    ("batch", &["cronjobs", "jobs"], &["patch"]),
    ("apps", &["controllerrevisions", "replicasets"], &["get", "list"]),
];

/// Which authorities its own webhooks trust; the name is in the rule, and `bind-operator-webhook` refuses the rest.
const TRUST: &[Right] = &[("admissionregistration.k8s.io", &["mutatingwebhookconfigurations"], &["patch"])];

/// People who may look.
const VIEW: &[Right] = &[(GROUP, KINDS, READ)];

/// People who may plan. No status, and neither custom verb: those are given by name.
const EDIT: &[Right] = &[(GROUP, KINDS, &["create", "delete", "deletecollection", "patch", "update"])];

/// People whose word counts. They must write the object, and be allowed to sign in it.
const SIGNOFF: &[Right] = &[(GROUP, &["teamreadinesses"], &["get", "list", "patch", "update", "watch", VERB_SIGNOFF])];

/// People who may break the glass.
const OVERRIDE: &[Right] =
    &[(GROUP, &["coordinatedreleases"], &["get", "list", "patch", "update", "watch", VERB_OVERRIDE])];

/// People who may ask for the former versions of what a release shipped.
const ROLLBACK: &[Right] =
    &[(GROUP, &["coordinatedreleases"], &["get", "list", "patch", "update", "watch", VERB_ROLLBACK])];

/// The roles, their bindings, and the operator's account. The roles `rollcall-signoff`, `rollcall-override` and
/// `rollcall-rollback` are bound to nobody: an administrator does that, namespace by namespace.
#[must_use]
pub fn rbac(install: &Install) -> Vec<Value> {
    let namespace = install.namespace.as_str();
    let mut all = vec![
        object("v1", "ServiceAccount", SERVICE_ACCOUNT, namespace, json!({})),
        cluster_role("rollcall", None, OPERATOR),
        cluster_binding("rollcall", "rollcall", install),
        object(
            &format!("{AUTHORIZATION}/v1"),
            "Role",
            "rollcall-election",
            namespace,
            json!({"rules": rules(ELECTION)}),
        ),
        binding("rollcall-election", namespace, "Role", "rollcall-election", install),
        cluster_role(CALENDARS_ROLE, None, CALENDARS),
        binding(CALENDARS_ROLE, namespace, "ClusterRole", CALENDARS_ROLE, install),
        object(
            &format!("{AUTHORIZATION}/v1"),
            "Role",
            "rollcall-calendar-copies",
            namespace,
            json!({"rules": rules(COPIES)}),
        ),
        stop_role(namespace),
        binding("rollcall-stop", namespace, "Role", "rollcall-stop", install),
        binding("rollcall-calendar-copies", namespace, "Role", "rollcall-calendar-copies", install),
        cluster_role(WORKLOADS_ROLE, None, WORKLOADS),
        checks_role(),
        cluster_binding(CHECKS_ROLE, CHECKS_ROLE, install),
    ];
    all.extend(workload_bindings(install));
    if install.mechanism != Mechanism::Policies {
        all.extend(webhook_rights(install));
    }
    all.extend(calendar_bindings(install));
    all.push(pod_gate_role());
    all.extend(pod_gate_bindings(install));
    all.extend([
        view_role(),
        cluster_role("rollcall-edit", Some("edit"), EDIT),
        cluster_role("rollcall-signoff", None, SIGNOFF),
        cluster_role("rollcall-override", None, OVERRIDE),
        cluster_role("rollcall-rollback", None, ROLLBACK),
    ]);
    all
}

/// What opens namespaces for the pod gate: a list of what was let go, empty as yet, and the rights.
pub(super) fn pod_gate_bindings(install: &Install) -> Vec<Value> {
    let open = |name: &String| {
        [
            object("v1", "ConfigMap", RELEASED_REVISIONS, name, json!({})),
            binding(POD_GATE_ROLE, name, "ClusterRole", POD_GATE_ROLE, install),
        ]
    };
    install.pod_gate_namespaces.iter().flat_map(open).collect()
}

/// Where bound: pods, of which `bind-operator-pod` leaves the operator its own scheduling gate, and one ConfigMap.
fn pod_gate_role() -> Value {
    let mut role = cluster_role(POD_GATE_ROLE, None, &[("", &["pods"], &["get", "list", "patch"])]);
    let list = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [RELEASED_REVISIONS], "verbs": ["get", "patch"]});
    if let Some(rules) = role["rules"].as_array_mut() {
        rules.push(list);
    }
    role
}

/// What the operator needs where it serves a webhook, beside all else.
pub(super) fn webhook_rights(install: &Install) -> [Value; 2] {
    let mut role = cluster_role("rollcall-webhook", None, TRUST);
    role["rules"][0]["resourceNames"] = json!([WEBHOOK]);
    [role, cluster_binding("rollcall-webhook", "rollcall-webhook", install)]
}

/// What lets the operator read the calendars of windows in other namespaces than its own.
pub(super) fn calendar_bindings(install: &Install) -> Vec<Value> {
    let names = &install.calendar_namespaces;
    names.iter().map(|name| binding(CALENDARS_ROLE, name, "ClusterRole", CALENDARS_ROLE, install)).collect()
}

/// What opts namespaces in, or all of them at once.
pub(super) fn workload_bindings(install: &Install) -> Vec<Value> {
    match &install.workload_access {
        WorkloadAccess::Cluster => vec![cluster_binding(WORKLOADS_ROLE, WORKLOADS_ROLE, install)],
        WorkloadAccess::Namespaces(names) => {
            names.iter().map(|name| binding(WORKLOADS_ROLE, name, "ClusterRole", WORKLOADS_ROLE, install)).collect()
        }
    }
}

fn rules(rights: &[Right]) -> Value {
    rights
        .iter()
        .map(|(group, resources, verbs)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs}))
        .collect()
}

fn cluster_role(name: &str, aggregate_to: Option<&str>, rights: &[Right]) -> Value {
    let mut role = cluster_object(&format!("{AUTHORIZATION}/v1"), "ClusterRole", name, json!({"rules": rules(rights)}));
    if let Some(target) = aggregate_to {
        role["metadata"]["labels"][format!("{AUTHORIZATION}/aggregate-to-{target}")] = json!("true");
    }
    role
}

/// The stop is seen also where somebody takes the right to read calendars away.
fn stop_role(namespace: &str) -> Value {
    let rules = json!({"rules": rules(STOPPED)});
    let mut role = object(&format!("{AUTHORIZATION}/v1"), "Role", "rollcall-stop", namespace, rules);
    role["rules"][0]["resourceNames"] = json!([STOP]);
    role
}

/// Whoever looks at the whole cluster also sees the stop of everything, and no other ConfigMap. Bound in a namespace
/// it shows none: there `why` goes by what the operator reported.
fn view_role() -> Value {
    let mut role = cluster_role("rollcall-view", Some("view"), VIEW);
    let stop = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [STOP], "verbs": READ});
    if let Some(rules) = role["rules"].as_array_mut() {
        rules.push(stop);
    }
    role
}

fn checks_role() -> Value {
    let mut role = cluster_role(CHECKS_ROLE, None, &[]);
    role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {CHECKS_LABEL: "true"}}]});
    // The controller manager fills it; who applies this must not take away what it filled in.
    if let Some(role) = role.as_object_mut() {
        role.remove("rules");
    }
    role
}

fn cluster_binding(name: &str, role: &str, install: &Install) -> Value {
    let body = bound("ClusterRole", role, install);
    cluster_object(&format!("{AUTHORIZATION}/v1"), "ClusterRoleBinding", name, body)
}

fn binding(name: &str, namespace: &str, kind: &str, role: &str, install: &Install) -> Value {
    let body = bound(kind, role, install);
    object(&format!("{AUTHORIZATION}/v1"), "RoleBinding", name, namespace, body)
}

/// A reference to a role and the operator's account.
fn bound(kind: &str, role: &str, install: &Install) -> Value {
    json!({
        "roleRef": {"apiGroup": AUTHORIZATION, "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": install.namespace}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights() -> impl Iterator<Item = &'static Right> {
        [OPERATOR, CALENDARS, COPIES, STOPPED, ELECTION, WORKLOADS, TRUST, VIEW, EDIT, SIGNOFF, OVERRIDE, ROLLBACK]
            .into_iter()
            .flatten()
    }

    #[test]
    fn nobody_gets_secrets_wildcards_or_the_rights_to_give_rights() {
        for (group, resources, verbs) in rights() {
            assert!(*group != AUTHORIZATION, "{resources:?}");
            assert!(!resources.contains(&"secrets") && !resources.contains(&"*"), "{resources:?}");
            for verb in ["*", "escalate", "bind", "impersonate"] {
                assert!(!verbs.contains(&verb), "{resources:?}: {verb}");
            }
        }
    }

    #[test]
    fn the_roles_that_come_with_view_and_edit_have_neither_status_nor_a_custom_verb() {
        for (_, resources, verbs) in VIEW.iter().chain(EDIT) {
            assert!(resources.iter().all(|resource| !resource.contains('/')));
            for verb in [VERB_SIGNOFF, VERB_OVERRIDE, VERB_ROLLBACK] {
                assert!(!verbs.contains(&verb));
            }
        }
    }

    #[test]
    fn config_maps_are_read_only_where_somebody_said_so_and_never_in_the_whole_cluster() {
        let install = Install { calendar_namespaces: vec!["shop".into()], ..Install::default() };
        let bound: Vec<(String, String)> = rbac(&install)
            .iter()
            .filter(|o| o["roleRef"]["name"] == CALENDARS_ROLE)
            .map(|o| (o["kind"].as_str().unwrap_or_default().to_owned(), o["metadata"]["namespace"].to_string()))
            .collect();
        let binding = |namespace: &str| ("RoleBinding".to_owned(), format!("{namespace:?}"));
        assert_eq!(bound, [binding("rollcall-system"), binding("shop")]);
        assert!(OPERATOR.iter().all(|(_, resources, _)| !resources.contains(&"configmaps")));
    }

    #[test]
    fn workloads_are_patched_where_a_namespace_opted_in() {
        let count = |access| {
            let install = Install { workload_access: access, ..Install::default() };
            let bound: Vec<(String, Value)> = rbac(&install)
                .iter()
                .filter(|o| o["roleRef"]["name"] == WORKLOADS_ROLE)
                .map(|o| (o["kind"].as_str().unwrap_or_default().to_owned(), o["metadata"]["namespace"].clone()))
                .collect();
            bound
        };
        assert_eq!(count(WorkloadAccess::Namespaces(Vec::new())), []);
        assert_eq!(count(WorkloadAccess::Namespaces(vec!["shop".into()])), [("RoleBinding".into(), json!("shop"))]);
        assert_eq!(count(WorkloadAccess::Cluster), [("ClusterRoleBinding".into(), Value::Null)]);
    }
}
