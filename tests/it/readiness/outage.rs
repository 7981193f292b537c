//! The operator is away, on a control plane of its own: the API server holds without it, and those who may break the
//! glass get a change out without it.

use chrono::TimeDelta;
use control_plane::Subject;
use serde_json::json;

use crate::support::operator::Operator;
use crate::support::plan::{SETTLE, app, freeze, own_team, plan, release_named, soon};
use crate::support::recorder::{held, let_go, tag, tags_that_ran, version};
use crate::support::stage::Stage;
use crate::support::{Done, Installed, namespace, shop};

const ARGS: [&str; 3] = ["--settle", "3s", "--no-leader-election"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_held_while_the_operator_a_policy_a_right_or_a_definition_is_away() -> Done {
    let installed = Installed::start().await?;
    let stage = Stage::on(&installed).await?;
    let operator = Operator::start(&installed, "before", &ARGS).await?;
    stage.apply(&[namespace("releases")]).await?;
    let operator = away_during_a_freeze(&stage, operator).await?;
    without_a_policy(&stage).await?;
    super::lost::rights_are_taken_away(&stage).await?;
    super::lost::definitions_are_taken_away(&stage).await?;
    assert!(operator.stop().await?.success());
    Ok(())
}

/// Two changes in a freeze, the operator killed between them and started again before its end.
async fn away_during_a_freeze(stage: &Stage<'_>, operator: Operator) -> Done<Operator> {
    let installed = stage.installed;
    stage.apply(&own_team("away", &["app", "fix"])).await?;
    let mut first = app("away", "app", "1");
    first["spec"]["replicas"] = json!(3);
    stage.apply(&[first, app("away", "fix", "1")]).await?;
    stage.runs("away", "app", "1").await?;
    stage.runs("away", "fix", "1").await?;
    stage.apply(&[freeze("away", soon(3600))]).await?;
    let deployment = ("Deployment", "away", "app");
    let image = |version: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": format!("registry.example/app:{version}")}]}}}});
    stage.patch(deployment, image("a")).await?;
    stage.seen_held("away", "app", "").await?;
    operator.kill().await?;

    stage.patch(deployment, image("b")).await?;
    installed.kubectl(&["scale", "deployment/app", "-n", "away", "--replicas=6"]).await?;
    let scaled =
        stage.until("six pods of the old version run", deployment, |d| d["status"]["availableReplicas"] == 6).await?;
    assert!(held(&scaled) && tag(&scaled) == "b");
    let history = stage.history("away").await?;
    assert_eq!(tags_that_ran(&history, "app").into_iter().collect::<Vec<_>>(), ["1"]);

    a_glass_is_broken(stage).await?;

    let operator = Operator::start(installed, "after", &ARGS).await?;
    what_was_broken_is_recorded(stage).await?;
    let end = soon(3 * SETTLE + 3);
    stage.apply(&[freeze("away", end)]).await?;
    stage.runs("away", "app", "b").await?;
    let history = stage.history("away").await?;
    let gone = let_go(&history, "Deployment", "app");
    let tags: Vec<&str> = gone.iter().map(|g| g.tag.as_str()).collect();
    assert_eq!(tags, ["1", "b"]);
    let released = stage.released(deployment).await?;
    assert_eq!(released.len(), 2);
    let late = released[1] - end;
    assert!(late >= TimeDelta::zero(), "let go {late} after the end");
    assert!(late < TimeDelta::seconds(60), "let go {late} after the end");
    assert!(!tags_that_ran(&history, "app").contains("a"));
    Ok(operator)
}

/// Nobody is there but the API server: who has the verb gets a fix past the freeze, and who has not does not.
async fn a_glass_is_broken(stage: &Stage<'_>) -> Done {
    let plane = &stage.installed.plane;
    stage.apply(&[app("away", "fix", "2")]).await?;
    for (role, user) in [("admin", "dev-bob"), ("admin", "oncall-anna"), ("rollcall-override", "oncall-anna")] {
        plane.grant(role, Subject::User(user), Some("away")).await?;
    }
    for (user, ticket) in [("dev-bob", "INC-0"), ("oncall-anna", "INC-43")] {
        assert!(held(&stage.read(("Deployment", "away", "fix")).await?), "before {user} wrote {ticket}");
        let value = format!("rollcall.dev/break-glass={ticket}");
        let words = ["annotate", "--overwrite", "deployment", "fix", "-n", "away", &value];
        plane.kubectl(&plane.user(user, &[])?).args(words).run().await?.success()?;
    }
    stage.runs("away", "fix", "2").await?;
    Ok(())
}

/// When the operator is back it says which glass was broken, once, and that it was not the operator that let it go.
async fn what_was_broken_is_recorded(stage: &Stage<'_>) -> Done {
    let team = ("TeamReadiness", "away", "away");
    let told = stage.until("it is recorded", team, |t| t["status"]["brokenGlass"].is_array()).await?;
    let all = &told["status"]["brokenGlass"];
    let one = &all[0];
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    assert_eq!([&one["kind"], &one["name"], &one["ticket"]], ["Deployment", "fix", "INC-43"], "{all}");
    assert!(one["at"].is_string() && one["template"].is_string(), "{all}");
    let event = stage.until_event("away", "away", "GlassBroken").await?;
    assert!(event["note"].to_string().contains("INC-43"), "{event}");
    assert_eq!(stage.released(("Deployment", "away", "fix")).await?.len(), 1, "only the first version");
    let audited = stage.installed.plane.audit_events()?;
    let key = "guard-deployment.rollcall.dev/break-glass";
    assert!(audited.iter().any(|e| e["annotations"][key] == "oncall-anna INC-43"), "who broke it is in the audit log");
    Ok(())
}

/// A binding is deleted by an administrator: nothing is released until it is back.
async fn without_a_policy(stage: &Stage<'_>) -> Done {
    stage.apply(&own_team("naked", &["app"])).await?;
    let of_app = plan("naked", &[("app", "naked", ("Deployment", "app"), &[])]);
    stage.apply(&[of_app, app("naked", "app", "1")]).await?;
    let digest = stage.asked_for("naked", "").await?;
    let kind = "MutatingAdmissionPolicyBinding";
    let binding = (kind, "", "hold-deployment.rollcall.dev");
    let mut saved = stage.read(binding).await?;
    stage.delete(binding).await?;
    let release = release_named("naked");
    stage.until_condition(release, ["HoldEnforced", "False", "PolicyMissing"]).await?;
    stage.sign("naked", "naked", &digest).await?;
    stage.until_condition(("TeamReadiness", "naked", "naked"), ["SignedOff", "True", "SignedOff"]).await?;
    let blocked =
        stage.until("only the policy is missing", release, |r| crate::support::blocker_codes(r) == ["RC020"]).await?;

    saved["metadata"] = json!({"name": binding.2, "labels": saved["metadata"]["labels"]});
    stage.apply(&[saved]).await?;
    stage.installed.until_held(&shop::deployment("default", "probe", "nobody", "probe", "1", 1)).await?;
    let restored = version(&stage.read(binding).await?);
    stage.completed("naked").await?;
    let gone = let_go(&stage.history("naked").await?, "Deployment", "app");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].at > restored && restored > version(&blocked));
    Ok(())
}
