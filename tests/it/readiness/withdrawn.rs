//! A word that is taken back after the start: what is left goes on, or halts where the team says so.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, release_named, shared, with_a_look_between};
use crate::support::recorder::{let_go, version};
use crate::support::stage::Stage;
use crate::support::{Done, blocker_codes, step_state};

/// A release of two steps in order, of a team with this rule, signed; and its word taken back while the first step
/// has gone and somebody has yet to look at it. Returns the digest that was signed, and the store's version of what is left without the word.
async fn taken_back(stage: &Stage<'_>, name: &str, rule: Option<&str>) -> Done<(String, u64)> {
    let mut team = own_team(name, &["one", "two"]);
    if let Some(rule) = rule {
        team[1]["spec"]["signOff"]["withdrawnAfterStart"] = json!(rule);
    }
    stage.apply(&team).await?;
    let steps: &[_] =
        &[("one", name, ("Deployment", "one"), &[][..]), ("two", name, ("Deployment", "two"), &["one"][..])];
    let mut both = plan(name, steps);
    with_a_look_between(&mut both);
    stage.apply(&[both, app(name, "one", "1"), app(name, "two", "1")]).await?;
    let digest = stage.asked_for(name, "").await?;
    stage.sign(name, name, &digest).await?;
    let look = |r: &Value| step_state(r, "one") == "Done" && step_state(r, "look") == "Progressing";
    stage.until("somebody has to look", release_named(name), look).await?;
    let left = stage.patch(("TeamReadiness", name, name), json!({"spec": {"signOffs": []}})).await?;
    stage.until("the withdrawal is kept", ("TeamReadiness", name, name), withdrawn).await?;
    stage.looked(name, name).await?;
    Ok((digest, version(&left)))
}

fn withdrawn(team: &Value) -> bool {
    let all = team["status"]["history"][0]["entries"].as_array();
    all.into_iter().flatten().any(|e| e["event"] == "Withdrawn")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_taken_back_after_the_start_halts_only_where_the_team_says_so() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let (_, loose) = taken_back(&stage, "carries-on", None).await?;
    let (digest, strict) = taken_back(&stage, "halts", Some("Halt")).await?;

    stage.completed("carries-on").await?;
    let gone = let_go(&stage.history("carries-on").await?, "Deployment", "two");
    assert!(gone.len() == 1 && gone[0].at > loose, "it went before the word was taken back");

    let release = release_named("halts");
    stage.until("it halts", release, |r| step_state(r, "look") == "Done" && blocker_codes(r) == ["RC051"]).await?;
    assert_eq!(let_go(&stage.history("halts").await?, "Deployment", "two").len(), 0);
    let again = stage.sign("halts", "halts", &digest).await?;
    stage.completed("halts").await?;
    let gone = let_go(&stage.history("halts").await?, "Deployment", "two");
    assert!(gone.len() == 1 && gone[0].at > again && again > strict, "it went without the team's word");
    Ok(())
}
