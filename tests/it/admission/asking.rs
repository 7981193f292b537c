//! Requests as the API server sees them, by whoever they are: for tests that ask hundreds of questions.

use control_plane::{Access, ControlPlane};
use http::Request;
use kube::Client;
use serde_json::{Value, json};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Create,
    Update,
    MergePatch,
    Apply,
    JsonPatch,
    Status,
    DeleteAndCreate,
}

pub const WAYS: [Way; 7] =
    [Way::Create, Way::Update, Way::MergePatch, Way::Apply, Way::JsonPatch, Way::Status, Way::DeleteAndCreate];

/// The answer: the object as stored, or the code and the message.
pub type Reply = Result<Value, (u16, String)>;

/// Somebody with a connection.
pub struct Caller {
    client: Client,
    /// For an admin who acts as somebody else: the headers that say so.
    pretends: Vec<(&'static str, String)>,
}

impl Caller {
    pub fn new(access: &Access) -> Self {
        Self { client: access.client().expect("a client"), pretends: Vec::new() }
    }

    /// An admin who impersonates a user.
    pub fn pretending(plane: &ControlPlane, user: &str, groups: &[&str]) -> Self {
        let admin = Self::new(&plane.admin().expect("the admin"));
        let groups = groups.iter().map(|g| ("Impersonate-Group", (*g).to_owned()));
        Self { pretends: [("Impersonate-User", user.to_owned())].into_iter().chain(groups).collect(), ..admin }
    }

    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: Option<&Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.pretends {
            request = request.header(*name, value);
        }
        if !content_type.is_empty() {
            request = request.header("Content-Type", content_type);
        }
        let bytes = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        match self.client.request_text(request.body(bytes).expect("a request")).await {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
            Err(kube::Error::Api(status)) => Err((status.code, status.message.clone())),
            Err(other) => panic!("no answer: {other}"),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", None).await
    }

    /// Writes `wanted` over what is there now, in one of the ways. `keep` is whether it is stored; a dry-run goes
    /// through authorization, policies and schema all the same.
    pub async fn write(&self, way: Way, collection: &str, now: &Value, wanted: &Value, keep: bool) -> Reply {
        let dry = if keep { "" } else { "dryRun=All" };
        let name = wanted["metadata"]["name"].as_str().unwrap_or_default();
        let one = format!("{collection}/{name}");
        let mut whole = wanted.clone();
        match way {
            Way::Create => {
                whole["metadata"]["name"] = json!(format!("{name}-new"));
                self.send("POST", &format!("{collection}?{dry}"), "application/json", Some(&whole)).await
            }
            Way::Update => {
                whole["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
                self.send("PUT", &format!("{one}?{dry}"), "application/json", Some(&whole)).await
            }
            Way::MergePatch => {
                let patch = json!({"spec": replaced(&now["spec"], &wanted["spec"])});
                self.send("PATCH", &format!("{one}?{dry}"), "application/merge-patch+json", Some(&patch)).await
            }
            Way::Apply => {
                let query = format!("?{dry}&force=true&fieldManager=matrix");
                self.send("PATCH", &format!("{one}{query}"), "application/apply-patch+yaml", Some(&whole)).await
            }
            Way::JsonPatch => {
                let patch = json!([{"op": "replace", "path": "/spec", "value": wanted["spec"]}]);
                self.send("PATCH", &format!("{one}?{dry}"), "application/json-patch+json", Some(&patch)).await
            }
            Way::Status => {
                let patch = json!({"status": wanted["status"], "spec": wanted["spec"]});
                self.send("PATCH", &format!("{one}/status?{dry}"), "application/merge-patch+json", Some(&patch)).await
            }
            Way::DeleteAndCreate => {
                self.send("DELETE", &format!("{one}?{dry}"), "", None).await?;
                if !keep {
                    whole["metadata"]["name"] = json!(format!("{name}-again"));
                }
                self.send("POST", &format!("{collection}?{dry}"), "application/json", Some(&whole)).await
            }
        }
    }
}

/// A merge patch that leaves exactly `wanted`: what is there and not wanted is taken away.
fn replaced(now: &Value, wanted: &Value) -> Value {
    let mut patch = wanted.clone();
    if let (Some(patch), Some(now)) = (patch.as_object_mut(), now.as_object()) {
        for field in now.keys() {
            patch.entry(field.clone()).or_insert(Value::Null);
        }
    }
    patch
}
