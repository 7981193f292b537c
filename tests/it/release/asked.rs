//! What people ask of a release while it runs, and after it has ended.

use serde_json::{Value, json};

use crate::support::plan::{app, freeze, own_team, plan, release_named, shared, soon};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, blocker_codes, step_state};

const ASK: &str = "rollcall.dev/rollback-requested";

/// A team whose only Deployment runs in version 1 and then goes to version 2 with a release, which ends.
async fn shipped(stage: &Stage<'_>, team: &str) -> Done {
    stage.apply(&own_team(team, &["app"])).await?;
    stage.apply(&[app(team, "app", "1")]).await?;
    stage.runs(team, "app", "1").await?;
    stage.apply(&[plan(team, &[("app", team, ("Deployment", "app"), &[])]), app(team, "app", "2")]).await?;
    let digest = stage.asked_for(team, "").await?;
    stage.sign(team, team, &digest).await?;
    stage.completed(team).await?;
    stage.runs(team, "app", "2").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_shipped_goes_back_long_after_it_ended_when_somebody_with_the_verb_asks() -> Done {
    let stage = Stage::on(shared().await?).await?;
    shipped(&stage, "regret").await?;
    let release = release_named("regret");
    let stranger = stage.installed.plane.user("sam", &["team-regret"])?;
    let bound = |role: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"namespace": "releases", "name": format!("sam-{role}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "sam"}]})
    };
    let roles = rollcall::manifests::to_yaml(&[bound("rollcall-view"), bound("rollcall-edit")]);
    stage.installed.apply(&stage.installed.admin, &roles).await?;
    let ask = format!(r#"{{"metadata": {{"annotations": {{"{ASK}": "INC-7"}}}}}}"#);
    let args = ["patch", "coordinatedrelease", "regret", "-n", "releases", "--type=merge", "-p", ask.as_str()];
    let refused = stage
        .installed
        .until("the right to edit is in force and does not include the verb", || async {
            let out = stage.installed.plane.kubectl(&stranger).args(args).run().await?;
            let said = out.stderr.clone();
            assert!(out.success().is_err(), "sam may not ask for a rollback");
            Ok(said.contains("verb rollback").then_some(said))
        })
        .await?;
    assert!(refused.contains("sam may not ask for a rollback"), "{refused}");
    assert_eq!(stage.read(release).await?["status"]["finished"], true);

    stage.patch(release, json!({"metadata": {"annotations": {ASK: "INC-7"}}})).await?;
    stage.runs("regret", "app", "1").await?;
    let ended = stage.until_condition(release, ["Ready", "False", "RolledBack"]).await?;
    let status = &ended["status"];
    assert_eq!((step_state(&ended, "app"), &status["finished"]), ("RolledBack".to_owned(), &json!(true)));
    assert!(status["rollback"]["cause"].as_str().is_some_and(|c| c.contains("asked for it: INC-7")), "{status:#}");
    assert!(status["reopenedAt"].is_string() && status["steps"][0]["grant"]["former"].is_object(), "{status:#}");
    let unpinned = stage.read(("Deployment", "regret", "app")).await?;
    assert_eq!(unpinned["metadata"]["annotations"]["rollcall.dev/rollback"], Value::Null);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_that_begins_under_a_release_halts_it_beyond_its_end_until_a_person_goes_on() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("halted", &["one", "two"])).await?;
    let steps: &[_] =
        &[("one", "halted", ("Deployment", "one"), &[][..]), ("two", "halted", ("Deployment", "two"), &["one"][..])];
    let mut both = plan("halted", steps);
    both["spec"]["steps"][0]["soak"] = json!("20s");
    stage.apply(&[both, app("halted", "one", "1"), app("halted", "two", "1")]).await?;
    let digest = stage.asked_for("halted", "").await?;
    stage.sign("halted", "halted", &digest).await?;
    let release = release_named("halted");
    stage.until("the first step soaks", release, |r| step_state(r, "one") == "Soaking").await?;
    let mut quiet = freeze("halted", soon(5));
    quiet["spec"]["schedule"][0]["dates"]["from"] = json!(soon(3).format("%Y-%m-%dT%H:%M:%S").to_string());
    quiet["spec"]["onClose"] = json!("Halt");
    stage.apply(&[quiet]).await?;
    let halted = stage
        .until("the freeze is over, and only its word is in the way", release, |r| {
            step_state(r, "one") == "Done" && blocker_codes(r) == ["RC099"]
        })
        .await?;
    assert!(halted["status"]["blockers"][0]["remedy"].to_string().contains("spec.resumedAt"), "{halted:#}");
    stage.until_condition(release, ["Stalled", "True", "WaitingForWindow"]).await?;
    assert!(held(&stage.read(("Deployment", "halted", "two")).await?));
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    stage.patch(release, json!({"spec": {"resumedAt": now}})).await?;
    stage.completed("halted").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_stop_exists_nothing_goes_and_everything_goes_on_when_it_is_deleted() -> Done {
    let stage = Stage::on(shared().await?).await?;
    stage.apply(&own_team("quiet", &["app"])).await?;
    stage.apply(&[plan("quiet", &[("app", "quiet", ("Deployment", "app"), &[])]), app("quiet", "app", "1")]).await?;
    let digest = stage.asked_for("quiet", "").await?;
    let release = release_named("quiet");
    let stop = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": "rollcall-system", "name": "rollcall-stop"}, "data": {"reason": "INC-9"}});
    stage.apply(&[stop]).await?;
    stage
        .until("the release says that all is stopped", release, |r| blocker_codes(r).contains(&"RC002".into()))
        .await?;
    stage.sign("quiet", "quiet", &digest).await?;
    stage.until("only the stop is in the way", release, |r| blocker_codes(r) == ["RC002"]).await?;
    let stopped = stage.until_condition(release, ["Gated", "True", "Stopped"]).await?;
    assert!(stopped["status"]["blockers"][0]["message"].to_string().contains("INC-9"), "{stopped:#}");
    assert!(held(&stage.read(("Deployment", "quiet", "app")).await?));
    stage.delete(("ConfigMap", "rollcall-system", "rollcall-stop")).await?;
    stage.completed("quiet").await?;
    Ok(())
}
