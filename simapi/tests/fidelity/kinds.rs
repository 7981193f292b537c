//! The kinds that are compared, and objects of them, good and bad.

use serde_json::{Value, json};
use simapi::Chance;

/// A kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub root: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
    pub version: &'static str,
    pub status: bool,
    pub scale: bool,
    pub custom: bool,
}

const fn kind(
    root: &'static str,
    plural: &'static str,
    kind: &'static str,
    version: &'static str,
    marks: &str,
) -> Kind {
    let marks = marks.as_bytes();
    let (mut status, mut scale, mut custom, mut n) = (false, false, false, 0);
    while n < marks.len() {
        match marks[n] {
            b's' => status = true,
            b'c' => scale = true,
            b'x' => custom = true,
            _ => {}
        }
        n += 1;
    }
    Kind { root, plural, kind, version, status, scale, custom }
}

pub const KINDS: [Kind; 5] = [
    kind("/api/v1", "configmaps", "ConfigMap", "v1", ""),
    kind("/apis/apps/v1", "deployments", "Deployment", "apps/v1", "sc"),
    kind("/apis/batch/v1", "jobs", "Job", "batch/v1", "s"),
    kind("/apis/coordination.k8s.io/v1", "leases", "Lease", "coordination.k8s.io/v1", ""),
    kind("/apis/rollcall.dev/v1alpha1", "teamreadinesses", "TeamReadiness", "rollcall.dev/v1alpha1", "sx"),
];

impl Kind {
    /// The collection in a namespace.
    pub fn collection(&self, namespace: &str) -> String {
        format!("{}/namespaces/{namespace}/{}", self.root, self.plural)
    }

    /// An object that says what it is and no more.
    pub fn bare(&self, name: &str) -> Value {
        json!({"apiVersion": self.version, "kind": self.kind, "metadata": {"name": name}})
    }

    /// A good object.
    pub fn object(&self, name: &str, chance: &mut Chance) -> Value {
        let mut object = self.bare(name);
        if chance.percent(40) {
            object["metadata"]["labels"] = json!({"tier": word(chance)});
        }
        if chance.percent(20) {
            object["metadata"]["annotations"] = json!({"example.com/note": word(chance)});
        }
        if chance.percent(12) {
            object["metadata"]["finalizers"] = json!(["example.com/wait"]);
        }
        self.content(&mut object, chance);
        object
    }

    /// What an object of the kind says.
    pub fn content(&self, object: &mut Value, chance: &mut Chance) {
        match self.kind {
            "ConfigMap" => object["data"] = json!({"one": word(chance), word(chance): "2"}),
            "Lease" => object["spec"] = json!({"holderIdentity": word(chance), "leaseDurationSeconds": 15}),
            "Deployment" => {
                object["spec"] = json!({
                    "replicas": chance.below(4),
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": pod(chance, Value::Null),
                });
            }
            "Job" => object["spec"] = json!({"suspend": chance.percent(50), "template": pod(chance, json!("Never"))}),
            _ => object["spec"] = team(chance),
        }
    }

    /// Something that a status may say.
    pub fn status(&self, chance: &mut Chance) -> Value {
        match self.kind {
            "Deployment" => json!({"replicas": chance.below(4), "observedGeneration": chance.below(5)}),
            "Job" => json!({"active": chance.below(2), "ready": 0}),
            _ => json!({"observedGeneration": chance.below(5)}),
        }
    }
}

pub fn word(chance: &mut Chance) -> &'static str {
    chance.pick(&["red", "green", "blue", "plaid"]).copied().unwrap_or("red")
}

fn pod(chance: &mut Chance, restart: Value) -> Value {
    let mut container = json!({"name": "main", "image": format!("registry/app:{}", chance.below(4))});
    if chance.percent(40) {
        container["env"] = json!([{"name": "A", "value": word(chance)}, {"name": "B", "value": word(chance)}]);
    }
    if chance.percent(20) {
        container["ports"] = json!([{"containerPort": 8080}]);
    }
    let mut template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}});
    if chance.percent(20) {
        template["spec"]["containers"].as_array_mut().expect("a list").push(json!({"name": "side", "image": "side:1"}));
    }
    if !restart.is_null() {
        template["spec"]["restartPolicy"] = restart;
    }
    template
}

fn team(chance: &mut Chance) -> Value {
    let mut team = json!({"workloads": [{"kind": "Deployment", "name": word(chance)}]});
    if chance.percent(50) {
        team["allow"] = json!([{"namespace": "releases"}]);
    }
    if chance.percent(40) {
        team["signOff"] = json!({"required": [{"role": "lead"}], "validFor": "24h"});
    }
    if chance.percent(30) {
        team["maxHold"] = json!({"duration": "72h", "then": "Alert"});
    }
    team
}

/// Makes an object wrong in some way.
pub fn spoil(kind: &Kind, object: &mut Value, chance: &mut Chance) {
    match (chance.below(7), kind.kind) {
        (0, _) => object["metadata"]["name"] = json!("Not_A_Name"),
        (1, _) => object["metadata"]["namespace"] = json!("elsewhere"),
        (2, _) => object["metadata"]["labels"] = json!({"tier": "not a label!"}),
        (3, _) => object["kind"] = json!("Nonsense"),
        (4, "Deployment") => object["spec"]["selector"] = json!({"matchLabels": {"app": "other"}}),
        (5, "Deployment") => object["spec"]["replicas"] = json!(-1),
        (6, "Deployment") => object["spec"]["template"]["spec"]["containers"] = json!([]),
        (4, "Job") => object["spec"]["template"]["spec"]["restartPolicy"] = json!("Always"),
        (5, "Job") => object["spec"]["backoffLimit"] = json!(-1),
        (4, "TeamReadiness") => object["spec"]["workloads"][0]["kind"] = json!("Toaster"),
        (5, "TeamReadiness") => object["spec"]["workloads"][0]["name"] = json!(7),
        (6, "TeamReadiness") => object["spec"]["nonsense"] = json!("pruned"),
        _ => object["metadata"]["name"] = json!(""),
    }
}
