//! The operator itself: its namespace, its Deployment, and what may talk to it.

use serde_json::{Value, json};

use super::names::SERVICE_ACCOUNT;
use super::object::{cluster_object, object};
use super::{Install, Mechanism, webhook};

/// Port of `/healthz`, `/readyz` and `/metrics`.
pub const HTTP_PORT: u16 = 8080;
/// Selects the operator's pods by their labels.
pub const SELECTOR: &str = "app.kubernetes.io/name=rollcall,app.kubernetes.io/component=operator";

const ENDPOINTS_FOLDER: &str = "/etc/rollcall";
const ENDPOINTS: &str = "/etc/rollcall/endpoints.yaml";

/// The namespace, in which the API server refuses pods that ask for more than `restricted` allows.
#[must_use]
pub fn namespace(install: &Install) -> Value {
    let mut namespace = cluster_object("v1", "Namespace", &install.namespace, json!({}));
    namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = json!("restricted");
    namespace
}

/// The Deployment, a disruption budget, and the NetworkPolicy if asked for.
#[must_use]
pub fn operator(install: &Install) -> Vec<Value> {
    let namespace = install.namespace.as_str();
    let selector = json!({"matchLabels": labels()});
    let mut all = vec![
        object("apps/v1", "Deployment", SERVICE_ACCOUNT, namespace, json!({"spec": deployment(install)})),
        object(
            "policy/v1",
            "PodDisruptionBudget",
            SERVICE_ACCOUNT,
            namespace,
            json!({"spec": {"maxUnavailable": 1, "selector": selector}}),
        ),
    ];
    if install.network_policy {
        all.push(network_policy(install));
    }
    all
}

pub(super) fn labels() -> Value {
    json!({"app.kubernetes.io/name": "rollcall", "app.kubernetes.io/component": "operator"})
}

fn deployment(install: &Install) -> Value {
    json!({
        "replicas": install.replicas,
        "selector": {"matchLabels": labels()},
        "template": {
            "metadata": {"labels": labels()},
            "spec": {
                "serviceAccountName": SERVICE_ACCOUNT,
                "securityContext": {
                    "runAsNonRoot": true,
                    "runAsUser": 65532,
                    "runAsGroup": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                // Two operators on one node fail together.
                "topologySpreadConstraints": [{
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": labels()},
                }],
                "containers": [container(install)],
                // What checks may ask; without it, no check can name an endpoint.
                "volumes": [{"name": "endpoints", "configMap": {"name": "rollcall-endpoints", "optional": true}}],
            },
        },
    })
}

fn container(install: &Install) -> Value {
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": "http"}});
    let mut ports = vec![json!({"name": "http", "containerPort": HTTP_PORT})];
    if install.mechanism != Mechanism::Policies {
        ports.push(json!({"name": "webhook", "containerPort": webhook::PORT}));
    }
    json!({
        "name": "rollcall",
        "image": install.image,
        "args": ["run", "--endpoints", ENDPOINTS],
        "env": [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": ports,
        "volumeMounts": [{"name": "endpoints", "mountPath": ENDPOINTS_FOLDER, "readOnly": true}],
        "livenessProbe": probe("/healthz"),
        "readinessProbe": probe("/readyz"),
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
    })
}

/// In: the ports that are served. Out: names and TLS, which is where an API server is; its address differs by cluster.
fn network_policy(install: &Install) -> Value {
    let ports = |list: &[(&str, u16)]| -> Value {
        list.iter().map(|(protocol, port)| json!({"protocol": protocol, "port": port})).collect()
    };
    let served: &[(&str, u16)] = match install.mechanism {
        Mechanism::Policies => &[("TCP", HTTP_PORT)],
        Mechanism::Webhook(_) => &[("TCP", HTTP_PORT), ("TCP", webhook::PORT)],
    };
    object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        SERVICE_ACCOUNT,
        &install.namespace,
        json!({"spec": {
            "podSelector": {"matchLabels": labels()},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": ports(served)}],
            "egress": [{"ports": ports(&[("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 6443)])}],
        }}),
    )
}
