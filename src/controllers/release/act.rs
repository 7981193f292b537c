//! Carries out what was decided: records the grants and the steps back, all in one write that succeeds only on
//! the version of the release that was decided on, then touches the workloads, each only in the version that was
//! approved. A stop that commits before that record makes it fail; one that commits after it comes too late for
//! these steps, and the status says what went.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;

use super::touch::{self, touch};
use super::{overrides, report};
use crate::api::ending::{FormerRevision, ReplacedContent};
use crate::api::release::{CoordinatedReleaseStatus, Grant};
use crate::api::time::to_wire;
use crate::cluster::objects::Release;
use crate::cluster::writes::{ApiError, RELEASES};
use crate::controllers::world::World;
use crate::domain::names::WorkloadName;
use crate::domain::scheduling::{Act, Decision, GRANT_VALIDITY, Situation, shares, taken_over};
use crate::validate::wire_kind;

/// The form in which grants are written. Another number is somebody else's: the step holds.
pub const GRANT_FORMAT: i32 = 1;

/// As much evidence as the schema lets a grant carry. What is left out was compared all the same.
const EVIDENCE: usize = 64;

/// Grants, lets go, puts back, and reports.
///
/// # Errors
///
/// When what is to be done could not be recorded; nothing was touched then. A workload that could not be
/// touched is left for the next decision: a grant is void after [`GRANT_VALIDITY`].
pub async fn carry_out(
    world: &World,
    release: &Arc<Release>,
    situation: &Situation,
    decision: &Decision,
) -> Result<(), ApiError> {
    let recorded = decision.acts.iter().any(|act| matches!(act, Act::Grant { .. } | Act::RollBack { .. }));
    let mut status = report::status(world, release, situation, decision);
    if recorded {
        let Some(formers) = formers(world, release, situation, decision).await? else {
            world.queues.releases.add_at(release.meta.key.clone(), world.clock.now() + chrono::TimeDelta::seconds(1));
            return Ok(());
        };
        status = with_grants(status, release, situation, decision, formers);
        record(world, release, &status).await?;
    } else {
        report::write(world, release, status.clone()).await?;
    }
    if world.clock.now() >= situation.now + GRANT_VALIDITY {
        tracing::warn!(event = "grant_void", release = %release.meta.key, "recording the grant took too long; everything is asked again");
        world.queues.releases.add_at(release.meta.key.clone(), world.clock.now() + chrono::TimeDelta::seconds(1));
        return Ok(());
    }
    let now = at_once(situation, decision);
    join_all(now.iter().map(|act| touch(world, release, &decision.digest, act))).await;
    if now.len() < decision.acts.len() {
        world.queues.releases.add_at(release.meta.key.clone(), world.clock.now());
    }
    if recorded {
        report::tell(world, release, &status).await;
    }
    Ok(())
}

/// What is done at once. The rest is recorded, and done on another look.
fn at_once<'a>(situation: &Situation, decision: &'a Decision) -> Vec<&'a Act> {
    decision.acts.iter().filter(|act| !looks_once_more(situation, act)).collect()
}

/// Somebody else who believes to lead may have granted the same at the same time. Both have recorded it before they look
/// again, so at least one of the two sees the other's grant, and neither lets go what it sees granted twice.
fn looks_once_more(situation: &Situation, act: &Act) -> bool {
    let step = situation.release.steps.iter().find(|step| step.name == act.step());
    matches!(act, Act::Grant { .. }) && step.is_some_and(|step| shares(situation, step))
}

/// What there was before a step lets something go.
#[derive(Default)]
struct Before {
    /// What ran before all that the step lets go; absent if nothing did.
    former: Option<FormerRevision>,
    /// What of that it had let go already.
    replaced: Vec<ReplacedContent>,
}

/// What there was before everything that is about to be let go, by step. `None` if rollcall may not read that of all
/// of them: which ones is remembered, and the next decision leaves them out.
async fn formers(
    world: &World,
    release: &Release,
    situation: &Situation,
    decision: &Decision,
) -> Result<Option<BTreeMap<String, Before>>, ApiError> {
    let grants = decision.acts.iter().filter(|act| matches!(act, Act::Grant { .. }));
    let asked = grants.map(|act| async move {
        let answer = match taken_over(situation, act.step()) {
            Some((former, replaced)) => {
                Ok(Before { former: former.map(report::former), replaced: report::replaced(&replaced) })
            }
            None => {
                let former = former(world, act.workload(), act.version()).await;
                former.map(|former| Before { former, ..Before::default() })
            }
        };
        (act, answer)
    });
    let (mut formers, mut all_may) = (BTreeMap::new(), true);
    for (act, answer) in join_all(asked).await {
        match answer {
            Ok(before) => drop(formers.insert(act.step().to_owned(), before)),
            Err(ApiError::Forbidden { message, .. }) => {
                touch::refused(world, release, act, &message).await;
                all_may = false;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(all_may.then_some(formers))
}

/// What runs, as far as the workload's own controller tells.
async fn former(world: &World, name: &WorkloadName, version: &str) -> Result<Option<FormerRevision>, ApiError> {
    let found = super::observe::read_workload(world, wire_kind(name.kind), &name.namespace, &name.name).await?;
    let found = found.filter(|w| w.version.as_str() == version);
    let found = found.ok_or_else(|| ApiError::Conflict { what: name.to_string() })?;
    let former = world.objects.former_revision(&found).await?;
    Ok(former.map(|f| FormerRevision { name: f.name, template: f.digest }))
}

async fn record(world: &World, release: &Release, status: &CoordinatedReleaseStatus) -> Result<(), ApiError> {
    let key = &release.meta.key;
    let written =
        world.objects.replace_status(RELEASES, &key.namespace, &key.name, &release.meta.version, status).await;
    match written {
        Ok(version) => {
            world.metrics.grant("granted");
            world.last_said.note(key, release.meta.generation, version.clone(), world.clock.now());
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
    mut formers: BTreeMap<String, Before>,
) -> CoordinatedReleaseStatus {
    let now = to_wire(situation.now);
    for act in &decision.acts {
        let Some(entry) = status.steps.iter_mut().find(|s| s.name == act.step()) else {
            continue;
        };
        match act {
            Act::Grant { step, workload, uid, version, template, overridden } => {
                let Before { former, replaced } = formers.remove(step).unwrap_or_default();
                let rolled_back_before = situation.workloads.get(workload).is_some_and(|w| w.was_rolled_back());
                "Granted".clone_into(&mut entry.state);
                entry.grant = Some(Grant {
                    format: GRANT_FORMAT,
                    at: now.clone(),
                    digest: decision.digest.clone(),
                    workload_uid: uid.clone(),
                    workload_version: version.clone(),
                    template: template.clone(),
                    rolled_back_before: rolled_back_before.then_some(true),
                    former,
                    replaced,
                    evidence: situation.evidence.iter().take(EVIDENCE).cloned().collect(),
                    overridden: overridden.clone(),
                    withdrawn_at: None,
                });
                entry.started_at = None;
                entry.finished_at = None;
                entry.rolled_back_at = None;
                status.started_at.get_or_insert(now.clone());
            }
            Act::RollBack { .. } => {
                "RollingBack".clone_into(&mut entry.state);
                entry.rolled_back_at = Some(now.clone());
            }
            Act::Release { .. }
            | Act::Unpin { .. }
            | Act::Keep { .. }
            | Act::HoldBack { .. }
            | Act::Withdraw { .. } => {}
        }
    }
    if decision.acts.iter().any(|act| matches!(act, Act::Grant { overridden: Some(_), .. })) {
        overrides::used(&mut status, release, &decision.digest, situation.now);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scheduling::decide;
    use crate::domain::scheduling::fixtures::{Given, ready};

    /// The steps that are decided on, and those of them that are touched at once.
    fn steps(given: &Given) -> [Vec<String>; 2] {
        let decision = decide(&given.0);
        let of = |acts: Vec<&Act>| acts.into_iter().map(|act| format!("{} {}", act.verb(), act.step())).collect();
        [of(decision.acts.iter().collect()), of(at_once(&given.0, &decision))]
    }

    #[test]
    fn what_others_may_grant_too_is_let_go_only_on_a_later_look() {
        let alone = ready();
        assert_eq!(steps(&alone), [["grant data", "grant shop"]; 2], "nobody shares anything");
        let shared = ready().requires("data", "orders-db", 1);
        assert_eq!(steps(&shared), [vec!["grant data", "grant shop"], vec!["grant shop"]]);
        let busy = ready().team("shop", |t| t.parallel_steps = Some(2));
        assert_eq!(steps(&busy), [vec!["grant data", "grant shop"], vec!["grant data"]]);
        let later = shared.granted("data", "08:59:59");
        assert_eq!(steps(&later), [["release data", "grant shop"]; 2], "its grant was there on this look");
    }
}
