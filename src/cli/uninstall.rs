//! `rollcall uninstall`: rollcall goes, and leaves nothing behind.

use super::Failure;
use super::release_all::{Answered, ClusterArgs, summary};
use crate::uninstall;

/// Take rollcall out of a cluster: let everything go, then delete all it consists of.
///
/// First everything that `rollcall release-all` does. Then, in this order: the remaining bindings and policies, the
/// definitions with all releases, teams and windows, the operator's Deployment with what belongs to it, its rights,
/// and its namespace if rollcall's manifests made it. Only what carries the label app.kubernetes.io/part-of=rollcall
/// is deleted, and the operator's lease. What is interrupted is finished by running it again.
///
/// Releases, teams and windows are lost unless they are kept elsewhere:
/// `kubectl get dw,tr,crel -A -o yaml > rollcall.yaml` keeps them, and --keep-definitions leaves them in the cluster.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Do it. Without, as with --dry-run, only what would be done is printed.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Leave the definitions, and with them all releases, teams and windows.
    #[arg(long)]
    keep_definitions: bool,
}

pub fn run(args: &Args) -> Answered {
    let dry_run = !args.yes;
    let asked = args.yes || args.dry_run;
    let code = args.cluster.carry_out(dry_run, false, async |run| {
        if !args.keep_definitions {
            for (count, kind) in uninstall::what_is_lost(&run).await?.into_iter().filter(|(count, _)| *count > 0) {
                (run.tell)(&format!("note: {count} {kind} go with their definition"));
            }
        }
        let namespace = &args.cluster.operator_namespace;
        uninstall::stop_operator(&run, namespace).await?;
        uninstall::stop_holding(&run).await?;
        let done = uninstall::sweep(&run, &[]).await?;
        uninstall::remove(&run, namespace, args.keep_definitions).await?;
        Ok(format!("{}{}", summary(dry_run, done), if dry_run { "" } else { "rollcall is uninstalled\n" }))
    })?;
    if asked {
        return Ok(code);
    }
    Err(Failure::usage("nothing was changed", "run it again with --yes to do this, or with --dry-run to only look"))
}
