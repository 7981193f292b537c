//! What people, other controllers and administrators do in a story beside the everyday.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rollcall::uninstall::{Run, remove, stop_holding, stop_operator, sweep};
use serde_json::{Value, json};
use simapi::{Access, Authorizer, Lookup, User, Verb};

use crate::manifests::{installed, merge, named};
use crate::play::{LIMIT, Player};
use crate::sim::installed::PeopleMayEverything;
use crate::sim::{OPERATOR, Sim};
use crate::story::Does;
use crate::support::shop;

/// Who may what in stories: people may everything, but that only those on call may override, that a check controller
/// answers in its own name, and that whoever has lost every right may only read.
#[derive(Clone, Default)]
pub struct Rights {
    lost: Arc<Mutex<BTreeSet<String>>>,
}

impl Authorizer for Rights {
    fn allows(&self, access: &Access<'_>, stored: &dyn Lookup) -> bool {
        let user = &access.user.name;
        let reads = ["get", "list", "watch"].contains(&access.verb);
        let lost = self.lost.lock().expect("held for a moment only").contains(user);
        let person = user != OPERATOR;
        match access.verb {
            _ if lost && !reads => false,
            "override" if person => user.starts_with("oncall-"),
            "answer" if person => access.name == *user,
            _ => PeopleMayEverything.allows(access, stored),
        }
    }
}

impl Rights {
    pub fn given(&self, who: &str, all: bool) {
        let mut lost = self.lost.lock().expect("held for a moment only");
        if all {
            lost.remove(who)
        } else {
            lost.insert(who.to_owned())
        };
    }
}

impl Player {
    /// Who has given a word for content that has changed since gives it again, and so does who answered a check.
    pub fn looks_again(&self) {
        for (who, team, release) in self.words.iter().filter(|_| self.persistent) {
            let Some(found) = self.sim.look_at("coordinatedreleases", "releases", release) else { continue };
            let current = &found.value["status"]["digest"];
            let found = self.sim.look_at("teamreadinesses", team, team);
            let mut words = found.iter().flat_map(|o| o.value["spec"]["signOffs"].as_array()).flatten();
            let given = words.find(|w| w["release"] == format!("releases/{release}").as_str());
            if current.is_string() && given.is_none_or(|w| w["digest"] != *current) {
                let _ = self.signs(who, team, release, true, None);
            }
        }
        self.answers.iter().filter(|_| self.persistent).for_each(|answer| answer.is_given_again(&self.sim));
    }

    pub fn signs(&self, who: &str, team: &str, release: &str, go: bool, digest: Option<&str>) -> Result<(), String> {
        let current = self.sim.release(release)["status"]["digest"].as_str().unwrap_or_default().to_owned();
        let mut word = json!({"release": format!("releases/{release}"), "role": "lead",
            "decision": if go { "Go" } else { "NoGo" }, "digest": digest.map_or(current, str::to_owned)});
        if !go {
            word["reason"] = "not today".into();
        }
        let mut object = self.sim.get("teamreadinesses", team, team).ok_or("no such team")?;
        let mut words = object["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
        let same = |w: &&Value| ["release", "decision", "digest"].iter().all(|field| w[field] == word[field]);
        if let Some(old) = words.iter().find(same) {
            word["renewal"] = (old["renewal"].as_u64().unwrap_or_default() + 1).into();
        }
        words.retain(|w| w["release"] != word["release"]);
        words.push(word);
        object["spec"]["signOffs"] = words.into();
        self.sim.user(who).replace(&object).map(drop).map_err(|f| f.message().to_owned())
    }

    /// What is not done every day.
    pub async fn seldom(&mut self, does: &Does) -> Result<(), String> {
        let sim = self.sim.clone();
        let said = |failure: simapi::Failure| failure.message().to_owned();
        match does {
            Does::AppliesOne { who, kind, namespace, name, version, with } => {
                let mut manifest = made(kind, namespace, name, version)?;
                merge(&mut manifest, with);
                self.apply(&sim.user(who), &manifest).await.map_err(said)
            }
            Does::Rights { who, all } => {
                self.rights.given(who, *all);
                Ok(())
            }
            Does::Tells { who, team, step, release } => done(&sim, who, team, step, release),
            Does::Answers { who, team, check, status, with } => {
                let answer = Answer::new([who, team, check, status], with);
                self.answers.retain(|other| !other.is_of_the_same(&answer));
                let given = answer.is_given(&sim);
                self.answers.push(answer);
                given
            }
            Does::Mends { who, namespace, name } => mends(&sim, who, namespace, name),
            Does::Evicts { who, namespace, name } => {
                let pod = pods(&sim, namespace, name).into_iter().next().ok_or("there is no pod")?;
                sim.user(who).delete(&pod).map(drop).map_err(said)
            }
            Does::Says { release, code } => {
                let says = |s: &Sim| crate::support::blocker_codes(&s.release(release)).contains(code);
                self.waits(&format!("{release} says {code}"), says).await;
                Ok(())
            }
            Does::Restores { who, name } => {
                installed(name).iter().for_each(|object| drop(sim.user(who).create(object)));
                Ok(())
            }
            Does::Stored { kind, namespace, name, with } => {
                let mut patch = with.clone();
                merge(&mut patch, &named(kind, namespace, name)?);
                sim.user("admin").patch(&patch).map(drop).map_err(said)
            }
            Does::Uninstalls { who } => self.uninstalls(who).await,
            other => Err(format!("nobody can do this: {other:?}")),
        }
    }

    /// As `rollcall uninstall` does. Whoever gets no answer gives it up and does it again.
    async fn uninstalls(&mut self, who: &str) -> Result<(), String> {
        let told = Mutex::new(Vec::new());
        let tell = |line: &str| told.lock().expect("held for a moment only").push(line.to_owned());
        let client = self.sim.server.client(User::new(who).within("system:masters"));
        let operator = self.sim.server.client(User::service_account("rollcall-system", "rollcall"));
        let run = Run { client, as_operator: Some(operator), dry_run: false, tell: &tell };
        let cast = self.cast.clone();
        let whole = || async {
            cast.is_taken_away().await;
            stop_operator(&run, "rollcall-system").await?;
            stop_holding(&run).await?;
            sweep(&run, &[]).await?;
            remove(&run, "rollcall-system", false).await
        };
        let mut outcome = Err("nobody got an answer".to_owned());
        for _ in 0..ATTEMPTS {
            if let Ok(done) = tokio::time::timeout(LIMIT, whole()).await {
                outcome = done.map_err(|error| error.to_string());
                break;
            }
        }
        for line in gathered(&told.into_inner().expect("held for a moment only")) {
            self.told.also(&self.sim, &line);
        }
        outcome?;
        let left = traces(&self.sim);
        if left.is_empty() {
            self.told.also(&self.sim, "nothing of rollcall is left on anybody's objects");
        } else {
            self.missed.push(format!("uninstalled, and left are {}", left.join(", ")));
        }
        Ok(())
    }
}

/// How often somebody who gets no answer tries.
const ATTEMPTS: usize = 4;

/// What is deleted by the dozen is told by its kind.
fn gathered(lines: &[String]) -> Vec<String> {
    let kind = |line: &str| line.strip_prefix("delete ").and_then(|l| l.split(' ').next()).map(str::to_owned);
    let mut all: Vec<String> = Vec::new();
    for group in lines.chunk_by(|a, b| kind(a).is_some() && kind(a) == kind(b)) {
        match (kind(&group[0]), group.len()) {
            (Some(kind), n) if n > 1 => all.push(format!("delete {kind}: {n} objects")),
            _ => all.extend(group.iter().cloned()),
        }
    }
    all
}

/// Objects of others on which there is still something of rollcall's. (Its own kinds go with their definitions, which
/// this server has from its beginning.)
fn traces(sim: &Sim) -> Vec<String> {
    let ours = |object: &Value| {
        let meta = &object["metadata"];
        let named = |map: &Value| map.as_object().is_some_and(|m| m.keys().any(|k| k.starts_with("rollcall.dev/")));
        named(&meta["annotations"]) || named(&meta["labels"]) || meta["finalizers"].to_string().contains("rollcall")
    };
    let all = sim.server.everything();
    let own = |o: &Value| o["apiVersion"].to_string().contains("rollcall.dev");
    let left = all.iter().filter(|o| ours(&o.value) && !own(&o.value));
    left.map(|o| format!("{} {}", o.value["kind"], o.value["metadata"]["name"]).replace('"', "")).collect()
}

/// A workload of its own namespace's team.
fn made(kind: &str, namespace: &str, name: &str, version: &str) -> Result<Value, String> {
    let mut object = shop::deployment(namespace, name, namespace, name, version, 2);
    object["kind"] = named(kind, namespace, name)?["kind"].clone();
    let template = object["spec"]["template"].clone();
    match kind {
        "deployment" => {}
        "statefulset" | "daemonset" => {
            let spec = object["spec"].as_object_mut().ok_or("a spec")?;
            spec.remove("progressDeadlineSeconds");
            if kind == "daemonset" {
                spec.remove("replicas");
            } else {
                spec.insert("serviceName".into(), name.into());
            }
        }
        "job" => object = shop::job(namespace, name, namespace, version),
        "cronjob" => {
            let job = shop::job(namespace, name, namespace, version)["spec"].clone();
            object["apiVersion"] = "batch/v1".into();
            object["spec"] = json!({"schedule": "0 3 * * *", "jobTemplate": {"spec": job}});
        }
        other => return Err(format!("no workload: {other}, {template}")),
    }
    Ok(object)
}

/// Says that a task is done, for what the release would ship now.
fn done(sim: &Sim, who: &str, team: &str, step: &str, release: &str) -> Result<(), String> {
    let digest = sim.release(release)["status"]["digest"].clone();
    let word = json!({"release": format!("releases/{release}"), "step": step, "digest": digest});
    let mut object = sim.get("teamreadinesses", team, team).ok_or("no such team")?;
    let mut words = object["spec"]["tasksDone"].as_array().cloned().unwrap_or_default();
    words.retain(|w| w["release"] != word["release"] || w["step"] != word["step"]);
    words.push(word);
    object["spec"]["tasksDone"] = words.into();
    sim.user(who).replace(&object).map(drop).map_err(|f| f.message().to_owned())
}

/// A check controller's answer: the condition `Check/<name>`, at the team's generation.
pub struct Answer {
    who: String,
    team: String,
    check: String,
    status: String,
    with: Value,
}

impl Answer {
    fn new(texts: [&String; 4], with: &Value) -> Self {
        let [who, team, check, status] = texts.map(Clone::clone);
        Self { who, team, check, status, with: with.clone() }
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.team, &self.check) == (&other.team, &other.check)
    }

    fn is_given(&self, sim: &Sim) -> Result<(), String> {
        let mut object = sim.get("teamreadinesses", &self.team, &self.team).ok_or("no such team")?;
        let kind = format!("Check/{}", self.check);
        let mut condition = json!({"type": kind, "status": self.status, "reason": "Asked", "message": "",
            "observedGeneration": object["metadata"]["generation"],
            "lastTransitionTime": sim.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)});
        merge(&mut condition, &self.with);
        let mut all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        all.retain(|c| c["type"] != *kind);
        all.push(condition);
        object["status"]["conditions"] = all.into();
        let user = User::new(&self.who);
        sim.server.act(&user, Verb::Update, &object, "status", "").map(drop).map_err(|f| f.message().to_owned())
    }

    /// A check controller looks on: whatever the team changes, it says again what it said.
    pub fn is_given_again(&self, sim: &Sim) {
        let Some(found) = sim.look_at("teamreadinesses", &self.team, &self.team) else { return };
        let kind = format!("Check/{}", self.check);
        let mut all = found.value["status"]["conditions"].as_array().into_iter().flatten();
        let answered = all.find(|c| c["type"] == *kind).map(|c| &c["observedGeneration"]);
        if answered.is_some_and(|generation| *generation != found.value["metadata"]["generation"]) {
            let _ = self.is_given(sim);
        }
    }
}

fn pods(sim: &Sim, namespace: &str, name: &str) -> Vec<Value> {
    let all = sim.server.list("", "pods", namespace);
    let own = all.iter().filter(|pod| pod.value["metadata"]["labels"]["app"] == *name);
    own.map(|pod| Value::clone(&pod.value)).collect()
}

/// Makes pods that fail run, as somebody does who knows how.
fn mends(sim: &Sim, who: &str, namespace: &str, name: &str) -> Result<(), String> {
    for pod in pods(sim, namespace, name).iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null()) {
        let mut patch =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {"kwok.test/fail": null}}});
        for field in ["namespace", "name"] {
            patch["metadata"][field] = pod["metadata"][field].clone();
        }
        sim.user(who).patch(&patch).map_err(|f| f.message().to_owned())?;
    }
    Ok(())
}
