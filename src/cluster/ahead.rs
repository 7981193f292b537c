//! What was read afresh while the watch had not come so far yet: up to which version each of these objects is known.
//!
//! A watch may be silent for minutes while fresh readings see what it has yet to show. What this process has seen once it
//! never takes for unseen again, so what the watch shows of an object before that version is passed over. Versions of
//! one kind are ordered, deletions included, so no more is needed: what was read and is older than what the watch has
//! shown is no news, and an end that is older than what was read is the end of something earlier.
//!
//! A list that began after a reading is as fresh as that: it counts, whatever was read. Where versions have no order
//! nothing is remembered, and only what the watch shows counts.

use std::collections::BTreeMap;

use super::{ObjectKey, ResourceVersion};

/// What was read ahead of one watch. Its size is bounded by the objects that were read since the watch last said how
/// far it has come.
#[derive(Default)]
pub(super) struct Ahead {
    /// Everything up to this version has been shown. None until the first list has ended.
    shown: Option<ResourceVersion>,
    /// Counts the lists; a list begins by counting itself.
    list: u64,
    listing: bool,
    known: BTreeMap<ObjectKey, Known>,
}

struct Known {
    version: ResourceVersion,
    /// The list that had begun last when it was read.
    list: u64,
}

impl Ahead {
    /// The list under way, or the last one.
    pub(super) fn list(&self) -> u64 {
        self.list
    }

    /// Whether an object is known in this version by a reading only: neither what the watch has shown nor what was
    /// read before is as new. `stored` is the version in which it is stored, if it is.
    pub(super) fn is_news(&self, key: &ObjectKey, version: &ResourceVersion, stored: Option<&ResourceVersion>) -> bool {
        let known = self.known.get(key).map(|known| &known.version);
        self.shown.as_ref().is_some_and(|shown| version > shown)
            && [stored, known].into_iter().flatten().all(|other| version > other)
    }

    /// An object was read in this version, or is gone as of it.
    pub(super) fn read(&mut self, key: ObjectKey, version: ResourceVersion) {
        self.known.insert(key, Known { version, list: self.list });
    }

    /// The watch shows an object in this version, or its end. Returns whether that counts: whether nothing newer was read.
    pub(super) fn shows(&mut self, key: &ObjectKey, version: &ResourceVersion) -> bool {
        if !self.listing && self.shown.as_ref().is_none_or(|shown| version > shown) {
            self.shown = Some(version.clone());
        }
        let Some(known) = self.known.get(key) else {
            return true;
        };
        let older = *version < known.version && !self.has_listed_since(known);
        if !older {
            self.known.remove(key);
        }
        !older
    }

    fn has_listed_since(&self, known: &Known) -> bool {
        known.list != self.list
    }

    pub(super) fn list_started(&mut self) {
        self.list += 1;
        self.listing = true;
    }

    /// The list under way ends, as of this version: what was read of an object since it began and is newer than that
    /// is all that is known ahead of it.
    pub(super) fn list_finished(&mut self, version: &ResourceVersion) {
        let list = self.list;
        self.listing = false;
        self.shown = Some(version.clone());
        self.known.retain(|_, known| known.list == list && known.version > *version);
    }

    /// Whether an object is known in a version that the watch has yet to show.
    pub(super) fn knows(&self, key: &ObjectKey) -> bool {
        self.known.contains_key(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The watch says that it has shown everything up to this version.
    pub(super) fn progress(&mut self, version: &ResourceVersion) {
        self.shown = Some(version.clone());
        self.known.retain(|_, known| known.version > *version);
    }
}

#[cfg(test)]
#[path = "ahead_tests.rs"]
mod tests;
