//! Breaking the glass: one change out, now, by those who may, without rollcall.

use serde_json::{Value, json};

use super::objects::{deployment, hold_of, of, seen};
use super::world::{Who, World};

fn ticket(value: &str) -> Value {
    json!({"metadata": {"annotations": {"rollcall.dev/break-glass": value}}})
}

fn with_image(mut patch: Value, image: &str) -> Value {
    patch["spec"] = json!({"template": {"spec": {"containers": [{"name": "main", "image": image}]}}});
    patch
}

#[tokio::test]
async fn it_lets_a_held_change_out_once() {
    let world = World::new("glass-once").await;
    world.running("api", "r/api:1").await;
    world.run(Who::Dev, "set image deployment/api main=r/api:2").await.passes();
    world.patch(Who::Oncall, "deployment api", &ticket("INC-1")).await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:2"));

    world.run(Who::Oncall, "set image deployment/api main=r/api:3").await.passes();
    world.is_held("api", "r/api:3", "the glass is whole again").await;
    world.patch(Who::Oncall, "deployment api", &ticket("INC-1")).await.passes();
    world.is_held("api", "r/api:3", "the same ticket counts once").await;
    world.patch(Who::Oncall, "deployment api", &ticket("INC-2")).await.passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:3"));
}

#[tokio::test]
async fn it_lets_a_new_template_through_in_the_same_request_and_at_creation() {
    let world = World::new("glass-same").await;
    world.running("api", "r/api:1").await;
    let fix = with_image(ticket("INC-1"), "r/api:2");
    world
        .run(Who::Oncall, &format!("patch deployment api --type=strategic -p {}", fix.to_string().replace(' ', "")))
        .await
        .passes();
    assert_eq!(hold_of(&world.get("deployment api").await), ("", false, "r/api:2"));

    let mut fresh = deployment("fresh", "r/fresh:1");
    fresh["metadata"]["annotations"] = ticket("INC-2")["metadata"]["annotations"].clone();
    world.feed(Who::Oncall, "create", &fresh).await.passes();
    assert_eq!(hold_of(&world.get("deployment fresh").await), ("", false, "r/fresh:1"));
}

/// Whether a workload has the notes of what rollcall let go: what did, and of which content its runs are.
async fn notes(world: &World, target: &str) -> [bool; 2] {
    let object = world.get(target).await;
    ["released", "runs"].map(|note| object["metadata"]["annotations"][format!("rollcall.dev/{note}")].is_string())
}

#[tokio::test]
async fn what_goes_by_it_carries_no_note_of_what_rollcall_let_go_before() {
    let world = World::new("glass-notes").await;
    for kind in ["deployment", "cronjob"] {
        let target = format!("{kind} api");
        let place = if kind == "cronjob" { "/spec/jobTemplate/spec" } else { "/spec" };
        let change = |image: &str| json!({"op": "replace", "path": format!("{place}/template/spec/containers/0/image"), "value": image});
        let glass = |value: &str| json!({"op": "add", "path": "/metadata/annotations/rollcall.dev~1break-glass", "value": value});
        world.installed(kind, "api", "r/api:1").await;
        let let_go = [true, kind == "cronjob"];
        assert_eq!(notes(&world, &target).await, let_go);
        let none = json!({"metadata": {"annotations": {"rollcall.dev/released": null, "rollcall.dev/runs": null}}});
        world.patch(Who::Oncall, &target, &none).await.passes();
        world.patch(Who::Oncall, &target, &ticket("INC-0")).await.passes();
        world.patch(Who::Dev, &target, &json!([glass("INC-0b")])).await.passes();
        assert_eq!(notes(&world, &target).await, let_go, "{kind}: nobody takes them away, and nothing went by it");

        world.patch(Who::Oncall, &target, &json!([change("r/api:2"), glass("INC-1")])).await.passes();
        assert_eq!(hold_of(&world.get(&target).await), ("", false, "r/api:2"));
        assert_eq!(notes(&world, &target).await, [false, false], "{kind}: a fix");
        world.gitops(&of(kind, "api", "r/api:1")).await.passes();
        let held = world.get(&target).await;
        assert_eq!(hold_of(&held), ("policy", true, "r/api:1"));
        assert!(!seen(&held).runs_already || kind != "cronjob", "what ran before the fix is nothing that runs");

        world.lets_go(&target).await;
        assert_eq!(notes(&world, &target).await, let_go, "{kind}: rollcall writes them anew");
        world.patch(Who::Dev, &target, &json!([change("r/api:3")])).await.passes();
        world.patch(Who::Oncall, &target, &ticket("INC-2")).await.passes();
        assert_eq!(hold_of(&world.get(&target).await), ("", false, "r/api:3"));
        assert_eq!(notes(&world, &target).await, [false, false], "{kind}: a hold that is lifted");
    }
}

#[tokio::test]
async fn without_the_verb_it_has_no_effect_and_says_so() {
    let world = World::new("glass-verb").await;
    world.running("api", "r/api:1").await;
    world.run(Who::Dev, "set image deployment/api main=r/api:2").await.passes();
    let answer = world.patch(Who::Dev, "deployment api", &ticket("INC-1")).await.passes();
    assert!(answer.stderr.contains("has no effect: dev lacks the verb override"), "{}", answer.stderr);
    world.is_held("api", "r/api:2", "dev lacks the verb").await;
    let mut fresh = deployment("fresh", "r/fresh:1");
    fresh["metadata"]["annotations"] = ticket("INC-2")["metadata"]["annotations"].clone();
    world.feed(Who::Dev, "create", &fresh).await.passes();
    world.is_held("fresh", "r/fresh:1", "nor at creation").await;
}

#[tokio::test]
async fn every_use_is_in_the_audit_log_with_the_ticket_and_the_person_honoured_or_not() {
    let world = World::new("glass-audit").await;
    world.feed(Who::Dev, "apply", &deployment("api", "r/api:1")).await.passes();
    world.patch(Who::Dev, "deployment api", &ticket("INC-7")).await.passes();
    world.patch(Who::Oncall, "deployment api", &ticket("INC-8")).await.passes();
    let key = "guard-deployment.rollcall.dev/break-glass";
    let events = world.plane.audit_events().expect("an audit log");
    let uses: Vec<&str> = events
        .iter()
        .filter(|event| event["objectRef"]["namespace"] == "glass-audit" && event["stage"] == "ResponseComplete")
        .filter_map(|event| event["annotations"][key].as_str())
        .collect();
    assert_eq!(uses, ["dev INC-7", "oncall INC-8"]);
}
