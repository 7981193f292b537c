//! Workloads whose pods wait at a gate of their own: once such a workload is not held, its present revision has been
//! let go, and its pods may start.

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::names::{POD_GATE_LABEL, RELEASED_REVISIONS};
use crate::cluster::workloads::{Progress, Workload};
use crate::cluster::writes::ApiError;
use crate::controllers::world::World;

/// What came of it.
pub struct Followed {
    /// What a person must do.
    pub trouble: Option<String>,
    /// When to look again: pods are made by other controllers, one after the other.
    pub until: Option<DateTime<Utc>>,
}

/// Lets the pods of a workload go that is not held. Nothing to do for one without a pod gate, or once all of its
/// pods run.
///
/// # Errors
///
/// When the API server does not answer; a refusal is an answer.
pub async fn follow(world: &World, found: &Workload) -> Result<Followed, ApiError> {
    let nothing = Followed { trouble: None, until: None };
    let Some(gate) = &found.pod_gate else {
        return Ok(nothing);
    };
    if found.hold.is_some() || found.terminating || found.progress == Progress::Done {
        return Ok(nothing);
    }
    if **gate != *found.key.name {
        let why = format!(
            "the label {POD_GATE_LABEL} of its pod template says {gate:?} and must say {:?}: its pods wait in vain",
            found.key.name
        );
        return Ok(Followed { trouble: Some(why), until: None });
    }
    let again = Some(world.clock.now() + TimeDelta::seconds(2));
    match world.objects.let_pods_go(found).await {
        Ok(0) => {}
        Ok(count) => {
            tracing::info!(event = "pods_ungated", workload = %found.key, count, "their revision was let go before");
        }
        Err(ApiError::Conflict { .. } | ApiError::Refused { .. }) => {}
        // The guard of pods may not have seen yet what was just written down.
        Err(ApiError::Forbidden { message, .. }) if message.contains("waits for its revision") => {}
        Err(error @ (ApiError::NotFound { .. } | ApiError::Forbidden { .. })) => {
            let why = format!(
                "its pods wait at the pod gate, and rollcall cannot open it: {error}. An administrator opens the \
                 namespace for pod gates: the ConfigMap {RELEASED_REVISIONS} and a binding of the ClusterRole \
                 rollcall-pod-gate"
            );
            // Whoever opens the namespace changes nothing that is watched.
            return Ok(Followed { trouble: Some(why), until: Some(world.clock.now() + TimeDelta::seconds(30)) });
        }
        Err(other) => return Err(other),
    }
    Ok(Followed { trouble: None, until: again })
}
