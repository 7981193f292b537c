//! The releases that are under way, each as compact as it was written.
//!
//! There may be ten thousand of them and only a few are looked at at a time, so each is kept as the text
//! of what rollcall reads of it and read again when it is asked for: a fraction of the memory of the
//! structures that it makes, for microseconds.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::objects::{Meta, Ours, Release, decode};
use super::store::{IndexKey, Store};
use super::watch::WatchEvent;
use super::{ObjectKey, Projected, ResourceVersion};
use crate::api::{CoordinatedReleaseSpec, CoordinatedReleaseStatus};

/// One release: its metadata, and the text of its spec and status without what rollcall does not read.
#[derive(Debug)]
pub struct Compact {
    meta: Meta,
    text: Box<str>,
}

#[derive(Deserialize)]
struct Body {
    spec: CoordinatedReleaseSpec,
    status: CoordinatedReleaseStatus,
}

impl Compact {
    /// Reads one release.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in serde's words.
    pub fn decode(text: &str) -> Result<Self, String> {
        let release: Release = decode(text)?;
        let text = json!({"spec": release.spec, "status": release.status}).to_string().into();
        Ok(Self { meta: release.meta, text })
    }

    /// The release. `None` only if what was written here cannot be read here, which a test rules out.
    #[must_use]
    pub fn read(&self) -> Option<Release> {
        let body: Body = serde_json::from_str(&self.text).ok()?;
        Some(Ours { meta: self.meta.clone(), spec: body.spec, status: body.status })
    }
}

impl Projected for Compact {
    fn key(&self) -> &ObjectKey {
        &self.meta.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.meta.version
    }
}

/// A difference that an event made.
pub struct ReleaseChange {
    pub key: ObjectKey,
    pub old: Option<Release>,
    pub new: Option<Release>,
}

/// The releases under way. A clone is another handle on the same ones.
#[derive(Clone, Default)]
pub struct Releases {
    store: Store<Compact>,
}

impl Releases {
    /// As [`Store::with_index`].
    #[must_use]
    pub fn with_index(self, name: &'static str, of: fn(&Compact) -> Vec<IndexKey>) -> Self {
        Self { store: self.store.with_index(name, of) }
    }

    /// As [`Store::get`].
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<Release>> {
        self.store.get(key)?.read().map(Arc::new)
    }

    /// As [`Store::list`].
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Release>> {
        self.store.list().iter().filter_map(|c| c.read()).map(Arc::new).collect()
    }

    /// The names of all releases, which costs no reading.
    #[must_use]
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.store.list().iter().map(|c| c.key().clone()).collect()
    }

    /// As [`Store::by_index`].
    #[must_use]
    pub fn by_index(&self, index: &str, key: &str) -> Vec<Arc<Release>> {
        self.store.by_index(index, key).iter().filter_map(|c| c.read()).map(Arc::new).collect()
    }

    /// The names that an index finds under a key, which costs no reading.
    #[must_use]
    pub fn keys_by_index(&self, index: &str, key: &str) -> Vec<ObjectKey> {
        self.store.by_index(index, key).iter().map(|c| c.key().clone()).collect()
    }

    /// As [`Store::expect_at_least`].
    pub fn expect_at_least(&self, key: ObjectKey, version: ResourceVersion) {
        self.store.expect_at_least(key, version);
    }

    /// As [`Store::is_fresh`].
    #[must_use]
    pub fn is_fresh(&self, key: &ObjectKey) -> bool {
        self.store.is_fresh(key)
    }

    /// As [`Store::apply`].
    pub fn apply(&self, event: WatchEvent<Compact>) -> Vec<ReleaseChange> {
        let changes = self.store.apply(event).into_iter();
        changes
            .map(|c| ReleaseChange { key: c.key, old: c.old.and_then(|r| r.read()), new: c.new.and_then(|r| r.read()) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_as_what_was_read() {
        let text = json!({
            "metadata": {"namespace": "releases", "name": "r", "uid": "u", "resourceVersion": "7", "generation": 2,
                "labels": {"a": "b"}, "annotations": {"rollcall.dev/author": "lena"}, "managedFields": [{"manager": "kubectl"}]},
            "spec": {
                "participants": [{"name": "core", "team": {"namespace": "core", "name": "core"}, "responsibility": "Watch it"}],
                "steps": [{"name": "api", "participant": "core", "workload": {"kind": "Deployment", "name": "api"},
                    "expect": {"images": {"api": "api:2"}}, "requires": {"db": 1}, "soak": "0s"}],
                "override": {"reason": "r", "ticket": "t", "skip": ["Freeze"], "until": "2027-01-12T09:00:00Z", "by": "anna"}},
            "status": {"observedGeneration": 2, "finished": false, "steps": [{"name": "api", "state": "Waiting"}],
                "conditions": [{"type": "Ready", "status": "False", "reason": "Paused", "message": "m", "lastTransitionTime": "2027-01-12T09:00:00Z"}]},
        })
        .to_string();
        let whole: Release = decode(&text).expect("decodes");
        let kept = Compact::decode(&text).expect("decodes");
        assert_eq!(kept.read().as_ref(), Some(&whole));
        assert!(!kept.text.contains("managedFields"));
    }
}
