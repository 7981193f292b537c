//! Jobs: held when they are created, released once.

use control_plane::{Subject, wait};
use serde_json::{Value, json};

use super::objects::{hold_of, job};
use super::world::{PATIENCE, Who, World};

async fn started(world: &World, name: &str) {
    wait::until("the Job to start", PATIENCE, async || {
        let status = world.get(&format!("job {name}")).await["status"].clone();
        status["startTime"].is_string().then_some(()).ok_or_else(|| status.to_string())
    })
    .await
    .expect("started");
}

#[tokio::test]
async fn a_new_job_is_stored_held_and_only_the_operator_starts_it() {
    let world = World::new("job-hold").await;
    world.feed(Who::Dev, "create", &job("migrate")).await.passes();
    wait::until("the controller to have seen the Job", PATIENCE, async || {
        let seen = world.get("job migrate").await;
        let suspended =
            seen["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(|c| c["type"] == "Suspended"));
        suspended.then_some(()).ok_or_else(|| seen["status"].to_string())
    })
    .await
    .expect("observed");
    assert_eq!(world.get("job migrate").await["status"]["startTime"], Value::Null);
    let resume = json!({"spec": {"suspend": false}, "metadata": {"annotations": {"rollcall.dev/hold": null}}});
    for who in [Who::Dev, Who::Oncall, Who::Flux, Who::Admin] {
        world.patch(who, "job migrate", &resume).await.passes();
        assert_eq!(hold_of(&world.get("job migrate").await), ("policy", true, "r/job:1"), "{who:?}");
    }
    for command in ["label job migrate kueue.x-k8s.io/queue-name=q", "annotate job migrate a=b"] {
        world.run(Who::Dev, command).await.passes();
        world.patch(Who::Dev, "job migrate", &resume).await.passes();
        assert_eq!(hold_of(&world.get("job migrate").await), ("policy", true, "r/job:1"), "{command}");
    }
    world.patch(Who::Operator, "job migrate", &resume).await.passes();
    started(&world, "migrate").await;
    assert_eq!(hold_of(&world.get("job migrate").await), ("", false, "r/job:1"));
}

#[tokio::test]
async fn a_job_that_its_author_suspended_says_so() {
    let world = World::new("job-author").await;
    let mut own = job("migrate");
    own["spec"]["suspend"] = json!(true);
    world.feed(Who::Dev, "create", &own).await.passes();
    assert_eq!(hold_of(&world.get("job migrate").await), ("author", true, "r/job:1"));
}

#[tokio::test]
async fn the_glass_can_be_broken_for_a_held_job() {
    let world = World::new("job-glass").await;
    world.feed(Who::Dev, "create", &job("migrate")).await.passes();
    world.run(Who::Dev, "annotate job migrate rollcall.dev/break-glass=INC-1").await.passes();
    assert_eq!(hold_of(&world.get("job migrate").await), ("policy", true, "r/job:1"));
    world.run(Who::Oncall, "annotate --overwrite job migrate rollcall.dev/break-glass=INC-2").await.passes();
    started(&world, "migrate").await;
}

#[tokio::test]
async fn a_job_of_a_cron_job_starts_when_its_controller_makes_it_and_not_when_a_person_does() {
    let world = World::new("job-cron").await;
    let template = json!({"metadata": {"labels": {"rollcall.dev/gate": "team"}}, "spec": job("x")["spec"]});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
                      "spec": {"schedule": "* * * * *", "jobTemplate": template}});
    world.feed(Who::Dev, "create", &cron).await.passes();
    world.run(Who::Dev, "create job by-hand --from=cronjob/nightly").await.passes();
    assert_eq!(hold_of(&world.get("job by-hand").await), ("policy", true, "r/job:1"), "a person only says who owns it");

    let made = wait::until("the controller to make a Job", PATIENCE, async || {
        let all = world.get("jobs").await["items"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|job| job["metadata"]["name"] != "by-hand").ok_or_else(|| "none".to_owned())
    })
    .await
    .expect("the CronJob runs every minute");
    assert_eq!(hold_of(&made), ("", false, "r/job:1"));
}

#[tokio::test]
async fn a_job_in_a_queue_is_left_to_kueue_and_the_label_of_a_queue_is_no_way_past_the_hold() {
    let world = World::new("job-kueue").await;
    let mut queued = job("batch");
    queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = json!("main");
    let words = ["is in a queue of Kueue, so Kueue starts it"];
    world.feed(Who::Dev, "create", &queued).await.refused(&words);
    world.feed(Who::Flux, "create", &queued).await.refused(&words);
    // What Kueue's own webhook does.
    queued["spec"]["suspend"] = json!(true);
    world.feed(Who::Dev, "create", &queued).await.passes();
    assert_eq!(hold_of(&world.get("job batch").await), ("", true, "r/job:1"));
    let resume = json!({"spec": {"suspend": false}});
    world.patch(Who::Dev, "job batch", &resume).await.refused(&words);
    let unlabel = "label job batch kueue.x-k8s.io/queue-name-";
    world.run(Who::Dev, unlabel).await.refused(&["without it nothing would hold it"]);

    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "kueue"},
        "rules": [{"apiGroups": ["kueue.x-k8s.io"], "resources": ["workloads/status"], "verbs": ["update"]}]});
    world.feed(Who::Admin, "apply", &role).await.passes();
    world.plane.grant("kueue", Subject::User("lead"), Some(world.namespace)).await.expect("can grant");
    wait::until("whoever has Kueue's rights to start it", PATIENCE, async || {
        let answer = world.patch(Who::Lead, "job batch", &resume).await;
        answer.ok.then_some(()).ok_or(answer.stderr)
    })
    .await
    .expect("started");
    started(&world, "batch").await;
    world.run(Who::Dev, "annotate job batch a=b").await.passes();
}
