//! Fresh readings of what is decided on. What is read is remembered, so that nothing is decided any more on an older
//! version than this process has seen, however far a watch is behind; and whoever may care is woken, as by the watch.
//!
//! Nothing here decides, and nothing is read that nobody asked for.

use futures::future::try_join_all;

use super::stop;
use super::watches::{OURS, policies_served};
use super::world::World;
use crate::api::fields::WorkloadKind;
use crate::api::names::STOP;
use crate::api::release::UNDER_WAY;
use crate::cluster::admission::{WEBHOOKS, decode_webhooks};
use crate::cluster::lists::Listed;
use crate::cluster::objects::{Release, Team, Window, decode, decode_policy};
use crate::cluster::store::{Change, Store};
use crate::cluster::workloads::{self, Workload};
use crate::cluster::writes::{ApiError, CONFIG_MAPS, RELEASES, Resource, TEAMS, WINDOWS};
use crate::cluster::{ObjectKey, Projected, ResourceVersion};
use crate::manifests::Mechanism;

/// An object as it was read, or why it cannot be decoded.
pub type Read<P> = Result<P, String>;

impl World {
    /// The newest version of a release; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_release(&self, key: &ObjectKey) -> Result<Option<Read<Release>>, ApiError> {
        if let Some(text) = self.objects.get(RELEASES, &key.namespace, &key.name).await? {
            return Ok(Some(self.release_in(&text)));
        }
        if self.stores.releases.get(key).is_some()
            && let Some(version) = self.gone_as_of(RELEASES, key).await
        {
            self.release_is_gone(key, version);
        }
        Ok(None)
    }

    /// All releases that are under way, newest versions. What cannot be decoded is left out.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_releases(&self) -> Result<Vec<Release>, ApiError> {
        let list = self.objects.list(RELEASES, UNDER_WAY).await?;
        for key in self.stores.releases.keys().into_iter().filter(|key| !list.keys.contains(key)) {
            self.release_is_gone(&key, list.version.clone());
        }
        Ok(list.texts.iter().filter_map(|text| self.release_in(text).ok()).collect())
    }

    /// All releases that have ended.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_ended_releases(&self) -> Result<Vec<Release>, ApiError> {
        let list = self.objects.list(RELEASES, "status.finished=true").await?;
        Ok(list.texts.iter().filter_map(|text| self.release_in(text).ok()).collect())
    }

    /// The newest version of a team; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_team(&self, key: &ObjectKey) -> Result<Option<Read<Team>>, ApiError> {
        let text = self.objects.get(TEAMS, &key.namespace, &key.name).await?;
        if text.is_none() {
            let change = self.gone(&self.stores.teams, TEAMS, key).await;
            change.iter().for_each(|change| self.team_differs(change));
        }
        Ok(text.map(|text| self.team_in(&text)))
    }

    /// All teams, newest versions. What cannot be decoded is left out.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_teams(&self) -> Result<Vec<Team>, ApiError> {
        let list = self.objects.list(TEAMS, "").await?;
        Ok(list.texts.iter().filter_map(|text| self.team_in(text).ok()).collect())
    }

    /// All windows, newest versions, and whether there are others that cannot be decoded.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_windows(&self) -> Result<(Vec<Window>, bool), ApiError> {
        let list = self.objects.list(WINDOWS, "").await?;
        let windows: Vec<Window> = list.texts.iter().filter_map(|text| decode(text).ok()).collect();
        for change in relisted(&self.stores.windows, &list, &windows) {
            self.window_differs(&change);
        }
        let others = windows.len() < list.texts.len();
        Ok((windows, others))
    }

    /// Reads what makes the API server hold: the policies and their bindings, or where they do not hold the webhook.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_policies(&self) -> Result<(), ApiError> {
        let policies = policies_served(&self.hold.mechanism)
            .map(|(n, resource)| self.read_ours(&self.stores.policies[n], resource, decode_policy));
        let webhook = async {
            let held_by_it = self.hold.mechanism != Mechanism::Policies;
            if held_by_it { self.read_ours(&self.stores.webhooks, WEBHOOKS, decode_webhooks).await } else { Ok(()) }
        };
        tokio::try_join!(try_join_all(policies), webhook)?;
        Ok(())
    }

    /// Reads what of a kind is part of the installation: its versions, and all of it only where those are others than
    /// the store has. Whoever waits for this may stop waiting, so what differs is told at once.
    async fn read_ours<P: Projected + Clone>(
        &self,
        store: &Store<P>,
        resource: Resource,
        decode: fn(&str) -> Read<P>,
    ) -> Result<(), ApiError> {
        let versions = self.objects.versions_labelled(resource, OURS).await?;
        let known = |(key, version): (&ObjectKey, &ResourceVersion)| {
            store.get(key).is_some_and(|object| object.resource_version() == version)
        };
        if versions.iter().all(known) && store.keys().iter().all(|key| versions.contains_key(key)) {
            return Ok(());
        }
        let list = self.objects.list_labelled(resource, OURS).await?;
        let read: Vec<P> = list.texts.iter().filter_map(|text| decode(text).ok()).collect();
        if !relisted(store, &list, &read).is_empty() {
            self.policies_changed();
        }
        Ok(())
    }

    /// The newest version of a workload, without what its runs tell. `None` if there is none, or if it cannot be read as
    /// one.
    ///
    /// # Errors
    ///
    /// When the API server does not say.
    pub async fn read_workload(&self, kind: WorkloadKind, key: &ObjectKey) -> Result<Option<Workload>, ApiError> {
        let (store, resource) = (self.stores.workloads(kind), Resource::of(kind));
        let text = self.objects.get(resource, &key.namespace, &key.name).await?;
        let found = text.as_ref().and_then(|text| workloads::decode(kind, text).ok());
        let change = match (&text, &found) {
            (None, _) => self.gone(store, resource, key).await,
            (_, found) => found.as_ref().and_then(|found| remembered(store, found)),
        };
        change.iter().for_each(|change| self.workload_differs(kind, change));
        Ok(found)
    }

    /// Asks the API server whether everything is stopped: whether the ConfigMap of that name exists in the
    /// operator's namespace. Its key `reason` says why.
    ///
    /// # Errors
    ///
    /// When the API server does not say: then nothing may be let go.
    pub async fn read_stop(&self) -> Result<(), ApiError> {
        let key = ObjectKey::new(self.settings.namespace.as_str(), STOP);
        let text = self.objects.get(CONFIG_MAPS, &key.namespace, &key.name).await?;
        match text.as_ref().map(|text| stop::decode(text)) {
            Some(Ok(found)) => drop(remembered(&self.stores.stop, &found)),
            Some(Err(_)) => {}
            None => drop(self.gone(&self.stores.stop, CONFIG_MAPS, &key).await),
        }
        self.stop_seen(text.map(|text| stop::reason_in(&text)));
        Ok(())
    }

    fn release_in(&self, text: &str) -> Read<Release> {
        let release = decode(text)?;
        let change = self.stores.releases.remember(&release);
        change.iter().for_each(|change| self.release_differs(change));
        Ok(release)
    }

    fn release_is_gone(&self, key: &ObjectKey, version: ResourceVersion) {
        let change = self.stores.releases.remember_gone(key.clone(), version);
        change.iter().for_each(|change| self.release_differs(change));
    }

    fn team_in(&self, text: &str) -> Read<Team> {
        let team = decode(text)?;
        let change = remembered(&self.stores.teams, &team);
        change.iter().for_each(|change| self.team_differs(change));
        Ok(team)
    }

    /// Remembers that an object is gone which was just not found.
    async fn gone<P: Projected>(&self, store: &Store<P>, resource: Resource, key: &ObjectKey) -> Option<Change<P>> {
        // Else there is nothing to forget, and nothing is asked for it.
        store.get(key)?;
        let version = self.gone_as_of(resource, key).await?;
        store.remember_gone(key.clone(), version)
    }

    /// As of which version an object is gone; `None` if it is there again, or if the API server does not say: then the
    /// watch will.
    async fn gone_as_of(&self, resource: Resource, key: &ObjectKey) -> Option<ResourceVersion> {
        self.objects.gone_as_of(resource, key).await.ok().flatten()
    }
}

/// Remembers a list: all that there is, of which this could be decoded. Tells what became different.
fn relisted<P: Projected + Clone>(store: &Store<P>, list: &Listed, read: &[P]) -> Vec<Change<P>> {
    let missing = store.keys().into_iter().filter(|key| !list.keys.contains(key));
    let gone = missing.filter_map(|key| store.remember_gone(key, list.version.clone()));
    read.iter().filter_map(|object| remembered(store, object)).chain(gone).collect()
}

/// Remembers an object that was read, if it is news. Tells what became different.
pub fn remembered<P: Projected + Clone>(store: &Store<P>, read: &P) -> Option<Change<P>> {
    let news = store.is_behind(read.key(), read.resource_version());
    news.then(|| store.remember(read.clone())).flatten()
}
