//! From documents to objects, with everything that is wrong with each on its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::calendars::Files;
use super::document::Document;
use crate::cli::cluster::read::over;
use crate::cluster::ObjectKey;
use crate::cluster::objects::{self, decode};
use crate::controllers::{calendars, facts};
use crate::domain::calendar::Governing;
use crate::domain::scheduling::situation::{Release, Team};
use crate::domain::{Faults, Kind, ObjectName, WorkloadName};
use crate::validate::{self, schema};

const OURS: &str = "rollcall.dev/v1alpha1";

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The text is wrong.
    Fault,
    /// The text makes sense, and not together with another one.
    Conflict,
    /// The text makes sense, and perhaps does not say what was meant.
    Warning,
    /// These files alone cannot tell.
    Note,
}

/// Something to tell, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    /// What it is about: `RCnnn` where the cluster would say so too, else `deadline`, `lint` or `note`.
    pub rule: String,
    pub file: String,
    pub line: u64,
    pub object: String,
    pub path: String,
    pub message: String,
}

/// An object that makes sense on its own, and where it stands.
pub struct Sound<'a, W, D> {
    pub wire: W,
    pub checked: D,
    pub document: &'a Document,
}

/// Everything that was read.
#[derive(Default)]
pub struct Set<'a> {
    pub releases: Vec<Sound<'a, objects::Release, Release>>,
    pub teams: Vec<Sound<'a, objects::Team, Team>>,
    pub windows: Vec<Arc<objects::Window>>,
    /// The windows, compiled with the calendars that they name; by key.
    pub governing: BTreeMap<ObjectKey, Governing>,
    /// Where the windows of each namespace stand among them.
    places: BTreeMap<String, Vec<usize>>,
    /// Where those windows stand that say how much there is of something: they count everywhere.
    capacities: Vec<usize>,
    /// The calendars among the documents.
    pub calendars: Files,
    /// When it is asked what looks wrong with a window.
    pub now: DateTime<Utc>,
    /// Labels by namespace, of the namespaces among the documents.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// The workloads among the documents.
    pub workloads: BTreeMap<WorkloadName, &'a Value>,
    /// How many documents are of each of our kinds, sound or not; and of others.
    pub counts: BTreeMap<&'static str, usize>,
    pub findings: Vec<Finding>,
}

impl<'a> Set<'a> {
    pub fn tell(&mut self, level: Level, rule: &str, document: &Document, path: &str, message: impl Into<String>) {
        self.findings.push(finding(level, rule, document, path, &message.into()));
    }

    /// By file and line, the worse first.
    pub fn sort(&mut self) {
        let key = |f: &Finding| (f.file.clone(), f.line, f.level, f.path.clone(), f.message.clone());
        self.findings.sort_by_cached_key(key);
    }

    fn add(&mut self, document: &'a Document, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
        let mut faults = envelope(&document.value);
        let schema = schema::schema_of(kind).unwrap_or(&Value::Null);
        match &document.value["spec"] {
            Value::Null => faults.add("spec", "is required"),
            spec => schema::against(schema, spec, "spec", &mut faults),
        }
        if let Err(more) = self.decoded(document, kind) {
            // What the schema has said of a field need not be said again in other words.
            for fault in more.0 {
                let said = |path: &str| fault.path.starts_with(path);
                if !faults.0.iter().any(|f| said(&f.path)) {
                    faults.0.push(fault);
                }
            }
        }
        for fault in faults.0 {
            self.tell(Level::Fault, rule_of(kind), document, &fault.path, fault.message);
        }
    }

    /// Keeps the object if it makes sense.
    fn decoded(&mut self, document: &'a Document, kind: &str) -> Result<(), Faults> {
        let mut value = document.value.clone();
        if let Some(object) = value.as_object_mut() {
            object.remove("status");
        }
        if value["metadata"]["namespace"].is_null() {
            value["metadata"]["namespace"] = "default".into();
        }
        let text = value.to_string();
        match kind {
            "DeploymentWindow" => {
                let wire: objects::Window = decode(&text).map_err(undecodable)?;
                self.window(document, Arc::new(wire))?;
            }
            "TeamReadiness" => {
                let wire: objects::Team = decode(&text).map_err(undecodable)?;
                let checked =
                    validate::team(&facts::meta(&wire.meta), &wire.spec, validate::Found::default(), &BTreeMap::new())?;
                for word in validate::unasked(&wire.spec).0 {
                    self.tell(Level::Warning, "lint", document, &word.path, word.message);
                }
                self.teams.push(Sound { wire, checked, document });
            }
            _ => {
                let wire: objects::Release = decode(&text).map_err(undecodable)?;
                let checked = validate::release(&facts::meta(&wire.meta), &wire.spec)?;
                if has_ended(&document.value) {
                    let message = "has ended, so it is no rival and has no course";
                    self.tell(Level::Note, "note", document, "status.finished", message);
                    return Ok(());
                }
                self.releases.push(Sound { wire, checked, document });
            }
        }
        Ok(())
    }
}

impl<'a> Set<'a> {
    /// The windows that can mean anything to this release, in the order in which they were read. A set may hold
    /// thousands, and a release is never compared with all of them.
    #[must_use]
    pub fn near(&self, release: &objects::Release, platform: &str) -> Vec<Arc<objects::Window>> {
        let spec = &release.spec;
        let named: Vec<ObjectName> = spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
        let teams = spec.participants.iter().map(|p| p.team.namespace.as_str());
        let namespaces: Vec<&str> = teams.chain([&*release.meta.key.namespace]).collect();
        let looked: BTreeSet<&str> =
            namespaces.iter().copied().chain([platform]).chain(named.iter().map(|n| n.namespace.as_str())).collect();
        let found = looked.into_iter().filter_map(|namespace| self.places.get(namespace)).flatten();
        let govern = found.filter(|n| facts::may_govern(&self.windows[**n], platform, &namespaces, &named));
        let places: BTreeSet<usize> = govern.chain(&self.capacities).copied().collect();
        places.into_iter().map(|n| self.windows[n].clone()).collect()
    }

    fn window(&mut self, document: &'a Document, window: Arc<objects::Window>) -> Result<(), Faults> {
        let compiled = calendars::compile(&window, &self.calendars);
        let elsewhere: Vec<String> = calendars::named(&window)
            .into_iter()
            .filter(|name| !self.calendars.has(&name.config_map))
            .map(|name| format!("ConfigMap {}", name.config_map))
            .collect();
        match compiled.window {
            Ok(sound) => {
                for warning in sound.lint(self.now) {
                    let path = warning
                        .entry
                        .as_ref()
                        .and_then(|name| window.spec.schedule.iter().position(|entry| entry.name == *name));
                    let path = path.map_or("spec".to_owned(), |n| format!("spec.schedule[{n}]"));
                    self.tell(
                        Level::Warning,
                        "lint",
                        document,
                        &path,
                        format!("{warning} ({})", warning.concern.as_str()),
                    );
                }
            }
            // What a calendar says that is not here is not known; all else that is wrong is.
            Err(faults) if !elsewhere.is_empty() => {
                let rest: Vec<_> = faults.0.into_iter().filter(|f| !is_calendar(&f.path)).collect();
                if !rest.is_empty() {
                    return Err(Faults(rest));
                }
                let message = format!(
                    "{} is not among these files, so when this window is open is not known",
                    elsewhere.join(", ")
                );
                self.tell(Level::Note, "note", document, "spec.schedule", message);
            }
            Err(faults) => return Err(faults),
        }
        self.governing.insert(window.meta.key.clone(), calendars::compile(&window, &self.calendars).governing(&window));
        let place = self.windows.len();
        self.places.entry(window.meta.key.namespace.to_string()).or_default().push(place);
        if window.spec.capacity.is_some() {
            self.capacities.push(place);
        }
        self.windows.push(window);
        Ok(())
    }
}

/// Whether a release is told to have ended, as it is when it was read from a cluster. Without a status that can be
/// read it is under way.
fn has_ended(release: &Value) -> bool {
    decode(&release.to_string()).is_ok_and(|release: objects::Release| over(&release))
}

/// Whether a fault at this path is one of a calendar itself.
fn is_calendar(path: &str) -> bool {
    path == "spec.holidays" || path.ends_with(".calendar")
}

/// Something to tell of a document.
pub fn finding(level: Level, rule: &str, document: &Document, path: &str, message: &str) -> Finding {
    Finding {
        level,
        rule: rule.to_owned(),
        file: document.file.clone(),
        line: document.line_of(path),
        object: title(&document.value),
        path: path.to_owned(),
        message: message.to_owned(),
    }
}

/// The code by which the cluster tells that an object of this kind is wrong.
fn rule_of(kind: &str) -> &'static str {
    match kind {
        "DeploymentWindow" => "RC034",
        "TeamReadiness" => "RC012",
        _ => "RC010",
    }
}

fn undecodable(why: String) -> Faults {
    let mut faults = Faults::default();
    faults.add("spec", why);
    faults
}

/// All documents, each on its own.
pub fn read(documents: &[Document], calendars: Files, now: DateTime<Utc>) -> Set<'_> {
    let mut set = Set { calendars, now, ..Set::default() };
    let mut seen: BTreeMap<String, &Document> = BTreeMap::new();
    for document in documents {
        let value = &document.value;
        let kind = value["kind"].as_str().unwrap_or_default();
        let ours = ["DeploymentWindow", "TeamReadiness", "CoordinatedRelease"];
        let known = ours.into_iter().find(|k| *k == kind);
        let version = value["apiVersion"].as_str().unwrap_or_default();
        if known.is_some() || version.starts_with("rollcall.dev/") {
            let first = seen.entry(title(value)).or_insert(document);
            if !std::ptr::eq(*first, document) {
                let message = format!("is already in {}:{}", first.file, first.line);
                set.tell(Level::Fault, rule_of(kind), document, "metadata.name", message);
                continue;
            }
        }
        match known {
            Some(kind) if version != OURS => {
                set.tell(Level::Fault, rule_of(kind), document, "apiVersion", format!("must be {OURS}"));
            }
            Some(kind) => set.add(document, kind),
            None if version.starts_with("rollcall.dev/") => {
                set.tell(Level::Fault, rule_of(kind), document, "kind", format!("is none of {}", ours.join(", ")));
            }
            None => other(&mut set, value),
        }
    }
    set
}

fn other<'a>(set: &mut Set<'a>, value: &'a Value) {
    *set.counts.entry("other").or_default() += 1;
    let meta = &value["metadata"];
    let name = meta["name"].as_str().unwrap_or_default().to_owned();
    let namespace = meta["namespace"].as_str().unwrap_or("default").to_owned();
    let kind = match value["kind"].as_str() {
        Some("Deployment") => Kind::Deployment,
        Some("StatefulSet") => Kind::StatefulSet,
        Some("DaemonSet") => Kind::DaemonSet,
        Some("Job") => Kind::Job,
        Some("CronJob") => Kind::CronJob,
        Some("Namespace") => {
            let labels = meta["labels"].as_object().into_iter().flatten();
            let labels = labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())));
            set.namespaces.insert(name, labels.collect());
            return;
        }
        _ => return,
    };
    set.workloads.insert(WorkloadName { kind, namespace, name }, value);
}

/// What must be true of any object.
fn envelope(value: &Value) -> Faults {
    let mut faults = Faults::default();
    let known = ["apiVersion", "kind", "metadata", "spec", "status"];
    for field in value.as_object().into_iter().flat_map(|o| o.keys()) {
        if !known.contains(&field.as_str()) {
            faults.add(field.clone(), "unknown field");
        }
    }
    let form = serde_json::json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"},
        "namespace": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}}});
    let mut meta = value["metadata"].clone();
    if let Some(meta) = meta.as_object_mut() {
        meta.retain(|field, _| field == "name" || field == "namespace");
    }
    schema::against(&form, &meta, "metadata", &mut faults);
    faults
}

/// `CoordinatedRelease releases/checkout`.
fn title(value: &Value) -> String {
    let meta = &value["metadata"];
    format!(
        "{} {}/{}",
        value["kind"].as_str().unwrap_or("(no kind)"),
        meta["namespace"].as_str().unwrap_or("default"),
        meta["name"].as_str().unwrap_or("(no name)")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::plan::document::documents;

    /// Work is counted and not timed: what a release is compared with does not grow with the windows of others.
    #[test]
    fn a_release_is_compared_with_the_windows_that_can_govern_it_and_with_no_others() {
        let window = |namespace: &str, name: &str, more: &str| {
            format!(
                "---\n{{apiVersion: rollcall.dev/v1alpha1, kind: DeploymentWindow, metadata: {{name: {name}, namespace: {namespace}}}, \
                 spec: {{type: Allow, timeZone: UTC, reason: r{more}, schedule: [{{name: a, weekly: {{days: [Mon], from: \"09:00\", until: \"10:00\"}}}}]}}}}\n"
            )
        };
        let mut text = "{apiVersion: rollcall.dev/v1alpha1, kind: CoordinatedRelease, metadata: {name: r, namespace: rel}, spec: {
            participants: [{name: t, team: {namespace: team, name: t}, responsibility: all}], windows: [{namespace: far, name: named}],
            steps: [{name: s, participant: t, workload: {kind: Deployment, name: d}}]}}\n".to_owned();
        for n in 0..200 {
            text.push_str(&window(&format!("other{}", n % 10), &format!("w{n}"), ""));
        }
        for (namespace, name) in [("team", "a"), ("rel", "b"), ("platform", "c"), ("far", "named"), ("far", "other")] {
            text.push_str(&window(namespace, name, ""));
        }
        text.push_str(&window("other1", "scarce", ", capacity: {resources: {db: 1}}"));
        let read_ = documents("f.yaml", &text).expect("manifests");
        let set = read(&read_, Files::of(&read_), DateTime::UNIX_EPOCH);
        assert_eq!((set.windows.len(), set.releases.len()), (206, 1), "{:?}", set.findings);
        let near = set.near(&set.releases[0].wire, "platform");
        let names: Vec<&str> = near.iter().map(|w| &*w.meta.key.name).collect();
        assert_eq!(names, ["a", "b", "c", "named", "scarce"]);
    }
}
