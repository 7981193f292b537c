//! API servers for tests: each does what its test says and nothing else.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use kube::Client;
use serde_json::{Value, json};
use tower::BoxError;

/// What the next request gets.
pub(crate) enum Reply {
    /// A whole answer.
    Json(u16, Value),
    /// Lines, then the end of the stream.
    Lines(Vec<String>),
    /// Lines, then silence.
    Open(Vec<String>),
    /// Lines, then the end of the stream in the middle of another.
    Truncated(Vec<String>),
    /// Lines, then a broken connection in the middle of another.
    Cut(Vec<String>),
    /// No connection at all.
    Unreachable,
    /// No answer.
    Silence,
}

/// Answers requests in order; those beyond the script get no answer.
#[derive(Clone)]
pub(crate) struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Script {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { replies: Arc::new(Mutex::new(replies.into_iter().collect())), requests: Arc::default() }
    }

    /// Method and path of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) async fn answer(self, request: Request<kube::client::Body>) -> Result<Response<Body>, BoxError> {
        let line = format!("{} {}", request.method(), request.uri());
        self.requests.lock().unwrap().push(line);
        let reply = self.replies.lock().unwrap().pop_front();
        match reply.unwrap_or(Reply::Silence) {
            Reply::Json(status, body) => Ok(answer(status, &body)),
            Reply::Lines(lines) => Ok(streamed(lines, Body::empty())),
            Reply::Open(lines) => {
                let silence = stream::pending::<Result<Bytes, Infallible>>();
                Ok(streamed(lines, Body::from_stream(silence)))
            }
            Reply::Truncated(lines) => Ok(streamed(lines, Body::from("{\"type\":\"ADDED\",\"obj"))),
            Reply::Cut(lines) => {
                let cut = [Ok("{\"type\":\"ADDED\",\"obj".into()), Err("connection reset")];
                let cut = stream::iter(cut as [Result<Bytes, &str>; 2]);
                Ok(streamed(lines, Body::from_stream(cut)))
            }
            Reply::Unreachable => Err("connection refused".into()),
            Reply::Silence => std::future::pending().await,
        }
    }

    pub(crate) fn client(&self) -> Client {
        let script = self.clone();
        Client::new(tower::service_fn(move |request| script.clone().answer(request)), "default")
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn streamed(lines: Vec<String>, rest: Body) -> Response<Body> {
    let lines = stream::iter(lines).map(|line| Ok(Bytes::from(line + "\n")));
    Response::new(Body::from_stream(lines.chain(rest.into_data_stream())))
}

/// A failure as API servers write it.
pub(crate) fn status(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("no: {reason}")})
}
