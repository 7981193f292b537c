//! The moments that matter, found by reading a history once: grants, changes let go, and what was under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::api::time::duration_from_wire;
use serde_json::Value;

use super::objects::{WORKLOADS, has_failed, instant, is_pinned, list, runs_all};
use super::{History, Key, Seen, is_held, template_of, workload_key};

/// What a release has under way: a step that was let go and is not done.
#[derive(Clone, Debug, PartialEq)]
pub struct Moving {
    pub release: Key,
    pub step: String,
    pub workload: Key,
    pub team: Key,
    pub requires: BTreeMap<String, i64>,
    /// When it stops to count because its time is over.
    pub until: DateTime<Utc>,
}

/// Since when a workload runs all of some content. Other content that is stored and held over it ends nothing: what
/// ran runs on, and is what goes on when the other is taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Complete {
    pub template: Value,
    pub uid: String,
    pub since: DateTime<Utc>,
}

/// A recorded decision to let a step go.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Its place in the history.
    pub place: usize,
    /// The place of the version of the release that it was decided on.
    pub decided_on: usize,
    pub release: Key,
    pub release_uid: String,
    pub step: String,
    /// When it was decided, as rollcall wrote it (whole seconds, cut).
    pub at: DateTime<Utc>,
    pub digest: String,
    pub template: String,
    pub workload_uid: String,
    pub workload_version: String,
    pub overridden: bool,
}

/// A workload went from held to free.
#[derive(Clone, Debug)]
pub struct LetGo {
    pub place: usize,
    pub workload: Key,
    pub uid: String,
    pub template: Value,
    /// The version that was held.
    pub version: String,
    /// By rollcall itself.
    pub own: bool,
    /// Why, as rollcall noted it on the workload.
    pub why: String,
    /// The grant that it carries out; an index into [`Moments::grants`].
    pub grant: Option<usize>,
}

/// A history, read once.
#[derive(Debug)]
pub struct Moments<'a> {
    pub history: &'a History,
    /// The object of each entry.
    pub keys: Vec<Arc<Key>>,
    /// What was stored after each entry.
    pub seen: Vec<Seen<'a>>,
    /// What was under way after each entry.
    pub moving: Vec<Arc<Vec<Moving>>>,
    /// Which workloads ran all of their content after each entry.
    pub complete: Vec<Arc<BTreeMap<Key, Complete>>>,
    pub grants: Vec<Granted>,
    pub let_go: Vec<LetGo>,
}

impl<'a> Moments<'a> {
    #[must_use]
    pub fn of(history: &'a History) -> Self {
        let mut reader = Reader::default();
        let mut all = Self {
            history,
            keys: history.entries.iter().map(|entry| Arc::new(entry.key())).collect(),
            seen: Vec::with_capacity(history.entries.len()),
            moving: Vec::with_capacity(history.entries.len()),
            complete: Vec::with_capacity(history.entries.len()),
            grants: Vec::new(),
            let_go: Vec::new(),
        };
        for place in 0..history.entries.len() {
            reader.read(&mut all, place);
            all.seen.push(reader.seen.clone());
            all.moving.push(reader.moving.clone());
            all.complete.push(reader.complete.clone());
        }
        all
    }

    /// When the entry at a place was written.
    #[must_use]
    pub fn at(&self, place: usize) -> DateTime<Utc> {
        self.history.entries[place].at
    }
}

#[derive(Default)]
struct Reader<'a> {
    seen: Seen<'a>,
    moving: Arc<Vec<Moving>>,
    complete: Arc<BTreeMap<Key, Complete>>,
    /// Where each object was last written.
    written: BTreeMap<Arc<Key>, usize>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, all: &mut Moments<'a>, place: usize) {
        let entry = &all.history.entries[place];
        let key = &*all.keys[place].clone();
        let before = self.seen.get(key);
        self.ends(|m| m.until <= entry.at);
        if key.kind == "CoordinatedRelease" && !entry.deleted {
            self.grants(all, place, key, before);
        }
        if WORKLOADS.contains(&key.kind.as_str()) && !entry.deleted {
            self.workload(all, place, key, before);
        }
        if entry.deleted {
            self.ends(|m| m.release == *key || m.workload == *key);
            // What a Job did stays done when the Job is cleaned up.
            if key.kind != "Job" {
                self.runs_no_longer(key);
            }
        }
        self.seen.take(entry, &all.keys[place]);
        self.written.insert(all.keys[place].clone(), place);
    }

    /// What is under way no longer. Most entries change nothing of it, and share what was noted before.
    fn ends(&mut self, ends: impl Fn(&Moving) -> bool) {
        if self.moving.iter().any(&ends) {
            Arc::make_mut(&mut self.moving).retain(|m| !ends(m));
        }
    }

    fn runs_no_longer(&mut self, key: &Key) {
        if self.complete.contains_key(key) {
            Arc::make_mut(&mut self.complete).remove(key);
        }
    }

    fn grants(&self, all: &mut Moments<'a>, place: usize, key: &Key, before: Option<&Value>) {
        let object = &all.history.entries[place].object;
        for step in list(&object["status"]["steps"]) {
            let grant = &step["grant"];
            let known = before
                .into_iter()
                .flat_map(|b| list(&b["status"]["steps"]))
                .any(|s| s["name"] == step["name"] && is_same_grant(&s["grant"], grant));
            let Some(at) = instant(&grant["at"]).filter(|_| !known) else {
                continue;
            };
            let text = |field: &str| grant[field].as_str().unwrap_or_default().to_owned();
            all.grants.push(Granted {
                place,
                decided_on: self.written.get(key).copied().unwrap_or(place),
                release: key.clone(),
                release_uid: all.history.entries[place].uid().to_owned(),
                step: step["name"].as_str().unwrap_or_default().to_owned(),
                at,
                digest: text("digest"),
                template: text("template"),
                workload_uid: text("workloadUid"),
                workload_version: text("workloadVersion"),
                overridden: grant["overridden"].is_string(),
            });
        }
    }

    fn workload(&mut self, all: &mut Moments<'a>, place: usize, key: &Key, before: Option<&Value>) {
        let entry = &all.history.entries[place];
        let object = &entry.object;
        let same = before.filter(|b| b["metadata"]["uid"] == object["metadata"]["uid"]);
        // What is put back is held no more either, and nothing of what was held goes.
        let put_back = is_pinned(object) && !same.is_some_and(is_pinned);
        if same.is_some_and(is_held) && !is_held(object) && !put_back {
            let let_go = self.let_go(all, place, key, same.map(template_of).unwrap_or_default());
            self.starts(all, &let_go);
            all.let_go.push(let_go);
        }
        if is_held(object) || has_failed(object) {
            self.ends(|m| m.workload == *key);
        }
        let template = template_of(object);
        let known = self.complete.get(key).is_some_and(|c| c.template == template && c.uid == entry.uid());
        if !is_held(object) && !known {
            self.runs_no_longer(key);
        }
        if !is_held(object) && runs_all(key, object) == Some(true) {
            self.ends(|m| m.workload == *key);
            let done = Complete { template, uid: entry.uid().to_owned(), since: entry.at };
            if !self.complete.contains_key(key) {
                Arc::make_mut(&mut self.complete).insert(key.clone(), done);
            }
        }
    }

    fn let_go(&self, all: &Moments<'a>, place: usize, key: &Key, template: Value) -> LetGo {
        let entry = &all.history.entries[place];
        let before = self.seen.get(key);
        let version = before.and_then(|b| b["metadata"]["resourceVersion"].as_str()).unwrap_or_default();
        let why = entry.object["metadata"]["annotations"]["rollcall.dev/released"].as_str().unwrap_or_default();
        let own = all.history.is_own(entry);
        let grant = all
            .grants
            .iter()
            .rposition(|g| g.workload_uid == entry.uid() && g.workload_version == version)
            .filter(|_| own && why.starts_with("release "));
        LetGo {
            place,
            workload: key.clone(),
            uid: entry.uid().to_owned(),
            template,
            version: version.to_owned(),
            own,
            why: why.to_owned(),
            grant,
        }
    }

    fn starts(&mut self, all: &Moments<'a>, let_go: &LetGo) {
        let Some(granted) = let_go.grant.map(|g| &all.grants[g]) else {
            return;
        };
        let Some(release) = self.seen.get(&granted.release) else {
            return;
        };
        let Some(step) = list(&release["spec"]["steps"]).find(|s| s["name"] == granted.step.as_str()) else {
            return;
        };
        let (Some(team), Some(workload)) = (super::team_of(release, step), workload_key(release, step)) else {
            return;
        };
        let timeout = step["timeout"].as_str().and_then(duration_from_wire).unwrap_or(TimeDelta::minutes(30));
        let requires = step["requires"].as_object().into_iter().flatten();
        self.ends(|m| m.workload == workload);
        Arc::make_mut(&mut self.moving).push(Moving {
            release: granted.release.clone(),
            step: granted.step.clone(),
            workload,
            team,
            requires: requires.map(|(name, n)| (name.clone(), n.as_i64().unwrap_or(0))).collect(),
            until: granted.at + timeout,
        });
    }
}

/// Whether two versions of a step tell of one grant: that it was withdrawn since makes it no other.
fn is_same_grant(one: &Value, other: &Value) -> bool {
    ["at", "digest", "template", "workloadUid", "workloadVersion"].iter().all(|field| one[*field] == other[*field])
}
