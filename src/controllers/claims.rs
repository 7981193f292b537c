//! Which release claims a change.

use std::sync::Arc;

use crate::api::release::{Expectation, Step};
use crate::cluster::ObjectKey;
use crate::cluster::objects::{Release, Team};
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::scheduling::situation::{self, Action};
use crate::domain::workload::Workload;
use crate::validate::{self, Found};

use super::facts;
use super::world::{BY_WORKLOAD, World, workload_index};

/// Whether a release's step for this workload claims its present content: all content, or only what the
/// step expects. A workload that does not exist is claimed.
#[must_use]
pub fn content_matches(release: &Release, name: &WorkloadName, found: Option<&Workload>) -> bool {
    let step = release.spec.steps.iter().find(|step| names(release, step, name));
    match (step.and_then(|s| s.expect.as_ref()), found) {
        (None, _) => step.is_some(),
        (Some(_), None) => true,
        (Some(expect), Some(found)) => expectation(expect).difference(found).is_none(),
    }
}

fn expectation(wire: &Expectation) -> situation::Expectation {
    situation::Expectation { images: wire.images.clone(), annotations: wire.annotations.clone() }
}

fn names(release: &Release, step: &Step, name: &WorkloadName) -> bool {
    let participant = step.participant.as_ref().and_then(|p| release.spec.participants.iter().find(|q| q.name == *p));
    step.workload.as_ref().is_some_and(|w| validate::kind(w.kind) == name.kind && w.name == name.name)
        && participant.is_some_and(|p| p.team.namespace == name.namespace)
}

/// The live release that claims a workload's present content, by its plan or by the workload's own
/// annotation (which may name a release that does not exist yet).
#[must_use]
pub fn claimant(world: &World, workload: &Workload) -> Option<ObjectName> {
    let name = &workload.name;
    let index = workload_index(validate::wire_kind(name.kind), &name.namespace, &name.name);
    let live = world.stores.releases.by_index(BY_WORKLOAD, &index);
    let claims = |r: &&Arc<Release>| {
        claims_now(r, || still_consents(world, r, name)) && content_matches(r, name, Some(workload))
    };
    let by_plan = live.iter().find(claims);
    by_plan.map(|r| facts::name(&r.meta.key)).or_else(|| workload.claim.clone())
}

/// A claim is held from acceptance until the end: a finished release claims nothing, and neither does one that was
/// never accepted. One that has yet to be looked at may be accepted, so it counts. One that was accepted and is not any
/// more, because of a team that withdrew or is gone, or of a mistake in its plan, claims on what teams leave to it that
/// still consent: else their changes would go out of order. One that had ended and only takes back what it shipped
/// claims nothing anew.
#[must_use]
pub fn claims_now(release: &Release, consents: impl FnOnce() -> bool) -> bool {
    let status = &release.status;
    if status.finished == Some(true) || status.reopened_at.is_some() || release.meta.terminating {
        return false;
    }
    let refused = status.observed_generation == Some(release.meta.generation)
        && status.conditions.iter().any(|c| c.type_ == "Accepted" && c.status == "False");
    !refused || status.accepted_at.is_some() && consents()
}

/// Whether the team of a workload, as the stores have it, still lets a release hold it.
fn still_consents(world: &World, release: &Release, workload: &WorkloadName) -> bool {
    let keys = release.spec.participants.iter().map(|p| ObjectKey::new(&*p.team.namespace, &*p.team.name));
    let teams: Vec<Arc<Team>> = keys.filter_map(|key| world.stores.teams.get(&key)).collect();
    consents(teams.iter().map(|team| &**team), release, workload)
}

/// Whether one of these teams takes part in a release, has the workload, and lets the release hold it.
pub fn consents<'a>(mut teams: impl Iterator<Item = &'a Team>, release: &Release, workload: &WorkloadName) -> bool {
    let name = facts::name(&release.meta.key);
    let takes_part = |team: &Team| {
        let (namespace, name) = (&*team.meta.key.namespace, &*team.meta.key.name);
        release.spec.participants.iter().any(|p| *p.team.namespace == *namespace && *p.team.name == *name)
    };
    teams.any(|team| {
        let nothing = Found { seen: &[], checks: &[] };
        *team.meta.key.namespace == *workload.namespace
            && takes_part(team)
            && validate::team(&facts::meta(&team.meta), &team.spec, nothing, &release.meta.labels).is_ok_and(|team| {
                team.consents_to(&name, Action::Hold) && team.listed.contains(&(workload.kind, workload.name.clone()))
            })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::objects::decode;

    fn release(status: Value) -> Release {
        let text = json!({"metadata": {"namespace": "releases", "name": "r", "uid": "u", "resourceVersion": "1", "generation": 3},
            "spec": {"participants": [], "steps": []}, "status": status});
        decode(&text.to_string()).expect("a release")
    }

    fn conditions(status: &str) -> Value {
        json!([{"type": "Accepted", "status": status, "reason": "R", "message": "m", "lastTransitionTime": "2027-01-12T09:00:00Z"}])
    }

    #[test]
    fn a_claim_is_held_from_acceptance_until_the_end() {
        let since = "2027-01-12T09:00:00Z";
        let refused = json!({"observedGeneration": 3, "conditions": conditions("False")});
        let with = |more: Value| {
            let mut status = refused.clone();
            json_patch::merge(&mut status, &more);
            release(status)
        };
        assert!(claims_now(&release(json!({})), || false), "nobody has looked at it");
        assert!(claims_now(&release(json!({"observedGeneration": 3, "conditions": conditions("True")})), || false));
        assert!(claims_now(&with(json!({"observedGeneration": 2})), || false), "it has changed since");
        assert!(!claims_now(&with(json!({})), || true), "it was never accepted");
        let accepted = json!({"acceptedAt": since});
        assert!(claims_now(&with(accepted.clone()), || true), "another team withdrew");
        assert!(!claims_now(&with(accepted), || false), "this team withdrew");
        for over in [json!({"finished": true}), json!({"reopenedAt": since})] {
            assert!(!claims_now(&release(over), || true));
        }
    }
}
