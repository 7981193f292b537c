//! For each blocker one command that can be run next.

use crate::cli::invoked_as;
use crate::domain::ObjectName;
use crate::domain::scheduling::Cause;

/// What to run about a blocker of this release. It does not clear every blocker: some only time clears, and then
/// it shows more.
#[must_use]
pub fn next(cause: &Cause, release: &str, step: Option<&str>) -> String {
    let us = invoked_as();
    let (namespace, name) = release.split_once('/').unwrap_or(("default", release));
    let edit = |kind: &str, object: &ObjectName| format!("kubectl edit {kind} {} -n {}", object.name, object.namespace);
    let window =
        |name: &str| name.split_once('/').map_or_else(|| ObjectName::new("", name), |(ns, n)| ObjectName::new(ns, n));
    match cause {
        Cause::Paused => format!("{us} resume {release}"),
        Cause::InvalidSpec { .. } | Cause::NotEnough { .. } | Cause::ContentMissing { .. } => {
            format!("kubectl edit crel {name} -n {namespace}")
        }
        Cause::TeamNotFound { team } => format!("kubectl get tr -n {}", team.namespace),
        Cause::TeamInvalid { team, .. }
        | Cause::ConsentMissing { team, .. }
        | Cause::NotListed { team, .. }
        | Cause::AuthorMayNot { team, .. } => edit("tr", team),
        Cause::Check { team, .. } => format!("kubectl get tr {} -n {} -o yaml", team.name, team.namespace),
        Cause::Claimed { by, .. } | Cause::ResourceTaken { by, .. } => format!("{us} status {by}"),
        Cause::PolicyMissing { .. } => "rollcall policies | kubectl apply --server-side -f -".to_owned(),
        Cause::NotGated { workload } => format!("{us} trace {workload}"),
        Cause::ClockSkew { .. } => format!("{us} doctor"),
        Cause::Frozen { .. } => {
            format!("{us} override {release} --skip Freeze --reason REASON --ticket TICKET --for 2h")
        }
        Cause::WindowBroken { window: broken, .. } => edit("dw", &window(broken)),
        Cause::WindowClosed { window: closed, .. } => {
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
        Cause::Halted { step } => format!("{us} why {release} --step {step}"),
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
        _ => match step {
            Some(step) => format!("{us} explain {}  # step {step}", cause.code()),
            None => format!("{us} explain {}", cause.code()),
        },
    }
}
