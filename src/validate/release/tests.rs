use super::*;
use crate::domain::ObjectName;
use serde_json::Value;

fn meta() -> Meta {
    Meta {
        name: ObjectName::new("releases", "checkout"),
        uid: "u1".into(),
        version: "1".into(),
        generation: 1,
        created: "2027-01-12T08:00:00Z".parse().expect("an instant"),
        labels: BTreeMap::new(),
        author: None,
        asked_back: None,
    }
}

fn good() -> Value {
    json!({
        "participants": [{"name": "core", "team": {"namespace": "core", "name": "core"}, "responsibility": "Watch the error budget"}],
        "steps": [
            {"name": "migrate", "participant": "core", "workload": {"kind": "Job", "name": "migrate"}},
            {"name": "api", "participant": "core", "workload": {"kind": "Deployment", "name": "api"}, "dependsOn": ["migrate"]},
        ],
    })
}

/// The faults of the good release with one value replaced.
fn check(pointer: &str, value: Value, expected: &[&str]) {
    let mut spec = good();
    match spec.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
            spec.pointer_mut(parent).expect("a parent")[key] = value;
        }
    }
    let spec: CoordinatedReleaseSpec = serde_json::from_value(spec).expect("of the wire's form");
    let faults = release(&meta(), &spec).map(|_| Vec::new()).unwrap_or_else(|f| f.0);
    let paths: Vec<&str> = faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, expected, "{pointer}: {faults:?}");
}

#[test]
fn a_good_release_has_no_fault_and_its_steps_are_in_order() {
    let mut spec = good();
    spec["steps"].as_array_mut().expect("steps").reverse();
    let spec = serde_json::from_value(spec).expect("of the wire's form");
    let release = release(&meta(), &spec).expect("valid");
    let names: Vec<&str> = release.steps.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["migrate", "api"]);
}

#[test]
fn each_fault_names_its_field() {
    check("/steps", json!([]), &["spec.steps"]);
    check("/steps/1/name", json!("migrate"), &["spec.steps[1].name", "spec.steps"]);
    check("/steps/1/participant", json!("nobody"), &["spec.steps[1].participant"]);
    check("/steps/1/dependsOn", json!(["nothing"]), &["spec.steps[1].dependsOn[0]"]);
    check("/steps/0/dependsOn", json!(["api"]), &["spec.steps"]);
    check("/steps/1/estimate", json!("0s"), &["spec.steps[1].estimate"]);
    check("/steps/1/timeout", json!("9000h"), &["spec.steps[1].timeout"]);
    check("/steps/1/soak", json!("soon"), &["spec.steps[1].soak"]);
    check("/steps/1/wait", json!("5m"), &["spec.steps[1]"]);
    check("/steps/1/workload", json!({"kind": "Job", "name": "migrate"}), &["spec.steps[1].workload"]);
    check("/participants/0/responsibility", json!("a\u{1b}[2Jb"), &["spec.participants[0].responsibility"]);
    check("/participants/0/role", json!("Informed"), &["spec.steps[0].participant", "spec.steps[1].participant"]);
    check("/notBefore", json!("tomorrow"), &["spec.notBefore"]);
    check(
        "/override",
        json!({"reason": " ", "ticket": "OPS-1", "skip": ["Freeze"], "until": "2027-01-12T10:00:00Z"}),
        &["spec.override.reason"],
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let mut spec = good();
    spec["steps"][0]["timeout"] = json!("0s");
    spec["steps"][1]["participant"] = json!("nobody");
    spec["deadline"] = json!("never");
    let spec = serde_json::from_value(spec).expect("of the wire's form");
    assert_eq!(release(&meta(), &spec).expect_err("faulty").0.len(), 3);
}

#[test]
fn pausing_or_describing_does_not_change_what_is_signed_and_the_order_does() {
    let base: CoordinatedReleaseSpec = serde_json::from_value(good()).expect("of the wire's form");
    let mut other = base.clone();
    other.paused = true;
    other.participants[0].responsibility = "Watch it closely".into();
    assert_eq!(plan(&base), plan(&other));
    other.steps[1].depends_on.clear();
    assert_ne!(plan(&base), plan(&other));
}
