//! Sign-offs: whose word it is. The twin of `manifests/policies/signoff.rs`.

use serde_json::Value;

use super::{Question, Request, Rule, equal_but};

/// Stamps `by` of every sign-off.
pub(super) struct Signers;

impl Rule for Signers {
    fn name(&self) -> String {
        "stamp-signoff".to_owned()
    }

    fn apply(&self, request: &Request, _: &dyn Fn(Question) -> bool) -> Value {
        let mut object = request.object.clone();
        let old = entries(&request.old);
        // A malformed entry is refused by the schema; until then nothing is stamped.
        let new = object.pointer_mut("/spec/signOffs").and_then(Value::as_array_mut);
        let Some(new) = new.filter(|all| all.iter().all(Value::is_object)) else { return object };
        for entry in new {
            let signer = signer(entry, &old, &request.user).to_owned();
            let by = entry["by"].as_str().unwrap_or_default();
            if by == signer {
                continue;
            }
            if let Some(entry) = entry.as_object_mut() {
                if signer.is_empty() {
                    entry.remove("by");
                } else {
                    entry.insert("by".to_owned(), signer.into());
                }
            }
        }
        object
    }
}

fn entries(object: &Value) -> Vec<&Value> {
    object["spec"]["signOffs"].as_array().into_iter().flatten().collect()
}

/// Who signed an entry: whoever did before, if it says what it said; else the requester. `by` is not said by the
/// writer, and the seat is part of what makes two entries the same.
fn signer<'a>(entry: &Value, old: &[&'a Value], user: &'a str) -> &'a str {
    match old.iter().find(|former| key(former) == key(entry)) {
        Some(former) if equal_but(entry, former, &["by", "seat"]) => former["by"].as_str().unwrap_or_default(),
        _ => user,
    }
}

/// What makes two entries the same entry.
fn key(entry: &Value) -> (&str, i64, &str) {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    (text("role"), entry["seat"].as_i64().unwrap_or(1), text("release"))
}
