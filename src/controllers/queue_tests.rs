use std::sync::Arc;

use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio::time::{advance, sleep};

use super::*;
use crate::clock::SimulatedClock;

struct Fixture {
    queue: Queue<&'static str>,
    clock: Arc<SimulatedClock>,
    metrics: Metrics,
    tasks: JoinSet<()>,
}

impl Fixture {
    fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new("2027-03-01T09:00:00Z".parse().unwrap()));
        let metrics = Metrics::new();
        let queue = Queue::new("test", clock.clone(), &metrics, RetryPolicy::default());
        let mut tasks = JoinSet::new();
        let timed = queue.clone();
        tasks.spawn(async move { timed.keep_time().await });
        Self { queue, clock, metrics, tasks }
    }

    fn later(&self, seconds: i64) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::seconds(seconds)
    }

    /// The key handed out, and how long that took.
    async fn take(&self) -> (&'static str, Duration) {
        let begun = Instant::now();
        let taken = tokio::time::timeout(Duration::from_secs(7200), self.queue.take());
        let key = taken.await.expect("a key comes within two hours").unwrap();
        (key, begun.elapsed())
    }

    /// Whether nothing is handed out for an hour.
    async fn is_quiet(&self) -> bool {
        tokio::time::timeout(Duration::from_secs(3600), self.queue.take()).await.is_err()
    }

    fn sample(&self, name: &str) -> String {
        let text = self.metrics.encode();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    }
}

const AT_ONCE: Duration = Duration::ZERO;
const DONE: Completion = Completion::Done(None);
/// The resolution of tokio's timers.
const TICK: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn keys_are_handed_out_at_once_in_order_and_once() {
    let fixture = Fixture::new();
    for key in ["b", "a", "b", "b", "a"] {
        fixture.queue.add(key);
    }
    assert_eq!(fixture.queue.len(), 2);
    assert_eq!(fixture.sample("workqueue_depth{"), "2");
    assert_eq!(fixture.sample("workqueue_adds_total{"), "5");
    assert_eq!(fixture.take().await, ("b", AT_ONCE));
    assert_eq!(fixture.take().await, ("a", AT_ONCE));
    assert_eq!(fixture.sample("workqueue_depth{"), "0");
    fixture.queue.finish("a", DONE);
    fixture.queue.finish("b", DONE);
    assert!(fixture.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn a_key_has_one_worker_and_comes_again_if_added_meanwhile() {
    let fixture = Fixture::new();
    fixture.queue.add("a");
    assert_eq!(fixture.take().await.0, "a");
    for _ in 0..3 {
        fixture.queue.add("a");
    }
    assert!(fixture.is_quiet().await, "not while it runs");
    fixture.queue.finish("a", DONE);
    assert_eq!(fixture.take().await, ("a", AT_ONCE));
    fixture.queue.finish("a", DONE);
    assert!(fixture.is_quiet().await, "once, however often it was added");
}

#[tokio::test(start_paused = true)]
async fn every_worker_that_waits_is_woken() {
    let mut fixture = Fixture::new();
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..4 {
        let (queue, sender) = (fixture.queue.clone(), sender.clone());
        fixture.tasks.spawn(async move {
            let _ = sender.send(queue.take().await);
            std::future::pending().await
        });
    }
    sleep(TICK).await;
    let begun = Instant::now();
    for key in ["a", "b", "c", "d"] {
        fixture.queue.add(key);
    }
    for _ in 0..4 {
        assert!(taken.recv().await.unwrap().is_some());
    }
    assert_eq!(begun.elapsed(), AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn a_key_comes_at_its_instant_and_not_before() {
    let fixture = Fixture::new();
    for seconds in [1, 29, 31, 3_601] {
        let at = fixture.later(seconds);
        fixture.queue.add_at("a", at);
        assert_eq!(fixture.queue.next_instant(), Some(at));
        assert_eq!(fixture.take().await.0, "a");
        let late = fixture.clock.now() - at;
        assert!(late >= TimeDelta::zero() && late <= TimeDelta::milliseconds(2), "{late}");
        fixture.queue.finish("a", DONE);
    }
    assert!(fixture.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn the_earliest_instant_wins_and_the_past_is_now() {
    let fixture = Fixture::new();
    fixture.queue.add_at("a", fixture.later(60));
    fixture.queue.add_at("a", fixture.later(20));
    fixture.queue.add_at("a", fixture.later(40));
    let (key, took) = fixture.take().await;
    assert_eq!((key, took.as_secs()), ("a", 20));
    fixture.queue.finish("a", DONE);
    assert!(fixture.is_quiet().await);
    fixture.queue.add_at("a", fixture.later(-5));
    assert_eq!(fixture.take().await.1, AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn each_run_says_anew_when_to_look_again_but_cannot_forget_what_others_asked() {
    let fixture = Fixture::new();
    fixture.queue.add("a");
    fixture.take().await;
    fixture.queue.finish("a", Completion::Done(Some(fixture.later(10))));
    fixture.queue.add_at("a", fixture.later(300));
    fixture.queue.add("a");
    fixture.take().await;
    fixture.queue.finish("a", Completion::Done(Some(fixture.later(100))));
    assert_eq!(fixture.take().await.1.as_secs(), 100);
    fixture.queue.finish("a", DONE);
    assert_eq!(fixture.take().await.1.as_secs(), 200);
    fixture.queue.finish("a", DONE);
    assert!(fixture.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_keeps_the_instant_that_an_earlier_one_gave() {
    let fixture = Fixture::new();
    fixture.queue.add("a");
    fixture.take().await;
    fixture.queue.finish("a", Completion::Done(Some(fixture.later(1))));
    fixture.queue.add("a");
    fixture.take().await;
    fixture.queue.finish("a", Completion::Abandoned);
    assert_eq!(fixture.take().await.1.as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_steps_is_believed() {
    let fixture = Fixture::new();
    fixture.queue.add_at("a", fixture.later(3600));
    sleep(Duration::from_secs(10)).await;
    fixture.clock.step(TimeDelta::seconds(3600));
    assert_eq!(fixture.take().await.1, AT_ONCE);
    fixture.queue.finish("a", DONE);
    // Backwards: what was nearly due is not due any more.
    fixture.queue.add_at("a", fixture.later(5));
    sleep(Duration::from_secs(4)).await;
    fixture.clock.step(TimeDelta::seconds(-600));
    assert_eq!(fixture.take().await.1.as_secs(), 601);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_nobody_noticed_heals_within_the_longest_sleep() {
    let fixture = Fixture::new();
    fixture.queue.add_at("a", fixture.later(3600));
    sleep(Duration::from_secs(1)).await;
    fixture.clock.step_silently(TimeDelta::seconds(3600));
    assert!(fixture.take().await.1 <= LONGEST_SLEEP);
}

#[tokio::test(start_paused = true)]
async fn failures_wait_longer_each_time_for_their_key_only() {
    let fixture = Fixture::new();
    fixture.queue.add("bad");
    let mut waits = Vec::new();
    for failures in 1..=12 {
        let (key, took) = fixture.take().await;
        assert_eq!(key, "bad");
        waits.push(took.as_millis());
        fixture.queue.finish("bad", Completion::Failed);
        assert_eq!(fixture.queue.failures(&"bad"), failures);
        fixture.queue.add("good");
        assert_eq!(fixture.take().await, ("good", AT_ONCE));
        fixture.queue.finish("good", DONE);
    }
    let expected = [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000];
    for (wait, expected) in waits.iter().zip(expected) {
        assert!(wait.abs_diff(expected) <= 2, "{waits:?}");
    }
    assert_eq!(fixture.sample("workqueue_retries_total{"), "12");
    // An event does not wait for the retry, which it stands for; a success forgets.
    fixture.queue.add("bad");
    assert_eq!(fixture.take().await, ("bad", AT_ONCE));
    fixture.queue.finish("bad", DONE);
    assert_eq!(fixture.queue.failures(&"bad"), 0);
    assert!(fixture.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn work_under_way_is_measured_when_looked_at() {
    let fixture = Fixture::new();
    for key in ["a", "b"] {
        fixture.queue.add(key);
        fixture.take().await;
        advance(Duration::from_secs(2)).await;
    }
    assert_eq!(fixture.sample("workqueue_unfinished_work_seconds{"), "6.0");
    assert_eq!(fixture.sample("workqueue_longest_running_processor_seconds{"), "4.0");
    fixture.queue.finish("a", DONE);
    assert_eq!(fixture.sample("workqueue_longest_running_processor_seconds{"), "2.0");
    assert_eq!(fixture.sample("workqueue_work_duration_seconds_count{"), "1");
}

#[tokio::test(start_paused = true)]
async fn a_closed_queue_hands_out_nothing() {
    let mut fixture = Fixture::new();
    let queue = fixture.queue.clone();
    let waiting = tokio::spawn(async move { queue.take().await });
    sleep(TICK).await;
    fixture.queue.close();
    assert_eq!(waiting.await.unwrap(), None);
    fixture.queue.add("a");
    assert_eq!(fixture.queue.take().await, None);
    fixture.tasks.join_next().await.unwrap().unwrap();
}
