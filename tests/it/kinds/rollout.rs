//! Held, let go, and how it ended, of every kind at once.

use serde_json::{Value, json};

use super::objects::{ALL, holds, is_overdue, of, settled, tag};
use crate::support::plan::{plan, release_named, shared};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, namespace, shop, step_state};

/// A team of this name with a workload of each kind, of which version 1 runs.
async fn team_runs(stage: &Stage<'_>, team: &str) -> Done {
    stage.apply(&[namespace(team), shop::team(team, &ALL)]).await?;
    let first: Vec<Value> = ALL[..4].iter().map(|(kind, name)| of(kind, team, name, "1")).collect();
    stage.apply(&first).await?;
    for (kind, name) in ALL.into_iter().take(4) {
        let what = format!("version 1 of {kind} {name} runs");
        stage.until(&what, (kind, team, name), |w| !held(w) && (kind == "CronJob" || settled(w))).await?;
    }
    Ok(())
}

/// A release of all of them, with no order.
fn release(team: &str) -> Value {
    let steps: Vec<_> = ALL.iter().map(|(kind, name)| (*name, team, (*kind, *name), &[][..])).collect();
    plan(team, &steps)
}

/// What runs: the tags of the pods that are not on their way out.
pub async fn running(stage: &Stage<'_>, team: &str, app: &str) -> Done<Vec<String>> {
    let pods = stage.list("Pod", team).await?;
    let own =
        pods.iter().filter(|p| p["metadata"]["labels"]["app"] == app && p["metadata"]["deletionTimestamp"].is_null());
    let mut tags: Vec<String> = own.map(|p| tag_of_pod(p).to_owned()).collect();
    tags.sort();
    tags.dedup();
    Ok(tags)
}

fn tag_of_pod(pod: &Value) -> &str {
    let image = pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
    image.rsplit(':').next().unwrap_or_default()
}

/// Applies a version and waits until the release asks for words on all of it, held.
async fn shipped(stage: &Stage<'_>, team: &str, version: &str, other_than: &str) -> Done<String> {
    let next: Vec<Value> = ALL.iter().map(|(kind, name)| of(kind, team, name, version)).collect();
    stage.apply(&next).await?;
    for (kind, name) in ALL {
        let stored = stage.read((kind, team, name)).await?;
        assert!(held(&stored) && holds(&stored), "{kind}: {stored:#}");
        assert_eq!(tag(&stored), version, "{kind}");
    }
    is_overdue(stage, team, chrono::TimeDelta::minutes(3)).await?;
    stage.asked_for(team, other_than).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_held_goes_with_its_release_and_is_done_when_its_controller_says_so() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "kinds-done";
    team_runs(&stage, team).await?;
    stage.apply(&[release(team)]).await?;
    let digest = shipped(&stage, team, "2", "").await?;
    for (kind, name) in ALL.into_iter().take(3) {
        assert_eq!(running(&stage, team, name).await?, ["1"], "{kind}: nothing of the held content has started");
    }
    assert_eq!(running(&stage, team, "migrate").await?, Vec::<String>::new());
    stage.sign(team, team, &digest).await?;
    let done = stage.completed(team).await?;
    for (kind, name) in ALL {
        assert_eq!(step_state(&done, name), "Done", "{kind}");
        let stored = stage.read((kind, team, name)).await?;
        assert!(!held(&stored) && !holds(&stored), "{kind}: {stored:#}");
        if !kind.ends_with("Job") {
            assert!(settled(&stored), "{kind}: {stored:#}");
            assert_eq!(running(&stage, team, name).await?, ["2"], "{kind}");
        }
    }
    let runs: Vec<Value> = stage.list("Job", team).await?;
    let complete = runs.iter().any(|j| {
        j["metadata"]["ownerReferences"][0]["name"] == "nightly" && j["status"]["succeeded"] == 1 && tag(j) == "2"
    });
    assert!(complete, "the CronJob was done when a run of the new version had succeeded: {runs:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_that_is_let_go_and_does_not_get_well_has_failed_and_says_why() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "kinds-fail";
    team_runs(&stage, team).await?;
    let mut plan = release(team);
    // What is put back has its own tests; here each failure stays to be looked at.
    plan["spec"]["onFailure"] = json!("Halt");
    for step in plan["spec"]["steps"].as_array_mut().expect("steps") {
        let own = matches!(step["name"].as_str(), Some("db" | "log"));
        // Of StatefulSets and DaemonSets nobody but the clock says that they have failed.
        step["timeout"] = json!(if own { "15s" } else { "5m" });
    }
    stage.apply(&[plan]).await?;
    let digest = shipped(&stage, team, "bad", "").await?;
    stage.sign(team, team, &digest).await?;
    let all_failed = |r: &Value| ALL.iter().all(|(_, name)| step_state(r, name) == "Failed");
    let failed = stage.until("every step has failed", release_named(team), all_failed).await?;
    let message = |step: &str| {
        let steps = failed["status"]["steps"].as_array().into_iter().flatten();
        let mut found = steps.filter(|s| s["name"] == step);
        found.next().and_then(|s| s["message"].as_str()).unwrap_or_default().to_owned()
    };
    for (step, words) in [
        ("api", "has timed out progressing"),
        ("db", "not done within 15 s"),
        ("log", "not done within 15 s"),
        ("nightly", "Job nightly-"),
        ("migrate", "backoff limit"),
    ] {
        assert!(message(step).contains(words), "{step}: {}", message(step));
    }
    Ok(())
}
