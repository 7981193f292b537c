//! The cluster as the person sees it: with their own credentials, in API-server time, and nothing more than they
//! may see.
//!
//! This folder never decides and never repeats a write on its own account.

mod api;
mod changes;
mod examined;
pub mod hold;
mod near;
pub mod read;
mod windows;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::OnceCell;

pub use api::{Api, Refusal, RefusalKind, encoded};
pub use changes::Changes;
pub use near::nearest;

use super::Failure;
use crate::domain::ObjectName;
use crate::manifests::Install;

/// Which cluster, which namespace, and as whom: kubectl's own flags.
#[derive(clap::Args, Debug, Clone, Default)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArgs {
    /// The namespace [default: that of the kubeconfig's context].
    #[arg(short, long, value_name = "NAMESPACE", add = super::completion::namespaces())]
    pub namespace: Option<String>,
    /// The context of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The cluster of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The user of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The kubeconfig file [default: KUBECONFIG, or ~/.kube/config].
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Act as this user.
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be repeated.
    #[arg(long = "as-group", value_name = "GROUP", requires = "as_user")]
    pub as_group: Vec<String>,
    /// The operator's namespace: it holds the platform's windows.
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "ROLLCALL_NAMESPACE",
        default_value = "rollcall-system",
        hide_env = true
    )]
    pub operator_namespace: String,
    /// The user name that the policies know the operator by, as `rollcall run` was told
    /// [default: system:serviceaccount:OPERATOR_NAMESPACE:rollcall].
    #[arg(long, value_name = "USER", env = "ROLLCALL_OPERATOR_USER", hide_env = true)]
    pub operator_user: Option<String>,
    /// Where the API server calls the webhook, if not through a Service, as `rollcall run` was told.
    #[arg(
        long,
        value_name = "https://HOST:PORT",
        env = "ROLLCALL_WEBHOOK_URL",
        hide_env = true,
        value_parser = super::policies::webhook_url
    )]
    pub webhook_url: Option<String>,
}

/// A connection, and where in the cluster the person stands.
pub struct Cluster {
    pub api: Api,
    /// The namespace that names without one are taken to be in.
    pub namespace: String,
    /// The operator's namespace.
    pub platform: String,
    /// The user name by which the policies know the operator.
    pub operator_user: String,
    /// Where the API server calls the operator, if not through a Service.
    pub webhook_url: Option<String>,
    /// Whether the API server has policies that hold; it is asked once.
    serves_policies: OnceCell<bool>,
}

impl Cluster {
    /// Finds and connects to the cluster. No request is sent yet.
    ///
    /// # Errors
    ///
    /// When there is no configuration, or it cannot be used.
    pub async fn find(args: &ClusterArgs) -> Result<Self, Failure> {
        let config = config(args).await?;
        let namespace = args.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let platform = args.operator_namespace.clone();
        Ok(Self {
            api: Api::new(config)?,
            namespace,
            operator_user: args.operator_user.clone().unwrap_or_else(|| Install::in_namespace(&platform).operator_user),
            platform,
            webhook_url: args.webhook_url.clone(),
            serves_policies: OnceCell::new(),
        })
    }

    /// The API server's time as of its last answer; the local clock counts only before the first.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.api.now()
    }

    /// `namespace/name`, or a name in the namespace where the person stands.
    #[must_use]
    pub fn named(&self, text: &str) -> ObjectName {
        match text.split_once('/') {
            Some((namespace, name)) => ObjectName::new(namespace, name),
            None => ObjectName::new(&self.namespace, text),
        }
    }
}

async fn config(args: &ClusterArgs) -> Result<Config, Failure> {
    let chosen = args.kubeconfig.is_some() || args.context.is_some() || args.cluster.is_some() || args.user.is_some();
    let options =
        KubeConfigOptions { context: args.context.clone(), cluster: args.cluster.clone(), user: args.user.clone() };
    let help = "kubectl config get-contexts";
    let unusable =
        |error: &dyn std::error::Error| Failure::unreachable("the kubeconfig cannot be used", help).because(error);
    let mut config = match &args.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|e| unusable(&e))?;
            Config::from_custom_kubeconfig(file, &options).await.map_err(|e| unusable(&e))?
        }
        None if chosen => Config::from_kubeconfig(&options).await.map_err(|e| unusable(&e))?,
        None => Config::infer().await.map_err(|e| Failure::unreachable("no cluster found", help).because(&e))?,
    };
    if let Some(user) = &args.as_user {
        config.auth_info.impersonate = Some(user.clone());
        config.auth_info.impersonate_groups = (!args.as_group.is_empty()).then(|| args.as_group.clone());
    }
    Ok(config)
}
