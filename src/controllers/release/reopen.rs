//! A rollback that somebody asks for after the release has ended. Such releases have left the watch, and with it the
//! memory; a second, narrow one finds them by the label that the API server stamps. They are made live again, and the
//! decision does the rest.

use crate::api::release::CoordinatedReleaseStatus;
use crate::api::time::to_wire;
use crate::cluster::ObjectKey;
use crate::cluster::objects::Release;
use crate::cluster::writes::{ApiError, RELEASES};
use crate::controllers::facts;
use crate::controllers::world::World;
use crate::validate;

/// Makes a release live again that has ended and is to be rolled back.
///
/// # Errors
///
/// When it changed meanwhile, or the API server does not answer.
pub async fn if_asked(world: &World, key: &ObjectKey) -> Result<(), ApiError> {
    let Some(release) = world.stores.ended.get(key).filter(|release| is_asked(release)) else {
        return Ok(());
    };
    let status = reopened(&release, to_wire(world.clock.now()));
    let (namespace, name) = (&*key.namespace, &*key.name);
    let version = world.objects.replace_status(RELEASES, namespace, name, &release.meta.version, &status).await?;
    world.stores.releases.expect_at_least(key.clone(), version);
    let (by, _) = release.meta.asked_back.clone().unwrap_or_default();
    tracing::info!(event = "reopened", release = %key, by, "it had ended, and is rolled back");
    Ok(())
}

/// Whether a release has ended, and is to be rolled back all the same: what was rolled back, or cancelled, is not
/// rolled back again, and a plan that makes no sense any more never is.
#[must_use]
pub fn is_asked(release: &Release) -> bool {
    let meta = facts::meta(&release.meta);
    release.status.finished == Some(true)
        && release.status.rollback.is_none()
        && release.spec.cancel.is_none()
        && release.meta.asked_back.is_some()
        && !release.meta.terminating
        && validate::release(&meta, &release.spec).is_ok()
}

fn reopened(release: &Release, now: String) -> CoordinatedReleaseStatus {
    CoordinatedReleaseStatus {
        finished: Some(false),
        finished_at: None,
        reopened_at: Some(now),
        ..release.status.clone()
    }
}
