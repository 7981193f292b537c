//! The processes of the operator in a story, and what becomes of them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proof::history::Ended;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::adversary::Order;
use crate::sim::{Replica, Sim};
use crate::story::Fate;

/// The processes of the operator.
#[derive(Clone)]
pub struct Cast {
    sim: Sim,
    twins: bool,
    replicas: Arc<Mutex<BTreeMap<String, Replica>>>,
    ended: Arc<Mutex<Vec<Ended>>>,
}

impl Cast {
    /// Nobody yet. With twins each process has another one beside it, and all of them lead.
    pub fn new(sim: &Sim, twins: bool) -> Self {
        Self { sim: sim.clone(), twins, replicas: Arc::default(), ended: Arc::default() }
    }

    /// Which leaders ended, and how.
    pub fn ended(&self) -> Vec<Ended> {
        self.ended.lock().expect("held for a moment only").clone()
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
            Fate::Starts => self.starts(host),
            Fate::Dies => self.dies(host),
            Fate::Stops => self.stops(host).await,
            Fate::Freezes => drop(self.with(host, |r| r.process.pause())),
            Fate::Thaws => drop(self.with(host, |r| r.process.resume())),
        }
    }

    pub fn with<T>(&self, host: &str, does: impl FnOnce(&Replica) -> T) -> Option<T> {
        self.replicas.lock().expect("held for a moment only").get(host).map(does)
    }

    fn starts(&self, host: &str) {
        let replica = if self.twins { self.sim.usurper(host) } else { self.sim.operator(host) };
        self.replicas.lock().expect("held for a moment only").insert(host.to_owned(), replica);
    }

    fn dies(&self, host: &str) {
        self.notes_the_end(host, false);
        self.with(host, Replica::kill);
    }

    async fn stops(&self, host: &str) {
        self.notes_the_end(host, true);
        let replica = self.replicas.lock().expect("held for a moment only").remove(host);
        if let Some(replica) = replica {
            replica.stop().await;
        }
    }

    /// That a leader ended matters only if somebody is there to follow it.
    fn notes_the_end(&self, host: &str, cleanly: bool) {
        let replicas = self.replicas.lock().expect("held for a moment only");
        if !self.twins && replicas.iter().any(|(other, r)| other != host && !r.has_ended()) {
            self.ended.lock().expect("held for a moment only").push(Ended { at: self.sim.now(), cleanly });
        }
    }

    /// Does what faults order: whoever dies is started again after a while, whoever stands still goes on after one.
    pub async fn obeys(self, mut orders: UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            if order.freezes {
                self.with(&order.host, |r| r.process.pause());
                self.sim.pass(Duration::from_secs(20)).await;
                self.with(&order.host, |r| r.process.resume());
            } else {
                self.dies(&order.host);
                self.sim.pass(Duration::from_secs(2)).await;
                self.starts(&order.host);
            }
        }
    }

    /// Whoever stands still goes on, whoever ended is started again, and the clocks are right.
    pub fn heal(&self) {
        let hosts: Vec<String> = self.replicas.lock().expect("held for a moment only").keys().cloned().collect();
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
