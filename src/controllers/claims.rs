//! Which release claims a change.

use crate::api::release::{Expectation, Step};
use crate::cluster::objects::Release;
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::scheduling::situation;
use crate::domain::workload::Workload;
use crate::validate;

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
    let by_plan = live.iter().find(|r| holds_claims(r) && content_matches(r, name, Some(workload)));
    by_plan.map(|r| facts::name(&r.meta.key)).or_else(|| workload.claim.clone())
}

/// A finished release claims nothing, and neither does one whose plan makes no sense or to which a team
/// has not consented: a claim is held from acceptance until the end. One that has yet to be looked at may
/// be accepted, so it counts. One that had ended and only takes back what it shipped claims nothing anew.
fn holds_claims(release: &Release) -> bool {
    let status = &release.status;
    let refused = status.observed_generation == Some(release.meta.generation)
        && status.conditions.iter().any(|c| c.type_ == "Accepted" && c.status == "False");
    status.finished != Some(true) && status.reopened_at.is_none() && !release.meta.terminating && !refused
}
