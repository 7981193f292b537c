//! What stops a release although everything else is ready.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, release_named, shared, with_a_look_between};
use crate::support::recorder::{let_go, version};
use crate::support::stage::Stage;
use crate::support::{Done, blocker_codes, condition_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_written_before_the_last_word_holds_until_it_is_taken_back() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("halt", &["app"])).await?;
    let of_app = plan("halt", &[("app", "halt", ("Deployment", "app"), &[])]);
    stage.apply(&[of_app, app("halt", "app", "1")]).await?;
    let digest = stage.asked_for("halt", "").await?;
    let release = release_named("halt");
    stage.patch(release, json!({"spec": {"paused": true}})).await?;
    stage.sign("halt", "halt", &digest).await?;
    let team = ("TeamReadiness", "halt", "halt");
    stage.until_condition(team, ["SignedOff", "True", "SignedOff"]).await?;
    stage.until_condition(release, ["Gated", "True", "Paused"]).await?;
    stage.until("nothing but the stop is in the way", release, |r| blocker_codes(r) == ["RC001"]).await?;
    let resumed = stage.patch(release, json!({"spec": {"paused": false}})).await?;
    stage.completed("halt").await?;
    let gone = let_go(&stage.history("halt").await?, "Deployment", "app");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].at > version(&resumed), "it went in spite of the stop");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_teams_consent_nothing_moves_and_with_it_the_release_goes() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let mut team = own_team("consent", &["app"]);
    let allow = team[1]["spec"]["allow"].take();
    if let Some(spec) = team[1]["spec"].as_object_mut() {
        spec.remove("allow");
        // Else the team's change would go by itself: a release without consent claims nothing.
        spec.insert("independentChanges".to_owned(), json!("Held"));
    }
    stage.apply(&team).await?;
    let of_app = plan("consent", &[("app", "consent", ("Deployment", "app"), &[])]);
    stage.apply(&[of_app, app("consent", "app", "1")]).await?;
    let release = release_named("consent");
    let refused = ["Accepted", "False", "ConsentMissing"];
    let found = stage.until_condition(release, refused).await?;
    let said = condition_of(&found, "Accepted").map(|c| c["message"].to_string());
    assert!(said.is_some_and(|m| m.contains("consent/consent")), "{found:#}");
    let digest = found["status"]["digest"].as_str().unwrap_or_default().to_owned();
    stage.until_event("releases", "consent", "ConsentMissing").await?;
    stage.seen_held("consent", "app", "").await?;

    let consented = stage.patch(("TeamReadiness", "consent", "consent"), json!({"spec": {"allow": allow}})).await?;
    let asked = stage.asked_for("consent", "").await?;
    assert!(!digest.is_empty() && !asked.is_empty());
    stage.sign("consent", "consent", &asked).await?;
    stage.completed("consent").await?;
    let gone = let_go(&stage.history("consent").await?, "Deployment", "app");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].at > version(&consented));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_withdrawn_or_content_changed_midway_stops_the_steps_that_are_left() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("midway", &["one", "two"])).await?;
    let steps: &[_] =
        &[("one", "midway", ("Deployment", "one"), &[][..]), ("two", "midway", ("Deployment", "two"), &["one"][..])];
    let mut both = plan("midway", steps);
    with_a_look_between(&mut both);
    let team = ("TeamReadiness", "midway", "midway");
    let release = release_named("midway");
    stage.apply(&[both, app("midway", "one", "1"), app("midway", "two", "1")]).await?;
    let first = stage.asked_for("midway", "").await?;
    stage.sign("midway", "midway", &first).await?;
    stage.until("somebody has to look", release, |r| blocker_codes(r) == ["RC086", "RC071"]).await?;
    let allow = stage.read(team).await?["spec"]["allow"].clone();
    stage.patch(team, json!({"spec": {"allow": null, "independentChanges": "Held"}})).await?;
    stage.apply(&[app("midway", "two", "2")]).await?;
    stage.until("the new content is known", release, |r| blocker_codes(r).contains(&"RC052".into())).await?;
    stage.looked("midway", "midway").await?;
    // The order is kept: only what was withdrawn, and the word for other content, are in the way.
    let lacks = ["RC013", "RC013", "RC052"];
    stage.until("consent and word are missing", release, |r| blocker_codes(r) == lacks).await?;
    let consented = stage.patch(team, json!({"spec": {"allow": allow}})).await?;
    let second = stage.asked_for("midway", &first).await?;
    let signed = stage.sign("midway", "midway", &second).await?;
    stage.completed("midway").await?;
    let history = stage.history("midway").await?;
    assert_eq!(let_go(&history, "Deployment", "one").len(), 1);
    let gone = let_go(&history, "Deployment", "two");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["2"]);
    assert!(gone[0].at > signed && signed > version(&consented));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_releases_over_a_workload_names_the_first_and_goes_on_after_it() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("rivals", &["app"])).await?;
    let steps: &[_] = &[("app", "rivals", ("Deployment", "app"), &[][..])];
    stage.apply(&[plan("rival-one", steps), app("rivals", "app", "1")]).await?;
    let first = stage.asked_for("rival-one", "").await?;
    let mut second = plan("rival-two", steps);
    second["spec"]["steps"][0]["expect"] = json!({"images": {"app": "registry.example/app:2"}});
    stage.apply(&[second]).await?;
    let conflict = ["Accepted", "False", "Conflict"];
    let found = stage.until_condition(release_named("rival-two"), conflict).await?;
    let said = condition_of(&found, "Accepted").map(|c| c["message"].to_string());
    assert!(said.is_some_and(|m| m.contains("releases/rival-one")), "{found:#}");

    stage.sign("rivals", "rival-one", &first).await?;
    stage.completed("rival-one").await?;
    let accepted = ["Accepted", "True", "Accepted"];
    stage.until_condition(release_named("rival-two"), accepted).await?;
    stage.apply(&[app("rivals", "app", "2")]).await?;
    let digest = stage.asked_for("rival-two", "").await?;
    let signed = stage.sign("rivals", "rival-two", &digest).await?;
    stage.completed("rival-two").await?;
    let gone = let_go(&stage.history("rivals").await?, "Deployment", "app");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["1", "2"]);
    assert!(gone[1].at > signed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_releases_the_one_that_came_first_goes_first_whatever_its_name_and_a_cancelled_one_gives_way() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("turns", &["app"])).await?;
    let steps: &[_] = &[("app", "turns", ("Deployment", "app"), &[][..])];
    stage.apply(&[plan("turn-b", steps)]).await?;
    stage.until_condition(release_named("turn-b"), ["Accepted", "True", "Accepted"]).await?;
    // The second is there before the content is.
    stage.apply(&[plan("turn-a", steps)]).await?;
    let conflict = ["Accepted", "False", "Conflict"];
    let found = stage.until_condition(release_named("turn-a"), conflict).await?;
    let said = condition_of(&found, "Accepted").map(|c| c["message"].to_string());
    assert!(said.is_some_and(|m| m.contains("releases/turn-b")), "{found:#}");
    stage.apply(&[app("turns", "app", "1")]).await?;
    stage.asked_for("turn-b", "").await?;
    // The team's word for the second one, which waits, moves nothing.
    let seen = |r: &Value| r["status"]["digest"].is_string() && blocker_codes(r) == ["RC015", "RC051"];
    let second = stage.until("the second knows of the content", release_named("turn-a"), seen).await?;
    let digest = second["status"]["digest"].as_str().unwrap_or_default();
    stage.sign("turns", "turn-a", digest).await?;
    stage.until("only the first is in its way", release_named("turn-a"), |r| blocker_codes(r) == ["RC015"]).await?;

    let cancel = json!({"spec": {"cancel": {"reason": "the other is more urgent"}}});
    let cancelled = version(&stage.patch(release_named("turn-b"), cancel).await?);
    stage.completed("turn-a").await?;
    let gone = let_go(&stage.history("turns").await?, "Deployment", "app");
    assert!(gone.len() == 1 && gone[0].at > cancelled, "{gone:?}");
    let released = stage.read(("Deployment", "turns", "app")).await?;
    let why = released["metadata"]["annotations"]["rollcall.dev/released"].to_string();
    assert!(why.contains("releases/turn-a"), "{why}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_reported_with_its_path() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("cycle", &["a", "b", "c"])).await?;
    let of = |name: &'static str| ("Deployment", name);
    let steps: &[_] = &[
        ("one", "cycle", of("a"), &["three"][..]),
        ("two", "cycle", of("b"), &["one"][..]),
        ("three", "cycle", of("c"), &["two"][..]),
    ];
    stage.apply(&[plan("cycle", steps)]).await?;
    let release = release_named("cycle");
    let found = stage.until_condition(release, ["Accepted", "False", "InvalidSpec"]).await?;
    let stalled = stage.until_condition(release, ["Stalled", "True", "InvalidSpec"]).await?;
    let said = condition_of(&found, "Accepted").map(|c| c["message"].to_string());
    let said = said.unwrap_or_default();
    for step in ["one", "two", "three", "spec.steps"] {
        assert!(said.contains(step), "{said}");
    }
    assert_eq!(blocker_codes(&stalled), ["RC010"]);
    stage.until_event("releases", "cycle", "InvalidSpec").await?;
    Ok(())
}
