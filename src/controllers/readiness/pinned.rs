//! A workload that is pinned by a rollback whose release is not there any more: it was deleted by force, or made anew
//! under the same name. Nobody would ever end that rollback, so the team's side does.

use crate::cluster::workloads::Workload;
use crate::cluster::writes::ApiError;
use crate::controllers::events::{self, Moment};
use crate::controllers::facts;
use crate::controllers::world::World;
use crate::domain::scheduling::marked_by;

/// Lets a workload loose that is pinned for nobody. What lands on it from then on is held as any change. A marker that
/// rollcall did not write is left alone. If the API server refuses it, its words are what comes back.
///
/// # Errors
///
/// When the API server does not answer; a refusal is none, and neither is that the workload changed meanwhile, which
/// wakes its team again.
pub async fn let_loose(world: &World, found: &Workload) -> Result<Option<String>, ApiError> {
    let Some((release, uid)) = found.rollback.as_deref().and_then(marked_by) else {
        return Ok(None);
    };
    let key = facts::key(&release);
    if world.stopped().is_some() || world.stores.releases.get(&key).is_some_and(|r| r.meta.uid == uid) {
        return Ok(None);
    }
    // What cannot be read may be the one.
    if let Some(there) = world.read_release(&key).await?
        && there.as_ref().map_or(true, |r| r.meta.uid == uid && r.status.finished != Some(true))
    {
        return Ok(None);
    }
    let kind = found.kind.as_str();
    match world.objects.abandon(found).await {
        Ok(version) => {
            world.stores.workloads(found.kind).expect_at_least(found.key.clone(), version);
            tracing::warn!(event = "abandoned", workload = format!("{kind} {}", found.key), %release, "let loose");
            let note = format!("release {release}, which was rolling it back, is gone: it stays on what it runs");
            let moment = Moment { reason: "RollbackAbandoned", action: "RollBack", note, warning: true };
            events::about_workload(world, found, moment).await;
            Ok(None)
        }
        Err(ApiError::Conflict { .. } | ApiError::NotFound { .. }) => Ok(None),
        Err(ApiError::Forbidden { message, .. } | ApiError::Refused { message, .. }) => {
            tracing::warn!(event = "abandon_refused", workload = format!("{kind} {}", found.key), "{message}");
            Ok(Some(message))
        }
        Err(other) => Err(other),
    }
}
