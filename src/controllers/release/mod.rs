//! `CoordinatedRelease`: observe, decide, act, report, in that order, each once.
//!
//! This folder never judges whether something may go: `domain::scheduling` does. It never touches a
//! team's objects except by letting go what was granted.

mod act;
mod asked;
mod conditions;
mod in_a_row;
mod last_said;
mod observe;
mod overrides;
mod reopen;
mod report;
mod rivals;
mod signed;
pub mod situation;
mod touch;

use std::sync::Arc;

use chrono::TimeDelta;

use self::in_a_row::InARow;
use super::shell::{Outcome, Reconcile};
use super::world::{Stores, World};
use crate::cluster::ObjectKey;
use crate::cluster::objects::Release;
use crate::cluster::writes::ApiError;
use crate::domain::Faults;
use crate::domain::scheduling::situation::StepRecord;
use crate::domain::scheduling::{Decision, Situation, StepState, decide, given_up};

pub use last_said::LastSaid;
pub use reopen::is_asked as is_reopened;
pub use report::{blocker_status, schedule};

/// Reconciles releases.
pub struct ReleaseController {
    pub world: Arc<World>,
}

/// What was read of one release, and what it says.
pub enum View {
    /// The plan makes sense, so there is something to decide.
    Sound { release: Arc<Release>, situation: Box<Situation> },
    /// The plan does not make sense.
    Faulty { release: Arc<Release>, faults: Faults },
}

/// How often the world may change under a decision before it is left for the next event.
const ATTEMPTS: usize = 3;

impl Reconcile for ReleaseController {
    type Key = ObjectKey;
    type Error = ApiError;

    async fn reconcile(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        self.world.unless_it_changed(key, self.look_at(key).await)
    }
}

impl ReleaseController {
    async fn look_at(&self, key: &ObjectKey) -> Result<Outcome, ApiError> {
        let world = &*self.world;
        let Some(release) = world.stores.releases.get(key) else {
            reopen::if_asked(world, key).await?;
            return Ok(Outcome::done());
        };
        // A status of our own that the watch has yet to show would be judged as if it had not been written.
        if !world.stores.releases.is_fresh(key) || release.meta.terminating || release.status.finished == Some(true) {
            return Ok(Outcome::done());
        }
        // So would a workload: the watch wakes us once it shows what we wrote.
        if !workloads_seen(&world.stores, &release) {
            return Ok(Outcome::done());
        }
        if world.stopped().is_some() {
            world.read_stop().await?;
        }
        match observe::cached(world, release) {
            View::Faulty { release, faults } => {
                report::faulty(world, &release, &faults).await?;
                Ok(Outcome::done())
            }
            View::Sound { release, situation } => self.sound(release, *situation).await,
        }
    }

    async fn sound(&self, release: Arc<Release>, situation: Situation) -> Result<Outcome, ApiError> {
        let world = &*self.world;
        let decision = decide(&situation);
        log(&release, &decision);
        if !needs_confirmation(&release, &situation, &decision) {
            report::decided(world, &release, &situation, &decision).await?;
            return Ok(next(world, &decision));
        }
        asked::checks_beforehand(world, &release).await;
        // From here to the grant nobody else in this process grants: the last of a resource is given once.
        let _granting = world.granting.lock().await;
        let confirmed = match self.confirmed(&release, &situation, &decision).await {
            // Who may not read anew knows what the watch shows.
            Err(ApiError::Forbidden { .. }) if decision.acts.is_empty() => Some((release, situation, decision)),
            Err(ApiError::Forbidden { message, .. }) => {
                for act in &decision.acts {
                    touch::refused(world, &release, act, &message).await;
                }
                return Ok(Outcome::at(world.clock.now() + TimeDelta::seconds(1)));
            }
            other => other?,
        };
        match confirmed {
            Some((release, situation, decision)) => {
                act::carry_out(world, &release, &situation, &decision).await?;
                Ok(next(world, &decision))
            }
            // It kept changing while it was read: the changes wake us again, and so does the clock.
            None => Ok(Outcome::at(world.clock.now() + TimeDelta::seconds(1))),
        }
    }

    /// Reads everything fresh that unlocks a step, shows that it has nothing to release, or ends the release, until two
    /// readings in a row say the same: then all of it was true together at the instant between them.
    async fn confirmed(
        &self,
        release: &Release,
        seen: &Situation,
        asked: &Decision,
    ) -> Result<Option<(Arc<Release>, Situation, Decision)>, ApiError> {
        let world = &*self.world;
        let mut acting = asked::acting(seen, asked);
        let mut readings = InARow::after(situation::versions(release, seen));
        for _ in 0..ATTEMPTS {
            let Some(View::Sound { release, situation }) = observe::fresh(world, &release.meta.key, &acting).await?
            else {
                return Ok(None);
            };
            if readings.agrees(situation::versions(&release, &situation)) {
                let decision = decide(&situation);
                let touched = asked::acting(&situation, &decision);
                if touched.is_subset(&acting) {
                    return Ok(Some((release, *situation, decision)));
                }
                // Time let more go than was asked about.
                acting.extend(touched);
            }
        }
        Ok(None)
    }
}

/// Whether the stores show all that we wrote to a release's workloads.
fn workloads_seen(stores: &Stores, release: &Release) -> bool {
    let mut named = situation::workloads_named(release).into_iter();
    named.all(|(kind, namespace, name)| stores.workloads(kind).is_fresh(&ObjectKey::new(namespace, name)))
}

/// Whether a decision may not be made on what the watches have shown so far: it does something, or says what cannot be
/// taken back. A release that has ended claims nothing: what it held, and the watch has yet to show, would go by itself.
/// And a grant that is given up counts for nothing, though somebody may have carried it out a moment ago.
fn needs_confirmation(release: &Release, situation: &Situation, decision: &Decision) -> bool {
    let stands = |record: &StepRecord| record.grant.as_ref().is_some_and(|grant| grant.withdrawn.is_none());
    let mut grants = situation.record.steps.iter().filter(|(_, record)| stands(record));
    !decision.acts.is_empty()
        || decision.outcome.is_final()
        || finds_nothing_to_release(release, decision)
        || grants.any(|(step, _)| given_up(situation, step).is_some())
}

/// Whether a decision says for the first time of a step that its workload has nothing to release. That lets nothing go,
/// but what follows builds on it, and the change may be there and the watch behind.
fn finds_nothing_to_release(release: &Release, decision: &Decision) -> bool {
    let said = |name: &str| release.status.steps.iter().any(|s| s.name == name && s.state == StepState::Done.as_str());
    let of_workload = |name: &str| release.spec.steps.iter().any(|s| s.name == name && s.workload.is_some());
    let mut found = decision.steps.iter().filter(|step| step.unchanged && step.state == StepState::Done);
    found.any(|step| of_workload(&step.name) && !said(&step.name))
}

fn next(world: &World, decision: &Decision) -> Outcome {
    Outcome { next: decision.look_again.into_iter().chain(world.next_look_unasked()).min() }
}

/// One line for each decision: enough to make it again.
fn log(release: &Release, decision: &Decision) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let acts: Vec<String> = decision.acts.iter().map(|act| format!("{} {}", act.verb(), act.step())).collect();
    let blockers: Vec<String> =
        decision.blockers.iter().map(|b| format!("{} {}", b.cause.code(), b.step.as_deref().unwrap_or("*"))).collect();
    tracing::info!(
        event = "decided",
        release = %release.meta.key,
        version = %release.meta.version,
        generation = release.meta.generation,
        digest = crate::digest::short(&decision.digest),
        outcome = ?decision.outcome,
        acts = acts.join(", "),
        blockers = blockers.join(", "),
        "decided"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fields::WorkloadKind;
    use crate::cluster::ResourceVersion;
    use crate::cluster::objects::decode;
    use crate::cluster::watch::WatchEvent;
    use crate::domain::scheduling::Outcome as End;
    use crate::domain::scheduling::fixtures;

    #[test]
    fn what_cannot_be_taken_back_is_not_said_of_what_the_watch_has_shown_alone() {
        let text = json!({"metadata": {"namespace": "releases", "name": "r", "uid": "u", "resourceVersion": "1"},
            "spec": {"participants": [], "steps": []}});
        let release: Release = decode(&text.to_string()).expect("a release");
        let waits = fixtures::ready().paused().0;
        let mut decision = decide(&waits);
        assert!(!needs_confirmation(&release, &waits, &decision), "it only waits");
        for (ends, outcome) in [
            (false, End::RollingBack),
            (false, End::Failed),
            (true, End::RolledBack { complete: false }),
            (true, End::Cancelled),
            (true, End::Completed { nothing_to_do: false }),
        ] {
            decision.outcome = outcome;
            assert_eq!(needs_confirmation(&release, &waits, &decision), ends, "{outcome:?}");
        }
        let ready = fixtures::ready().0;
        let goes = decide(&ready);
        assert!(!goes.acts.is_empty() && needs_confirmation(&release, &ready, &goes));

        let moved = fixtures::ready().granted("shop", "08:59:58").workload("shop", |w| w.version = "8".into()).paused();
        let gives_up = decide(&moved.0);
        assert!(gives_up.acts.is_empty() && needs_confirmation(&release, &moved.0, &gives_up), "its grant is given up");
        let known = moved.with(|s| {
            let record = s.record.steps.get_mut("shop").expect("granted");
            record.grant.as_mut().expect("granted").withdrawn = Some(s.now);
        });
        assert!(!needs_confirmation(&release, &known.0, &decide(&known.0)), "that is on record");
    }

    #[test]
    fn a_release_is_not_judged_before_the_watch_shows_what_was_written_to_its_workloads() {
        let text = json!({"metadata": {"namespace": "releases", "name": "r", "uid": "u", "resourceVersion": "1"}, "spec": {
            "participants": [{"name": "shop", "responsibility": "the shop", "team": {"namespace": "shop", "name": "team"}}],
            "steps": [{"name": "api", "participant": "shop", "workload": {"kind": "Deployment", "name": "api"}}]}});
        let release: Release = decode(&text.to_string()).expect("a release");
        let stores = Stores::default();
        assert!(workloads_seen(&stores, &release));
        let deployments = stores.workloads(WorkloadKind::Deployment);
        deployments.expect_at_least(ObjectKey::new("shop", "other"), ResourceVersion::new("8"));
        assert!(workloads_seen(&stores, &release), "it is another workload");
        let api = ObjectKey::new("shop", "api");
        deployments.expect_at_least(api.clone(), ResourceVersion::new("9"));
        assert!(!workloads_seen(&stores, &release));
        deployments.apply(WatchEvent::Deleted(api, ResourceVersion::new("9")));
        assert!(workloads_seen(&stores, &release));
    }
}
