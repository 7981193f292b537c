//! `DeploymentWindow`: whether it makes sense, whether it is open, and when that changes.
//!
//! This folder decides nothing for anybody: who is governed asks the calendar itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::events::{self, Moment};
use super::facts::no_calendars;
use super::shell::{Outcome, Reconcile};
use super::world::World;
use crate::api::conditions::Conditions;
use crate::api::time::to_wire;
use crate::api::window::{DeploymentWindowStatus, UpcomingOpening};
use crate::api::{ConditionType, Reason};
use crate::cluster::ObjectKey;
use crate::cluster::objects;
use crate::cluster::writes::{ApiError, WINDOWS};
use crate::domain::Faults;
use crate::domain::calendar::{Window, WindowType, zone_data_version};
use crate::validate;

/// Reconciles windows.
pub struct WindowController {
    pub world: Arc<World>,
}

/// How many openings to come a status shows.
const UPCOMING: usize = 10;

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
        let Some(window) = world.stores.windows.get(key) else {
            return Ok(Outcome::done());
        };
        if !world.stores.windows.is_fresh(key) || window.meta.terminating {
            return Ok(Outcome::done());
        }
        let now = world.clock.now();
        let (status, next) = match validate::window(&window.spec, &no_calendars) {
            Ok(compiled) => (sound(&window, &compiled, now), compiled.next_change(now)),
            Err(faults) => (faulty(&window, &faults, now), None),
        };
        if status != window.status {
            let version =
                world.objects.replace_status(WINDOWS, &key.namespace, &key.name, &window.meta.version, &status).await?;
            world.stores.windows.expect_at_least(key.clone(), version);
            tell(world, &window, &status).await;
        }
        Ok(Outcome { next })
    }
}

/// Whether deployments may happen, as far as this window alone is asked, and from when that is otherwise.
fn sound(window: &objects::Window, compiled: &Window, now: DateTime<Utc>) -> DeploymentWindowStatus {
    let covers = compiled.covers(now);
    let allow = compiled.window_type() == WindowType::Allow;
    let open = covers == allow;
    let upcoming = compiled.upcoming(now, UPCOMING);
    let change = compiled.next_change(now);
    let after = change.and_then(|at| compiled.next_change(at));
    let (next_open, next_close) = if open { (None, change) } else { (change, after) };
    let (reason, message) = match (open, allow) {
        (true, _) => (
            Reason::WindowOpen,
            next_close.map_or_else(|| "open, with no end known".to_owned(), |t| format!("open until {}", to_wire(t))),
        ),
        (false, true) if upcoming.is_empty() => (Reason::Expired, "it will not open again".to_owned()),
        (false, true) => (
            Reason::WindowClosed,
            next_open.map_or_else(|| "closed".to_owned(), |t| format!("opens at {}", to_wire(t))),
        ),
        (false, false) => (
            Reason::FreezeActive,
            next_open
                .map_or_else(|| "frozen, with no end known".to_owned(), |t| format!("frozen until {}", to_wire(t))),
        ),
    };
    let mut conditions = Conditions::following(&window.status.conditions, window.meta.generation, now);
    conditions.set(ConditionType::Ready, Some(true), Reason::Scheduled, "the schedule is valid");
    conditions.set(ConditionType::Open, Some(open), reason, &message);
    DeploymentWindowStatus {
        observed_generation: Some(window.meta.generation),
        open: Some(open),
        entry: compiled.entry_at(now),
        next_open: next_open.map(to_wire),
        next_close: next_close.map(to_wire),
        upcoming: upcoming
            .into_iter()
            .map(|o| UpcomingOpening { from: to_wire(o.from), until: to_wire(o.until), entry: o.entry })
            .collect(),
        zone_data: Some(zone_data_version().to_owned()),
        conditions: conditions.finish(),
    }
}

/// An invalid Freeze closes what it governs and an invalid Allow adds nothing, so neither is open.
fn faulty(window: &objects::Window, faults: &Faults, now: DateTime<Utc>) -> DeploymentWindowStatus {
    let zone = faults.0.iter().any(|f| f.path == "spec.timeZone");
    let reason = if zone { Reason::UnknownTimeZone } else { Reason::InvalidSchedule };
    let said = faults.to_string();
    let mut conditions = Conditions::following(&window.status.conditions, window.meta.generation, now);
    conditions.set(ConditionType::Ready, Some(false), reason, &said);
    conditions.set(ConditionType::Stalled, Some(true), reason, &said);
    conditions.set(ConditionType::Open, Some(false), reason, "it cannot be read, so it opens nothing");
    DeploymentWindowStatus {
        observed_generation: Some(window.meta.generation),
        open: Some(false),
        zone_data: Some(zone_data_version().to_owned()),
        conditions: conditions.finish(),
        ..DeploymentWindowStatus::default()
    }
}

async fn tell(world: &World, window: &objects::Window, status: &DeploymentWindowStatus) {
    let stalled =
        |s: &DeploymentWindowStatus| s.conditions.iter().find(|c| c.type_ == "Stalled").map(|c| c.message.clone());
    if let Some(note) = stalled(status)
        && stalled(&window.status).as_ref() != Some(&note)
    {
        events::about_window(
            world,
            window,
            Moment { reason: "InvalidSchedule", action: "Compile", note, warning: true },
        )
        .await;
    }
}
