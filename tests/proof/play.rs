//! A story, played on a simulated cluster with the shipped operator.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proof::history::History;
use serde_json::Value;
use simapi::faults::Fault;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::adversary::{Counter, Order};
use crate::cast::Cast;
use crate::manifests::{merge, named, object};
use crate::meddler::Cluster;
use crate::record;
use crate::sim::{Person, Setup, Sim, run};
use crate::story::{Does, Line, Story, day};
use crate::support::shop;
use crate::transcript::Told;
use crate::verbs::{Answer, Rights};

/// Where everything that matters is: workloads, and releases.
pub type State = Vec<String>;

/// A story that was played.
pub struct Played {
    pub history: History,
    /// What was done, when, and what came of it.
    pub told: Told,
    /// Every request and every answer, as one number.
    pub trace: u64,
    /// Where everything ended.
    pub end: State,
    /// What waits for and never came.
    pub missed: Vec<String>,
    /// What people saw before each line.
    pub saw: Vec<State>,
    /// The first line before which people did not see what they know, nor anything change any more.
    pub parts: Option<String>,
    /// Why it would never have ended, if it was ended by force.
    pub endless: Option<String>,
    /// How much happened: requests of rollcall's processes, instants at which there was one, events that their watches
    /// showed, and writes of everybody.
    pub amount: [u64; 4],
}

/// How a story is played.
pub struct Stage {
    pub seed: u64,
    pub faults: Vec<Box<dyn Fault>>,
    /// Processes that are to die or to stand still, as faults order it.
    pub orders: Option<UnboundedReceiver<Order>>,
    /// Set once nothing goes wrong any more.
    pub healed: Arc<AtomicBool>,
    /// People look again, and sign what has changed meanwhile.
    pub persistent: bool,
    /// Whether it is watched for a while after its end, when all goes well again.
    pub watched: bool,
    /// How long the last of what went wrong may be felt after that.
    pub mends_within: Duration,
    /// Whether anybody will read what happened.
    pub told: bool,
    /// Whether the server notes who wrote which field, which takes half as long again.
    pub field_managers: bool,
    /// Each process of the operator has a twin, and both lead at all times.
    pub twins: bool,
    /// Where faults that act on the cluster find it.
    pub cluster: Cluster,
    /// What people know to see before each line: they wait for it before they go on, until nothing changes any more.
    pub knows: Vec<State>,
}

/// How long a process may take until it tries again what was refused, and people until they have seen that.
pub const MENDS_WITHIN: Duration = Duration::from_secs(40);
/// A watch that says nothing any more is given up after 150 s.
pub const SILENCE_IS_NOTICED_WITHIN: Duration = Duration::from_secs(160);
/// When nothing has moved for so long, people do not only look on any more.
const STILL: TimeDelta = TimeDelta::seconds(30);
/// How long it is watched from then on.
const WATCHED: TimeDelta = TimeDelta::seconds(80);
/// How long it is watched whether nothing is asked when nothing happens.
const QUIET: TimeDelta = TimeDelta::seconds(20);

/// From when on nothing is to be asked, unless somebody else does something: a rollout may still come to its deadline.
fn quiet_since(calm: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    calm.map(|calm| calm + WATCHED - QUIET)
}

impl Default for Stage {
    fn default() -> Self {
        let healed = Arc::default();
        Self {
            seed: 1,
            faults: Vec::new(),
            orders: None,
            healed,
            persistent: false,
            watched: false,
            mends_within: MENDS_WITHIN,
            told: true,
            field_managers: true,
            twins: false,
            cluster: Cluster::default(),
            knows: Vec::new(),
        }
    }
}

/// How long rollcall may take to do what it can do, once all goes well: a lease, some retries, and a grant that has
/// to run out first.
const PATIENCE: TimeDelta = TimeDelta::seconds(75);

/// How long anything that a story waits for may take, in simulated time.
pub const LIMIT: Duration = Duration::from_secs(600);

/// How long people look at what changes again and again.
const LONGEST_LOOK: TimeDelta = TimeDelta::minutes(10);

/// How much longer than its own lines a story may take, in simulated time, with everything that it waits for in vain.
/// One that takes longer waits for what nobody will ever do.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Plays a story from its beginning to its end.
pub fn play(story: &Story, stage: Stage) -> Played {
    let counter = Arc::new(Counter::default());
    let mut setup = Setup::seeded(stage.seed);
    setup.now = story.lines.first().map_or_else(day, |l| l.at);
    setup.faults = stage.faults;
    setup.field_managers = stage.field_managers;
    setup.faults.push(Box::new(counter.clone()));
    let rights = Rights::default();
    setup.authorizer = Some(Box::new(rights.clone()));
    run(setup, async |sim: Sim| {
        if std::env::var_os("TRACE").is_some() {
            sim.server.keep_trace();
        }
        let _at_hand = stage.cluster.is(&sim.server);
        let cast = Cast::new(&sim, stage.twins);
        if let Some(orders) = stage.orders {
            tokio::spawn(cast.clone().obeys(orders));
        }
        let mut player = Player {
            cast,
            sim: sim.clone(),
            told: Told::default(),
            missed: vec![],
            words: vec![],
            answers: vec![],
            persistent: stage.persistent,
            rights,
            calm_since: None,
            knows: stage.knows,
            mends_within: stage.mends_within,
            saw: vec![],
            parts: None,
        };
        let own = story.lines.last().map_or(Duration::ZERO, |l| (l.at - sim.now()).to_std().unwrap_or_default());
        let watched = stage.watched.then_some((stage.healed, &*counter));
        let all = player.plays_all(&story.lines, watched);
        let in_time = tokio::time::timeout(own + LONGEST, all).await.is_ok();
        let endless =
            counter.endless().or_else(|| (!in_time).then(|| format!("nothing ever comes of: {}", player.told.last())));
        let mut history = record::of(&sim);
        history.calm_since = player.calm_since;
        history.patience = PATIENCE;
        history.idle_requests = quiet_since(player.calm_since)
            .filter(|since| !history.entries.iter().any(|e| e.at >= *since && !history.is_own(e)))
            .map(|_| counter.asked.load(Ordering::Relaxed));
        history.ended = player.cast.ended();
        if stage.told {
            player.told.commits(&sim);
        }
        sim.server.trace().iter().for_each(|line| println!("{line}"));
        let count = |n: &AtomicUsize| n.load(Ordering::Relaxed) as u64;
        let amount =
            [count(&counter.requests), count(&counter.instants), count(&counter.events), sim.server.revision()];
        let (trace, end) = (sim.server.trace_hash(), state(&sim));
        let Player { told, missed, saw, parts, .. } = player;
        Played { history, told, trace, missed, saw, parts, endless, end, amount }
    })
}

fn state(sim: &Sim) -> State {
    let mut end = Vec::new();
    for (group, plural) in [("apps", "deployments"), ("batch", "jobs")] {
        for object in sim.server.list(group, plural, "") {
            let value = &object.value;
            let held = value["metadata"]["annotations"]["rollcall.dev/hold"].is_string();
            let name = format!("{plural} {}", value["metadata"]["name"]);
            end.push(format!(
                "{name} has {}{}",
                crate::support::recorder::tag(value),
                if held { ", held" } else { "" }
            ));
        }
    }
    for object in sim.server.list("rollcall.dev", "coordinatedreleases", "") {
        let status = &object.value["status"];
        let codes: BTreeSet<String> = crate::support::blocker_codes(&object.value).into_iter().collect();
        let steps = status["steps"].as_array().into_iter().flatten();
        let steps: Vec<String> = steps.map(|s| format!("{} {}", s["name"], s["state"])).collect();
        end.push(format!(
            "release {}: {} {codes:?} {}",
            object.value["metadata"]["name"],
            status["finished"],
            steps.join(", ")
        ));
    }
    end.sort();
    end
}

/// Plays the people, and everything that is not in the cluster.
pub struct Player {
    pub cast: Cast,
    pub sim: Sim,
    pub told: Told,
    pub missed: Vec<String>,
    /// Whose word was given for the content of which release.
    pub words: Vec<(String, String, String)>,
    /// What check controllers said last.
    pub answers: Vec<Answer>,
    pub persistent: bool,
    pub rights: Rights,
    /// Since when nothing went wrong any more, and everybody had seen it.
    calm_since: Option<DateTime<Utc>>,
    /// As [`Stage`] has them.
    knows: Vec<State>,
    mends_within: Duration,
    /// As [`Played`] has them.
    saw: Vec<State>,
    parts: Option<String>,
}

impl Player {
    /// Plays all lines, and looks on for a while once all goes well again.
    async fn plays_all(&mut self, lines: &[Line], watched: Option<(Arc<AtomicBool>, &Counter)>) {
        for (n, line) in lines.iter().enumerate() {
            self.sim.at(line.at).await;
            self.sees_what_it_knows(n, line).await;
            self.plays(line).await;
        }
        let Some((healed, counter)) = watched else { return };
        healed.store(true, Ordering::Relaxed);
        self.cast.heal();
        self.settles(self.mends_within).await;
        let calm = self.sim.now();
        self.calm_since = Some(calm);
        self.sim.at(quiet_since(Some(calm)).unwrap_or(calm)).await;
        counter.armed.store(true, Ordering::Relaxed);
        self.sim.at(calm + WATCHED).await;
    }

    /// People look before they go on: until they see what they know, or nothing has changed for as long as anything that
    /// went wrong may be felt. Who waits and sees nothing move does again what has to be done again.
    async fn sees_what_it_knows(&mut self, n: usize, line: &Line) {
        let mut now = state(&self.sim);
        if let Some(known) = self.knows.get(n).cloned() {
            let (begun, mut since) = (self.sim.now(), self.sim.now());
            let waits = |since, now| now - since < TimeDelta::from_std(self.mends_within).unwrap_or_default();
            while now != known && waits(since, self.sim.now()) && self.sim.now() - begun < LONGEST_LOOK {
                self.sim.pass(Duration::from_secs(1)).await;
                if self.sim.now() - since > STILL {
                    self.looks_again();
                }
                let next = state(&self.sim);
                if next != now {
                    (now, since) = (next, self.sim.now());
                }
            }
            if now != known {
                self.parts.get_or_insert_with(|| line.text.clone());
            }
        }
        self.saw.push(now);
    }

    async fn plays(&mut self, line: &Line) {
        self.told.line(&self.sim, &line.text);
        if let Err(why) = self.does(&line.does).await {
            let why = self.told.masked(&why);
            self.told.also(&self.sim, &format!("refused: {why}"));
        }
    }

    async fn does(&mut self, does: &Does) -> Result<(), String> {
        let sim = self.sim.clone();
        let person = |who: &str| sim.user(who);
        let said = |failure: simapi::Failure| failure.message().to_owned();
        match does {
            Does::Operator { host, does } => self.cast.becomes(host, *does).await,
            Does::Opens { who } => {
                for (kind, name) in [("window", "always"), ("team", "data"), ("team", "core"), ("team", "ui")] {
                    person(who).create(&object(kind, name, &Value::Null)?).map_err(said)?;
                }
            }
            Does::Creates { who, kind, name, with } => {
                person(who).create(&object(kind, name, with)?).map_err(said)?;
            }
            Does::Applies { who, workload, version, with } => {
                for mut manifest in shop::manifests(version) {
                    let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                    if workload.as_ref().is_none_or(|w| *w == name) {
                        merge(&mut manifest, with);
                        self.apply(&person(who), &manifest).await.map_err(said)?;
                    }
                }
            }
            Does::Patches { who, kind, namespace, name, with } => {
                let mut patch = with.clone();
                merge(&mut patch, &named(kind, namespace, name)?);
                person(who).patch(&patch).map_err(said)?;
            }
            Does::Deletes { who, kind, namespace, name } => {
                person(who).delete(&named(kind, namespace, name)?).map_err(said)?;
            }
            Does::Signs { who, team, release, go, digest } => {
                if *go && digest.is_none() {
                    self.words.push((who.clone(), team.clone(), release.clone()));
                }
                self.signs(who, team, release, *go, digest.as_deref())?;
            }
            Does::Clock { host, ms } => {
                self.cast.clock_is_off(host, ms.cast_unsigned());
            }
            Does::Runs { version } => self.waits(&format!("everything runs {version}"), |s| runs(s, version)).await,
            Does::Finished { release } => {
                self.waits(&format!("{release} is finished"), |s| s.release(release)["status"]["finished"] == true)
                    .await;
            }
            Does::LookAgain => self.looks_again(),
            Does::Ends => {}
            seldom => self.seldom(seldom).await?,
        }
        Ok(())
    }

    /// A Job cannot be changed, so who applies a new one deletes the old one first.
    pub async fn apply(&self, who: &Person, manifest: &Value) -> Result<(), simapi::Failure> {
        if manifest["kind"] == "Job" && who.delete(manifest).is_ok() {
            let name = |field: &str| manifest["metadata"][field].as_str().unwrap_or_default().to_owned();
            let (namespace, name) = (name("namespace"), name("name"));
            let gone = |s: &Sim| s.get("jobs", &namespace, &name).is_none();
            let _ = self.sim.wait("the former Job is gone", Duration::from_secs(60), gone).await;
        }
        who.apply(manifest).map(drop)
    }

    pub async fn waits(&mut self, what: &str, is_so: impl Fn(&Sim) -> bool) {
        let end = self.sim.now() + LIMIT;
        while !is_so(&self.sim) {
            if self.sim.now() >= end {
                self.missed.push(format!("not within {LIMIT:?}: {what}"));
                return;
            }
            self.sim.pass(Duration::from_secs(1)).await;
            self.looks_again();
        }
    }

    /// Once all goes well people look again, until there is nothing left for them to do.
    async fn settles(&mut self, within: Duration) {
        let end = self.sim.now() + within;
        while self.sim.now() < end {
            self.sim.pass(Duration::from_secs(5)).await;
            // What was under way when all went well again may still have cost a process its lease.
            self.cast.heal();
            self.looks_again();
        }
    }
}

/// Whether all of the shop's Deployments run a version, by their own controller's word.
fn runs(sim: &Sim, version: &str) -> bool {
    [("core", "api"), ("ui", "web"), ("ui", "admin")].iter().all(|(namespace, name)| {
        let found = sim.get("deployments", namespace, name).unwrap_or_default();
        let (status, wanted) = (&found["status"], &found["spec"]["replicas"]);
        let counts = ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|field| status[field] == *wanted);
        crate::support::recorder::tag(&found) == version
            && status["observedGeneration"] == found["metadata"]["generation"]
            && counts
    })
}
