//! One narrow watch for each ConfigMap that a window names: a right to that one object is enough for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::Client;
use tokio::task::{AbortHandle, JoinSet};

use super::{Calendars, Followed, MOST_FOLLOWED, lock, named};
use crate::api::names::CALENDAR_COPY;
use crate::cluster::config_maps::{ConfigMap, decode};
use crate::cluster::store::Store;
use crate::cluster::watch::{WatchConfig, WatchEvent, watch_projected};
use crate::cluster::writes::CONFIG_MAPS;
use crate::cluster::{ObjectKey, WatchState};
use crate::controllers::world::World;

/// Follows the ConfigMaps that windows name, and the operator's copies of them, until it is dropped.
pub async fn follow(world: Arc<World>, client: Client) {
    let mut tasks = JoinSet::new();
    tasks.spawn(copies(world.clone(), client.clone()));
    let mut running: BTreeMap<ObjectKey, AbortHandle> = BTreeMap::new();
    loop {
        let wanted = wanted(&world);
        running.retain(|key, task| {
            let kept = wanted.contains(key);
            if !kept {
                task.abort();
                lock(&world.calendars.followed).remove(key);
            }
            kept
        });
        for key in wanted {
            let begin = || tasks.spawn(one(world.clone(), client.clone(), key.clone()));
            running.entry(key.clone()).or_insert_with(begin);
        }
        while tasks.try_join_next().is_some() {}
        world.calendars.renamed.notified().await;
    }
}

/// In the order of their names, so that it is always the same ones that are too many.
fn wanted(world: &World) -> BTreeSet<ObjectKey> {
    let windows = world.stores.windows.list();
    let names: BTreeSet<ObjectKey> = windows.iter().flat_map(|w| named(w)).map(|name| name.config_map).collect();
    if names.len() > MOST_FOLLOWED {
        tracing::warn!(
            event = "too_many_calendars",
            named = names.len(),
            "only {MOST_FOLLOWED} ConfigMaps are followed"
        );
    }
    names.into_iter().take(MOST_FOLLOWED).collect()
}

async fn one(world: Arc<World>, client: Client, key: ObjectKey) {
    let config = WatchConfig {
        namespace: Some(key.namespace.to_string()),
        ..WatchConfig::new(CONFIG_MAPS.group, CONFIG_MAPS.version, CONFIG_MAPS.plural)
    }
    .fields(format!("metadata.name={}", key.name))
    .waiting_as(&world.settings.identity);
    let followed = Followed { store: Store::new(), state: WatchState::new(world.calendars.clock.clone()) };
    let Followed { store, state } = followed.clone();
    lock(&world.calendars.followed).insert(key.clone(), followed);
    let mut troubles = state.troubles();
    let seen = |event: WatchEvent<ConfigMap>| {
        let listed = matches!(event, WatchEvent::ListFinished(_));
        if !store.apply(event).is_empty() || listed {
            world.calendar_changed(&key);
        }
    };
    let troubled = async {
        while troubles.changed().await.is_ok() {
            world.calendar_changed(&key);
        }
    };
    // Neither ends.
    futures::join!(watch_projected(client, config, state, decode, seen), troubled);
}

async fn copies(world: Arc<World>, client: Client) {
    let calendars: &Calendars = &world.calendars;
    let config = WatchConfig {
        namespace: Some(calendars.namespace.clone()),
        ..WatchConfig::new(CONFIG_MAPS.group, CONFIG_MAPS.version, CONFIG_MAPS.plural)
    }
    .labels(format!("{CALENDAR_COPY}=true"))
    .waiting_as(&world.settings.identity);
    let seen = |event: WatchEvent<ConfigMap>| {
        if !calendars.copies_changed(event).is_empty() {
            world.calendars_changed();
        }
    };
    watch_projected(client, config, calendars.copies_state.clone(), decode, seen).await;
}
