//! What is stored: every version of every object, under one counter of revisions, as in etcd.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::kind::Kind;
use crate::object::{Key, Object};

/// A version that an object had from some revision on; none from its deletion on.
type Version = (u64, Option<Arc<Object>>);

/// A change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision that the change made.
    pub revision: u64,
    /// Which object.
    pub key: Key,
    /// What it was before; none if it was created.
    pub old: Option<Arc<Object>>,
    /// What it is since; none if it is gone.
    pub new: Option<Arc<Object>>,
    /// What it was when it went, at the revision of its deletion.
    pub gone: Option<Arc<Object>>,
}

/// The objects of one kind.
pub(crate) struct Shelf {
    pub(crate) kind: Arc<Kind>,
    /// Whether requests about the kind are answered.
    pub(crate) served: bool,
    /// The newest revision when the kind came to be what it is.
    since: u64,
    objects: BTreeMap<Key, Vec<Version>>,
    pub(crate) changes: Vec<Change>,
    pub(crate) changed: Arc<Notify>,
}

/// Who waits for changes of the one does not wait for those of the other.
impl Clone for Shelf {
    fn clone(&self) -> Self {
        let (kind, objects, changes) = (self.kind.clone(), self.objects.clone(), self.changes.clone());
        Self { kind, served: self.served, since: self.since, objects, changes, changed: Arc::new(Notify::new()) }
    }
}

/// Everything that is stored.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) shelves: Vec<Shelf>,
    revision: u64,
    compacted: u64,
}

/// Which kind, as a place in the store.
pub(crate) type KindIndex = usize;

impl Store {
    /// Serves one more kind, or what is known of one anew.
    pub(crate) fn serve(&mut self, kind: Kind) -> KindIndex {
        let same = |shelf: &Shelf| {
            (&shelf.kind.group, &shelf.kind.version, &shelf.kind.plural) == (&kind.group, &kind.version, &kind.plural)
        };
        if let Some(index) = self.shelves.iter().position(same) {
            self.shelves[index].kind = Arc::new(kind);
            self.shelves[index].served = true;
            self.shelves[index].since = self.revision;
            return index;
        }
        let (objects, changes, changed) = (BTreeMap::new(), Vec::new(), Arc::new(Notify::new()));
        let since = self.revision;
        self.shelves.push(Shelf { kind: Arc::new(kind), served: true, since, objects, changes, changed });
        self.shelves.len() - 1
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<KindIndex> {
        self.shelves
            .iter()
            .position(|s| s.served && s.kind.plural == plural && s.kind.group == group && s.kind.version == version)
    }

    /// The shelf of a kind by its group and plural, at whatever version.
    pub(crate) fn named(&self, group: &str, plural: &str) -> Option<KindIndex> {
        self.shelves.iter().position(|s| s.served && s.kind.plural == plural && s.kind.group == group)
    }

    /// The shelf of a kind as objects name it.
    pub(crate) fn of_kind(&self, api_version: &str, kind: &str) -> Option<KindIndex> {
        self.shelves.iter().position(|s| s.served && s.kind.kind == kind && s.kind.api_version() == api_version)
    }

    /// Whether an object was written by what its kind is now.
    pub(crate) fn is_as_served(&self, index: KindIndex, object: &Object) -> bool {
        object.revision > self.shelves[index].since
    }

    pub(crate) fn kind(&self, index: KindIndex) -> &Arc<Kind> {
        &self.shelves[index].kind
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether there was a change after a revision that counts.
    pub(crate) fn changed_after(&self, revision: u64, counts: impl Fn(&Kind, &Change) -> bool) -> bool {
        self.shelves.iter().any(|shelf| {
            let since = shelf.changes.iter().rev().take_while(|change| change.revision > revision);
            since.into_iter().any(|change| counts(&shelf.kind, change))
        })
    }

    /// Changes before this revision are forgotten.
    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    pub(crate) fn get(&self, index: KindIndex, key: &Key) -> Option<&Arc<Object>> {
        self.shelves[index].objects.get(key)?.last()?.1.as_ref()
    }

    /// An object as it was at a revision.
    pub(crate) fn get_at(&self, index: KindIndex, key: &Key, revision: u64) -> Option<&Arc<Object>> {
        at(self.shelves[index].objects.get(key)?, revision)
    }

    /// The objects as they were at a revision, by namespace and name; all namespaces if none is named.
    pub(crate) fn list_at<'a>(
        &'a self,
        index: KindIndex,
        namespace: &'a str,
        revision: u64,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Object>)> {
        let objects = self.shelves[index].objects.range(Key::new(namespace, "")..);
        let within = objects.take_while(move |(key, _)| namespace.is_empty() || &*key.namespace == namespace);
        within.filter_map(move |(key, versions)| Some((key, at(versions, revision)?)))
    }

    pub(crate) fn list<'a>(&'a self, index: KindIndex, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.list_at(index, namespace, self.revision).map(|(_, object)| object)
    }

    /// All versions of an object, oldest first, since the last compaction.
    pub(crate) fn versions(&self, index: KindIndex, key: &Key) -> &[Version] {
        self.shelves[index].objects.get(key).map_or(&[], Vec::as_slice)
    }

    /// Writes a version of an object.
    pub(crate) fn put(&mut self, index: KindIndex, value: serde_json::Value) -> Arc<Object> {
        self.put_rough(index, value, false)
    }

    /// The same, of which reading may fill in a part.
    pub(crate) fn put_rough(&mut self, index: KindIndex, value: serde_json::Value, rough: bool) -> Arc<Object> {
        self.revision += 1;
        let mut object = Object::new(value, self.revision);
        object.rough = rough;
        let object = Arc::new(object);
        self.record(index, object.key().clone(), Some(object.clone()), None);
        object
    }

    /// Removes an object, which is there; what it last was, at the revision of its removal.
    pub(crate) fn remove(&mut self, index: KindIndex, last: serde_json::Value) -> Arc<Object> {
        self.revision += 1;
        let gone = Arc::new(Object::new(last, self.revision));
        self.record(index, gone.key().clone(), None, Some(gone.clone()));
        gone
    }

    /// Serves a kind no longer; its objects are gone.
    pub(crate) fn withdraw(&mut self, index: KindIndex) {
        let all: Vec<_> = self.list(index, "").map(|object| serde_json::Value::clone(&object.value)).collect();
        for last in all {
            self.remove(index, last);
        }
        self.shelves[index].served = false;
    }

    fn record(&mut self, index: KindIndex, key: Key, new: Option<Arc<Object>>, gone: Option<Arc<Object>>) {
        let revision = self.revision;
        let shelf = &mut self.shelves[index];
        let versions = shelf.objects.entry(key.clone()).or_default();
        let old = versions.last().and_then(|(_, object)| object.clone());
        versions.push((revision, new.clone()));
        shelf.changes.push(Change { revision, key, old, new, gone });
        shelf.changed.notify_waiters();
    }

    /// Forgets what was before a revision: watches from before it, and pages of lists from before it, are refused.
    pub(crate) fn compact(&mut self, revision: u64) {
        self.compacted = self.compacted.max(revision.min(self.revision));
    }
}

fn at(versions: &[Version], revision: u64) -> Option<&Arc<Object>> {
    // Mostly the newest is wanted.
    if let Some((_, newest)) = versions.last().filter(|(since, _)| *since <= revision) {
        return newest.as_ref();
    }
    let until = versions.partition_point(|(since, _)| *since <= revision);
    versions[..until].last()?.1.as_ref()
}
