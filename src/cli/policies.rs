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

/// The command that installs the policies of an installation again, on an API server of this version. What is the
/// default is not said.
pub fn again(install: &Install, version: Option<KubernetesVersion>) -> String {
    let mut command = "rollcall policies".to_owned();
    let mut add = |argument: &str, value: &str| command.push_str(&format!(" {argument} {}", quoted(value)));
    if install.namespace != Install::default().namespace {
        add("--namespace", &install.namespace);
    }
    if install.operator_user != Install::in_namespace(&install.namespace).operator_user {
        add("--operator-user", &install.operator_user);
    }
    if let Mechanism::Webhook(reach) = &install.mechanism {
        // A newer one that serves no policies, since somebody switched them off, needs the webhook as well.
        let newest = KubernetesVersion { minor: KubernetesVersion::POLICIES.minor - 1, ..KubernetesVersion::POLICIES };
        let version = version.filter(|version| !version.serves_policies()).unwrap_or(newest);
        add("--kubernetes-version", &format!("{}.{}", version.major, version.minor));
        if let Reach::Url(url) = reach {
            add("--webhook-url", url);
        }
    }
    command + " | kubectl apply --server-side -f -"
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    let is_plain = !word.is_empty() && word.chars().all(plain);
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        args: PoliciesArgs,
    }

    #[test]
    fn what_is_to_be_run_again_installs_the_same() {
        let (elsewhere, old) = (Install::in_namespace("gates"), "1.34".parse().expect("a version"));
        let new = "1.37".parse().expect("a version");
        let webhook = |reach| Mechanism::Webhook(reach);
        for (install, version, arguments) in [
            (Install::default(), None, ""),
            (elsewhere.clone(), None, " --namespace gates"),
            (
                Install { operator_user: "ops@example.com".into(), ..elsewhere.clone() },
                None,
                " --namespace gates --operator-user ops@example.com",
            ),
            (
                Install { mechanism: webhook(Reach::Service), ..elsewhere },
                Some(old),
                " --namespace gates --kubernetes-version 1.34",
            ),
            (
                Install { mechanism: webhook(Reach::Service), ..Install::default() },
                Some(new),
                " --kubernetes-version 1.35",
            ),
            (
                Install { mechanism: webhook(Reach::Url("https://h:9443".into())), ..Install::default() },
                None,
                " --kubernetes-version 1.35 --webhook-url https://h:9443",
            ),
        ] {
            let command = again(&install, version);
            assert_eq!(command, format!("rollcall policies{arguments} | kubectl apply --server-side -f -"));
            let told = command.split(" | ").next().unwrap_or_default().split(' ').skip(1);
            assert_eq!(Command::parse_from(told).args.install.install(), install, "{command}");
        }
        assert_eq!(quoted("it's; rm -r ~"), r"'it'\''s; rm -r ~'");
    }
}
