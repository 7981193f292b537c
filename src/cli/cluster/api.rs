//! Requests on behalf of a person, each sent once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::{Client, Config};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::{Value, json};

use crate::cli::{Failure, on_the_way};
use crate::clock::{Clock as _, ServerClock, SystemClock};
use crate::cluster::client;
use crate::cluster::lists::RESERVED;
use crate::cluster::writes::Resource;
use crate::metrics::Metrics;

/// The manager of fields that people write through the command. It must not start with `kubectl`: Flux takes over
/// such fields.
pub const FIELD_MANAGER: &str = "rollcall-command";

/// Why the API server did not do it.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// What was asked for: `TeamReadiness core/core`.
    pub what: String,
    pub message: String,
    /// What led to it, if there was no answer.
    pub because: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// There is no such object.
    NotFound,
    /// The API server does not know the kind: the definitions are not installed.
    NoSuchKind,
    Forbidden,
    /// The API server does not know who is asking.
    Unauthorized,
    /// The object is not as it was read.
    Conflict,
    /// The content was refused.
    Refused,
    /// There was no answer.
    Unreachable,
}

/// The API server.
#[derive(Clone)]
pub struct Api {
    client: Client,
    /// Where the API server is, for messages.
    pub server: String,
    /// Unix seconds of the last answer's `Date`; `i64::MIN` before the first.
    date: Arc<AtomicI64>,
    clock: Arc<ServerClock>,
}

impl Api {
    /// # Errors
    ///
    /// When the configuration cannot be turned into a client.
    pub fn new(config: Config) -> Result<Self, Failure> {
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let clock = Arc::new(ServerClock::new());
        let clients = client::connect(&config, &clock, &Arc::new(Metrics::new())).map_err(|e| {
            Failure::unreachable("the kubeconfig cannot be used", "kubectl config view --minify").because(&e)
        })?;
        let date = Arc::new(AtomicI64::new(i64::MIN));
        Ok(Self { client: clients.main, server, date, clock })
    }

    /// The connection, for watches.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The API server's time as of its last answer.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let date = DateTime::from_timestamp(self.date.load(Ordering::Relaxed), 0);
        date.unwrap_or_else(|| SystemClock::default().now())
    }

    /// How far this machine's clock is from the API server's, as far as that is known.
    #[must_use]
    pub fn skew(&self) -> TimeDelta {
        self.clock.skew()
    }

    /// The newest version of an object; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Any refusal but [`RefusalKind::NotFound`].
    pub async fn get(&self, resource: Resource, namespace: &str, name: &str) -> Result<Option<Value>, Refusal> {
        let what = said(resource, namespace, name);
        match self.send(Method::GET, &what, &path(resource, namespace, name), "", None).await {
            Ok(value) => Ok(Some(value)),
            Err(refusal) if refusal.kind == RefusalKind::NotFound => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// All objects of a kind in a namespace, or everywhere if that is empty, in pages. `query` narrows it:
    /// `&fieldSelector=...`.
    ///
    /// # Errors
    ///
    /// Any refusal.
    pub async fn list(&self, resource: Resource, namespace: &str, query: &str) -> Result<Vec<Value>, Refusal> {
        let scope = if namespace.is_empty() { "everywhere".to_owned() } else { format!("in {namespace}") };
        let what = format!("{} {scope}", resource.plural);
        let mut all = Vec::new();
        let mut token = String::new();
        loop {
            let path = format!("{}?limit=500{query}&continue={token}", path(resource, namespace, ""));
            let mut page = self.send(Method::GET, &what, &path, "", None).await?;
            if let Some(items) = page["items"].as_array_mut() {
                all.append(items);
            }
            match page["metadata"]["continue"].as_str() {
                Some(next) if !next.is_empty() => token = encoded(next),
                _ => return Ok(all),
            }
        }
    }

    /// Changes an object by a JSON patch. Returns it as it is then.
    ///
    /// # Errors
    ///
    /// [`RefusalKind::Conflict`] if a test of the patch fails, and any other refusal.
    pub async fn patch(&self, resource: Resource, namespace: &str, name: &str, patch: Value) -> Result<Value, Refusal> {
        let what = said(resource, namespace, name);
        let path = format!("{}?fieldManager={FIELD_MANAGER}", path(resource, namespace, name));
        self.send(Method::PATCH, &what, &path, "application/json-patch+json", Some(patch)).await
    }

    /// Creates an object, or asks what would come of it: `query` may be `&dryRun=All`.
    ///
    /// # Errors
    ///
    /// Any refusal.
    pub async fn create(
        &self,
        resource: Resource,
        namespace: &str,
        query: &str,
        body: Value,
    ) -> Result<Value, Refusal> {
        let what = said(resource, namespace, body["metadata"]["name"].as_str().unwrap_or_default());
        let path = format!("{}?fieldManager={FIELD_MANAGER}{query}", path(resource, namespace, ""));
        self.send(Method::POST, &what, &path, "application/json", Some(body)).await
    }

    /// Whether the person may do this. `None` if the API server does not say.
    pub async fn may(&self, verb: &str, resource: Resource, namespace: &str, name: &str) -> Option<bool> {
        const REVIEWS: Resource = Resource {
            group: "authorization.k8s.io",
            version: "v1",
            plural: "selfsubjectaccessreviews",
            kind: "SelfSubjectAccessReview",
        };
        let asked = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec":
            {"resourceAttributes": {"verb": verb, "group": resource.group, "resource": resource.plural,
                "namespace": namespace, "name": name}}});
        self.create(REVIEWS, "", "", asked).await.ok()?["status"]["allowed"].as_bool()
    }

    /// What stands at a path of the API server, such as `/version`.
    ///
    /// # Errors
    ///
    /// Any refusal.
    pub async fn at(&self, path: &str) -> Result<Value, Refusal> {
        self.send(Method::GET, path, path, "", None).await
    }

    async fn send(
        &self,
        method: Method,
        what: &str,
        uri: &str,
        content_type: &str,
        body: Option<Value>,
    ) -> Result<Value, Refusal> {
        let refused = |message: String| Refusal {
            kind: RefusalKind::Refused,
            what: what.to_owned(),
            message,
            because: Vec::new(),
        };
        let mut request = Request::builder().method(method).uri(uri);
        if !content_type.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, content_type);
        }
        let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        let request = request.body(body.into()).map_err(|e| refused(e.to_string()))?;
        let said = format!("{} {uri}", request.method());
        let answered = self.client.send(request).await;
        on_the_way(|| {
            let how = answered.as_ref().map_or_else(ToString::to_string, |r| r.status().as_u16().to_string());
            format!("{said}: {how}")
        });
        let response = answered.map_err(|error| unreachable(what, &error))?;
        self.learn(&response);
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| unreachable(what, &error))?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        if !status.is_success() {
            return Err(refusal(what, status.as_u16(), &text));
        }
        serde_json::from_str(&text).map_err(|e| refused(format!("the answer is no JSON: {e}")))
    }

    /// Notes what time the API server says it is.
    fn learn<B>(&self, response: &http::Response<B>) {
        let header = response.headers().get(http::header::DATE).and_then(|d| d.to_str().ok());
        if let Some(at) = header.and_then(|d| DateTime::parse_from_rfc2822(d).ok()) {
            self.date.fetch_max(at.timestamp(), Ordering::Relaxed);
        }
    }
}

fn refusal(what: &str, code: u16, text: &str) -> Refusal {
    let status: Value = serde_json::from_str(text).unwrap_or_default();
    let kind = match code {
        // Of an unknown kind the API server says only that there is no such page.
        404 if status["details"]["kind"].is_null() => RefusalKind::NoSuchKind,
        404 => RefusalKind::NotFound,
        401 => RefusalKind::Unauthorized,
        403 => RefusalKind::Forbidden,
        409 => RefusalKind::Conflict,
        // It is too busy, or being started, or what stands before it does not reach it.
        429 | 500..=599 => RefusalKind::Unreachable,
        _ => RefusalKind::Refused,
    };
    let said = status["message"].as_str().unwrap_or(text);
    let message: String = said.trim().chars().take(2048).collect();
    let because = if kind == RefusalKind::Unreachable { vec![format!("HTTP {code}: {message}")] } else { Vec::new() };
    Refusal { kind, what: what.to_owned(), message, because }
}

fn unreachable(what: &str, error: &dyn std::error::Error) -> Refusal {
    let mut because: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let said = error.to_string();
        // Many errors repeat in their own text what they were caused by: the last says it best.
        because.retain(|outer| !outer.contains(&said));
        because.push(said);
        next = error.source();
    }
    let message = because.last().cloned().unwrap_or_default();
    Refusal { kind: RefusalKind::Unreachable, what: what.to_owned(), message, because }
}

fn path(resource: Resource, namespace: &str, name: &str) -> String {
    let root = if resource.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", resource.group) };
    let scope = if namespace.is_empty() { String::new() } else { format!("/namespaces/{}", encoded(namespace)) };
    let name = if name.is_empty() { String::new() } else { format!("/{}", encoded(name)) };
    format!("{root}/{}{scope}/{}{name}", resource.version, resource.plural)
}

fn said(resource: Resource, namespace: &str, name: &str) -> String {
    let scope = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    format!("{} {scope}{name}", resource.kind)
}

/// A text as a part of a path or a query: whatever a person typed must not become another path.
pub fn encoded(text: &str) -> String {
    /// A selector is read more easily as it was written.
    const SELECTORS: AsciiSet = RESERVED.remove(b'=').remove(b'!').remove(b',');
    utf8_percent_encode(text, &SELECTORS).to_string()
}

impl Refusal {
    /// As a person is told. `help` is for a missing object.
    #[must_use]
    pub fn told(self, api: &Api) -> Failure {
        let Self { kind, what, message, because } = self;
        match kind {
            RefusalKind::NotFound => Failure::unreachable(format!("{what}: not found"), "kubectl rollcall status -A"),
            RefusalKind::NoSuchKind => Failure::unreachable(
                format!("{what}: the API server does not know this kind"),
                "install the definitions: rollcall crds | kubectl apply --server-side -f -",
            ),
            RefusalKind::Forbidden => {
                let verb = message.split("cannot ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("get");
                let kind = what.split([' ', '/']).next().unwrap_or_default().to_lowercase();
                let scope = what.split([' ', '/']).nth(1).filter(|_| what.contains('/'));
                let scope = scope.map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
                let help =
                    format!("ask for the right, or look at what you have: kubectl auth can-i {verb} {kind}{scope}");
                Failure::forbidden(format!("{what}: you may not"), help).because_of(message)
            }
            RefusalKind::Unauthorized => {
                Failure::forbidden(format!("{}: it does not know who you are", api.server), "kubectl auth whoami")
                    .because_of(message)
            }
            RefusalKind::Conflict => {
                Failure::no(format!("{what}: it was changed meanwhile; nothing was written"), "run the command again")
            }
            RefusalKind::Refused => {
                Failure::no(format!("{what}: refused"), "correct what it says and run the command again")
                    .because_of(message)
            }
            RefusalKind::Unreachable => {
                let mut failure = Failure::unreachable(
                    format!("{}: no answer", api.server),
                    "look whether it is up and the context is right: kubectl cluster-info",
                );
                for why in because {
                    failure = failure.because_of(why);
                }
                failure
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::writes::TEAMS;

    #[test]
    fn what_a_person_typed_never_becomes_another_path() {
        assert_eq!(
            path(TEAMS, "../../kube-system", "a/b?x=1"),
            "/apis/rollcall.dev/v1alpha1/namespaces/..%2F..%2Fkube-system/teamreadinesses/a%2Fb%3Fx=1"
        );
    }
}
