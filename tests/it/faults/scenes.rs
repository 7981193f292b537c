//! Six short releases that are played at the same time while everything fails: a single gate, an order, three releases
//! that want the same database, a stop that races the last word, the edge of a window, and a release that is deleted
//! midway. Each has teams of its own, named after the run, and ends as it would undisturbed.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::plan::{app, freeze, own_team, plan, soon};
use crate::support::recorder::tags_that_ran;
use crate::support::stage::{Named, Stage};
use crate::support::{Done, shop, step_state};

/// Plays all of them to their ends.
pub async fn all(stage: &Stage<'_>, run: &str) -> Done {
    let of = |scene: &str| format!("{run}-{scene}");
    let (gate, order, share, race, edge, gone) =
        (of("gate"), of("order"), of("share"), of("race"), of("edge"), of("gone"));
    tokio::try_join!(
        single_gate(stage, &gate),
        in_order(stage, &order),
        one_database(stage, &share),
        stop_against_word(stage, &race),
        edge_of_a_window(stage, &edge),
        deleted_midway(stage, &gone),
    )?;
    Ok(())
}

fn release(name: &str) -> Named<'_> {
    ("CoordinatedRelease", "releases", name)
}

/// Signs until the release is complete: people look again when what they signed has changed meanwhile.
async fn signed_to_the_end(stage: &Stage<'_>, team: &str, name: &str) -> Done {
    let digest = stage.asked_for(name, "").await?;
    stage.sign(team, name, &digest).await?;
    stage.completed(name).await?;
    Ok(())
}

async fn single_gate(stage: &Stage<'_>, team: &str) -> Done {
    stage.apply(&own_team(team, &["app"])).await?;
    let one = plan(team, &[("app", team, ("Deployment", "app"), &[])]);
    stage.apply(&[one, app(team, "app", "1")]).await?;
    signed_to_the_end(stage, team, team).await?;
    stage.runs(team, "app", "1").await?;
    Ok(())
}

async fn in_order(stage: &Stage<'_>, team: &str) -> Done {
    let mut own = own_team(team, &["api", "web", "admin"]);
    own[1]["spec"]["workloads"].as_array_mut().ok_or("a list")?.push(json!({"kind": "Job", "name": "migrate"}));
    stage.apply(&own).await?;
    let steps: &[_] = &[
        ("migrate", team, ("Job", "migrate"), &[][..]),
        ("api", team, ("Deployment", "api"), &["migrate"][..]),
        ("web", team, ("Deployment", "web"), &["api"][..]),
        ("admin", team, ("Deployment", "admin"), &["api"][..]),
    ];
    let job = shop::job(team, "migrate", team, "1");
    stage
        .apply(&[plan(team, steps), job, app(team, "api", "1"), app(team, "web", "1"), app(team, "admin", "1")])
        .await?;
    signed_to_the_end(stage, team, team).await
}

async fn one_database(stage: &Stage<'_>, team: &str) -> Done {
    let apps = ["one", "two", "three"];
    let mut window = shop::always_open();
    window["metadata"]["name"] = json!(team);
    window["spec"]["namespaceSelector"] = json!({"matchLabels": {"kubernetes.io/metadata.name": team}});
    window["spec"]["capacity"] = json!({"resources": {"orders-db": 1}});
    stage.apply(&[window]).await?;
    stage.apply(&own_team(team, &apps)).await?;
    let names = apps.map(|a| format!("{team}-{a}"));
    for (app_name, name) in apps.into_iter().zip(&names) {
        let mut one = plan(name, &[("app", team, ("Deployment", app_name), &[])]);
        one["spec"]["steps"][0]["requires"] = json!({"orders-db": 1});
        stage.apply(&[one, app(team, app_name, "1")]).await?;
    }
    let mut words = Vec::new();
    for name in &names {
        let digest = stage.asked_for(name, "").await?;
        words.push(json!({"release": format!("releases/{name}"), "role": "lead", "decision": "Go", "digest": digest}));
    }
    stage.patch(("TeamReadiness", team, team), json!({"spec": {"signOffs": words}})).await?;
    for name in &names {
        stage.completed(name).await?;
    }
    Ok(())
}

async fn stop_against_word(stage: &Stage<'_>, team: &str) -> Done {
    stage.apply(&own_team(team, &["app"])).await?;
    let one = plan(team, &[("app", team, ("Deployment", "app"), &[])]);
    stage.apply(&[one, app(team, "app", "1")]).await?;
    let digest = stage.asked_for(team, "").await?;
    stage.say(team, team, &digest, ["NoGo", "not yet"]).await?;
    stage.sign(team, team, &digest).await?;
    // It has gone by now, or it has not, and whatever has gone may come to its end while all else stands still: the
    // judge looks at which came first.
    paused(stage, team, true).await?;
    let known = |r: &Value| r["status"]["observedGeneration"] == r["metadata"]["generation"];
    stage.until("the stop is seen", release(team), known).await?;
    paused(stage, team, false).await?;
    stage.completed(team).await?;
    Ok(())
}

/// Stops a release or lets it go on, unless it is over: what is over is a record, and that is no error here.
async fn paused(stage: &Stage<'_>, name: &str, paused: bool) -> Done {
    let Err(refused) = stage.patch(release(name), json!({"spec": {"paused": paused}})).await else { return Ok(()) };
    let over = stage.read(release(name)).await?["status"]["finished"] == true;
    if over && refused.to_string().contains("the release is finished") { Ok(()) } else { Err(refused) }
}

/// It opens, closes after some seconds, and opens again: whatever has not begun by then waits.
async fn edge_of_a_window(stage: &Stage<'_>, team: &str) -> Done {
    stage.apply(&own_team(team, &["one", "two"])).await?;
    let mut window = freeze(team, soon(20));
    window["metadata"]["name"] = json!("slots");
    window["spec"]["type"] = json!("Allow");
    let wall = |seconds: i64| (soon(0) + TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%S").to_string();
    window["spec"]["schedule"] = json!([
        {"name": "first", "dates": {"from": wall(10), "until": wall(25)}},
        {"name": "second", "dates": {"from": wall(40), "until": wall(3600)}}]);
    stage.apply(&[window]).await?;
    let steps: &[_] =
        &[("one", team, ("Deployment", "one"), &[][..]), ("two", team, ("Deployment", "two"), &["one"][..])];
    let mut both = plan(team, steps);
    both["spec"]["steps"][0]["soak"] = json!("8s");
    for step in both["spec"]["steps"].as_array_mut().into_iter().flatten() {
        step["estimate"] = json!("1s");
    }
    stage.apply(&[both, app(team, "one", "1"), app(team, "two", "1")]).await?;
    let asked = |r: &Value| {
        let codes = crate::support::blocker_codes(r);
        let soon = |c: &String| ["RC03", "RC04", "RC05", "RC07"].iter().any(|family| c.starts_with(family));
        codes.iter().any(|c| c.starts_with("RC05")) && codes.iter().all(soon)
    };
    let found = stage.until("only words, windows and order are missing", release(team), asked).await?;
    stage.sign(team, team, found["status"]["digest"].as_str().unwrap_or_default()).await?;
    stage.completed(team).await?;
    Ok(())
}

async fn deleted_midway(stage: &Stage<'_>, team: &str) -> Done {
    stage.apply(&own_team(team, &["one", "two"])).await?;
    let steps: &[_] =
        &[("one", team, ("Deployment", "one"), &[][..]), ("two", team, ("Deployment", "two"), &["one"][..])];
    let mut both = plan(team, steps);
    both["spec"]["steps"][0]["soak"] = json!("1h");
    stage.apply(&[both, app(team, "one", "1"), app(team, "two", "1")]).await?;
    let digest = stage.asked_for(team, "").await?;
    stage.sign(team, team, &digest).await?;
    stage.until("the first step soaks", release(team), |r| step_state(r, "one") == "Soaking").await?;
    stage.patch(release(team), json!({"metadata": {"annotations": {"rollcall.dev/force-delete": "true"}}})).await?;
    stage.delete(release(team)).await?;
    stage.until("the release is gone", release(team), Value::is_null).await?;
    // What it held is its team's own again, and open windows are enough.
    stage.runs(team, "two", "1").await?;
    Ok(())
}

/// Whatever went, went as version 1 and only once; nothing is left held.
pub async fn judged(stage: &Stage<'_>, run: &str) -> Done {
    let history = stage.everything().await?;
    let own: Vec<_> = history
        .into_iter()
        .filter(|v| v.object["metadata"]["namespace"].as_str().is_some_and(|n| n.starts_with(run)))
        .collect();
    crate::support::judge::at_most_once(&own)?;
    for app in ["app", "api", "web", "admin", "one", "two", "three"] {
        assert_eq!(tags_that_ran(&own, app).into_iter().collect::<Vec<_>>(), ["1"], "{app}");
    }
    Ok(())
}
