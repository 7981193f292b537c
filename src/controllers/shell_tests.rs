use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::TimeDelta;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

use super::*;
use crate::clock::SimulatedClock;
use crate::controllers::queue::RetryPolicy;
use crate::shutdown::{self, Trigger};

/// Does what the key says, and tells when it began and ended.
struct Puppet {
    clock: Arc<SimulatedClock>,
    told: UnboundedSender<String>,
    runs: Mutex<BTreeMap<&'static str, u32>>,
}

impl Reconcile for Puppet {
    type Key = &'static str;
    type Error = &'static str;

    async fn reconcile(&self, key: &&'static str) -> Result<Outcome, &'static str> {
        let run = {
            let mut runs = self.runs.lock().unwrap();
            let run = runs.entry(*key).or_default();
            *run += 1;
            *run
        };
        self.told.send(format!("{key} begins")).unwrap();
        match *key {
            "panics" if run == 1 => panic!("on purpose"),
            "hangs" if run == 1 => std::future::pending().await,
            "fails" if run == 1 => return Err("not today"),
            "hopeless" => return Err("never"),
            "slow" => sleep(Duration::from_secs(5)).await,
            "waits" if run == 1 => {
                return Ok(Outcome::at(self.clock.now() + TimeDelta::seconds(90)));
            }
            _ => {}
        }
        self.told.send(format!("{key} ends")).unwrap();
        Ok(Outcome::done())
    }

    fn is_terminal(&self, error: &&'static str) -> bool {
        *error == "never"
    }
}

struct Fixture {
    queue: Queue<&'static str>,
    metrics: Arc<Metrics>,
    told: UnboundedReceiver<String>,
    trigger: Trigger,
    shell: tokio::task::JoinHandle<()>,
    begun: Instant,
}

impl Fixture {
    fn new(workers: usize) -> Self {
        let clock = Arc::new(SimulatedClock::new("2027-03-01T09:00:00Z".parse().unwrap()));
        let metrics = Arc::new(Metrics::new());
        let queue = Queue::new("test", clock.clone(), &metrics, RetryPolicy::default());
        let (sender, told) = unbounded_channel();
        let puppet = Puppet { clock: clock.clone(), told: sender, runs: Mutex::default() };
        let (trigger, shutdown) = shutdown::channel();
        let config = ShellConfig { workers, ..ShellConfig::default() };
        let (shared, running) = (metrics.clone(), queue.clone());
        let shell = tokio::spawn(async move {
            run(Arc::new(puppet), running, config, clock, &shared, shutdown).await;
        });
        Self { queue, metrics, told, trigger, shell, begun: Instant::now() }
    }

    /// What is told next, and after how many whole seconds since the beginning.
    async fn next(&mut self) -> (String, u64) {
        let told = tokio::time::timeout(Duration::from_secs(600), self.told.recv());
        let told = told.await.expect("something is told within ten minutes").unwrap();
        (told, self.begun.elapsed().as_secs())
    }

    fn count(&self, name: &str) -> String {
        let text = self.metrics.encode();
        let line = text.lines().find(|line| line.starts_with(&format!("controller_runtime_{name}")));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    }
}

fn told(text: &str, second: u64) -> (String, u64) {
    (text.to_owned(), second)
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_and_stops_nothing() {
    let mut fixture = Fixture::new(1);
    fixture.queue.add("panics");
    fixture.queue.add("fine");
    assert_eq!(fixture.next().await, told("panics begins", 0));
    assert_eq!(fixture.next().await, told("fine begins", 0));
    assert_eq!(fixture.next().await, told("fine ends", 0));
    assert_eq!(fixture.next().await, told("panics begins", 0));
    assert_eq!(fixture.next().await, told("panics ends", 0));
    assert_eq!(fixture.count("reconcile_panics_total"), "1");
    assert_eq!(fixture.count("reconcile_errors_total"), "1");
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_cut_off_and_tried_again() {
    let mut fixture = Fixture::new(1);
    fixture.queue.add("hangs");
    fixture.queue.add("fine");
    assert_eq!(fixture.next().await, told("hangs begins", 0));
    assert_eq!(fixture.next().await, told("fine begins", 30));
    assert_eq!(fixture.next().await, told("fine ends", 30));
    assert_eq!(fixture.next().await, told("hangs begins", 30));
    assert_eq!(fixture.count("reconcile_timeouts_total"), "1");
}

#[tokio::test(start_paused = true)]
async fn errors_are_tried_again_unless_that_is_useless() {
    let mut fixture = Fixture::new(2);
    fixture.queue.add("hopeless");
    assert_eq!(fixture.next().await, told("hopeless begins", 0));
    fixture.queue.add("fails");
    assert_eq!(fixture.next().await, told("fails begins", 0));
    assert_eq!(fixture.next().await, told("fails begins", 0));
    assert_eq!(fixture.next().await, told("fails ends", 0));
    sleep(Duration::from_secs(600)).await;
    assert!(fixture.told.try_recv().is_err(), "the hopeless one waits for a change");
    assert_eq!(fixture.count("terminal_reconcile_errors_total"), "1");
    assert_eq!(fixture.count("reconcile_errors_total"), "2");
    assert_eq!(fixture.count("reconcile_total{controller=\"test\",result=\"error\"}"), "2");
    assert_eq!(fixture.count("reconcile_total{controller=\"test\",result=\"success\"}"), "1");
}

#[tokio::test(start_paused = true)]
async fn it_looks_again_when_the_outcome_says() {
    let mut fixture = Fixture::new(1);
    fixture.queue.add("waits");
    assert_eq!(fixture.next().await, told("waits begins", 0));
    assert_eq!(fixture.next().await, told("waits begins", 90));
    assert_eq!(fixture.next().await, told("waits ends", 90));
    assert_eq!(fixture.count("reconcile_total{controller=\"test\",result=\"requeue_after\"}"), "1");
}

#[tokio::test(start_paused = true)]
async fn different_keys_run_together_as_far_as_there_are_workers() {
    let mut fixture = Fixture::new(2);
    for key in ["slow", "fine", "other"] {
        fixture.queue.add(key);
    }
    for expected in ["slow begins", "fine begins", "fine ends", "other begins", "other ends"] {
        assert_eq!(fixture.next().await, told(expected, 0));
    }
    assert_eq!(fixture.count("active_workers"), "1");
    assert_eq!(fixture.count("max_concurrent_reconciles"), "2");
    fixture.queue.add("slow");
    assert_eq!(fixture.next().await, told("slow ends", 5));
    assert_eq!(fixture.next().await, told("slow begins", 5));
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_lets_work_end_and_begins_none() {
    let mut fixture = Fixture::new(1);
    fixture.queue.add("slow");
    fixture.queue.add("fine");
    assert_eq!(fixture.next().await, told("slow begins", 0));
    fixture.trigger.request();
    assert_eq!(fixture.next().await, told("slow ends", 5));
    fixture.shell.await.unwrap();
    assert_eq!(fixture.begun.elapsed().as_secs(), 5);
    assert!(fixture.told.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_does_not_wait_for_ever() {
    let mut fixture = Fixture::new(1);
    fixture.queue.add("hangs");
    fixture.next().await;
    fixture.trigger.request();
    fixture.shell.await.unwrap();
    assert_eq!(fixture.begun.elapsed().as_secs(), 20);
}
