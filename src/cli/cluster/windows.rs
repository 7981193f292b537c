//! The windows that may govern a release, with the calendars that they name, as the person may read them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::api::RefusalKind;
use super::{Cluster, read};
use crate::cli::Failure;
use crate::cluster::config_maps::{CalendarName, ConfigMap, decode as decode_map};
use crate::cluster::objects::{Release, Team, Window, decode};
use crate::cluster::writes::{CONFIG_MAPS, NAMESPACES, RELEASES, TEAMS, WINDOWS};
use crate::cluster::{ObjectKey, ResourceVersion, Undecodable};
use crate::controllers::calendars::{self, Newest, Shelf};
use crate::controllers::facts;
use crate::controllers::openings;
use crate::controllers::release::situation::{Around, teams};
use crate::domain::ObjectName;
use crate::domain::scheduling::situation::WindowStart;

/// Reads windows and calendars into what is around the release.
pub(super) async fn read(
    cluster: &Cluster,
    release: &Release,
    around: &mut Around,
    unseen: &mut Vec<String>,
) -> Result<(), Failure> {
    for value in found(cluster, release, unseen).await? {
        match decode(&value.to_string()) {
            Ok(window) => around.windows.push(Arc::<Window>::new(window)),
            Err(message) => {
                let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
                let key = ObjectKey::new(text("namespace"), text("name"));
                let resource_version = ResourceVersion::new(text("resourceVersion"));
                around.unreadable_windows.push(Undecodable { key, resource_version, message });
            }
        }
    }
    let named: Vec<ObjectName> = release.spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
    let parts = release.spec.participants.iter().map(|p| p.team.namespace.as_str());
    let namespaces: Vec<&str> = parts.chain([&*release.meta.key.namespace]).collect();
    let near: Vec<Arc<Window>> = around
        .windows
        .iter()
        .filter(|w| facts::may_govern(w, &cluster.platform, &namespaces, &named))
        .cloned()
        .collect();
    let shelf = Read::all(cluster, &near, unseen).await?;
    around.window_starts = starts(cluster, release, &openings::limited(near.iter()), unseen).await?;
    let compiled = near.iter().map(|w| (w.meta.key.clone(), calendars::compile(w, &shelf).governing(w)));
    around.governing = compiled.collect();
    Ok(())
}

/// All windows; where the person may not list them everywhere, those of the namespaces that count.
async fn found(cluster: &Cluster, release: &Release, unseen: &mut Vec<String>) -> Result<Vec<Value>, Failure> {
    match cluster.api.list(WINDOWS, "", "").await {
        Ok(all) => return Ok(all),
        Err(refusal) if refusal.kind == RefusalKind::Forbidden => {}
        Err(refusal) => return Err(refusal.told(&cluster.api)),
    }
    let mut scopes: BTreeSet<String> = teams(release).into_iter().map(|team| team.namespace).collect();
    scopes.insert(cluster.platform.clone());
    scopes.insert(release.meta.key.namespace.to_string());
    scopes.extend(release.spec.windows.iter().map(|w| w.namespace.clone()));
    let mut all = Vec::new();
    for scope in scopes {
        let listed = cluster.api.list(WINDOWS, &scope, "").await;
        all.extend(read::seen(cluster, listed, unseen)?.unwrap_or_default());
    }
    Ok(all)
}

/// What others have started in windows that limit how much may.
async fn starts(
    cluster: &Cluster,
    release: &Release,
    limited: &[Arc<Window>],
    unseen: &mut Vec<String>,
) -> Result<Vec<WindowStart>, Failure> {
    if limited.is_empty() {
        return Ok(Vec::new());
    }
    let mut read_all = async |resource| {
        let listed = cluster.api.list(resource, "", "").await;
        Ok::<_, Failure>(read::seen(cluster, listed, unseen)?.unwrap_or_default())
    };
    let (releases, teams, namespaces) =
        (read_all(RELEASES).await?, read_all(TEAMS).await?, read_all(NAMESPACES).await?);
    let releases: Vec<Release> = releases.iter().filter_map(|v| read::as_release(v).ok()).collect();
    let teams: Vec<Team> = teams.iter().filter_map(|v| decode(&v.to_string()).ok()).collect();
    let labels: BTreeMap<String, BTreeMap<String, String>> =
        namespaces.iter().filter_map(|n| Some((n["metadata"]["name"].as_str()?.to_owned(), read::labels(n)))).collect();
    let ground = openings::Ground {
        platform: &cluster.platform,
        labels: Box::new(|namespace: &str| labels.get(namespace).cloned().unwrap_or_default()),
    };
    let others = releases.iter().filter(|r| r.meta.key != release.meta.key);
    Ok(openings::starts(&ground, limited, others, teams.iter()))
}

/// The calendars that were read.
struct Read {
    newest: BTreeMap<ObjectKey, Newest>,
    copies: BTreeMap<String, Arc<ConfigMap>>,
}

impl Read {
    async fn all(cluster: &Cluster, windows: &[Arc<Window>], unseen: &mut Vec<String>) -> Result<Self, Failure> {
        let names: Vec<CalendarName> = windows.iter().flat_map(|w| calendars::named(w)).collect();
        let mut all = Self { newest: BTreeMap::new(), copies: BTreeMap::new() };
        for name in names {
            let map = &name.config_map;
            let found = match cluster.api.get(CONFIG_MAPS, &map.namespace, &map.name).await {
                Ok(Some(found)) => {
                    decode_map(&found.to_string()).map_or_else(Newest::Refused, |m| Newest::Found(m.into()))
                }
                Ok(None) => Newest::Absent,
                Err(refusal) if refusal.kind == RefusalKind::Forbidden => {
                    unseen.push(refusal.what);
                    Newest::Unread
                }
                Err(refusal) => return Err(refusal.told(&cluster.api)),
            };
            let good = matches!(&found, Newest::Found(_));
            all.newest.insert(map.clone(), found);
            // The last good copy counts where the calendar itself cannot be read.
            let copy = name.copy_name();
            let kept = cluster.api.get(CONFIG_MAPS, &cluster.platform, &copy).await;
            let kept = if good { kept.ok().flatten() } else { read::seen(cluster, kept, unseen)?.flatten() };
            if let Some(kept) = kept.and_then(|k| decode_map(&k.to_string()).ok()) {
                all.copies.insert(copy, Arc::new(kept));
            }
        }
        Ok(all)
    }
}

impl Shelf for Read {
    fn newest(&self, config_map: &ObjectKey) -> Newest {
        self.newest.get(config_map).cloned().unwrap_or(Newest::Unread)
    }

    fn copy(&self, name: &CalendarName) -> Option<Arc<ConfigMap>> {
        self.copies.get(&name.copy_name()).cloned()
    }

    fn copies_are_known(&self) -> bool {
        true
    }
}
