//! What an apply of content that was rolled back leaves. Whoever puts a former version back owns what only that
//! version had, so a later apply of the other version does not take it away; nor does it change what the other version
//! left to the API server's defaults.
//!
//! Lists and maps merge as the API server's schema of pod templates says; a list that it does not name is replaced.

use serde_json::{Map, Value};

use super::fields::{field_sets, owned};

/// The annotation in which `kubectl apply` keeps what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Stored content, and the part of it that somebody applies.
pub(in crate::cluster) struct Part<'a> {
    stored: &'a Value,
    /// Has the fields and items that are applied; what they say is looked up in `stored`.
    applied: Value,
    client_side: bool,
}

impl<'a> Part<'a> {
    /// All of it.
    pub fn all(stored: &'a Value) -> Self {
        Self { stored, applied: stored.clone(), client_side: false }
    }
}

/// The parts of a workload's content that its appliers said, by what the object itself knows of them: one of all that
/// apply server-side, and one of who last applied client-side. Of others, such as Helm, the object knows nothing: they
/// are taken to have left to defaults what is as the defaults are. `content` is the field of the spec.
pub(in crate::cluster) fn said_by_appliers<'a>(object: &'a Value, content: &str) -> Vec<Part<'a>> {
    let stored = &object["spec"][content];
    let mut parts = Vec::new();
    let sets = field_sets(object, content);
    if !sets.is_empty() {
        parts.push(Part { stored, applied: owned(stored, &sets), client_side: false });
    }
    let text = object["metadata"]["annotations"][LAST_APPLIED].as_str();
    let last: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
    if let Some(applied) = last.map(|last| last["spec"][content].clone()).filter(|applied| !applied.is_null()) {
        parts.push(Part { stored, applied, client_side: true });
    }
    if parts.is_empty() {
        parts.push(Part { stored, applied: without_defaults(stored), client_side: true });
    }
    parts
}

fn without_defaults(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let said = fields.iter().filter(|(name, value)| !is_default(name, value));
            Value::Object(said.map(|(name, value)| (name.clone(), without_defaults(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_defaults).collect()),
        other => other.clone(),
    }
}

/// Whether a field is as the API server leaves it when nobody says it (`pkg/apis/core/v1/defaults.go` and
/// `pkg/apis/batch/v1/defaults.go` of Kubernetes). What is no key of a list and varies among versions is left out.
fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "imagePullPolicy" => true,
        "restartPolicy" => value == "Always",
        "dnsPolicy" => value == "ClusterFirst",
        "schedulerName" => value == "default-scheduler",
        "scheme" => value == "HTTP",
        "terminationMessagePath" => value == "/dev/termination-log",
        "terminationMessagePolicy" => value == "File",
        "completionMode" => value == "NonIndexed",
        "terminationGracePeriodSeconds" => value == 30,
        "periodSeconds" => value == 10,
        "timeoutSeconds" | "successThreshold" | "completions" | "parallelism" => value == 1,
        "failureThreshold" => value == 3,
        "backoffLimit" => value == 6,
        "defaultMode" => value == 420,
        _ => false,
    }
}

/// What an apply of a part stores over `former`, where nothing of `former` is the applier's to take away. What `former`
/// has nothing of comes as it was stored, with its defaults.
pub(in crate::cluster) fn applied_over(part: &Part<'_>, former: &Value) -> Value {
    merged("", part.client_side, &part.applied, part.stored, former)
}

fn merged(field: &str, client_side: bool, applied: &Value, stored: &Value, former: &Value) -> Value {
    match (applied, stored, former) {
        (Value::Object(applied), Value::Object(stored), Value::Object(former))
            if client_side || !replaced_whole(field) =>
        {
            let mut all: Map<String, Value> = former.clone();
            for (name, value) in stored {
                let value = match (applied.get(name), former.get(name)) {
                    (_, None) => value.clone(),
                    (None, Some(_)) => continue,
                    (Some(applied), Some(former)) => merged(name, client_side, applied, value, former),
                };
                all.insert(name.clone(), value);
            }
            Value::Object(all)
        }
        (Value::Array(applied), Value::Array(stored), Value::Array(former)) => match keys_of(field) {
            [] => Value::Array(stored.clone()),
            keys => Value::Array(merged_list((keys, client_side), applied, stored, former)),
        },
        _ => stored.clone(),
    }
}

/// Keeps the order of what is applied; what only `former` has comes as early as its own order allows. So does a
/// server-side apply, and the digest minds the order.
fn merged_list(
    (keys, client_side): (&[&str], bool),
    applied: &[Value],
    stored: &[Value],
    former: &[Value],
) -> Vec<Value> {
    let same = |a: &Value, b: &Value| keys.iter().all(|key| a[key] == b[key]);
    // An applier may leave a key to its default.
    let said = |item: &Value| applied.iter().find(|a| keys.iter().all(|k| a[k].is_null() || a[k] == item[k]));
    let new: Vec<(&Value, &Value)> = stored.iter().filter_map(|item| Some((item, said(item)?))).collect();
    let left = |item: &&Value| !new.iter().any(|(a, _)| same(a, item));
    let mut all = Vec::new();
    let mut rest = former;
    for (item, said) in &new {
        // What stands before the item in `former`, or right here if `former` has the item nowhere behind.
        let here = rest.iter().position(|old| same(item, old));
        let before = here.unwrap_or_else(|| rest.iter().take_while(left).count());
        all.extend(rest[..before].iter().filter(left).cloned());
        rest = &rest[before + usize::from(here.is_some())..];
        let old = former.iter().find(|old| same(item, old));
        all.push(old.map_or_else(|| (*item).clone(), |old| merged("", client_side, said, item, old)));
    }
    all.extend(rest.iter().filter(left).cloned());
    all
}

/// By which fields the items of a list are told apart; none for a list that is replaced as a whole.
fn keys_of(list: &str) -> &'static [&'static str] {
    match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" | "resourceClaims" | "claims" => {
            &["name"]
        }
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "ports" => &["containerPort", "protocol"],
        "hostAliases" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        _ => &[],
    }
}

/// Maps that a server-side apply replaces as a whole.
fn replaced_whole(map: &str) -> bool {
    matches!(
        map,
        "nodeSelector" | "labelSelector" | "fieldRef" | "resourceFieldRef" | "configMapKeyRef" | "secretKeyRef"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_the_former_version_had_stays_and_the_rest_is_as_applied() {
        let former = json!({
            "metadata": {"labels": {"app": "api"}, "annotations": {"note": "old", "both": "1"}},
            "spec": {
                "nodeSelector": {"disk": "ssd"},
                "tolerations": [{"key": "a"}],
                "containers": [
                    {"name": "main", "image": "r/api:1", "args": ["--old"],
                     "env": [{"name": "A", "value": "1"}, {"name": "LEFT", "value": "x"}, {"name": "B", "value": "1"}],
                     "ports": [{"containerPort": 80, "protocol": "TCP"}],
                     "volumeMounts": [{"name": "v", "mountPath": "/left"}]},
                    {"name": "sidecar", "image": "r/side:1"}],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        });
        let bad = json!({
            "metadata": {"labels": {"app": "api"}, "annotations": {"both": "2"}},
            "spec": {
                "nodeSelector": {"zone": "b"},
                "tolerations": [{"key": "b"}],
                "containers": [{"name": "main", "image": "r/api:2", "args": ["--new"],
                    "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "1"}, {"name": "NEW", "value": "n"}],
                    "ports": [{"containerPort": 80, "protocol": "UDP"}]}],
            },
        });
        let stored = json!({
            "metadata": {"labels": {"app": "api"}, "annotations": {"note": "old", "both": "2"}},
            "spec": {
                "nodeSelector": {"zone": "b"},
                "tolerations": [{"key": "b"}],
                "containers": [
                    {"name": "main", "image": "r/api:2", "args": ["--new"],
                     "env": [{"name": "A", "value": "2"}, {"name": "LEFT", "value": "x"}, {"name": "B", "value": "1"},
                             {"name": "NEW", "value": "n"}],
                     "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}],
                     "volumeMounts": [{"name": "v", "mountPath": "/left"}]},
                    {"name": "sidecar", "image": "r/side:1"}],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        });
        assert_eq!(applied_over(&Part::all(&bad), &former), stored);
        assert_eq!(applied_over(&Part::all(&bad), &bad), bad, "without leftovers it is what was applied");
    }

    #[test]
    fn items_in_another_order_are_neither_lost_nor_doubled() {
        let list = |names: &[&str]| json!({"env": names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>()});
        let stored = applied_over(&Part::all(&list(&["B", "A", "N"])), &list(&["L", "A", "M", "B", "Z"]));
        assert_eq!(stored, list(&["L", "M", "B", "Z", "A", "N"]));
    }

    /// Version 1 sets what version 2 leaves to the API server, and a key of a map that an apply merges or replaces.
    fn versions() -> (Value, Value) {
        let template = |grace: u64, image: &str, disk: &str| {
            json!({"metadata": {"labels": {"app": "api"}}, "spec": {
                "terminationGracePeriodSeconds": grace, "restartPolicy": "Always", "nodeSelector": {disk: "yes"},
                "containers": [{"name": "main", "image": image, "imagePullPolicy": "IfNotPresent",
                    "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}})
        };
        let mut bad = template(30, "r/api:2", "new");
        let own = json!({"name": "side", "image": "r/side:1", "imagePullPolicy": "Always"});
        bad["spec"]["containers"].as_array_mut().expect("a list").push(own);
        (template(60, "r/api:1", "old"), bad)
    }

    /// What both say of version 2.
    fn manifest() -> Value {
        json!({"metadata": {"labels": {"app": "api"}}, "spec": {"nodeSelector": {"new": "yes"}, "containers": [
            {"name": "main", "image": "r/api:2", "ports": [{"containerPort": 80}]}, {"name": "side", "image": "r/side:1"}]}})
    }

    #[test]
    fn what_the_applier_left_to_defaults_stays_as_the_former_version_set_it() {
        let (former, bad) = versions();
        let text = json!({"spec": {"template": manifest()}}).to_string();
        let client = json!({"metadata": {"annotations": {LAST_APPLIED: text}}, "spec": {"template": bad}});
        let container = json!({"k:{\"name\":\"main\"}": {".": {}, "f:name": {}, "f:image": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}},
            "k:{\"name\":\"side\"}": {".": {}, "f:name": {}, "f:image": {}}});
        let set = json!({"f:spec": {"f:replicas": {}, "f:template": {
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {"f:nodeSelector": {}, "f:containers": container}}}});
        let server = json!({"metadata": {"managedFields": [
            {"manager": "git", "operation": "Apply", "fieldsV1": set},
            {"manager": "rollcall", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {
                "f:terminationGracePeriodSeconds": {}}}}}},
            {"manager": "git", "operation": "Apply", "subresource": "scale", "fieldsV1": {"f:spec": {"f:template": {}}}},
        ]}, "spec": {"template": bad}});
        for (what, object, disks) in
            [("client", &client, json!({"old": "yes", "new": "yes"})), ("server", &server, json!({"new": "yes"}))]
        {
            let parts = said_by_appliers(object, "template");
            assert_eq!(parts.len(), 1, "{what}");
            let mut stored = bad.clone();
            stored["spec"]["terminationGracePeriodSeconds"] = json!(60);
            stored["spec"]["nodeSelector"] = disks;
            assert_eq!(applied_over(&parts[0], &former), stored, "{what}");
        }
        let nobody = json!({"metadata": {"managedFields": [{"manager": "helm", "operation": "Update",
            "fieldsV1": {"f:spec": {"f:template": {}}}}]}, "spec": {"template": bad}});
        let guessed = said_by_appliers(&nobody, "template");
        let mut stored = bad.clone();
        stored["spec"]["terminationGracePeriodSeconds"] = json!(60);
        stored["spec"]["nodeSelector"] = json!({"old": "yes", "new": "yes"});
        assert_eq!(guessed.iter().map(|part| applied_over(part, &former)).collect::<Vec<_>>(), [stored]);
        let mut said = former.clone();
        said["spec"]["terminationGracePeriodSeconds"] = json!(45);
        let said = json!({"spec": {"template": said}});
        let kept = applied_over(&said_by_appliers(&said, "template")[0], &former);
        assert_eq!(kept["spec"]["terminationGracePeriodSeconds"], 45, "what is no default was said");
    }
}
