//! Steps that fail.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, release_named, shared};
use crate::support::recorder::{held, let_go, tags_that_ran};
use crate::support::stage::Stage;
use crate::support::{Done, condition_of, shop, step_state};

#[tokio::test(flavor = "multi_thread")]
async fn when_the_pods_of_a_step_never_become_ready_what_depends_on_it_does_not_start() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("crashes", &["bad", "next"])).await?;
    let mut bad = app("crashes", "bad", "1");
    bad["spec"]["progressDeadlineSeconds"] = json!(5);
    fails(&mut bad);
    let steps: &[_] = &[
        ("bad", "crashes", ("Deployment", "bad"), &[][..]),
        ("next", "crashes", ("Deployment", "next"), &["bad"][..]),
    ];
    stage.apply(&[plan("crashes", steps), bad, app("crashes", "next", "1")]).await?;
    failed(&stage, "crashes", "Deployment").await
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_job_fails_what_depends_on_it_does_not_start() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let mut team = own_team("breaks", &["next"]);
    team[1]["spec"]["workloads"] = json!([{"kind": "Job", "name": "bad"}, {"kind": "Deployment", "name": "next"}]);
    stage.apply(&team).await?;
    let mut bad = shop::job("breaks", "bad", "breaks", "1");
    fails(&mut bad);
    let steps: &[_] =
        &[("bad", "breaks", ("Job", "bad"), &[][..]), ("next", "breaks", ("Deployment", "next"), &["bad"][..])];
    stage.apply(&[plan("breaks", steps), bad, app("breaks", "next", "1")]).await?;
    failed(&stage, "breaks", "Job").await
}

fn fails(workload: &mut Value) {
    workload["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/fail": "true"});
}

/// The release of the team's name goes, its step `bad` fails, and `next` stays where it is.
async fn failed(stage: &Stage<'_>, name: &str, kind: &str) -> Done {
    let digest = stage.asked_for(name, "").await?;
    stage.sign(name, name, &digest).await?;
    let release = release_named(name);
    stage.until_condition(release, ["Ready", "False", "RolloutFailed"]).await?;
    let found = stage.until_condition(release, ["Stalled", "True", "RolloutFailed"]).await?;
    assert_eq!(step_state(&found, "bad"), "Failed");
    assert_eq!(step_state(&found, "next"), "Waiting");
    let said = condition_of(&found, "Ready").map(|c| c["message"].to_string());
    assert!(said.is_some_and(|m| m.contains("bad")), "{found:#}");
    stage.until_event("releases", name, "StepFailed").await?;

    assert!(held(&stage.read(("Deployment", name, "next")).await?));
    let history = stage.history(name).await?;
    assert_eq!(let_go(&history, kind, "bad").len(), 1);
    assert_eq!(let_go(&history, "Deployment", "next").len(), 0);
    assert!(tags_that_ran(&history, "next").is_empty(), "a pod of the dependent step");
    Ok(())
}
