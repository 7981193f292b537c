//! Carries out what was decided: records the grants, all in one write that succeeds only on the version
//! of the release that was decided on, then lets the workloads go, each only in the version that was
//! approved. A stop that commits before the grant makes the grant fail; one that commits after it comes
//! too late for these steps, and the status says what went.

use std::sync::Arc;

use futures::future::join_all;

use super::{overrides, report};
use crate::api::release::{CoordinatedReleaseStatus, Grant};
use crate::api::time::to_wire;
use crate::cluster::objects::Release;
use crate::cluster::writes::{ApiError, RELEASES};
use crate::controllers::events::{self, Moment};
use crate::controllers::world::World;
use crate::domain::names::WorkloadName;
use crate::domain::scheduling::{Act, Decision, GRANT_VALIDITY, Situation};
use crate::validate::wire_kind;

/// The form in which grants are written. Another number is somebody else's: the step holds.
pub const GRANT_FORMAT: i32 = 1;

/// Grants, lets go, and reports.
///
/// # Errors
///
/// When the grant could not be recorded; nothing was let go then. A workload that could not be let go is
/// left for the next decision: its grant is void after [`GRANT_VALIDITY`].
pub async fn carry_out(
    world: &World,
    release: &Arc<Release>,
    situation: &Situation,
    decision: &Decision,
) -> Result<(), ApiError> {
    let granted = decision.acts.iter().any(|act| matches!(act, Act::Grant { .. }));
    let mut status = report::status(world, release, situation, decision);
    if granted {
        status = with_grants(status, release, situation, decision);
        record(world, release, &status).await?;
    } else {
        report::write(world, release, status.clone()).await?;
    }
    if world.clock.now() >= situation.now + GRANT_VALIDITY {
        tracing::warn!(event = "grant_void", release = %release.meta.key, "recording the grant took too long; everything is asked again");
        return Ok(());
    }
    join_all(decision.acts.iter().map(|act| let_go(world, release, &decision.digest, act))).await;
    if granted {
        report::tell(world, release, &status).await;
    }
    Ok(())
}

async fn record(world: &World, release: &Release, status: &CoordinatedReleaseStatus) -> Result<(), ApiError> {
    let key = &release.meta.key;
    let written =
        world.objects.replace_status(RELEASES, &key.namespace, &key.name, &release.meta.version, status).await;
    match written {
        Ok(version) => {
            world.metrics.grant("granted");
            world.stores.releases.expect_at_least(key.clone(), version);
            Ok(())
        }
        Err(error) => {
            if matches!(error, ApiError::Conflict { .. }) {
                world.metrics.cas_conflict();
            }
            world.metrics.grant("refused");
            Err(error)
        }
    }
}

fn with_grants(
    mut status: CoordinatedReleaseStatus,
    release: &Release,
    situation: &Situation,
    decision: &Decision,
) -> CoordinatedReleaseStatus {
    let now = to_wire(situation.now);
    for act in &decision.acts {
        let Act::Grant { step, uid, version, template, overridden, .. } = act else {
            continue;
        };
        let Some(entry) = status.steps.iter_mut().find(|s| s.name == *step) else {
            continue;
        };
        "Granted".clone_into(&mut entry.state);
        entry.grant = Some(Grant {
            format: GRANT_FORMAT,
            at: now.clone(),
            digest: decision.digest.clone(),
            workload_uid: uid.clone(),
            workload_version: version.clone(),
            template: template.clone(),
            evidence: situation.evidence.clone(),
            overridden: overridden.clone(),
        });
        entry.started_at = None;
        entry.finished_at = None;
    }
    if decision.acts.iter().any(|act| matches!(act, Act::Grant { overridden: Some(_), .. })) {
        overrides::used(&mut status, release, &decision.digest, situation.now);
    }
    status.started_at.get_or_insert(now);
    status
}

async fn let_go(world: &World, release: &Release, digest: &str, act: &Act) {
    let (Act::Grant { step, workload, version, .. } | Act::Release { step, workload, version, .. }) = act;
    let why = format!("release {} step {step} digest {}", release.meta.key, crate::digest::short(digest));
    match released(world, workload, version, &why).await {
        Ok(()) => {
            tracing::info!(event = "released", release = %release.meta.key, step, %workload, version, "let go");
            let moment = Moment {
                reason: "StepReleased",
                action: "Release",
                note: format!("step {step}: {workload} may roll out"),
                warning: false,
            };
            events::about_release(world, release, moment).await;
        }
        Err(error) => {
            if matches!(error, ApiError::Conflict { .. }) {
                world.metrics.cas_conflict();
            }
            tracing::warn!(event = "release_failed", release = %release.meta.key, step, %workload, "{error}");
            if matches!(error, ApiError::Forbidden { .. }) {
                let note = format!("step {step}: {workload} could not be let go: {error}");
                events::about_release(
                    world,
                    release,
                    Moment { reason: "NotAuthorized", action: "Release", note, warning: true },
                )
                .await;
            }
        }
    }
    // Whatever came of it, look again: a conflict means new facts, and a void grant must be given anew.
    world.queues.releases.add_at(release.meta.key.clone(), world.clock.now() + chrono::TimeDelta::seconds(1));
}

async fn released(world: &World, name: &WorkloadName, version: &str, why: &str) -> Result<(), ApiError> {
    let kind = wire_kind(name.kind);
    let found = super::observe::read_workload(world, kind, &name.namespace, &name.name).await?;
    let found = found.ok_or_else(|| ApiError::NotFound { what: name.to_string() })?;
    if found.version.as_str() != version || found.hold.is_none() {
        return Err(ApiError::Conflict { what: name.to_string() });
    }
    let written = world.objects.release(&found, why).await?;
    world.stores.workloads(kind).expect_at_least(found.key.clone(), written);
    Ok(())
}
