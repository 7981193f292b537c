//! A freeze and an emergency fix: whoever may override gets one fix out, with name, reason and end; nobody else does.

use control_plane::{Access, Subject};
use serde_json::{Value, json};

use super::alone::message_of;
use crate::support::plan::{app, own_team, plan, shared, soon};
use crate::support::recorder::{held, let_go, tags_that_ran};
use crate::support::stage::Stage;
use crate::support::{Done, Installed, blocker_codes};
use rollcall::manifests::to_yaml;

/// The namespaces of this story: the freeze is on the first, by its label.
const PROD: &str = "emergency";
const OTHER: &str = "emergency-dev";

struct People {
    ci: Access,
    bob: Access,
    anna: Access,
}

async fn people(installed: &Installed) -> Done<People> {
    let plane = &installed.plane;
    let ci = plane.service_account(PROD, "ci").await?;
    for (role, subject) in [
        ("admin", Subject::ServiceAccount(PROD, "ci")),
        ("admin", Subject::User("dev-bob")),
        ("admin", Subject::Group("incident-commanders")),
        ("rollcall-override", Subject::Group("incident-commanders")),
    ] {
        plane.grant(role, subject, Some(PROD)).await?;
    }
    Ok(People { ci, bob: plane.user("dev-bob", &[])?, anna: plane.user("oncall-anna", &["incident-commanders"])? })
}

fn freeze() -> Value {
    let wall = |t: chrono::DateTime<chrono::Utc>| t.format("%Y-%m-%dT%H:%M:%S").to_string();
    json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow",
        "metadata": {"namespace": "rollcall-system", "name": "holidays"},
        "spec": {"type": "Freeze", "timeZone": "UTC", "reason": "Quiet days",
            "namespaceSelector": {"matchLabels": {"story": PROD}},
            "schedule": [{"name": "quiet", "dates": {"from": wall(soon(-60)), "until": wall(soon(3600))}}]}})
}

/// A release of one Deployment, in the team's own namespace, past the freeze and without the team's word.
fn fix(name: &str, workload: &str, until: &str) -> Value {
    let mut fix = plan(name, &[("fix", PROD, ("Deployment", workload), &[])]);
    fix["metadata"]["namespace"] = json!(PROD);
    fix["spec"]["override"] =
        json!({"reason": "checkout is down", "ticket": "INC-42", "skip": ["Freeze", "SignOff"], "until": until});
    fix
}

async fn refused(installed: &Installed, who: &Access, object: &Value, words: &str) -> Done {
    let answer = installed.apply(who, &to_yaml(std::slice::from_ref(object))).await;
    let said = answer.err().ok_or("it was taken")?.to_string();
    if said.contains(words) { Ok(()) } else { Err(format!("{words:?} is not in {said}").into()) }
}

/// Teams in a namespace that the freeze governs and in one that it does not, with what ran before.
async fn before_the_freeze(stage: &Stage<'_>) -> Done {
    let mut team = own_team(PROD, &["api", "web"]);
    team[0]["metadata"]["labels"]["story"] = json!(PROD);
    team[1]["spec"]["allow"] = json!([{"namespace": PROD}]);
    stage.apply(&team).await?;
    stage.apply(&own_team(OTHER, &["app"])).await?;
    for (team, name) in [(PROD, "api"), (PROD, "web"), (OTHER, "app")] {
        stage.apply(&[app(team, name, "1")]).await?;
    }
    for (team, name) in [(PROD, "api"), (PROD, "web"), (OTHER, "app")] {
        stage.runs(team, name, "1").await?;
    }
    stage.apply(&[freeze()]).await?;
    let window = ("DeploymentWindow", "rollcall-system", "holidays");
    stage.until_condition(window, ["Open", "False", "FreezeActive"]).await?;
    Ok(())
}

/// Whoever changes an image in the freeze: the write succeeds, the change is held, and its reason names the freeze.
async fn changes_are_held(stage: &Stage<'_>, people: &People) -> Done {
    let installed = stage.installed;
    installed.apply(&people.ci, &to_yaml(&[app(PROD, "api", "2")])).await?;
    installed.apply(&people.bob, &to_yaml(&[app(PROD, "web", "2")])).await?;
    for name in ["api", "web"] {
        let what = format!("the reason for which {name} is held names the freeze and its end");
        let said = stage
            .until(&what, ("TeamReadiness", PROD, PROD), |team| {
                message_of(team, name).contains("freeze rollcall-system/holidays is in force: Quiet days")
            })
            .await?;
        assert!(message_of(&said, name).contains("until 20"), "{}", message_of(&said, name));
        assert!(held(&stage.read(("Deployment", PROD, name)).await?));
    }
    stage.apply(&[app(OTHER, "app", "2")]).await?;
    stage.runs(OTHER, "app", "2").await?;
    Ok(())
}

/// Only who has the verb overrides, only with a reason and an end, and only what was named goes.
async fn the_fix_goes(stage: &Stage<'_>, people: &People) -> Done {
    let installed = stage.installed;
    let end = soon(7200).to_rfc3339();
    refused(installed, &people.bob, &fix("hotfix", "api", &end), "dev-bob may not override the gates").await?;
    refused(installed, &people.ci, &fix("hotfix", "api", &end), "may not override the gates").await?;
    for field in ["reason", "until", "ticket"] {
        let mut without = fix("hotfix", "api", &end);
        without["spec"]["override"].as_object_mut().ok_or("an override")?.remove(field);
        refused(installed, &people.anna, &without, field).await?;
    }
    let mut forged = fix("hotfix", "api", &end);
    forged["spec"]["override"]["by"] = json!("the-king");
    installed.apply(&people.anna, &to_yaml(&[forged])).await?;
    stage.runs(PROD, "api", "2").await?;
    let done = ("CoordinatedRelease", PROD, "hotfix");
    let record = stage.until_condition(done, ["Ready", "True", "Completed"]).await?;
    let used = &record["status"]["overridesUsed"][0];
    for (field, expected) in [("by", "oncall-anna"), ("reason", "checkout is down"), ("ticket", "INC-42")] {
        assert_eq!(used[field], expected, "{used}");
    }
    assert_eq!(used["digest"], record["status"]["digest"]);
    assert!(used["at"].is_string() && used["until"].is_string(), "{used}");
    let grant = &record["status"]["steps"][0]["grant"];
    assert_eq!(grant["overridden"], "oncall-anna (INC-42)");
    let event = stage.until_event(PROD, "hotfix", "Overridden").await?;
    assert!(event["note"].to_string().contains("oncall-anna"), "{event}");
    let audited = installed.plane.audit_events()?;
    let key = "guard-coordinatedrelease.rollcall.dev/override";
    assert!(
        audited.iter().any(|e| e["annotations"][key].as_str().is_some_and(|a| a.starts_with("oncall-anna INC-42")))
    );
    assert!(held(&stage.read(("Deployment", PROD, "web")).await?), "what was not named stays held");
    Ok(())
}

/// After its end the override lets nothing go, and neither does it for other content once it was used.
async fn it_is_void_after_its_end(stage: &Stage<'_>, people: &People) -> Done {
    let installed = stage.installed;
    let mut late = fix("late", "web", &soon(4).to_rfc3339());
    late["spec"]["paused"] = json!(true);
    installed.apply(&people.anna, &to_yaml(&[late])).await?;
    let named = ("CoordinatedRelease", PROD, "late");
    stage.until("the override has ended", named, |r| r["status"]["override"]["state"] == "Ended").await?;
    stage.patch(named, json!({"spec": {"paused": false}})).await?;
    stage
        .until("the freeze and the missing word keep it", named, |r| {
            let codes = blocker_codes(r);
            r["status"]["observedGeneration"] == r["metadata"]["generation"]
                && ["RC033", "RC051"].iter().all(|c| codes.iter().any(|code| code == c))
        })
        .await?;
    let history = stage.history(PROD).await?;
    assert_eq!(let_go(&history, "Deployment", "api").len(), 2, "the first version and the fix");
    assert_eq!(let_go(&history, "Deployment", "web").len(), 1, "only the first version");
    assert!(!tags_that_ran(&history, "web").contains("2"));
    Ok(())
}

/// Whoever breaks the glass gets the change out at once, and rollcall records that when it looks again; a ticket of
/// somebody who may not has no effect, and leaves no record.
async fn a_broken_glass_is_recorded(stage: &Stage<'_>, people: &People) -> Done {
    let installed = stage.installed;
    let annotate = async |who: &Access, ticket: &str| {
        let value = format!("rollcall.dev/break-glass={ticket}");
        let words = ["annotate", "--overwrite", "deployment", "web", "-n", PROD, &value];
        installed.plane.kubectl(who).args(words).run().await?.success()
    };
    annotate(&people.bob, "INC-0").await?;
    let team = ("TeamReadiness", PROD, PROD);
    let glass = |t: &Value| {
        let all = t["status"]["workloads"].as_array();
        all.into_iter().flatten().any(|w| w["name"] == "web" && w["glass"] == "INC-0")
    };
    stage.until("the ticket without effect was seen", team, glass).await?;
    assert!(held(&stage.read(("Deployment", PROD, "web")).await?));
    annotate(&people.anna, "INC-43").await?;
    let told = stage.until("it is recorded", team, |t| t["status"]["brokenGlass"].is_array()).await?;
    let all = &told["status"]["brokenGlass"];
    assert_eq!((all.as_array().map(Vec::len), &all[0]["ticket"]), (Some(1), &json!("INC-43")), "{all}");
    stage.until_event(PROD, PROD, "GlassBroken").await?;
    stage.runs(PROD, "web", "2").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_in_a_freeze_only_an_override_of_somebody_who_may_gets_one_fix_out() -> Done {
    let stage = Stage::on(shared().await?).await?;
    before_the_freeze(&stage).await?;
    let people = people(stage.installed).await?;
    changes_are_held(&stage, &people).await?;
    the_fix_goes(&stage, &people).await?;
    it_is_void_after_its_end(&stage, &people).await?;
    a_broken_glass_is_recorded(&stage, &people).await?;
    stage.delete(("DeploymentWindow", "rollcall-system", "holidays")).await?;
    Ok(())
}
