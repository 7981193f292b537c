//! The releases that are under way, each as compact as it was written.
//!
//! There may be ten thousand of them and only a few are looked at at a time, so each is kept as the text
//! of what rollcall reads of it and read again when it is asked for: a fraction of the memory of the
//! structures that it makes, for microseconds. The few that were looked at last are kept as they were read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::objects::{Meta, Ours, Release, decode};
use super::store::{Change, IndexKey, Store};
use super::watch::WatchEvent;
use super::{ObjectKey, Projected, ResourceVersion};
use crate::api::{CoordinatedReleaseSpec, CoordinatedReleaseStatus};

/// One release: its metadata, and the text of its spec and status without what rollcall does not read.
#[derive(Debug)]
pub struct Compact {
    meta: Meta,
    text: Box<str>,
    /// What the text says, as long as it is remembered.
    read: Arc<Remembered>,
}

type Remembered = Mutex<Option<Arc<Release>>>;

/// How many releases are kept as they were read. Each change of one is looked at some ten times in a row.
const REMEMBERED: usize = 32;

/// Nobody panics while they hold one of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Deserialize)]
struct Body {
    spec: CoordinatedReleaseSpec,
    status: CoordinatedReleaseStatus,
}

/// A [`Body`] to be written.
#[derive(Serialize)]
struct Kept<'a> {
    spec: &'a CoordinatedReleaseSpec,
    status: &'a CoordinatedReleaseStatus,
}

impl Compact {
    /// Reads one release.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in serde's words.
    pub fn decode(text: &str) -> Result<Self, String> {
        Self::of(decode(text)?)
    }

    fn of(release: Release) -> Result<Self, String> {
        let kept = Kept { spec: &release.spec, status: &release.status };
        let text = serde_json::to_string(&kept).map_err(|e| e.to_string())?.into();
        Ok(Self { meta: release.meta.clone(), text, read: Arc::new(Mutex::new(Some(Arc::new(release)))) })
    }

    /// The release. `None` only if what was written here cannot be read here, which a test rules out.
    #[must_use]
    pub fn read(&self) -> Option<Arc<Release>> {
        if let Some(known) = &*lock(&self.read) {
            return Some(known.clone());
        }
        let body: Body = serde_json::from_str(&self.text).ok()?;
        Some(Arc::new(Ours { meta: self.meta.clone(), spec: body.spec, status: body.status }))
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
    pub old: Option<Arc<Release>>,
    pub new: Option<Arc<Release>>,
}

/// The releases under way. A clone is another handle on the same ones.
#[derive(Clone, Default)]
pub struct Releases {
    store: Store<Compact>,
    /// Those that are remembered, oldest first.
    remembered: Arc<Mutex<VecDeque<Arc<Remembered>>>>,
}

impl Releases {
    /// As [`Store::with_index`].
    #[must_use]
    pub fn with_index(self, name: &'static str, of: fn(&Compact) -> Vec<IndexKey>) -> Self {
        Self { store: self.store.with_index(name, of), ..self }
    }

    /// As [`Store::get`].
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<Release>> {
        self.store.get(key).and_then(|compact| self.read(&compact))
    }

    /// As [`Store::list`].
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Release>> {
        self.store.list().iter().filter_map(|c| c.read()).collect()
    }

    /// The names of all releases, which costs no reading.
    #[must_use]
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.store.keys()
    }

    /// As [`Store::by_index`].
    #[must_use]
    pub fn by_index(&self, index: &str, key: &str) -> Vec<Arc<Release>> {
        self.store.by_index(index, key).iter().filter_map(|c| self.read(c)).collect()
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
        self.store.apply(event).into_iter().map(|change| self.change(change)).collect()
    }

    /// As [`Store::remember`]. One that has ended is not under way any more.
    pub fn remember(&self, release: &Release) -> Option<ReleaseChange> {
        let (key, version) = (&release.meta.key, &release.meta.version);
        if !self.store.is_behind(key, version) {
            return None;
        }
        let change = if release.status.finished == Some(true) {
            self.store.remember_gone(key.clone(), version.clone())
        } else {
            // What was decoded can be written.
            self.store.remember(Compact::of(release.clone()).ok()?)
        };
        change.map(|change| self.change(change))
    }

    /// As [`Store::remember_gone`].
    pub fn remember_gone(&self, key: ObjectKey, version: ResourceVersion) -> Option<ReleaseChange> {
        self.store.remember_gone(key, version).map(|change| self.change(change))
    }

    fn change(&self, change: Change<Compact>) -> ReleaseChange {
        let new = change.new.and_then(|compact| self.read(&compact));
        ReleaseChange { key: change.key, old: change.old.and_then(|r| r.read()), new }
    }

    /// Reads a release and remembers what it says, instead of the one that was remembered first.
    fn read(&self, compact: &Compact) -> Option<Arc<Release>> {
        let release = compact.read()?;
        let mut remembered = lock(&self.remembered);
        if !remembered.iter().any(|other| Arc::ptr_eq(other, &compact.read)) {
            *lock(&compact.read) = Some(release.clone());
            remembered.push_back(compact.read.clone());
        }
        if remembered.len() > REMEMBERED
            && let Some(oldest) = remembered.pop_front()
        {
            *lock(&oldest) = None;
        }
        Some(release)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        assert_eq!(kept.read().as_deref(), Some(&whole));
        *lock(&kept.read) = None;
        assert_eq!(kept.read().as_deref(), Some(&whole), "from the text");
        assert!(!kept.text.contains("managedFields"));
    }

    #[test]
    fn only_those_that_were_looked_at_last_are_kept_as_they_were_read() {
        let releases = Releases::default();
        let spec = json!({"participants": [], "steps": []});
        for n in 0..REMEMBERED + 8 {
            let meta =
                json!({"namespace": "releases", "name": format!("r{n:03}"), "resourceVersion": format!("{}", n + 1)});
            let text = json!({"metadata": meta, "spec": spec}).to_string();
            releases.apply(WatchEvent::Applied(Compact::decode(&text).expect("decodes")));
        }
        let remembered = || -> Vec<String> {
            let all = releases.store.list();
            let kept = all.iter().filter(|c| lock(&c.read).is_some());
            kept.map(|c| c.meta.key.name.to_string()).collect()
        };
        assert_eq!(remembered().len(), REMEMBERED);
        assert_eq!(remembered().first().map(String::as_str), Some("r008"));
        assert!(releases.get(&ObjectKey::new("releases", "r000")).is_some());
        assert_eq!((remembered().len(), remembered().contains(&"r000".to_owned())), (REMEMBERED, true));
        assert_eq!(releases.list().len(), REMEMBERED + 8);
        assert_eq!(remembered().len(), REMEMBERED, "a look at all of them remembers none");
    }
}
