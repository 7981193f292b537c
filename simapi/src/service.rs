//! The way between a client and the server: a tower service, on which everything that can go wrong goes wrong.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use tower::{BoxError, Service};

use crate::access::User;
use crate::body::SimBody;
use crate::call::{Call, Route, route};
use crate::failure::Failure;
use crate::faults::{self, After, Before, Seen};
use crate::process::Process;
use crate::serve::Answer;
use crate::server::Inner;
use crate::stream;
use crate::time;

/// A connection of a user to the server. Make a client of it with [`kube::Client::new`], with or without layers
/// around it.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
    user: Arc<User>,
    process: Process,
}

impl Connection {
    pub(crate) fn new(inner: Arc<Inner>, user: User) -> Self {
        let process = Process::new(user.name.clone());
        Self { inner, user: user.into(), process }
    }

    /// The same connection as one of a process that may be paused and killed.
    #[must_use]
    pub fn of(self, process: &Process) -> Self {
        Self { process: process.clone(), ..self }
    }
}

type Answered = Result<Response<SimBody>, BoxError>;

impl Service<Request<kube::client::Body>> for Connection {
    type Response = Response<SimBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answered> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        self.clone().exchange(request).boxed()
    }
}

/// The connection broke.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection reset by peer")
    }
}

impl std::error::Error for Broken {}

impl Connection {
    async fn exchange(self, request: Request<kube::client::Body>) -> Answered {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.map_err(BoxError::from)?;
        let route = match route(&parts, body, self.user.clone(), self.process.shared_name()) {
            Ok(route) => route,
            Err(failure) => return Ok(self.respond(Answer::failed(&failure), None)),
        };
        let Route::Objects(call) = route else {
            let (answer, _) = self.inner.answer(&route, None);
            return Ok(self.respond(answer, None));
        };
        let writes = if call.verb.writes() { self.process.count_write() } else { self.process.writes() };
        let (delay, fate) = faults::before(&self.inner.faults, &self.seen(&call, writes, false));
        let sent = self.process.is_running();
        if delay.is_zero() && sent {
            return self.arrive(call, writes, fate).await;
        }
        // What is under way arrives even if whoever sent it has given up, stands still or is dead.
        let late = async move {
            if !sent {
                self.process.runs().await;
            }
            tokio::time::sleep(delay).await;
            self.arrive(call, writes, fate).await
        };
        tokio::spawn(late).await.unwrap_or_else(|_| Err(Broken.into()))
    }

    /// The request has come to the server, or to what is to become of it before.
    async fn arrive(self, mut call: Box<Call>, writes: u64, fate: Before) -> Answered {
        let marked = fate == Before::Mark;
        match fate {
            Before::Pass | Before::Delay(_) | Before::Mark => {}
            Before::Refuse(failure) => return Ok(self.refuse(&call, &failure)),
            Before::Reset => return Err(Broken.into()),
            Before::Lose => return std::future::pending().await,
            Before::Stale(revision) => call.query.set("simapi.revision", revision.to_string()),
        }
        let route = Route::Objects(call);
        let (answer, _) = self.inner.answer(&route, None);
        let now = self.inner.time.now();
        self.inner.lock().trace.acted(now, &route, &answer);
        let Route::Objects(call) = route else { return Err(Broken.into()) };
        let code = match &answer {
            Answer::Text(code, _) => code.as_u16(),
            Answer::Watch(_) => 200,
        };
        let (delay, fate) = faults::after(&self.inner.faults, &self.seen(&call, writes, marked), code);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if !self.process.is_running() {
            self.process.runs().await;
        }
        match fate {
            After::Pass | After::Delay(_) => Ok(self.respond(answer, Some(call))),
            After::Refuse(failure) => Ok(self.refuse(&call, &failure)),
            After::Reset => Err(Broken.into()),
            After::Cut => Ok(self.cut(answer)),
            After::Lose => std::future::pending().await,
        }
    }

    fn seen<'a>(&'a self, call: &'a Call, writes: u64, marked: bool) -> Seen<'a> {
        let revision = self.inner.lock().store.revision();
        Seen { call, process: self.process.name(), writes, now: self.inner.time.now(), revision, marked }
    }

    fn refuse(&self, call: &Call, failure: &Failure) -> Response<SimBody> {
        let what =
            format!("{} {} {} refused: {}", self.process.name(), call.verb.as_str(), call.plural, failure.code());
        self.inner.lock().trace.told(self.inner.time.now(), &what);
        let mut response = self.respond(Answer::failed(failure), None);
        if let Some(seconds) = failure.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn cut(&self, answer: Answer) -> Response<SimBody> {
        match answer {
            Answer::Text(code, text) => {
                let half = Bytes::from(text.as_bytes()[..text.len() / 2].to_vec());
                self.headed(code, SimBody::cut(half))
            }
            watch @ Answer::Watch(_) => self.respond(watch, None),
        }
    }

    fn respond(&self, answer: Answer, call: Option<Box<Call>>) -> Response<SimBody> {
        match (answer, call) {
            (Answer::Text(code, text), _) => self.headed(code, SimBody::whole(text.into())),
            (Answer::Watch(plan), Some(call)) => {
                let stream = stream::watch(self.inner.clone(), self.process.clone(), *call, plan);
                self.headed(StatusCode::OK, SimBody::streamed(stream))
            }
            (Answer::Watch(_), None) => self.headed(StatusCode::OK, SimBody::cut(Bytes::new())),
        }
    }

    fn headed(&self, code: StatusCode, body: SimBody) -> Response<SimBody> {
        let mut response = Response::new(body);
        *response.status_mut() = code;
        let date = time::http_date(self.inner.time.now());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(date) = HeaderValue::from_str(&date) {
            headers.insert(header::DATE, date);
        }
        response
    }
}
