//! On a control plane of its own: readiness that is old cannot pass while a controller is slow to notice, and each
//! threat that the API server answers is answered by the policy that is said to answer it: without it, the attack
//! succeeds.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::threats;
use crate::support::operator::Operator;
use crate::support::plan::{app, own_team, plan, release_named};
use crate::support::recorder::let_go;
use crate::support::stage::Stage;
use crate::support::{Done, Installed, blocker_codes, namespace, step_state};

const ARGS: [&str; 3] = ["--settle", "1s", "--no-leader-election"];
const TEAM: &str = "core";
const STAGES: [&str; 3] = ["dev", "canary", "prod"];

#[tokio::test(flavor = "multi_thread")]
async fn s5_old_readiness_cannot_pass_and_each_policy_is_what_stops_its_threat() -> Done {
    let installed = Installed::start().await?;
    let stage = Stage::on(&installed).await?;
    let operator = Operator::start(&installed, "trust", &ARGS).await?;
    stage.apply(&[namespace("releases")]).await?;
    let signed_for_seven = healthy_at_seven(&stage).await?;
    commit_eight(&stage, &signed_for_seven).await?;
    words_run_out_and_are_taken_back(&stage).await?;
    assert!(operator.stop().await?.success());
    threats::each_is_stopped_by_its_policy(&installed).await
}

fn stages(name: &str) -> Value {
    let steps: [(&str, &[&str]); 3] = [("dev", &[]), ("canary", &["dev"]), ("prod", &["canary"])];
    let steps: Vec<_> = steps.iter().map(|(s, before)| (*s, TEAM, ("Deployment", *s), *before)).collect();
    plan(name, &steps)
}

/// A commit changes all three, which then wait: a release that is created afterwards finds all of it.
async fn commit(stage: &Stage<'_>, version: &str) -> Done {
    for name in STAGES {
        stage.apply(&[app(TEAM, name, version)]).await?;
    }
    for name in STAGES {
        stage
            .until(&format!("rollcall has seen {name} at {version}"), ("TeamReadiness", TEAM, TEAM), |t| {
                let all = t["status"]["workloads"].as_array();
                all.into_iter().flatten().any(|w| w["name"] == name && w["heldTemplate"].is_string())
            })
            .await?;
    }
    Ok(())
}

/// All three run revision 7, by a release that the team signed.
async fn healthy_at_seven(stage: &Stage<'_>) -> Done<String> {
    let mut team = own_team(TEAM, &STAGES);
    team[1]["spec"]["independentChanges"] = json!("Held");
    stage.apply(&team).await?;
    commit(stage, "7").await?;
    stage.apply(&[stages("seven")]).await?;
    let digest = stage.asked_for("seven", "").await?;
    stage.sign(TEAM, "seven", &digest).await?;
    stage.completed("seven").await?;
    Ok(digest)
}

/// Commit 8 changes all; the word for 7 is there; and the Deployments' controller notices nothing for a while.
async fn commit_eight(stage: &Stage<'_>, seven: &str) -> Done {
    commit(stage, "8").await?;
    stage.apply(&[stages("eight")]).await?;
    let eight = stage.asked_for("eight", "").await?;
    // The word for 7, given again for this release, is a word for something else.
    stage.sign(TEAM, "eight", seven).await?;
    let named = release_named("eight");
    let said =
        stage.until("the old word is told as stale", named, |r| blocker_codes(r).contains(&"RC052".into())).await?;
    let told = said["status"]["blockers"].to_string();
    assert!(
        told.contains("team core/core") && told.contains(&eight[7..19]) && told.contains("#core in chat"),
        "{told}"
    );

    let manager = stage.installed.plane.controller_manager();
    manager.freeze()?;
    stage.sign(TEAM, "eight", &eight).await?;
    stage.until("dev was let go, and nobody has noticed", named, |r| step_state(r, "dev") == "Progressing").await?;
    // Dev's status still says that 7 is available. The operator looks again at every write: none lets the others go.
    for round in 0..3 {
        let poke = json!({"metadata": {"annotations": {"poke": round.to_string()}}});
        stage.patch(("Deployment", TEAM, "dev"), poke).await?;
        let now = stage.read(("Deployment", TEAM, "dev")).await?;
        assert_eq!(now["status"]["availableReplicas"], 2, "the old health is still there to be believed");
        let seen = stage.until("the operator has looked", named, |r| step_state(r, "dev") == "Progressing").await?;
        assert_eq!([step_state(&seen, "canary"), step_state(&seen, "prod")], ["Waiting", "Waiting"]);
    }
    assert!(let_go(&stage.history(TEAM).await?, "Deployment", "canary").iter().all(|g| g.tag == "7"));
    manager.thaw()?;
    stage.completed("eight").await?;
    in_order(stage).await
}

/// Canary went only after dev was available at 8, prod after canary.
async fn in_order(stage: &Stage<'_>) -> Done {
    let history = stage.history(TEAM).await?;
    for pair in STAGES.windows(2) {
        let healthy = history.iter().find(|v| {
            let o = &v.object;
            v.kind == "Deployment"
                && v.name() == pair[0]
                && crate::support::recorder::tag(o) == "8"
                && o["status"]["observedGeneration"] == o["metadata"]["generation"]
                && ["replicas", "updatedReplicas", "availableReplicas"]
                    .iter()
                    .all(|f| o["status"][f] == o["spec"]["replicas"])
                && o["spec"]["paused"] != true
        });
        let healthy = healthy.ok_or("it became healthy at 8")?.at;
        let gone = let_go(&history, "Deployment", pair[1]);
        let gone = gone.iter().find(|g| g.tag == "8").ok_or("it went at 8")?;
        assert!(gone.at > healthy, "{} went at {} and {} was healthy at {healthy}", pair[1], gone.at, pair[0]);
    }
    Ok(())
}

/// A word older than it may be, and one that was withdrawn before the start, are no words.
async fn words_run_out_and_are_taken_back(stage: &Stage<'_>) -> Done {
    let team = ("TeamReadiness", TEAM, TEAM);
    stage.patch(team, json!({"spec": {"signOff": {"validFor": "4s"}}})).await?;
    commit(stage, "9").await?;
    let mut paused = stages("nine");
    paused["spec"]["paused"] = json!(true);
    stage.apply(&[paused]).await?;
    let named = release_named("nine");
    let asked = stage.until("nine is asked for", named, |r| blocker_codes(r).contains(&"RC051".into())).await?;
    let digest = asked["status"]["digest"].as_str().unwrap_or_default().to_owned();
    stage.sign(TEAM, "nine", &digest).await?;
    stage.until("the word has run out", named, |r| blocker_codes(r).contains(&"RC054".into())).await?;
    stage.patch(team, json!({"spec": {"signOff": {"validFor": "24h"}}})).await?;
    stage.until("it counts again for longer", named, |r| blocker_codes(r) == ["RC001", "RC071", "RC071"]).await?;
    stage.apply(&[app(TEAM, "prod", "9b")]).await?;
    let what = "image of prod was registry.example/prod:9 and is registry.example/prod:9b";
    stage.until("it is told what changed", named, |r| r["status"]["blockers"].to_string().contains(what)).await?;
    stage.until("the team is told, too", team, |t| t["status"]["releases"].to_string().contains(what)).await?;
    stage.patch(team, json!({"spec": {"signOffs": []}})).await?;
    stage.until("the word is gone", named, |r| blocker_codes(r).contains(&"RC051".into())).await?;
    stage.patch(named, json!({"spec": {"paused": false}})).await?;
    let held = stage
        .until("it waits for the word", named, |r| {
            r["status"]["observedGeneration"] == r["metadata"]["generation"]
                && blocker_codes(r).first().is_some_and(|c| c == "RC051")
        })
        .await?;
    assert!(STAGES.iter().all(|s| step_state(&held, s) == "Waiting"));
    let told = history_of(&stage.read(team).await?, "releases/nine");
    assert!(told.starts_with(&["Asked".to_owned()]) && told.ends_with(&["Withdrawn".to_owned()]), "{told:?}");
    for event in ["Seen", "Signed", "Expired", "Stale"] {
        assert!(told.contains(&event.to_owned()), "{event} is not in {told:?}");
    }
    Ok(())
}

fn history_of(team: &Value, release: &str) -> Vec<String> {
    let all = team["status"]["history"].as_array().cloned().unwrap_or_default();
    let own = all.iter().find(|h| h["release"] == release);
    let entries = own.and_then(|h| h["entries"].as_array().cloned()).unwrap_or_default();
    let known = |e: &&Value| e["at"].as_str().is_some_and(|at| at.parse::<DateTime<Utc>>().is_ok());
    entries.iter().filter(known).filter_map(|e| e["event"].as_str().map(str::to_owned)).collect()
}
