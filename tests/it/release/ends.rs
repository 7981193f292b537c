//! Ends that nobody planned: whatever goes away in the middle of a release, the release says what is missing, the rest
//! goes on or waits, and nothing stays paused or pinned without an owner.

use serde_json::{Value, json};

use super::pinned::{self, is_pinned};
use crate::support::plan::{app, own_team, plan, release_named, shared};
use crate::support::recorder::{held, let_go, version};
use crate::support::stage::{Named, Stage};
use crate::support::{Done, blocker_codes, condition_of, step_state};

#[tokio::test(flavor = "multi_thread")]
async fn a_release_or_a_workload_that_is_made_anew_needs_new_words() -> Done {
    let stage = Stage::on(shared().await?).await?;
    tokio::try_join!(a_release_is_made_anew(&stage), a_held_workload_is_made_anew(&stage))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_goes_in_the_middle_of_a_release_leaves_nothing_held_for_nobody() -> Done {
    let stage = Stage::on(shared().await?).await?;
    tokio::try_join!(a_team_leaves_and_comes_back(&stage), a_team_leaves_for_good(&stage), the_leads_leave(&stage),)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_cancelled_keeps_what_it_held_if_asked_and_pins_nothing() -> Done {
    let stage = Stage::on(shared().await?).await?;
    tokio::try_join!(what_is_kept_goes_with_another_release(&stage), nothing_stays_pinned(&stage))?;
    Ok(())
}

fn digest(release: &Value) -> String {
    release["status"]["digest"].as_str().unwrap_or_default().to_owned()
}

/// Two Deployments of a team, of which the first is out, and the second waits for content that has not come.
async fn midway(stage: &Stage<'_>, name: &str) -> Done<Value> {
    let mut team = own_team(name, &["one", "two"]);
    team[1]["spec"]["independentChanges"] = json!("Held");
    stage.apply(&team).await?;
    let steps: &[_] =
        &[("one", name, ("Deployment", "one"), &[][..]), ("two", name, ("Deployment", "two"), &["one"][..])];
    let mut both = plan(name, steps);
    both["spec"]["steps"][1]["expect"] = json!({"images": {"two": "registry.example/two:2"}});
    stage.apply(&[both.clone(), app(name, "one", "1"), app(name, "two", "1")]).await?;
    let asks = |r: &Value| blocker_codes(r) == ["RC051", "RC071", "RC082"];
    let first = stage.until("a word, the first step and content are missing", release_named(name), asks).await?;
    stage.sign(name, name, &digest(&first)).await?;
    let midway = |r: &Value| step_state(r, "one") == "Done" && blocker_codes(r) == ["RC082"];
    stage.until("the first step is done", release_named(name), midway).await?;
    Ok(both)
}

/// Neither the word nor the grant that the former one got counts for it, though all else is the same.
async fn a_release_is_made_anew(stage: &Stage<'_>) -> Done {
    let both = midway(stage, "anew").await?;
    let release = release_named("anew");
    let former = stage.read(release).await?;
    let refused = stage.delete(release).await.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(refused.contains("is under way"), "it was not refused: {refused}");
    stage.patch(release, json!({"metadata": {"annotations": {"rollcall.dev/force-delete": "a new start"}}})).await?;
    stage.delete(release).await?;
    stage.until("the release is gone", release, Value::is_null).await?;

    stage.apply(&[both]).await?;
    let stale = |r: &Value| blocker_codes(r) == ["RC052", "RC082"] && step_state(r, "one") == "Done";
    let anew = stage.until("the old word is told as stale", release, stale).await?;
    assert_ne!(digest(&anew), digest(&former));
    let status = &anew["status"];
    assert!(status["startedAt"].is_null() && status["steps"][0]["grant"].is_null(), "an old record counts: {status:#}");
    assert!(status["steps"][0]["message"].to_string().contains("nothing to release"), "{status:#}");
    stage.apply(&[app("anew", "two", "2")]).await?;
    let other = stage.asked_for("anew", &digest(&anew)).await?;
    let signed = stage.sign("anew", "anew", &other).await?;
    stage.completed("anew").await?;
    let history = stage.history("anew").await?;
    assert_eq!(let_go(&history, "Deployment", "one").len(), 1);
    let gone = let_go(&history, "Deployment", "two");
    assert!(gone.len() == 1 && gone[0].tag == "2" && gone[0].at > signed, "{gone:?}");
    Ok(())
}

/// What does not depend on a workload that is deleted while it is held goes on; the new one is another one.
async fn a_held_workload_is_made_anew(stage: &Stage<'_>) -> Done {
    stage.apply(&own_team("missed", &["gone", "stays"])).await?;
    let of = |name: &'static str| (name, "missed", ("Deployment", name), &[][..]);
    stage.apply(&[plan("missed", &[of("gone"), of("stays")])]).await?;
    stage.apply(&["gone", "stays"].map(|name| app("missed", name, "1"))).await?;
    let both = stage.asked_for("missed", "").await?;

    let (release, gone) = (release_named("missed"), ("Deployment", "missed", "gone"));
    stage.delete(gone).await?;
    let is_missed = |r: &Value| blocker_codes(r) == ["RC051", "RC081"] && digest(r) != both;
    let missed = stage.until("it is missed", release, is_missed).await?;
    assert!(missed["status"]["blockers"][1]["message"].to_string().contains("Deployment missed/gone"), "{missed:#}");
    stage.sign("missed", "missed", &digest(&missed)).await?;
    let goes_on = |r: &Value| blocker_codes(r) == ["RC081"] && step_state(r, "stays") == "Done";
    stage.until("the other step goes on", release, goes_on).await?;
    stage.apply(&[app("missed", "gone", "1")]).await?;
    let again = stage.asked_for("missed", &digest(&missed)).await?;
    assert_ne!(again, both, "it is another object");
    assert!(held(&stage.read(gone).await?));
    let signed = stage.sign("missed", "missed", &again).await?;
    stage.completed("missed").await?;
    let history = stage.history("missed").await?;
    assert_eq!(let_go(&history, "Deployment", "stays").len(), 1);
    let gone = let_go(&history, "Deployment", "gone");
    assert!(gone.len() == 1 && gone[0].at > signed, "{gone:?}");
    Ok(())
}

/// A team's namespace is deleted while one of its steps is rolling out and another is held. A step of another team waits
/// for the first. Returns the digest that was signed.
async fn a_team_leaves(stage: &Stage<'_>, leaving: &str, staying: &str) -> Done<String> {
    stage.apply(&own_team(leaving, &["moves", "held"])).await?;
    stage.apply(&own_team(staying, &["waits"])).await?;
    let steps: &[_] = &[
        ("moves", leaving, ("Deployment", "moves"), &[][..]),
        ("held", leaving, ("Deployment", "held"), &["moves"][..]),
        ("waits", staying, ("Deployment", "waits"), &["moves"][..]),
    ];
    let slow = pinned::never_ready(app(leaving, "moves", "1"));
    stage.apply(&[plan(leaving, steps), slow, app(leaving, "held", "1"), app(staying, "waits", "1")]).await?;
    let digest = stage.asked_for(leaving, "").await?;
    for team in [leaving, staying] {
        stage.sign(team, leaving, &digest).await?;
    }
    let release = release_named(leaving);
    stage.until("the first step rolls out", release, |r| step_state(r, "moves") == "Progressing").await?;
    stage.delete(("Namespace", "", leaving)).await?;
    stage.until("nothing of ours keeps the namespace", ("Namespace", "", leaving), Value::is_null).await?;
    let missed = |r: &Value| {
        let codes = blocker_codes(r);
        codes.contains(&"RC011".into()) && codes.iter().filter(|c| *c == "RC081").count() == 2
    };
    let told = stage.until("team and workloads are missed", release, missed).await?;
    let said = condition_of(&told, "Accepted").map(|c| c["message"].to_string()).unwrap_or_default();
    assert!(said.contains(&format!("{leaving}/{leaving}")), "{said}");
    assert_eq!(step_state(&told, "waits"), "Waiting");
    // What goes by itself goes after the settle time: another change of the team that came later is out.
    let mut team = own_team(staying, &["waits", "marker"]);
    stage.apply(&[team.remove(1), app(staying, "marker", "1")]).await?;
    stage.runs(staying, "marker", "1").await?;
    let waits = stage.read(("Deployment", staying, "waits")).await?;
    assert!(held(&waits), "the release went to pieces: {waits:#}");
    Ok(digest)
}

async fn a_team_leaves_and_comes_back(stage: &Stage<'_>) -> Done {
    let (leaving, staying) = ("returns", "awaits");
    let before = a_team_leaves(stage, leaving, staying).await?;
    stage.apply(&own_team(leaving, &["moves", "held"])).await?;
    stage.apply(&[app(leaving, "moves", "1"), app(leaving, "held", "1")]).await?;
    let digest = stage.asked_for(leaving, &before).await?;
    let mut signed = 0;
    for team in [leaving, staying] {
        signed = stage.sign(team, leaving, &digest).await?;
    }
    stage.completed(leaving).await?;
    let history = stage.history(leaving).await?;
    let moved = let_go(&history, "Deployment", "moves");
    assert!(moved.len() == 2 && moved[0].uid != moved[1].uid && moved[1].at > signed, "{moved:?}");
    let waited = let_go(&stage.history(staying).await?, "Deployment", "waits");
    assert!(waited.len() == 1 && waited[0].at > moved[1].at, "{waited:?} before {moved:?}");
    Ok(())
}

/// The lead ends the release, and what it held is its team's own again.
async fn a_team_leaves_for_good(stage: &Stage<'_>) -> Done {
    a_team_leaves(stage, "leaves", "left").await?;
    let release = release_named("leaves");
    let cancel = json!({"spec": {"cancel": {"reason": "the team is gone"}}});
    let cancelled = version(&stage.patch(release, cancel).await?);
    let ended = stage.until_condition(release, ["Ready", "False", "Cancelled"]).await?;
    assert_eq!(ended["status"]["finished"], true);
    stage.runs("left", "waits", "1").await?;
    let gone = let_go(&stage.history("left").await?, "Deployment", "waits");
    assert!(gone.len() == 1 && gone[0].at > cancelled, "{gone:?}");
    Ok(())
}

/// The namespace of two releases goes: one waits midway, the other is rolling back.
async fn the_leads_leave(stage: &Stage<'_>) -> Done {
    let team = "bereft";
    let back = pinned::in_namespace("leads", team);
    let mut objects = own_team(team, &["one", "two", "app"]);
    objects[1]["spec"]["allow"][0]["namespace"] = json!("leads");
    stage.apply(&[crate::support::namespace("leads")]).await?;
    stage.apply(&objects).await?;
    let steps: &[_] =
        &[("one", team, ("Deployment", "one"), &[][..]), ("two", team, ("Deployment", "two"), &["one"][..])];
    let mut mid = plan("mid", steps);
    mid["metadata"]["namespace"] = json!("leads");
    mid["spec"]["steps"][0]["soak"] = json!("1h");
    stage.apply(&[mid, app(team, "one", "1"), app(team, "two", "1")]).await?;
    let mid: Named<'_> = ("CoordinatedRelease", "leads", "mid");
    let word = |release: &str, digest: &str| json!({"release": format!("leads/{release}"), "role": "lead", "decision": "Go", "digest": digest});
    let first = word("mid", &stage.asked(mid, "").await?);
    pinned::ships(stage, &back, |digest| json!([first, word(team, digest)])).await?;
    stage.until("the first step soaks", mid, |r| step_state(r, "one") == "Soaking").await?;
    pinned::goes_back(stage, &back).await?;

    stage.delete(("Namespace", "", "leads")).await?;
    stage.until("nothing of ours keeps the namespace", ("Namespace", "", "leads"), Value::is_null).await?;
    stage.runs(team, "two", "1").await?;
    pinned::is_let_loose(stage, &back).await
}

/// With `Keep`, what is held waits for another release.
async fn what_is_kept_goes_with_another_release(stage: &Stage<'_>) -> Done {
    let team = "keeps";
    stage.apply(&own_team(team, &["one", "two", "marker"])).await?;
    let steps: &[_] =
        &[("one", team, ("Deployment", "one"), &[][..]), ("two", team, ("Deployment", "two"), &["one"][..])];
    let mut both = plan("keeps", steps);
    both["spec"]["steps"][0]["soak"] = json!("1h");
    stage.apply(&[both, app(team, "one", "1"), app(team, "two", "1")]).await?;
    let digest = stage.asked_for("keeps", "").await?;
    stage.sign(team, "keeps", &digest).await?;
    let release = release_named("keeps");
    stage.until("the first step soaks", release, |r| step_state(r, "one") == "Soaking").await?;
    stage.patch(release, json!({"spec": {"cancel": {"reason": "not this week", "held": "Keep"}}})).await?;
    stage.until_condition(release, ["Ready", "False", "Cancelled"]).await?;
    // A change that came later and that nobody keeps is out.
    stage.apply(&[app(team, "marker", "1")]).await?;
    stage.runs(team, "marker", "1").await?;
    let two = ("Deployment", team, "two");
    let kept = stage.read(two).await?;
    assert!(held(&kept) && kept["metadata"]["annotations"]["rollcall.dev/release"] == "releases/keeps", "{kept:#}");
    let says = |t: &Value| t["status"]["workloads"].to_string().contains("claimed by release releases/keeps");
    stage.until("its owner is named", ("TeamReadiness", team, team), says).await?;

    stage.apply(&[plan("takes", &[("two", team, ("Deployment", "two"), &[])])]).await?;
    let digest = stage.asked_for("takes", "").await?;
    let signed = stage.sign(team, "takes", &digest).await?;
    stage.completed("takes").await?;
    let gone = let_go(&stage.history(team).await?, "Deployment", "two");
    assert!(gone.len() == 1 && gone[0].at > signed, "{gone:?}");
    assert!(stage.read(two).await?["metadata"]["annotations"]["rollcall.dev/release"].is_null());
    Ok(())
}

/// A rollback is cancelled before the former version is healthy.
async fn nothing_stays_pinned(stage: &Stage<'_>) -> Done {
    let back = pinned::in_namespace("releases", "unpinned");
    stage.apply(&own_team("unpinned", &["app"])).await?;
    pinned::ships_alone(stage, &back).await?;
    pinned::goes_back(stage, &back).await?;
    let release = release_named("unpinned");
    stage.patch(release, json!({"spec": {"cancel": {"reason": "we mend it by hand"}}})).await?;
    let ended = stage.until_condition(release, ["Ready", "False", "Cancelled"]).await?;
    assert_eq!(ended["status"]["finished"], true);
    assert!(!is_pinned(&stage.read(("Deployment", "unpinned", "app")).await?));
    stage.apply(&[pinned::ready(app("unpinned", "app", "3"))]).await?;
    stage.runs("unpinned", "app", "3").await?;
    Ok(())
}
