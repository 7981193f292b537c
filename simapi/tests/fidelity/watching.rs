//! Watches that follow a sequence, and what they have shown at its end.

use futures::AsyncBufReadExt;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::answers::Server;
use super::kinds::{KINDS, Kind};

/// The name of the object that ends a sequence.
const LAST: &str = "zz-last";
const SELECTORS: [&str; 2] = ["", "&labelSelector=tier%3Dred"];

/// The watches of a namespace.
pub struct Watches(Vec<JoinHandle<Vec<Value>>>);

/// Begins to watch everything in a namespace, once whole and once through a selector.
pub async fn begin(server: &Server, namespace: &str) -> Watches {
    let mut watches = Vec::new();
    for kind in KINDS {
        for selector in SELECTORS {
            let path = format!("{}?watch=1&timeoutSeconds=600{selector}", kind.collection(namespace));
            let request = http::Request::get(path).body(Vec::new()).expect("a request");
            let lines = server.client.request_stream(request).await.expect("a watch");
            watches.push(tokio::spawn(async move {
                let mut lines = std::pin::pin!(lines);
                let (mut events, mut line) = (Vec::new(), String::new());
                while lines.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                    let event: Value = serde_json::from_str(&line).expect("an event");
                    line.clear();
                    if event["object"]["metadata"]["name"] == LAST {
                        break;
                    }
                    events.push(event);
                }
                events
            }));
        }
    }
    Watches(watches)
}

/// Writes the objects that the watches end with.
pub async fn finish(server: &mut Server, namespace: &str) {
    for kind in KINDS {
        let body = last(&kind);
        server.ask("POST", &kind.collection(namespace), "application/json", &body).await;
    }
}

fn last(kind: &Kind) -> Value {
    let mut object = kind.object(LAST, &mut simapi::Chance::new(0));
    object["metadata"] = json!({"name": LAST, "labels": {"tier": "red"}});
    object
}

impl Watches {
    /// What they have shown: for each, its events with named versions, which must rise.
    pub async fn told(self, server: &mut Server) -> Value {
        let mut told = Vec::new();
        for watch in self.0 {
            let events = watch.await.expect("a watch");
            let versions =
                events.iter().map(|e| e["object"]["metadata"]["resourceVersion"].as_str()?.parse::<u64>().ok());
            let versions: Vec<Option<u64>> = versions.collect();
            assert!(versions.is_sorted(), "versions rise: {versions:?}");
            told.push(server.named(&Value::Array(events), ""));
        }
        Value::Array(told)
    }
}
