//! A rollback: the operator puts the former template back, and it stays while the marker is there.

use control_plane::wait;
use rollcall::cluster::revisions::Former;
use rollcall::cluster::workloads::{Workload, rollback_patch, unpin_patch};
use rollcall::cluster::writes::Objects;
use serde_json::{Value, json};

use super::objects::{deployment, hold_of, of, seen};
use super::world::{PATIENCE, Who, World};

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

/// What the operator would go back to: what is stored now.
fn former(object: &Value) -> Former {
    let content = if object["kind"] == "CronJob" { "jobTemplate" } else { "template" };
    let workload = seen(object);
    let template = object["spec"][content].clone();
    Former { name: "former".into(), template, digest: workload.template, owner: workload.uid }
}

/// Patches on the version that was just read, and again if the workload's controller wrote in between.
async fn operator(world: &World, target: &str, patch: impl Fn(&Workload) -> Value) {
    wait::until("the operator to write", PATIENCE, async || {
        let answer = world.patch(Who::Operator, target, &patch(&seen(&world.get(target).await))).await;
        assert!(!answer.stderr.contains("forbidden"), "refused: {}", answer.stderr);
        answer.ok.then_some(()).ok_or(answer.stderr)
    })
    .await
    .expect("it is written");
}

#[tokio::test]
async fn every_kind_goes_back_in_one_write_stays_pinned_and_takes_the_bad_content_held_afterwards() {
    let world = World::new("rollback-kinds").await;
    for kind in ["deployment", "statefulset", "daemonset", "cronjob"] {
        let target = format!("{kind} x");
        world.installed(kind, "x", "r/x:1").await;
        let before = world.get(&target).await;
        let former = former(&before);
        world.run(Who::Dev, &format!("set image {kind}/x main=r/x:2")).await.passes();
        world.lets_go(&target).await;
        let bad = seen(&world.get(&target).await).template;
        // The rollback begins while something newer is held on top.
        world.run(Who::Dev, &format!("set image {kind}/x main=r/x:3")).await.passes();
        operator(&world, &target, |w| rollback_patch(w, &former, "releases/r1/x", &bad)).await;
        let back = world.get(&target).await;
        assert_eq!(back["spec"], before["spec"], "{kind}: the content and the hold field are what they were");
        let back = seen(&back);
        assert_eq!((back.hold, back.rollback.as_deref()), (None, Some("releases/r1/x")), "{kind}");
        assert_eq!(back.template, former.digest, "{kind}");

        world.gitops(&of(kind, "x", "r/x:2")).await.passes();
        assert_eq!(hold_of(&world.get(&target).await), ("", false, "r/x:1"), "{kind}: pinned");
        operator(&world, &target, |w| unpin_patch(w, &bad)).await;
        let forged = json!({"metadata": {"annotations": {"rollcall.dev/rolled-back": "forged"}}});
        world.patch(Who::Dev, &target, &forged).await.passes();
        world.gitops(&of(kind, "x", "r/x:2")).await.passes();
        let again = seen(&world.get(&target).await);
        assert!(again.hold.is_some() && again.rollback.is_none(), "{kind}: the bad content lands held");
        assert_eq!(again.rolled_back.as_ref(), Some(&again.template), "{kind}: and is known for what it is");
        world.lets_go(&target).await;
        assert_eq!(seen(&world.get(&target).await).rolled_back, None, "{kind}: somebody let it go all the same");
    }
}

#[tokio::test]
async fn content_that_was_rolled_back_is_known_again_whoever_applies_it_and_whatever_it_leaves_to_defaults() {
    let world = World::new("rollback-known").await;
    let account = world.plane.service_account("rollcall-system", "rollcall").await.expect("an account");
    let objects = Objects::new(account.client().expect("a client"));
    for (name, who) in [("client", "apply"), ("server", "git"), ("whole", "replace")] {
        let target = format!("deployment {name}");
        let write = async |object: &Value| match who {
            "git" => world.gitops(object).await.passes(),
            verb => world.feed(Who::Dev, verb, object).await.passes(),
        };
        let mut first = deployment(name, "r/api:1");
        let pods = &mut first["spec"]["template"]["spec"];
        pods["terminationGracePeriodSeconds"] = json!(60);
        pods["nodeSelector"] = json!({"disk": "old"});
        pods["containers"][0]["env"] = json!([{"name": "LEFT", "value": "x"}]);
        world.feed(Who::Dev, "create", &first).await.passes();
        write(&first).await;
        world.lets_go(&target).await;
        let former = former(&world.get(&target).await);

        let mut bad = deployment(name, "r/api:2");
        bad["spec"]["template"]["spec"]["nodeSelector"] = json!({"zone": "b"});
        write(&bad).await;
        world.lets_go(&target).await;
        let shipped = seen(&world.get(&target).await).template;
        wait::until("the operator to roll it back", PATIENCE, async || {
            let now = seen(&world.get(&target).await);
            objects
                .roll_back(&now, &former, "releases/r1/x", std::slice::from_ref(&shipped))
                .await
                .map_err(|e| e.to_string())
        })
        .await
        .expect("it is rolled back");
        operator(&world, &target, |w| unpin_patch(w, &shipped)).await;

        write(&bad).await;
        let again = seen(&world.get(&target).await);
        let forms = again.rolled_back.clone().unwrap_or_default();
        assert!(again.hold.is_some(), "{name}: it lands held");
        assert!(forms.split(' ').any(|form| form == again.template), "{name}: {} is none of {forms}", again.template);
        let mut other = bad.clone();
        other["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(31);
        write(&other).await;
        let other = seen(&world.get(&target).await).template;
        assert!(forms.split(' ').all(|form| form != other), "{name}: other content is none of it");
    }
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
