//! The operator dies at each of its writes, one after the other, and it makes no difference.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use control_plane::{Audit, ControlPlane};

use super::proxy::{Fate, Proxy};
use super::scenes;
use super::witness::{Witness, foreign_deeds};
use crate::support::operator::Operator;
use crate::support::stage::Stage;
use crate::support::{Done, Installed, namespace};

const ARGS: [&str; 3] = ["--settle", "2s", "--no-leader-election"];

/// Every fourth time it dies before the write is done, and has to do it again; else after it, without having seen the
/// answer.
const BEFORE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_write_of_six_releases_it_comes_to_the_same_end_and_breaks_no_rule() -> Done {
    let plane = ControlPlane::builder().audit(Audit::RequestResponse).start().await?;
    let installed = Installed::on(plane).await?;
    let stage = Stage::on(&installed).await?;
    stage.apply(&[namespace("releases")]).await?;
    let witness = Witness::begin(&stage).await?;
    let over = AtomicBool::new(false);
    let played = async {
        let played = scenes::all(&stage, "k").await;
        over.store(true, Ordering::SeqCst);
        played
    };
    let (played, kills) = tokio::join!(played, dying(&installed, &over));
    let kills = kills?;
    played.map_err(|e| format!("after {kills} kills: {e}"))?;
    eprintln!("the operator was killed at {kills} writes, one after the other");
    scenes::judged(&stage, "k-").await?;
    let history = witness.history(&stage).await?;
    let wrong: Vec<String> = proof::properties::safety(&history).iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(foreign_deeds(&installed).await?, Vec::<String>::new());
    assert!(kills >= 60, "six releases are not made with {kills} writes: the proxy does not see them");
    Ok(())
}

/// Starts an operator, lets it die at its first write, and starts the next. How many died.
async fn dying(installed: &Installed, over: &AtomicBool) -> Done<usize> {
    let died = Arc::new(AtomicUsize::new(0));
    loop {
        let n = died.load(Ordering::SeqCst);
        let fate = if n % BEFORE == BEFORE - 1 { Fate::DiesBefore } else { Fate::DiesAfter };
        let mut proxy = Proxy::start(installed, &format!("k{n}"), Box::new(move |_| fate)).await?;
        let operator = Operator::through(installed, &format!("k{n}"), &proxy.kubeconfig, &ARGS).await?;
        while proxy.orders.try_recv().is_err() {
            if over.load(Ordering::SeqCst) {
                operator.kill().await?;
                return Ok(n);
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        operator.kill().await?;
        died.fetch_add(1, Ordering::SeqCst);
    }
}
