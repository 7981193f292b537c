//! The way back, on a real control plane.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, release_named, shared};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, step_state};

/// A second version whose pods never become ready.
fn bad(team: &str, name: &str) -> Value {
    let mut bad = app(team, name, "2");
    bad["spec"]["progressDeadlineSeconds"] = json!(5);
    bad["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/fail": "true"});
    bad
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_that_fails_takes_the_backend_back_with_it_and_neither_it_nor_what_had_not_gone_goes_by_itself()
-> Done {
    let stage = Stage::on(shared().await?).await?;
    let all = ["api", "web", "tail"];
    stage.apply(&own_team("back", &all)).await?;
    stage.apply(&all.map(|name| app("back", name, "1"))).await?;
    for name in all {
        stage.runs("back", name, "1").await?;
    }
    let after: [&[&str]; 3] = [&[], &["api"], &["web"]];
    let steps = std::array::from_fn::<_, 3, _>(|n| (all[n], "back", ("Deployment", all[n]), after[n]));
    let mut release = plan("back", &steps);
    for (n, app) in all.into_iter().enumerate() {
        // A word that is given before all of it has arrived is one for other content.
        release["spec"]["steps"][n]["expect"] = json!({"images": {app: format!("registry.example/{app}:2")}});
    }
    stage.apply(&[release, app("back", "api", "2"), bad("back", "web"), app("back", "tail", "2")]).await?;
    let digest = stage.asked_for("back", "").await?;
    stage.sign("back", "back", &digest).await?;
    let ended = stage.until_condition(release_named("back"), ["Ready", "False", "RolledBack"]).await?;
    assert_eq!(all.map(|step| step_state(&ended, step)), ["RolledBack", "RolledBack", "Waiting"]);
    assert_eq!(ended["status"]["finished"], true);
    stage.runs("back", "api", "1").await?;
    stage.runs("back", "web", "1").await?;

    stage.apply(&[bad("back", "web")]).await?;
    let web = ("Deployment", "back", "web");
    stage.until("the bad version is held", web, held).await?;
    let says = |t: &Value| {
        let told = t["status"]["workloads"].to_string();
        told.contains("rolled back from exactly this content") && told.contains("went back before it had gone")
    };
    stage.until("the team says why", ("TeamReadiness", "back", "back"), says).await?;
    assert!(held(&stage.read(web).await?));
    stage.apply(&[app("back", "web", "3")]).await?;
    stage.runs("back", "web", "3").await?;
    // It has been held for longer than that.
    let tail = stage.read(("Deployment", "back", "tail")).await?;
    assert!(held(&tail) && tail["spec"]["template"].to_string().contains("tail:2"), "{tail:#}");
    stage.apply(&[app("back", "tail", "3")]).await?;
    stage.runs("back", "tail", "3").await?;
    Ok(())
}
