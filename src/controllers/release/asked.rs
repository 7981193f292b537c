//! What is asked of others right before something is let go: the teams' checks once more, and the API server, whether
//! whoever put a workload under rollcall may patch it. rollcall's rights are not lent.

use std::collections::BTreeSet;

use futures::future::{join_all, try_join_all};

use super::situation::Around;
use crate::api::release::ParticipantRole;
use crate::cluster::access::Wish;
use crate::cluster::objects::Release;
use crate::cluster::writes::{ApiError, Resource};
use crate::controllers::checks;
use crate::controllers::facts;
use crate::controllers::world::World;
use crate::domain::names::{Kind, ObjectName};
use crate::domain::scheduling::situation::Work;
use crate::domain::scheduling::{Act, Decision, Situation};
use crate::validate::wire_kind;

/// For which teams workloads of which kinds are about to be touched.
pub type Acting = BTreeSet<(ObjectName, Kind)>;

/// What a decision would touch.
#[must_use]
pub fn acting(situation: &Situation, decision: &Decision) -> Acting {
    let steps = decision.acts.iter().map(Act::step);
    steps
        .filter_map(|name| {
            let step = situation.release.steps.iter().find(|s| s.name == *name)?;
            let participant = situation.release.participants.get(step.participant.as_ref()?)?;
            let Work::Workload(workload) = &step.work else { return None };
            Some((participant.team.clone(), workload.kind))
        })
        .collect()
}

/// Asks, for the teams as they have just been read.
///
/// # Errors
///
/// When the API server does not say who may do what: then nothing may be concluded. A check never fails: that it could
/// not be asked is its answer.
pub(super) async fn ask(
    world: &World,
    release: &Release,
    acting: &Acting,
    around: &mut Around,
) -> Result<(), ApiError> {
    around.checks = answers(world, release, around).await.into_iter().collect();
    let reviews = acting.iter().filter_map(|(name, kind)| {
        let team = around.teams.get(name)?;
        let resource = Resource::of(wire_kind(*kind));
        Some(async move {
            let wish = Wish {
                verb: "patch",
                group: resource.group,
                plural: resource.plural,
                namespace: &team.meta.key.namespace,
                name: "",
            };
            let may = world.objects.may(&team.meta.written_by(), wish).await?;
            Ok::<_, ApiError>((!may).then(|| (name.clone(), *kind)))
        })
    });
    for (team, kind) in try_join_all(reviews).await?.into_iter().flatten() {
        around.author_may_not.entry(team).or_default().insert(kind);
    }
    Ok(())
}

/// The checks of every team whose readiness counts.
async fn answers(
    world: &World,
    release: &Release,
    around: &Around,
) -> Vec<(ObjectName, Vec<crate::api::readiness::CheckStatus>)> {
    let counts = |name: &&ObjectName| {
        let part =
            |p: &&crate::api::release::Participant| (&p.team.namespace, &p.team.name) == (&name.namespace, &name.name);
        release.spec.participants.iter().filter(part).any(|p| p.role != ParticipantRole::Informed)
    };
    let teams = around.teams.iter().filter(|(name, team)| counts(name) && !team.spec.checks.is_empty());
    join_all(teams.map(|(name, team)| async { (name.clone(), checks::recent(world, team).await) })).await
}

/// Asks the checks before others are kept waiting for the answers: what is asked again a moment later is known then.
pub async fn checks_beforehand(world: &World, release: &Release) {
    let teams = release.spec.participants.iter().filter(|p| p.role != ParticipantRole::Informed);
    let found =
        teams.filter_map(|p| world.stores.teams.get(&facts::key(&ObjectName::new(&p.team.namespace, &p.team.name))));
    let with_checks: Vec<_> = found.filter(|team| !team.spec.checks.is_empty()).collect();
    join_all(with_checks.iter().map(|team| checks::recent(world, team))).await;
}
