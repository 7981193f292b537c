//! What the process answers over HTTP: whether it lives, whether it is ready, and its metrics. This folder decides
//! nothing: it tells what others know.
//!
//! This folder never decides anything and never writes to the cluster.

pub mod webhook;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::{self, Metrics};
use crate::shutdown::Shutdown;

/// How long connections may stay open once the process is to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Answers whether something is well, or what is wrong with it. Must not block.
pub type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the health endpoints ask, by name. A clone is another handle on the same conditions.
#[derive(Clone, Default)]
pub struct Checks {
    live: Conditions,
    ready: Conditions,
}

type Conditions = Arc<RwLock<Vec<(String, Check)>>>;

fn add(conditions: &Conditions, name: impl Into<String>, check: Check) {
    conditions.write().unwrap_or_else(PoisonError::into_inner).push((name.into(), check));
}

impl Checks {
    /// With one more condition for `/healthz`: if it fails for long, the process should be restarted.
    #[must_use]
    pub fn live(self, name: impl Into<String>, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        add(&self.live, name, Arc::new(check));
        self
    }

    /// With one more condition for `/readyz`, like a cache that is synced. A standby is ready when it could take
    /// over: leading is no condition.
    #[must_use]
    pub fn ready(
        self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.also_ready(name, check);
        self
    }

    /// One more condition for `/readyz` that is served already.
    pub fn also_ready(&self, name: impl Into<String>, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        add(&self.ready, name, Arc::new(check));
    }
}

/// Takes a port.
///
/// # Errors
/// When the address cannot be bound.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves `/healthz`, `/readyz` and `/metrics` until the shutdown. `/readyz` fails from then on, for as long as
/// connections are still open.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    checks: Checks,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
) -> std::io::Result<()> {
    let app = router(checks, metrics, shutdown.clone());
    let stop = shutdown.clone();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move { stop.requested().await });
    let overdue = async {
        shutdown.requested().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = server => served,
        () = overdue => Ok(()),
    }
}

#[derive(Clone)]
struct App {
    checks: Arc<Checks>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
}

fn router(checks: Checks, metrics: Arc<Metrics>, shutdown: Shutdown) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(App { checks: Arc::new(checks), metrics, shutdown })
}

/// That this runs at all shows that the event loop does.
async fn healthz(State(app): State<App>) -> impl IntoResponse {
    report(&app.checks.live)
}

async fn readyz(State(app): State<App>) -> impl IntoResponse {
    if app.shutdown.is_requested() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n".to_owned());
    }
    report(&app.checks.ready)
}

async fn scrape(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], app.metrics.encode())
}

fn report(checks: &Conditions) -> (StatusCode, String) {
    let mut status = StatusCode::OK;
    let mut text = String::new();
    for (name, check) in checks.read().unwrap_or_else(PoisonError::into_inner).iter() {
        let line = match check() {
            Ok(()) => format!("[+]{name} ok"),
            Err(reason) => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                format!("[-]{name} failed: {}", reason.escape_debug())
            }
        };
        let _ = writeln!(text, "{line}");
    }
    text.push_str(if status.is_success() { "ok\n" } else { "failed\n" });
    (status, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shutdown;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tower::ServiceExt;

    async fn ask(app: &Router, path: &str) -> (StatusCode, String) {
        let response = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(text.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_follows_its_checks_and_life_does_not() {
        let synced = Arc::new(AtomicBool::new(false));
        let checks = Checks::default().ready("releases", {
            let synced = synced.clone();
            move || {
                if synced.load(Ordering::Relaxed) { Ok(()) } else { Err("403: no\u{1b}[31m".into()) }
            }
        });
        let (trigger, shutdown) = shutdown::channel();
        let app = router(checks, Arc::default(), shutdown);
        assert_eq!(ask(&app, "/healthz").await, (StatusCode::OK, "ok\n".into()));
        let (status, text) = ask(&app, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text, "[-]releases failed: 403: no\\u{1b}[31m\nfailed\n");
        synced.store(true, Ordering::Relaxed);
        assert_eq!(ask(&app, "/readyz").await, (StatusCode::OK, "[+]releases ok\nok\n".into()));
        trigger.request();
        assert_eq!(ask(&app, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ask(&app, "/healthz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_are_served_and_the_server_stops() {
        let (trigger, shutdown) = shutdown::channel();
        let app = router(Checks::default(), Arc::default(), shutdown.clone());
        assert!(ask(&app, "/metrics").await.1.ends_with("# EOF\n"));
        assert_eq!(ask(&app, "/").await.0, StatusCode::NOT_FOUND);
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let server = tokio::spawn(serve(listener, Checks::default(), Arc::default(), shutdown));
        trigger.request();
        server.await.unwrap().unwrap();
    }
}
