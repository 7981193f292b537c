//! The installation that tests share, and what they put on it: teams that exist for one test only, releases
//! of their workloads, freezes around the present instant.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::operator::Operator;
use super::recorder::{held, tag};
use super::stage::{Named, Stage};
use super::{Done, Installed, blocker_codes, namespace, shop};

/// The settle time of the shared operator, in whole seconds.
pub const SETTLE: i64 = 3;

struct Shared {
    installed: Installed,
    _operator: Operator,
}

/// One installation with one operator for all tests that use teams of their own. It ends with the process.
pub async fn shared() -> Done<&'static Installed> {
    static SHARED: OnceCell<Result<Shared, String>> = OnceCell::const_new();
    let start = || async {
        let installed = Installed::start().await?;
        let settle = format!("{SETTLE}s");
        let args = ["--settle", settle.as_str(), "--no-leader-election"];
        let operator = Operator::start(&installed, "shared", &args).await?;
        let namespaces = rollcall::manifests::to_yaml(&[namespace("releases")]);
        installed.apply(&installed.admin, &namespaces).await?;
        Done::Ok(Shared { installed, _operator: operator })
    };
    let started = SHARED.get_or_init(|| async { start().await.map_err(|e| e.to_string()) }).await;
    Ok(&started.as_ref().map_err(Clone::clone)?.installed)
}

/// A team in a namespace of its own, both of this name, which lists these Deployments.
pub fn own_team(name: &str, deployments: &[&str]) -> Vec<Value> {
    let workloads: Vec<(&str, &str)> = deployments.iter().map(|d| ("Deployment", *d)).collect();
    vec![namespace(name), shop::team(name, &workloads)]
}

/// A Deployment of a team, in the team's namespace. The app's label is the Deployment's name.
pub fn app(team: &str, name: &str, version: &str) -> Value {
    shop::deployment(team, name, team, name, version, 2)
}

/// A step: its name, its team, its workload and the steps before it.
pub type PlannedStep<'a> = (&'a str, &'a str, (&'a str, &'a str), &'a [&'a str]);

/// A release of these steps.
pub fn plan(name: &str, steps: &[PlannedStep<'_>]) -> Value {
    let mut teams: Vec<&str> = steps.iter().map(|(_, team, ..)| *team).collect();
    teams.dedup();
    let participants: Vec<Value> = teams
        .iter()
        .map(|team| json!({"name": team, "team": {"namespace": team, "name": team}, "role": "Required", "responsibility": "Watch it"}))
        .collect();
    let steps: Vec<Value> = steps
        .iter()
        .map(|(step, team, (kind, workload), before)| json!({"name": step, "participant": team, "workload": {"kind": kind, "name": workload}, "dependsOn": before, "estimate": "1m"}))
        .collect();
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "CoordinatedRelease",
        "metadata": {"namespace": "releases", "name": name},
        "spec": {"owner": {"name": "Lena", "contact": "#releases"}, "participants": participants, "steps": steps}})
}

/// Puts a person's task between the two steps of a plan: how long a test needs for what happens in between is then its
/// own affair.
pub fn with_a_look_between(plan: &mut Value) {
    let steps = &mut plan["spec"]["steps"];
    let look = json!({"name": "look", "participant": steps[0]["participant"], "task": "look at it", "dependsOn": [steps[0]["name"]]});
    steps[1]["dependsOn"] = json!(["look"]);
    if let Some(steps) = steps.as_array_mut() {
        steps.insert(1, look);
    }
}

/// A Freeze of one team, in its own namespace, from a minute ago until an instant.
pub fn freeze(team: &str, until: DateTime<Utc>) -> Value {
    let wall = |t: DateTime<Utc>| t.format("%Y-%m-%dT%H:%M:%S").to_string();
    let mut freeze = shop::freeze("quiet", &wall(Utc::now() - TimeDelta::minutes(1)), &wall(until));
    freeze["metadata"]["namespace"] = json!(team);
    if let Some(spec) = freeze["spec"].as_object_mut() {
        spec.remove("namespaceSelector");
    }
    freeze
}

/// An instant so many seconds from now, in whole seconds.
pub fn soon(seconds: i64) -> DateTime<Utc> {
    let at = Utc::now() + TimeDelta::seconds(seconds);
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

pub fn release_named(name: &str) -> Named<'_> {
    ("CoordinatedRelease", "releases", name)
}

/// The instant at which the API server stored an object first.
pub fn created(object: &Value) -> DateTime<Utc> {
    let text = object["metadata"]["creationTimestamp"].as_str();
    text.and_then(|t| t.parse().ok()).unwrap_or_default()
}

impl Stage<'_> {
    /// Waits until a version of a Deployment runs completely, and nothing else of it does.
    pub async fn runs(&self, team: &str, name: &str, version: &str) -> Done<Value> {
        let what = format!("version {version} of {team}/{name} runs");
        self.until(&what, ("Deployment", team, name), |d| {
            let status = &d["status"];
            let all = &d["spec"]["replicas"];
            !held(d)
                && tag(d) == version
                && status["observedGeneration"] == d["metadata"]["generation"]
                && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|f| status[f] == *all)
        })
        .await
    }

    /// Waits until rollcall has seen which content of a team's Deployment is held, and returns that team.
    pub async fn seen_held(&self, team: &str, name: &str, other_than: &str) -> Done<String> {
        let entry = |t: &Value| {
            let all = t["status"]["workloads"].as_array();
            let found = all.into_iter().flatten().find(|w| w["name"] == name);
            found.and_then(|w| w["heldTemplate"].as_str().map(str::to_owned))
        };
        let what = format!("rollcall has seen the held change of {name}");
        let found =
            self.until(&what, ("TeamReadiness", team, team), |t| entry(t).is_some_and(|e| e != other_than)).await?;
        Ok(entry(&found).unwrap_or_default())
    }

    /// Says Go or NoGo for a team, as one of its people. Returns the store's version of that word.
    pub async fn say(&self, team: &str, release: &str, digest: &str, word: [&str; 2]) -> Done<u64> {
        let sign_off = json!([{"release": format!("releases/{release}"), "role": "lead", "decision": word[0], "digest": digest, "reason": word[1]}]);
        let change = json!({"spec": {"signOffs": sign_off}});
        let stored = self.patch(("TeamReadiness", team, team), change).await?;
        Ok(super::recorder::version(&stored))
    }

    pub async fn sign(&self, team: &str, release: &str, digest: &str) -> Done<u64> {
        self.say(team, release, digest, ["Go", "looks good"]).await
    }

    /// As [`Self::asked`], of a release in the namespace `releases`.
    pub async fn asked_for(&self, release: &str, other_than: &str) -> Done<String> {
        self.asked(release_named(release), other_than).await
    }

    /// Waits until nothing but words and order keeps a release, and returns the digest that it asks for.
    pub async fn asked(&self, release: Named<'_>, other_than: &str) -> Done<String> {
        let digest = |r: &Value| r["status"]["digest"].as_str().unwrap_or_default().to_owned();
        let what = "only words and order are missing";
        let found = self
            .until(what, release, |r| {
                let codes = blocker_codes(r);
                let words = codes.iter().any(|c| c.starts_with("RC05"));
                words
                    && codes.iter().all(|c| c.starts_with("RC05") || c.starts_with("RC07"))
                    && r["status"]["observedGeneration"] == r["metadata"]["generation"]
                    && digest(r) != other_than
            })
            .await?;
        Ok(digest(&found))
    }

    /// Somebody of a team says that the task `look` of a release is done.
    pub async fn looked(&self, team: &str, release: &str) -> Done<()> {
        let digest = self.read(release_named(release)).await?["status"]["digest"].clone();
        let done = json!([{"release": format!("releases/{release}"), "step": "look", "digest": digest}]);
        self.patch(("TeamReadiness", team, team), json!({"spec": {"tasksDone": done}})).await?;
        let by = |r: &Value| {
            let all = r["status"]["steps"].as_array().into_iter().flatten();
            all.filter(|s| s["name"] == "look").any(|s| s["doneBy"] == "admin")
        };
        self.until("it is recorded who did the task", release_named(release), by).await?;
        Ok(())
    }

    /// Waits until a release is complete.
    pub async fn completed(&self, release: &str) -> Done<Value> {
        self.until_condition(release_named(release), ["Ready", "True", "Completed"]).await
    }
}
