//! Deployments: whatever writes a new template, it is stored held.

use control_plane::wait;
use serde_json::json;

use super::objects::{deployment, hold_of};
use super::world::{PATIENCE, Who, World};

#[tokio::test]
async fn a_new_deployment_is_stored_held_and_starts_no_replica_set() {
    let world = World::new("hold-create").await;
    let answer = world.feed(Who::Dev, "apply", &deployment("api", "r/api:1")).await.passes();
    assert!(answer.stderr.contains("Deployment hold-create/api is held"), "the requester is told: {}", answer.stderr);
    world.is_held("api", "r/api:1", "created").await;
    // The deployment controller has looked at it once this is true.
    wait::until("the controller to have seen the paused Deployment", PATIENCE, async || {
        let seen = world.get("deployment api").await;
        (seen["status"]["observedGeneration"] == 1).then_some(()).ok_or_else(|| seen["status"].to_string())
    })
    .await
    .expect("observed");
    assert_eq!(world.get("replicasets").await["items"], json!([]));
}

#[tokio::test]
async fn every_way_of_writing_a_new_template_stores_it_held() {
    let world = World::new("hold-ways").await;
    for (name, how) in [("a", "apply"), ("b", "set"), ("c", "gitops"), ("d", "replace"), ("e", "again"), ("f", "patch")]
    {
        world.running(name, "r/api:1").await;
        let mut next = deployment(name, "r/api:2");
        match how {
            "apply" => world.feed(Who::Dev, "apply", &next).await,
            "set" => world.run(Who::Dev, &format!("set image deployment/{name} main=r/api:2")).await,
            "gitops" => {
                next["spec"]["paused"] = json!(false);
                world.gitops(&next).await
            }
            "replace" => world.feed(Who::Dev, "replace", &next).await,
            "again" => {
                world.run(Who::Dev, &format!("delete deployment {name}")).await.passes();
                world.feed(Who::Dev, "create", &next).await
            }
            _ => {
                let patch =
                    json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "r/api:2"}]);
                world.patch(Who::Dev, &format!("deployment {name}"), &patch).await
            }
        }
        .passes();
        world.is_held(name, "r/api:2", how).await;
    }
}

#[tokio::test]
async fn nobody_but_the_operator_clears_a_hold() {
    let world = World::new("hold-sticky").await;
    world.feed(Who::Dev, "apply", &deployment("api", "r/api:1")).await.passes();
    let clear = json!({"spec": {"paused": null}, "metadata": {"annotations": {"rollcall.dev/hold": null}}});
    for who in [Who::Dev, Who::Oncall, Who::Flux, Who::Admin] {
        world.run(who, "rollout resume deployment/api").await.passes();
        world.is_held("api", "r/api:1", "resumed").await;
        world.patch(who, "deployment api", &clear).await.passes();
        world.is_held("api", "r/api:1", "patched").await;
        let only_mark = json!([{"op": "remove", "path": "/metadata/annotations/rollcall.dev~1hold"}]);
        world.patch(who, "deployment api", &only_mark).await.passes();
        world.is_held("api", "r/api:1", "annotation removed").await;
    }
    let mut open = deployment("api", "r/api:1");
    open["spec"]["paused"] = json!(false);
    world.gitops(&open).await.passes();
    world.is_held("api", "r/api:1", "applied with paused: false").await;
    world.feed(Who::Dev, "replace", &deployment("api", "r/api:1")).await.passes();
    world.is_held("api", "r/api:1", "replaced by a file without annotations").await;

    world.lets_go("deployment api").await;
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:1"));
}

#[tokio::test]
async fn a_held_deployment_scales_on_the_revision_that_runs() {
    let world = World::new("hold-scale").await;
    world.running("api", "r/api:1").await;
    let ready = async |count: i64| {
        wait::until("the pods to be ready", PATIENCE, async || {
            let status = world.get("deployment api").await["status"].clone();
            (status["readyReplicas"] == count).then_some(()).ok_or_else(|| status.to_string())
        })
        .await
        .expect("ready");
    };
    ready(3).await;
    world.run(Who::Dev, "set image deployment/api main=r/api:2").await.passes();
    world.run(Who::Dev, "scale deployment/api --replicas=6").await.passes();
    ready(6).await;
    world.is_held("api", "r/api:2", "scaled").await;
    for pod in world.get("pods").await["items"].as_array().expect("a list") {
        assert_eq!(pod["spec"]["containers"][0]["image"], "r/api:1");
    }
}

#[tokio::test]
async fn a_restart_of_what_is_not_held_passes_and_one_with_new_content_does_not() {
    let world = World::new("hold-restart").await;
    world.running("api", "r/api:1").await;
    world.run(Who::Dev, "rollout restart deployment/api").await.passes();
    let seen = world.get("deployment api").await;
    assert_eq!(hold_of(&seen), ("", false, "r/api:1"));
    let annotations = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
    assert!(seen.pointer(annotations).is_some(), "it was restarted");

    let other = json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "x", "more": "y"}}}}});
    world.patch(Who::Dev, "deployment api", &other).await.passes();
    world.is_held("api", "r/api:1", "another annotation came with the restart").await;
}

#[tokio::test]
async fn a_team_that_had_paused_its_deployment_itself_gets_it_back_paused() {
    let world = World::new("hold-author").await;
    world.running("api", "r/api:1").await;
    world.run(Who::Dev, "rollout pause deployment/api").await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", true, "r/api:1"), "pausing is no change");
    world.run(Who::Dev, "set image deployment/api main=r/api:2").await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("author", true, "r/api:2"));
    world.run(Who::Dev, "set image deployment/api main=r/api:3").await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("author", true, "r/api:3"), "still the author's");
}

#[tokio::test]
async fn marks_that_rollcall_writes_cannot_be_forged_or_removed() {
    let world = World::new("hold-forged").await;
    let marks = ["hold", "hold-restore", "rollback", "released"].map(|mark| format!("rollcall.dev/{mark}"));
    let forged: serde_json::Map<_, _> = marks.iter().map(|mark| (mark.clone(), json!("policy"))).collect();
    let forged = json!({"metadata": {"annotations": forged}});
    world.running("api", "r/api:1").await;
    let before = world.get("deployment api").await;
    world.patch(Who::Dev, "deployment api", &forged).await.passes();
    let seen = world.get("deployment api").await;
    for mark in &marks {
        let [was, is] = [&before, &seen].map(|object| object["metadata"]["annotations"].get(mark));
        assert_eq!(is, was, "{mark} was forged: {seen}");
    }
    assert_eq!(hold_of(&seen), ("", false, "r/api:1"));

    let mut created = deployment("other", "r/api:1");
    created["metadata"]["annotations"] = forged["metadata"]["annotations"].clone();
    world.feed(Who::Dev, "create", &created).await.passes();
    let seen = world.get("deployment other").await;
    for mark in &marks[1..] {
        assert!(seen["metadata"]["annotations"].get(mark).is_none(), "{mark} was forged at creation: {seen}");
    }

    let released = json!({"metadata": {"annotations": {"rollcall.dev/released": "r1"}}});
    world.patch(Who::Operator, "deployment api", &released).await.passes();
    world.run(Who::Dev, "annotate deployment api rollcall.dev/released-").await.passes();
    assert_eq!(world.get("deployment api").await["metadata"]["annotations"]["rollcall.dev/released"], "r1");
}
