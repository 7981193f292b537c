//! Breaking the glass: one change out, now, by those who may, without rollcall.

use serde_json::{Value, json};

use super::objects::{deployment, hold_of};
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
