//! The pod gate: first installations are held, and nothing leaks.

use rollcall::api::names::RELEASED_REVISIONS;
use rollcall::manifests::{Install, rbac, to_yaml};
use serde_json::{Value, json};

use super::objects::{of, settled};
use crate::support::plan::{plan, release_named, shared};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, Installed, namespace, shop};

const KINDS: [(&str, &str); 2] = [("StatefulSet", "db"), ("DaemonSet", "log")];

fn strict(kind: &str, team: &str, name: &str, version: &str) -> Value {
    let mut object = of(kind, team, name, version);
    object["spec"]["template"]["metadata"]["labels"]["rollcall.dev/pod-gate"] = json!(name);
    object
}

/// What an administrator applies to open a namespace.
async fn open(installed: &Installed, team: &str) -> Done {
    let install = Install { pod_gate_namespaces: vec![team.to_owned()], ..Install::in_namespace("rollcall-system") };
    let own: Vec<Value> = rbac(&install).into_iter().filter(|o| o["metadata"]["namespace"] == team).collect();
    assert_eq!(own.len(), 2, "a list and a binding");
    installed.apply(&installed.admin, &to_yaml(&own)).await?;
    Ok(())
}

/// The pods of an app: the version of each, and whether it waits at the gate.
async fn pods(stage: &Stage<'_>, team: &str, app: &str) -> Done<Vec<(String, bool)>> {
    let all = stage.list("Pod", team).await?;
    let own =
        all.iter().filter(|p| p["metadata"]["labels"]["app"] == app && p["metadata"]["deletionTimestamp"].is_null());
    let mut seen: Vec<(String, bool)> = own
        .map(|p| {
            let image = p["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
            let gates = p["spec"]["schedulingGates"].as_array();
            let waits = gates.into_iter().flatten().any(|g| g["name"] == "rollcall.dev/hold");
            assert!(!waits || p["spec"]["nodeName"].is_null(), "a pod that waits is on no node: {p:#}");
            (image.rsplit(':').next().unwrap_or_default().to_owned(), waits)
        })
        .collect();
    seen.sort();
    Ok(seen)
}

/// Waits until the pods of an app are so.
async fn until_pods(stage: &Stage<'_>, team: &str, app: &str, are: impl Fn(&[(String, bool)]) -> bool) -> Done {
    let ask = || async {
        let seen = pods(stage, team, app).await?;
        Ok(are(&seen).then_some(()))
    };
    stage.installed.until(&format!("the pods of {app} to be as expected"), ask).await
}

fn all(seen: &[(String, bool)], version: &str, waits: bool) -> bool {
    !seen.is_empty() && seen.iter().all(|(v, w)| v == version && *w == waits)
}

/// Plans a release of both, signs for what is held, and waits until it is complete.
async fn ship(stage: &Stage<'_>, team: &str, release: &str) -> Done<Value> {
    let steps: Vec<_> = KINDS.iter().map(|(kind, name)| (*name, team, (*kind, *name), &[][..])).collect();
    stage.apply(&[plan(release, &steps)]).await?;
    let digest = stage.asked_for(release, "").await?;
    let asked = stage.read(release_named(release)).await?;
    for step in asked["status"]["steps"].as_array().into_iter().flatten() {
        assert_eq!(step["strength"], "Full", "{step}");
    }
    stage.sign(team, release, &digest).await?;
    stage.completed(release).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_installation_waits_and_a_pod_that_is_lost_while_a_change_is_held_does_not_leak() -> Done {
    let installed = shared().await?;
    let stage = Stage::on(installed).await?;
    let team = "strict";
    let mut teams = vec![namespace(team), shop::team(team, &KINDS)];
    teams[1]["spec"]["independentChanges"] = json!("Held");
    stage.apply(&teams).await?;
    open(installed, team).await?;
    let version = |v: &str| KINDS.map(|(kind, name)| strict(kind, team, name, v));

    stage.apply(&version("1")).await?;
    for (kind, name) in KINDS {
        assert!(held(&stage.read((kind, team, name)).await?), "{kind}: the first installation");
        until_pods(&stage, team, name, |seen| all(seen, "1", true)).await?;
    }
    ship(&stage, team, "strict-1").await?;
    for (kind, name) in KINDS {
        assert!(settled(&stage.read((kind, team, name)).await?), "{kind}");
        assert!(all(&pods(&stage, team, name).await?, "1", false), "{kind}");
    }

    stage.apply(&version("2")).await?;
    let first = |app: &'static str, all: &[Value]| {
        let found = all.iter().find(|p| p["metadata"]["labels"]["app"] == app);
        found.and_then(|p| p["metadata"]["name"].as_str()).unwrap_or_default().to_owned()
    };
    let there = stage.list("Pod", team).await?;
    stage.delete(("Pod", team, &first("log", &there))).await?;
    stage.delete(("Pod", team, "db-0")).await?;
    let leak =
        |seen: &[(String, bool)]| seen.iter().filter(|(v, _)| v == "2").collect::<Vec<_>>() == [&("2".into(), true)];
    until_pods(&stage, team, "log", leak).await?;
    until_pods(&stage, team, "db", |seen| seen.len() == 2 && all(seen, "1", false)).await?;

    ship(&stage, team, "strict-2").await?;
    for (kind, name) in KINDS {
        assert!(all(&pods(&stage, team, name).await?, "2", false), "{kind}");
    }
    let list = stage.read(("ConfigMap", team, RELEASED_REVISIONS)).await?;
    let of_db = list["data"].as_object().into_iter().flatten().filter(|(_, of)| *of == "db").count();
    assert_eq!(of_db, 2, "the present revision and the former, which pods may come back to: {list:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_namespace_that_is_not_open_no_pod_starts_and_the_team_is_told_what_to_ask_for() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "strict-shut";
    stage.apply(&[namespace(team), shop::team(team, &[("DaemonSet", "log")])]).await?;
    stage.apply(&[strict("DaemonSet", team, "log", "1")]).await?;
    let told = |t: &Value| t["status"]["workloads"][0]["message"].to_string().contains("rollcall-pod-gate");
    stage.until("the team is told", ("TeamReadiness", team, team), told).await?;
    assert_eq!(pods(&stage, team, "log").await?, []);
    Ok(())
}
