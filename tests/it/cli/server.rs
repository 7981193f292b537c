//! An API server of a few lines for the command's transcripts: it keeps objects, stands at a fixed instant, stamps
//! who signs, and refuses what a person may not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};

/// The API server's time in all transcripts.
pub const NOW: &str = "Tue, 12 Jan 2027 07:00:00 GMT";

/// What the server knows.
#[derive(Default)]
pub struct Known {
    /// By path: `/apis/apps/v1/namespaces/core/deployments/api`.
    pub objects: BTreeMap<String, Value>,
    /// Beginnings of paths, by user: what they may not read or write.
    pub forbidden: Vec<(String, String)>,
    /// Kinds whose definitions are not installed, by plural.
    pub not_installed: Vec<String>,
    /// Every write, as `METHOD path`.
    pub writes: Vec<String>,
    /// Answered by nothing, as a server that is being started again.
    pub down: bool,
}

/// A server that runs until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub known: Arc<Mutex<Known>>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub fn start(known: Known) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let known = Arc::new(Mutex::new(known));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(answer).with_state(known.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, known, _runtime: runtime })
    }

    /// A kubeconfig for it.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- {{name: test, cluster: {{server: \"http://{}\"}}}}\n\
             users:\n- {{name: ana, user: {{}}}}\ncontexts:\n- {{name: test, context: {{cluster: test, user: ana, namespace: releases}}}}\n",
            self.address
        )
    }
}

/// Where an object of this kind stands.
pub fn path_of(object: &Value) -> String {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let version = text(&object["apiVersion"]);
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let kind = text(&object["kind"]).to_lowercase();
    let plural = match kind.as_str() {
        "teamreadiness" => "teamreadinesses".to_owned(),
        kind if kind.ends_with("policy") => format!("{}ies", kind.trim_end_matches('y')),
        kind => format!("{kind}s"),
    };
    let namespace = text(&object["metadata"]["namespace"]);
    let scope = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
    format!("{root}{scope}/{plural}/{}", text(&object["metadata"]["name"]))
}

async fn answer(State(shared): State<Arc<Mutex<Known>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Value = serde_json::from_slice(&to_bytes(body, 1 << 22).await.unwrap_or_default()).unwrap_or_default();
    let user = parts.headers.get("impersonate-user").and_then(|u| u.to_str().ok()).unwrap_or("ana").to_owned();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut known = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if known.down {
        return respond(503, "the server is being started again".into());
    }
    let (code, answer) = known.asked(parts.method.as_str(), &path, &query, &user, body);
    if code == 200 && query.split('&').any(|part| part == "watch=true") {
        let seen = known.listed(&path, &query, &plural(&path));
        drop(known);
        return followed(shared, path, query, seen);
    }
    respond(code, answer)
}

/// What becomes of these objects, line by line, until the server goes down.
fn followed(known: Arc<Mutex<Known>>, path: String, query: String, seen: BTreeMap<String, Value>) -> Response {
    let lines = futures::stream::unfold(seen, move |mut seen| {
        let (known, path, query) = (known.clone(), path.clone(), query.clone());
        async move {
            loop {
                {
                    let known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if known.down {
                        return None;
                    }
                    let now = known.listed(&path, &query, &plural(&path));
                    let event = |kind: &str, object: &Value| format!("{}\n", json!({"type": kind, "object": object}));
                    let new = now.iter().find(|(at, object)| seen.get(*at) != Some(object));
                    if let Some((at, object)) = new {
                        seen.insert(at.clone(), object.clone());
                        return Some((Ok::<_, std::io::Error>(event("MODIFIED", object)), seen));
                    }
                    if let Some(at) = seen.keys().find(|at| !now.contains_key(*at)).cloned() {
                        let gone = seen.remove(&at).unwrap_or_default();
                        return Some((Ok(event("DELETED", &gone)), seen));
                    }
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    });
    Response::builder().header("date", NOW).body(Body::from_stream(lines)).unwrap_or_default()
}

fn respond(code: u16, answer: Value) -> Response {
    let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    Response::builder().status(code).header("date", NOW).body(Body::from(text)).unwrap_or_default()
}

impl Known {
    fn asked(&mut self, method: &str, path: &str, query: &str, user: &str, body: Value) -> (u16, Value) {
        let holding = "mutatingadmissionpolicies";
        let old = self.not_installed.iter().any(|kind| kind == holding);
        if path == "/version" {
            let minor = if old { "34" } else { "36" };
            return (200, json!({"major": "1", "minor": minor, "gitVersion": format!("v1.{minor}.0")}));
        }
        let hidden = self.forbidden.iter().any(|(who, what)| who == user && path.starts_with(what.as_str()));
        if path == "/apis/admissionregistration.k8s.io/v1" && !hidden {
            let served = ["validatingadmissionpolicies", holding].into_iter().filter(|kind| !old || *kind != holding);
            return (200, json!({"resources": served.map(|kind| json!({"name": kind})).collect::<Vec<_>>()}));
        }
        let plural = plural(path);
        if self.not_installed.contains(&plural) {
            return (404, "404 page not found".into());
        }
        if path.ends_with("/selfsubjectreviews") {
            return (201, json!({"status": {"userInfo": {"username": user}}}));
        }
        if path.ends_with("subjectaccessreviews") {
            let user = body["spec"]["user"].as_str().unwrap_or(user);
            let asked = &body["spec"]["resourceAttributes"];
            let of = format!(
                "{} {}",
                asked["verb"].as_str().unwrap_or_default(),
                asked["namespace"].as_str().unwrap_or_default()
            );
            let refused = self.forbidden.iter().any(|(who, what)| who == user && *what == of);
            return (201, json!({"status": {"allowed": !refused}}));
        }
        if self.forbidden.iter().any(|(who, what)| who == user && path.starts_with(what.as_str())) {
            let verb = if method == "GET" { "get" } else { "patch" };
            let message = format!("{plural} is forbidden: User \"{user}\" cannot {verb} resource \"{plural}\"");
            return (403, status(403, "Forbidden", &message, &plural));
        }
        match method {
            "GET" => self.read(path, query, &plural),
            "POST" => {
                self.writes.push(format!("POST {path}?{query}"));
                self.admitted(path, body)
            }
            _ => {
                self.writes.push(format!("{method} {path} as {user}"));
                self.patched(path, user, body, &plural)
            }
        }
    }

    fn read(&self, path: &str, query: &str, plural: &str) -> (u16, Value) {
        if let Some(object) = self.objects.get(path) {
            return (200, object.clone());
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        if last != plural {
            let message = format!("{plural} \"{last}\" not found");
            return (404, status(404, "NotFound", &message, plural));
        }
        let items: Vec<Value> = self.listed(path, query, plural).into_values().collect();
        (200, json!({"metadata": {"resourceVersion": "100"}, "items": items}))
    }

    /// The objects of a list, by their paths.
    fn listed(&self, path: &str, query: &str, plural: &str) -> BTreeMap<String, Value> {
        let (root, scoped) = (path.split("/namespaces/").next().unwrap_or(path), path.contains("/namespaces/"));
        let root =
            if scoped { root.to_owned() } else { path.trim_end_matches(plural).trim_end_matches('/').to_owned() };
        let selector = query.split('&').find_map(|part| part.strip_prefix("fieldSelector=")).unwrap_or_default();
        let named = selector.strip_prefix("metadata.name%3D").or_else(|| selector.strip_prefix("metadata.name="));
        self.objects
            .iter()
            .filter(|(at, _)| at.starts_with(&root) && plural_of(at) == plural)
            .filter(|(at, _)| !scoped || at.starts_with(&format!("{path}/")))
            .filter(|(_, object)| !query.contains("status.finished!=true") || object["status"]["finished"] != true)
            .filter(|(_, object)| named.is_none_or(|name| object["metadata"]["name"] == name))
            .map(|(at, object)| (at.clone(), object.clone()))
            .collect()
    }

    fn patched(&mut self, path: &str, user: &str, patch: Value, plural: &str) -> (u16, Value) {
        let Some(object) = self.objects.get_mut(path) else {
            return (404, status(404, "NotFound", "not found", plural));
        };
        let version = object["metadata"]["resourceVersion"].clone();
        let before = object.clone();
        let operations: json_patch::Patch = serde_json::from_value(patch).unwrap_or_default();
        if let Err(error) = json_patch::patch(object, &operations) {
            return (422, status(422, "Invalid", &error.to_string(), plural));
        }
        if object["metadata"]["resourceVersion"] != version {
            *object = before;
            return (409, status(409, "Conflict", "the object has been modified", plural));
        }
        if let Some(first) = others_word_changed(&before, object, user) {
            let first = format!(
                "{} for {}",
                first["role"].as_str().unwrap_or_default(),
                first["release"].as_str().unwrap_or_default()
            );
            *object = before;
            let message = format!(
                "ValidatingAdmissionPolicy 'guard-signoff.rollcall.dev' denied request: rollcall: the sign-off as {first} in \
                 TeamReadiness {} is somebody else's. Take another seat of the role, or ask them",
                path.rsplit('/').next().unwrap_or_default()
            );
            return (403, status(403, "Forbidden", &message, plural));
        }
        let next = version.as_str().and_then(|v| v.parse::<u64>().ok()).unwrap_or(0) + 1;
        object["metadata"]["resourceVersion"] = next.to_string().into();
        for list in ["/spec/signOffs", "/spec/tasksDone"] {
            let entries = object.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
            entries.filter(|entry| entry["by"].is_null()).for_each(|entry| entry["by"] = user.into());
        }
        if let Some(granted) = object.pointer_mut("/spec/override").filter(|o| o.is_object()) {
            granted["by"] = user.into();
        }
        (200, object.clone())
    }

    /// What the admission policies would do to a workload, as far as they are there.
    fn admitted(&self, path: &str, mut object: Value) -> (u16, Value) {
        let holds = ["/mutatingadmissionpolicies/", "/mutatingwebhookconfigurations/"];
        let policies = self.objects.keys().any(|path| holds.iter().any(|kind| path.contains(kind)));
        if object["kind"] == "TeamReadiness" && policies {
            object["metadata"]["annotations"]["rollcall.dev/author"] = "ana".into();
        }
        if !object["metadata"]["labels"]["rollcall.dev/gate"].is_string() {
            return (201, object);
        }
        if policies {
            object["metadata"]["annotations"]["rollcall.dev/hold"] = "policy".into();
            let field = if object["kind"] == "Job" { "suspend" } else { "paused" };
            object["spec"][field] = true.into();
            return (201, object);
        }
        let guard = format!("guard-{}.rollcall.dev", object["kind"].as_str().unwrap_or_default().to_lowercase());
        if self.objects.keys().any(|path| path.ends_with(&format!("/validatingadmissionpolicies/{guard}"))) {
            let message =
                format!("ValidatingAdmissionPolicy '{guard}' with binding '{guard}' denied request: not held");
            return (403, status(403, "Forbidden", &message, &plural(path)));
        }
        (201, object)
    }
}

/// The first sign-off of somebody else that says something else now, or is gone.
fn others_word_changed(before: &Value, after: &Value, user: &str) -> Option<Value> {
    let list = |team: &Value| team["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
    let after = list(after);
    list(before).into_iter().find(|word| word["by"].as_str().is_some_and(|by| by != user) && !after.contains(word))
}

/// `deployments` of `/apis/apps/v1/namespaces/core/deployments/api`, and of the list's path.
fn plural(path: &str) -> String {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let from = if parts.first() == Some(&"api") { 2 } else { 3 };
    let scoped = parts.get(from) == Some(&"namespaces") && parts.len() > from + 2;
    parts.get(if scoped { from + 2 } else { from }).copied().unwrap_or_default().to_owned()
}

fn plural_of(path: &str) -> String {
    plural(path)
}

fn status(code: u16, reason: &str, message: &str, kind: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message, "details": {"kind": kind}})
}
