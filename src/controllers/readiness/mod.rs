//! `TeamReadiness`: labels what the team lists, records sign-offs, lets changes go that no release
//! claims, and says where the team stands.
//!
//! This folder never decides for a release, and never touches a workload that the team does not list.

mod glass;
mod history;
mod independent;
mod pinned;
mod pod_gate;
mod report;
mod unshown;
mod workloads;

pub use unshown::Unshown;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::shell::{Outcome, Reconcile};
use super::world::World;
use crate::api::readiness::TeamWorkload;
use crate::api::team_status::BrokenGlass;
use crate::cluster::ObjectKey;
use crate::cluster::objects::Team;
use crate::cluster::writes::ApiError;
use crate::controllers::{checks, facts};
use crate::validate::{self, Found};

/// Reconciles teams.
pub struct TeamController {
    pub world: Arc<World>,
}

/// What came of looking at one listed workload.
pub(super) struct Looked {
    pub status: TeamWorkload,
    pub trouble: Option<Trouble>,
    /// The glass was broken for it since it was looked at last.
    pub broken: Option<BrokenGlass>,
    pub overdue: bool,
    /// When time alone can change it.
    pub until: Option<DateTime<Utc>>,
}

/// Why a listed workload is not under rollcall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "the words of the conditions")]
pub(super) enum Trouble {
    NotFound,
    NotLabelled,
    NotAuthorized,
    NotSupported,
}

impl Reconcile for TeamController {
    type Key = ObjectKey;
    type Error = ApiError;

    async fn reconcile(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        self.world.unless_it_changed(key, self.look_at(key).await)
    }
}

impl TeamController {
    async fn look_at(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        let world = &*self.world;
        let Some(team) = world.stores.teams.get(key) else {
            world.checks.forget(key);
            world.unshown.remember(key, Vec::new());
            workloads::without_team(world, key).await;
            return Ok(Outcome::done());
        };
        if !world.stores.teams.is_fresh(key) || team.meta.terminating {
            return Ok(Outcome::done());
        }
        let seen = report::seen_sign_offs(&team, world.clock.now());
        let found = Found { seen: &seen, checks: &team.status.checks };
        let checked = match validate::team(&facts::meta(&team.meta), &team.spec, found, &BTreeMap::new()) {
            Ok(checked) => checked,
            Err(faults) => {
                report::faulty(world, &team, &faults).await?;
                return Ok(Outcome::done());
            }
        };
        let mut looked = Vec::new();
        for workload in workloads::all(world, &team) {
            looked.push(workloads::look_at(world, &team, &checked, &workload).await?);
        }
        // Checks cost somebody something, so they are asked only while a release waits for them.
        let waited_for = report::is_waited_for(world, &team);
        let checks = if waited_for { checks::at_their_pace(world, &team).await } else { checks::known(world, &team) };
        let again = checks::next(&team.spec.checks, &checks, world.clock.now()).filter(|_| waited_for);
        let looks = looked.iter().filter_map(|l| l.until).chain(report::signatures_end(world, &team, &seen));
        let until = looks.chain(again).chain(world.next_look_unasked()).min();
        report::write(world, &team, report::Seen { looked: &looked, sign_offs: seen, checks }).await?;
        Ok(Outcome { next: until })
    }
}

/// The record of a workload in the team's status, or what this process remembers where that has no room for it.
pub(super) fn recorded(world: &World, team: &Team, workload: &crate::api::fields::WorkloadRef) -> Option<TeamWorkload> {
    let shown = team.status.workloads.iter().find(|w| w.kind == workload.kind && w.name == workload.name);
    shown.cloned().or_else(|| world.unshown.recorded(&team.meta.key, workload))
}
