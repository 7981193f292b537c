//! Which release claims a change.

use std::sync::Arc;

use crate::api::release::{Expectation, Step};
use crate::cluster::ObjectKey;
use crate::cluster::objects::Release;
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
    let claims =
        |r: &&Arc<Release>| claims_now(r, || consents(world, r, name)) && content_matches(r, name, Some(workload));
    let by_plan = live.iter().find(claims);
    by_plan.map(|r| facts::name(&r.meta.key)).or_else(|| workload.claim.clone())
}

/// A claim is held from acceptance until the end: a finished release claims nothing, and neither does one that was
/// never accepted. One that has yet to be looked at may be accepted, so it counts. One that was accepted and is not any
/// more, because of a team that withdrew or is gone, or of a mistake in its plan, claims on what teams leave to it that
/// still consent: else their changes would go out of order. One that had ended and only takes back what it shipped
/// claims nothing anew.
fn claims_now(release: &Release, consents: impl FnOnce() -> bool) -> bool {
    let status = &release.status;
    if status.finished == Some(true) || status.reopened_at.is_some() || release.meta.terminating {
        return false;
    }
    let refused = status.observed_generation == Some(release.meta.generation)
        && status.conditions.iter().any(|c| c.type_ == "Accepted" && c.status == "False");
    !refused || status.accepted_at.is_some() && consents()
}

/// Whether the team of a workload still lets a release hold it.
fn consents(world: &World, release: &Release, workload: &WorkloadName) -> bool {
    let teams = release.spec.participants.iter().filter(|p| p.team.namespace == workload.namespace);
    let found = teams.filter_map(|p| world.stores.teams.get(&ObjectKey::new(&*p.team.namespace, &*p.team.name)));
    let nothing = || Found { seen: &[], checks: &[] };
    let sound =
        found.filter_map(|t| validate::team(&facts::meta(&t.meta), &t.spec, nothing(), &release.meta.labels).ok());
    let name = facts::name(&release.meta.key);
    let mut consenting = sound.filter(|team| team.consents_to(&name, Action::Hold));
    consenting.any(|team| team.listed.contains(&(workload.kind, workload.name.clone())))
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
