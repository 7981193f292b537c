//! An AdmissionReview, in and out (`admission.k8s.io/v1`): bytes to a request for a rule, and what the rule makes of
//! it to an answer. No more of it is read than the rules need.

use k8s_openapi::ByteString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admission::Request;
use crate::cluster::admission::Requester;

/// What the API server asks.
pub struct Review {
    pub uid: String,
    pub who: Requester,
    pub request: Request,
}

#[derive(Deserialize)]
struct Envelope {
    request: Wire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    uid: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    user_info: Requester,
    object: Value,
    #[serde(default)]
    old_object: Value,
}

impl Review {
    /// Reads a review.
    ///
    /// # Errors
    ///
    /// What is wrong with it; never what it contains.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let Envelope { request } = serde_json::from_slice(bytes).map_err(|e| {
            // Serde quotes what it found; objects may hold what must not be told.
            format!("no AdmissionReview with an object: line {}, column {}", e.line(), e.column())
        })?;
        if !request.object.is_object() {
            return Err("the review has no object".to_owned());
        }
        Ok(Self {
            uid: request.uid,
            request: Request {
                user: request.user_info.username.clone(),
                groups: request.user_info.groups.clone(),
                namespace: request.namespace,
                object: request.object,
                old: request.old_object,
            },
            who: request.user_info,
        })
    }

    /// The answer: the request is allowed, and the object is to be stored as `stored`. Refusing is the guards' work.
    pub fn answer(&self, stored: &Value) -> Value {
        let patch = json_patch::diff(&self.request.object, stored);
        let mut response = json!({"uid": self.uid, "allowed": true});
        if !patch.0.is_empty() {
            response["patchType"] = json!("JSONPatch");
            response["patch"] = json!(ByteString(serde_json::to_vec(&patch).unwrap_or_default()));
        }
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_read_and_answered_with_what_changes() {
        let text = json!({"kind": "AdmissionReview", "request": {"uid": "u", "namespace": "core",
            "userInfo": {"username": "dev", "groups": ["g"]}, "object": {"spec": {"a": 1}}, "oldObject": null}});
        let review = Review::read(text.to_string().as_bytes()).expect("a review");
        assert_eq!((review.request.user.as_str(), review.who.groups.len()), ("dev", 1));
        let same = review.answer(&json!({"spec": {"a": 1}}));
        assert_eq!(same["response"], json!({"uid": "u", "allowed": true}));
        let changed = review.answer(&json!({"spec": {"a": 1, "paused": true}}));
        let patch: ByteString = serde_json::from_value(changed["response"]["patch"].clone()).expect("base64");
        let patch: Value = serde_json::from_slice(&patch.0).expect("JSON");
        assert_eq!(patch, json!([{"op": "add", "path": "/spec/paused", "value": true}]));
    }

    #[test]
    fn what_is_no_review_is_refused_without_telling_what_it_was() {
        for bytes in [&b""[..], b"{}", b"[]", b"{\"request\":{\"uid\":\"u\",\"object\":null}}", b"secret", &[0xff; 9]] {
            let error = Review::read(bytes).err().expect("refused");
            assert!(!error.contains("secret"), "{error}");
        }
        let deep =
            format!("{{\"request\":{{\"uid\":\"u\",\"object\":{}1{}}}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(Review::read(deep.as_bytes()).is_err());
    }
}
