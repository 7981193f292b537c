//! Acceptance S5's core: a team's word is for exact content.

use crate::support::plan::{app, own_team, plan, release_named, shared};
use crate::support::recorder::{let_go, tags_that_ran};
use crate::support::stage::Stage;
use crate::support::{Done, blocker_codes, condition_of};
use serde_json::Value;

const BOTH: [&str; 2] = ["words-one", "words-two"];

#[tokio::test(flavor = "multi_thread")]
async fn a_word_for_other_content_does_not_count_and_the_team_is_named_with_its_contact() -> Done {
    let stage = Stage::on(shared().await?).await?;
    for team in BOTH {
        stage.apply(&own_team(team, &["app"])).await?;
    }
    let steps = BOTH.map(|team| (team, team, ("Deployment", "app"), &[][..]));
    stage.apply(&[plan("words", &steps)]).await?;
    for team in BOTH {
        stage.apply(&[app(team, "app", "1")]).await?;
    }
    let first = stage.asked_for("words", "").await?;
    stage.apply(&[app(BOTH[0], "app", "2")]).await?;
    let second = stage.asked_for("words", &first).await?;

    // A word for the older digest does not count.
    stage.sign(BOTH[0], "words", &first).await?;
    let said = lacking(&stage, "RC052").await?;
    let message = said["message"].as_str().unwrap_or_default();
    for part in ["words-one/words-one", short(&first), short(&second)] {
        assert!(message.contains(part), "{message} does not say {part}");
    }
    assert_eq!(said["owner"], "words-one/words-one (#words-one in chat)");
    let stale = ["SignedOff", "False", "Stale"];
    stage.until_condition(("TeamReadiness", BOTH[0], BOTH[0]), stale).await?;

    // A change after the word makes it stale, and the other's word changes nothing.
    stage.sign(BOTH[0], "words", &second).await?;
    stage.until("one word is missing", release_named("words"), |r| blocker_codes(r) == ["RC051"]).await?;
    stage.apply(&[app(BOTH[0], "app", "3")]).await?;
    let third = stage.asked_for("words", &second).await?;
    stage.sign(BOTH[1], "words", &third).await?;
    lacking(&stage, "RC052").await?;
    stage.until("only the stale word is missing", release_named("words"), |r| blocker_codes(r) == ["RC052"]).await?;
    let last = stage.sign(BOTH[0], "words", &third).await?;
    stage.completed("words").await?;
    for team in BOTH {
        let history = stage.history(team).await?;
        let gone = let_go(&history, "Deployment", "app");
        assert_eq!(gone.len(), 1, "{team}");
        assert!(gone[0].at > last, "{team} went before the last word");
        let ran = tags_that_ran(&history, "app");
        assert_eq!(ran.len(), 1, "{team}: {ran:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_go_holds_with_its_reason_until_it_is_taken_back() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("nogo", &["app"])).await?;
    let plan = plan("nogo", &[("app", "nogo", ("Deployment", "app"), &[])]);
    stage.apply(&[plan, app("nogo", "app", "1")]).await?;
    let digest = stage.asked_for("nogo", "").await?;
    stage.say("nogo", "nogo", &digest, ["NoGo", "the index is not built"]).await?;
    let said = stage.until("the NoGo is told", release_named("nogo"), |r| blocker_codes(r) == ["RC053"]).await?;
    let told = condition_of(&said, "Gated").map(|c| c["message"].to_string());
    assert!(told.is_some_and(|m| m.contains("the index is not built")), "{said:#}");
    let team = ("TeamReadiness", "nogo", "nogo");
    stage.until_condition(team, ["SignedOff", "False", "Rejected"]).await?;

    let signed = stage.sign("nogo", "nogo", &digest).await?;
    stage.completed("nogo").await?;
    let gone = let_go(&stage.history("nogo").await?, "Deployment", "app");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].at > signed);
    Ok(())
}

/// The blocker of this code, once there is one.
async fn lacking(stage: &Stage<'_>, code: &str) -> Done<Value> {
    let find = |r: &Value| {
        let all = r["status"]["blockers"].as_array();
        all.into_iter().flatten().find(|b| b["code"] == code).cloned()
    };
    let found = stage.until(&format!("blocker {code}"), release_named("words"), |r| find(r).is_some()).await?;
    Ok(find(&found).unwrap_or_default())
}

/// As much of a digest as people are shown.
fn short(digest: &str) -> &str {
    rollcall::digest::short(digest)
}
