//! A rollback: the operator puts the former template back, and it stays while the marker is there.

use serde_json::{Value, json};

use super::objects::{deployment, hold_of};
use super::world::{Who, World};

/// The operator's rollback, in one write.
fn back_to(image: &str) -> Value {
    json!([
        {"op": "add", "path": "/metadata/annotations/rollcall.dev~1rollback", "value": "releases/r1"},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image},
    ])
}

/// A template with a bit of everything that a careless copy would lose.
fn rich(image: &str) -> Value {
    let mut object = deployment("api", image);
    object["spec"]["template"]["metadata"]["annotations"] = json!({"note": "kept", "count": "1"});
    object["spec"]["template"]["spec"] = json!({
        "terminationGracePeriodSeconds": 7,
        "volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [
            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]}}],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
            "weight": 5, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchExpressions": [
                {"key": "a", "operator": "In", "values": ["b", "c"]}]}}}]}},
        "containers": [{
            "name": "main", "image": image, "args": ["--x", ""],
            "env": [{"name": "EMPTY", "value": ""}, {"name": "SET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}}],
            "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}},
            "ports": [{"containerPort": 8080, "protocol": "UDP"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 3},
            "livenessProbe": {"tcpSocket": {"port": 8080}},
            "securityContext": {"runAsUser": 0, "readOnlyRootFilesystem": false},
        }],
    });
    object
}

#[tokio::test]
async fn the_template_is_pinned_exactly_while_it_lasts_and_git_lands_held_after_it() {
    let world = World::new("rollback-pins").await;
    world.feed(Who::Dev, "apply", &rich("r/api:1")).await.passes();
    let before = world.get("deployment api").await["spec"]["template"].clone();
    world.lets_go("deployment api").await;
    world.patch(Who::Operator, "deployment api", &back_to("r/api:1")).await.passes();

    let mut bad = rich("r/api:2");
    bad["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "NEW", "value": "1"}]);
    bad["spec"]["template"]["metadata"]["annotations"] = json!({"other": "x"});
    for who in ["git", "apply", "replace"] {
        match who {
            "git" => world.gitops(&bad).await,
            verb => world.feed(Who::Dev, verb, &bad).await,
        }
        .passes();
        let pinned = world.get("deployment api").await;
        assert_eq!(pinned["spec"]["template"], before, "{who}");
        assert_eq!(hold_of(&pinned), ("", false, "r/api:1"), "{who}: the rollback goes on");
    }
    world.run(Who::Dev, "annotate deployment api rollcall.dev/rollback-").await.passes();
    let words = ["the label rollcall.dev/gate"];
    world.run(Who::Dev, "label deployment api rollcall.dev/gate-").await.refused(&words);
    assert_eq!(world.get("deployment api").await["metadata"]["annotations"]["rollcall.dev/rollback"], "releases/r1");

    world.run(Who::Operator, "annotate deployment api rollcall.dev/rollback-").await.passes();
    world.gitops(&bad).await.passes();
    world.is_held("api", "r/api:2", "after the rollback").await;
}

#[tokio::test]
async fn the_glass_can_be_broken_during_a_rollback() {
    let world = World::new("rollback-glass").await;
    world.running("api", "r/api:1").await;
    world.patch(Who::Operator, "deployment api", &back_to("r/api:0")).await.passes();
    let fix = json!([
        {"op": "add", "path": "/metadata/annotations/rollcall.dev~1break-glass", "value": "INC-1"},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "r/api:2"},
    ]);
    world.patch(Who::Dev, "deployment api", &fix).await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:0"), "not without the verb");
    let fix = json!([
        {"op": "add", "path": "/metadata/annotations/rollcall.dev~1break-glass", "value": "INC-2"},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "r/api:2"},
    ]);
    world.patch(Who::Oncall, "deployment api", &fix).await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:2"));
}
