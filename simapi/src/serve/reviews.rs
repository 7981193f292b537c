//! Questions that are asked by creating an object which is never stored: who am I, and may I?

use http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use crate::access::{Access, User};
use crate::call::{Call, Verb};
use crate::failure::Failure;
use crate::server::{Rules, State};

/// Answers a review; nothing, if the request is none.
pub(super) fn review(state: &State, rules: &Rules, call: &Call) -> Option<Result<Answer, Failure>> {
    let groups = ["authorization.k8s.io", "authentication.k8s.io"];
    if !groups.contains(&call.group.as_str()) {
        return None;
    }
    if call.verb != Verb::Create {
        return Some(Err(Failure::method_not_allowed()));
    }
    let mut body: Value = match serde_json::from_slice(&call.body) {
        Ok(body) => body,
        Err(error) => return Some(Err(Failure::bad_request(error.to_string()))),
    };
    let status = match call.plural.as_str() {
        "selfsubjectaccessreviews" => decided(state, rules, &call.user, &body["spec"]),
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            if let Err(failure) = may_ask(state, rules, call) {
                return Some(Err(failure));
            }
            decided(state, rules, &subject(&body["spec"]), &body["spec"])
        }
        "selfsubjectreviews" => json!({"userInfo": {"username": call.user.name, "groups": call.user.groups}}),
        _ => return Some(Err(Failure::no_such_resource())),
    };
    body["status"] = status;
    Some(Ok(Answer::Text(StatusCode::CREATED, body.to_string())))
}

/// Asking about others is itself something that one may or may not.
fn may_ask(state: &State, rules: &Rules, call: &Call) -> Result<(), Failure> {
    let access = Access {
        user: &call.user,
        verb: "create",
        group: &call.group,
        resource: &call.plural,
        subresource: "",
        namespace: &call.namespace,
        name: "",
    };
    if rules.authorizer.allows(&access, &state.store) {
        return Ok(());
    }
    let message = format!("{}.{} is forbidden: {}", call.plural, call.group, access.refusal());
    Err(Failure::new(403, "Forbidden", message))
}

fn subject(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten();
    let groups = groups.filter_map(Value::as_str).map(str::to_owned).collect();
    User { name: spec["user"].as_str().unwrap_or_default().to_owned(), groups }
}

fn decided(state: &State, rules: &Rules, user: &User, spec: &Value) -> Value {
    let about = &spec["resourceAttributes"];
    let text = |field: &str| about[field].as_str().unwrap_or_default();
    let access = Access {
        user,
        verb: text("verb"),
        group: text("group"),
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: text("namespace"),
        name: text("name"),
    };
    json!({"allowed": rules.authorizer.allows(&access, &state.store)})
}
