//! What an installation of rollcall consists of, as data.
//!
//! This folder never talks to an API server, reads no clock and no file, and decides nothing about a release:
//! it turns an [`Install`] into Kubernetes objects and those into text. `config/`, `charts/` and the command's
//! output all come from here, so that they cannot differ.

mod chart;
pub mod deployment;
mod intact;
pub mod mechanism;
pub mod names;
mod object;
pub mod policies;
pub mod rbac;
pub mod tree;
pub mod webhook;
mod yaml;

pub use intact::{intact, trouble, webhook_trouble};
pub use mechanism::{Mechanism, Reach, admission as policies};
pub use rbac::rbac;
pub use yaml::to_yaml;

use serde_json::Value;

/// All objects of an installation but the definitions of the three kinds, in the order in which they are to be
/// applied: the account before what runs as it, the guards before the hold, the operator last.
#[must_use]
pub fn all(install: &Install) -> Vec<Value> {
    let mut all = vec![deployment::namespace(install)];
    all.extend(rbac(install));
    all.extend(policies(install));
    if install.mechanism != Mechanism::Policies {
        all.push(webhook::service(install));
    }
    all.extend(deployment::operator(install));
    all
}

/// What one installation chooses for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// The user name by which the API server knows the operator. The policies exempt it by exact comparison,
    /// never by an authorizer check, because GitOps controllers usually pass every such check.
    pub operator_user: String,
    /// The namespace that holds the operator, its lease and the platform's windows.
    pub namespace: String,
    /// The operator's container image.
    pub image: String,
    /// How many operator processes run; one leads, the others wait.
    pub replicas: u32,
    /// Where the operator may patch workloads.
    pub workload_access: WorkloadAccess,
    /// What makes the API server hold.
    pub mechanism: Mechanism,
    /// Namespaces other than its own in which the operator may read ConfigMaps, for windows that name calendars there.
    pub calendar_namespaces: Vec<String>,
    /// Namespaces that are opened for the pod gate: the operator may read pods there and take its own gate from them.
    pub pod_gate_namespaces: Vec<String>,
    /// Whether a NetworkPolicy limits the operator's traffic.
    pub network_policy: bool,
}

/// Where the operator may patch workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadAccess {
    /// In these namespaces only, by one RoleBinding each.
    Namespaces(Vec<String>),
    /// Everywhere, by one ClusterRoleBinding.
    Cluster,
}

impl Install {
    /// An installation in `namespace` with the defaults of everything else; the operator's user is that
    /// namespace's service account [`names::SERVICE_ACCOUNT`].
    pub fn in_namespace(namespace: &str) -> Self {
        Self {
            operator_user: format!("system:serviceaccount:{namespace}:{}", names::SERVICE_ACCOUNT),
            namespace: namespace.to_owned(),
            image: format!("ghcr.io/rollcall-dev/rollcall:{}", env!("CARGO_PKG_VERSION")),
            replicas: 2,
            workload_access: WorkloadAccess::Namespaces(Vec::new()),
            mechanism: Mechanism::Policies,
            calendar_namespaces: Vec::new(),
            pod_gate_namespaces: Vec::new(),
            network_policy: false,
        }
    }
}

impl Default for Install {
    fn default() -> Self {
        Self::in_namespace("rollcall-system")
    }
}
