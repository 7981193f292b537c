use std::sync::Mutex;

use axum::body::{Body, to_bytes};
use chrono::TimeDelta;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{advance, sleep};
use tower::BoxError;

use super::*;
use crate::clock::SimulatedClock;
use crate::cluster::testing::{answer, status};
use crate::shutdown::{self, Trigger};

/// An API server with one Lease.
#[derive(Clone, Default)]
struct Server {
    lease: Arc<Mutex<Option<Value>>>,
    fault: Arc<Mutex<Fault>>,
    version: Arc<Mutex<u64>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Fault {
    #[default]
    None,
    /// Requests get no answer and do nothing.
    Silent,
    /// Writes take effect, and get no answer.
    Deaf,
    /// Requests are refused.
    Refusing,
    /// Writes take effect, and are answered 4 s later.
    Slow,
}

impl Server {
    async fn handle(self, request: Request<kube::client::Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await?;
        let fault = *self.fault.lock().unwrap();
        match fault {
            Fault::Silent => return std::future::pending().await,
            Fault::Refusing => return Ok(answer(503, &status(503, "ServiceUnavailable"))),
            Fault::None | Fault::Deaf | Fault::Slow => {}
        }
        let response = self.apply(&parts.method, &body);
        if fault == Fault::Deaf && parts.method != Method::GET {
            return std::future::pending().await;
        }
        if fault == Fault::Slow && parts.method != Method::GET {
            sleep(seconds(4)).await;
        }
        Ok(response)
    }

    fn apply(&self, method: &Method, body: &[u8]) -> Response<Body> {
        let mut lease = self.lease.lock().unwrap();
        let sent: Option<Value> = serde_json::from_slice(body).ok();
        let known = lease.as_ref().map(|lease| lease["metadata"]["resourceVersion"].clone());
        match (method, sent, known) {
            (&Method::GET, _, Some(_)) => return answer(200, lease.as_ref().unwrap()),
            (&Method::POST, Some(sent), None) => *lease = Some(sent),
            (&Method::PUT, Some(sent), Some(known)) if sent["metadata"]["resourceVersion"] == known => {
                *lease = Some(sent);
            }
            (&Method::GET | &Method::PUT, _, None) => return answer(404, &status(404, "NotFound")),
            _ => return answer(409, &status(409, "Conflict")),
        }
        let mut version = self.version.lock().unwrap();
        *version += 1;
        let lease = lease.as_mut().unwrap();
        lease["metadata"]["resourceVersion"] = json!(version.to_string());
        answer(200, lease)
    }

    fn set_fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn spec(&self, field: &str) -> Value {
        self.lease.lock().unwrap().as_ref().unwrap()["spec"][field].clone()
    }

    /// Someone else writes the Lease.
    fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let mut lease = self.lease.lock().unwrap();
        edit(lease.as_mut().unwrap());
        let mut version = self.version.lock().unwrap();
        *version += 1;
        lease.as_mut().unwrap()["metadata"]["resourceVersion"] = json!(version.to_string());
    }
}

struct Candidate {
    leadership: Leadership,
    task: JoinHandle<Result<(), LeaseError>>,
    stop: Trigger,
    metrics: Arc<Metrics>,
    /// A server of its own view: faults hit this candidate only.
    server: Server,
}

fn candidate(server: &Server, name: &str, wrong_by: TimeDelta) -> Candidate {
    let server = Server { fault: Arc::default(), ..server.clone() };
    let handler = server.clone();
    let service = tower::service_fn(move |request| handler.clone().handle(request));
    let client = Client::new(service, "default");
    let clock = SimulatedClock::new("2027-03-01T09:00:00Z".parse().unwrap());
    clock.step(wrong_by);
    let config = LeaseConfig::new("rollcall", "rollcall", name);
    let metrics = Arc::new(Metrics::new());
    let (elector, leadership) = Elector::new(client, config, Arc::new(clock), metrics.clone()).unwrap();
    let (stop, stopped) = shutdown::channel();
    Candidate { leadership, task: tokio::spawn(elector.run(stopped)), stop, metrics, server }
}

impl Candidate {
    async fn acquired(&self) {
        let acquired = tokio::time::timeout(seconds(60), self.leadership.acquired());
        acquired.await.expect("this candidate leads within a minute");
    }

    async fn ended(self) -> Result<(), LeaseError> {
        let ended = tokio::time::timeout(seconds(60), self.task);
        ended.await.expect("this candidate ends within a minute").unwrap()
    }
}

const RIGHT: TimeDelta = TimeDelta::zero();

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn one_of_two_leads_however_wrong_their_clocks_are() {
    for wrong in [TimeDelta::hours(-3), RIGHT, TimeDelta::hours(3)] {
        let server = Server::default();
        let first = candidate(&server, "first", RIGHT);
        first.acquired().await;
        let second = candidate(&server, "second", wrong);
        for _ in 0..600 {
            sleep(seconds(1)).await;
            assert!(first.leadership.is_leader());
            assert!(!second.leadership.is_leader());
        }
        assert_eq!(server.spec("holderIdentity"), "first");
        assert_eq!(server.spec("leaseTransitions"), 0);
        assert!(first.metrics.encode().contains("leader_election_master_status{name=\"rollcall\"} 1"));
        assert!(second.metrics.encode().contains("leader_election_master_status{name=\"rollcall\"} 0"));
    }
}

#[tokio::test(start_paused = true)]
async fn another_takes_over_when_the_leader_is_gone() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    let second = candidate(&server, "second", RIGHT);
    sleep(seconds(7)).await;
    first.task.abort();
    let gone = tokio::time::Instant::now();
    second.acquired().await;
    // Not before the lease has run out, counted from the last renewal, and not long after.
    assert!((13..=17).contains(&gone.elapsed().as_secs()), "{:?}", gone.elapsed());
    assert_eq!(server.spec("leaseTransitions"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_steps_down_before_another_takes_over() {
    for fault in [Fault::Silent, Fault::Refusing] {
        let server = Server::default();
        let first = candidate(&server, "first", RIGHT);
        first.acquired().await;
        let second = candidate(&server, "second", RIGHT);
        sleep(seconds(5)).await;
        first.server.set_fault(fault);
        let cut = tokio::time::Instant::now();
        while first.leadership.is_leader() {
            assert!(!second.leadership.is_leader());
            advance(Duration::from_millis(50)).await;
        }
        let led = cut.elapsed();
        assert!(led <= seconds(10) && led >= seconds(7), "{led:?}");
        let error = first.ended().await.unwrap_err();
        assert!(cut.elapsed() <= seconds(10), "the process ends as soon");
        assert!(matches!(error, LeaseError::Expired(_)), "{error}");
        assert!(!second.leadership.is_leader());
        second.acquired().await;
        assert!(cut.elapsed() >= led + seconds(4), "with room to spare");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_does_not_believe_it_leads() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    // Time passes without the election getting to run.
    advance(seconds(11)).await;
    assert!(!first.leadership.is_leader());
    assert!(first.ended().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_clean_exit_gives_the_lease_back() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    let second = candidate(&server, "second", RIGHT);
    sleep(seconds(3)).await;
    first.stop.request();
    let leadership = first.leadership.clone();
    assert_eq!(first.ended().await, Ok(()));
    assert!(!leadership.is_leader());
    assert_eq!(server.spec("holderIdentity"), "");
    let freed = tokio::time::Instant::now();
    second.acquired().await;
    assert!(freed.elapsed() <= seconds(2));
    second.stop.request();
    assert_eq!(second.ended().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_stops_leaves_the_lease_alone() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    let second = candidate(&server, "second", RIGHT);
    sleep(seconds(3)).await;
    second.stop.request();
    assert_eq!(second.ended().await, Ok(()));
    assert_eq!(server.spec("holderIdentity"), "first");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_is_looked_up() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    first.server.set_fault(Fault::Deaf);
    sleep(seconds(4)).await;
    first.server.set_fault(Fault::None);
    sleep(seconds(60)).await;
    assert!(first.leadership.is_leader());
    assert!(!first.task.is_finished());
    assert_eq!(server.spec("leaseTransitions"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_deposed_stops() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    server.edit(|lease| lease["spec"]["holderIdentity"] = json!("usurper"));
    let leadership = first.leadership.clone();
    assert_eq!(first.ended().await, Err(LeaseError::Taken("usurper".into())));
    assert!(!leadership.is_leader());
}

#[tokio::test(start_paused = true)]
async fn what_others_put_into_the_lease_stays_and_costs_nothing() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    server.edit(|lease| {
        lease["metadata"]["annotations"] = json!({"note": "kept"});
        lease["spec"]["preferredHolder"] = json!("kept too");
    });
    sleep(seconds(10)).await;
    assert!(first.leadership.is_leader());
    assert_eq!(server.spec("preferredHolder"), "kept too");
    let slow = "leader_election_slowpath_total{name=\"rollcall\"} 1";
    assert!(first.metrics.encode().contains(slow));
    *server.lease.lock().unwrap() = None;
    sleep(seconds(10)).await;
    assert!(first.leadership.is_leader(), "and a lease that was deleted is made again");
    assert_eq!(server.spec("holderIdentity"), "first");
}

#[tokio::test(start_paused = true)]
async fn times_are_written_as_the_api_wants_them() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    assert_eq!(server.spec("acquireTime"), "2027-03-01T09:00:00.000000Z");
    assert_eq!(server.spec("leaseDurationSeconds"), 15);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let good = LeaseConfig::new("rollcall", "rollcall", unique_identity("pod"));
    assert_eq!(good.check(), Ok(()));
    for bad in [
        LeaseConfig { identity: String::new(), ..good.clone() },
        LeaseConfig { lease_duration: seconds(10), ..good.clone() },
        LeaseConfig { lease_duration: Duration::from_millis(15_500), ..good.clone() },
        LeaseConfig { retry_period: seconds(10), ..good.clone() },
        LeaseConfig { retry_period: seconds(0), ..good.clone() },
        LeaseConfig { call_timeout: seconds(0), ..good.clone() },
    ] {
        assert_eq!(bad.check(), Err(LeaseError::Config));
    }
    assert_ne!(unique_identity("pod"), unique_identity("pod"));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_counts_from_before_it_was_sent() {
    let server = Server::default();
    let first = candidate(&server, "first", RIGHT);
    first.acquired().await;
    first.server.set_fault(Fault::Slow);
    let version = *server.version.lock().unwrap();
    while *server.version.lock().unwrap() == version {
        advance(Duration::from_millis(10)).await;
    }
    let renewed = tokio::time::Instant::now();
    first.server.set_fault(Fault::Silent);
    sleep(seconds(5)).await;
    assert!(first.leadership.is_leader(), "the answer came late, and came");
    while first.leadership.is_leader() {
        advance(Duration::from_millis(10)).await;
    }
    assert!((9..=10).contains(&renewed.elapsed().as_secs()), "{:?}", renewed.elapsed());
    assert!(renewed.elapsed() <= seconds(10) + Duration::from_millis(20));
}
