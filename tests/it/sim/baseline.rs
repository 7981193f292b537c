//! The shop's release on the simulation, without and with trouble.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Setup, Sim, run};
use crate::support::shop;

const LIMIT: Duration = Duration::from_secs(1800);

/// Teams, a window and the first version of everything, which is let go by itself.
async fn open_the_shop(sim: &Sim) {
    let admin = sim.user("admin");
    let mut window = shop::always_open();
    window["spec"]["schedule"][0]["weekly"] = json!({"days": ["Mon-Fri"], "from": "07:00", "until": "20:00"});
    admin.create(&window).expect("a window");
    for (team, workloads) in [
        ("data", &[("Job", "ledger-migrate")][..]),
        ("core", &[("Deployment", "api")]),
        ("ui", &[("Deployment", "web"), ("Deployment", "admin")]),
    ] {
        admin.create(&shop::team(team, workloads)).expect("a team");
    }
    for manifest in shop::manifests("1") {
        admin.apply(&manifest).expect("a workload");
    }
    sim.until("the first version runs", LIMIT, |sim| runs(sim, "1")).await;
}

fn runs(sim: &Sim, version: &str) -> bool {
    ["core/api", "ui/web", "ui/admin"].iter().all(|name| {
        let (namespace, name) = name.split_once('/').expect("a name");
        let deployment = sim.get("deployments", namespace, name).unwrap_or_default();
        let status = &deployment["status"];
        let wanted = &deployment["spec"]["replicas"];
        let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
        image.ends_with(&format!(":{version}"))
            && status["observedGeneration"] == deployment["metadata"]["generation"]
            && status["updatedReplicas"] == *wanted
            && status["availableReplicas"] == *wanted
            && status["replicas"] == *wanted
    })
}

/// The second version, in one release of the three teams.
async fn ship(sim: &Sim) -> Result<(), String> {
    let lena = sim.user("lena");
    lena.create(&shop::release("checkout")).map_err(|failure| failure.message().to_owned())?;
    let admin = sim.user("admin");
    if let Some(job) = sim.get("jobs", "data", "ledger-migrate") {
        let _ = admin.delete(&job);
    }
    sim.pass(Duration::from_secs(2)).await;
    for manifest in shop::manifests("2") {
        admin.apply(&manifest).map_err(|failure| failure.message().to_owned())?;
    }
    for _ in 0..60 {
        sim.pass(Duration::from_secs(10)).await;
        for team in ["data", "core", "ui"] {
            let _ = sim.sign(team, "checkout");
        }
        if runs(sim, "2") {
            return Ok(());
        }
    }
    Err(format!("version 2 does not run: {:#}", sim.release("checkout")["status"]))
}

#[test]
fn a_release_of_three_teams_ships_in_simulated_minutes() {
    let begun = Instant::now();
    run(Setup::seeded(1), async |sim: Sim| {
        let replica = sim.operator("a");
        open_the_shop(&sim).await;
        ship(&sim).await.unwrap_or_else(|error| panic!("{error}\n{}", sim.told()));
        assert!(!replica.has_ended());
    });
    println!("{:?}", begun.elapsed());
}

#[test]
fn the_same_seed_is_the_same_story() {
    let once = |seed| {
        run(Setup::seeded(seed), async |sim: Sim| {
            sim.server.keep_trace();
            let (_a, _b) = (sim.operator("a"), sim.operator("b"));
            open_the_shop(&sim).await;
            let _ = ship(&sim).await;
            (sim.server.trace_hash(), sim.server.trace())
        })
    };
    let (first, second) = (once(3), once(3));
    let parted = first.1.iter().zip(&second.1).position(|(a, b)| a != b);
    if let Some(line) = parted {
        panic!("the stories part at line {line}:\n{}\n{}", first.1[line], second.1[line]);
    }
    assert_eq!(first.0, second.0);
    assert_ne!(first.0, once(4).0);
}
