//! The processes of the operator in a story, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use proof::history::Ended;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::adversary::Order;
use crate::sim::{Replica, Sim};
use crate::story::Fate;

/// How long it takes until a process that ended is started again, where nothing else is said.
const RESTARTS_AFTER: Duration = Duration::from_secs(2);
/// How long a process stands still.
const STANDS_STILL: Duration = Duration::from_secs(20);

/// The processes of the operator.
#[derive(Clone)]
pub struct Cast {
    sim: Sim,
    twins: bool,
    hosts: Arc<Mutex<Hosts>>,
}

#[derive(Default)]
struct Hosts {
    replicas: BTreeMap<String, Replica>,
    /// Where nobody is to run, as the story has it.
    empty: BTreeSet<String>,
    /// rollcall was taken away: nobody starts it any more.
    taken_away: bool,
    ended: Vec<Ended>,
}

impl Cast {
    /// Nobody yet. With twins each process has another one beside it on its host, and all of them lead.
    pub fn new(sim: &Sim, twins: bool) -> Self {
        Self { sim: sim.clone(), twins, hosts: Arc::default() }
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().expect("held for a moment only")
    }

    /// Which leaders ended, and how.
    pub fn ended(&self) -> Vec<Ended> {
        self.hosts().ended.clone()
    }

    /// Something becomes of the process of a host, and of its twin.
    pub async fn becomes(&self, host: &str, fate: Fate) {
        self.one_becomes(host, fate).await;
        if self.twins {
            self.one_becomes(&format!("{host}-twin"), fate).await;
        }
    }

    async fn one_becomes(&self, host: &str, fate: Fate) {
        match fate {
            Fate::Starts => {
                self.hosts().empty.remove(host);
                self.starts(host);
            }
            Fate::Dies => {
                self.hosts().empty.insert(host.to_owned());
                self.dies(host);
            }
            Fate::Stops => {
                self.hosts().empty.insert(host.to_owned());
                self.stops(host).await;
            }
            Fate::Freezes => drop(self.with(host, |r| r.process.pause())),
            Fate::Thaws => drop(self.with(host, |r| r.process.resume())),
        }
    }

    pub fn with<T>(&self, host: &str, does: impl FnOnce(&Replica) -> T) -> Option<T> {
        self.hosts().replicas.get(host).map(does)
    }

    /// The clock of a host is so far off, for both processes on it.
    pub fn clock_is_off(&self, host: &str, ms: u64) {
        for process in [host.to_owned(), format!("{host}-twin")] {
            self.with(&process, |r| r.skew_ms.store(ms, Ordering::Relaxed));
        }
    }

    fn starts(&self, host: &str) {
        if self.hosts().taken_away {
            return;
        }
        let replica = if self.twins { self.sim.usurper(host) } else { self.sim.operator(host) };
        self.hosts().replicas.insert(host.to_owned(), replica);
    }

    fn dies(&self, host: &str) {
        self.notes_the_end(host, false);
        self.with(host, Replica::kill);
    }

    async fn stops(&self, host: &str) {
        self.notes_the_end(host, true);
        let replica = self.hosts().replicas.remove(host);
        if let Some(replica) = replica {
            replica.stop().await;
        }
    }

    /// rollcall's own Deployment is scaled to nothing: every process is asked to stop, and none is started any more.
    pub async fn is_taken_away(&self) {
        let left = {
            let mut hosts = self.hosts();
            hosts.taken_away = true;
            std::mem::take(&mut hosts.replicas)
        };
        for replica in left.into_values() {
            replica.stop().await;
        }
    }

    /// That a leader ended matters only if somebody is there to follow it.
    fn notes_the_end(&self, host: &str, cleanly: bool) {
        let at = self.sim.now();
        let mut hosts = self.hosts();
        if !self.twins && hosts.replicas.iter().any(|(other, r)| other != host && !r.has_ended()) {
            hosts.ended.push(Ended { at, cleanly });
        }
    }

    /// Does what faults order: whoever dies is started again after a while, whoever stands still goes on after one. An
    /// order is for one process; whoever was started on its host since is not meant.
    pub async fn obeys(self, mut orders: UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            tokio::spawn(self.clone().obeys_one(order));
        }
    }

    async fn obeys_one(self, order: Order) {
        let host = Replica::host_of(&order.process);
        let Some(process) = self.with(host, |r| r.process.clone()).filter(|p| p.name() == order.process) else {
            return;
        };
        if order.freezes {
            process.pause();
            self.sim.pass(STANDS_STILL).await;
            process.resume();
        } else {
            self.dies(host);
        }
        self.sim.pass(RESTARTS_AFTER).await;
        self.restarts(host);
    }

    /// Starts again what has ended, by itself too, unless nobody is to run there.
    fn restarts(&self, host: &str) {
        let ended = self.with(host, Replica::has_ended) == Some(true);
        if ended && !self.hosts().empty.contains(host) {
            self.starts(host);
        }
    }

    /// Whoever stands still goes on, whoever ended is started again, and the clocks are right.
    pub fn heal(&self) {
        let hosts: Vec<String> = self.hosts().replicas.keys().cloned().collect();
        for host in hosts {
            let ended = self.with(&host, |r| {
                r.process.resume();
                r.skew_ms.store(0, Ordering::Relaxed);
                r.has_ended()
            });
            if ended == Some(true) {
                self.starts(&host);
            }
        }
    }
}
