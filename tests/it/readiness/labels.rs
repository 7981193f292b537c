//! What is under rollcall: what a team lists.

use serde_json::json;

use crate::support::plan::{app, own_team, shared};
use crate::support::recorder::{held, let_go, tags_that_ran};
use crate::support::stage::Stage;
use crate::support::{Done, condition_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_deployment_gets_its_label_and_a_missing_one_is_named() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = own_team("labels", &["app", "ghost"]);
    let mut plain = app("labels", "app", "1");
    if let Some(labels) = plain["metadata"]["labels"].as_object_mut() {
        labels.remove("rollcall.dev/gate");
    }
    stage.apply(&team[..1]).await?;
    stage.apply(std::slice::from_ref(&plain)).await?;
    stage.runs("labels", "app", "1").await?;

    stage.apply(&team[1..]).await?;
    let deployment = ("Deployment", "labels", "app");
    stage.until("the label is set", deployment, |d| d["metadata"]["labels"]["rollcall.dev/gate"] == "labels").await?;
    let named = ("TeamReadiness", "labels", "labels");
    let said = stage.until_condition(named, ["Ready", "False", "WorkloadNotFound"]).await?;
    let message = condition_of(&said, "Ready").map(|c| c["message"].to_string());
    assert!(message.is_some_and(|m| m.contains("ghost")), "{said:#}");

    // Git still knows nothing of the label, and yet its next change is held.
    plain["spec"]["template"]["spec"]["containers"][0]["image"] = json!("registry.example/app:2");
    stage.apply(std::slice::from_ref(&plain)).await?;
    assert!(held(&stage.read(deployment).await?));
    stage.runs("labels", "app", "2").await?;
    let history = stage.history("labels").await?;
    let gone = let_go(&history, "Deployment", "app");
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(tags_that_ran(&history, "app").len(), 2);

    stage.apply(&[app("labels", "ghost", "1")]).await?;
    stage.until_condition(named, ["Ready", "True", "Resolved"]).await?;
    Ok(())
}
