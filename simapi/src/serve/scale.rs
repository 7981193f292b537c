//! The `scale` subresource: how many, and nothing else.

use serde_json::{Value, json};

use super::{Answer, Desk};
use crate::call::Verb;
use crate::failure::Failure;
use crate::object::meta;
use crate::patch;

impl Desk<'_> {
    pub(super) fn scale(&mut self) -> Result<Answer, Failure> {
        let old = self.stored()?;
        let scale = scale_of(&old.value);
        let wanted = match self.call.verb {
            Verb::Get => return Ok(Answer::ok(scale.to_string())),
            Verb::Update => {
                serde_json::from_slice(&self.call.body).map_err(|error| Failure::bad_request(error.to_string()))?
            }
            _ => {
                let patch: Value =
                    serde_json::from_slice(&self.call.body).map_err(|error| Failure::bad_request(error.to_string()))?;
                let how = patch::How::of(&self.call.content_type, &self.kind)?;
                how.patched(&scale, &patch)?
            }
        };
        let mut object = Value::clone(&old.value);
        object["spec"]["replicas"] = wanted["spec"]["replicas"].as_i64().unwrap_or(0).into();
        object["metadata"]["resourceVersion"] = match meta(&wanted, "resourceVersion") {
            "" => Value::Null,
            version => version.into(),
        };
        let Answer::Text(code, text) = self.replace(&old, object)? else { return Err(Failure::method_not_allowed()) };
        let new = serde_json::from_str(&text).map_err(|error| Failure::internal(&error.to_string()))?;
        Ok(Answer::Text(code, scale_of(&new).to_string()))
    }
}

fn scale_of(value: &Value) -> Value {
    let labels = value["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let selector: Vec<String> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let meta = &value["metadata"];
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(0);
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"], "creationTimestamp": meta["creationTimestamp"]},
        "spec": if wanted == 0 { json!({}) } else { json!({"replicas": wanted}) },
        "status": {"replicas": value["status"]["replicas"].as_i64().unwrap_or(0), "selector": selector.join(",")},
    })
}
