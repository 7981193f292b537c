//! A workload that a release is rolling back and whose former version does not become healthy: it is pinned for as long
//! as a test needs it. And what becomes of it when the release is deleted by force.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, shared};
use crate::support::recorder::{held, tag};
use crate::support::stage::{Named, Stage};
use crate::support::{Done, step_state};

/// A team with the Deployment `app`, and a release of the team's name that ships version 2 of it.
pub struct Back<'a> {
    namespace: &'a str,
    team: &'a str,
}

pub fn in_namespace<'a>(namespace: &'a str, team: &'a str) -> Back<'a> {
    Back { namespace, team }
}

impl Back<'_> {
    fn release(&self) -> Named<'_> {
        ("CoordinatedRelease", self.namespace, self.team)
    }

    fn app(&self) -> Named<'_> {
        ("Deployment", self.team, "app")
    }

    fn plan(&self) -> Value {
        let mut plan = plan(self.team, &[("app", self.team, ("Deployment", "app"), &[])]);
        plan["metadata"]["namespace"] = json!(self.namespace);
        plan
    }
}

/// As it is, with pods that do not become ready while a test lasts. Nobody calls that a failure.
pub fn never_ready(mut deployment: Value) -> Value {
    deployment["spec"]["progressDeadlineSeconds"] = json!(3600);
    deployment["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/ready-delay": "2h"});
    deployment
}

/// As it is, with pods that become ready at once: what a rollback put back is not Git's to take away.
pub fn ready(mut deployment: Value) -> Value {
    deployment["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/ready-delay": "0s"});
    deployment
}

pub fn is_pinned(deployment: &Value) -> bool {
    deployment["metadata"]["annotations"]["rollcall.dev/rollback"].is_string()
}

/// Version 1 goes by itself, version 2 with the release. `words` is all that the team then says.
pub async fn ships(stage: &Stage<'_>, back: &Back<'_>, words: impl Fn(&str) -> Value) -> Done {
    let first = never_ready(app(back.team, "app", "1"));
    stage.apply(std::slice::from_ref(&first)).await?;
    stage.until("version 1 is let go", back.app(), |d| !held(d)).await?;
    let mut second = app(back.team, "app", "2");
    second["spec"]["progressDeadlineSeconds"] = json!(3600);
    stage.apply(&[back.plan(), second]).await?;
    let digest = stage.asked(back.release(), "").await?;
    let change = json!({"spec": {"signOffs": words(&digest)}});
    stage.patch(("TeamReadiness", back.team, back.team), change).await?;
    stage.until_condition(back.release(), ["Ready", "True", "Completed"]).await?;
    Ok(())
}

/// As [`ships`], with a word for this release alone.
pub async fn ships_alone(stage: &Stage<'_>, back: &Back<'_>) -> Done {
    let release = format!("{}/{}", back.namespace, back.team);
    let word = |digest: &str| json!([{"release": release, "role": "lead", "decision": "Go", "digest": digest}]);
    ships(stage, back, word).await
}

/// Somebody asks for version 1 again.
pub async fn goes_back(stage: &Stage<'_>, back: &Back<'_>) -> Done {
    let ask = json!({"metadata": {"annotations": {"rollcall.dev/rollback-requested": "INC-7"}}});
    stage.patch(back.release(), ask).await?;
    stage.until("it is pinned", back.app(), |d| is_pinned(d) && tag(d) == "1").await?;
    stage.until("the release says so", back.release(), |r| step_state(r, "app") == "RollingBack").await?;
    Ok(())
}

/// The release is gone: the workload stays where it is, and is its team's own.
pub async fn is_let_loose(stage: &Stage<'_>, back: &Back<'_>) -> Done {
    let free = stage.until("it is let loose", back.app(), |d| !is_pinned(d)).await?;
    assert!(tag(&free) == "1" && !held(&free) && free["spec"]["paused"].is_null(), "{free:#}");
    stage.until_event(back.team, "app", "RollbackAbandoned").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_deleted_by_force_pins_nothing_and_one_of_its_name_takes_nothing_up() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let back = in_namespace("releases", "orphan");
    stage.apply(&own_team("orphan", &["app"])).await?;
    ships_alone(&stage, &back).await?;
    goes_back(&stage, &back).await?;
    let former = stage.read(back.release()).await?["metadata"]["uid"].clone();
    assert!(stage.delete(back.release()).await.is_err(), "it is under way");
    stage.patch(back.release(), json!({"metadata": {"annotations": {"rollcall.dev/force-delete": "yes"}}})).await?;
    stage.delete(back.release()).await?;
    stage.apply(&[back.plan()]).await?;
    is_let_loose(&stage, &back).await?;

    let anew = |r: &Value| r["metadata"]["uid"] != former && step_state(r, "app") == "Progressing";
    let found = stage.until("the new one only looks on", back.release(), anew).await?;
    let status = &found["status"];
    assert!(status["rollback"].is_null() && status["steps"][0]["grant"].is_null(), "{status:#}");
    stage.apply(&[ready(app("orphan", "app", "3"))]).await?;
    let before = status["digest"].as_str().unwrap_or_default();
    let digest = stage.asked(back.release(), before).await?;
    stage.sign("orphan", "orphan", &digest).await?;
    stage.completed("orphan").await?;
    stage.runs("orphan", "app", "3").await?;
    Ok(())
}
