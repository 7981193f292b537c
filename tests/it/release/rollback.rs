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
async fn a_frontend_that_fails_takes_the_backend_back_with_it_and_git_does_not_bring_the_bad_version_back() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("back", &["api", "web"])).await?;
    stage.apply(&[app("back", "api", "1"), app("back", "web", "1")]).await?;
    stage.runs("back", "api", "1").await?;
    stage.runs("back", "web", "1").await?;
    let steps: &[_] =
        &[("api", "back", ("Deployment", "api"), &[][..]), ("web", "back", ("Deployment", "web"), &["api"][..])];
    let mut release = plan("back", steps);
    for (n, app) in ["api", "web"].into_iter().enumerate() {
        // A word that is given before all of it has arrived is one for other content.
        release["spec"]["steps"][n]["expect"] = json!({"images": {app: format!("registry.example/{app}:2")}});
    }
    stage.apply(&[release, app("back", "api", "2"), bad("back", "web")]).await?;
    let digest = stage.asked_for("back", "").await?;
    stage.sign("back", "back", &digest).await?;
    let ended = stage.until_condition(release_named("back"), ["Ready", "False", "RolledBack"]).await?;
    assert_eq!((step_state(&ended, "api"), step_state(&ended, "web")), ("RolledBack".into(), "RolledBack".into()));
    assert_eq!(ended["status"]["finished"], true);
    stage.runs("back", "api", "1").await?;
    stage.runs("back", "web", "1").await?;

    stage.apply(&[bad("back", "web")]).await?;
    let web = ("Deployment", "back", "web");
    stage.until("the bad version is held", web, held).await?;
    let says = |t: &Value| t["status"]["workloads"].to_string().contains("rolled back from exactly this content");
    stage.until("the team says why", ("TeamReadiness", "back", "back"), says).await?;
    assert!(held(&stage.read(web).await?));
    stage.apply(&[app("back", "web", "3")]).await?;
    stage.runs("back", "web", "3").await?;
    Ok(())
}
