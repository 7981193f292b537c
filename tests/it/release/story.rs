//! The pieces of acceptance S1, and how its history is judged.

use serde_json::Value;

use crate::support::recorder::{Recorder, Version, let_go};
use crate::support::shop::{People, open_shop};
use crate::support::{Done, Installed, blocker_codes, condition_of, judge, shop, step_state};
use rollcall::manifests::to_yaml;

pub use crate::support::shop::{complete_digest, old_version_runs};

/// How many signatures a release says that it lacks.
pub fn signatures_missing(release: &Value) -> usize {
    blocker_codes(release).iter().filter(|c| *c == "RC051").count()
}

/// The whole story, with an operator that runs already.
pub async fn plays(installed: &Installed) -> Done<People> {
    let people = open_shop(installed).await?;
    installed.apply(&installed.admin, &to_yaml(&[shop::always_open()])).await?;
    old_version_runs(installed, &people).await?;
    let recorder = Recorder::start(installed).await?;

    installed.apply(&people.lena, &to_yaml(&[shop::release("checkout")])).await?;
    installed.kubectl(&["delete", "job", "-n", "data", "ledger-migrate", "--ignore-not-found"]).await?;
    installed.apply(&people.flux, &to_yaml(&shop::manifests("2"))).await?;

    let digest = complete_digest(installed, "checkout", "2").await?;
    for team in ["data", "core"] {
        shop::sign(installed, &people, team, "checkout", &digest).await?;
    }
    // Two of three have signed: nothing has moved, and the third is named.
    let waiting = installed
        .until("only ui's word is missing", || async {
            let release = installed.get("coordinatedrelease", "releases", "checkout").await?.unwrap_or_default();
            Ok((signatures_missing(&release) == 1).then_some(release))
        })
        .await?;
    assert_eq!(step_state(&waiting, "migrate"), "Waiting");
    assert_eq!(condition_of(&waiting, "Gated").map(|c| c["reason"].clone()), Some("WaitingForSignOff".into()));
    assert!(waiting["status"]["blockers"].to_string().contains("ui"), "{}", waiting["status"]["blockers"]);

    shop::sign(installed, &people, "ui", "checkout", &digest).await?;
    let done = installed.until_condition("coordinatedrelease", "releases", "checkout", "Ready", "True").await?;
    assert_eq!(condition_of(&done, "Ready").map(|c| c["reason"].clone()), Some("Completed".into()));
    assert_eq!(blocker_codes(&done), Vec::<String>::new());
    judge(&recorder.history(), "2");
    told(installed).await?;
    Ok(people)
}

/// What `kubectl get events` shows: which steps went and were done, and that the release is complete.
async fn told(installed: &Installed) -> Done {
    let wanted = |told: &str| {
        let of_steps = shop::STEPS.iter().all(|(step, ..)| {
            told.contains(&format!("step {step} is done")) && told.contains(&format!("step {step}: "))
        });
        of_steps && told.contains("Completed") && told.contains("WaitingForSignOff")
    };
    installed
        .until("kubectl shows the Events of the release", || async {
            let told = installed.kubectl(&["get", "events", "-n", "releases"]).await?;
            Ok(wanted(&told).then_some(()))
        })
        .await
}

/// Judges a whole history, not the operator's account of it.
pub fn judge(history: &[Version], version: &str) {
    if let Err(wrong) = judge::judge(history, version) {
        panic!("{wrong}");
    }
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
