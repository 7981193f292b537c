//! Whether the API server holds what a release needs held, and how firmly.

use crate::api::conditions::Conditions;
use crate::api::{ConditionType, Reason};
use crate::domain::scheduling::Situation;
use crate::domain::workload::{Strength, Workload};

/// Sets `HoldEnforced`. `missing` is what is not there of the policies.
pub(super) fn set(conditions: &mut Conditions<'_>, situation: &Situation, missing: &[String]) {
    let taken = taken(situation);
    let weak = named(situation, |w| w.strength == Strength::BestEffort);
    let (status, reason, message) = if !missing.is_empty() {
        (false, Reason::PolicyMissing, missing.join(", "))
    } else if !taken.is_empty() {
        (false, Reason::OwnedElsewhere, taken.join("; "))
    } else if !weak.is_empty() {
        let what = "a pod that is created while it is held, on a new node say, is of the held content";
        (true, Reason::BestEffort, format!("{} held as well as that goes: {what}", weak.join(", ")))
    } else {
        (true, Reason::Enforced, "the policies are in place".to_owned())
    };
    conditions.set(ConditionType::HoldEnforced, Some(status), reason, &message);
}

/// The workloads whose hold field somebody else uses, with who that is.
pub(super) fn taken(situation: &Situation) -> Vec<String> {
    let all = situation.workloads.values();
    all.filter_map(|w| w.owned_elsewhere.as_ref().map(|why| format!("{}: {why}", w.name))).collect()
}

fn named(situation: &Situation, wanted: impl Fn(&Workload) -> bool) -> Vec<String> {
    situation.workloads.values().filter(|w| wanted(w)).map(|w| w.name.to_string()).collect()
}
