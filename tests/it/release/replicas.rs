//! Two operators: one leads, the other takes over.

use serde_json::Value;

use super::story::{complete_digest, judge, old_version_runs};
use crate::support::operator::Operator;
use crate::support::plan::{app, own_team};
use crate::support::recorder::let_go;
use crate::support::shop::{self, open_shop};
use crate::support::stage::Stage;
use crate::support::{Done, Installed};
use rollcall::manifests::to_yaml;

const ARGS: [&str; 2] = ["--settle", "2s"];
const LEASE: (&str, &str, &str) = ("Lease", "rollcall-system", "rollcall");

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leader_is_killed_stops_or_sleeps_the_other_operator_takes_over() -> Done {
    let installed = Installed::start().await?;
    let people = open_shop(&installed).await?;
    let stage = Stage::on(&installed).await?;
    let open = to_yaml(&[shop::always_open()]);
    installed.apply(&installed.admin, &open).await?;
    let one = Operator::start(&installed, "one", &ARGS).await?;
    leads(&stage, "one").await?;
    let two = Operator::start(&installed, "two", &ARGS).await?;
    for operator in [&one, &two] {
        well(&installed, operator).await?;
    }
    old_version_runs(&installed, &people).await?;

    installed.apply(&people.lena, &to_yaml(&[shop::release("checkout")])).await?;
    let job = ["delete", "job", "-n", "data", "ledger-migrate", "--ignore-not-found"];
    installed.kubectl(&job).await?;
    installed.apply(&people.flux, &to_yaml(&shop::manifests("2"))).await?;
    let digest = complete_digest(&installed, "checkout", "2").await?;
    for team in ["data", "core"] {
        shop::sign(&installed, &people, team, "checkout", &digest).await?;
    }
    one.kill().await?;
    let last_word = stage.sign("ui", "checkout", &digest).await?;
    leads(&stage, "two").await?;
    stage.completed("checkout").await?;
    let history = stage.everything().await?;
    judge(&history, "2");
    assert!(let_go(&history, "Job", "ledger-migrate").iter().all(|g| g.at > last_word));

    measured(&installed, &two).await?;

    // A leader that is told to stop hands over at once, and nothing is wrong.
    let three = Operator::start(&installed, "three", &ARGS).await?;
    well(&installed, &three).await?;
    let log_of_two = two.log.clone();
    let status = two.stop().await?;
    assert_eq!(status.code(), Some(0), "{status}");
    leads(&stage, "three").await?;
    let log = std::fs::read_to_string(&log_of_two)?;
    assert!(log.contains("lease_released"), "the lease was given back, not left to run out");
    stage.apply(&own_team("after", &["app"])).await?;
    stage.apply(&[app("after", "app", "1")]).await?;
    stage.runs("after", "app", "1").await?;
    deposed(&stage, three).await
}

/// A leader that sleeps through its lease has nothing more to say when it wakes: it ends.
async fn deposed(stage: &Stage<'_>, mut sleeper: Operator) -> Done {
    let other = Operator::start(stage.installed, "four", &ARGS).await?;
    well(stage.installed, &other).await?;
    sleeper.signal("-STOP").await?;
    stage.apply(&[app("after", "app", "2")]).await?;
    leads(stage, "four").await?;
    sleeper.signal("-CONT").await?;
    stage.runs("after", "app", "2").await?;
    let status = sleeper.ended().await?;
    assert!(!status.success(), "a deposed leader ended with {status}");
    let gone = let_go(&stage.history("after").await?, "Deployment", "app");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["1", "2"]);
    leads(stage, "four").await?;
    assert_eq!(other.stop().await?.code(), Some(0));
    Ok(())
}

/// Waits until the lease is held by the operator of this name.
async fn leads(stage: &Stage<'_>, name: &str) -> Done {
    stage
        .until(&format!("{name} leads"), LEASE, |lease: &Value| {
            let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
            holder.starts_with(&format!("{name}_"))
        })
        .await?;
    Ok(())
}

/// It becomes ready, and lives.
async fn well(installed: &Installed, operator: &Operator) -> Done {
    installed
        .until("/readyz answers 200", || async {
            let answer = operator.ask(installed, "/readyz").await?;
            Ok(answer.starts_with("HTTP/1.1 200").then_some(()))
        })
        .await?;
    let health = operator.ask(installed, "/healthz").await?;
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    Ok(())
}

/// It measures what controller-runtime measures, under the same names.
async fn measured(installed: &Installed, operator: &Operator) -> Done {
    let metrics = operator.ask(installed, "/metrics").await?;
    for name in [
        "controller_runtime_reconcile_total",
        "controller_runtime_reconcile_errors_total",
        "controller_runtime_reconcile_time_seconds",
        "controller_runtime_max_concurrent_reconciles",
        "controller_runtime_active_workers",
        "workqueue_depth",
        "workqueue_adds_total",
        "workqueue_queue_duration_seconds",
        "workqueue_work_duration_seconds",
        "workqueue_retries_total",
        "leader_election_master_status",
        "rollcall_",
    ] {
        assert!(metrics.contains(name), "{name} is not measured");
    }
    Ok(())
}
