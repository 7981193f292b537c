use super::*;
use std::sync::Arc;
use tokio::time::advance;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A local wall clock that runs with tokio's time, plus an error that the test sets.
struct Local {
    clock: ServerClock,
    error: Arc<Mutex<TimeDelta>>,
    truth: SimulatedClock,
}

impl Local {
    fn new() -> Self {
        let start = at("2027-03-01T09:00:00.400Z");
        let truth = SimulatedClock::new(start);
        let error = Arc::new(Mutex::new(TimeDelta::zero()));
        let wrong = error.clone();
        let begin = Instant::now();
        let clock = ServerClock::over(move || start + delta(begin.elapsed()) + *lock(&wrong));
        Self { clock, error, truth }
    }

    fn set_error(&self, error: TimeDelta) {
        *lock(&self.error) = error;
    }

    /// A request that takes `before` until the server writes its date, and `after` until it arrives.
    async fn request(&self, before: Duration, after: Duration) {
        let reading = self.clock.read();
        advance(before).await;
        let date = self.truth.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        advance(after).await;
        self.clock.observe_header(reading, &date);
    }

    fn distance(&self) -> TimeDelta {
        (self.clock.now() - self.truth.now()).abs()
    }
}

const FAST: Duration = Duration::from_millis(5);

#[tokio::test(start_paused = true)]
async fn a_right_clock_has_no_skew() {
    let local = Local::new();
    for _ in 0..50 {
        local.request(FAST, FAST).await;
        advance(Duration::from_millis(330)).await;
        assert_eq!(local.clock.skew(), TimeDelta::zero());
        assert_eq!(local.clock.now(), local.truth.now());
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_corrected_and_its_skew_shown() {
    for hours in [-1, 1] {
        let local = Local::new();
        local.set_error(TimeDelta::hours(hours));
        let _ = local.clock.now();
        for _ in 0..40 {
            local.request(FAST, FAST).await;
            advance(Duration::from_millis(330)).await;
        }
        assert!(local.distance() < TimeDelta::milliseconds(100), "{}", local.distance());
        assert!((local.clock.skew() - TimeDelta::hours(1)).abs() < TimeDelta::milliseconds(100));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_responses_teach_little_and_nothing_wrong() {
    let local = Local::new();
    local.request(Duration::from_secs(40), FAST).await;
    local.request(FAST, Duration::from_secs(40)).await;
    assert_eq!(local.clock.skew(), TimeDelta::zero());
    assert_eq!(local.distance(), TimeDelta::zero());
}

#[tokio::test(start_paused = true)]
async fn one_contradiction_is_feared_and_two_are_believed() {
    let local = Local::new();
    local.request(FAST, FAST).await;
    let now = local.clock.now();
    local.clock.observe(local.clock.read(), now - TimeDelta::minutes(10));
    assert!(local.clock.skew() > TimeDelta::minutes(9), "fails closed at once");
    assert_eq!(local.distance(), TimeDelta::zero(), "one answer moves nothing");
    local.request(FAST, FAST).await;
    assert_eq!(local.clock.skew(), TimeDelta::zero(), "and the next good one clears it");

    let steps = local.clock.steps();
    for _ in 0..2 {
        local.clock.observe(local.clock.read(), local.clock.now() - TimeDelta::minutes(10));
    }
    assert!(local.distance() > TimeDelta::minutes(9), "two that agree are believed");
    assert!(steps.has_news(), "and sleepers are told");
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_wall_clock_is_noticed_until_a_response_confirms_it() {
    let local = Local::new();
    local.request(FAST, FAST).await;
    let steps = local.clock.steps();
    local.set_error(TimeDelta::minutes(3));
    assert_eq!(local.clock.skew(), TimeDelta::minutes(3));
    assert!(steps.has_news());
    // It was a suspend: the server's clock has moved on too.
    local.truth.step_silently(TimeDelta::minutes(3));
    local.request(FAST, FAST).await;
    assert_eq!(local.clock.skew(), TimeDelta::zero());
    assert_eq!(local.distance(), TimeDelta::zero());
    // It was a wrong step: the server's clock has not moved.
    local.set_error(TimeDelta::minutes(33));
    local.request(FAST, FAST).await;
    assert!(local.distance() <= DATE_RESOLUTION);
    assert!(local.clock.skew() >= TimeDelta::minutes(29));
}

#[tokio::test(start_paused = true)]
async fn a_step_while_a_request_is_under_way_hides_nothing() {
    let local = Local::new();
    local.request(FAST, FAST).await;
    let reading = local.clock.read();
    advance(FAST).await;
    local.set_error(TimeDelta::minutes(3));
    local.clock.observe(reading, local.truth.now());
    assert!(local.clock.skew() >= TimeDelta::seconds(178));
}

#[tokio::test(start_paused = true)]
async fn slow_drift_is_followed_closely_and_without_alarm() {
    for direction in [-1, 1] {
        let local = Local::new();
        local.set_error(TimeDelta::hours(1));
        for _ in 0..40 {
            local.request(FAST, FAST).await;
            advance(Duration::from_millis(330)).await;
        }
        for minute in 0..300 {
            // 200 ppm, as a slewing daemon makes it.
            let drift = TimeDelta::milliseconds(12 * minute) * direction;
            local.set_error(TimeDelta::hours(1) + drift);
            for _ in 0..3 {
                advance(Duration::from_millis(20_117)).await;
                local.request(FAST, FAST).await;
                let state = lock(&local.clock.state);
                assert!(state.suspect.is_none(), "drift is no contradiction");
            }
            let distance = local.distance();
            assert!(distance < TimeDelta::milliseconds(300), "{minute}: {distance}");
        }
    }
}

#[test]
fn a_header_that_is_no_date_teaches_nothing() {
    let clock = ServerClock::new();
    clock.observe_header(clock.read(), "yesterday");
    assert_eq!(clock.skew(), TimeDelta::zero());
}
