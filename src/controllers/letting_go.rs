//! Letting a held workload go in time.
//!
//! What was decided on is true for a moment. So the write says until when it may be stored, and the API server refuses
//! it after that by its own clock: whoever was slow, stood still or leads no longer, between its last look at the clock
//! and the arrival of what it sent, lets nothing go that nobody would let go any more.

use chrono::{DateTime, Utc};

use super::world::World;
use crate::cluster::ResourceVersion;
use crate::cluster::workloads::Workload;
use crate::cluster::writes::ApiError;

/// Lets a held workload go as [`crate::cluster::writes::Objects::release`] does, until an instant of API-server time.
///
/// # Errors
///
/// [`ApiError::Conflict`] if it has another version, or if it is too late: nothing was written then, and everything is
/// to be asked again.
pub async fn let_go(
    world: &World,
    found: &Workload,
    why: &str,
    by: DateTime<Utc>,
    from_claim: bool,
) -> Result<ResourceVersion, ApiError> {
    let too_late = || ApiError::Conflict { what: format!("{} {}", found.kind.as_str(), found.key) };
    if world.clock.now() >= by {
        return Err(too_late());
    }
    match world.objects.release(found, why, by, from_claim).await {
        // Who is refused after that learns nothing of its rights.
        Err(ApiError::Forbidden { .. }) if world.clock.now() >= by => Err(too_late()),
        other => other,
    }
}
