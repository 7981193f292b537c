//! The pieces of acceptance S1, and how its history is judged.

use serde_json::Value;

use crate::support::recorder::{Version, let_go, ready, tag};
use crate::support::shop;
use crate::support::{Done, Installed, blocker_codes};
use rollcall::manifests::to_yaml;

/// The old version runs everywhere, let go by its own teams: with no release, open windows are enough.
pub async fn old_version_runs(installed: &Installed, people: &shop::People) -> Done {
    let old: Vec<Value> = shop::manifests("1").into_iter().filter(|m| m["kind"] == "Deployment").collect();
    installed.apply(&people.flux, &to_yaml(&old)).await?;
    for (namespace, name) in [("core", "api"), ("ui", "web"), ("ui", "admin")] {
        installed
            .until(&format!("version 1 of {name} runs"), || async {
                let found = installed.get("deployment", namespace, name).await?.unwrap_or_default();
                Ok((found["status"]["availableReplicas"] == found["spec"]["replicas"]).then_some(()))
            })
            .await?;
    }
    Ok(())
}

/// The digest once every member of the release has its new, held content.
pub async fn complete_digest(installed: &Installed, release: &str, version: &str) -> Done<String> {
    installed
        .until("every step has held content and a digest is published for it", || async {
            let found = installed.get("coordinatedrelease", "releases", release).await?.unwrap_or_default();
            let mut all_held = true;
            for (_, namespace, kind, name) in shop::STEPS {
                let workload = installed.get(kind, namespace, name).await?.unwrap_or_default();
                all_held &=
                    tag(&workload) == version && workload["metadata"]["annotations"]["rollcall.dev/hold"] == "policy";
            }
            let again = installed.get("coordinatedrelease", "releases", release).await?.unwrap_or_default();
            let settled = found["status"]["digest"] == again["status"]["digest"]
                && found["status"]["blockers"] == again["status"]["blockers"];
            let codes = blocker_codes(&again);
            let complete = all_held
                && settled
                && codes.iter().all(|c| c == "RC051" || c == "RC071")
                && codes.contains(&"RC051".to_owned());
            Ok(complete.then(|| again["status"]["digest"].as_str().unwrap_or_default().to_owned()))
        })
        .await
}

/// How many signatures a release says that it lacks.
pub fn signatures_missing(release: &Value) -> usize {
    blocker_codes(release).iter().filter(|c| *c == "RC051").count()
}

/// Judges a whole history, not the operator's account of it.
pub fn judge(history: &[Version], version: &str) {
    let new = |v: &&Version, app: &str| {
        v.kind == "Pod" && v.object["metadata"]["labels"]["app"] == app && tag(&v.object) == version
    };
    let first = |app: &str| history.iter().find(|v| new(v, app)).map(|v| v.at);
    let migrated = history
        .iter()
        .find(|v| {
            v.kind == "Job"
                && tag(&v.object) == version
                && v.object["status"]["conditions"].to_string().contains("\"Complete\"")
        })
        .map(|v| v.at);
    let api_ready = history.iter().filter(|v| new(v, "api") && ready(&v.object)).map(|v| (v.name().to_owned(), v.at));
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
    granted_first(history, version);
}

/// Before a workload went, a grant for exactly this object was on record in the release.
fn granted_first(history: &[Version], version: &str) {
    for (step, _, kind, name) in shop::STEPS {
        let gone: Vec<_> = let_go(history, kind, name).into_iter().filter(|g| g.tag == version).collect();
        assert_eq!(gone.len(), 1, "{name} {version} was let go once: {gone:?}");
        let granted = history.iter().any(|v| {
            let steps = v.object["status"]["steps"].as_array();
            v.kind == "CoordinatedRelease"
                && v.at < gone[0].at
                && steps
                    .into_iter()
                    .flatten()
                    .any(|s| s["name"] == step && s["grant"]["workloadUid"] == gone[0].uid.as_str())
        });
        assert!(granted, "{name} went without a grant on record");
    }
}

/// Each workload's content went from held to free at most once.
pub fn at_most_once(history: &[Version]) {
    let mut releases = std::collections::BTreeMap::new();
    let mut held = std::collections::BTreeMap::new();
    for version in history.iter().filter(|v| v.kind == "Deployment" || v.kind == "Job") {
        let uid = version.object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let is_held = version.object["metadata"]["annotations"]["rollcall.dev/hold"].is_string();
        let was_held = held.insert(uid.clone(), is_held).unwrap_or(false);
        if was_held && !is_held && !version.deleted {
            *releases.entry((uid, tag(&version.object).to_owned())).or_insert(0) += 1;
        }
    }
    assert!(releases.values().all(|n| *n == 1), "each content is let go once: {releases:?}");
}
