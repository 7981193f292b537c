//! The operator dies at each of its writes, one after the other, and it makes no difference.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use control_plane::{Audit, ControlPlane};

use super::proxy::{Fate, Gate, Proxy};
use super::scenes;
use super::witness::Witness;
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
    witness.judges(&stage).await?;
    assert!(kills >= 60, "six releases are not made with {kills} writes: the proxy does not see them");
    Ok(())
}

/// Starts an operator, lets it die at its first write, and starts the next. How many died.
async fn dying(installed: &Installed, over: &AtomicBool) -> Done<usize> {
    let access = Operator::access(installed).await?;
    for n in 0.. {
        let fate = if n % BEFORE == BEFORE - 1 { Fate::DiesBefore } else { Fate::DiesAfter };
        let mut proxy =
            Proxy::start(installed, &access, &format!("k{n}"), Box::new(move |_| fate), Gate::default()).await?;
        let operator = Operator::through(installed, &format!("k{n}"), &proxy.kubeconfig, &ARGS).await?;
        while proxy.orders.try_recv().is_err() {
            if over.load(Ordering::SeqCst) {
                operator.kill().await?;
                return Ok(n);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        operator.kill().await?;
    }
    Err("it dies without end".into())
}
