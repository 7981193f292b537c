//! How an API server says no: the `Status` object, in its own words.

use serde_json::{Value, json};

use crate::kind::Kind;

/// The answer of a request that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure(Box<Body>);

#[derive(Clone, Debug, PartialEq)]
struct Body {
    code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Where, like `spec.replicas`.
    pub field: String,
    /// Like `FieldValueInvalid`.
    pub reason: &'static str,
    /// What, like `Invalid value: -1: must be greater than or equal to 0`.
    pub message: String,
}

impl Cause {
    /// A field that must be there and is not.
    #[must_use]
    pub fn required(field: impl Into<String>, message: &str) -> Self {
        let message = if message.is_empty() { "Required value".into() } else { format!("Required value: {message}") };
        Self { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// A field whose value cannot be.
    #[must_use]
    pub fn invalid(field: impl Into<String>, value: &Value, message: &str) -> Self {
        let message = format!("Invalid value: {value}: {message}");
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    /// A field that must not be set, or not so.
    #[must_use]
    pub fn forbidden(field: impl Into<String>, message: &str) -> Self {
        Self { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {message}") }
    }
}

impl Failure {
    /// Any failure.
    #[must_use]
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Body { code, reason, message: message.into(), details: Value::Null }))
    }

    fn about(self, kind: &Kind, name: &str) -> Self {
        let mut details = json!({"kind": kind.plural});
        set(&mut details, "name", name);
        set(&mut details, "group", &kind.group);
        self.detailed(details)
    }

    fn detailed(mut self, details: Value) -> Self {
        self.0.details = details;
        self
    }

    /// 404: there is no such object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified())).about(kind, name)
    }

    /// 404: there is no such path.
    #[must_use]
    pub fn no_such_resource() -> Self {
        let failure = Self::new(404, "NotFound", "the server could not find the requested resource");
        failure.detailed(json!({}))
    }

    /// 409: there is such an object already.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409: the object has another version than the one named.
    #[must_use]
    pub fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// 409, for another reason.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 409: other managers own these fields; what `kubectl apply --server-side` says.
    #[must_use]
    pub fn owned_by_others(message: String, causes: Vec<Value>) -> Self {
        Self::new(409, "Conflict", message).detailed(json!({"causes": causes}))
    }

    /// 403: the object may not be what it would be.
    #[must_use]
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 403 by an admission policy: the object may not be what it would be.
    #[must_use]
    pub fn denied(kind: &Kind, name: &str, policy: &str, why: &str) -> Self {
        let why = format!("ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {why}");
        Self::forbidden(kind, name, &why)
    }

    /// 403: the namespace is on its way out.
    #[must_use]
    pub fn terminating(kind: &Kind, name: &str, namespace: &str) -> Self {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut failure = Self::forbidden(kind, name, &why);
        failure.0.details["causes"] = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
        failure
    }

    /// 422: fields are wrong.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let said: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let said = if let [one] = &said[..] { one.clone() } else { format!("[{}]", said.join(", ")) };
        let kind_name = if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) };
        let causes = causes.iter().map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}));
        let mut details = json!({"kind": kind.kind, "causes": causes.collect::<Vec<_>>()});
        set(&mut details, "name", name);
        set(&mut details, "group", &kind.group);
        Self::new(422, "Invalid", format!("{kind_name} \"{name}\" is invalid: {said}")).detailed(details)
    }

    /// 422: a patch cannot be applied.
    #[must_use]
    pub fn patch_failed() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).detailed(json!({}))
    }

    /// 400.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .detailed(json!({}))
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 410: the version is no longer kept.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 429, to be tried again after so many seconds.
    #[must_use]
    pub fn too_many(seconds: u64) -> Self {
        Self::new(429, "TooManyRequests", "too many requests, please try again later")
            .detailed(json!({"retryAfterSeconds": seconds}))
    }

    /// 504: no answer in time; a write may have taken effect.
    #[must_use]
    pub fn timeout() -> Self {
        let message = "Timeout: request did not complete within the allotted timeout";
        Self::new(504, "Timeout", message).detailed(json!({}))
    }

    /// 500.
    #[must_use]
    pub fn internal(message: &str) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
            .detailed(json!({"causes": [{"message": message}]}))
    }

    /// 503.
    #[must_use]
    pub fn unavailable() -> Self {
        let message = "the server is currently unable to handle the request";
        Self::new(503, "ServiceUnavailable", message).detailed(json!({}))
    }

    /// 504: the version named has not been reached yet.
    #[must_use]
    pub fn too_large_version(asked: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        Self::new(504, "Timeout", message).detailed(json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }))
    }

    /// Reads a `Status` object.
    pub(crate) fn read(status: &Value) -> Self {
        let code = status["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
        let reasons = [
            "NotFound",
            "AlreadyExists",
            "Conflict",
            "Forbidden",
            "Invalid",
            "BadRequest",
            "MethodNotAllowed",
            "UnsupportedMediaType",
            "Expired",
            "TooManyRequests",
            "Timeout",
            "ServiceUnavailable",
        ];
        let reason = reasons.into_iter().find(|r| status["reason"] == *r).unwrap_or("InternalError");
        let failure = Self::new(code, reason, status["message"].as_str().unwrap_or_default());
        failure.detailed(status["details"].clone())
    }

    /// The HTTP code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// The machine-readable reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// What the server says.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How many seconds to wait before the request is made again, if that helps.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.0.details["retryAfterSeconds"].as_u64()
    }

    /// The `Status` object.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let body = &*self.0;
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": body.message, "reason": body.reason, "code": body.code});
        if !body.details.is_null() {
            status["details"] = body.details.clone();
        }
        status
    }
}

fn set(details: &mut Value, field: &str, value: &str) {
    if !value.is_empty() {
        details[field] = value.into();
    }
}
