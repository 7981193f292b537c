//! The kinds of objects that an uninstallation looks at.

use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt};

use super::Error;

/// A kind: group, version, kind, plural.
pub type Kind = (&'static str, &'static str, &'static str, &'static str);

/// On which objects of others something of ours may stand. Owners before what their controllers make of them: a
/// Deployment's annotations are copied to its ReplicaSets, a StatefulSet's to its revisions.
pub const SWEPT: [Kind; 8] = [
    ("apps", "v1", "Deployment", "deployments"),
    ("apps", "v1", "StatefulSet", "statefulsets"),
    ("apps", "v1", "DaemonSet", "daemonsets"),
    ("batch", "v1", "CronJob", "cronjobs"),
    ("batch", "v1", "Job", "jobs"),
    ("apps", "v1", "ReplicaSet", "replicasets"),
    ("apps", "v1", "ControllerRevision", "controllerrevisions"),
    ("", "v1", "Pod", "pods"),
];

const ADMISSION: &str = "admissionregistration.k8s.io";
const RIGHTS: &str = "rbac.authorization.k8s.io";

pub const GUARD_BINDINGS: Kind =
    (ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings");
pub const GUARDS: Kind = (ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies");
pub const HOLD_BINDINGS: Kind = (ADMISSION, "v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings");
pub const HOLDS: Kind = (ADMISSION, "v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies");
pub const WEBHOOKS: Kind = (ADMISSION, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations");
pub const DEFINITIONS: Kind = ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
pub const DEPLOYMENTS: Kind = SWEPT[0];
pub const PODS: Kind = SWEPT[7];
pub const CONFIG_MAPS: Kind = ("", "v1", "ConfigMap", "configmaps");
pub const LEASES: Kind = ("coordination.k8s.io", "v1", "Lease", "leases");

/// What an installation consists of, in the order in which it goes: what puts policies in force before the policies,
/// the definitions while the account can still be read, rights and the namespace last.
pub const INSTALLED: [Kind; 17] = [
    GUARD_BINDINGS,
    HOLD_BINDINGS,
    WEBHOOKS,
    GUARDS,
    HOLDS,
    DEFINITIONS,
    DEPLOYMENTS,
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    ("", "v1", "Service", "services"),
    CONFIG_MAPS,
    (RIGHTS, "v1", "RoleBinding", "rolebindings"),
    (RIGHTS, "v1", "ClusterRoleBinding", "clusterrolebindings"),
    (RIGHTS, "v1", "Role", "roles"),
    (RIGHTS, "v1", "ClusterRole", "clusterroles"),
    ("", "v1", "ServiceAccount", "serviceaccounts"),
    ("", "v1", "Namespace", "namespaces"),
];

/// The three kinds of rollcall's own.
pub const OWN: [Kind; 3] = [
    ("rollcall.dev", "v1alpha1", "CoordinatedRelease", "coordinatedreleases"),
    ("rollcall.dev", "v1alpha1", "TeamReadiness", "teamreadinesses"),
    ("rollcall.dev", "v1alpha1", "DeploymentWindow", "deploymentwindows"),
];

/// Access to the objects of a kind; of one namespace unless that is empty.
pub fn api(client: &Client, (group, version, kind, plural): Kind, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
    if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}

/// How an object is named to people.
pub fn named(kind: &str, object: &impl ResourceExt) -> String {
    match object.namespace() {
        Some(namespace) => format!("{kind} {namespace}/{}", object.name_any()),
        None => format!("{kind} {}", object.name_any()),
    }
}

/// Whether the API server answers that it does not know the kind, or that there is no such object.
pub fn is_absent(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// All objects of a kind; none if the API server does not serve the kind.
pub async fn list(client: &Client, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<DynamicObject>, Error> {
    let api = api(client, kind, namespace);
    let mut all = Vec::new();
    let mut from = None::<String>;
    loop {
        let mut params = kube::api::ListParams::default().labels(labels).limit(200);
        params.continue_token = from.take();
        let page = match api.list(&params).await {
            Ok(page) => page,
            Err(error) if is_absent(&error) => return Ok(all),
            Err(error) => return Err(Error::request(format!("listing {}", kind.3))(error)),
        };
        all.extend(page.items);
        match page.metadata.continue_ {
            Some(next) if !next.is_empty() => from = Some(next),
            _ => return Ok(all),
        }
    }
}
