//! S3 on a paused clock: what is held until a window opens goes at the boundary, exactly once, in its newest version,
//! without anybody asking in between; also after a restart, a sleep of the machine, a step of its clock, and with
//! watches that say nothing.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::*;
use crate::clock::SimulatedClock;
use crate::controllers::queue::RetryPolicy;
use crate::domain::calendar::{Form, Window, WindowSpec, WindowType};
use crate::shutdown::{self, Trigger};

fn at(time: &str) -> DateTime<Utc> {
    format!("2027-03-01T{time}Z").parse().unwrap()
}

/// What stands on the API server, which outlives every process: what is held, and what went when.
#[derive(Default)]
struct Cluster {
    held: Mutex<Option<&'static str>>,
    went: Mutex<Vec<(&'static str, DateTime<Utc>)>>,
    looks: Mutex<u32>,
}

/// Lets what is held go while the window, closed but for an hour in the afternoon, is open.
struct Holder {
    cluster: Arc<Cluster>,
    clock: Arc<SimulatedClock>,
    window: Window,
}

impl Reconcile for Holder {
    type Key = &'static str;
    type Error = &'static str;

    async fn reconcile(&self, _: &&'static str) -> Result<Outcome, &'static str> {
        *self.cluster.looks.lock().unwrap() += 1;
        let now = self.clock.now();
        if self.window.covers(now)
            && let Some(version) = self.cluster.held.lock().unwrap().take()
        {
            self.cluster.went.lock().unwrap().push((version, now));
        }
        Ok(Outcome { next: self.window.next_change(now) })
    }
}

/// One process, from its start on.
struct Process {
    queue: Queue<&'static str>,
    _trigger: Trigger,
    shell: tokio::task::JoinHandle<()>,
}

struct Story {
    cluster: Arc<Cluster>,
    clock: Arc<SimulatedClock>,
    begun: Instant,
}

impl Story {
    /// At 15:30, with the window of S3: closed but from 16:00 to 17:00.
    fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new(at("15:30:00")));
        Self { cluster: Arc::default(), clock, begun: Instant::now() }
    }

    fn start(&self) -> Process {
        let form = Form::Cron { expression: "0 16 * * *".into(), duration: "1h".into() };
        let window = Window::compile(&WindowSpec::new(WindowType::Allow, "UTC").entry("slot", form)).unwrap();
        let metrics = Arc::new(Metrics::new());
        let queue = Queue::new("test", self.clock.clone(), &metrics, RetryPolicy::default());
        let (trigger, shutdown) = shutdown::channel();
        let holder = Arc::new(Holder { cluster: self.cluster.clone(), clock: self.clock.clone(), window });
        let (running, clock) = (queue.clone(), self.clock.clone());
        let shell = tokio::spawn(async move {
            run(holder, running, ShellConfig::default(), clock, &metrics, shutdown).await;
        });
        // What a process does first: it looks at everything.
        queue.add("app");
        Process { queue, _trigger: trigger, shell }
    }

    /// Somebody applies a version; the watch shows it.
    fn commit(&self, process: &Process, version: &'static str) {
        *self.cluster.held.lock().unwrap() = Some(version);
        process.queue.add("app");
    }

    async fn until(&self, time: &str) {
        let left = at(time) - self.clock.now();
        tokio::time::sleep(left.to_std().unwrap_or_default()).await;
    }

    fn went(&self) -> Vec<(&'static str, DateTime<Utc>)> {
        self.cluster.went.lock().unwrap().clone()
    }

    /// Only the newest version went, once, within this time after 16:00 and not before.
    #[track_caller]
    fn check(&self, newest: &str, within: TimeDelta) {
        let went = self.went();
        let [(version, when)] = went.as_slice() else { panic!("exactly once: {went:?}") };
        assert_eq!(*version, newest);
        assert!(*when >= at("16:00:00") && *when <= at("16:00:00") + within, "{when}");
    }
}

/// The resolution of tokio's timers.
const AT_ONCE: TimeDelta = TimeDelta::milliseconds(5);

#[tokio::test(start_paused = true)]
async fn the_newest_of_two_commits_goes_at_the_boundary_after_a_restart_and_nobody_polls() {
    let story = Story::new();
    let first = story.start();
    story.commit(&first, "a");
    story.until("15:45:00").await;
    story.commit(&first, "b");
    story.until("15:50:00").await;
    first.shell.abort();
    let _second = story.start();
    story.until("15:59:59").await;
    assert_eq!(story.went(), []);
    let before = *story.cluster.looks.lock().unwrap();
    assert!(before <= 4, "{before} looks in half an hour");
    story.until("16:59:00").await;
    story.check("b", AT_ONCE);
    assert!(*story.cluster.looks.lock().unwrap() <= before + 1, "one look at the boundary");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_down_over_the_boundary_lets_it_go_as_it_starts() {
    let story = Story::new();
    let first = story.start();
    story.commit(&first, "a");
    story.until("15:50:00").await;
    first.shell.abort();
    *story.cluster.held.lock().unwrap() = Some("b");
    story.until("16:20:00").await;
    assert_eq!(story.went(), []);
    let _second = story.start();
    story.until("16:21:00").await;
    story.check("b", TimeDelta::minutes(20) + AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_sleeps_over_the_boundary_lets_it_go_soon_after_it_wakes() {
    let story = Story::new();
    let process = story.start();
    story.commit(&process, "a");
    story.until("15:59:00").await;
    // Suspended for ten minutes: monotonic time stands still, nobody is told, and no watch says anything.
    story.clock.step_silently(TimeDelta::minutes(10));
    assert_eq!(story.went(), []);
    let woken = Instant::now();
    while story.went().is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(woken.elapsed() < Duration::from_secs(60), "a minute after it woke");
    }
    story.until("16:59:00").await;
    story.check("a", TimeDelta::minutes(11));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_steps_over_the_boundary_or_back_from_it_changes_nothing_but_the_waiting() {
    let story = Story::new();
    let process = story.start();
    story.commit(&process, "a");
    story.until("15:58:00").await;
    story.clock.step(-TimeDelta::minutes(10));
    story.until("15:59:59").await;
    assert_eq!(story.went(), [], "by the clock that counts it is not time yet");
    story.clock.step(TimeDelta::seconds(30));
    story.until("16:01:00").await;
    story.check("a", TimeDelta::seconds(30) + AT_ONCE);
    assert!(story.begun.elapsed() < Duration::from_secs(3600));
}
