//! What surprises people about each kind, each as a test.

use serde_json::{Value, json};

use super::objects::{holds, of, settled, tag};
use crate::support::plan::{plan, release_named, shared};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, condition_of, namespace, shop, step_state};

/// A team with one workload of a kind, of which version 1 runs, and a release of it.
async fn under_way(stage: &Stage<'_>, team: &str, kind: &str, first: &Value) -> Done {
    let name = first["metadata"]["name"].as_str().unwrap_or_default();
    stage.apply(&[namespace(team), shop::team(team, &[(kind, name)])]).await?;
    stage.apply(std::slice::from_ref(first)).await?;
    let what = format!("version 1 of {kind} {name} runs");
    stage.until(&what, (kind, team, name), |w| !held(w) && (kind.ends_with("Job") || settled(w))).await?;
    stage.apply(&[plan(team, &[(name, team, (kind, name), &[])])]).await
}

/// Applies new content, which lands held, and signs for it.
async fn ship(stage: &Stage<'_>, team: &str, object: &Value, other_than: &str) -> Done<String> {
    stage.apply(std::slice::from_ref(object)).await?;
    let digest = stage.asked_for(team, other_than).await?;
    stage.sign(team, team, &digest).await?;
    Ok(digest)
}

/// The image tag of a pod that is there and not on its way out; empty if there is none.
async fn pod(stage: &Stage<'_>, team: &str, name: &str) -> Done<String> {
    let found = stage.read(("Pod", team, name)).await?;
    let image =
        found["spec"]["containers"][0]["image"].as_str().filter(|_| found["metadata"]["deletionTimestamp"].is_null());
    Ok(image.and_then(|i| i.rsplit(':').next()).unwrap_or_default().to_owned())
}

/// Deletes a pod and waits until another of the name is ready. Returns its version.
async fn replaced(stage: &Stage<'_>, team: &str, name: &str) -> Done<String> {
    let old = stage.read(("Pod", team, name)).await?["metadata"]["uid"].clone();
    stage.delete(("Pod", team, name)).await?;
    let ready = |p: &Value| {
        p["metadata"]["uid"].is_string() && p["metadata"]["uid"] != old && crate::support::recorder::ready(p)
    };
    stage.until("another pod is ready", ("Pod", team, name), ready).await?;
    pod(stage, team, name).await
}

fn message(release: &Value, step: &str) -> String {
    let steps = release["status"]["steps"].as_array().into_iter().flatten();
    let mut found = steps.filter(|s| s["name"] == step);
    found.next().and_then(|s| s["message"].as_str()).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_earlier_content_exceeded_is_not_held_against_what_is_let_go_now() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "trap-deadline";
    let version = |v: &str| {
        let mut object = of("Deployment", team, "api", v);
        object["spec"]["progressDeadlineSeconds"] = json!(3);
        object
    };
    under_way(&stage, team, "Deployment", &version("1")).await?;
    // The failure is to stay, so that something newer lands on top of it.
    stage.patch(release_named(team), json!({"spec": {"onFailure": "Halt"}})).await?;
    let bad = ship(&stage, team, &version("bad"), "").await?;
    stage.until("the bad version has failed", release_named(team), |r| step_state(r, "api") == "Failed").await?;
    stage.apply(&[version("3")]).await?;
    let fixed = stage.asked_for(team, &bad).await?;
    let stored = stage.read(("Deployment", team, "api")).await?;
    let progressing = condition_of(&stored, "Progressing").cloned().unwrap_or_default();
    assert_eq!(progressing["reason"], "ProgressDeadlineExceeded", "the hold has not wiped the old failure: {stored:#}");
    stage.sign(team, team, &fixed).await?;
    stage.completed(team).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_a_deployment_does_not_run_while_it_is_held() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "trap-held";
    let version = |v: &str| {
        let mut object = of("Deployment", team, "api", v);
        object["spec"]["progressDeadlineSeconds"] = json!(3);
        object
    };
    under_way(&stage, team, "Deployment", &version("1")).await?;
    stage.apply(&[version("2")]).await?;
    let digest = stage.asked_for(team, "").await?;
    let since = |t: &Value| t["status"]["workloads"][0]["heldSince"].as_str().and_then(|s| s.parse().ok());
    let named = ("TeamReadiness", team, team);
    let told = stage.until("the team says since when", named, |t| since(t).is_some()).await?;
    let long: chrono::DateTime<chrono::Utc> = since(&told).ok_or("held")?;
    let longer = || async { Ok((chrono::Utc::now() > long + chrono::TimeDelta::seconds(5)).then_some(())) };
    stage.installed.until("it is held for longer than its deadline", longer).await?;
    let stored = stage.read(("Deployment", team, "api")).await?;
    let progressing = condition_of(&stored, "Progressing").cloned().unwrap_or_default();
    assert_eq!([&progressing["status"], &progressing["reason"]], ["Unknown", "DeploymentPaused"], "{stored:#}");
    stage.sign(team, team, &digest).await?;
    stage.completed(team).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stateful_set_that_changes_midway_stands_still_and_a_lost_pod_comes_back_as_what_ran_before() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "trap-midway";
    let version = |v: &str, delay: &str| {
        let mut object = of("StatefulSet", team, "db", v);
        object["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/ready-delay": delay});
        object
    };
    under_way(&stage, team, "StatefulSet", &version("1", "0s")).await?;
    let second = ship(&stage, team, &version("2", "2h"), "").await?;
    stage.until("version 2 at its first pod", ("Pod", team, "db-1"), |p| tag_of(p) == "2").await?;
    stage.until("the release sees it", release_named(team), |r| step_state(r, "db") == "Progressing").await?;
    stage.apply(&[version("3", "0s")]).await?;
    let third = stage.asked_for(team, &second).await?;
    let told = stage.read(release_named(team)).await?;
    assert_eq!(step_state(&told, "db"), "Waiting");
    assert!(message(&told, "db").contains("changed while it was rolling out"), "{told:#}");
    assert_eq!([pod(&stage, team, "db-0").await?, pod(&stage, team, "db-1").await?], ["1", "2"], "it stands still");
    assert_eq!(replaced(&stage, team, "db-1").await?, "1", "neither what it ran nor what is held");
    stage.sign(team, team, &third).await?;
    stage.completed(team).await?;
    assert_eq!([pod(&stage, team, "db-0").await?, pod(&stage, team, "db-1").await?], ["3", "3"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_stateful_set_looks_finished_to_kubectl_keeps_its_version_and_one_that_is_stuck_says_what_to_do() -> Done
{
    let installed = shared().await?;
    let stage = Stage::on(installed).await?;
    let team = "trap-stateful";
    let set = ("StatefulSet", team, "db");
    under_way(&stage, team, "StatefulSet", &of("StatefulSet", team, "db", "1")).await?;
    stage.apply(&[of("StatefulSet", team, "db", "bad")]).await?;
    let bad = stage.asked_for(team, "").await?;

    // Its controller calls a partition that lets nothing go complete; rollcall does not.
    installed.kubectl(&["rollout", "status", "statefulset/db", "-n", team, "--timeout=5s"]).await?;
    let waiting = stage.read(release_named(team)).await?;
    assert_eq!(step_state(&waiting, "db"), "Waiting", "{waiting:#}");
    assert_eq!(waiting["status"]["steps"][0]["strength"], "UpdatesOnly");
    assert_eq!(replaced(&stage, team, "db-0").await?, "1", "a pod that is lost while it is held");
    installed.kubectl(&["scale", "statefulset/db", "-n", team, "--replicas=3"]).await?;
    stage.until("a third pod", ("Pod", team, "db-2"), crate::support::recorder::ready).await?;
    assert_eq!(pod(&stage, team, "db-2").await?, "1", "a pod that is added while it is held");
    assert!(holds(&stage.read(set).await?));

    // The bad version goes and gets stuck at its first pod; so does the one after it, until somebody deletes that pod.
    stage.sign(team, team, &bad).await?;
    stage.until("the bad version at its first pod", ("Pod", team, "db-2"), |p| tag_of(p) == "bad").await?;
    let mut fixed = of("StatefulSet", team, "db", "3");
    fixed["spec"]["replicas"] = json!(3);
    ship(&stage, team, &fixed, &bad).await?;
    stage.until("the fixed version is let go", set, |s| !held(s) && tag(s) == "3").await?;
    let stuck = |r: &Value| message(r, "db").contains("until it is deleted");
    stage.until("the release says what keeps it", release_named(team), stuck).await?;
    assert_eq!(pod(&stage, team, "db-2").await?, "bad");
    stage.delete(("Pod", team, "db-2")).await?;
    stage.completed(team).await?;
    assert_eq!(pod(&stage, team, "db-0").await?, "3");
    Ok(())
}

fn tag_of(pod: &Value) -> &str {
    pod["spec"]["containers"][0]["image"].as_str().and_then(|i| i.rsplit(':').next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_daemon_set_leaks_through_pods_that_are_created_meanwhile_and_its_release_says_best_effort() -> Done {
    let installed = shared().await?;
    let stage = Stage::on(installed).await?;
    let team = "trap-daemon";
    under_way(&stage, team, "DaemonSet", &of("DaemonSet", team, "log", "1")).await?;
    stage.apply(&[of("DaemonSet", team, "log", "2")]).await?;
    stage.asked_for(team, "").await?;
    let release = stage.until_condition(release_named(team), ["HoldEnforced", "True", "BestEffort"]).await?;
    assert_eq!(release["status"]["steps"][0]["strength"], "BestEffort");
    let said = condition_of(&release, "HoldEnforced").map(|c| c["message"].to_string()).unwrap_or_default();
    assert!(said.contains("DaemonSet trap-daemon/log"), "{said}");

    let status = installed.kubectl(&["rollout", "status", "daemonset/log", "-n", team, "--timeout=5s"]).await;
    assert!(
        status.is_err_and(|e| e.to_string().contains("RollingUpdate")),
        "kubectl has no status of a held DaemonSet"
    );
    let pods = stage.list("Pod", team).await?;
    assert!(pods.len() > 1 && pods.iter().all(|p| tag_of(p) == "1"), "nothing moves by itself: {}", pods.len());
    let first = pods[0]["metadata"]["name"].as_str().unwrap_or_default();
    stage.delete(("Pod", team, first)).await?;
    let leaked = || async {
        let pods = stage.list("Pod", team).await?;
        Ok(pods.iter().any(|p| tag_of(p) == "2").then_some(()))
    };
    stage.installed.until("the pod that replaces it is of the held version", leaked).await?;
    let found = stage.read(release_named(team)).await?;
    assert_eq!(step_state(&found, "log"), "Waiting", "a leak is no release");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_cron_job_does_not_run_at_all_and_catches_up_on_a_missed_run_as_soon_as_it_is_let_go() -> Done {
    let installed = shared().await?;
    let stage = Stage::on(installed).await?;
    let team = "trap-cron";
    let version = |v: &str| {
        let mut object = of("CronJob", team, "nightly", v);
        object["spec"]["schedule"] = json!("*/5 * * * *");
        object
    };
    // Another one is not to start when it is late, and is due again in half an hour.
    let late = |v: &str| {
        let mut object = of("CronJob", team, "punctual", v);
        let minute = (chrono::Utc::now() + chrono::TimeDelta::minutes(30)).format("%-M * * * *").to_string();
        object["spec"]["schedule"] = json!(minute);
        object["spec"]["startingDeadlineSeconds"] = json!(10);
        object
    };
    stage.apply(&[namespace(team), shop::team(team, &[("CronJob", "nightly"), ("CronJob", "punctual")])]).await?;
    stage.apply(&[version("1"), late("1")]).await?;
    for name in ["nightly", "punctual"] {
        stage.until("version 1 is let go", ("CronJob", team, name), |c| !held(c)).await?;
    }
    let both = ["nightly", "punctual"].map(|name| (name, team, ("CronJob", name), &[][..]));
    stage.apply(&[plan(team, &both), version("2"), late("2")]).await?;
    let digest = stage.asked_for(team, "").await?;
    let stored = stage.read(("CronJob", team, "nightly")).await?;
    assert!(holds(&stored), "{stored:#}");
    // As if it had been held for half an hour.
    let missed = (chrono::Utc::now() - chrono::TimeDelta::minutes(30)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let patch = json!({"status": {"lastScheduleTime": missed}}).to_string();
    for name in ["nightly", "punctual"] {
        let args = ["patch", "cronjob", name, "-n", team, "--subresource=status", "--type=merge", "-p", &patch];
        installed.kubectl(&args).await?;
    }
    assert!(stage.list("Job", team).await?.is_empty(), "the old version does not run either");
    let release = stage.read(release_named(team)).await?;
    assert_eq!(release["status"]["steps"][0]["strength"], "Interrupting");

    let before = chrono::Utc::now();
    stage.sign(team, team, &digest).await?;
    let caught_up = |r: &Value| {
        step_state(r, "nightly") == "Done"
            && step_state(r, "punctual") == "Progressing"
            && message(r, "punctual").contains("its next run has yet to come")
    };
    stage.until("one has caught up, the other waits for its time", release_named(team), caught_up).await?;
    assert!(!holds(&stage.read(("CronJob", team, "punctual")).await?));
    let jobs = stage.list("Job", team).await?;
    assert_eq!(jobs.len(), 1, "what is too late does not start: {jobs:#?}");
    assert_eq!(jobs[0]["metadata"]["ownerReferences"][0]["name"], "nightly");
    let due = jobs[0]["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"].as_str();
    let due: chrono::DateTime<chrono::Utc> = due.unwrap_or_default().parse()?;
    assert!(due < before, "the run was due at {due}, before it was let go");
    assert_eq!(tag(&jobs[0]), "2", "and it is of the new version");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_another_controller_starts_is_refused_with_the_reason() -> Done {
    let stage = Stage::on(shared().await?).await?;
    let team = "trap-queue";
    stage.apply(&[namespace(team), shop::team(team, &[("Job", "migrate")])]).await?;
    let mut job = of("Job", team, "migrate", "1");
    job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = json!("main");
    // As Kueue's own webhook stores it.
    job["spec"]["suspend"] = json!(true);
    stage.apply(&[job, plan(team, &[("migrate", team, ("Job", "migrate"), &[])])]).await?;
    let release = stage.until_condition(release_named(team), ["HoldEnforced", "False", "OwnedElsewhere"]).await?;
    let said = condition_of(&release, "HoldEnforced").map(|c| c["message"].to_string()).unwrap_or_default();
    assert!(said.contains("Kueue decides when this Job runs"), "{said}");
    let stalled = condition_of(&release, "Stalled").map(|c| c["reason"].clone());
    assert_eq!(stalled, Some(json!("OwnedElsewhere")), "a person must act");
    let refused = |t: &Value| t["status"]["workloads"][0]["state"] == "NotSupported";
    let seen = stage.until("the team says so too", ("TeamReadiness", team, team), refused).await?;
    assert!(seen["status"]["workloads"][0]["message"].to_string().contains("Kueue"), "{seen:#}");
    Ok(())
}
