//! Acceptance S1: a database migration, then the API, then two frontends.

use serde_json::Value;

use crate::support::operator::Operator;
use crate::support::recorder::{Recorder, Version, ready, tag};
use crate::support::shop::{self, open_shop};
use crate::support::{Done, Installed, blocker_codes, condition_of, step_state};
use rollcall::manifests::to_yaml;

#[tokio::test(flavor = "multi_thread")]
async fn migration_then_api_then_both_frontends_once_every_team_has_signed() -> Done {
    let installed = Installed::start().await?;
    let people = open_shop(&installed).await?;
    installed
        .apply(&installed.admin, &to_yaml(&[shop::always_open()]))
        .await?;
    let _operator = Operator::start(&installed, "one", &["--settle", "2s"]).await?;
    old_version_runs(&installed, &people).await?;
    let recorder = Recorder::start(&installed).await?;

    installed
        .apply(&people.lena, &to_yaml(&[shop::release("checkout")]))
        .await?;
    installed
        .kubectl(&[
            "delete",
            "job",
            "-n",
            "data",
            "ledger-migrate",
            "--ignore-not-found",
        ])
        .await?;
    installed
        .apply(&people.flux, &to_yaml(&shop::manifests("2")))
        .await?;

    let digest = complete_digest(&installed, "checkout").await?;
    for team in ["data", "core"] {
        shop::sign(&installed, &people, team, "checkout", &digest).await?;
    }
    // Two of three have signed: nothing has moved, and the third is named.
    let waiting = installed
        .until("only ui's word is missing", || async {
            let release = installed
                .get("coordinatedrelease", "releases", "checkout")
                .await?
                .unwrap_or_default();
            Ok((signatures_missing(&release) == 1).then_some(release))
        })
        .await?;
    assert_eq!(step_state(&waiting, "migrate"), "Waiting");
    assert_eq!(
        condition_of(&waiting, "Gated").map(|c| c["reason"].clone()),
        Some("WaitingForSignOff".into())
    );
    assert!(
        waiting["status"]["blockers"].to_string().contains("ui"),
        "{}",
        waiting["status"]["blockers"]
    );

    shop::sign(&installed, &people, "ui", "checkout", &digest).await?;
    let done = installed
        .until_condition(
            "coordinatedrelease",
            "releases",
            "checkout",
            "Ready",
            "True",
        )
        .await?;
    assert_eq!(
        condition_of(&done, "Ready").map(|c| c["reason"].clone()),
        Some("Completed".into())
    );
    assert_eq!(blocker_codes(&done), Vec::<String>::new());
    judge(&recorder.history());
    Ok(())
}

/// The old version runs everywhere, let go by its own teams: with no release, open windows are enough.
async fn old_version_runs(installed: &Installed, people: &shop::People) -> Done {
    let old: Vec<Value> = shop::manifests("1")
        .into_iter()
        .filter(|m| m["kind"] == "Deployment")
        .collect();
    installed.apply(&people.flux, &to_yaml(&old)).await?;
    for (namespace, name) in [("core", "api"), ("ui", "web"), ("ui", "admin")] {
        installed
            .until(&format!("version 1 of {name} runs"), || async {
                let found = installed
                    .get("deployment", namespace, name)
                    .await?
                    .unwrap_or_default();
                Ok(
                    (found["status"]["availableReplicas"] == found["spec"]["replicas"])
                        .then_some(()),
                )
            })
            .await?;
    }
    Ok(())
}

/// The digest once every member of the release has its new, held content.
async fn complete_digest(installed: &Installed, release: &str) -> Done<String> {
    installed
        .until(
            "every step has held content and a digest is published for it",
            || async {
                let found = installed
                    .get("coordinatedrelease", "releases", release)
                    .await?
                    .unwrap_or_default();
                let mut all_held = true;
                for (_, namespace, kind, name) in shop::STEPS {
                    let workload = installed
                        .get(kind, namespace, name)
                        .await?
                        .unwrap_or_default();
                    all_held &= tag(&workload) == "2"
                        && workload["metadata"]["annotations"]["rollcall.dev/hold"] == "policy";
                }
                let again = installed
                    .get("coordinatedrelease", "releases", release)
                    .await?
                    .unwrap_or_default();
                let settled = found["status"]["digest"] == again["status"]["digest"]
                    && found["status"]["blockers"] == again["status"]["blockers"];
                let codes = blocker_codes(&again);
                let complete = all_held
                    && settled
                    && codes.iter().all(|c| c == "RC051" || c == "RC071")
                    && codes.contains(&"RC051".to_owned());
                Ok(complete.then(|| {
                    again["status"]["digest"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned()
                }))
            },
        )
        .await
}

fn signatures_missing(release: &Value) -> usize {
    blocker_codes(release)
        .iter()
        .filter(|c| *c == "RC051")
        .count()
}

/// Judges a whole history, not the operator's account of it.
pub fn judge(history: &[Version]) {
    let new = |v: &&Version, app: &str| {
        v.kind == "Pod" && v.object["metadata"]["labels"]["app"] == app && tag(&v.object) == "2"
    };
    let first = |app: &str| history.iter().find(|v| new(v, app)).map(|v| v.at);
    let migrated = history
        .iter()
        .find(|v| {
            v.kind == "Job"
                && v.object["status"]["conditions"]
                    .to_string()
                    .contains("\"Complete\"")
        })
        .map(|v| v.at);
    let api_ready = history
        .iter()
        .filter(|v| new(v, "api") && ready(&v.object))
        .map(|v| (v.name().to_owned(), v.at));
    let mut first_ready = std::collections::BTreeMap::new();
    for (name, at) in api_ready {
        first_ready.entry(name).or_insert(at);
    }
    let last_api_ready = first_ready.values().max().copied();
    assert_eq!(first_ready.len(), 3, "three new api pods became ready");
    assert!(
        migrated < first("api"),
        "no new api pod before the migration is complete: {migrated:?} {:?}",
        first("api")
    );
    for app in ["web", "admin"] {
        assert!(first(app).is_some(), "{app} was released");
        assert!(
            last_api_ready < first(app),
            "no new {app} pod before the last new api pod is ready: {last_api_ready:?} {:?}",
            first(app)
        );
    }
    at_most_once(history);
}

/// Each workload's content went from held to free at most once.
pub fn at_most_once(history: &[Version]) {
    let mut releases = std::collections::BTreeMap::new();
    let mut held = std::collections::BTreeMap::new();
    for version in history
        .iter()
        .filter(|v| v.kind == "Deployment" || v.kind == "Job")
    {
        let uid = version.object["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let is_held = version.object["metadata"]["annotations"]["rollcall.dev/hold"].is_string();
        let was_held = held.insert(uid.clone(), is_held).unwrap_or(false);
        if was_held && !is_held && !version.deleted {
            *releases
                .entry((uid, tag(&version.object).to_owned()))
                .or_insert(0) += 1;
        }
    }
    assert!(
        releases.values().all(|n| *n == 1),
        "each content is let go once: {releases:?}"
    );
}
