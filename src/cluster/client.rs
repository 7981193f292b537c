//! The connections to the API server.
//!
//! No request is repeated here: whether a write that got no answer took effect is unknown, and only whoever made it
//! can find out. Every answer's `Date` teaches the [`ServerClock`].

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::{Instant, Sleep, timeout_at};
use tower::{BoxError, Layer, Service};

use crate::clock::{Clock as _, ServerClock};
use crate::metrics::Metrics;

/// How long a request may take, from its beginning to the end of its body. Watches are exempt.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request about the lease may take: short against the renew deadline.
pub const LEASE_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kubeconfig file cannot be read or used.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// There is neither a kubeconfig nor a service account.
    #[error("no cluster found: {0}")]
    Infer(#[from] kube::config::InferConfigError),
    /// The configuration cannot be turned into a client.
    #[error("no client: {0}")]
    Client(#[from] kube::Error),
}

/// The connections of one process.
#[derive(Clone)]
pub struct Clients {
    /// For everything but the lease.
    pub main: Client,
    /// For the lease: a connection of its own, so that nothing can keep a renewal waiting.
    pub lease: Client,
}

/// Finds the cluster: the kubeconfig file if one is given, else `KUBECONFIG` or `~/.kube/config`, else the service
/// account of the pod.
///
/// # Errors
/// When nothing is found, or what is found cannot be read.
pub async fn find_cluster(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Config, ClientError> {
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    match kubeconfig {
        Some(path) => Ok(Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?),
        None if context.is_some() => Ok(Config::from_kubeconfig(&options).await?),
        None => Ok(Config::infer().await?),
    }
}

/// Connects to a cluster. No request is sent yet.
///
/// # Errors
/// When the configuration holds certificates, credentials or a proxy that cannot be used.
pub fn connect(config: &Config, clock: &Arc<ServerClock>, metrics: &Arc<Metrics>) -> Result<Clients, ClientError> {
    install_crypto();
    let client = |timeout| -> Result<Client, ClientError> {
        let mut config = config.clone();
        // A write that timed out may have taken effect, and a pause of half a second is half a second of latency.
        config.default_retry = false;
        let agent = HeaderValue::from_static(concat!("rollcall/", env!("CARGO_PKG_VERSION")));
        config.headers.retain(|(name, _)| *name != header::USER_AGENT);
        config.headers.push((header::USER_AGENT, agent));
        let host = config.cluster_url.authority().map_or_else(String::new, ToString::to_string);
        let layer = ObserveLayer::new(host, timeout, clock.clone(), metrics.clone());
        Ok(ClientBuilder::try_from(config)?.with_layer(&layer).build())
    };
    Ok(Clients { main: client(REQUEST_TIMEOUT)?, lease: client(LEASE_REQUEST_TIMEOUT)? })
}

/// Makes ring the process's cryptography; whoever came first wins, which for us is the same.
pub fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Observes every request: its `Date`, its time, its outcome; and ends those that take too long.
#[derive(Clone)]
pub struct ObserveLayer {
    shared: Arc<Shared>,
}

struct Shared {
    host: String,
    timeout: Duration,
    clock: Arc<ServerClock>,
    metrics: Arc<Metrics>,
}

impl ObserveLayer {
    /// A layer for the API server at `host`, the value of that label in metrics.
    #[must_use]
    pub fn new(host: String, timeout: Duration, clock: Arc<ServerClock>, metrics: Arc<Metrics>) -> Self {
        Self { shared: Arc::new(Shared { host, timeout, clock, metrics }) }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner, shared: self.shared.clone() }
    }
}

/// The service of an [`ObserveLayer`].
pub struct Observe<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, B> Service<Request<Body>> for Observe<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = Response<DeadlineBody<B>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = self.shared.clone();
        let method = request.method().clone();
        let watch = is_watch(request.uri());
        let before = shared.clock.read();
        let begun = shared.clock.monotonic();
        let deadline = (!watch).then(|| begun + shared.timeout);
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = match deadline {
                None => response.await.map_err(Into::into),
                Some(deadline) => match timeout_at(deadline, response).await {
                    Ok(response) => response.map_err(Into::into),
                    Err(_) => Err(TimedOut.into()),
                },
            };
            let code = response.as_ref().ok().map(|response| response.status().as_u16());
            let took = shared.clock.monotonic().duration_since(begun);
            shared.metrics.request(method.as_str(), &shared.host, code, took);
            let response = response?;
            if let Some(date) = response.headers().get(header::DATE).and_then(|date| date.to_str().ok()) {
                shared.clock.observe_header(before, date);
            }
            Ok(response.map(|body| DeadlineBody::new(body, deadline)))
        })
    }
}

/// A request got no answer, or no whole answer, in time. Whether a write took effect is unknown.
#[derive(Debug, thiserror::Error)]
#[error("no answer from the API server in time; a write may have taken effect")]
pub struct TimedOut;

fn is_watch(uri: &http::Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|part| matches!(part, "watch=true" | "watch=1")))
}

/// A body that must end before a deadline, if it has one.
pub struct DeadlineBody<B> {
    inner: Pin<Box<B>>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> DeadlineBody<B> {
    fn new(inner: B, deadline: Option<Instant>) -> Self {
        let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        Self { inner: Box::pin(inner), deadline }
    }
}

impl<B> HttpBody for DeadlineBody<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = self.inner.as_mut().poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match &mut self.deadline {
            None => Poll::Pending,
            Some(deadline) => {
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(Some(Err(TimedOut.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
