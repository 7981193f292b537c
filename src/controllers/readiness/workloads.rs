//! One listed workload: is it there, does it carry the gate label, and what of it is held?

use super::{Looked, Trouble, glass, independent, pinned, pod_gate, recorded, unshown};
use crate::api::fields::{WorkloadKind, WorkloadRef};
use crate::api::names::GATE_LABEL;
use crate::api::readiness::TeamWorkload;
use crate::api::time::{from_wire, to_wire};
use crate::cluster::ObjectKey;
use crate::cluster::objects::Team;
use crate::cluster::workloads::Workload;
use crate::cluster::writes::ApiError;
use crate::controllers::events::{self, Moment};
use crate::controllers::world::{NEXT_TRY, World};
use crate::domain::scheduling::independent::{Answer, LetGo};
use crate::domain::scheduling::situation;

/// Looks at a workload, labels it if the team lists it and nobody else gates it, and lets a held change
/// go that may go by itself.
///
/// # Errors
///
/// When the API server does not answer; a refusal is an answer.
pub async fn look_at(
    world: &World,
    team: &Team,
    checked: &situation::Team,
    workload: &WorkloadRef,
) -> Result<Looked, ApiError> {
    let key = ObjectKey::new(&*team.meta.key.namespace, workload.name.as_str());
    let Some(found) = world.stores.workloads(workload.kind).get(&key) else {
        return Ok(troubled(workload, Trouble::NotFound, "NotFound", "it does not exist"));
    };
    if let Some(why) = &found.owned_elsewhere {
        return Ok(troubled(workload, Trouble::NotSupported, "NotSupported", why));
    }
    match found.gate.as_deref() {
        Some(gate) if gate == &*team.meta.key.name => gated(world, team, checked, workload, &found).await,
        Some(other) => {
            let why = format!("its label {GATE_LABEL} names another team, {other}");
            Ok(troubled(workload, Trouble::NotLabelled, "NotLabelled", &why))
        }
        None => label(world, team, workload).await,
    }
}

/// The workloads that the team lists, and those that carry its gate label although it does not list them: somebody else
/// set the label, and what they hold must not be forgotten. The label stays: whoever set it would set it again.
#[must_use]
pub fn all(world: &World, team: &Team) -> Vec<WorkloadRef> {
    unshown::in_order(team, world.stores.workloads.gated_by(&team.meta.key.to_string()))
}

/// Says of each workload that is held for a team that does not exist that nobody will let it go.
pub async fn without_team(world: &World, team: &ObjectKey) {
    for found in world.stores.workloads.gated_by(&team.to_string()).into_iter().filter(|w| w.hold.is_some()) {
        let known = format!("{} {}", found.uid, found.template);
        let new = world.told.lock().is_ok_and(|mut told| told.insert(known));
        if new {
            let note = format!(
                "it is held for TeamReadiness {team}, which does not exist, so nothing will let it go: create it, or break the glass"
            );
            events::about_workload(
                world,
                &found,
                Moment { reason: "TeamMissing", action: "Hold", note, warning: true },
            )
            .await;
        }
    }
}

async fn label(world: &World, team: &Team, workload: &WorkloadRef) -> Result<Looked, ApiError> {
    let (namespace, name) = (&*team.meta.key.namespace, &*team.meta.key.name);
    let tried_again = |trouble, why: &str| {
        let until = Some(world.clock.now() + NEXT_TRY);
        Looked { until, ..troubled(workload, trouble, "NotLabelled", why) }
    };
    match world.objects.label(workload.kind, namespace, &workload.name, name).await {
        // The watch shows the label, which wakes us again.
        Ok(()) => Ok(troubled(workload, Trouble::NotLabelled, "NotLabelled", "the gate label has just been set")),
        Err(ApiError::NotFound { .. }) => Ok(troubled(workload, Trouble::NotFound, "NotFound", "it does not exist")),
        Err(ApiError::Forbidden { message, .. }) => {
            let why = format!(
                "rollcall may not label it: {message}; bind the ClusterRole rollcall-workloads in this namespace"
            );
            Ok(tried_again(Trouble::NotAuthorized, &why))
        }
        Err(ApiError::Refused { message, .. }) => {
            Ok(tried_again(Trouble::NotLabelled, &format!("the API server refuses the gate label: {message}")))
        }
        Err(other) => Err(other),
    }
}

async fn gated(
    world: &World,
    team: &Team,
    checked: &situation::Team,
    workload: &WorkloadRef,
    found: &Workload,
) -> Result<Looked, ApiError> {
    let pinned = pinned::let_loose(world, found).await?;
    let looked = held(world, team, checked, workload, found).await?;
    Ok(match pinned {
        Some(said) => {
            let why =
                format!("the release that was rolling it back is gone, and rollcall may not let it loose: {said}");
            let next_try = Some(world.clock.now() + NEXT_TRY);
            Looked { until: looked.until.into_iter().chain(next_try).min(), ..refused(looked, &why) }
        }
        None => looked,
    })
}

/// What of a workload of the team is held, and what becomes of that.
async fn held(
    world: &World,
    team: &Team,
    checked: &situation::Team,
    workload: &WorkloadRef,
    found: &Workload,
) -> Result<Looked, ApiError> {
    let now = world.clock.now();
    let before = recorded(world, team, workload);
    let before = before.as_ref();
    let mut status = status_of(workload.kind, &workload.name, "Gated");
    status.let_go_at = before.and_then(|w| w.let_go_at.clone());
    glass::remember(&mut status, found);
    let broken = glass::broken(before, found, now);
    let mut looked = Looked { status: status.clone(), trouble: None, broken, overdue: false, until: None };
    if found.hold.is_none() || found.terminating {
        let followed = pod_gate::follow(world, found).await?;
        looked.until = followed.until;
        return Ok(match followed.trouble {
            Some(why) => refused(looked, &why),
            None => looked,
        });
    }
    let known = before.filter(|w| w.held_template.as_ref() == Some(&found.template));
    let since = known.and_then(|w| w.held_since.as_deref()).and_then(from_wire);
    status.held_since = Some(to_wire(since.unwrap_or(now)));
    status.held_template = Some(found.template.clone());
    let answer = match independent::answer(world, team, checked, found, since).await {
        // One that is refused keeps none of the others waiting, and neither does one that changes all the time.
        Err(ApiError::Forbidden { message, .. } | ApiError::Refused { message, .. }) => {
            looked.trouble = Some(Trouble::NotAuthorized);
            let why = format!("rollcall may not let it go: {message}");
            Answer::Wait { why, until: Some(now + NEXT_TRY), overdue: false }
        }
        Err(ApiError::Conflict { .. } | ApiError::NotFound { .. }) => independent::is_changing(now),
        answer => answer?,
    };
    match answer {
        Answer::LetGo(why) => {
            status.let_go_at = Some(to_wire(now)).filter(|_| why != LetGo::TakenBack).or(status.let_go_at);
            status.message = Some(format!("let go: {}", why.as_str()));
        }
        Answer::Wait { why, until, overdue } => {
            status.message = Some(crate::api::conditions::cut(&why, 1024));
            looked.until = until;
            looked.overdue = overdue;
        }
    }
    looked.status = status;
    Ok(looked)
}

fn refused(mut looked: Looked, why: &str) -> Looked {
    looked.trouble = Some(Trouble::NotAuthorized);
    looked.status.message = Some(crate::api::conditions::cut(why, 1024));
    looked
}

fn troubled(workload: &WorkloadRef, trouble: Trouble, state: &str, why: &str) -> Looked {
    let mut status = status_of(workload.kind, &workload.name, state);
    status.message = Some(crate::api::conditions::cut(why, 1024));
    Looked { status, trouble: Some(trouble), broken: None, overdue: false, until: None }
}

/// What is said of a workload at least.
pub(super) fn status_of(kind: WorkloadKind, name: &str, state: &str) -> TeamWorkload {
    TeamWorkload {
        kind,
        name: name.to_owned(),
        state: state.to_owned(),
        held_since: None,
        held_template: None,
        let_go_at: None,
        template: None,
        let_go_by: None,
        glass: None,
        message: None,
    }
}
