//! Whatever arrives first, a change that a release claims does not go by itself.

use serde_json::json;

use super::alone::message_of;
use crate::support::Done;
use crate::support::plan::{app, own_team, plan, shared};
use crate::support::recorder::let_go;
use crate::support::stage::Stage;

const TEAM: &str = "claims";
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_expects_content_claims_only_that_and_a_deleted_one_claims_nothing() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "picky";
    stage.apply(&own_team(team, &["app", "left"])).await?;
    let mut expecting = plan("picky", &[("app", team, ("Deployment", "app"), &[])]);
    expecting["spec"]["steps"][0]["expect"] = json!({"images": {"app": "registry.example/app:2"}});
    let leaving = plan("leaving", &[("left", team, ("Deployment", "left"), &[])]);
    stage.apply(&[expecting, leaving, app(team, "left", "1"), app(team, "app", "1")]).await?;
    stage.runs(team, "app", "1").await?;
    assert_eq!(let_go(&stage.history(team).await?, "Deployment", "left").len(), 0);
    stage.delete(("CoordinatedRelease", "releases", "leaving")).await?;
    stage.runs(team, "left", "1").await?;

    stage.apply(&[app(team, "app", "2")]).await?;
    let digest = stage.asked_for("picky", "").await?;
    let signed = stage.sign(team, "picky", &digest).await?;
    stage.completed("picky").await?;
    let gone = let_go(&stage.history(team).await?, "Deployment", "app");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["1", "2"]);
    assert!(gone[1].at > signed);
    Ok(())
}

const ORDERS: [&str; 3] = ["early", "late", "later"];

#[tokio::test(flavor = "multi_thread")]
async fn a_claimed_change_never_goes_by_itself_in_whichever_order_the_objects_arrive() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team(TEAM, &["early", "late", "later", "marker"])).await?;
    let of = |name: &str| plan(name, &[("app", TEAM, ("Deployment", name), &[])]);
    // The release comes first; the change comes first; the release does not exist yet.
    stage.apply(&[of("early"), app(TEAM, "early", "1")]).await?;
    stage.apply(&[app(TEAM, "late", "1"), of("late")]).await?;
    let mut annotated = app(TEAM, "later", "1");
    annotated["metadata"]["annotations"] = json!({"rollcall.dev/release": "releases/later"});
    stage.apply(&[annotated]).await?;
    for name in ORDERS {
        stage.seen_held(TEAM, name, "").await?;
    }

    // What comes last and nobody claims goes: so would the others have.
    stage.apply(&[app(TEAM, "marker", "1")]).await?;
    stage.runs(TEAM, "marker", "1").await?;
    let team = stage.read(("TeamReadiness", TEAM, TEAM)).await?;
    for name in ORDERS {
        let said = message_of(&team, name);
        assert!(said.contains(&format!("claimed by release releases/{name}")), "{name}: {said}");
    }
    let history = stage.history(TEAM).await?;
    for name in ORDERS {
        assert_eq!(let_go(&history, "Deployment", name).len(), 0, "{name} went by itself");
    }

    stage.apply(&[of("later")]).await?;
    for name in ORDERS {
        let digest = stage.asked_for(name, "").await?;
        let signed = stage.sign(TEAM, name, &digest).await?;
        stage.completed(name).await?;
        let gone = let_go(&stage.history(TEAM).await?, "Deployment", name);
        assert_eq!(gone.len(), 1, "{name}");
        assert!(gone[0].at > signed, "{name} went before the team's word");
    }
    Ok(())
}
