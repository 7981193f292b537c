//! Asking a server, and reading its answers so that those of two servers can be compared.

use std::collections::BTreeMap;

use kube::Client;
use kube::client::Body;
use serde_json::{Map, Value, json};

/// A server, and how its uids and versions are called.
pub struct Server {
    pub client: Client,
    names: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
    /// The last body of each object that this server showed.
    known: BTreeMap<String, Vec<Value>>,
}

/// An answer with what differs by nature called by names.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub code: u16,
    pub body: Value,
}

impl Server {
    pub fn new(client: Client) -> Self {
        Self { client, names: BTreeMap::new(), counts: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// Sends a request.
    pub async fn ask(&mut self, method: &str, path: &str, media: &str, body: &Value) -> Answer {
        let text = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(if method == "GET" { "accept" } else { "content-type" }, media)
            .body(Body::from(text))
            .expect("a request");
        let response = self.client.send(request).await.expect("an answer");
        let code = response.status().as_u16();
        let bytes = response.into_body().collect_bytes().await.expect("a body");
        let body: Value =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(&bytes)}));
        self.learn(&body);
        Answer { code, body: self.named(&body, "") }
    }

    /// An object as this server showed it: the newest for 0, older ones for more.
    pub fn shown(&self, object: &str, back: usize) -> Option<Value> {
        let all = self.known.get(object)?;
        all.get(all.len().checked_sub(back + 1)?).cloned()
    }

    fn learn(&mut self, body: &Value) {
        let kind = body["kind"].as_str().unwrap_or_default();
        if kind.ends_with("List") || kind == "Status" || body["metadata"]["name"].is_null() {
            return;
        }
        let name = format!("{kind}/{}", body["metadata"]["name"].as_str().unwrap_or_default());
        self.known.entry(name).or_default().push(body.clone());
    }

    fn name(&mut self, what: &'static str, value: &str) -> String {
        let next = self.counts.entry(what).or_default();
        let name = self.names.entry(value.to_owned()).or_insert_with(|| {
            *next += 1;
            format!("{what}#{next}")
        });
        name.clone()
    }

    /// The same with names for what differs by nature.
    pub fn named(&mut self, value: &Value, field: &str) -> Value {
        match value {
            Value::Object(map) => {
                let list = map.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
                // Metadata comes before the rest here as there, because maps are sorted.
                let named = map.iter().map(|(name, value)| {
                    let value = if list && name == "metadata" { without_version(value) } else { value.clone() };
                    (name.clone(), self.named(&value, name))
                });
                Value::Object(named.collect::<Map<_, _>>())
            }
            Value::Array(items) if field == "managedFields" => {
                // Their order follows the second in which each wrote, which is not the same on both servers.
                let key = |m: &Value| ["operation", "manager", "subresource"].map(|f| m[f].to_string());
                let mut items: Vec<Value> = items.iter().map(|item| self.named(item, "")).collect();
                items.sort_by_key(key);
                items.into()
            }
            Value::Array(items) => items.iter().map(|item| self.named(item, field)).collect(),
            Value::String(text) => match field {
                "uid" | "controller-uid" | "batch.kubernetes.io/controller-uid" => self.name("uid", text).into(),
                "resourceVersion" if !text.is_empty() => self.name("version", text).into(),
                "creationTimestamp" | "deletionTimestamp" | "time" => "a time".into(),
                "continue" if !text.is_empty() => "a token".into(),
                _ => self.text(text).into(),
            },
            other => other.clone(),
        }
    }

    /// Messages name uids and versions, too.
    fn text(&self, text: &str) -> String {
        let named = self.names.iter().filter(|(value, _)| value.len() > 20);
        named.fold(text.to_owned(), |text, (value, name)| text.replace(value, name))
    }
}

/// Lists are of a moment that other namespaces have a part in.
fn without_version(meta: &Value) -> Value {
    let mut meta = meta.clone();
    if let Some(map) = meta.as_object_mut() {
        map.remove("resourceVersion");
    }
    meta
}

/// What differs between two answers, path by path.
pub fn differences(real: &Answer, ours: &Answer) -> String {
    let mut lines = vec![format!("  code {} {}", real.code, ours.code)];
    if real.code >= 400 || ours.code >= 400 {
        lines.push(format!("  real: {}\n  ours: {}", real.body["message"], ours.body["message"]));
    }
    compare("", &real.body, &ours.body, &mut lines);
    lines.truncate(24);
    lines.join("\n")
}

fn compare(path: &str, real: &Value, ours: &Value, lines: &mut Vec<String>) {
    match (real, ours) {
        _ if real == ours => {}
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                compare(&format!("{path}.{name}"), &real[name.as_str()], &ours[name.as_str()], lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{n}]"), a, b, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.iter().chain(b).any(|e| e["object"].is_object()) => {
            let told = |events: &[Value]| -> Vec<String> {
                let meta = |e: &Value| e["object"]["metadata"].clone();
                let line = |e: &Value| {
                    format!(
                        "{} {} {} {}",
                        e["type"],
                        meta(e)["name"],
                        meta(e)["resourceVersion"],
                        meta(e)["finalizers"]
                    )
                };
                events.iter().map(line).collect()
            };
            lines.push(format!("  {path}:\n   real {:?}\n   ours {:?}", told(a), told(b)));
        }
        _ => lines.push(format!("  {path}: real {real} ours {ours}").chars().take(600).collect()),
    }
}
