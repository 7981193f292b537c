//! Steps that fail.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, release_named, shared};
use crate::support::recorder::{held, let_go, tags_that_ran};
use crate::support::stage::Stage;
use crate::support::{Done, condition_of, shop, step_state};

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_pods_never_become_ready_stops_what_depends_on_it_until_it_is_mended() -> Done {
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
    failed(&stage, "crashes", "Deployment").await?;
    // The exceeded deadline stays on record in the Deployment; it is no failure of the new content.
    mended(&stage, "crashes", app("crashes", "bad", "2")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_stops_what_depends_on_it_until_it_is_made_anew() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let mut team = own_team("breaks", &["next"]);
    team[1]["spec"]["workloads"] = json!([{"kind": "Job", "name": "bad"}, {"kind": "Deployment", "name": "next"}]);
    stage.apply(&team).await?;
    let mut bad = shop::job("breaks", "bad", "breaks", "1");
    fails(&mut bad);
    let steps: &[_] =
        &[("bad", "breaks", ("Job", "bad"), &[][..]), ("next", "breaks", ("Deployment", "next"), &["bad"][..])];
    stage.apply(&[plan("breaks", steps), bad, app("breaks", "next", "1")]).await?;
    failed(&stage, "breaks", "Job").await?;
    stage.delete(("Job", "breaks", "bad")).await?;
    stage.until("the failed Job is gone", ("Job", "breaks", "bad"), Value::is_null).await?;
    mended(&stage, "breaks", shop::job("breaks", "bad", "breaks", "2")).await
}

fn fails(workload: &mut Value) {
    workload["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/fail": "true"});
}

/// New content for the failed step, and a word for it: the release goes on to its end.
async fn mended(stage: &Stage<'_>, name: &str, better: Value) -> Done {
    let found = stage.read(release_named(name)).await?;
    let failed = found["status"]["digest"].as_str().unwrap_or_default();
    stage.apply(&[better]).await?;
    let digest = stage.asked_for(name, failed).await?;
    let signed = stage.sign(name, name, &digest).await?;
    let done = stage.completed(name).await?;
    assert!(condition_of(&done, "Stalled").is_none(), "{done:#}");
    let gone = let_go(&stage.history(name).await?, "Deployment", "next");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].at > signed);
    Ok(())
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
