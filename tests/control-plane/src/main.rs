//! The command `control-plane`: builds the programs of a control plane, tells where they lie,
//! runs one. It never changes anything outside the cache and the temporary folder.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use control_plane::{Audit, ControlPlane, Error, cache};

/// A real Kubernetes control plane on loopback, for tests and demos
///
/// etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, and kwok for fake
/// nodes whose pods become ready. Everything runs as you, on 127.0.0.1, and ends with its owner.
#[derive(Parser)]
#[command(
    name = "control-plane",
    after_long_help = "\
Environment:
  ROLLCALL_CACHE          where the programs are kept (default: $XDG_CACHE_HOME/rollcall, else
                          ~/.cache/rollcall)
  KUBEBUILDER_ASSETS      a folder with etcd, kube-apiserver, kubectl, ... to use instead
  CONTROL_PLANE_KEEP=1    keep data, logs and kubeconfigs after the end
  USE_EXISTING_CLUSTER=true
                          start nothing and use the cluster of KUBECONFIG

Example:
  cargo run -p control-plane -- build
  cargo run -p control-plane -- up"
)]
struct Arguments {
    /// The Kubernetes version, such as 1.37 (default: the newest on offer)
    #[arg(long, global = true, value_name = "VERSION")]
    kubernetes: Option<String>,
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the programs into the cache and print the folder they lie in
    ///
    /// Needs Go on the PATH and the network. The first time takes about ten minutes; after that,
    /// nothing is done.
    Build,
    /// Print the folder of the programs, or fail if they are not built
    Path,
    /// Start a control plane and run it until ctrl-c
    Up {
        /// How many fake nodes it has
        #[arg(long, default_value_t = 2)]
        nodes: u16,
        /// Also record the bodies of writes and of their answers in the audit log
        #[arg(long)]
        audit_bodies: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let version = arguments.kubernetes.as_deref();
    match arguments.command {
        Verb::Build => println!("{}", cache::build(version)?.display()),
        Verb::Path => println!("{}", cache::Programs::find(version)?.dir().display()),
        Verb::Up { nodes, audit_bodies } => up(version, nodes, audit_bodies).await?,
    }
    Ok(())
}

async fn up(version: Option<&str>, nodes: u16, audit_bodies: bool) -> Result<(), Error> {
    let audit = if audit_bodies { Audit::RequestResponse } else { Audit::Metadata };
    let mut builder = ControlPlane::builder().nodes(nodes).audit(audit);
    if let Some(version) = version {
        builder = builder.kubernetes(version);
    }
    let begin = Instant::now();
    let plane = builder.start().await?;
    let seconds = begin.elapsed().as_secs_f64();
    let kubeconfig = plane.admin()?.kubeconfig_path().display().to_string();
    let mut text = format!("{kubeconfig}\nexport KUBECONFIG={kubeconfig}\n");
    if let Ok(programs) = cache::Programs::find(version) {
        text.push_str(&format!("export PATH={}:$PATH\n", programs.dir().display()));
    }
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|source| Error::Io { what: "writing to stdout".to_owned(), source })?;
    eprintln!("control-plane: {} is up after {seconds:.1} s; ctrl-c ends it", plane.server());
    wait_for_end(&plane).await
}

/// Until ctrl-c or SIGTERM; a program that dies meanwhile is an error.
async fn wait_for_end(plane: &ControlPlane) -> Result<(), Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())
        .map_err(|source| Error::Io { what: "listening for SIGTERM".to_owned(), source })?;
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = look.tick() => plane.check()?,
        }
    }
}
