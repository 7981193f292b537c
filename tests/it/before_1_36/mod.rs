//! Kubernetes 1.34, which has no mutating policies: the webhook holds and stamps what they would. It takes longest of
//! all, and its name makes it begin early.
//!
//! Nothing here takes a rule's word for what is stored: the API server is asked. One control plane serves all of
//! it, stage after stage, because some stages take things away.

mod outage;
mod own_kinds;
mod requests;
mod trust;
mod twins;

use std::path::PathBuf;

use control_plane::ControlPlane;
use rollcall::manifests::{Install, Mechanism, Reach, WorkloadAccess};

use crate::support::operator::Operator;
use crate::support::{Done, Installed};

/// A plane of 1.34 with everything installed for an operator that serves on a port of the loopback interface.
pub struct Old {
    pub installed: Installed,
    pub port: u16,
}

impl Old {
    async fn start() -> Done<Self> {
        let plane = ControlPlane::builder().kubernetes("1.34").start().await?;
        let port = control_plane::free_port()?;
        let install = Install {
            workload_access: WorkloadAccess::Cluster,
            mechanism: Mechanism::Webhook(Reach::Url(format!("https://127.0.0.1:{port}"))),
            ..Install::in_namespace("rollcall-system")
        };
        let installed = Installed::as_told(plane, &install).await?;
        let version = installed.admin.client()?.apiserver_version().await?;
        assert!(version.minor.starts_with("34"), "this is about Kubernetes 1.34, not 1.{}", version.minor);
        Ok(Self { installed, port })
    }

    /// An operator that serves the webhook, once the API server calls it and trusts it.
    pub async fn operator(&self, name: &str, certificates: Option<&PathBuf>) -> Done<Operator> {
        let address = format!("127.0.0.1:{}", self.port);
        let url = format!("https://{address}");
        let mut args =
            vec!["--settle", "2s", "--no-leader-election", "--webhook-listen", &address, "--webhook-url", &url];
        let folder = certificates.map(|folder| folder.display().to_string()).unwrap_or_default();
        if !folder.is_empty() {
            args.extend(["--webhook-certificates", &folder]);
        }
        let operator = Operator::start(&self.installed, name, &args).await?;
        self.installed.until_all_held().await?;
        Ok(operator)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kubernetes_1_34_a_webhook_holds_and_stamps_as_policies_do() -> Done {
    let old = Old::start().await?;
    let operator = old.operator("first", None).await?;
    trust::is_ready_only_when_trusted(&old, &operator).await?;
    twins::store_alike(&old).await?;
    crate::release::story::plays(&old.installed).await?;
    let operator = outage::fails_closed(&old, operator).await?;
    trust::a_stolen_token_redirects_nothing(&old).await?;
    trust::an_altered_webhook_closes_every_gate(&old, &operator).await?;
    trust::what_comes_late_is_refused(&old).await?;
    trust::mounted_certificates_are_read_again(&old, operator).await?;
    crate::uninstall::leaves_nothing_behind(&old.installed).await
}
