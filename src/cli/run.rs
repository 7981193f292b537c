//! `rollcall run`: the operator.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::TimeDelta;

use super::Failure;
use super::asked::duration;
use super::policies::webhook_url;
use crate::clock::ServerClock;
use crate::cluster::client;
use crate::cluster::lease::unique_identity;
use crate::controllers::operator;
use crate::metrics::Metrics;
use crate::settings::{Settings, WebhookSettings};
use crate::shutdown;
use crate::telemetry::{self, LogFormat};

/// Run the operator until it is told to stop.
///
/// It finds the cluster by --kubeconfig, KUBECONFIG, ~/.kube/config, or the service account of its pod.
/// Several replicas may run: one leads, the others are ready to.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The operator's own namespace: it holds the lease and the platform's windows.
    #[arg(long, env = "POD_NAMESPACE", default_value = "rollcall-system", value_name = "NAMESPACE")]
    namespace: String,
    /// The user name that the policies know the operator by [default: system:serviceaccount:NAMESPACE:rollcall].
    #[arg(long, value_name = "USER")]
    operator_user: Option<String>,
    /// A kubeconfig file.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Where to serve /healthz, /readyz and /metrics.
    #[arg(long, default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where to serve the webhook; only where the API server has no MutatingAdmissionPolicies, before 1.36.
    #[arg(long, default_value = "0.0.0.0:9443", value_name = "ADDRESS")]
    webhook_listen: SocketAddr,
    /// Where the API server calls the webhook, if not through a Service: as `rollcall manifests` was told.
    #[arg(long, value_name = "https://HOST:PORT", value_parser = webhook_url)]
    webhook_url: Option<String>,
    /// A folder with tls.crt and tls.key, and ca.crt for the API server to trust, such as cert-manager mounts; read
    /// again when they change. Without, each replica issues a certificate for itself and renews it.
    #[arg(long, value_name = "DIR")]
    webhook_certificates: Option<PathBuf>,
    /// How long a new change may still be claimed by a release before it counts as nobody's.
    #[arg(long, default_value = "30s", value_parser = duration("30s, 5m or 1h30m"), value_name = "DURATION")]
    settle: TimeDelta,
    /// How far the clocks of this machine and the API server may differ before nothing is released.
    #[arg(long, default_value = "2s", value_parser = duration("30s, 5m or 1h30m"), value_name = "DURATION")]
    max_skew: TimeDelta,
    /// How many objects of each kind are looked at at the same time.
    #[arg(long, default_value_t = 4, value_name = "N")]
    workers: usize,
    /// The endpoints that checks may name, in a file that only administrators write; see docs/readiness.md.
    #[arg(long, value_name = "FILE")]
    endpoints: Option<PathBuf>,
    /// Do not elect a leader: there must be no other replica.
    #[arg(long)]
    no_leader_election: bool,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    log_format: LogFormat,
    /// What is logged: info, debug, or a filter such as rollcall=debug,warn. RUST_LOG wins.
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    log_level: String,
}

pub fn run(args: Args) -> Result<ExitCode, Failure> {
    telemetry::init(args.log_format, &args.log_level).map_err(|e| Failure::usage(e, "use --log-level info"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::unreachable(e, "the machine has no threads or files left"))?;
    runtime.block_on(operate(args))
}

async fn operate(args: Args) -> Result<ExitCode, Failure> {
    let config = client::find_cluster(args.kubeconfig.as_deref(), None)
        .await
        .map_err(|e| Failure::unreachable(e, "name a cluster with --kubeconfig FILE"))?;
    let (clock, metrics) = (Arc::new(ServerClock::new()), Arc::new(Metrics::new()));
    let clients = client::connect(&config, &clock, &metrics)
        .map_err(|e| Failure::unreachable(e, "look at the kubeconfig's certificates"))?;
    let host =
        std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME")).unwrap_or_else(|_| "rollcall".to_owned());
    let settings = Settings {
        operator_user: args
            .operator_user
            .unwrap_or_else(|| format!("system:serviceaccount:{}:rollcall", args.namespace)),
        namespace: args.namespace,
        settle: args.settle,
        max_skew: args.max_skew,
        listen: args.listen,
        elect_leader: !args.no_leader_election,
        identity: unique_identity(&host),
        endpoints: args.endpoints,
        workers: args.workers,
        webhook: WebhookSettings {
            listen: args.webhook_listen,
            url: args.webhook_url,
            certificates: args.webhook_certificates,
        },
    };
    let (trigger, stop) = shutdown::channel();
    tokio::spawn(async move {
        match shutdown::signal().await {
            Ok(signal) => tracing::info!(event = "stopping", signal, "told to stop"),
            Err(error) => tracing::error!(event = "no_signals", "{error}"),
        }
        trigger.request();
    });
    match operator::run(settings, clients, clock, metrics, stop).await {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            tracing::error!(event = "ended", "{error}");
            Err(Failure::unreachable(
                error,
                "another replica has taken over; this one is started again by its Deployment",
            ))
        }
    }
}
