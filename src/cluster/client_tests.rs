use std::sync::Mutex;

use axum::body::Body as Answer;
use chrono::TimeDelta;
use futures::{AsyncReadExt, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::*;

/// A client whose server answers by path: `/slow` late, `/endless` without an end, `/fails` not at all.
fn client(clock: &Arc<ServerClock>, metrics: &Arc<Metrics>, date: &'static str) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| async move {
        let body = match request.uri().path() {
            "/slow" => {
                sleep(Duration::from_secs(60)).await;
                Answer::from("{}")
            }
            "/endless" => Answer::from_stream(stream::pending::<Result<Bytes, BoxError>>()),
            "/fails" => return Err(BoxError::from("connection refused")),
            _ => Answer::from("{}"),
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(header::DATE, HeaderValue::from_static(date));
        Ok(response)
    });
    let layer = ObserveLayer::new("api:6443".into(), REQUEST_TIMEOUT, clock.clone(), metrics.clone());
    ClientBuilder::new(service, "default").with_layer(&layer).build()
}

fn request(path: &str) -> Request<Vec<u8>> {
    Request::get(path).body(Vec::new()).unwrap()
}

struct Fixture {
    clock: Arc<ServerClock>,
    metrics: Arc<Metrics>,
    client: Client,
}

impl Fixture {
    fn new() -> Self {
        let local = "2027-03-01T08:00:00Z".parse().unwrap();
        let (clock, metrics) = (Arc::new(ServerClock::over(move || local)), Arc::new(Metrics::new()));
        let client = client(&clock, &metrics, "Mon, 01 Mar 2027 09:00:00 GMT");
        Self { clock, metrics, client }
    }

    fn counted(&self, code: &str) -> bool {
        let labels = format!("{{code=\"{code}\",method=\"GET\",host=\"api:6443\"}} 1");
        self.metrics.encode().contains(&format!("rest_client_requests_total{labels}"))
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_teaches_the_clock_and_is_counted() {
    let fixture = Fixture::new();
    fixture.client.request_text(request("/")).await.unwrap();
    assert!((fixture.clock.skew() - TimeDelta::hours(1)).abs() <= TimeDelta::seconds(1));
    assert!(fixture.counted("200"));
    let duration = "rest_client_request_duration_seconds_count{verb=\"GET\",host=\"api:6443\"} 1";
    assert!(fixture.metrics.encode().contains(duration));
    assert!(fixture.client.request_text(request("/fails")).await.is_err());
    assert!(fixture.counted("<error>"));
}

#[tokio::test(start_paused = true)]
async fn requests_end_in_time_with_their_bodies() {
    for path in ["/slow", "/endless"] {
        let fixture = Fixture::new();
        let begun = Instant::now();
        let error = fixture.client.request_text(request(path)).await.unwrap_err();
        assert_eq!(begun.elapsed().as_secs(), 10, "{path}");
        assert!(error.to_string().contains("no answer from the API server in time"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn watches_may_last() {
    let fixture = Fixture::new();
    let stream = fixture.client.request_stream(request("/endless?limit=1&watch=true")).await.unwrap();
    let mut stream = std::pin::pin!(stream);
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_secs(600), stream.read(&mut byte));
    assert!(read.await.is_err(), "it goes on");
    assert!(!is_watch(&"/x?watch=false".parse().unwrap()) && is_watch(&"/x?watch=1".parse().unwrap()));
}

/// Refuses every request on real sockets, and keeps their heads.
async fn refuse(listener: TcpListener, heads: Arc<Mutex<Vec<String>>>) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut buffer = vec![0; 4096];
        let read = socket.read(&mut buffer).await.unwrap();
        let head = String::from_utf8_lossy(&buffer[..read]).into_owned();
        heads.lock().unwrap().push(head);
        let status = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\n";
        let rest = "connection: close\r\ncontent-length: 2\r\n\r\n{}";
        let answer = format!("{status}{rest}");
        socket.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_write_is_not_repeated_and_says_who_we_are() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let config = Config::new(url.parse().unwrap());
    let clients = connect(&config, &Arc::default(), &Arc::default()).unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let server = tokio::spawn(refuse(listener, heads.clone()));
    let put = Request::put("/x").body(b"{}".to_vec()).unwrap();
    // Repetitions would come before the failure is told.
    assert!(clients.main.request_text(put).await.is_err());
    server.abort();
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1);
    let agent = format!("user-agent: rollcall/{}", env!("CARGO_PKG_VERSION"));
    assert!(heads[0].contains(&agent), "{heads:?}");
}
