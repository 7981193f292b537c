//! The pod gate: who may take it from a pod, who may say what was let go, and that the label stays.

use rollcall::manifests::{Install, rbac};
use serde_json::{Value, json};

use super::objects::{hold_of, of};
use super::world::{Who, World};

async fn open(world: &World) {
    let install = Install { pod_gate_namespaces: vec![world.namespace.to_owned()], ..Install::default() };
    for object in rbac(&install).iter().filter(|o| o["metadata"]["namespace"] == world.namespace) {
        world.feed(Who::Admin, "apply", object).await.passes();
    }
}

fn pod(name: &str, revision: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"rollcall.dev/pod-gate": "log", "controller-revision-hash": revision}},
        "spec": {"containers": [{"name": "main", "image": "r/x:1"}]}})
}

fn gates(pod: &Value) -> Vec<&str> {
    pod["spec"]["schedulingGates"].as_array().into_iter().flatten().filter_map(|g| g["name"].as_str()).collect()
}

const LET_GO: &str = "configmap rollcall-released";

/// Waits until the policies have seen the list: they keep a copy of it.
async fn until_seen(world: &World, revision: &str) {
    control_plane::wait::until("the list to be seen", super::world::PATIENCE, async || {
        let answer = world.feed(Who::Dev, "create --dry-run=server -o json", &pod("probe", revision)).await;
        let seen: Value = serde_json::from_str(&answer.stdout).unwrap_or_default();
        (answer.ok && gates(&seen).is_empty()).then_some(()).ok_or(answer.stderr)
    })
    .await
    .expect("seen");
}

#[tokio::test]
async fn a_pod_waits_until_its_revision_is_listed_and_nobody_may_hurry_it() {
    let world = World::new("gate-pods").await;
    let shut = world.feed(Who::Dev, "create", &pod("shut", "r1")).await;
    assert!(!shut.ok && shut.stderr.contains("no params found"), "{shut:?}");
    open(&world).await;
    control_plane::wait::until("the list to be seen", super::world::PATIENCE, async || {
        let answer = world.feed(Who::Dev, "apply", &pod("p", "r1")).await;
        answer.ok.then_some(()).ok_or(answer.stderr)
    })
    .await
    .expect("it is stored");
    assert_eq!(gates(&world.get("pod p").await), ["rollcall.dev/hold"]);

    let ungate = json!([{"op": "remove", "path": "/spec/schedulingGates"}]);
    for who in [Who::Dev, Who::Oncall, Who::Flux, Who::Admin, Who::Operator] {
        world.patch(who, "pod p", &ungate).await.refused(&["waits for its revision to be let go"]);
    }
    world.run(Who::Dev, "label --overwrite pod p controller-revision-hash=r0").await.refused(&["stay as they are"]);
    world.run(Who::Dev, "label pod p rollcall.dev/pod-gate-").await.refused(&["stay as they are"]);
    world.run(Who::Dev, "label pod p more=x").await.passes();

    let listed = json!({"data": {"r1": "log"}});
    for who in [Who::Dev, Who::Flux, Who::Admin] {
        let words = ["by rollcall only"];
        if who == Who::Dev {
            world.patch(who, LET_GO, &listed).await.refused(&words);
            world.patch(who, LET_GO, &json!({"immutable": true})).await.refused(&words);
            let mut forged = listed.clone();
            forged["apiVersion"] = json!("v1");
            forged["kind"] = json!("ConfigMap");
            forged["metadata"] = json!({"name": "rollcall-released"});
            world.feed(who, "replace", &forged).await.refused(&words);
        }
        world.run(who, "annotate --overwrite configmap rollcall-released a=b").await.passes();
    }
    world.patch(Who::Operator, LET_GO, &listed).await.passes();
    until_seen(&world, "r1").await;
    world.patch(Who::Operator, "pod p", &ungate).await.passes();
    world.feed(Who::Dev, "create", &pod("q", "r1")).await.passes();
    assert!(gates(&world.get("pod q").await).is_empty(), "what is listed does not wait");
    let mut other = pod("other", "r1");
    other["metadata"]["labels"]["rollcall.dev/pod-gate"] = json!("else");
    world.feed(Who::Dev, "create", &other).await.passes();
    assert_eq!(gates(&world.get("pod other").await), ["rollcall.dev/hold"], "listed for another workload");

    world.patch(Who::Oncall, LET_GO, &json!({"data": {"r2": "log"}})).await.passes();
    until_seen(&world, "r2").await;
}

#[tokio::test]
async fn of_pods_the_operator_changes_its_own_gate_and_nothing_else() {
    let world = World::new("gate-bound").await;
    open(&world).await;
    let mut free = pod("free", "r1");
    free["metadata"]["labels"] = json!({"a": "b"});
    world.feed(Who::Dev, "create", &free).await.passes();
    for patch in [
        json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "evil"}]),
        json!([{"op": "add", "path": "/metadata/labels/a", "value": "c"}]),
        json!([{"op": "add", "path": "/metadata/finalizers", "value": ["a.b/c"]}]),
    ] {
        world.patch(Who::Operator, "pod free", &patch).await.refused(&["only its scheduling gate"]);
    }
    for (question, expected) in [
        ("list pods", true),
        ("patch pods", true),
        ("create pods", false),
        ("delete pods", false),
        ("patch configmaps/rollcall-released", true),
        ("patch configmaps/other", false),
        ("create configmaps", false),
    ] {
        let answer = world.run(Who::Operator, &format!("auth can-i {question}")).await;
        assert_eq!(answer.ok, expected, "{question}: {answer:?}");
    }
}

#[tokio::test]
async fn the_label_holds_a_first_installation_and_does_not_leave_with_another_change() {
    let world = World::new("gate-label").await;
    for kind in ["statefulset", "daemonset"] {
        let strict = |image: &str| {
            let mut object = of(kind, "log", image);
            object["spec"]["template"]["metadata"]["labels"]["rollcall.dev/pod-gate"] = json!("log");
            object
        };
        let target = format!("{kind} log");
        world.feed(Who::Dev, "apply", &strict("r/x:1")).await.passes();
        assert_eq!(hold_of(&world.get(&target).await), ("policy", true, "r/x:1"), "{kind}");
        let words = ["keeps the label rollcall.dev/pod-gate"];
        world.feed(Who::Dev, "apply", &of(kind, "log", "r/x:1")).await.refused(&words);
        world.lets_go(&target).await;
        world.feed(Who::Dev, "apply", &of(kind, "log", "r/x:2")).await.refused(&words);
        world.feed(Who::Dev, "apply", &of(kind, "log", "r/x:1")).await.passes();
        assert_eq!(hold_of(&world.get(&target).await), ("policy", true, "r/x:1"), "{kind}: alone it is a change");
    }
}
