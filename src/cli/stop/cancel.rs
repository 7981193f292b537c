//! `rollcall cancel`: ends a release before it is done.

use std::process::ExitCode;

use serde_json::json;

use super::{ask_first, live, said};
use crate::cli::cluster::read::{self, Examined};
use crate::cli::cluster::{Cluster, ClusterArgs};
use crate::cli::screen::text::inert;
use crate::cli::sign::whoami;
use crate::cli::{Failure, answer, completion, invoked_as, told_first};
use crate::cluster::writes::RELEASES;
use crate::domain::scheduling::StepState;
use crate::domain::scheduling::situation::Work;

/// End a release before it is done. It cannot be begun again.
///
/// What runs, runs on, and nothing goes back: for that there is `rollback`. What is still held becomes its teams' own
/// again, or with --held keep stays held until another release takes it.
///
/// Exit codes: 0 cancelled, 1 refused or not confirmed, 2 wrong usage, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// Why. Everybody can read it.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    reason: String,
    /// What becomes of changes that the release holds.
    #[arg(long, value_enum, default_value_t = Held::Free, value_name = "HOW")]
    held: Held,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// They go as changes that no release claims.
    Free,
    /// They stay held until another release takes them.
    Keep,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let cluster = Cluster::find(&args.cluster).await?;
    let name = cluster.named(&args.release);
    let release = live(&cluster, &name, "cancelled").await?;
    let version = release.meta.version.as_str().to_owned();
    let me = whoami(&cluster).await;
    let before = read::examine(&cluster, release, None).await?;
    told_first(&told(&before, args.held))?;
    ask_first(args.yes, &format!("Cancel it as {}? [y/N] ", inert(&me)), "nothing was cancelled")?;
    let held = if args.held == Held::Keep { "Keep" } else { "Free" };
    let patch = json!([
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/spec/cancel", "value": {"reason": args.reason, "held": held}},
    ]);
    cluster.api.patch(RELEASES, &name.namespace, &name.name, patch).await.map_err(|r| r.told(&cluster.api))?;
    answer(&format!("{name} is cancelled\nto see it end: {} status {name}\n", invoked_as()))
}

/// What becomes of its steps.
fn told(before: &Examined, held: Held) -> String {
    let mut out = format!("{} ends. It cannot be begun again.\n", inert(&before.release.meta.key.to_string()));
    let Some((situation, decision)) = &before.sound else {
        return out;
    };
    let named = |of: &dyn Fn(StepState) -> bool| -> String {
        let views = decision.steps.iter().filter(|v| of(v.state));
        views.map(|v| inert(&v.name)).collect::<Vec<_>>().join(", ")
    };
    let waits = |name: &str| decision.steps.iter().any(|v| v.name == name && v.state == StepState::Waiting);
    let is_held = |step: &&crate::domain::scheduling::situation::Step| match &step.work {
        Work::Workload(name) => situation.workloads.get(name).is_some_and(|w| w.hold.is_held()) && waits(&step.name),
        Work::Wait(_) | Work::Task(_) => false,
    };
    let steps: Vec<String> = situation.release.steps.iter().filter(is_held).map(|s| inert(&s.name)).collect();
    let fate = match held {
        Held::Free => "Held, and their teams' own again",
        Held::Keep => "Held, and stay so until another release takes them",
    };
    for (head, steps) in [
        ("Done, and run on", named(&|s| s == StepState::Done)),
        (
            "Under way, and run on",
            named(&|s| matches!(s, StepState::Granted | StepState::Progressing | StepState::Soaking)),
        ),
        ("Pinned by a rollback, and let loose", named(&|s| s == StepState::RollingBack)),
        (fate, steps.join(", ")),
    ] {
        if !steps.is_empty() {
            out.push_str(&format!("  {head}: {steps}\n"));
        }
    }
    out
}
