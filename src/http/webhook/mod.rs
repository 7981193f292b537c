//! The webhook that stands in for mutating policies on Kubernetes 1.30 to 1.35: answers the API server's reviews
//! with what a rule of [`crate::admission`] makes of them, over TLS, and answers nothing else.
//!
//! This folder never refuses a write and never decides: a rule does, and when no answer comes the guards refuse. It
//! never writes to the cluster. What it takes in is bounded: connections, bytes at a time, and time.

mod bundle;
mod certificate;
mod review;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use self::bundle::{trusts, with};
pub use self::certificate::{CertificateError, Issued, Serving, issue, read};
use self::review::Review;
use crate::admission::{Question, rule};
use crate::cluster::admission::Access;
use crate::cluster::writes::Objects;
use crate::shutdown::Shutdown;

/// Connections at a time; more wait.
const CONNECTIONS: usize = 128;
/// How long a handshake may take, and how long a connection may be silent before a request.
const HANDSHAKE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(90);
/// How long an answer may take, in all: less than the API server waits.
const ANSWER: Duration = Duration::from_millis(2_500);
/// The most that a review may have: twice what an API server takes for one object (3 MiB), and its frame.
const LARGEST: usize = 7 * 1024 * 1024;
/// How many bytes of reviews are held at a time; more wait, within [`ANSWER`].
const HELD: usize = 4 * LARGEST;
/// The unit in which they are counted.
const UNIT: usize = 64 * 1024;
/// How long it goes on after the end was asked for: meanwhile the API server learns that this replica goes.
const LINGER: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct App {
    objects: Objects,
    held: Arc<Semaphore>,
}

/// Answers reviews until the shutdown and a little longer.
pub async fn serve(listener: TcpListener, certificate: Arc<Serving>, objects: Objects, shutdown: Shutdown) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let app = router(objects);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let end = async {
        shutdown.requested().await;
        tokio::time::sleep(LINGER).await;
    };
    tokio::pin!(end);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            () = &mut end => return,
            Some(_) = connections.join_next() => continue,
            (place, accepted) = accepted => match (place, accepted) {
                (Ok(place), Ok((stream, _))) => (place, stream),
                (_, Err(error)) => {
                    // Out of files, mostly: it passes.
                    tracing::warn!(event = "webhook_not_accepted", "{error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                (Err(_), _) => return,
            },
        };
        connections.spawn(converse(stream, place, acceptor.clone(), app.clone()));
    }
}

/// One connection. Whatever goes wrong on it, a panic included, ends it and nothing else.
async fn converse(stream: TcpStream, place: OwnedSemaphorePermit, acceptor: TlsAcceptor, app: Router) {
    let _place = place;
    let stream = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(event = "webhook_handshake", "{error}"),
        Err(_) => return tracing::debug!(event = "webhook_handshake", "no handshake in time"),
    };
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .await;
    if let Err(error) = served {
        tracing::debug!(event = "webhook_connection", "{error}");
    }
}

fn router(objects: Objects) -> Router {
    let held = Arc::new(Semaphore::new(HELD / UNIT));
    Router::new().route("/{rule}", post(admit)).with_state(App { objects, held })
}

async fn admit(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Response {
    match tokio::time::timeout(ANSWER, answer(&app, &name, &headers, body)).await {
        Ok(Ok(response)) => response,
        Ok(Err((status, why))) => {
            tracing::warn!(event = "review_not_answered", rule = %name.escape_debug(), "{}", why.escape_debug());
            (status, why).into_response()
        }
        Err(_) => {
            tracing::warn!(event = "review_not_answered", rule = %name.escape_debug(), "not in time");
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}

type Refused = (StatusCode, String);

async fn answer(app: &App, name: &str, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let Some(rule) = rule(name) else {
        return Err((StatusCode::NOT_FOUND, "there is no such rule".to_owned()));
    };
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if !text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")) {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "a review is application/json".to_owned()));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()).unwrap_or(LARGEST);
    if length > LARGEST {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, format!("a review has at most {LARGEST} bytes")));
    }
    let units = u32::try_from(length / UNIT + 1).unwrap_or(u32::MAX);
    let _held = app.held.acquire_many(units).await;
    let bytes =
        to_bytes(body, length).await.map_err(|_| (StatusCode::BAD_REQUEST, "the review was cut off".to_owned()))?;
    let review = Review::read(&bytes).map_err(|why| (StatusCode::BAD_REQUEST, why))?;
    let mut granted = Vec::new();
    for question in rule.asks(&review.request) {
        if may(app, &review, question).await {
            granted.push(question);
        }
    }
    let stored = rule.apply(&review.request, &|question| granted.contains(&question));
    Ok(axum::Json(review.answer(&stored)).into_response())
}

/// Whether the requester may. What cannot be found out is no: a hold stays then, and nothing else happens.
async fn may(app: &App, review: &Review, question: Question) -> bool {
    let Question { verb, group, resource, subresource } = question;
    let access = Access { namespace: &review.request.namespace, verb, group, resource, subresource };
    match app.objects.may_requester(&review.who, access).await {
        Ok(allowed) => allowed,
        Err(error) => {
            tracing::warn!(event = "access_unknown", verb, resource, "taken for no: {error}");
            false
        }
    }
}

#[cfg(test)]
mod tests;
