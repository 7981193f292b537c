//! For each blocker one command that can be run next.

use crate::api::names::STOP;
use crate::cli::cluster::hold::Mend;
use crate::cli::cluster::read::Examined;
use crate::cli::invoked_as;
use crate::domain::ObjectName;
use crate::domain::scheduling::{Cause, WhyRefused};

/// What to run about a blocker of this release. It does not clear every blocker: some only time clears, and then
/// it shows more.
#[must_use]
pub fn next(cause: &Cause, release: &str, step: Option<&str>, examined: &Examined) -> String {
    let (us, platform) = (invoked_as(), &examined.platform);
    let (namespace, name) = release.split_once('/').unwrap_or(("default", release));
    let edit = |kind: &str, object: &ObjectName| format!("kubectl edit {kind} {} -n {}", object.name, object.namespace);
    let window =
        |name: &str| name.split_once('/').map_or_else(|| ObjectName::new("", name), |(ns, n)| ObjectName::new(ns, n));
    match cause {
        Cause::Paused => format!("{us} resume {release}"),
        Cause::Stopped { .. } => format!("kubectl delete configmap {STOP} -n {platform}"),
        Cause::InvalidSpec { .. } | Cause::NotEnough { .. } | Cause::ContentMissing { .. } => {
            format!("kubectl edit crel {name} -n {namespace}")
        }
        Cause::TeamNotFound { team } => format!("kubectl get tr -n {}", team.namespace),
        Cause::TeamInvalid { team, .. }
        | Cause::ConsentMissing { team, .. }
        | Cause::NotListed { team, .. }
        | Cause::AuthorMayNot { team, .. } => edit("tr", team),
        Cause::Check { team, .. } | Cause::Unverified { team, .. } | Cause::VerificationFailed { team, .. } => {
            format!("kubectl get tr {} -n {} -o yaml", team.name, team.namespace)
        }
        Cause::Claimed { by, .. } | Cause::ResourceTaken { by, .. } => format!("{us} status {by}"),
        Cause::PolicyMissing { .. } => mended(examined, release),
        Cause::NotGated { workload } => format!("{us} trace {workload}"),
        Cause::ClockSkew { .. } | Cause::MayNotTouch { .. } => format!("{us} doctor"),
        Cause::Frozen { .. } => {
            format!("{us} override {release} --skip Freeze --reason REASON --ticket TICKET --for 2h")
        }
        Cause::WindowBroken { window: broken, .. } => edit("dw", &window(broken)),
        Cause::WindowClosed { window: closed, .. }
        | Cause::TurnToCome { window: closed, .. }
        | Cause::OpeningFull { window: closed, .. }
        | Cause::StartsUsedUp { window: closed, .. } => {
            let window = window(closed);
            format!("kubectl get dw {} -n {}", window.name, window.namespace)
        }
        Cause::TeamBusy { team, .. } => format!("{us} status -n {namespace}  # steps of {team} under way"),
        Cause::SignOff { team, role, digest, .. } => {
            format!("{us} ready {team} -r {release} --role {role} --revision {}", crate::digest::short(digest))
        }
        Cause::Predecessor { step, .. } | Cause::Soaking { step } | Cause::PredecessorFailed { step } => {
            format!("{us} why {release} --step {step}")
        }
        Cause::Halted { step } | Cause::RollbackOrder { step } => format!("{us} why {release} --step {step}"),
        Cause::WorkloadMissing { workload }
        | Cause::Settling { workload }
        | Cause::StepFailed { workload, .. }
        | Cause::TimedOut { workload, .. } => {
            let kind = workload.kind.as_str().to_lowercase();
            format!("kubectl describe {kind} {} -n {}", workload.name, workload.namespace)
        }
        Cause::PausedByAuthor { workload, .. } => {
            format!("kubectl rollout resume deployment {} -n {}", workload.name, workload.namespace)
        }
        later => undoing(later, release).unwrap_or_else(|| match step {
            Some(step) => format!("{us} explain {}  # step {step}", cause.code()),
            None => format!("{us} explain {}", cause.code()),
        }),
    }
}

/// What puts right what is missing of the hold.
fn mended(examined: &Examined, release: &str) -> String {
    match &examined.mend {
        Some(Mend::Install(command)) => command.clone(),
        Some(Mend::Ask(arguments)) => format!("{} why {release} {arguments}", invoked_as()),
        None => format!("{} doctor", invoked_as()),
    }
}

/// As [`next`], for a person's task and for the way back.
fn undoing(cause: &Cause, release: &str) -> Option<String> {
    let us = invoked_as();
    Some(match cause {
        Cause::TaskOpen { step, digest, .. } => {
            format!("{us} done {step} -r {release} --revision {}", crate::digest::short(digest))
        }
        Cause::TaskLate { .. } => format!("{us} cancel {release} --reason REASON"),
        Cause::RollbackFailed { workload, .. }
        | Cause::NotUndone { workload, .. }
        | Cause::WasRolledBack { workload, .. }
        | Cause::RolledBackBy { workload, .. } => format!("{us} trace {workload}"),
        Cause::UndoRefused { team, why: WhyRefused::NoConsent | WhyRefused::NotListed, .. } => {
            format!("kubectl edit tr {} -n {}", team.name, team.namespace)
        }
        Cause::UndoRefused { why: WhyRefused::Claimed { by }, .. } => format!("{us} status {by}"),
        Cause::UndoRefused { .. } => format!("{us} cancel {release} --reason REASON"),
        _ => return None,
    })
}
