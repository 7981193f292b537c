//! What every controller is handed: the stores that the watches fill, the API server, the clock, and
//! the queues. Nothing here decides; a change in one object wakes whoever may care.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::calendars::{self, Calendars};
use super::hold::Hold;
use super::queue::Queue;
use super::release::situation::Circumstances;
use super::shell::Outcome;
use super::stop::Stop;
use super::webhook::Trust;
use super::workloads::Workloads;
use crate::api::fields::WorkloadKind;
use crate::clock::Clock;
use crate::cluster::admission::WebhookConfiguration;
use crate::cluster::objects::{Namespace, Policy, Release, Team, Window};
use crate::cluster::releases::{ReleaseChange, Releases};
use crate::cluster::store::{Change, IndexKey, Store};
use crate::cluster::workloads::Workload;
use crate::cluster::writes::{ApiError, Objects};
use crate::cluster::{ObjectKey, Projected};
use crate::domain::scheduling::situation::Refusal;
use crate::domain::scheduling::{CODES, Gate};
use crate::metrics::Metrics;
use crate::settings::Settings;

/// Index of releases by the teams they name, `namespace/name`.
pub const BY_TEAM: &str = "team";
/// Index of releases, and of teams, by the workloads they name, `Kind namespace/name`.
pub const BY_WORKLOAD: &str = "workload";
/// Index of releases that wait for what others use: a resource, a team's hands, room in a window.
const BY_WAIT: &str = "wait";

/// How often everything is looked at while it is stopped, beside the watch of the stop, or while clocks differ.
const LOOK_UNASKED: TimeDelta = TimeDelta::seconds(60);

/// How long what the API server refuses is left alone.
pub const NEXT_TRY: TimeDelta = TimeDelta::seconds(30);

/// What the watches have seen.
#[derive(Clone)]
pub struct Stores {
    pub releases: Releases,
    /// Releases that have ended and of which somebody asks the former versions.
    pub ended: Releases,
    pub teams: Store<Team>,
    pub windows: Store<Window>,
    pub workloads: Workloads,
    pub namespaces: Store<Namespace>,
    /// Mutating policies, their bindings, validating policies, their bindings.
    pub policies: [Store<Policy>; 4],
    pub webhooks: Store<WebhookConfiguration>,
    /// The stop, if there is one.
    pub stop: Store<Stop>,
}

impl Default for Stores {
    fn default() -> Self {
        Self {
            releases: Releases::default()
                .with_index(BY_TEAM, |c| c.read().as_deref().map(teams_of).unwrap_or_default())
                .with_index(BY_WORKLOAD, |c| c.read().as_deref().map(workloads_of_release).unwrap_or_default())
                .with_index(BY_WAIT, |c| c.read().as_deref().map(waits_of).unwrap_or_default()),
            ended: Releases::default(),
            teams: Store::new().with_index(BY_WORKLOAD, workloads_of_team),
            windows: Store::new(),
            workloads: Workloads::default(),
            namespaces: Store::new(),
            policies: [Store::new(), Store::new(), Store::new(), Store::new()],
            webhooks: Store::new(),
            stop: Store::new(),
        }
    }
}

impl Stores {
    /// The workloads of a kind.
    #[must_use]
    pub fn workloads(&self, kind: WorkloadKind) -> &Store<Workload> {
        self.workloads.of(kind)
    }
}

/// How an index names a workload.
#[must_use]
pub fn workload_index(kind: WorkloadKind, namespace: &str, name: &str) -> String {
    format!("{} {namespace}/{name}", kind.as_str())
}

fn teams_of(release: &Release) -> Vec<IndexKey> {
    release.spec.participants.iter().map(|p| format!("{}/{}", p.team.namespace, p.team.name).into()).collect()
}

fn workloads_of_release(release: &Release) -> Vec<IndexKey> {
    let steps = release.spec.steps.iter();
    steps
        .filter_map(|step| {
            let workload = step.workload.as_ref()?;
            let name = step.participant.as_ref()?;
            let participant = release.spec.participants.iter().find(|p| p.name == *name)?;
            Some(workload_index(workload.kind, &participant.team.namespace, &workload.name).into())
        })
        .collect()
}

/// All of them are found under one name: which of them had to wait for whom is told only by looking.
fn waits_of(release: &Release) -> Vec<IndexKey> {
    let full = |code: &str| CODES.iter().any(|(known, gate, _)| *gate == Gate::Capacity && known.to_string() == code);
    let waits = release.status.blockers.iter().any(|blocker| full(&blocker.code));
    waits.then(|| "others".into()).into_iter().collect()
}

/// What a release uses follows from where its steps are, and from its plan.
fn uses(release: &Release) -> (i64, Vec<&str>) {
    (release.meta.generation, release.status.steps.iter().map(|step| step.state.as_str()).collect())
}

fn workloads_of_team(team: &Team) -> Vec<IndexKey> {
    let namespace = &team.meta.key.namespace;
    team.spec.workloads.iter().map(|w| workload_index(w.kind, namespace, &w.name).into()).collect()
}

/// The queues of the three controllers.
#[derive(Clone)]
pub struct Queues {
    pub releases: Queue<ObjectKey>,
    pub teams: Queue<ObjectKey>,
    pub windows: Queue<ObjectKey>,
}

/// What could not be carried out, by release and step.
pub type Refused = BTreeMap<(ObjectKey, String), (DateTime<Utc>, Refusal)>;

/// Everything a controller works with.
pub struct World {
    pub settings: Settings,
    pub stores: Stores,
    pub queues: Queues,
    pub objects: Objects,
    pub clock: Arc<dyn Clock>,
    pub metrics: Arc<Metrics>,
    /// What makes the API server hold.
    pub hold: Hold,
    /// Whether the API server trusts the webhook that this process serves.
    pub trust: Trust,
    /// The calendars that windows take from ConfigMaps.
    pub calendars: Calendars,
    /// Held while something is granted, so that two releases cannot both be given the last of a resource.
    pub granting: Mutex<()>,
    /// The reason for the stop, as it was read last.
    pub stop: std::sync::Mutex<Option<String>>,
    /// What could not be carried out, by release and step: until when not to try again, and why.
    pub refused: std::sync::Mutex<Refused>,
    /// What was said last of releases.
    pub last_said: super::release::LastSaid,
    /// What checks said last.
    pub checks: super::checks::Memory,
    /// What teams' statuses have no room for.
    pub unshown: super::readiness::Unshown,
    /// What has been told once and is not told again by this process.
    pub told: std::sync::Mutex<std::collections::BTreeSet<String>>,
}

impl World {
    /// Wakes everything that may care about a release.
    pub fn release_changed(&self, key: &ObjectKey, sides: [Option<&Release>; 2]) {
        self.queues.releases.add(key.clone());
        for release in sides.into_iter().flatten() {
            for participant in &release.spec.participants {
                self.queues
                    .teams
                    .add(ObjectKey::new(participant.team.namespace.as_str(), participant.team.name.as_str()));
            }
            for workload in workloads_of_release(release) {
                self.wake_releases(BY_WORKLOAD, &workload);
            }
        }
        let [old, new] = sides;
        if old.map(uses) != new.map(uses) {
            self.wake_releases(BY_WAIT, "others");
        }
    }

    /// Wakes everything that may care about a team.
    pub fn team_changed(&self, key: &ObjectKey, sides: [Option<&Team>; 2]) {
        self.queues.teams.add(key.clone());
        self.wake_releases(BY_TEAM, &key.to_string());
        for workload in sides.into_iter().flatten().flat_map(workloads_of_team) {
            self.wake_releases(BY_WORKLOAD, &workload);
        }
    }

    /// Wakes everything that may care about a workload.
    pub fn workload_changed(&self, kind: WorkloadKind, key: &ObjectKey, sides: [Option<&Workload>; 2]) {
        let index = workload_index(kind, &key.namespace, &key.name);
        self.wake_releases(BY_WORKLOAD, &index);
        for team in self.stores.teams.by_index(BY_WORKLOAD, &index) {
            self.queues.teams.add(team.key().clone());
        }
        // What has become of a Job tells how far the CronJob is that made it.
        for made in sides.into_iter().flatten().filter_map(|w| w.made_by.as_deref()) {
            self.wake_releases(BY_WORKLOAD, &workload_index(WorkloadKind::CronJob, &key.namespace, &made.name));
        }
        // The team that the label names is woken even if it does not exist: somebody must say so.
        for gate in sides.into_iter().flatten().filter_map(|w| w.gate.as_deref()) {
            self.queues.teams.add(ObjectKey::new(&*key.namespace, gate));
        }
    }

    /// Wakes everything that a window may govern, which is told only by looking: windows change rarely.
    pub fn window_changed(&self, key: &ObjectKey) {
        self.calendars.window_changed(key);
        self.queues.windows.add(key.clone());
        self.everything_changed();
    }

    /// Wakes whoever may care that the store of releases has changed.
    pub fn release_differs(&self, change: &ReleaseChange) {
        self.release_changed(&change.key, [change.old.as_deref(), change.new.as_deref()]);
    }

    /// Wakes whoever may care that the store of teams has changed.
    pub fn team_differs(&self, change: &Change<Team>) {
        self.team_changed(&change.key, [change.old.as_deref(), change.new.as_deref()]);
    }

    /// Wakes whoever may care that the store of a kind of workloads has changed.
    pub fn workload_differs(&self, kind: WorkloadKind, change: &Change<Workload>) {
        self.workload_changed(kind, &change.key, [change.old.as_deref(), change.new.as_deref()]);
    }

    /// Wakes whoever may care that the store of windows has changed: a status of our own wakes nobody else.
    pub fn window_differs(&self, change: &Change<Window>) {
        let says_the_same = change.old.as_ref().zip(change.new.as_ref());
        if says_the_same.is_some_and(|(old, new)| (&old.spec, &old.meta.uid) == (&new.spec, &new.meta.uid)) {
            self.queues.windows.add(change.key.clone());
        } else {
            self.window_changed(&change.key);
        }
    }

    /// Wakes every window that takes a calendar from a ConfigMap, and everything that it may govern.
    pub fn calendar_changed(&self, config_map: &ObjectKey) {
        let names = |window: &Window| calendars::named(window).iter().any(|name| name.config_map == *config_map);
        self.wake_windows(names);
    }

    /// Wakes every window that takes calendars from ConfigMaps, and everything that they may govern.
    pub fn calendars_changed(&self) {
        self.wake_windows(|window| !calendars::named(window).is_empty());
    }

    fn wake_windows(&self, which: impl Fn(&Window) -> bool) {
        let windows: Vec<Arc<Window>> = self.stores.windows.list().into_iter().filter(|w| which(w)).collect();
        for window in &windows {
            self.queues.windows.add(window.meta.key.clone());
        }
        if !windows.is_empty() {
            self.everything_changed();
        }
    }

    /// Wakes every release and every team.
    pub fn everything_changed(&self) {
        for release in self.stores.releases.keys() {
            self.queues.releases.add(release);
        }
        for team in self.stores.teams.list() {
            self.queues.teams.add(team.key().clone());
        }
    }

    fn wake_releases(&self, index: &str, key: &str) {
        for release in self.stores.releases.keys_by_index(index, key) {
            self.queues.releases.add(release);
        }
    }

    /// What of the hold is missing or altered, by kind and name; empty if the API server holds what must be held.
    #[must_use]
    pub fn policies_missing(&self) -> Vec<String> {
        self.hold.missing(&self.stores)
    }

    /// Wakes everything: something of the hold has changed.
    pub fn policies_changed(&self) {
        self.hold.changed();
        self.everything_changed();
    }

    /// What came of a look during which an object changed is nothing, and no error either: whoever changed it
    /// has done nothing wrong. The change wakes us; should we have seen it already, the clock does.
    ///
    /// # Errors
    ///
    /// Whatever other error it was.
    pub fn unless_it_changed(&self, key: &ObjectKey, looked: Result<Outcome, ApiError>) -> Result<Outcome, ApiError> {
        let Err(ApiError::Conflict { what }) = looked else {
            return looked;
        };
        tracing::debug!(event = "changed_meanwhile", %key, what, "looked at again");
        Ok(Outcome::at(self.clock.now() + TimeDelta::seconds(1)))
    }

    /// What is true now, whichever release is decided on.
    #[must_use]
    pub fn circumstances(&self) -> Circumstances {
        Circumstances {
            now: self.clock.now(),
            skew: self.skew(),
            settle: self.settings.settle,
            platform: self.settings.namespace.clone(),
            stopped: self.stopped(),
            policies_missing: self.policies_missing(),
        }
    }

    /// What of a release could not be carried out, by step.
    #[must_use]
    pub fn refused(&self, release: &ObjectKey) -> BTreeMap<String, (DateTime<Utc>, Refusal)> {
        let Ok(all) = self.refused.lock() else {
            return BTreeMap::new();
        };
        let own = all.iter().filter(|((key, _), _)| key == release);
        own.map(|((_, step), refusal)| (step.clone(), refusal.clone())).collect()
    }

    /// Remembers why a step could not be carried out, or with `None` that it could.
    pub fn remember_refusal(&self, release: &ObjectKey, step: &str, refusal: Option<Refusal>) {
        let Ok(mut all) = self.refused.lock() else {
            return;
        };
        let key = (release.clone(), step.to_owned());
        match refusal {
            Some(refusal) => drop(all.insert(key, (self.clock.now() + NEXT_TRY, refusal))),
            None => drop(all.remove(&key)),
        }
    }

    /// The reason for which everything is stopped, if it is.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        self.stop.lock().map_or_else(|_| Some("nobody knows".to_owned()), |stop| stop.clone())
    }

    /// Takes in what the watch says of the stop. Returns whether that is news.
    pub fn stop_seen(&self, reason: Option<String>) -> bool {
        self.stop.lock().is_ok_and(|mut stop| {
            let news = *stop != reason;
            *stop = reason;
            news
        })
    }

    /// When to look again although nobody may tell that anything has changed: while everything is stopped, should what
    /// the watch said last be older than what was read; and while the clocks differ, as no event says that they agree.
    #[must_use]
    pub fn next_look_unasked(&self) -> Option<DateTime<Utc>> {
        let unasked = self.stopped().is_some() || self.skew().is_some();
        unasked.then(|| self.clock.now() + LOOK_UNASKED)
    }

    /// How far the clocks are apart, if that is too far.
    #[must_use]
    pub fn skew(&self) -> Option<TimeDelta> {
        let skew = self.clock.skew();
        (skew.abs() > self.settings.max_skew).then_some(skew)
    }
}
