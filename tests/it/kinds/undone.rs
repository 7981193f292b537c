//! Each kind on its way back with its release: let go, failed, and what ran before runs again. A Job stays.

use serde_json::{Value, json};

use super::objects::{ALL, holds, is_overdue, of, settled, tag};
use super::rollout::running;
use crate::support::plan::{PlannedStep, plan, release_named, shared};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, namespace, shop, step_state};

const TEAM: &str = "kinds-back";
/// What fails, each with its own release, and how that is said.
const FAILING: [(&str, &str, &str); 4] = [
    ("Deployment", "api", "has timed out progressing"),
    ("StatefulSet", "db", "not done within 15 s"),
    ("DaemonSet", "log", "not done within 15 s"),
    ("CronJob", "nightly", "Job nightly-"),
];

async fn version_1_runs(stage: &Stage<'_>) -> Done {
    stage.apply(&[namespace(TEAM), shop::team(TEAM, &ALL)]).await?;
    for (kind, name, _) in FAILING {
        stage.apply(&[of(kind, TEAM, name, "1")]).await?;
    }
    is_overdue(stage, TEAM, chrono::TimeDelta::days(700)).await?;
    for (kind, name, _) in FAILING {
        let runs = |w: &Value| !held(w) && (kind == "CronJob" || settled(w));
        stage.until(&format!("version 1 of {kind} {name} runs"), (kind, TEAM, name), runs).await?;
    }
    let has_run = || async {
        let jobs = stage.list("Job", TEAM).await?;
        Ok(jobs.iter().any(|j| tag(j) == "1" && j["status"]["succeeded"] == 1).then_some(()))
    };
    stage.installed.until("version 1 of the CronJob has run", has_run).await
}

fn release(name: &str) -> String {
    format!("back-{name}")
}

/// One release for each of them; that of the Deployment begins with a Job.
fn plans() -> Vec<Value> {
    let all = FAILING.map(|(kind, name, _)| {
        let own: PlannedStep<'_> = (name, TEAM, (kind, name), &["migrate"][..]);
        let job: PlannedStep<'_> = ("migrate", TEAM, ("Job", "migrate"), &[]);
        let alone: PlannedStep<'_> = (name, TEAM, (kind, name), &[]);
        let mut plan =
            if kind == "Deployment" { plan(&release(name), &[job, own]) } else { plan(&release(name), &[alone]) };
        for step in plan["spec"]["steps"].as_array_mut().expect("steps") {
            // Of StatefulSets and DaemonSets nobody but the clock says that they have failed.
            if matches!(step["name"].as_str(), Some("db" | "log")) {
                step["timeout"] = json!("15s");
            }
        }
        plan
    });
    all.to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_that_fails_goes_back_to_what_ran_and_a_job_is_said_to_stay() -> Done {
    let stage = Stage::on(shared().await?).await?;
    version_1_runs(&stage).await?;
    stage.apply(&plans()).await?;
    one_version_never_goes(&stage).await?;
    let mut next = Vec::new();
    next.extend(FAILING.map(|(kind, name, _)| of(kind, TEAM, name, "bad")));
    next.push(of("Job", TEAM, "migrate", "2"));
    stage.apply(&next).await?;
    is_overdue(&stage, TEAM, chrono::TimeDelta::minutes(3)).await?;
    let mut words = Vec::new();
    for (_, name, _) in FAILING {
        let digest = stage.asked_for(&release(name), "").await?;
        let release = format!("releases/{}", release(name));
        words.push(json!({"release": release, "role": "lead", "decision": "Go", "digest": digest}));
    }
    stage.patch(("TeamReadiness", TEAM, TEAM), json!({"spec": {"signOffs": words}})).await?;
    tokio::try_join!(is_back(&stage, 0), a_stuck_pod_is_deleted(&stage), is_back(&stage, 2), is_back(&stage, 3))?;
    a_job_stays(&stage).await?;

    // Git brings the bad version of each again: it is held, and the team is told why.
    stage.apply(&FAILING.map(|(kind, name, _)| of(kind, TEAM, name, "bad"))).await?;
    let because = "rolled back from exactly this content";
    let says = |t: &Value| t["status"]["workloads"].to_string().matches(because).count() == FAILING.len();
    stage.until("the team says why each is held", ("TeamReadiness", TEAM, TEAM), says).await?;
    for (kind, name, _) in FAILING {
        let stored = stage.read((kind, TEAM, name)).await?;
        assert!(held(&stored) && holds(&stored) && tag(&stored) == "bad", "{kind}: {stored:#}");
    }
    Ok(())
}

/// A version is stored, held, and replaced before anything of it goes. Its controllers have made revisions of it.
async fn one_version_never_goes(stage: &Stage<'_>) -> Done {
    stage.apply(&FAILING.map(|(kind, name, _)| of(kind, TEAM, name, "between"))).await?;
    for (kind, name, _) in FAILING {
        let is_held = |w: &Value| held(w) && tag(w) == "between";
        stage.until(&format!("{kind} {name} is held"), (kind, TEAM, name), is_held).await?;
    }
    let kept = || async {
        let all = stage.list("ControllerRevision", TEAM).await?;
        let of_it = all.iter().filter(|r| r["data"]["spec"]["template"].to_string().contains(":between"));
        Ok((of_it.count() == 2).then_some(()))
    };
    stage.installed.until("the StatefulSet and the DaemonSet have a revision of it", kept).await
}

/// It has failed, and what ran before runs: nothing is held or pinned.
async fn is_back(stage: &Stage<'_>, which: usize) -> Done {
    let (kind, name, why) = FAILING[which];
    let release = release(name);
    let ended = stage.until_condition(release_named(&release), ["Ready", "False", "RolledBack"]).await?;
    assert_eq!(step_state(&ended, name), "RolledBack", "{kind}");
    let cause = ended["status"]["rollback"]["cause"].to_string();
    assert!(cause.contains(why), "{kind}: {cause}");
    let back = stage.read((kind, TEAM, name)).await?;
    assert!(tag(&back) == "1" && !held(&back) && !holds(&back), "{kind}: {back:#}");
    let notes = &back["metadata"]["annotations"];
    assert!(
        notes["rollcall.dev/rollback"].is_null() && notes["rollcall.dev/rolled-back"].is_string(),
        "{kind}: {notes:#}"
    );
    if kind == "Deployment" {
        let sets = stage.list("ReplicaSet", TEAM).await?;
        assert_eq!(sets.len(), 2, "it is the former ReplicaSet itself that serves again: {sets:#?}");
    }
    if kind != "CronJob" {
        stage.until("nothing is left to do", (kind, TEAM, name), settled).await?;
        assert_eq!(running(stage, TEAM, name).await?, ["1"], "{kind}");
    }
    Ok(())
}

/// A StatefulSet does not replace a pod that is broken, not even by the former version, until somebody deletes it.
async fn a_stuck_pod_is_deleted(stage: &Stage<'_>) -> Done {
    let (kind, name, _) = FAILING[1];
    let stuck = |r: &Value| {
        let steps = r["status"]["steps"].as_array().into_iter().flatten();
        let mut own = steps.filter(|s| s["name"] == name);
        r["status"]["rollback"].is_object() && own.any(|s| s["message"].to_string().contains("until it is deleted"))
    };
    stage.until("the release says what keeps it", release_named(&release(name)), stuck).await?;
    let stored = stage.read((kind, TEAM, name)).await?;
    assert_eq!(tag(&stored), "1", "the former version is stored");
    assert_eq!(running(stage, TEAM, name).await?, ["1", "bad"]);
    stage.delete(("Pod", TEAM, "db-1")).await?;
    is_back(stage, 1).await
}

async fn a_job_stays(stage: &Stage<'_>) -> Done {
    let release = release("api");
    let ended = stage.read(release_named(&release)).await?;
    let blockers = ended["status"]["blockers"].as_array().into_iter().flatten();
    let stays: Vec<&Value> = blockers.filter(|b| b["step"] == "migrate" && b["code"] == "RC096").collect();
    assert!(stays.len() == 1 && stays[0]["message"].to_string().contains("Job"), "{ended:#}");
    let job = stage.read(("Job", TEAM, "migrate")).await?;
    assert_eq!((tag(&job), &job["status"]["succeeded"]), ("2", &json!(1)));
    Ok(())
}
