//! `DeploymentWindow`: whether it makes sense, whether it is open, and when that changes.
//!
//! This folder decides nothing for anybody: who is governed asks the calendar itself.

mod copies;
mod status;

use std::sync::Arc;

use self::status::Seen;
use super::calendars::CalendarState;
use super::events::{self, Moment};
use super::shell::{Outcome, Reconcile};
use super::world::World;
use crate::api::window::{DeploymentWindowSpec, DeploymentWindowStatus};
use crate::cluster::ObjectKey;
use crate::cluster::objects::{self, Meta};
use crate::cluster::writes::{ApiError, WINDOWS};
use crate::domain::Faults;

/// Reconciles windows.
pub struct WindowController {
    pub world: Arc<World>,
}

impl Reconcile for WindowController {
    type Key = ObjectKey;
    type Error = ApiError;

    async fn reconcile(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        self.world.unless_it_changed(key, self.look_at(key).await)
    }
}

impl WindowController {
    async fn look_at(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        let world = &*self.world;
        copies::sweep(world).await?;
        let Some(window) = world.stores.windows.get(key) else {
            return self.unreadable(key).await;
        };
        if !world.stores.windows.is_fresh(key) || window.meta.terminating {
            return Ok(Outcome::done());
        }
        let compiled = world.calendars.look_up(&window);
        if compiled.calendars.iter().any(|(_, state)| matches!(state, CalendarState::Unread)) {
            // Whoever reads it wakes us. Until then there is nothing new to say.
            return Ok(Outcome::done());
        }
        copies::keep(world, &compiled.calendars).await?;
        let now = world.clock.now();
        let seen =
            Seen { generation: window.meta.generation, old: &window.status, calendars: &compiled.calendars, now };
        let (status, warnings, next) = match &compiled.window {
            Ok(sound) => {
                let warnings = status::said(&sound.lint(now));
                (status::sound(&seen, sound, &warnings), warnings, sound.next_change(now))
            }
            Err(faults) => (status::faulty(&seen, faults), Vec::new(), None),
        };
        write(world, &window.meta, &window.status, &status, &warnings).await?;
        Ok(Outcome { next })
    }

    /// A window that was stored before a rule existed, and that cannot even be decoded: it closes what it may
    /// govern, and its status says why.
    async fn unreadable(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        let world = &*self.world;
        let Some(bad) = world.stores.windows.undecodable(key) else {
            return Ok(Outcome::done());
        };
        // Only the spec cannot be read: what the status says is ours.
        let Some(text) = world.objects.get(WINDOWS, &key.namespace, &key.name).await? else {
            return Ok(Outcome::done());
        };
        let Ok(found) = objects::decode::<serde_json::Value, DeploymentWindowStatus>(&text) else {
            return Ok(Outcome::done());
        };
        let readable = objects::decode::<DeploymentWindowSpec, DeploymentWindowStatus>(&text).is_ok();
        if readable || found.meta.terminating {
            return Ok(Outcome::done());
        }
        let mut faults = Faults::default();
        faults.add("spec", bad.message);
        let now = world.clock.now();
        let seen = Seen { generation: found.meta.generation, old: &found.status, calendars: &[], now };
        write(world, &found.meta, &found.status, &status::faulty(&seen, &faults), &[]).await?;
        Ok(Outcome::done())
    }
}

/// Writes a status that says something new, and tells what people should hear of.
async fn write(
    world: &World,
    meta: &Meta,
    old: &DeploymentWindowStatus,
    new: &DeploymentWindowStatus,
    warnings: &[String],
) -> Result<(), ApiError> {
    if new == old {
        return Ok(());
    }
    let key = &meta.key;
    let version = world.objects.replace_status(WINDOWS, &key.namespace, &key.name, &meta.version, new).await?;
    world.stores.windows.expect_at_least(key.clone(), version);
    for moment in moments(old, new, warnings) {
        events::about_window(world, meta, moment).await;
    }
    Ok(())
}

/// What is new since the former status: each thing is told once, also by a process that has just begun.
fn moments(old: &DeploymentWindowStatus, new: &DeploymentWindowStatus, warnings: &[String]) -> Vec<Moment> {
    let message = |status: &DeploymentWindowStatus, kind: &str, is: &str| {
        let found = status.conditions.iter().find(|c| c.type_ == kind && c.status == is);
        found.map(|condition| condition.message.clone())
    };
    let mut moments = Vec::new();
    let mut tell = |reason, action, note| moments.push(Moment { reason, action, note, warning: true });
    for (kind, is, reason, action) in
        [("Stalled", "True", "InvalidSchedule", "Compile"), ("CalendarFresh", "False", "CalendarNotFresh", "Read")]
    {
        let note = message(new, kind, is);
        if let Some(note) = note.filter(|note| message(old, kind, is).as_ref() != Some(note)) {
            tell(reason, action, note);
        }
    }
    let told = message(old, "Ready", "True").unwrap_or_default();
    for warning in warnings.iter().filter(|warning| !told.contains(warning.as_str())) {
        tell("SuspiciousSchedule", "Lint", warning.clone());
    }
    moments
}

#[cfg(test)]
mod tests;
