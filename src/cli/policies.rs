//! `rollcall policies` and `rollcall manifests`: what an installation consists of.

use std::process::ExitCode;

use super::{Failure, answer};
use crate::manifests::mechanism::KubernetesVersion;
use crate::manifests::{self, Install, Mechanism, Reach, WorkloadAccess, to_yaml};

/// Print the admission policies that hold workloads and vouch for who wrote what.
///
/// `rollcall policies | kubectl apply --server-side -f -` installs them.
#[derive(clap::Args, Debug)]
pub struct PoliciesArgs {
    #[command(flatten)]
    install: InstallArgs,
}

/// Print everything an installation consists of, apart from the CustomResourceDefinitions.
///
/// `rollcall crds | kubectl apply --server-side -f -` comes first.
#[derive(clap::Args, Debug)]
pub struct ManifestsArgs {
    #[command(flatten)]
    install: InstallArgs,
    /// The operator's container image.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// A namespace whose workloads the operator may patch; may be repeated.
    #[arg(long, value_name = "NAMESPACE", conflicts_with = "all_namespaces")]
    workload_namespace: Vec<String>,
    /// Let the operator patch workloads in all namespaces.
    #[arg(long)]
    all_namespaces: bool,
    /// A namespace that is opened for the pod gate; may be repeated.
    #[arg(long, value_name = "NAMESPACE")]
    pod_gate_namespace: Vec<String>,
    /// Leave out the operator itself, which then runs elsewhere.
    #[arg(long)]
    no_operator: bool,
}

#[derive(clap::Args, Debug)]
struct InstallArgs {
    /// The operator's namespace.
    #[arg(long, default_value = "rollcall-system", value_name = "NAMESPACE")]
    namespace: String,
    /// The user name that the API server knows the operator by [default: system:serviceaccount:NAMESPACE:rollcall].
    #[arg(long, value_name = "USER")]
    operator_user: Option<String>,
    /// The cluster's version. Before 1.36 a webhook that the operator serves takes the place of the policies that
    /// hold and stamp; the guards are the same [default: the newest].
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<KubernetesVersion>,
    /// Where the API server calls the webhook of an operator that runs outside of the cluster.
    #[arg(long, value_name = "https://HOST:PORT", requires = "kubernetes_version", value_parser = webhook_url)]
    webhook_url: Option<String>,
}

/// Checks the beginning of a webhook's address: API servers take no other scheme.
pub fn webhook_url(text: &str) -> Result<String, String> {
    match text.strip_prefix("https://") {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', '@']) => Ok(text.to_owned()),
        _ => Err("write https://host:port".to_owned()),
    }
}

impl InstallArgs {
    fn install(&self) -> Install {
        let mut install = Install::in_namespace(&self.namespace);
        if let Some(user) = &self.operator_user {
            install.operator_user.clone_from(user);
        }
        let reach = self.webhook_url.clone().map_or(Reach::Service, Reach::Url);
        let serves = self.kubernetes_version.is_none_or(KubernetesVersion::serves_policies);
        install.mechanism = Mechanism::of(serves, reach);
        install
    }
}

pub fn policies(args: &PoliciesArgs) -> Result<ExitCode, Failure> {
    answer(&to_yaml(&manifests::policies(&args.install.install())))
}

pub fn manifests(args: ManifestsArgs) -> Result<ExitCode, Failure> {
    let mut install = args.install.install();
    if let Some(image) = args.image {
        install.image = image;
    }
    install.workload_access =
        if args.all_namespaces { WorkloadAccess::Cluster } else { WorkloadAccess::Namespaces(args.workload_namespace) };
    install.pod_gate_namespaces = args.pod_gate_namespace;
    let all = manifests::all(&install);
    let kept: Vec<_> = all.into_iter().filter(|object| !args.no_operator || object["kind"] != "Deployment").collect();
    answer(&to_yaml(&kept))
}
