use axum::http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::*;
use crate::shutdown;

/// An API server that answers every access review with yes, or with an error.
fn objects(allows: bool) -> Objects {
    let service = tower::service_fn(move |_: Request<kube::client::Body>| async move {
        let (status, body) = if allows { (201, json!({"status": {"allowed": true}})) } else { (500, json!({})) };
        let response = axum::http::Response::builder().status(status).body(Body::from(body.to_string()));
        Ok::<_, std::convert::Infallible>(response.expect("a response"))
    });
    Objects::new(kube::Client::new(service, "default"))
}

fn review(object: &Value) -> Value {
    json!({"request": {"uid": "u", "namespace": "core", "userInfo": {"username": "dev"}, "object": object}})
}

async fn ask(allows: bool, path: &str, content: &str, body: String) -> (StatusCode, Value) {
    let request = Request::post(path).header(header::CONTENT_TYPE, content).body(Body::from(body)).expect("a request");
    let response = router(objects(allows)).oneshot(request).await.expect("infallible");
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn broken_glass() -> Value {
    json!({"metadata": {"annotations": {"rollcall.dev/break-glass": "INC-1"}},
        "spec": {"template": {"spec": {}}}})
}

#[tokio::test]
async fn a_review_is_answered_with_what_the_rule_of_its_path_makes_of_it() {
    let job = json!({"metadata": {}, "spec": {"template": {}}});
    let (status, answer) = ask(true, "/hold-job", "application/json", review(&job).to_string()).await;
    assert_eq!((status, &answer["response"]["allowed"]), (StatusCode::OK, &json!(true)));
    assert_eq!((&answer["response"]["uid"], &answer["response"]["patchType"]), (&json!("u"), &json!("JSONPatch")));
}

#[tokio::test]
async fn whether_somebody_may_break_the_glass_is_asked_and_not_knowing_means_no() {
    let text = review(&broken_glass()).to_string();
    let (_, answer) = ask(true, "/hold-deployment", "application/json", text.clone()).await;
    assert_eq!(answer["response"].get("patch"), None, "nothing is held");
    let (status, answer) = ask(false, "/hold-deployment", "application/json", text).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer["response"]["patch"].is_string(), "it is held");
}

#[tokio::test]
async fn nothing_but_reviews_is_answered() {
    let json = "application/json";
    let good = review(&json!({})).to_string();
    for (path, content, body, status) in [
        ("/", json, good.clone(), StatusCode::NOT_FOUND),
        ("/metrics", json, good.clone(), StatusCode::NOT_FOUND),
        ("/hold-nothing", json, good.clone(), StatusCode::NOT_FOUND),
        ("/hold-job", "text/plain", good, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("/hold-job", json, "{}".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(ask(true, path, content, body).await.0, status, "{path}");
    }
    let get = Request::get("/hold-job").body(Body::empty()).expect("a request");
    let response = router(objects(true)).oneshot(get).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_review_that_is_too_large_is_not_even_read() {
    let request = Request::post("/hold-job")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, LARGEST + 1)
        .body(Body::empty())
        .expect("a request");
    let response = router(objects(true)).oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Without a length it is read up to the limit and no further.
    let (status, _) = ask(true, "/hold-job", "application/json", " ".repeat(LARGEST + 1)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

/// A server on a port of its own, and what trusts it.
async fn running() -> (std::net::SocketAddr, Arc<Serving>, shutdown::Trigger) {
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
    let serving = Serving::new(issue(&["127.0.0.1".to_owned()], now).expect("a certificate"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (trigger, shutdown) = shutdown::channel();
    tokio::spawn(serve(listener, serving.clone(), objects(true), shutdown));
    (address, serving, trigger)
}

#[tokio::test]
async fn who_does_not_speak_tls_gets_no_answer_and_disturbs_nobody() {
    let (address, ..) = running().await;
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(b"POST /hold-job HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/"), "{answer:?}");
    assert!(TcpStream::connect(address).await.is_ok());
}
