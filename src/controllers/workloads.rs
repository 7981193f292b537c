//! The workloads that the watches have seen, of every kind that can be held.

use std::sync::Arc;

use crate::api::fields::WorkloadKind;
use crate::cluster::store::{IndexKey, Store};
use crate::cluster::workloads::{Workload, progress_of};

/// Index of workloads by the team that their gate label names, `namespace/name`.
const BY_GATE: &str = "gate";
/// Index of Jobs by the UID of the CronJob whose controller made them.
const BY_MAKER: &str = "maker";

/// One store for each kind.
#[derive(Clone)]
pub struct Workloads([Store<Workload>; WorkloadKind::ALL.len()]);

impl Default for Workloads {
    fn default() -> Self {
        Self(WorkloadKind::ALL.map(|kind| {
            let store = Store::new().with_index(BY_GATE, gate_of);
            if kind == WorkloadKind::Job { store.with_index(BY_MAKER, maker_of) } else { store }
        }))
    }
}

fn gate_of(workload: &Workload) -> Vec<IndexKey> {
    let gate = workload.gate.as_ref();
    gate.map(|gate| format!("{}/{gate}", workload.key.namespace).into()).into_iter().collect()
}

fn maker_of(job: &Workload) -> Vec<IndexKey> {
    job.made_by.iter().map(|made| made.uid.as_str().into()).collect()
}

impl Workloads {
    /// The workloads of a kind.
    #[must_use]
    pub fn of(&self, kind: WorkloadKind) -> &Store<Workload> {
        // `ALL` lists the kinds in the order in which they are declared, as a test says.
        &self.0[kind as usize]
    }

    /// How many are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.iter().flat_map(Store::list).filter(|w| w.hold.is_some()).count()
    }

    /// Those that carry the gate label of a team, `namespace/name`.
    #[must_use]
    pub fn gated_by(&self, team: &str) -> Vec<Arc<Workload>> {
        self.0.iter().flat_map(|store| store.by_index(BY_GATE, team)).collect()
    }

    /// A workload with all that is known of its progress: that of a CronJob is told by its Jobs. What a Job has come
    /// to does not change any more, so what the watch has seen of it is as good as a fresh reading.
    #[must_use]
    pub fn with_runs(&self, workload: Workload) -> Workload {
        if workload.kind != WorkloadKind::CronJob {
            return workload;
        }
        let jobs = self.of(WorkloadKind::Job).by_index(BY_MAKER, &workload.uid);
        let progress = progress_of(&workload, jobs.iter().map(AsRef::as_ref));
        Workload { progress, ..workload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_store_of_its_own() {
        for (n, kind) in WorkloadKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, n, "{kind:?}");
        }
    }
}
