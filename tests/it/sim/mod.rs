//! The shipped operator on an API server in memory: hours of a cluster's life in milliseconds, the same for the same
//! seed, with whatever goes wrong.
//!
//! A story is written against a [`Sim`]: it starts operator replicas, kills, pauses and restarts them, lets people and
//! agents act, and lets time pass. Nothing here knows what rollcall should do: what happened is in the server's
//! history, and whoever wrote the story judges it. Nothing here sleeps in real time.
//!
//! ```text
//! sim::run(Setup::seeded(7), async |sim| {
//!     sim.install_shop();
//!     let leader = sim.operator("a");
//!     sim.user("lena").apply(&shop::release("checkout"));
//!     sim.until("the release is complete", Duration::from_secs(900), |sim| sim.is_complete("checkout")).await;
//!     leader.kill();
//! });
//! ```

#![allow(dead_code, reason = "stories use different parts of it")]

mod baseline;
pub mod installed;
mod policies;
mod replica;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use simapi::faults::Fault;
use simapi::models::{Cluster, Delays, Git, GitOps};
use simapi::{ApiServer, Authorizer, Chance, Failure, Object, User, Verb};

pub use replica::Replica;

/// The name of the operator's account.
pub const OPERATOR: &str = "system:serviceaccount:rollcall-system:rollcall";

/// What a simulation begins with.
pub struct Setup {
    /// Everything that happens by chance follows from this.
    pub seed: u64,
    /// When it begins; Tuesday, 12 January 2027, 09:00 in Berlin, unless said otherwise.
    pub now: DateTime<Utc>,
    /// How long controllers and pods take.
    pub delays: Delays,
    /// What goes wrong.
    pub faults: Vec<Box<dyn Fault>>,
    /// Who may what; people may everything and the operator what its roles say, unless said otherwise.
    pub authorizer: Option<Box<dyn Authorizer>>,
    /// Whether the admission policies are in force.
    pub policies: bool,
    /// Whether the API server keeps who owns which field.
    pub field_managers: bool,
    /// How long the operator lets a change settle.
    pub settle: Duration,
}

impl Setup {
    /// Nothing goes wrong, and chance is this seed's.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed,
            now: "2027-01-12T08:00:00Z".parse().expect("a time"),
            delays: Delays::default(),
            faults: Vec::new(),
            authorizer: None,
            policies: true,
            field_managers: true,
            settle: Duration::from_secs(3),
        }
    }

    /// The same, where this goes wrong as well.
    pub fn with(mut self, fault: impl Fault + 'static) -> Self {
        self.faults.push(Box::new(fault));
        self
    }
}

/// A cluster with rollcall installed, in which a story happens. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Sim {
    pub server: ApiServer,
    /// What the cluster's GitOps agent applies, once [`Sim::gitops`] has started it.
    pub git: Git,
    settle: Duration,
    chance: Arc<Mutex<Chance>>,
    /// How many processes of the operator were started.
    starts: Arc<AtomicU64>,
}

/// Runs a story from its beginning to its end, on a clock of its own.
pub fn run<T>(setup: Setup, story: impl AsyncFnOnce(Sim) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime of one thread").block_on(async {
        let sim = Sim::begin(setup);
        story(sim).await
    })
}

impl Sim {
    fn begin(setup: Setup) -> Self {
        let Setup { seed, now, delays, faults, authorizer, policies, field_managers, settle } = setup;
        let mut chance = Chance::new(seed);
        let mut builder = ApiServer::builder()
            .from(installed::snapshot())
            .now(jiff::Timestamp::from_second(now.timestamp()).expect("a time"))
            .seed(chance.fork("server").draw())
            .authorizer(authorizer.unwrap_or_else(|| Box::new(installed::PeopleMayEverything)));
        if policies {
            builder = builder.admission(policies::Policies);
        }
        if !field_managers {
            builder = builder.without_field_managers();
        }
        for fault in faults {
            builder = builder.fault(fault);
        }
        let server = builder.start();
        tokio::spawn(Cluster::new(&server, delays).run());
        Self { server, git: Git::default(), settle, chance: Arc::new(Mutex::new(chance)), starts: Arc::default() }
    }

    /// Chance of its own for a part of the story.
    pub fn chance(&self, part: &str) -> Chance {
        self.chance.lock().expect("no story panics while it holds this").fork(part)
    }

    /// Starts a replica of the operator. The name is that of its host; each start is a new process.
    pub fn operator(&self, host: &str) -> Replica {
        Replica::start(self, host, self.settle, true)
    }

    /// Starts a replica that asks nobody: it leads whoever else believes to.
    pub fn usurper(&self, host: &str) -> Replica {
        Replica::start(self, host, self.settle, false)
    }

    /// Starts the GitOps agent, which applies [`Sim::git`] by force every so often.
    pub fn gitops(&self, every: Duration) {
        let user = User::service_account("flux-system", "kustomize-controller");
        let agent = GitOps { git: self.git.clone(), user, manager: "kustomize-controller".into(), every };
        tokio::spawn(agent.run(self.server.clone()));
    }

    /// Somebody with kubectl.
    pub fn user(&self, name: &str) -> Person {
        Person { server: self.server.clone(), user: User::new(name) }
    }

    /// API-server time.
    pub fn now(&self) -> DateTime<Utc> {
        let nanoseconds = i64::try_from(self.server.now().as_nanosecond()).expect("a time of this century");
        DateTime::from_timestamp_nanos(nanoseconds)
    }

    /// Lets time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Lets time pass until an instant of API-server time, if that is still to come.
    pub async fn at(&self, instant: DateTime<Utc>) {
        self.pass((instant - self.now()).to_std().unwrap_or_default()).await;
    }

    /// Lets time pass until something is so.
    ///
    /// # Errors
    ///
    /// If it is not so within a limit of simulated time.
    pub async fn wait(&self, what: &str, limit: Duration, is_so: impl Fn(&Self) -> bool) -> Result<(), String> {
        let end = self.now() + limit;
        while !is_so(self) {
            if self.now() >= end {
                return Err(format!("not within {limit:?}: {what}"));
            }
            self.pass(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// As [`Sim::wait`], where it is an error of the test if it is not so.
    pub async fn until(&self, what: &str, limit: Duration, is_so: impl Fn(&Self) -> bool) {
        self.wait(what, limit, is_so).await.unwrap_or_else(|error| panic!("{error}\n{}", self.told()));
    }

    /// An object, by the plural of its kind.
    pub fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        self.look_at(plural, namespace, name).map(|object| Value::clone(&object.value))
    }

    /// The same, for those who only look.
    pub fn look_at(&self, plural: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let group = match plural {
            "deployments" | "statefulsets" | "daemonsets" | "replicasets" => "apps",
            "jobs" | "cronjobs" => "batch",
            "coordinatedreleases" | "teamreadinesses" | "deploymentwindows" => "rollcall.dev",
            _ => "",
        };
        self.server.look_at(group, plural, namespace, name)
    }

    /// A release of the namespace `releases`; null if there is none.
    pub fn release(&self, name: &str) -> Value {
        self.get("coordinatedreleases", "releases", name).unwrap_or_default()
    }

    /// The status of a condition of a release: `True`, `False`, `Unknown`, or empty.
    pub fn condition(&self, release: &str, kind: &str) -> String {
        let release = self.release(release);
        let found = super::support::condition_of(&release, kind);
        found.and_then(|c| c["status"].as_str()).unwrap_or_default().to_owned()
    }

    /// Signs for a team as its lead, for the digest that a release has now. The word may be refused, or stale by the
    /// time it is given: it is what a person would do.
    pub fn sign(&self, team: &str, release: &str) -> Result<Value, Failure> {
        let digest = self.release(release)["status"]["digest"].clone();
        let release = format!("releases/{release}");
        let word = json!({"role": "lead", "release": release, "decision": "Go", "digest": digest, "reason": "tested"});
        let lead = self.user(&format!("{team}-lead"));
        let mut object = self.get("teamreadinesses", team, team).unwrap_or_default();
        let mut words = object["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
        words.retain(|w| w["release"] != word["release"]);
        words.push(word);
        object["spec"]["signOffs"] = words.into();
        lead.replace(&object)
    }

    /// Every write so far, one a line, for people who look for a mistake.
    pub fn told(&self) -> String {
        let line = |c: &simapi::Commit| {
            let subresource = if c.subresource.is_empty() { String::new() } else { format!("/{}", c.subresource) };
            let (kind, verb) = (&c.kind.kind, c.verb.as_str());
            format!("{:>5} {} {verb:<6} {kind}{subresource} {} by {}", c.revision, c.at, c.key, c.user)
        };
        let history = self.server.history(0);
        let told: Vec<String> = history.iter().filter(|c| c.kind.kind != "Lease").map(line).collect();
        told.join("\n")
    }
}

/// Somebody who does things by hand.
#[derive(Clone)]
pub struct Person {
    server: ApiServer,
    user: User,
}

impl Person {
    /// As `kubectl apply --server-side --force-conflicts`.
    pub fn apply(&self, object: &Value) -> Result<Value, Failure> {
        self.server.apply(&self.user, object, "kubectl", true)
    }

    pub fn create(&self, object: &Value) -> Result<Value, Failure> {
        self.server.act(&self.user, Verb::Create, object, "", "")
    }

    /// As `kubectl replace`, with the version that the object says.
    pub fn replace(&self, object: &Value) -> Result<Value, Failure> {
        self.server.act(&self.user, Verb::Update, object, "", "")
    }

    /// As `kubectl patch --type=merge`; the patch says which object.
    pub fn patch(&self, object: &Value) -> Result<Value, Failure> {
        self.server.act(&self.user, Verb::Patch, object, "", "application/merge-patch+json")
    }

    pub fn delete(&self, object: &Value) -> Result<Value, Failure> {
        self.server.act(&self.user, Verb::Delete, object, "", "")
    }
}
