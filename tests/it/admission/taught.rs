//! What Flux is taught of a hold (`config/gitops/flux-health.yaml`), judged by the API server's own CEL: an object is
//! refused in words that say what each expression came to.

use control_plane::wait;
use serde_json::{Value, json};

use super::world::{PATIENCE, Who, World};

/// Something of any form, which nobody acts on: it can say of itself what only a controller may say of a Deployment.
fn anything() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "anythings.taught.test"},
        "spec": {"group": "taught.test", "scope": "Namespaced", "names": {"kind": "Anything", "plural": "anythings"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// Refuses every such object, and says what the expressions for a kind come to.
fn judge(kind: &str) -> [Value; 2] {
    let taught = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/gitops/flux-health.yaml"));
    let taught: Value = serde_saphyr::from_str(&taught.expect("a file")).expect("YAML");
    let all = taught["spec"]["healthCheckExprs"].as_array().expect("expressions");
    let check = all.iter().find(|check| check["kind"] == kind).expect("of this kind");
    // Flux gives an object's parts by their names alone.
    let parts = regex::Regex::new(r"\b(spec|status|metadata)\.").expect("a pattern");
    let said = |name: &str| parts.replace_all(check[name].as_str().expect("CEL"), "object.$1.").into_owned();
    let says = format!("'{kind} failed ' + string({}) + ' current ' + string({})", said("failed"), said("current"));
    let name = format!("taught-{}.test", kind.to_lowercase());
    let api = "admissionregistration.k8s.io/v1";
    let of = json!({"apiGroups": ["taught.test"], "apiVersions": ["v1"], "resources": ["anythings"], "operations": ["CREATE"]});
    [
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": {
            "matchConstraints": {"resourceRules": [of], "objectSelector": {"matchLabels": {"is": kind}}},
            "validations": [{"expression": "false", "messageExpression": says}]}}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]}}),
    ]
}

#[tokio::test]
async fn flux_takes_what_is_held_for_done_however_it_went_before() {
    let world = World::new("taught").await;
    world.feed(Who::Admin, "apply --server-side", &anything()).await.passes();
    for object in ["Deployment", "CoordinatedRelease"].iter().flat_map(|kind| judge(kind)) {
        world.feed(Who::Admin, "apply --server-side", &object).await.passes();
    }
    let is = async |kind: &str, object: Value, expected: &str| {
        let mut object = object;
        object["apiVersion"] = "taught.test/v1".into();
        object["kind"] = "Anything".into();
        object["metadata"]["name"] = "one".into();
        object["metadata"]["labels"] = json!({"is": kind});
        let said = wait::until("the policy to judge", PATIENCE, async || {
            let answer = world.feed(Who::Admin, "create --dry-run=server --validate=false", &object).await;
            if answer.stderr.contains("denied request: ") { Ok(answer.stderr) } else { Err(answer.stderr) }
        });
        let said = said.await.expect("an answer");
        assert!(said.contains(&format!("{kind} {expected}")), "{object:#} is expected to be {expected}: {said}");
    };
    let condition =
        |kind: &str, status: &str, reason: &str| json!([{"type": kind, "status": status, "reason": reason}]);
    let late = json!({"replicas": 2, "conditions": condition("Progressing", "False", "ProgressDeadlineExceeded")});
    let runs = json!({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
    let held = json!({"annotations": {"rollcall.dev/hold": "policy"}});
    let spec = json!({"replicas": 2});
    let paused = json!({"replicas": 2, "paused": true});
    for (metadata, spec, status, expected) in [
        // A paused Deployment keeps the condition that it had before: its controller does not replace this one.
        (&held, &paused, &late, "failed false current true"),
        (&held, &paused, &runs, "failed false current true"),
        (&json!({}), &paused, &late, "failed false current false"),
        (&json!({}), &spec, &late, "failed true current false"),
        (&json!({}), &spec, &runs, "failed false current true"),
        (&json!({}), &spec, &json!({"replicas": 2}), "failed false current false"),
    ] {
        is("Deployment", json!({"metadata": metadata, "spec": spec, "status": status}), expected).await;
    }
    for (status, expected) in [
        (json!({"conditions": condition("Stalled", "True", "RolloutFailed")}), "failed true current false"),
        (json!({"conditions": condition("Accepted", "False", "Invalid")}), "failed true current false"),
        (json!({"conditions": condition("Accepted", "True", "Accepted")}), "failed false current true"),
        (json!({}), "failed false current false"),
    ] {
        // Being stopped makes no plan whole that makes no sense, and no step good that failed.
        is("CoordinatedRelease", json!({"spec": {"paused": true}, "status": status}), expected).await;
    }
}
