//! Random requests that make sense often enough.

use std::fmt;

use serde_json::{Value, json};
use simapi::Chance;

use super::answers::{Answer, Server};
use super::kinds::{KINDS, Kind, spoil, word};

/// How a request gets its body.
#[derive(Clone, Debug)]
pub enum Content {
    /// This is it.
    Fixed(Value),
    /// An object as the server showed it so many versions ago, changed.
    Shown { object: String, back: usize, change: Value, keep_version: bool },
    /// Conditions for a deletion, from an object as the server showed it so many versions ago.
    Condition { object: String, back: usize, fields: &'static [&'static str], propagation: &'static str },
}

/// A request.
#[derive(Clone, Debug)]
pub struct Step {
    pub method: &'static str,
    pub path: String,
    pub media: &'static str,
    pub content: Content,
    pub kind: Kind,
    pub name: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let media = self.media.trim_start_matches("application/");
        write!(f, "{} {} {media} ", self.method, self.path)?;
        match &self.content {
            Content::Fixed(body) => write!(f, "{body}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Step {
    /// Sends it.
    pub async fn ask(&self, server: &mut Server) -> Answer {
        let body = match &self.content {
            Content::Fixed(body) => body.clone(),
            Content::Shown { object, back, change, keep_version } => {
                let mut body = server.shown(object, *back).unwrap_or_else(|| self.kind.bare(&self.name));
                merge(&mut body, change);
                if !keep_version && let Some(meta) = body["metadata"].as_object_mut() {
                    meta.remove("resourceVersion");
                }
                body
            }
            Content::Condition { object, back, fields, propagation } => {
                let shown = server.shown(object, *back).unwrap_or_default();
                let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
                for field in *fields {
                    if shown["metadata"][*field].as_str().is_some_and(|value| !value.is_empty()) {
                        body["preconditions"][*field] = shown["metadata"][*field].clone();
                    }
                }
                if !propagation.is_empty() {
                    body["propagationPolicy"] = json!(propagation);
                }
                body
            }
        };
        server.ask(self.method, &self.path, self.media, &body).await
    }
}

fn merge(target: &mut Value, change: &Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                merge(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, change) => *target = change.clone(),
    }
}

/// Requests of one sequence.
pub struct Story {
    chance: Chance,
    namespace: String,
    /// Which objects there are, as far as the answers tell.
    alive: Vec<(usize, String)>,
    /// How many lists were asked for: every third is one of metadata alone.
    lists: usize,
}

const JSON: &str = "application/json";
/// Asks for no more than metadata.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const MERGE: &str = "application/merge-patch+json";
const PATCH: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

impl Story {
    pub fn new(chance: Chance, namespace: &str) -> Self {
        Self { chance, namespace: namespace.to_owned(), alive: Vec::new(), lists: 0 }
    }

    /// Takes in what the real server said.
    pub fn learn(&mut self, step: &Step, answer: &Answer) {
        let index = KINDS.iter().position(|kind| *kind == step.kind).unwrap_or(0);
        let entry = (index, step.name.clone());
        if answer.code == 201 && !step.path.contains("dryRun") && !self.alive.contains(&entry) {
            self.alive.push(entry);
        } else if step.method == "GET" && answer.code == 404 {
            self.alive.retain(|known| *known != entry);
        }
    }

    /// The next request.
    pub fn step(&mut self) -> Step {
        let there = self.chance.below(100) < 85 && !self.alive.is_empty();
        let (index, name) = if there {
            self.chance.pick(&self.alive).cloned().unwrap_or_default()
        } else {
            let name = self.chance.pick(&["a", "b", "c", "d"]).copied().unwrap_or("a");
            (usize::try_from(self.chance.below(KINDS.len() as u64)).unwrap_or(0), name.to_owned())
        };
        let kind = KINDS[index];
        match self.chance.below(100) {
            0..24 => self.create(kind, &name),
            24..32 => self.simple("GET", kind, &name, ""),
            32..40 => self.list(kind),
            40..52 => self.replace(kind, &name),
            52..62 => self.json_patch(kind, &name),
            62..72 => self.merge_patch(kind, &name),
            72..84 => self.apply(kind, &name),
            84..90 => self.status(kind, &name),
            90..93 => self.scale(kind, &name),
            93..95 => self.delete_some(kind),
            _ => self.delete(kind, &name),
        }
    }

    fn item(&mut self, kind: Kind, name: &str, tail: &str) -> String {
        format!("{}/{name}{tail}", kind.collection(&self.namespace))
    }

    fn simple(&mut self, method: &'static str, kind: Kind, name: &str, tail: &str) -> Step {
        let path = self.item(kind, name, tail);
        Step { method, path, media: JSON, content: Content::Fixed(Value::Null), kind, name: name.to_owned() }
    }

    /// The options of a write.
    fn options(&mut self) -> String {
        let manager = self.chance.pick(&["fieldManager=lena", "fieldManager=flux", ""]).copied().unwrap_or("");
        let dry = if self.chance.percent(5) { "dryRun=All" } else { "" };
        let all: Vec<&str> = [manager, dry].into_iter().filter(|o| !o.is_empty()).collect();
        if all.is_empty() { String::new() } else { format!("?{}", all.join("&")) }
    }

    fn create(&mut self, kind: Kind, name: &str) -> Step {
        let mut object = kind.object(name, &mut self.chance);
        if self.chance.percent(18) {
            spoil(&kind, &mut object, &mut self.chance);
        }
        let path = format!("{}{}", kind.collection(&self.namespace), self.options());
        Step { method: "POST", path, media: JSON, content: Content::Fixed(object), kind, name: name.to_owned() }
    }

    fn list(&mut self, kind: Kind) -> Step {
        let query = match self.chance.below(6) {
            0 => "?labelSelector=tier%3Dred",
            1 => "?labelSelector=tier+notin+%28red%2Cblue%29",
            2 => "?fieldSelector=metadata.name%3Da",
            3 => "?fieldSelector=spec.nonsense%3Da",
            4 => "?limit=1",
            _ => "",
        };
        let path = format!("{}{query}", kind.collection(&self.namespace));
        self.lists += 1;
        let media = if self.lists.is_multiple_of(3) { METADATA } else { JSON };
        Step { method: "GET", path, media, content: Content::Fixed(Value::Null), kind, name: String::new() }
    }

    /// A change that makes sense for the kind, as a merge.
    fn change(&mut self, kind: Kind) -> Value {
        let mut change = json!({});
        match (self.chance.below(4), kind.kind) {
            (0, _) => change["metadata"]["labels"]["tier"] = json!(word(&mut self.chance)),
            (1, _) => change["metadata"]["annotations"]["example.com/note"] = json!(word(&mut self.chance)),
            (_, "ConfigMap") => change["data"][word(&mut self.chance)] = json!("changed"),
            (_, "Lease") => change["spec"]["holderIdentity"] = json!(word(&mut self.chance)),
            (2, "Deployment") => change["spec"]["replicas"] = json!(self.chance.below(4)),
            (_, "Deployment") => change["spec"]["paused"] = json!(self.chance.percent(60)),
            (_, "Job") => change["spec"]["suspend"] = json!(self.chance.percent(50)),
            _ => change["spec"]["workloads"] = json!([{"kind": "Job", "name": word(&mut self.chance)}]),
        }
        change
    }

    fn replace(&mut self, kind: Kind, name: &str) -> Step {
        let back = usize::from(self.chance.percent(25));
        let keep_version = self.chance.percent(85);
        let change = if self.chance.percent(15) { json!({}) } else { self.change(kind) };
        let options = self.options();
        let path = self.item(kind, name, &options);
        let object = format!("{}/{name}", kind.kind);
        let content = Content::Shown { object, back, change, keep_version };
        Step { method: "PUT", path, media: JSON, content, kind, name: name.to_owned() }
    }

    fn json_patch(&mut self, kind: Kind, name: &str) -> Step {
        let value = word(&mut self.chance);
        let mut operations = vec![match self.chance.below(8) {
            0 => json!({"op": "add", "path": "/metadata/labels", "value": {"tier": value}}),
            1 => json!({"op": "replace", "path": "/metadata/labels/tier", "value": value}),
            2 => json!({"op": "remove", "path": "/metadata/annotations/example.com~1note"}),
            3 => json!({"op": "add", "path": "/metadata/annotations/example.com~1note", "value": value}),
            4 if kind.kind == "Deployment" => json!({"op": "add", "path": "/spec/paused", "value": true}),
            5 => json!({"op": "remove", "path": "/metadata/finalizers/0"}),
            6 if kind.kind == "ConfigMap" => json!({"op": "add", "path": "/data/two", "value": value}),
            _ => json!({"op": "move", "from": "/metadata/labels/tier", "path": "/metadata/labels/other"}),
        }];
        if self.chance.percent(30) {
            let wanted = self.chance.pick(&[json!("red"), Value::Null]).cloned().unwrap_or_default();
            operations.insert(0, json!({"op": "test", "path": "/metadata/labels/tier", "value": wanted}));
        }
        if self.chance.percent(15) {
            operations.push(json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}));
        }
        self.patched(kind, name, PATCH, json!(operations))
    }

    fn patched(&mut self, kind: Kind, name: &str, media: &'static str, body: Value) -> Step {
        let options = self.options();
        let path = self.item(kind, name, &options);
        Step { method: "PATCH", path, media, content: Content::Fixed(body), kind, name: name.to_owned() }
    }

    fn merge_patch(&mut self, kind: Kind, name: &str) -> Step {
        let media = if self.chance.percent(35) { STRATEGIC } else { MERGE };
        let mut change = match self.chance.below(6) {
            0 => json!({"metadata": {"labels": null}}),
            1 => json!({"metadata": {"finalizers": null}}),
            2 if kind.kind == "Deployment" => {
                let image = format!("registry/app:{}", self.chance.below(4));
                json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}})
            }
            _ => self.change(kind),
        };
        if self.chance.percent(10) {
            change["metadata"]["resourceVersion"] = json!("1");
        }
        self.patched(kind, name, media, change)
    }

    fn apply(&mut self, kind: Kind, name: &str) -> Step {
        let mut object = kind.object(name, &mut self.chance);
        if self.chance.percent(25) {
            object = kind.bare(name);
            let change = self.change(kind);
            merge(&mut object, &change);
        }
        let manager = self.chance.pick(&["lena", "flux", "mesh"]).copied().unwrap_or("lena");
        let force = self.chance.percent(50);
        let tail = format!("?fieldManager={manager}&force={force}");
        let path = self.item(kind, name, &tail);
        Step { method: "PATCH", path, media: APPLY, content: Content::Fixed(object), kind, name: name.to_owned() }
    }

    fn status(&mut self, kind: Kind, name: &str) -> Step {
        let status = kind.status(&mut self.chance);
        let mut body = json!({"status": status, "metadata": {"labels": {"tier": word(&mut self.chance)}}});
        if kind.kind == "Deployment" {
            body["spec"]["replicas"] = json!(9);
        }
        let path = self.item(kind, name, "/status");
        Step { method: "PATCH", path, media: MERGE, content: Content::Fixed(body), kind, name: name.to_owned() }
    }

    fn scale(&mut self, kind: Kind, name: &str) -> Step {
        if self.chance.percent(50) {
            return self.simple("GET", kind, name, "/scale");
        }
        // As a dry run, because who owns the replicas after a scaling is written down in another way.
        let path = self.item(kind, name, "/scale?dryRun=All");
        let body = json!({"spec": {"replicas": self.chance.below(4)}});
        Step { method: "PATCH", path, media: MERGE, content: Content::Fixed(body), kind, name: name.to_owned() }
    }

    fn delete(&mut self, kind: Kind, name: &str) -> Step {
        let fields: &'static [&'static str] = match self.chance.below(4) {
            0 => &["uid"],
            1 => &["resourceVersion"],
            2 => &["uid", "resourceVersion"],
            _ => &[],
        };
        let back = usize::from(self.chance.percent(30));
        let policies = ["", "Background", "Foreground", "Orphan"];
        let propagation = self.chance.pick(&policies).copied().unwrap_or("");
        // Together a real server trips over its own update of the finalizers.
        let fields = if propagation.is_empty() || propagation == "Foreground" { fields } else { &[] };
        let options = if self.chance.percent(10) { "?dryRun=All" } else { "" };
        let path = self.item(kind, name, options);
        let content = Content::Condition { object: format!("{}/{name}", kind.kind), back, fields, propagation };
        Step { method: "DELETE", path, media: JSON, content, kind, name: name.to_owned() }
    }

    fn delete_some(&mut self, kind: Kind) -> Step {
        let path = format!("{}?labelSelector=tier%3D{}", kind.collection(&self.namespace), word(&mut self.chance));
        Step { method: "DELETE", path, media: JSON, content: Content::Fixed(Value::Null), kind, name: String::new() }
    }
}
