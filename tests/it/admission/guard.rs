//! What fails closed: the guard refuses what the hold should have held.

use control_plane::wait;
use serde_json::json;

use super::objects::{deployment, hold_of, job};
use super::world::{PATIENCE, Who, World};

/// Deletes the bindings of the hold, and waits until the API server acts on that.
async fn take_the_hold_away(world: &World) {
    for kind in ["deployment", "job"] {
        let binding = format!("delete mutatingadmissionpolicybinding hold-{kind}.rollcall.dev");
        world.run(Who::Admin, &binding).await.passes();
    }
    wait::until("the hold to be gone", PATIENCE, async || {
        let answer = world.feed(Who::Dev, "create --dry-run=server", &job("gone")).await;
        if answer.ok { Err("still held".to_owned()) } else { Ok(()) }
    })
    .await
    .expect("the hold is gone");
}

#[tokio::test]
async fn without_the_hold_policy_changes_are_forbidden_and_all_else_passes() {
    let world = World::apart("guard").await;
    world.running("api", "r/api:1").await;
    world.feed(Who::Dev, "apply", &deployment("held", "r/held:1")).await.passes();
    take_the_hold_away(&world).await;
    let missing = ["hold-deployment.rollcall.dev", "guard/api", "Ask a cluster administrator"];
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "r/api:2"}]);
    for who in [Who::Dev, Who::Flux, Who::Admin] {
        world.patch(who, "deployment api", &image).await.refused(&missing);
    }
    world.gitops(&deployment("api", "r/api:2")).await.refused(&missing);
    world.feed(Who::Dev, "create", &deployment("new", "r/new:1")).await.refused(&["guard/new"]);
    world.feed(Who::Dev, "create", &job("new")).await.refused(&["Job guard/new"]);
    world.run(Who::Dev, "rollout resume deployment/held").await.refused(&["guard/held is held"]);
    let forged = "annotate --overwrite deployment api rollcall.dev/released=r";
    world.run(Who::Dev, forged).await.refused(&["written by rollcall only"]);

    world.run(Who::Dev, "scale deployment/held --replicas=5").await.passes();
    world.run(Who::Dev, "scale deployment/api --replicas=5").await.passes();
    world.run(Who::Dev, "label deployment api tier=front").await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:1"));
}

#[tokio::test]
async fn the_gate_label_goes_alone_and_only_while_nothing_is_held() {
    let world = World::new("guard-label").await;
    world.running("api", "r/api:1").await;
    let both = json!({"metadata": {"labels": {"rollcall.dev/gate": null}},
                      "spec": {"template": {"metadata": {"labels": {"more": "x"}}}}});
    let words = ["the label rollcall.dev/gate of Deployment guard-label/api", "a write of its own"];
    world.patch(Who::Dev, "deployment api", &both).await.refused(&words);

    world.run(Who::Dev, "set image deployment/api main=r/api:2").await.passes();
    for command in
        ["label deployment api rollcall.dev/gate-", "label --overwrite deployment api rollcall.dev/gate=other"]
    {
        world.run(Who::Dev, command).await.refused(&words);
    }
    let mut without = deployment("api", "r/api:2");
    without["metadata"].as_object_mut().expect("metadata").remove("labels");
    world.feed(Who::Dev, "replace", &without).await.refused(&words);
    world.is_held("api", "r/api:2", "after every attempt").await;

    world.running("free", "r/free:1").await;
    world.run(Who::Dev, "label deployment free rollcall.dev/gate-").await.passes();
    world.run(Who::Dev, "set image deployment/free main=r/free:2").await.passes();
    assert_eq!(hold_of(&world.get("deployment free").await), ("", false, "r/free:2"), "the team opted out");

    let back = json!({"metadata": {"labels": {"rollcall.dev/gate": "team"}},
                      "spec": {"template": {"metadata": {"labels": {"more": "x"}}}}});
    world.patch(Who::Dev, "deployment free", &back).await.passes();
    world.is_held("free", "r/free:2", "the label came together with a change").await;
}

#[tokio::test]
async fn the_status_of_a_workload_is_no_way_around_its_hold() {
    let world = World::new("guard-status").await;
    world.feed(Who::Dev, "apply", &deployment("api", "r/api:1")).await.passes();
    world.feed(Who::Dev, "apply", &job("migrate")).await.passes();
    let mark = json!({"metadata": {"annotations": {"rollcall.dev/hold": null}}});
    let label = json!({"metadata": {"labels": {"rollcall.dev/gate": null}}});
    for target in ["deployment api", "job migrate"] {
        let status = format!("{target} --subresource=status");
        world.patch(Who::Admin, &status, &mark).await.refused(&["is held and stays held"]);
    }
    // The status of Jobs, unlike that of Deployments, also stores labels.
    let words = ["the label rollcall.dev/gate"];
    world.patch(Who::Admin, "job migrate --subresource=status", &label).await.refused(&words);
}
