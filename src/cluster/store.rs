//! What the watches have seen, projected, in a deterministic order, with indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::ahead::Ahead;
use super::watch_event::WatchEvent;
use super::{ObjectKey, Projected, ResourceVersion, Undecodable};

/// What an index finds objects by. Mostly the text of another object's key.
pub type IndexKey = Arc<str>;

/// The index keys under which an object is found. Called once for each version; cheap and pure.
pub type IndexFn<P> = fn(&P) -> Vec<IndexKey>;

/// A difference that an event made. Both sides absent: the object was, or became, undecodable.
#[derive(Debug)]
pub struct Change<P> {
    /// The object.
    pub key: ObjectKey,
    /// What the store held before.
    pub old: Option<Arc<P>>,
    /// What it holds now.
    pub new: Option<Arc<P>>,
}

/// The objects of one kind. A clone is another handle on the same objects.
pub struct Store<P> {
    inner: Arc<RwLock<Inner<P>>>,
}

impl<P> Clone for Store<P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

enum Content<P> {
    Good(Arc<P>),
    Bad(Undecodable),
}

struct Entry<P> {
    content: Content<P>,
    /// The list that last showed the object; older ones are swept when a list ends.
    list: u64,
}

impl<P: Projected> Entry<P> {
    fn version(&self) -> &ResourceVersion {
        match &self.content {
            Content::Good(object) => object.resource_version(),
            Content::Bad(bad) => &bad.resource_version,
        }
    }

    fn good(&self) -> Option<&Arc<P>> {
        match &self.content {
            Content::Good(object) => Some(object),
            Content::Bad(_) => None,
        }
    }
}

struct Index<P> {
    name: &'static str,
    of: IndexFn<P>,
    keys: BTreeMap<IndexKey, BTreeSet<ObjectKey>>,
}

struct Inner<P> {
    entries: BTreeMap<ObjectKey, Entry<P>>,
    indexes: Vec<Index<P>>,
    expected: BTreeMap<ObjectKey, ResourceVersion>,
    /// What was read ahead of the watch.
    ahead: Ahead,
}

impl<P: Projected> Default for Store<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Projected> Store<P> {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let inner =
            Inner { entries: BTreeMap::new(), indexes: Vec::new(), expected: BTreeMap::new(), ahead: Ahead::default() };
        Self { inner: Arc::new(RwLock::new(inner)) }
    }

    /// The store with one more index, which covers what is in it already.
    #[must_use]
    pub fn with_index(self, name: &'static str, of: IndexFn<P>) -> Self {
        let mut inner = self.write();
        let mut index = Index { name, of, keys: BTreeMap::new() };
        for object in inner.entries.values().filter_map(Entry::good) {
            index.insert(object);
        }
        inner.indexes.push(index);
        drop(inner);
        self
    }

    /// The object of this name; none if it is absent or undecodable.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<P>> {
        self.read().entries.get(key).and_then(Entry::good).cloned()
    }

    /// All objects, by namespace and name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<P>> {
        self.read().entries.values().filter_map(Entry::good).cloned().collect()
    }

    /// How many objects the store holds, undecodable ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().entries.len()
    }

    /// The names of all objects, undecodable ones included.
    #[must_use]
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.read().entries.keys().cloned().collect()
    }

    /// Whether the store holds no object at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects that an index finds under a key, by namespace and name. An index that does not exist finds
    /// nothing.
    #[must_use]
    pub fn by_index(&self, index: &str, key: &str) -> Vec<Arc<P>> {
        let inner = self.read();
        let found = inner.indexes.iter().find(|known| known.name == index).and_then(|index| index.keys.get(key));
        found.into_iter().flatten().filter_map(|key| inner.entries.get(key)?.good().cloned()).collect()
    }

    /// Why the object of this name could not be decoded, if it is there and could not.
    #[must_use]
    pub fn undecodable(&self, key: &ObjectKey) -> Option<Undecodable> {
        match &self.read().entries.get(key)?.content {
            Content::Bad(bad) => Some(bad.clone()),
            Content::Good(_) => None,
        }
    }

    /// All objects that could not be decoded, by namespace and name.
    #[must_use]
    pub fn all_undecodable(&self) -> Vec<Undecodable> {
        let inner = self.read();
        let bad = inner.entries.values().filter_map(|entry| match &entry.content {
            Content::Bad(bad) => Some(bad.clone()),
            Content::Good(_) => None,
        });
        bad.collect()
    }

    /// Read your writes: until the store has seen this version of the object, or a later one, or its end, it is not
    /// fresh. To be called with the version that a write returned.
    pub fn expect_at_least(&self, key: ObjectKey, version: ResourceVersion) {
        let mut inner = self.write();
        let seen = inner.entries.get(&key).is_some_and(|entry| entry.version().is_at_least(&version));
        let expects_more = inner.expected.get(&key).is_some_and(|expected| expected.is_at_least(&version));
        if !seen && !expects_more {
            inner.expected.insert(key, version);
        }
    }

    /// Whether the store has seen every write that [`Store::expect_at_least`] was told of.
    #[must_use]
    pub fn is_fresh(&self, key: &ObjectKey) -> bool {
        !self.read().expected.contains_key(key)
    }

    /// The names of the objects in it of which a write is yet to be seen.
    #[must_use]
    pub fn awaited(&self) -> Vec<ObjectKey> {
        let inner = self.read();
        inner.expected.keys().filter(|key| inner.entries.contains_key(*key)).cloned().collect()
    }

    /// Whether the store would learn something from this version of an object: the watch has not come so far yet.
    #[must_use]
    pub fn is_behind(&self, key: &ObjectKey, version: &ResourceVersion) -> bool {
        self.read().is_behind(key, version)
    }

    /// Read your reads: takes in an object that was read from the API server, if the watch has not come so far yet. Until
    /// it has, what it shows of older versions of the object changes nothing. Tells what became different.
    ///
    /// What is remembered belongs to what is watched: whoever watches a selection remembers what is not, or not any more,
    /// of it as [`Store::remember_gone`].
    pub fn remember(&self, object: P) -> Option<Change<P>> {
        self.write().remember(object)
    }

    /// The same for an object that is gone, or no longer selected, as of this version.
    pub fn remember_gone(&self, key: ObjectKey, version: ResourceVersion) -> Option<Change<P>> {
        let mut inner = self.write();
        if !inner.is_behind(&key, &version) {
            return None;
        }
        inner.seen(&key, &version);
        inner.ahead.read(key.clone(), version);
        inner.remove(key)
    }

    /// Takes in what a watch has seen, and tells what became different: nothing when a list merely repeats what is
    /// known.
    pub fn apply(&self, event: WatchEvent<P>) -> Vec<Change<P>> {
        let mut inner = self.write();
        match event {
            WatchEvent::ListStarted => {
                inner.ahead.list_started();
                Vec::new()
            }
            WatchEvent::Applied(object) => {
                inner.shown(object.key().clone(), Content::Good(Arc::new(object))).into_iter().collect()
            }
            WatchEvent::Undecodable(bad) => inner.shown(bad.key.clone(), Content::Bad(bad)).into_iter().collect(),
            WatchEvent::Deleted(key, version) => {
                inner.seen(&key, &version);
                let counts = inner.ahead.shows(&key, &version);
                counts.then(|| inner.remove(key)).flatten().into_iter().collect()
            }
            WatchEvent::ListFinished(version) => {
                inner.ahead.list_finished(&version);
                let changes = inner.sweep();
                inner.seen_all(&version);
                changes
            }
            WatchEvent::Progress(version) => {
                inner.ahead.progress(&version);
                inner.seen_all(&version);
                Vec::new()
            }
        }
    }

    /// How many objects are known in a version that the watch has yet to show.
    #[cfg(test)]
    pub(super) fn ahead_of_the_watch(&self) -> usize {
        self.read().ahead.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner<P>> {
        // An index function that panicked leaves a whole map behind; the next list repairs what it missed.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner<P>> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Projected> Index<P> {
    fn insert(&mut self, object: &P) {
        for key in (self.of)(object) {
            self.keys.entry(key).or_default().insert(object.key().clone());
        }
    }

    fn remove(&mut self, object: &P) {
        for key in (self.of)(object) {
            if let Some(found) = self.keys.get_mut(&key) {
                found.remove(object.key());
                if found.is_empty() {
                    self.keys.remove(&key);
                }
            }
        }
    }
}

impl<P: Projected> Inner<P> {
    fn is_behind(&self, key: &ObjectKey, version: &ResourceVersion) -> bool {
        self.ahead.is_news(key, version, self.entries.get(key).map(Entry::version))
    }

    /// Takes in what was read.
    fn remember(&mut self, object: P) -> Option<Change<P>> {
        let (key, version) = (object.key().clone(), object.resource_version().clone());
        if !self.is_behind(&key, &version) {
            return None;
        }
        self.ahead.read(key.clone(), version);
        // The list under way may have shown it in an older form.
        let list = self.entries.get(&key).map_or(0, |known| known.list);
        self.put(key, Entry { content: Content::Good(Arc::new(object)), list })
    }

    /// Takes in what the watch shows.
    fn shown(&mut self, key: ObjectKey, content: Content<P>) -> Option<Change<P>> {
        let entry = Entry { content, list: self.ahead.list() };
        let counts = self.ahead.shows(&key, entry.version());
        if let Some(known) = self.entries.get_mut(&key)
            && (known.version() == entry.version() || !counts)
        {
            known.list = entry.list;
        }
        counts.then(|| self.put(key, entry)).flatten()
    }

    fn put(&mut self, key: ObjectKey, entry: Entry<P>) -> Option<Change<P>> {
        self.seen(&key, entry.version());
        if self.entries.get(&key).is_some_and(|known| known.version() == entry.version()) {
            return None;
        }
        let new = entry.good().cloned();
        let old = self.entries.insert(key.clone(), entry).and_then(|old| old.good().cloned());
        self.reindex(old.as_deref(), new.as_deref());
        Some(Change { key, old, new })
    }

    fn remove(&mut self, key: ObjectKey) -> Option<Change<P>> {
        let old = self.entries.remove(&key)?.good().cloned();
        self.reindex(old.as_deref(), None);
        Some(Change { key, old, new: None })
    }

    /// Removes what the list that ends now has not shown, unless it was read in a newer version.
    fn sweep(&mut self) -> Vec<Change<P>> {
        let list = self.ahead.list();
        let missing = |(key, entry): &(&ObjectKey, &Entry<P>)| entry.list != list && !self.ahead.knows(key);
        let gone = self.entries.iter().filter(missing).map(|(key, _)| key.clone());
        let gone: Vec<_> = gone.collect();
        gone.into_iter().filter_map(|key| self.remove(key)).collect()
    }

    fn reindex(&mut self, old: Option<&P>, new: Option<&P>) {
        for index in &mut self.indexes {
            if let Some(old) = old {
                index.remove(old);
            }
            if let Some(new) = new {
                index.insert(new);
            }
        }
    }

    fn seen(&mut self, key: &ObjectKey, version: &ResourceVersion) {
        if self.expected.get(key).is_some_and(|expected| version.is_at_least(expected)) {
            self.expected.remove(key);
        }
    }

    fn seen_all(&mut self, version: &ResourceVersion) {
        self.expected.retain(|_, expected| !version.is_at_least(expected));
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
