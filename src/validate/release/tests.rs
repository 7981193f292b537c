use super::*;
use crate::api::authored::signed;
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

/// A spec that says everything a spec can say, and another that says everything differently.
fn everything() -> [Value; 2] {
    let one = json!({
        "owner": {"name": "Lena", "contact": "#a"},
        "participants": [{"name": "core", "team": {"namespace": "core", "name": "core"}, "role": "Required", "responsibility": "Watch"}],
        "steps": [{"name": "api", "participant": "core", "workload": {"kind": "Job", "name": "api"}, "wait": "1m", "task": "Call",
            "dependsOn": ["a"], "estimate": "1m", "soak": "1m", "timeout": "1m", "requires": {"db": 1},
            "expect": {"images": {"m": "r:1"}, "annotations": {"a": "1"}}, "verify": ["a"], "reversible": true, "onFailure": "Halt"}],
        "windows": [{"namespace": "core", "name": "w"}],
        "notBefore": "2027-01-12T08:00:00Z", "deadline": "2027-01-12T18:00:00Z", "resumedAt": "2027-01-12T09:00:00Z",
        "priority": 1, "onFailure": "Rollback", "paused": false, "rollback": {"running": "Interrupt", "ifOneFails": "Stop"},
        "cancel": {"reason": "x", "held": "Free"},
        "override": {"reason": "x", "ticket": "X", "skip": ["Freeze"], "until": "2027-01-12T10:00:00Z", "digest": "sha256:a", "by": "a"},
    });
    let other = json!({
        "owner": {"name": "Cora", "contact": "#b"},
        "participants": [{"name": "edge", "team": {"namespace": "edge", "name": "edge"}, "role": "Optional", "responsibility": "Look"}],
        "steps": [{"name": "web", "participant": "edge", "workload": {"kind": "Deployment", "name": "web"}, "wait": "2m", "task": "Ring",
            "dependsOn": ["b"], "estimate": "2m", "soak": "2m", "timeout": "2m", "requires": {"db": 2},
            "expect": {"images": {"m": "r:2"}, "annotations": {"a": "2"}}, "verify": ["b"], "reversible": false, "onFailure": "Continue"}],
        "windows": [{"namespace": "edge", "name": "v"}],
        "notBefore": "2027-01-13T08:00:00Z", "deadline": "2027-01-13T18:00:00Z", "resumedAt": "2027-01-13T09:00:00Z",
        "priority": 2, "onFailure": "Halt", "paused": true, "rollback": {"running": "Finish", "ifOneFails": "Continue"},
        "cancel": {"reason": "y", "held": "Keep"},
        "override": {"reason": "y", "ticket": "Y", "skip": ["Window"], "until": "2027-01-13T10:00:00Z", "digest": "sha256:b", "by": "b"},
    });
    [one, other]
}

/// The paths of all that a spec can say, out of its schema.
fn fields(schema: &Value, path: &str, found: &mut Vec<String>) {
    if schema["items"]["properties"].is_object() {
        return fields(&schema["items"], &format!("{path}/0"), found);
    }
    match schema["properties"].as_object() {
        Some(all) => all.iter().for_each(|(name, inner)| fields(inner, &format!("{path}/{name}"), found)),
        None => found.push(path.to_owned()),
    }
}

/// What is not signed, and so makes nobody the author. A new field is here or in the digest.
const APART: [&str; 18] = [
    "/owner/name",
    "/owner/contact",
    "/participants/0/responsibility",
    "/steps/0/estimate",
    "/notBefore",
    "/deadline",
    "/resumedAt",
    "/priority",
    "/paused",
    "/rollback/ifOneFails",
    "/cancel/reason",
    "/cancel/held",
    "/override/reason",
    "/override/ticket",
    "/override/skip",
    "/override/until",
    "/override/digest",
    "/override/by",
];

#[test]
fn the_author_is_who_changes_what_is_signed_field_by_field() {
    let crds = crate::api::crds::crds();
    let (_, crd) = crds.iter().find(|(file, _)| file.starts_with("coordinatedreleases")).expect("the kind");
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").expect("a schema");
    let mut all = Vec::new();
    fields(schema, "", &mut all);
    assert!(all.len() > 35, "the schema is read: {all:?}");
    let [one, other] = everything();
    let wire =
        |spec: &Value| serde_json::from_value::<CoordinatedReleaseSpec>(spec.clone()).expect("of the wire's form");
    for path in &all {
        let mut changed = one.clone();
        let value = other.pointer(path).unwrap_or_else(|| panic!("{path} is said differently")).clone();
        *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path} is said")) = value;
        let in_digest = plan(&wire(&changed)) != plan(&wire(&one));
        assert_eq!(signed(&changed) != signed(&one), in_digest, "{path}: who changes it is the author as it is signed");
        assert_eq!(!APART.contains(&path.as_str()), in_digest, "{path} is apart, or signed");
    }
    assert!(APART.iter().all(|path| all.iter().any(|field| field == path)), "all that is apart is a field");
}

#[test]
fn saying_what_goes_without_saying_makes_nobody_the_author() {
    let said = json!({"windows": [], "onFailure": "Rollback", "rollback": {"running": "Interrupt"}});
    let mut long = good();
    json_patch::merge(&mut long, &said);
    for step in long["steps"].as_array_mut().into_iter().flatten() {
        json_patch::merge(step, &json!({"requires": {}, "verify": []}));
    }
    long["steps"][0]["dependsOn"] = json!([]);
    long["participants"][0]["role"] = json!("Required");
    let wire =
        |spec: &Value| serde_json::from_value::<CoordinatedReleaseSpec>(spec.clone()).expect("of the wire's form");
    assert_eq!(plan(&wire(&long)), plan(&wire(&good())));
    assert_eq!(signed(&long), signed(&good()));
}
