//! Calendars that windows take from ConfigMaps: which are followed, what was last read of each, and the last
//! good copy of those that cannot be read any more.
//!
//! This folder never reads a ConfigMap that no window names, and says nothing to anybody: the window's own
//! controller writes the copies and the conditions.

mod compile;
mod follow;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use compile::{CalendarState, Compiled, compile, named};
pub use follow::follow;

use super::reading::remembered;
use super::world::World;
use crate::api::window::DeploymentWindowSpec;
use crate::clock::Clock;
use crate::cluster::config_maps::{self, CalendarName, ConfigMap};
use crate::cluster::objects::Window;
use crate::cluster::store::Store;
use crate::cluster::watch::WatchEvent;
use crate::cluster::writes::{ApiError, CONFIG_MAPS};
use crate::cluster::{ObjectKey, WatchState};
use crate::domain::calendar::Governing;

/// ConfigMaps that are followed at most. Each costs a watch, and up to 1 MiB of memory.
pub const MOST_FOLLOWED: usize = 500;

/// What is known of a ConfigMap that a window names.
#[derive(Clone, Debug)]
pub enum Newest {
    /// Nobody has looked yet.
    Unread,
    Found(Arc<ConfigMap>),
    Absent,
    /// It may be there, but it cannot be read.
    Refused(String),
}

impl Newest {
    /// What a grant cites of it.
    #[must_use]
    pub fn said(&self, key: &ObjectKey) -> String {
        match self {
            Self::Found(found) => format!("ConfigMap {key} {}", found.meta.version),
            Self::Unread | Self::Absent | Self::Refused(_) => format!("ConfigMap {key} (none)"),
        }
    }
}

/// Where calendars are looked up.
pub trait Shelf {
    /// What the ConfigMap says now.
    fn newest(&self, config_map: &ObjectKey) -> Newest;
    /// The last good copy of a calendar.
    fn copy(&self, name: &CalendarName) -> Option<Arc<ConfigMap>>;
    /// Whether a copy that is not found does not exist.
    fn copies_are_known(&self) -> bool;
}

/// The calendars that this process follows.
pub struct Calendars {
    clock: Arc<dyn Clock>,
    /// The operator's namespace, in which the copies are.
    namespace: String,
    followed: Mutex<BTreeMap<ObjectKey, Followed>>,
    copies: Store<ConfigMap>,
    copies_state: WatchState,
    /// Windows have changed, so other ConfigMaps may be named.
    renamed: Notify,
    compiled: Mutex<BTreeMap<ObjectKey, Known>>,
}

/// A compiled window, and what it was made of: as long as that is the same, so is the outcome.
struct Known {
    spec: DeploymentWindowSpec,
    sources: Vec<String>,
    compiled: Arc<Compiled>,
}

/// One ConfigMap that is followed.
#[derive(Clone)]
struct Followed {
    store: Store<ConfigMap>,
    state: WatchState,
}

impl Calendars {
    #[must_use]
    pub fn new(namespace: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            followed: Mutex::default(),
            copies: Store::new(),
            copies_state: WatchState::new(clock.clone()),
            clock,
            renamed: Notify::new(),
            compiled: Mutex::default(),
        }
    }

    /// Tells that a window has come, gone, or says something else.
    pub fn window_changed(&self, key: &ObjectKey) {
        lock(&self.compiled).remove(key);
        self.renamed.notify_one();
    }

    /// A window as it governs, by what was last read.
    #[must_use]
    pub fn governing(&self, window: &Arc<Window>) -> Governing {
        self.compiled(window, self).governing(window)
    }

    /// A window as it governs, by what was read of ConfigMaps just now.
    #[must_use]
    pub fn governing_fresh(&self, window: &Arc<Window>, read: &BTreeMap<ObjectKey, Newest>) -> Governing {
        self.compiled(window, &Fresh { calendars: self, read }).governing(window)
    }

    /// A window with its calendars, by what was last read.
    #[must_use]
    pub fn look_up(&self, window: &Arc<Window>) -> Arc<Compiled> {
        self.compiled(window, self)
    }

    /// Compiling reads whole calendars, so what came of it is kept until the window or a calendar changes.
    fn compiled(&self, window: &Arc<Window>, shelf: &dyn Shelf) -> Arc<Compiled> {
        let key = &window.meta.key;
        let sources = compile::sources(window, shelf);
        if let Some(known) = lock(&self.compiled).get(key)
            && known.sources == sources
            && known.spec == window.spec
        {
            return known.compiled.clone();
        }
        let compiled = Arc::new(compile(window, shelf));
        let known = Known { spec: window.spec.clone(), sources, compiled: compiled.clone() };
        lock(&self.compiled).insert(key.clone(), known);
        compiled
    }

    /// Reads the ConfigMaps that windows name, now.
    ///
    /// # Errors
    ///
    /// When the API server does not say: then nothing may be concluded. That it does not let us read one is an
    /// answer, and the last good copy stays in force.
    pub async fn read(
        world: &World,
        windows: impl Iterator<Item = &Window>,
    ) -> Result<BTreeMap<ObjectKey, Newest>, ApiError> {
        let names: BTreeSet<ObjectKey> = windows.flat_map(named).map(|name| name.config_map).collect();
        let reads = names.into_iter().map(|key| async move {
            let newest = match world.objects.get(CONFIG_MAPS, &key.namespace, &key.name).await {
                Ok(None) => Newest::Absent,
                Ok(Some(text)) => config_maps::decode(&text).map_or_else(Newest::Refused, |found| {
                    if world.calendars.remembers(&found) {
                        world.calendar_changed(&key);
                    }
                    Newest::Found(Arc::new(found))
                }),
                Err(ApiError::Forbidden { message, .. }) => Newest::Refused(message),
                Err(other) => return Err(other),
            };
            Ok((key, newest))
        });
        Ok(futures::future::try_join_all(reads).await?.into_iter().collect())
    }

    /// Remembers what was read of a ConfigMap. Returns whether that is news.
    fn remembers(&self, found: &ConfigMap) -> bool {
        let followed = lock(&self.followed).get(&found.meta.key).map(|followed| followed.store.clone());
        followed.is_some_and(|store| remembered(&store, found).is_some())
    }

    /// The operator's copies, all of them.
    #[must_use]
    pub fn copies(&self) -> Vec<Arc<ConfigMap>> {
        self.copies.list()
    }

    fn copies_changed(&self, event: WatchEvent<ConfigMap>) -> BTreeSet<ObjectKey> {
        self.copies.apply(event).into_iter().map(|change| change.key).collect()
    }
}

impl Shelf for Calendars {
    fn newest(&self, config_map: &ObjectKey) -> Newest {
        let followed = lock(&self.followed);
        let Some(followed) = followed.get(config_map).cloned() else {
            let full = followed.len() >= MOST_FOLLOWED;
            let why = || format!("windows name more than {MOST_FOLLOWED} ConfigMaps");
            return if full { Newest::Refused(why()) } else { Newest::Unread };
        };
        if !followed.state.is_synced() {
            return followed.state.trouble().map_or(Newest::Unread, Newest::Refused);
        }
        match followed.store.undecodable(config_map) {
            Some(bad) => Newest::Refused(bad.message),
            None => followed.store.get(config_map).map_or(Newest::Absent, Newest::Found),
        }
    }

    fn copy(&self, name: &CalendarName) -> Option<Arc<ConfigMap>> {
        self.copies.get(&ObjectKey::new(self.namespace.as_str(), name.copy_name()))
    }

    fn copies_are_known(&self) -> bool {
        self.copies_state.is_synced() || self.copies_state.trouble().is_some()
    }
}

/// What was read just now, and the copies.
struct Fresh<'a> {
    calendars: &'a Calendars,
    read: &'a BTreeMap<ObjectKey, Newest>,
}

impl Shelf for Fresh<'_> {
    fn newest(&self, config_map: &ObjectKey) -> Newest {
        self.read.get(config_map).cloned().unwrap_or(Newest::Unread)
    }

    fn copy(&self, name: &CalendarName) -> Option<Arc<ConfigMap>> {
        self.calendars.copy(name)
    }

    fn copies_are_known(&self) -> bool {
        self.calendars.copies_are_known()
    }
}

/// No code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
