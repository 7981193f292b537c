//! What of an object is rollcall's, and the patch that takes it away: plain functions.

use serde_json::{Value, json};

use crate::api::GROUP;
use crate::api::fields::WorkloadKind;
use crate::cluster::workloads::{self, HeldBy};

/// What a patch does, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// A held change goes out now.
    LetGo,
    /// A hold goes; what the author had stopped stays stopped.
    LetGoStopped,
    /// Only notes and labels go.
    Clean,
}

impl Doing {
    /// The verb, as it follows "would".
    pub fn verb(self) -> &'static str {
        match self {
            Self::LetGo => "let go",
            Self::LetGoStopped => "let go, stopped as its author had it,",
            Self::Clean => "clean",
        }
    }
}

/// The JSON patch that takes away all that rollcall put on an object, or `None` if there is nothing of it. The
/// patch fails unless the object still has the version that was read.
pub fn patch(kind: &str, object: &Value) -> Option<(Doing, Value)> {
    let mut operations = Vec::new();
    let mut doing = Doing::Clean;
    if let Some((how, fields)) = hold(kind, object) {
        doing = how;
        operations.extend(fields);
    }
    // The labels of a pod are those of its template, which is its author's: they stay.
    if kind == "Pod" {
        operations.extend(gates(object));
    } else {
        operations.extend(keys(object, "annotations"));
        operations.extend(keys(object, "labels"));
        operations.extend(finalizers(object));
    }
    if operations.is_empty() {
        return None;
    }
    let version = &object["metadata"]["resourceVersion"];
    operations.insert(0, json!({"op": "test", "path": "/metadata/resourceVersion", "value": version}));
    Some((doing, Value::Array(operations)))
}

/// The operations on the hold field of a held workload, the same ones with which the operator lets it go.
fn hold(kind: &str, object: &Value) -> Option<(Doing, Vec<Value>)> {
    let kind: WorkloadKind = serde_json::from_value(json!(kind)).ok()?;
    let workload = workloads::decode(kind, &object.to_string()).ok()?;
    let doing = match workload.hold? {
        HeldBy::Policy => Doing::LetGo,
        HeldBy::Author => Doing::LetGoStopped,
    };
    let patch = workloads::release_patch(&workload, "", "");
    let spec = |operation: &&Value| operation["path"].as_str().is_some_and(|path| path.starts_with("/spec/"));
    Some((doing, patch.as_array().into_iter().flatten().filter(spec).cloned().collect()))
}

/// Whether a label, annotation, finalizer or scheduling gate is rollcall's.
pub fn ours(name: &str) -> bool {
    name.strip_prefix(GROUP).is_some_and(|rest| rest.starts_with('/'))
}

fn keys(object: &Value, field: &str) -> Vec<Value> {
    let all = object["metadata"][field].as_object();
    let own = all.into_iter().flatten().map(|(key, _)| key).filter(|key| ours(key));
    own.map(|key| json!({"op": "remove", "path": format!("/metadata/{field}/{}", key.replace('/', "~1"))})).collect()
}

fn finalizers(object: &Value) -> Vec<Value> {
    without_ours(&object["metadata"]["finalizers"], "/metadata/finalizers", Value::as_str)
}

/// A pod that waits for a scheduling gate of ours would wait for ever.
fn gates(pod: &Value) -> Vec<Value> {
    without_ours(&pod["spec"]["schedulingGates"], "/spec/schedulingGates", |gate| gate["name"].as_str())
}

/// The operation that replaces a list by what of it is not ours, if something is.
fn without_ours(list: &Value, path: &str, name: fn(&Value) -> Option<&str>) -> Vec<Value> {
    let all: Vec<&Value> = list.as_array().into_iter().flatten().collect();
    let others: Vec<&Value> = all.iter().copied().filter(|item| !name(item).is_some_and(ours)).collect();
    if others.len() == all.len() { Vec::new() } else { vec![json!({"op": "replace", "path": path, "value": others})] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(by: &str) -> Value {
        json!({
            "metadata": {"namespace": "core", "name": "api", "uid": "u", "resourceVersion": "7",
                "labels": {"app": "api", "rollcall.dev/gate": "core"},
                "annotations": {"rollcall.dev/hold": by, "rollcall.dev/released": "x", "note": "theirs"},
                "finalizers": ["a.b/c", "rollcall.dev/hold"]},
            "spec": {"paused": true, "template": {"spec": {"containers": []}}}, "status": {}})
    }

    /// The object after the patch.
    fn patched(kind: &str, mut object: Value) -> (Doing, Value) {
        let (doing, operations) = patch(kind, &object).expect("there is something to take away");
        let operations: json_patch::Patch = serde_json::from_value(operations).expect("a JSON patch");
        json_patch::patch(&mut object, &operations).expect("it applies");
        (doing, object)
    }

    #[test]
    fn a_held_workload_goes_and_keeps_all_that_is_not_ours() {
        let (doing, object) = patched("Deployment", held("policy"));
        assert_eq!(doing, Doing::LetGo);
        assert_eq!(object["spec"], json!({"template": {"spec": {"containers": []}}}));
        assert_eq!(object["metadata"]["labels"], json!({"app": "api"}));
        assert_eq!(object["metadata"]["annotations"], json!({"note": "theirs"}));
        assert_eq!(object["metadata"]["finalizers"], json!(["a.b/c"]));
        assert_eq!(patch("Deployment", &object), None, "once is enough");
    }

    #[test]
    fn what_its_author_had_stopped_stays_stopped() {
        let (doing, object) = patched("Deployment", held("author"));
        assert_eq!((doing, &object["spec"]["paused"]), (Doing::LetGoStopped, &json!(true)));
        assert_eq!(patch("Deployment", &object), None);
    }

    #[test]
    fn a_workload_that_is_not_held_keeps_its_fields_paused_or_not() {
        let mut object = held("policy");
        object["metadata"]["annotations"].as_object_mut().expect("a map").remove("rollcall.dev/hold");
        let (doing, object) = patched("Deployment", object);
        assert_eq!((doing, &object["spec"]["paused"]), (Doing::Clean, &json!(true)));
    }

    #[test]
    fn a_waiting_pod_loses_our_gate_and_neither_labels_nor_others_gates() {
        let pod = json!({"metadata": {"resourceVersion": "1", "labels": {"rollcall.dev/pod-gate": "a"}},
            "spec": {"schedulingGates": [{"name": "x.y/z"}, {"name": "rollcall.dev/hold"}]}});
        let (_, object) = patched("Pod", pod);
        assert_eq!(object["spec"]["schedulingGates"], json!([{"name": "x.y/z"}]));
        assert_eq!(object["metadata"]["labels"], json!({"rollcall.dev/pod-gate": "a"}));
        assert_eq!(patch("Pod", &object), None);
    }

    /// Every name that rollcall gives to a mark on an object, out of the file that has them all.
    fn marks() -> Vec<&'static str> {
        let values = include_str!("../api/names.rs").split('"').skip(1).step_by(2);
        values.filter(|value| value.starts_with(GROUP)).collect()
    }

    #[test]
    fn no_mark_that_rollcall_has_a_name_for_stays_on_anything() {
        use crate::api::names::{ASKED_BACK_BY, HOLD_RESTORE, ROLLED_BACK, RUNS, WITHDRAWN};
        let marks = marks();
        for known in [ASKED_BACK_BY, HOLD_RESTORE, ROLLED_BACK, RUNS, WITHDRAWN] {
            assert!(marks.contains(&known), "{known} is not found in names.rs");
        }
        for kind in super::super::kinds::SWEPT.map(|kind| kind.2).into_iter().filter(|kind| *kind != "Pod") {
            for mark in &marks {
                let object = json!({"metadata": {"name": "x", "resourceVersion": "7", "annotations": {*mark: "x", "note": "theirs"},
                    "labels": {*mark: "x", "app": "x"}, "finalizers": [mark, "a.b/c"]}, "spec": {}, "status": {}});
                let operations = patch(kind, &object).expect("there is something to take away").1;
                let gone = |path: &str| operations.as_array().into_iter().flatten().any(|o| o["path"] == *path);
                let pointer = mark.replace('/', "~1");
                assert!(gone(&format!("/metadata/annotations/{pointer}")), "{kind}: annotation {mark}");
                assert!(gone(&format!("/metadata/labels/{pointer}")), "{kind}: label {mark}");
                assert!(gone("/metadata/finalizers"), "{kind}: finalizer {mark}");
            }
        }
        for mark in &marks {
            let pod = json!({"metadata": {"resourceVersion": "1"}, "spec": {"schedulingGates": [{"name": mark}]}});
            assert_eq!(patched("Pod", pod).1["spec"]["schedulingGates"], json!([]), "gate {mark}");
        }
    }

    #[test]
    fn names_that_only_begin_like_ours_are_somebody_elses() {
        assert!(ours("rollcall.dev/x"));
        for name in ["rollcall.device/x", "x.rollcall.dev/y", "rollcall.dev", "sub.rollcall.dev/x"] {
            assert!(!ours(name), "{name}");
        }
    }

    #[test]
    fn a_patch_never_applies_to_another_version() {
        let (_, operations) = patch("Deployment", &held("policy")).expect("a patch");
        assert_eq!(operations[0], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"}));
    }
}
