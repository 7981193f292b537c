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

#[tokio::test(flavor = "multi_thread")]
async fn a_halted_release_that_is_mended_asks_only_those_anew_whose_content_has_changed() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let [mends, changes, stays] = ["mends", "changes", "stays"];
    for team in [mends, changes, stays] {
        stage.apply(&own_team(team, &["app"])).await?;
    }
    let after = &["mends"][..];
    let steps = [(mends, &[][..]), (changes, after), (stays, after)];
    let steps = steps.map(|(team, before)| (team, team, ("Deployment", "app"), before));
    let mut halts = plan("mending", &steps);
    halts["spec"]["onFailure"] = json!("Halt");
    let mut bad = app(mends, "app", "1");
    bad["spec"]["progressDeadlineSeconds"] = json!(3);
    fails(&mut bad);
    stage.apply(&[halts, bad, app(changes, "app", "1"), app(stays, "app", "1")]).await?;
    let release = release_named("mending");
    let failed = stage.asked_for("mending", "").await?;
    for team in [mends, changes, stays] {
        stage.sign(team, "mending", &failed).await?;
    }
    stage.until_condition(release, ["Stalled", "True", "RolloutFailed"]).await?;

    stage.apply(&[app(mends, "app", "2")]).await?;
    let mended = stage.asked_for("mending", &failed).await?;
    asks_only(&stage, &[mends]).await?;
    stage.apply(&[app(changes, "app", "2")]).await?;
    let both = stage.asked_for("mending", &mended).await?;
    asks_only(&stage, &[mends, changes]).await?;
    // The word of whoever changed nothing was for the first digest, and is said to count for the newest.
    let team = stage.read(("TeamReadiness", stays, stays)).await?;
    assert_eq!(team["spec"]["signOffs"][0]["digest"], *failed);
    let shown = |t: &Value| {
        let all = t["status"]["releases"].as_array().into_iter().flatten();
        let own =
            all.filter(|r| r["release"] == "releases/mending" && r["digest"] == *both && r["state"] == "SignedOff");
        own.count() == 1
    };
    let told = stage.until("the carried word is shown", ("TeamReadiness", stays, stays), shown).await?;
    let events = told["status"]["history"][0]["entries"].as_array().into_iter().flatten();
    assert!(events.clone().count() > 0 && !events.into_iter().any(|e| e["event"] == "Stale"), "{told:#}");
    stage.until_condition(("TeamReadiness", changes, changes), ["SignedOff", "False", "Stale"]).await?;

    let mut signed = 0;
    for team in [mends, changes] {
        signed = stage.sign(team, "mending", &both).await?;
    }
    stage.completed("mending").await?;
    for team in [changes, stays] {
        let gone = let_go(&stage.history(team).await?, "Deployment", "app");
        assert!(gone.len() == 1 && gone[0].at > signed, "{team}: {gone:?}");
    }
    Ok(())
}

/// Waits until exactly the words of these teams are missing.
async fn asks_only(stage: &Stage<'_>, teams: &[&str]) -> Done {
    let asked = |r: &Value| {
        let all = r["status"]["blockers"].as_array().into_iter().flatten();
        let words = all.filter(|b| b["code"].as_str().is_some_and(|c| c.starts_with("RC05")));
        let mut owners: Vec<String> = words.map(|b| b["owner"].as_str().unwrap_or_default().to_owned()).collect();
        owners.sort();
        let mut wanted: Vec<String> = teams.iter().map(|t| format!("{t}/{t} (#{t} in chat)")).collect();
        wanted.sort();
        owners == wanted
    };
    stage.until(&format!("only {teams:?} are asked"), release_named("mending"), asked).await?;
    Ok(())
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
