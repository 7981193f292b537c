//! The shop of the samples, as an API server has it one morning: windows that open later, one team that has signed,
//! one whose signature is for older content, and an api of which version 1 runs.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::server::{Known, path_of};
use crate::support::Done;

const SAMPLES: [&str; 6] = ["namespaces", "teams", "window-allow", "window-freeze", "workloads", "release"];

/// Everything, with the policies of the hold in force.
pub fn shop() -> Done<Known> {
    let mut known = Known::default();
    for sample in SAMPLES {
        let path = format!("{}/config/samples/{sample}.yaml", env!("CARGO_MANIFEST_DIR"));
        for object in yaml(&std::fs::read_to_string(path)?)? {
            put(&mut known, object);
        }
    }
    for policy in rollcall::manifests::policies(&rollcall::manifests::Install::in_namespace("rollcall-system")) {
        put(&mut known, policy);
    }
    for (path, field) in [
        ("/apis/apps/v1/namespaces/core/deployments/api", "paused"),
        ("/apis/apps/v1/namespaces/ui/deployments/web", "paused"),
        ("/apis/apps/v1/namespaces/ui/deployments/admin", "paused"),
        ("/apis/batch/v1/namespaces/data/jobs/ledger-migrate", "suspend"),
    ] {
        let object = known.objects.get_mut(path).ok_or(path)?;
        object["spec"][field] = true.into();
        object["metadata"]["annotations"]["rollcall.dev/hold"] = "policy".into();
    }
    put(&mut known, runs());
    for (at, reason, note) in [
        ("2027-01-10T07:00:01.000000Z", "WaitingForSignOff", "3 teams have to sign"),
        ("2027-01-12T05:00:00.000000Z", "WaitingForSignOff", "what would ship has changed: 2 teams have to sign"),
    ] {
        put(&mut known, event(at, reason, note));
    }
    let release = known.objects.get_mut(RELEASE).ok_or(RELEASE)?;
    release["status"] = status();
    for (team, state) in [("data", "SignedOff"), ("core", "Stale"), ("ui", "Pending")] {
        let team = known.objects.get_mut(&team_path(team)).ok_or(team)?;
        let missing = if state == "SignedOff" { json!([]) } else { json!(["lead"]) };
        team["status"] = json!({"observedGeneration": 1, "releases":
            [{"release": "releases/checkout-2", "digest": *DIGEST, "state": state, "missing": missing}]});
    }
    sign(&mut known, "data", &DIGEST, "dana")?;
    sign(&mut known, "core", OLD, "cora")?;
    Ok(known)
}

pub const RELEASE: &str = "/apis/rollcall.dev/v1alpha1/namespaces/releases/coordinatedreleases/checkout-2";
/// What the release would ship, as the operator computes it from these very objects.
pub static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/shop-digest.txt");
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
});
const OLD: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000ff";

pub fn team_path(team: &str) -> String {
    format!("/apis/rollcall.dev/v1alpha1/namespaces/{team}/teamreadinesses/{team}")
}

/// Puts an object where the API server would have it.
pub fn put(known: &mut Known, mut object: Value) {
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    for (field, value) in [
        ("uid", json!(format!("uid-{kind}-{name}"))),
        ("resourceVersion", json!("100")),
        ("generation", json!(1)),
        ("creationTimestamp", json!("2027-01-10T07:00:00Z")),
    ] {
        if object["metadata"][field].is_null() {
            object["metadata"][field] = value;
        }
    }
    known.objects.insert(path_of(&object), object);
}

pub fn yaml(text: &str) -> Done<Vec<Value>> {
    Ok(serde_saphyr::from_multiple(text)?)
}

/// A team's word, as it is stored and as it was first seen.
pub fn sign(known: &mut Known, team: &str, digest: &str, by: &str) -> Done {
    let object = known.objects.get_mut(&team_path(team)).ok_or("no team")?;
    object["spec"]["signOffs"] = json!([{"release": "releases/checkout-2", "role": "lead", "seat": 1,
        "decision": "Go", "digest": digest, "by": by}]);
    object["status"]["seenSignOffs"] = json!([{"release": "releases/checkout-2", "role": "lead", "seat": 1,
        "decision": "Go", "digest": digest, "by": by, "at": "2027-01-12T06:00:00Z"}]);
    Ok(())
}

/// What runs of the api.
fn runs() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "api-1", "namespace": "core",
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "ownerReferences": [{"uid": "uid-deployment-api"}]},
        "spec": {"template": {"metadata": {"labels": {"app": "api", "pod-template-hash": "1"}},
            "spec": {"containers": [{"name": "api", "image": "registry.example/api:1"}]}}}})
}

pub fn event(at: &str, reason: &str, note: &str) -> Value {
    json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": format!("e-{at}"), "namespace": "releases"},
        "eventTime": at, "reason": reason, "note": note, "type": "Normal",
        "regarding": {"kind": "CoordinatedRelease", "name": "checkout-2", "namespace": "releases"}})
}

/// What the operator last reported.
fn status() -> Value {
    let blocker = |code: &str, owner: &str, message: &str, since: &str| json!({"code": code, "owner": owner, "message": message, "remedy": "see the command", "since": since});
    json!({"observedGeneration": 1, "digest": *DIGEST, "digestSince": "2027-01-12T05:00:00Z", "progress": "0/4",
        "finished": false, "schedule": {"nextStart": "2027-01-12T08:00:00Z"},
        "blockers": [
            blocker("RC052", "core/core (#core in chat)", "cora signed for team core/core as lead, but for other content", "2027-01-12T05:00:00Z"),
            blocker("RC051", "ui/ui (#ui in chat)", "team ui/ui has not signed as lead", "2027-01-10T07:00:00Z")],
        "conditions": [{"type": "Ready", "status": "False", "reason": "WaitingForSignOff", "message": "2 teams have to sign",
            "observedGeneration": 1, "lastTransitionTime": "2027-01-10T07:00:00Z"}]})
}
