//! Changes that no release claims, on a real control plane.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::Done;
use crate::support::plan::{SETTLE, app, created, freeze, own_team, shared, soon};
use crate::support::recorder::{held, let_go, tag, tags_that_ran};
use crate::support::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_no_release_claims_goes_out_by_itself_after_the_settle_time() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("solo", &["app"])).await?;
    stage.apply(&[app("solo", "app", "1")]).await?;
    let running = stage.runs("solo", "app", "1").await?;

    let history = stage.history("solo").await?;
    let gone = let_go(&history, "Deployment", "app");
    assert_eq!(gone.len(), 1, "{gone:?}");
    let released = stage.released(("Deployment", "solo", "app")).await?;
    assert_eq!(released.len(), 1);
    // The stamp is in whole seconds, cut off.
    let waited = released[0] - created(&running);
    assert!(waited >= TimeDelta::seconds(SETTLE), "only {waited}");
    let first_pod = history.iter().find(|v| v.kind == "Pod").map(|v| v.at);
    assert!(first_pod > Some(gone[0].at), "a pod before it was let go: {first_pod:?}");
    stage.until_event("solo", "solo", "ChangeReleased").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_freeze_changes_wait_and_only_the_newest_goes_out_once_at_its_end() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("frosty", &["app"])).await?;
    stage.apply(&[app("frosty", "app", "1")]).await?;
    stage.runs("frosty", "app", "1").await?;

    stage.apply(&[freeze("frosty", soon(3600))]).await?;
    let window = ("DeploymentWindow", "frosty", "quiet");
    stage.until_condition(window, ["Open", "False", "FreezeActive"]).await?;
    stage.apply(&[app("frosty", "app", "a")]).await?;
    let seen = stage.seen_held("frosty", "app", "").await?;
    stage.apply(&[app("frosty", "app", "b")]).await?;
    stage.seen_held("frosty", "app", &seen).await?;
    let end = soon(2 * SETTLE + 2);
    stage.apply(&[freeze("frosty", end)]).await?;
    stage.runs("frosty", "app", "b").await?;

    let history = stage.history("frosty").await?;
    let gone = let_go(&history, "Deployment", "app");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["1", "b"]);
    let released = stage.released(("Deployment", "frosty", "app")).await?;
    assert_eq!(released.len(), 2);
    let late = released[1] - end;
    assert!(late >= TimeDelta::zero(), "let go {late} after the end");
    assert!(late < TimeDelta::seconds(60), "let go {late} after the end");
    assert!(!tags_that_ran(&history, "app").contains("a"));
    for set in stage.list("ReplicaSet", "frosty").await? {
        assert_ne!(tag(&set), "a", "the first change was rolled out");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_taken_back_while_held_is_let_go_at_once_even_in_a_freeze() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("undo", &["app"])).await?;
    stage.apply(&[app("undo", "app", "1")]).await?;
    stage.runs("undo", "app", "1").await?;

    stage.apply(&[freeze("undo", soon(3600))]).await?;
    stage.apply(&[app("undo", "app", "2")]).await?;
    let seen = stage.seen_held("undo", "app", "").await?;
    // The controller manager, too, has seen the change: else the revert would undo something unseen.
    stage
        .until("version 2 is observed", ("Deployment", "undo", "app"), |d| {
            d["status"]["observedGeneration"] == d["metadata"]["generation"]
        })
        .await?;
    let begun = Utc::now();
    stage.apply(&[app("undo", "app", "1")]).await?;
    stage.runs("undo", "app", "1").await?;
    let took = Utc::now() - begun;

    let history = stage.history("undo").await?;
    let gone = let_go(&history, "Deployment", "app");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["1", "1"], "held content {seen} never went out");
    assert!(took < TimeDelta::seconds(30), "it took {took}");
    let ran = tags_that_ran(&history, "app");
    assert_eq!(ran.into_iter().collect::<Vec<_>>(), ["1"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_whose_independent_changes_are_held_waits_for_a_release() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let mut held_team = own_team("strict", &["app"]);
    held_team[1]["spec"]["independentChanges"] = json!("Held");
    stage.apply(&held_team).await?;
    stage.apply(&own_team("strict-marker", &["marker"])).await?;
    stage.apply(&[app("strict", "app", "1")]).await?;
    stage.seen_held("strict", "app", "").await?;
    stage.apply(&[app("strict-marker", "marker", "1")]).await?;
    stage.runs("strict-marker", "marker", "1").await?;
    // The marker came later and is out.
    let present = stage.read(("Deployment", "strict", "app")).await?;
    assert!(held(&present));

    let plan = crate::support::plan::plan("strict", &[("app", "strict", ("Deployment", "app"), &[])]);
    stage.apply(&[plan]).await?;
    let digest = stage.asked_for("strict", "").await?;
    let signed = stage.sign("strict", "strict", &digest).await?;
    stage.completed("strict").await?;
    let gone = let_go(&stage.history("strict").await?, "Deployment", "app");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].at > signed, "only after the word");
    Ok(())
}

/// Not a test of its own: what a team's status says of a workload.
pub fn message_of(team: &Value, workload: &str) -> String {
    let all = team["status"]["workloads"].as_array();
    let found = all.into_iter().flatten().find(|w| w["name"] == workload);
    found.and_then(|w| w["message"].as_str()).unwrap_or_default().to_owned()
}
