//! The Helm chart, rendered from the same objects: names that only Helm knows are put in as marks first, and the
//! marks are replaced in the text.

use serde_json::Value;

use super::mechanism::is_mutating;
use super::tree::{File, HEADER};
use super::{Install, Mechanism, Reach, WorkloadAccess, deployment, policies, rbac, to_yaml, webhook};
use crate::api::crds::crds;

const NAMESPACE: &str = "mark-release-namespace";
const WORKLOAD_NAMESPACE: &str = "mark-workload-namespace";
const IMAGE: &str = "mark-image";
const REPLICAS: u32 = 987_654_321;

/// Whether the chart is to install mutating policies, which is the cluster's to say unless a value does.
const POLICIES: &str = "or (eq .Values.hold \"policies\") (and (eq .Values.hold \"auto\") \
    (.Capabilities.APIVersions.Has \"admissionregistration.k8s.io/v1/MutatingAdmissionPolicy\"))";

/// Refuses what is neither, which would be taken for the webhook.
const UNKNOWN_HOLD: &str = "{{- if not (has .Values.hold (list \"auto\" \"policies\" \"webhook\")) }}\n\
    {{- fail (printf \"hold must be auto, policies or webhook, not %v\" .Values.hold) }}\n{{- end }}\n";

/// All files of `charts/rollcall`.
pub(super) fn files() -> Vec<File> {
    let install = Install { image: IMAGE.to_owned(), replicas: REPLICAS, ..Install::in_namespace(NAMESPACE) };
    let webhook = Install { mechanism: Mechanism::Webhook(Reach::Service), ..install.clone() };
    let network = |install: &Install| {
        let without = deployment::operator(install);
        let with = deployment::operator(&Install { network_policy: true, ..install.clone() });
        with.into_iter().filter(|object| !without.contains(object)).collect::<Vec<_>>()
    };
    let (guards, holds): (Vec<Value>, Vec<Value>) = policies(&install).into_iter().partition(|o| !is_mutating(o));
    let mut served: Vec<Value> = policies(&webhook).into_iter().filter(|object| !guards.contains(object)).collect();
    served.extend(rbac::webhook_rights(&webhook));
    served.push(webhook::service(&webhook));
    let mut all = vec![
        ("Chart.yaml".to_owned(), chart_yaml()),
        ("values.yaml".to_owned(), VALUES.to_owned()),
        ("templates/rbac.yaml".to_owned(), template(&rbac(&install))),
        ("templates/workloads.yaml".to_owned(), workloads(&install)),
        ("templates/policies.yaml".to_owned(), template(&guards)),
        (
            "templates/hold.yaml".to_owned(),
            either(&holds, &served).replacen(HEADER, &format!("{HEADER}{UNKNOWN_HOLD}"), 1),
        ),
        (
            "templates/operator.yaml".to_owned(),
            either(&deployment::operator(&install), &deployment::operator(&webhook)),
        ),
        ("templates/calendars.yaml".to_owned(), calendars(&install)),
        ("templates/pod-gates.yaml".to_owned(), pod_gates(&install)),
        (
            "templates/network-policy.yaml".to_owned(),
            format!(
                "{{{{- if .Values.networkPolicy }}}}\n{}{{{{- end }}}}\n",
                either(&network(&install), &network(&webhook))
            ),
        ),
    ];
    all.extend(
        crds()
            .iter()
            .map(|(file, crd)| (format!("crds/{file}"), format!("{HEADER}{}", to_yaml(std::slice::from_ref(crd))))),
    );
    all.into_iter().map(|(path, content)| (format!("charts/rollcall/{path}"), content)).collect()
}

/// What is installed where the cluster has mutating policies, and what where it has not.
fn either(policies: &[Value], webhook: &[Value]) -> String {
    format!(
        "{HEADER}{{{{- if {POLICIES} }}}}\n{}{{{{- else }}}}\n{}{{{{- end }}}}\n",
        template(policies).replace(HEADER, ""),
        template(webhook).replace(HEADER, "")
    )
}

/// Where the operator may patch workloads is the installer's choice, so both answers are in the chart.
fn workloads(install: &Install) -> String {
    let bound = |access| {
        let install = Install { workload_access: access, ..install.clone() };
        template(&rbac::workload_bindings(&install)).replace(HEADER, "")
    };
    let cluster = bound(WorkloadAccess::Cluster);
    let one = bound(WorkloadAccess::Namespaces(vec![WORKLOAD_NAMESPACE.to_owned()]));
    format!(
        "{HEADER}{{{{- if eq .Values.workloadAccess \"cluster\" }}}}\n{cluster}\
         {{{{- else if eq .Values.workloadAccess \"namespaces\" }}}}\n\
         {{{{- range .Values.namespaces }}}}\n---\n{one}{{{{- end }}}}\n\
         {{{{- else }}}}\n{{{{- fail \"workloadAccess must be namespaces or cluster\" }}}}\n{{{{- end }}}}\n"
    )
}

/// In which namespaces the operator may read calendars.
fn calendars(install: &Install) -> String {
    let install = Install { calendar_namespaces: vec![WORKLOAD_NAMESPACE.to_owned()], ..install.clone() };
    let one = template(&rbac::calendar_bindings(&install)).replace(HEADER, "");
    format!("{HEADER}{{{{- range .Values.calendarNamespaces }}}}\n---\n{one}{{{{- end }}}}\n")
}

/// Which namespaces are opened for the pod gate.
fn pod_gates(install: &Install) -> String {
    let install = Install { pod_gate_namespaces: vec![WORKLOAD_NAMESPACE.to_owned()], ..install.clone() };
    let one = template(&rbac::pod_gate_bindings(&install)).replace(HEADER, "");
    format!("{HEADER}{{{{- range .Values.podGateNamespaces }}}}\n---\n{one}{{{{- end }}}}\n")
}

fn template(objects: &[Value]) -> String {
    let text = to_yaml(objects)
        .replace(NAMESPACE, "{{ $.Release.Namespace }}")
        .replace(WORKLOAD_NAMESPACE, "{{ . }}")
        .replace(IMAGE, "{{ $.Values.image | quote }}")
        .replace(&REPLICAS.to_string(), "{{ $.Values.replicas }}");
    format!("{HEADER}{text}")
}

fn chart_yaml() -> String {
    format!(
        "{HEADER}apiVersion: v2\nname: rollcall\ndescription: Lets many teams ship together\ntype: application\n\
         version: {version}\nappVersion: {version}\nkubeVersion: \">=1.30.0-0\"\n",
        version = env!("CARGO_PKG_VERSION")
    )
}

const VALUES: &str = concat!(
    "# Generated from src/manifests; change that instead.\n",
    "# The operator's image.\n",
    "image: ghcr.io/rollcall-dev/rollcall:",
    env!("CARGO_PKG_VERSION"),
    "\n# Operators that run; one leads.\n",
    "replicas: 2\n",
    "# Where rollcall may patch workloads: in the namespaces listed below, or in the whole cluster.\n",
    "workloadAccess: namespaces\n",
    "namespaces: []\n",
    "# What makes the API server hold: policies (Kubernetes 1.36 and newer), webhook (1.30 to 1.35), or auto.\n",
    "hold: auto\n",
    "# Namespaces besides rollcall's own in which it may read ConfigMaps: windows there may name calendars.\n",
    "calendarNamespaces: []\n",
    "# Namespaces that are opened for the pod gate: rollcall may read pods there and take its own gate from them.\n",
    "podGateNamespaces: []\n",
    "# Whether a NetworkPolicy limits the operator's traffic.\n",
    "networkPolicy: false\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_helm_would_read_as_a_template_comes_from_the_objects() {
        assert!(!to_yaml(&super::super::all(&Install::default())).contains("{{"));
    }

    #[test]
    fn a_value_of_hold_that_is_unknown_is_refused_and_names_those_that_are_known() {
        let all = files();
        let (_, hold) = all.iter().find(|(path, _)| path.ends_with("/hold.yaml")).expect("the template");
        let refusal = hold.find("{{- fail (printf \"hold must be auto, policies or webhook").expect("a refusal");
        assert!(refusal < hold.find("{{- if or (eq").expect("the choice"), "before anything is rendered");
        assert!(hold.contains(r#"(list "auto" "policies" "webhook")"#));
        for known in ["auto", "policies", "webhook"] {
            assert!(VALUES.contains(known), "{known}");
        }
    }

    #[test]
    fn no_mark_is_left() {
        for (path, content) in files() {
            for mark in [NAMESPACE, WORKLOAD_NAMESPACE, IMAGE, "987654321", "rollcall-system"] {
                assert!(!content.contains(mark), "{path}: {mark}");
            }
        }
    }

    /// The objects of the templates, with the values put in and one side of each choice taken.
    fn rendered(webhook: bool) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        for (path, content) in files() {
            if ["rbac.yaml", "policies.yaml", "hold.yaml", "operator.yaml"].iter().any(|end| path.ends_with(end)) {
                let text = content
                    .replace(UNKNOWN_HOLD, "")
                    .replace("{{ $.Release.Namespace }}", "here")
                    .replace("{{ $.Values.image | quote }}", "\"example/rollcall:1\"")
                    .replace("{{ $.Values.replicas }}", "3");
                let text = match text.split_once("{{- else }}\n") {
                    Some((first, second)) if !webhook => first.split_once("}}\n").map_or(second, |(_, body)| body),
                    Some((_, second)) => second.trim_end_matches("{{- end }}\n"),
                    None => &text,
                };
                all.extend(serde_saphyr::from_multiple::<Value>(text).expect("a template is YAML"));
            }
        }
        all
    }

    #[test]
    fn with_every_value_put_in_the_chart_has_the_objects_of_an_installation() {
        for mechanism in [Mechanism::Policies, Mechanism::Webhook(Reach::Service)] {
            let install = Install {
                image: "example/rollcall:1".to_owned(),
                replicas: 3,
                workload_access: WorkloadAccess::Namespaces(Vec::new()),
                mechanism: mechanism.clone(),
                ..Install::in_namespace("here")
            };
            let sorted = |all: &[Value]| {
                let mut all: Vec<String> = all.iter().map(Value::to_string).collect();
                all.sort();
                all
            };
            // All but the namespace, which helm makes. Helm sorts by kind, so the order is not the chart's to say.
            let expected = super::super::all(&install);
            assert_eq!(sorted(&rendered(mechanism != Mechanism::Policies)), sorted(&expected[1..]));
        }
    }
}
