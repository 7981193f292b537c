//! `rollcall release-all`: everything that rollcall holds goes, and nothing of it is left on anybody's objects.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use kube::Client;

use super::{Failure, answer, print};
use crate::clock::ServerClock;
use crate::cluster::client;
use crate::metrics::Metrics;
use crate::uninstall::{self, Run};

/// Let everything go that rollcall holds, and take its marks from all objects.
///
/// Run it before an uninstallation (`rollcall uninstall` does) or when rollcall must get out of the way at once. It
/// works with the operator down, and with your rights: you need what an installation needs.
///
/// In this order, each step told as it is done: the operator is scaled to nothing; the bindings of the policies that
/// hold and guard workloads go, or the webhook; every held workload is let go, exactly as the operator would: what
/// its author had paused stays paused, a StatefulSet gets its partition back; labels, annotations, finalizers and
/// scheduling gates of rollcall go. What is interrupted is finished by running it again.
///
/// Held changes roll out when this runs: look at --dry-run first. To put rollcall back, apply its manifests again.
///
/// With --namespace only these namespaces are let go. The operator and the policies go on, so delete the
/// TeamReadiness objects there first, or their workloads are put under rollcall again. This impersonates the
/// operator's account, because nobody else may take a hold away.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only in this namespace; may be repeated.
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Vec<String>,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which cluster, and where rollcall is installed in it.
#[derive(clap::Args, Debug)]
pub struct ClusterArgs {
    /// A kubeconfig file [default: KUBECONFIG, or ~/.kube/config].
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The operator's namespace.
    #[arg(long, default_value = "rollcall-system", value_name = "NAMESPACE")]
    pub operator_namespace: String,
    /// The user name that the policies know the operator by [default:
    /// system:serviceaccount:OPERATOR_NAMESPACE:rollcall].
    #[arg(long, value_name = "USER")]
    operator_user: Option<String>,
}

impl ClusterArgs {
    /// A connection as the caller or, by impersonation, as the operator.
    async fn connect(&self, as_operator: bool) -> Result<Client, Failure> {
        let mut config = client::find_cluster(self.kubeconfig.as_deref(), self.context.as_deref())
            .await
            .map_err(|e| Failure::unreachable(e, "name a cluster with --kubeconfig FILE"))?;
        if as_operator {
            let user = self.operator_user.clone();
            let own = format!("system:serviceaccount:{}:rollcall", self.operator_namespace);
            config.auth_info.impersonate = Some(user.unwrap_or(own));
        }
        let clients = client::connect(&config, &Arc::new(ServerClock::new()), &Arc::new(Metrics::new()))
            .map_err(|e| Failure::unreachable(e, "look at the kubeconfig's certificates"))?;
        Ok(clients.main)
    }

    /// Runs a command of several steps, each told as it is done.
    pub fn carry_out<F>(&self, dry_run: bool, impersonate: bool, steps: impl FnOnce(Run<'static>) -> F) -> Answered
    where
        F: Future<Output = Result<String, uninstall::Error>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::unreachable(e, "the machine has no threads or files left"))?;
        runtime.block_on(async {
            let client = self.connect(false).await?;
            let as_operator = if impersonate { Some(self.connect(true).await?) } else { None };
            let tell = &|line: &str| print(&format!("{}\n", line.escape_debug()));
            let end = steps(Run { client, as_operator, dry_run, tell }).await;
            answer(&end.map_err(|e| Failure::unreachable(e, "what is done stays done: mend this and run it again"))?)
        })
    }
}

/// What a command comes to.
pub type Answered = Result<ExitCode, Failure>;

pub fn run(args: &Args) -> Answered {
    let some = !args.namespace.is_empty();
    args.cluster.carry_out(args.dry_run, some, async |run| {
        if some {
            for (team, lists) in uninstall::teams(&run, &args.namespace).await? {
                (run.tell)(&format!(
                    "note: TeamReadiness {team} lists {lists} workloads: delete it, or they come under rollcall again"
                ));
            }
        } else {
            uninstall::stop_operator(&run, &args.cluster.operator_namespace).await?;
            uninstall::stop_holding(&run).await?;
        }
        let done = uninstall::sweep(&run, &args.namespace).await?;
        Ok(summary(args.dry_run, done))
    })
}

/// The last line.
pub fn summary(dry_run: bool, done: uninstall::Done) -> String {
    let would = if dry_run { "would be " } else { "" };
    format!(
        "{} {would}let go, {} {would}cleaned{}\n",
        done.let_go,
        done.cleaned,
        if dry_run { "; nothing was changed" } else { "; nothing of rollcall is left on other objects" }
    )
}
