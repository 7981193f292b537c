//! Acceptance S4: the backend fails after the frontends have moved, and a freeze has begun.

use std::time::Duration;

use serde_json::{Value, json};

use super::checkout::Checkout;
use super::crash::{ARGS, another, seed, written};
use crate::support::operator::Operator;
use crate::support::plan::{release_named, shared};
use crate::support::recorder::tag;
use crate::support::stage::Stage;
use crate::support::undone::turns;
use crate::support::{Done, Installed, condition_of, namespace, step_state};

const KILLS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn frontends_go_back_before_the_backend_through_a_freeze_and_the_bad_version_stays_away() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let shop = Checkout::named("undo");
    shop.opens(&stage, &shop.version("1")).await?;
    shop.runs(&stage, "1").await?;
    shop.ships(&stage).await?;
    shop.burns(&stage).await?;
    shop.is_rolled_back(&stage).await?;
    shop.judge(&stage).await?;
    shop.stays_back(&stage).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_rolled_back_beneath_a_frontend_whose_own_rollback_fails_until_somebody_mends_it() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let shop = Checkout::named("stuck");
    let mut first = shop.version("1");
    first[1]["spec"]["template"]["metadata"]["annotations"]["kwok.test/fail"] = json!("true");
    shop.opens(&stage, &first).await?;
    healed(&stage, &shop).await?;
    shop.runs(&stage, "1").await?;
    shop.ships(&stage).await?;
    // It shall not take a minute until the former version counts as failed.
    stage.patch(("Deployment", &shop.ui, "web"), json!({"spec": {"progressDeadlineSeconds": 5}})).await?;
    shop.burns(&stage).await?;

    let release = release_named(shop.name);
    let stalled = stage.until_condition(release, ["Stalled", "True", "RolloutFailed"]).await?;
    let states = ["web", "admin"].map(|step| step_state(&stalled, step));
    assert_eq!(states, ["Failed", "RolledBack"]);
    let told = |code: &str| {
        let all = stalled["status"]["blockers"].as_array().into_iter().flatten();
        all.filter(|b| b["code"] == code).cloned().collect::<Vec<_>>()
    };
    let failed = told("RC095");
    assert_eq!(failed.len(), 1, "{stalled:#}");
    assert!(failed[0]["owner"].to_string().contains(&shop.ui), "who must act: {failed:?}");
    assert_eq!(told("RC094")[0]["step"], "api");
    let said = condition_of(&stalled, "Stalled").map(|c| c["message"].to_string());
    assert!(said.is_some_and(|m| m.contains("web was rolled back and is not healthy")), "{stalled:#}");
    assert_eq!(turns(&shop.history(&stage).await?, "api", "2", "1"), Vec::<u64>::new(), "it is not touched");

    healed(&stage, &shop).await?;
    shop.is_rolled_back(&stage).await?;
    shop.judge(&stage).await
}

/// Somebody mends the pods of the former frontend by hand, until it runs.
async fn healed(stage: &Stage<'_>, shop: &Checkout) -> Done {
    let fails = |pod: &Value| {
        let ready = |c: &Value| c["type"] == "Ready" && c["status"] == "True";
        let ready = pod["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(ready));
        let marked = pod["metadata"]["annotations"]["kwok.test/fail"].is_string();
        tag(pod) == "1" && (marked || !ready) && pod["metadata"]["deletionTimestamp"].is_null()
    };
    let mended = stage
        .installed
        .until("the former frontend is mended", || async {
            for pod in stage.list("Pod", &shop.ui).await?.iter().filter(|pod| fails(pod)) {
                let name = pod["metadata"]["name"].as_str().unwrap_or_default();
                // A pod that is mended while it is about to crash still crashes, and the fake kubelet looks again only
                // when something changes.
                let looked = chrono::Utc::now().timestamp().to_string();
                let mend = json!({"metadata": {"annotations": {"kwok.test/fail": null, "looked-at": looked}}});
                stage.patch(("Pod", &shop.ui, name), mend).await?;
            }
            let web = stage.read(("Deployment", &shop.ui, "web")).await?;
            let well = tag(&web) == "1"
                && web["status"]["observedGeneration"] == web["metadata"]["generation"]
                && ["updatedReplicas", "availableReplicas"].iter().all(|f| web["status"][f] == web["spec"]["replicas"]);
            Ok(well.then_some(()))
        })
        .await;
    if let Err(why) = mended {
        let mut there = stage.list("Pod", &shop.ui).await?;
        there.push(stage.read(("Deployment", &shop.ui, "web")).await?);
        there.push(stage.read(("TeamReadiness", &shop.ui, &shop.ui)).await?);
        return Err(format!("{why}; there is {:#}", Value::from(there)).into());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_of_the_way_back_it_comes_to_the_same_end() -> Done {
    let installed = Installed::start().await?;
    let stage = Stage::on(&installed).await?;
    stage.apply(&[namespace("releases")]).await?;
    let operator = Operator::start(&installed, "first", &ARGS).await?;
    let shop = Checkout::slow("killed");
    shop.opens(&stage, &shop.version("1")).await?;
    shop.runs(&stage, "1").await?;
    shop.ships(&stage).await?;
    shop.burns(&stage).await?;
    let seed = seed()?;
    let killed = killing(&stage, &shop, operator, seed).await;
    let (_last, midway) = killed.map_err(|e| format!("seed {seed}: {e}"))?;
    eprintln!("{KILLS} kills, {midway} of them on the way back, seed {seed}");
    assert!(midway > 0, "no kill fell on the way back");
    let end = async {
        shop.is_rolled_back(&stage).await?;
        shop.judge(&stage).await?;
        shop.stays_back(&stage).await
    };
    end.await.map_err(|e| format!("seed {seed}: {e}").into())
}

/// Kills the operator as soon as the rollback is on record, and then each one that follows: after a random while, or
/// right after it has written. The last one stays. Tells how many fell on the way back.
async fn killing(stage: &Stage<'_>, shop: &Checkout, first: Operator, mut random: u64) -> Done<(Operator, usize)> {
    let release = release_named(shop.name);
    stage.until("the rollback is on record", release, |r| r["status"]["rollback"].is_object()).await?;
    let (mut operator, mut midway) = (first, 0);
    for n in 1..=KILLS {
        operator.kill().await?;
        let on_the_way = stage.read(release).await?["status"]["finished"] != true;
        midway += usize::from(on_the_way);
        operator = Operator::start(stage.installed, &format!("victim-{n}"), &ARGS).await?;
        random = another(random);
        if n.is_multiple_of(2) {
            tokio::time::sleep(Duration::from_millis(200 + random % 1300)).await;
        } else {
            written(stage).await;
            tokio::time::sleep(Duration::from_millis(random % 60)).await;
        }
    }
    Ok((operator, midway))
}
