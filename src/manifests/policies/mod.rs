//! The admission policies that hold workloads and vouch for who wrote what.
//!
//! Nothing here ever decides whether a release may go: policies see one object, no clock and no other object.
//! They keep what is written held, stamp it with its writer, and refuse what nobody may write.
//!
//! Sources: KEP-3488 (ValidatingAdmissionPolicy, GA in Kubernetes 1.30), KEP-3962 (MutatingAdmissionPolicy, GA in
//! 1.36) and their pages in the Kubernetes documentation. Limits that shape the code: one `authorizer` check costs
//! a third of an expression's budget, so an expression has at most two and a policy at most 28; the order of
//! several mutating policies is not defined, so all that depends on order is in one.

mod author;
mod cel;
mod deployment;
mod held;
mod job;
mod object;
mod self_binding;
mod signoff;
mod status;

use serde_json::Value;

use self::held::HeldKind;
use super::Install;

/// The kinds of workload that can be held.
const HELD: [HeldKind; 2] = [deployment::DEPLOYMENT, job::JOB];

/// The resources of the three kinds.
const OWN_RESOURCES: [&str; 3] = [
    "deploymentwindows",
    "teamreadinesses",
    "coordinatedreleases",
];

/// All policies and their bindings, in the order in which they are to be installed: a guard and its binding come
/// before the policy that it guards, so that at no time something passes unheld or unstamped, and unguarded.
#[must_use]
pub fn policies(install: &Install) -> Vec<Value> {
    let mut all = self_binding::policies(install, &HELD);
    all.extend(status::policies(install));
    all.extend(signoff::policies());
    all.extend(author::policies());
    all.extend(HELD.iter().flat_map(|kind| kind.policies(install)));
    all
}
