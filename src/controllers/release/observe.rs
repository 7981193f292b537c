//! Everything that a decision about one release is made on, read once: from the stores, to see whether
//! there is anything to do, or fresh from the API server, before anything is let go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::View;
use super::asked::{self, Acting};
use super::situation::{Around, teams, view, workloads_named};
use crate::api::fields::WorkloadKind;
use crate::cluster::objects::{Release, Team, Window};
use crate::cluster::workloads::Workload;
use crate::cluster::writes::ApiError;
use crate::cluster::{ObjectKey, Projected};
use crate::controllers::calendars::{self, Calendars, Newest, Shelf as _};
use crate::controllers::facts;
use crate::controllers::openings;
use crate::controllers::world::{BY_TEAM, BY_WORKLOAD, World, workload_index};
use crate::domain::names::ObjectName;

/// What the stores say of a release.
pub fn cached(world: &World, release: Arc<Release>) -> View {
    let mut around = Around {
        windows: world.stores.windows.list(),
        unreadable_windows: world.stores.windows.all_undecodable(),
        others: others(world, &release),
        namespaces: namespaces(world, &release),
        refused: world.refused(&release.meta.key),
        ..Around::default()
    };
    around.compile(world, &release, |key| world.calendars.newest(key));
    around.window_starts =
        openings::seen(world, &openings::limited(around.near(world, &release)), Some(&release.meta.key));
    for participant in &release.spec.participants {
        let name = ObjectName::new(&participant.team.namespace, &participant.team.name);
        let key = facts::key(&name);
        if let Some(team) = world.stores.teams.get(&key) {
            around.teams.insert(name, team);
        } else if let Some(bad) = world.stores.teams.undecodable(&key) {
            around.unreadable_teams.insert(name, bad.message);
        }
    }
    for (kind, namespace, name) in workloads_named(&release) {
        let found = world.stores.workloads(kind).get(&ObjectKey::new(namespace, name));
        if let Some(found) = found {
            let found = world.stores.workloads.with_runs((*found).clone());
            around.workloads.insert(facts::workload(&found).name, found);
        }
    }
    view(&world.circumstances(), release, &around)
}

/// What the API server says of a release now. `None` if it is gone, finished, or not readable.
///
/// # Errors
///
/// When something could not be read: then nothing may be concluded.
pub async fn fresh(world: &World, key: &ObjectKey, acting: &Acting) -> Result<Option<View>, ApiError> {
    let Some(Ok(release)) = world.read_release(key).await? else {
        return Ok(None);
    };
    if release.meta.terminating || release.status.finished == Some(true) {
        return Ok(None);
    }
    tokio::try_join!(world.read_stop(), world.read_policies())?;
    let release = Arc::new(release);
    let mut around = Around {
        others: fresh_others(world, &release).await?,
        namespaces: namespaces(world, &release),
        refused: world.refused(&release.meta.key),
        ..Around::default()
    };
    let (windows, others) = world.read_windows().await?;
    around.windows = windows.into_iter().map(Arc::new).collect();
    if others {
        around.unreadable_windows = world.stores.windows.all_undecodable();
    }
    let read = Calendars::read(world, around.near(world, &release).map(|w| &**w)).await?;
    around.compile(world, &release, |key| read.get(key).cloned().unwrap_or(Newest::Unread));
    let limited = openings::limited(around.near(world, &release));
    around.window_starts = openings::read(world, &limited, Some(&release.meta.key)).await?;
    let reads = release.spec.participants.iter().map(|p| read_team(world, &p.team.namespace, &p.team.name));
    for (name, team) in futures::future::try_join_all(reads).await? {
        match team {
            Some(Ok(team)) => drop(around.teams.insert(name, Arc::new(team))),
            Some(Err(why)) => drop(around.unreadable_teams.insert(name, why)),
            None => {}
        }
    }
    asked::ask(world, &release, acting, &mut around).await?;
    let named = workloads_named(&release);
    let reads = named.iter().map(|(kind, namespace, name)| read_workload(world, *kind, namespace, name));
    for found in futures::future::try_join_all(reads).await?.into_iter().flatten() {
        around.workloads.insert(facts::workload(&found).name, found);
    }
    Ok(Some(view(&world.circumstances(), release, &around)))
}

impl Around {
    /// The windows that may govern something of a release.
    fn near<'a>(&'a self, world: &'a World, release: &'a Release) -> impl Iterator<Item = &'a Arc<Window>> {
        let named: Vec<ObjectName> =
            release.spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
        let teams = release.spec.participants.iter().map(|p| p.team.namespace.as_str());
        let namespaces: Vec<&str> = teams.chain([&*release.meta.key.namespace]).collect();
        let platform = &world.settings.namespace;
        self.windows.iter().filter(move |window| facts::may_govern(window, platform, &namespaces, &named))
    }

    /// Compiles them, each once, whatever it governs.
    fn compile(&mut self, world: &World, release: &Release, newest: impl Fn(&ObjectKey) -> Newest) {
        let mut read = BTreeMap::new();
        let mut governing = BTreeMap::new();
        for window in self.near(world, release) {
            read.extend(calendars::named(window).into_iter().map(|name| {
                let newest = newest(&name.config_map);
                (name.config_map, newest)
            }));
            governing.insert(window.meta.key.clone(), world.calendars.governing_fresh(window, &read));
        }
        self.calendars = read.iter().map(|(key, newest)| newest.said(key)).collect();
        self.governing = governing;
    }
}

async fn read_team(
    world: &World,
    namespace: &str,
    name: &str,
) -> Result<(ObjectName, Option<Result<Team, String>>), ApiError> {
    let team = world.read_team(&ObjectKey::new(namespace, name)).await?;
    Ok((ObjectName::new(namespace, name), team))
}

/// The newest version of a workload. `None` if there is none, or if it cannot be read as one.
///
/// # Errors
///
/// When the API server does not say.
pub async fn read_workload(
    world: &World,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
) -> Result<Option<Workload>, ApiError> {
    let found = world.read_workload(kind, &ObjectKey::new(namespace, name)).await?;
    Ok(found.map(|workload| world.stores.workloads.with_runs(workload)))
}

/// Other live releases, fresh if anything is shared that exists only so many times.
async fn fresh_others(world: &World, release: &Release) -> Result<Vec<Arc<Release>>, ApiError> {
    let shares = release.spec.steps.iter().any(|s| !s.requires.is_empty())
        || teams(release)
            .iter()
            .any(|t| world.stores.teams.get(&facts::key(t)).is_some_and(|t| t.spec.capacity.is_some()));
    if !shares {
        return Ok(others(world, release));
    }
    let all = world.read_releases().await?.into_iter();
    Ok(all.filter(|other| other.meta.key != release.meta.key).map(Arc::new).collect())
}

fn others(world: &World, release: &Release) -> Vec<Arc<Release>> {
    let releases = &world.stores.releases;
    if release.spec.steps.iter().any(|s| !s.requires.is_empty()) {
        return releases.list().into_iter().filter(|r| r.meta.key != release.meta.key).collect();
    }
    let mut found: BTreeMap<ObjectKey, Arc<Release>> = BTreeMap::new();
    let by_team = teams(release).into_iter().flat_map(|t| releases.by_index(BY_TEAM, &t.to_string()));
    let by_workload = workloads_named(release)
        .into_iter()
        .flat_map(|(k, ns, n)| releases.by_index(BY_WORKLOAD, &workload_index(k, ns, n)));
    for other in by_team.chain(by_workload).filter(|r| r.meta.key != release.meta.key) {
        found.insert(other.key().clone(), other);
    }
    found.into_values().collect()
}

/// The labels of the namespaces of a release's teams.
fn namespaces(world: &World, release: &Release) -> BTreeMap<String, BTreeMap<String, String>> {
    let labels = |team: &ObjectName| {
        let found = world.stores.namespaces.get(&ObjectKey::new("", team.namespace.as_str()))?;
        Some((team.namespace.clone(), found.meta.labels.clone()))
    };
    teams(release).iter().filter_map(labels).collect()
}
