//! Acceptance S8: a team does not answer, the operator goes down, and in the end rollcall is uninstalled.

use serde_json::{Value, json};

use super::{interrupted, run, traces};
use crate::support::operator::Operator;
use crate::support::recorder::Recorder;
use crate::support::shop::{self, People};
use crate::support::{Done, Installed, blocker_codes};
use rollcall::manifests::{Install, deployment, to_yaml};

#[tokio::test(flavor = "multi_thread")]
async fn a_held_team_lives_on_without_the_operator_and_then_without_rollcall() -> Done {
    let installed = Installed::start().await?;
    let people = shop::open_shop(&installed).await?;
    installed.apply(&installed.admin, &to_yaml(&[shop::always_open()])).await?;
    let operator = Operator::start(&installed, "one", &["--settle", "2s"]).await?;
    shop::old_version_runs(&installed, &people).await?;
    let recorder = Recorder::start(&installed).await?;
    nobody_answers(&installed, &people).await?;
    let (well, told) = run(&installed, &["release-all"]).await?;
    assert!(!well && told.contains("an operator still works"), "it would put back what is taken away: {told}");
    operator.stop().await?;

    lives_on(&installed, &people).await?;
    let leaked: Vec<String> = recorder
        .history()
        .iter()
        .filter(|v| v.kind == "Pod" && crate::support::recorder::tag(&v.object) != "1")
        .map(|v| v.name().to_owned())
        .collect();
    assert_eq!(leaked, Vec::<String>::new(), "no pod of a held version ever existed");
    goes(&installed, &people).await
}

/// A release waits for a team's word: whoever looks is told for whom.
async fn nobody_answers(installed: &Installed, people: &People) -> Done {
    installed.apply(&people.lena, &to_yaml(&[shop::release("checkout")])).await?;
    installed.apply(&people.flux, &to_yaml(&shop::manifests("2"))).await?;
    shop::complete_digest(installed, "checkout", "2").await?;
    let release = installed.get("coordinatedrelease", "releases", "checkout").await?.unwrap_or_default();
    assert!(blocker_codes(&release).contains(&"RC051".to_owned()));
    let table = installed.kubectl(&["get", "crel", "-n", "releases"]).await?;
    assert!(table.contains("has not signed as lead"), "it says who is waited for: {table}");
    let held = installed.get("deployment", "core", "api").await?.unwrap_or_default();
    assert_eq!(held["metadata"]["annotations"]["rollcall.dev/hold"], "policy");
    installed
        .until("the held object says that it is paused, which GitOps tools show", || async {
            let held = installed.get("deployment", "core", "api").await?.unwrap_or_default();
            let condition = crate::support::condition_of(&held, "Progressing");
            Ok(condition.is_some_and(|c| c["reason"] == "DeploymentPaused").then_some(()))
        })
        .await
}

/// With the operator down: scaling, a deleted pod, a drained node and an apply that ships nothing all work, on the
/// old version; and a newer version is held as well.
async fn lives_on(installed: &Installed, people: &People) -> Done {
    installed.kubectl(&["scale", "deployment/api", "-n", "core", "--replicas=6"]).await?;
    until_available(installed, 6).await?;
    let pods = installed.kubectl(&["get", "pods", "-n", "core", "-o", "name"]).await?;
    let first = pods.lines().next().ok_or("there are pods")?.to_owned();
    installed.kubectl(&["delete", "-n", "core", &first]).await?;
    until_available(installed, 6).await?;

    installed.kubectl(&["cordon", "node-0"]).await?;
    installed.kubectl(&["delete", "pods", "-n", "core", "--field-selector=spec.nodeName=node-0"]).await?;
    until_available(installed, 6).await?;
    let left = installed.kubectl(&["get", "pods", "-n", "core", "--field-selector=spec.nodeName=node-0", "-o", "name"]);
    assert_eq!(left.await?.trim(), "", "the node is empty");
    installed.kubectl(&["uncordon", "node-0"]).await?;

    let mut neutral = shop::deployment("core", "api", "core", "api", "2", 6);
    neutral["metadata"]["labels"]["tier"] = json!("front");
    installed.apply(&people.flux, &to_yaml(&[neutral])).await?;
    installed.apply(&people.flux, &to_yaml(&[shop::deployment("core", "api", "core", "api", "3", 6)])).await?;
    until_available(installed, 6).await?;
    let held = installed.get("deployment", "core", "api").await?.unwrap_or_default();
    assert_eq!((&held["spec"]["paused"], crate::support::recorder::tag(&held)), (&json!(true), "3"));
    Ok(())
}

async fn until_available(installed: &Installed, count: u32) -> Done {
    let what = format!("{count} pods of the old version are available");
    installed
        .until(&what, || async {
            let found = installed.get("deployment", "core", "api").await?.unwrap_or_default();
            let seen = found["status"]["observedGeneration"] == found["metadata"]["generation"];
            Ok((seen && found["status"]["availableReplicas"] == count && found["status"]["replicas"] == count)
                .then_some(()))
        })
        .await
}

/// Rollcall goes: looked at first, interrupted twice, finished; and what was held has rolled out.
async fn goes(installed: &Installed, people: &People) -> Done {
    let mut paused = shop::deployment("core", "paused", "core", "paused", "1", 1);
    paused["spec"]["paused"] = json!(true);
    installed.apply(&people.flux, &to_yaml(&[paused])).await?;
    // The operator's own Deployment, with pods that run nothing.
    let operator = deployment::operator(&Install::default());
    installed.apply(&installed.admin, &to_yaml(&operator)).await?;

    // What an administrator makes by hand under a name of rollcall's bears no label.
    installed.kubectl(&["create", "configmap", "rollcall-released", "-n", "core"]).await?;
    installed.kubectl(&["create", "configmap", "rollcall-stop", "-n", "rollcall-system"]).await?;

    let before = versions(installed).await?;
    let (well, told) = run(installed, &["uninstall", "--dry-run"]).await?;
    assert!(well, "{told}");
    for line in [
        "would let go Deployment core/api",
        "would delete CustomResourceDefinition teamreadinesses.rollcall.dev",
        "would stop Deployment rollcall-system/rollcall",
        "would delete ConfigMap core/rollcall-released",
        "would delete ConfigMap rollcall-system/rollcall-stop",
    ] {
        assert!(told.contains(line), "{line:?} is not in: {told}");
    }
    let (well, told) = run(installed, &["uninstall"]).await?;
    assert!(!well && told.contains("--yes"), "{told}");
    assert_eq!(versions(installed).await?, before, "nothing was changed");

    interrupted(installed, &["release-all"], "let go").await?;
    let told = interrupted(installed, &["uninstall", "--yes"], "delete CustomResourceDefinition").await?;
    assert!(!told.contains("delete Namespace"), "rights and namespace go last: {told}");
    super::leaves_nothing_behind(installed).await?;
    let (well, told) = run(installed, &["uninstall", "--yes"]).await?;
    assert!(well && told.contains("0 let go, 0 cleaned"), "once more does nothing: {told}");

    let api = installed.get("deployment", "core", "api").await?.unwrap_or_default();
    assert_eq!(crate::support::recorder::tag(&api), "3", "what was held last is what runs");
    assert!(api["spec"].get("paused").is_none(), "the field is gone, as if it had never been there");
    let paused = installed.get("deployment", "core", "paused").await?.unwrap_or_default();
    assert_eq!(paused["spec"]["paused"], true, "what its author had paused stays paused");
    let job = installed.get("job", "data", "ledger-migrate").await?.unwrap_or_default();
    assert_eq!(job["status"]["succeeded"], 1, "the held Job has run");
    traces::none(installed).await
}

/// The versions of what an uninstallation touches.
async fn versions(installed: &Installed) -> Done<Vec<String>> {
    let mut all = Vec::new();
    for (kind, namespace, name) in
        [("deployment", "core", "paused"), ("job", "data", "ledger-migrate"), ("teamreadiness", "core", "core")]
    {
        let found: Value = installed.get(kind, namespace, name).await?.unwrap_or_default();
        all.push(found["metadata"]["resourceVersion"].to_string());
    }
    all.push(installed.kubectl(&["get", "validatingadmissionpolicybindings", "-o", "name"]).await?);
    Ok(all)
}
