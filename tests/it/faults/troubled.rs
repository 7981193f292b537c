//! Two replicas, and what a network and machines do to them: lost requests, lost answers, writes that come late,
//! watches that end, a leader that sleeps through its lease, processes that die, an API server and an etcd that are
//! killed and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use control_plane::{Audit, ControlPlane};

use super::proxy::{Fate, Gate, Order, Plan, Proxy};
use super::scenes;
use super::witness::Witness;
use crate::support::operator::Operator;
use crate::support::stage::Stage;
use crate::support::{Done, Installed, namespace};

const ARGS: [&str; 2] = ["--settle", "2s"];

/// How much later than it was sent a write may arrive so that S1 holds: a grant counts for 5 s, its stamp is cut to whole
/// seconds, and clocks may differ by 2 s. What is under way for longer nobody can call back but another leader.
const LATE: Duration = Duration::from_secs(3);

/// What becomes of writes, one after the other and over again, counted over both replicas. Two runs with different
/// offsets hit different writes.
const SERIES: [Fate; 9] = [
    Fate::Passes,
    Fate::AnswerLost,
    Fate::Passes,
    Fate::Lost,
    Fate::WatchesCut,
    Fate::Passes,
    Fate::Late(LATE),
    Fate::Passes,
    Fate::Passes,
];

/// At which write the leader dies without having seen the answer, stands still for longer than its lease, etcd is
/// killed, and the API server is. Each death costs a lease, so there are few; `killed` has many.
const DEATH: usize = 6;
const FREEZE: usize = 14;
const ETCD: usize = 24;
const API_SERVER: usize = 34;

/// What both replicas share.
#[derive(Clone, Default)]
struct Wire {
    /// How many writes there were.
    count: Arc<AtomicUsize>,
    gate: Gate,
}

impl Wire {
    fn writes(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_bring_six_releases_to_their_ends_through_every_fault_and_break_no_rule() -> Done {
    let offset: usize = std::env::var("OFFSET").map_or(Ok(0), |n| n.parse())?;
    let plane = ControlPlane::builder().audit(Audit::RequestResponse).start().await?;
    let installed = Installed::on(plane).await?;
    let stage = Stage::on(&installed).await?;
    stage.apply(&[namespace("releases")]).await?;
    let witness = Witness::begin(&stage).await?;
    let (over, wire) = (AtomicBool::new(false), Wire::default());
    let played = async {
        let played = scenes::all(&stage, "t").await;
        over.store(true, Ordering::SeqCst);
        played
    };
    let (played, one, two, machines) = tokio::join!(
        played,
        keeping(&stage, "one", offset, &wire, &over),
        keeping(&stage, "two", offset, &wire, &over),
        restarting(&installed, &wire, &over),
    );
    let writes = wire.writes();
    let happened = format!("{writes} writes; one: {:?}, two: {:?}, restarted: {:?}", one?, two?, machines?);
    eprintln!("{happened}");
    played.map_err(|e| format!("{happened}: {e}"))?;
    scenes::judged(&stage, "t-").await?;
    witness.judges(&stage).await?;
    assert!(writes > API_SERVER, "not all that was to happen has happened: {happened}");
    Ok(())
}

fn series(offset: usize, wire: &Wire) -> Plan {
    let count = wire.count.clone();
    Box::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        DEATH => Fate::DiesAfter,
        FREEZE => Fate::Freezes,
        n => SERIES[(n + offset) % SERIES.len()],
    })
}

/// Runs one replica after the other under a name, and does to them what is ordered. What was done.
async fn keeping(stage: &Stage<'_>, name: &str, offset: usize, wire: &Wire, over: &AtomicBool) -> Done<Vec<String>> {
    let access = Operator::access(stage.installed).await?;
    let mut done = Vec::new();
    for n in 0.. {
        let host = format!("{name}-{n}");
        let mut proxy = Proxy::start(stage.installed, &access, &host, series(offset, wire), wire.gate.clone()).await?;
        let mut operator = Operator::through(stage.installed, &host, &proxy.kubeconfig, &ARGS).await?;
        loop {
            if over.load(Ordering::SeqCst) {
                operator.kill().await?;
                return Ok(done);
            }
            match proxy.orders.try_recv() {
                Ok(Order::Kill) => {
                    done.push("killed".to_owned());
                    operator.kill().await?;
                    break;
                }
                Ok(Order::Freeze) => {
                    done.push("frozen".to_owned());
                    operator.signal("-STOP").await?;
                    deposed(stage, &host, over).await?;
                    operator.signal("-CONT").await?;
                }
                Err(_) if !operator.runs() => {
                    done.push("ended by itself".to_owned());
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
    Ok(done)
}

/// Waits until another process holds the lease.
async fn deposed(stage: &Stage<'_>, host: &str, over: &AtomicBool) -> Done {
    let own = format!("{host}_");
    let other = |l: &serde_json::Value| {
        let holder = l["spec"]["holderIdentity"].as_str().unwrap_or_default();
        !holder.is_empty() && !holder.starts_with(&own) || over.load(Ordering::SeqCst)
    };
    stage.until("another replica leads", ("Lease", "rollcall-system", "rollcall"), other).await?;
    Ok(())
}

/// Kills etcd and the API server, each when so many writes were made, and starts them again.
async fn restarting(installed: &Installed, wire: &Wire, over: &AtomicBool) -> Done<Vec<&'static str>> {
    let mut done = Vec::new();
    for (at, name) in [(ETCD, "etcd"), (API_SERVER, "kube-apiserver")] {
        while wire.writes() < at && !over.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if name == "etcd" {
            installed.plane.etcd().kill().await?;
            installed.plane.etcd().start().await?;
        } else {
            // What was stored and not told yet is told to no witness: so nothing of weight is under way.
            let controllers = installed.plane.controller_manager();
            controllers.freeze()?;
            let _nobody_writes = wire.gate.write().await;
            installed.plane.api_server().kill().await?;
            controllers.thaw()?;
            installed.plane.api_server().start().await?;
        }
        done.push(name);
    }
    Ok(done)
}
