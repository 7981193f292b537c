//! The operator's account: what it must not do is refused, whoever holds its token.

use serde_json::{Value, json};

use super::objects::{daemon_set, deployment, hold_of, job, let_go, release, team};
use super::world::{Who, World};

/// Patches of a Deployment that go beyond holding and releasing, and what the refusal says.
fn beyond() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}]),
            "only as a rollback",
        ),
        (
            json!([{"op": "add", "path": "/spec/template/metadata/annotations", "value": {"a": "b"}}]),
            "only as a rollback",
        ),
        (json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]), "only paused"),
        (json!([{"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}}]), "only paused"),
        (json!([{"op": "add", "path": "/spec/minReadySeconds", "value": 5}]), "only paused"),
        (
            json!([{"op": "add", "path": "/metadata/annotations/note", "value": "x"}]),
            "labels and annotations in rollcall.dev/",
        ),
        (
            json!([{"op": "add", "path": "/metadata/labels/tier", "value": "x"}]),
            "labels and annotations in rollcall.dev/",
        ),
        (
            json!([{"op": "add", "path": "/metadata/finalizers", "value": ["a.b/c"]}]),
            "labels and annotations in rollcall.dev/",
        ),
    ]
}

#[tokio::test]
async fn on_workloads_it_may_hold_and_release_and_nothing_else() {
    let world = World::new("bound-work").await;
    world.running("api", "r/api:1").await;
    world.feed(Who::Dev, "create", &job("migrate")).await.passes();
    for (patch, words) in &beyond() {
        world.patch(Who::Operator, "deployment api", patch).await.refused(&[words]);
    }
    let patch = json!({"spec": {"parallelism": 2}});
    world.patch(Who::Operator, "job migrate", &patch).await.refused(&["only suspend"]);
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:1"));

    let hold = json!({"spec": {"paused": true}, "metadata": {
        "annotations": {"rollcall.dev/hold": "policy", "rollcall.dev/released": "r"},
        "labels": {"rollcall.dev/gate": "other"}}});
    world.patch(Who::Operator, "deployment api", &hold).await.passes();
    world.lets_go("deployment api").await;
}

/// Patches of the other kinds that go beyond holding, releasing and rolling back, and what the refusal says.
fn beyond_kind(kind: &str) -> Vec<(Value, &'static str)> {
    let fields = match kind {
        "cronjob" => {
            let containers = "/spec/jobTemplate/spec/template/spec/containers/0";
            vec![
                (
                    json!([{"op": "replace", "path": format!("{containers}/image"), "value": "evil"}]),
                    "only as a rollback",
                ),
                (
                    json!([{"op": "add", "path": "/spec/jobTemplate/spec/parallelism", "value": 9}]),
                    "only as a rollback",
                ),
                (json!([{"op": "replace", "path": "/spec/schedule", "value": "* * * * *"}]), "only suspend"),
                (json!([{"op": "add", "path": "/spec/concurrencyPolicy", "value": "Replace"}]), "only suspend"),
            ]
        }
        _ => vec![
            (
                json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}]),
                "only as a rollback",
            ),
            (json!([{"op": "add", "path": "/spec/minReadySeconds", "value": 5}]), "only updateStrategy"),
            (
                json!([{"op": "add", "path": "/spec/updateStrategy/rollingUpdate/maxUnavailable", "value": "90%"}]),
                "only updateStrategy",
            ),
        ],
    };
    let more = [
        (
            json!([{"op": "add", "path": "/metadata/labels/tier", "value": "x"}]),
            "labels and annotations in rollcall.dev/",
        ),
        (
            json!([{"op": "add", "path": "/metadata/finalizers", "value": ["a.b/c"]}]),
            "labels and annotations in rollcall.dev/",
        ),
    ];
    fields.into_iter().chain(more).collect()
}

#[tokio::test]
async fn of_every_kind_it_changes_the_hold_and_a_recorded_rollback_and_nothing_else() {
    let world = World::new("bound-kinds").await;
    for kind in ["statefulset", "daemonset", "cronjob"] {
        let target = format!("{kind} x");
        world.installed(kind, "x", "r/x:1").await;
        for (patch, words) in &beyond_kind(kind) {
            world.patch(Who::Operator, &target, patch).await.refused(&[words]);
        }
        assert_eq!(hold_of(&world.get(&target).await), ("", false, "r/x:1"), "{kind}");
        world.run(Who::Dev, &format!("set image {kind}/x main=r/x:2")).await.passes();
        world.lets_go(&target).await;
    }
    world.run(Who::Operator, "scale statefulset x --replicas=0").await.refused(&["patch resource"]);
    world.feed(Who::Operator, "create", &daemon_set("y", "r/x:1")).await.refused(&["create resource"]);
}

#[tokio::test]
async fn a_marker_serves_for_one_rollback() {
    let world = World::new("bound-marker").await;
    world.running("api", "r/api:2").await;
    let back = |marker: &str, image: &str| {
        json!({"metadata": {"annotations": {"rollcall.dev/rollback": marker}},
            "spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}})
    };
    world.patch(Who::Operator, "deployment api", &back("r1/1", "r/api:1")).await.passes();
    world.patch(Who::Operator, "deployment api", &back("r1/1", "evil")).await.refused(&["only as a rollback"]);
    world.patch(Who::Operator, "deployment api", &back("r1/2", "r/api:0")).await.passes();
    let bare = json!({"metadata": {"annotations": {"rollcall.dev/rollback": null}},
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "evil"}]}}}});
    world.patch(Who::Operator, "deployment api", &bare).await.refused(&["only as a rollback"]);
}

#[tokio::test]
async fn a_release_of_something_newer_than_it_decided_on_is_refused() {
    let world = World::new("bound-cas").await;
    world.feed(Who::Dev, "create", &deployment("api", "r/api:1")).await.passes();
    let seen = world.get("deployment api").await;
    world.run(Who::Dev, "set image deployment/api main=r/api:2").await.passes();
    let late = world.patch(Who::Operator, "deployment api", &let_go(&seen)).await;
    assert!(!late.ok, "{late:?}");
    world.is_held("api", "r/api:2", "what it decided on is gone").await;
}

#[tokio::test]
async fn what_it_lets_go_later_than_it_said_is_refused_by_the_api_servers_own_clock() {
    let world = World::new("bound-late").await;
    for kind in ["deployment", "statefulset", "daemonset", "cronjob"] {
        let target = format!("{kind} x");
        world.installed(kind, "x", "r/x:1").await;
        world.run(Who::Dev, &format!("set image {kind}/x main=r/x:2")).await.passes();
        let until = |by: chrono::DateTime<chrono::Utc>| json!({"metadata": {"annotations": {"rollcall.dev/let-go-by": rollcall::api::time::to_wire(by)}}});
        let now = chrono::Utc::now();
        let late = until(now - chrono::TimeDelta::seconds(3));
        world.patch(Who::Operator, &target, &late).await.refused(&["later than", "granted anew"]);
        let never = json!({"metadata": {"annotations": {"rollcall.dev/let-go-by": "soon"}}});
        let never = world.patch(Who::Operator, &target, &never).await;
        assert!(!never.ok && never.stderr.contains("let-go-by"), "{never:?}");
        world.patch(Who::Operator, &target, &until(now + chrono::TimeDelta::seconds(60))).await.passes();
        // What was let go long ago keeps nobody from writing anything else.
        world.lets_go(&target).await;
    }
}

#[tokio::test]
async fn even_with_more_rights_its_token_changes_no_spec_and_makes_or_deletes_nothing() {
    let world = World::apart("bound-token").await;
    let operator = control_plane::Subject::ServiceAccount("rollcall-system", "rollcall");
    world.plane.grant("cluster-admin", operator, None).await.expect("can grant");
    world.feed(Who::Dev, "create", &team("shop", &json!({"workloads": []}))).await.passes();
    world.feed(Who::Dev, "create", &release("r1")).await.passes();
    world.running("api", "r/api:1").await;
    for target in ["teamreadiness shop", "coordinatedrelease r1"] {
        let spec = match target {
            "teamreadiness shop" => json!({"spec": {"independentChanges": "Held"}}),
            _ => json!({"spec": {"priority": 9}}),
        };
        world.patch(Who::Operator, target, &spec).await.refused(&["cannot change the spec"]);
        world.run(Who::Operator, &format!("delete {target}")).await.refused(&["neither creates nor deletes"]);
        world.run(Who::Operator, &format!("annotate {target} note=x")).await.refused(&["rollcall.dev/"]);
        world.run(Who::Operator, &format!("annotate {target} rollcall.dev/note=x")).await.passes();
    }
    world.feed(Who::Operator, "create", &release("r2")).await.refused(&["neither creates nor deletes"]);
    world.feed(Who::Operator, "create", &deployment("x", "r/x:1")).await.refused(&["neither creates nor deletes"]);
    world.run(Who::Operator, "delete deployment api").await.refused(&["neither creates nor deletes"]);
    world.run(Who::Operator, "scale deployment api --replicas=0").await.refused(&["only paused"]);
}

#[tokio::test]
async fn its_rights_leave_out_secrets_roles_pods_and_what_it_only_reads() {
    let world = World::new("bound-rbac").await;
    let asked = [
        ("get secrets", false),
        ("list secrets", false),
        ("create pods", false),
        ("delete pods", false),
        ("create deployments.apps", false),
        ("delete deployments.apps", false),
        ("patch deployments.apps --subresource=scale", false),
        ("patch deployments.apps --subresource=status", false),
        ("update deployments.apps", false),
        ("create rolebindings.rbac.authorization.k8s.io", false),
        ("patch clusterroles.rbac.authorization.k8s.io", false),
        ("delete validatingadmissionpolicies.admissionregistration.k8s.io", false),
        ("patch coordinatedreleases.rollcall.dev", false),
        ("signoff teamreadinesses.rollcall.dev", false),
        ("override coordinatedreleases.rollcall.dev", false),
        ("impersonate users", false),
        ("patch deployments.apps", true),
        ("patch jobs.batch", true),
        ("patch statefulsets.apps", true),
        ("patch daemonsets.apps", true),
        ("patch cronjobs.batch", true),
        ("list controllerrevisions.apps", true),
        ("list replicasets.apps", true),
        ("list replicasets.apps --all-namespaces", false),
        ("list controllerrevisions.apps --all-namespaces", false),
        ("patch controllerrevisions.apps", false),
        ("patch replicasets.apps", false),
        ("create jobs.batch", false),
        ("patch teamreadinesses.rollcall.dev --subresource=status", true),
        ("get leases.coordination.k8s.io", false),
    ];
    for (question, expected) in asked {
        let answer = world.run(Who::Operator, &format!("auth can-i {question}")).await;
        assert_eq!(answer.ok, expected, "{question}: {answer:?}");
    }
    let elsewhere = world.run(Who::Operator, "auth can-i patch deployments.apps -n default").await;
    assert!(!elsewhere.ok, "only where a namespace opted in");
    for verb in ["create", "get", "update"] {
        let lease = format!("auth can-i {verb} leases.coordination.k8s.io -n rollcall-system");
        world.run(Who::Operator, &lease).await.passes();
    }
}
