//! More workloads than a team's status can show: all of them are looked at, what people wait for is shown, and of the
//! others this process remembers what the status would say. Without that, none of them would ever be known to be held
//! for long enough to go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::fields::WorkloadRef;
use crate::api::readiness::TeamWorkload;
use crate::cluster::ObjectKey;
use crate::cluster::objects::Team;
use crate::cluster::workloads::Workload;

/// As many workloads as a status can show.
pub const SHOWN: usize = 64;

/// What no status has room for, by team.
#[derive(Default)]
pub struct Unshown(Mutex<BTreeMap<ObjectKey, Vec<TeamWorkload>>>);

impl Unshown {
    /// What was remembered of a workload last.
    pub(super) fn recorded(&self, team: &ObjectKey, workload: &WorkloadRef) -> Option<TeamWorkload> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(team)?.iter().find(|w| w.kind == workload.kind && w.name == workload.name).cloned()
    }

    /// Remembers these of a team, and no others.
    pub(super) fn remember(&self, team: &ObjectKey, workloads: Vec<TeamWorkload>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if workloads.is_empty() {
            all.remove(team);
        } else {
            all.insert(team.clone(), workloads);
        }
    }
}

/// Which workloads of a team are looked at, and the first of them shown: those that it lists, then those that only
/// carry its gate label, first what is held, then what went last.
#[must_use]
pub fn in_order(team: &Team, mut gated: Vec<Arc<Workload>>) -> Vec<WorkloadRef> {
    gated.sort_by(|a, b| {
        let (free_a, free_b) = (a.hold.is_none(), b.hold.is_none());
        let latest_first = || b.let_go_by.cmp(&a.let_go_by);
        let went = if free_a && free_b { latest_first() } else { free_a.cmp(&free_b) };
        went.then_with(|| (a.kind, &a.key).cmp(&(b.kind, &b.key)))
    });
    let unlisted = gated.iter().map(|w| WorkloadRef { kind: w.kind, name: w.key.name.to_string() });
    let unlisted = unlisted.filter(|w| !team.spec.workloads.contains(w));
    team.spec.workloads.iter().cloned().chain(unlisted).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fields::WorkloadKind;
    use crate::cluster::objects::decode;
    use crate::cluster::workloads::decode as workload;

    #[test]
    fn what_is_held_comes_before_what_went_whatever_its_name() {
        let job = |name: &str, annotations: serde_json::Value| {
            let text = json!({"metadata": {"namespace": "shop", "name": name, "uid": name, "resourceVersion": "1",
                "annotations": annotations, "labels": {"rollcall.dev/gate": "shop"}}, "spec": {"template": {}}, "status": {}});
            Arc::new(workload(WorkloadKind::Job, &text.to_string()).expect("a Job"))
        };
        let went = |n: usize| json!({"rollcall.dev/let-go-by": format!("2027-01-12T09:{:02}:00Z", n % 60)});
        let mut gated: Vec<_> = (0..60).map(|n| job(&format!("migrate-{n:02}"), went(n))).collect();
        gated.extend((60..80).map(|n| job(&format!("migrate-{n:02}"), json!({}))));
        gated.extend(["z-1", "z-2"].map(|name| job(name, json!({"rollcall.dev/hold": "policy"}))));
        let text = json!({"metadata": {"namespace": "shop", "name": "shop", "uid": "t", "resourceVersion": "1"},
            "spec": {"workloads": [{"kind": "Deployment", "name": "api"}, {"kind": "Job", "name": "migrate-07"}]}});
        let order = in_order(&decode(&text.to_string()).expect("a team"), gated);
        let names: Vec<&str> = order.iter().map(|w| w.name.as_str()).collect();
        assert_eq!(names[..6], ["api", "migrate-07", "z-1", "z-2", "migrate-59", "migrate-58"]);
        assert_eq!((names.len(), names[83 - 1]), (83, "migrate-79"), "all are looked at");
    }

    #[test]
    fn what_a_status_has_no_room_for_is_remembered_until_the_next_look() {
        let (unshown, team) = (Unshown::default(), ObjectKey::new("shop", "shop"));
        let of = |name: &str| WorkloadRef { kind: WorkloadKind::Job, name: name.to_owned() };
        let mut held = super::super::workloads::status_of(WorkloadKind::Job, "z", "Gated");
        held.held_since = Some("2027-01-12T09:00:00Z".to_owned());
        unshown.remember(&team, vec![held.clone()]);
        assert_eq!(unshown.recorded(&team, &of("z")), Some(held));
        assert_eq!(unshown.recorded(&team, &of("a")), None);
        assert_eq!(unshown.recorded(&ObjectKey::new("shop", "other"), &of("z")), None);
        unshown.remember(&team, Vec::new());
        assert_eq!(unshown.recorded(&team, &of("z")), None);
    }
}
