//! Acceptance S1: a database migration, then the API, then two frontends.

use super::story::{complete_digest, judge, old_version_runs, signatures_missing};
use crate::support::operator::Operator;
use crate::support::recorder::Recorder;
use crate::support::shop::{self, open_shop};
use crate::support::{Done, Installed, blocker_codes, condition_of, step_state};
use rollcall::manifests::to_yaml;

#[tokio::test(flavor = "multi_thread")]
async fn migration_then_api_then_both_frontends_once_every_team_has_signed() -> Done {
    let installed = Installed::start().await?;
    let people = open_shop(&installed).await?;
    installed.apply(&installed.admin, &to_yaml(&[shop::always_open()])).await?;
    let _operator = Operator::start(&installed, "one", &["--settle", "2s"]).await?;
    old_version_runs(&installed, &people).await?;
    let recorder = Recorder::start(&installed).await?;

    installed.apply(&people.lena, &to_yaml(&[shop::release("checkout")])).await?;
    installed.kubectl(&["delete", "job", "-n", "data", "ledger-migrate", "--ignore-not-found"]).await?;
    installed.apply(&people.flux, &to_yaml(&shop::manifests("2"))).await?;

    let digest = complete_digest(&installed, "checkout", "2").await?;
    for team in ["data", "core"] {
        shop::sign(&installed, &people, team, "checkout", &digest).await?;
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

    shop::sign(&installed, &people, "ui", "checkout", &digest).await?;
    let done = installed.until_condition("coordinatedrelease", "releases", "checkout", "Ready", "True").await?;
    assert_eq!(condition_of(&done, "Ready").map(|c| c["reason"].clone()), Some("Completed".into()));
    assert_eq!(blocker_codes(&done), Vec::<String>::new());
    judge(&recorder.history(), "2");
    told(&installed).await
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
