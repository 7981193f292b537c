//! The Lease object as it is on the wire. What we do not know of it is kept as it is.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lease {
    api_version: String,
    kind: String,
    metadata: Map<String, Value>,
    #[serde(default)]
    pub(super) spec: Spec,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder_identity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_duration_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acquire_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renew_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_transitions: Option<u32>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn micro_time(instant: DateTime<Utc>) -> Option<String> {
    Some(instant.to_rfc3339_opts(SecondsFormat::Micros, true))
}

impl Lease {
    /// A lease that nobody holds and that does not exist yet.
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        let metadata = Map::from_iter([("namespace".into(), json!(namespace)), ("name".into(), json!(name))]);
        Self { api_version: "coordination.k8s.io/v1".into(), kind: "Lease".into(), metadata, spec: Spec::default() }
    }

    /// Who holds it; empty if nobody does.
    pub(super) fn holder(&self) -> &str {
        self.spec.holder_identity.as_deref().unwrap_or_default()
    }

    /// How long it lasts after a renewal, as its holder has it.
    pub(super) fn duration(&self) -> Option<Duration> {
        self.spec.lease_duration_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// The lease taken, or renewed.
    pub(super) fn taken_by(mut self, identity: &str, duration: Duration, now: DateTime<Utc>) -> Self {
        if self.holder() != identity {
            let transitions = self.spec.lease_transitions.map_or(0, |count| count.saturating_add(1));
            self.spec.lease_transitions = Some(transitions);
            self.spec.acquire_time = micro_time(now);
            self.spec.holder_identity = Some(identity.to_owned());
        }
        self.spec.lease_duration_seconds = Some(duration.as_secs().try_into().unwrap_or(u32::MAX));
        self.spec.renew_time = micro_time(now);
        self
    }

    /// The lease given back: free for anyone at once.
    pub(super) fn released(mut self, now: DateTime<Utc>) -> Self {
        self.spec.holder_identity = Some(String::new());
        self.spec.lease_duration_seconds = Some(1);
        self.spec.acquire_time = micro_time(now);
        self.spec.renew_time = micro_time(now);
        self
    }

    fn meta(&self, field: &str) -> &str {
        self.metadata.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

type Built = Result<Request<Vec<u8>>, String>;

fn collection(namespace: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases")
}

fn build(request: http::request::Builder, body: Option<&Lease>) -> Built {
    let body = body.map_or(Ok(Vec::new()), serde_json::to_vec).map_err(|error| error.to_string())?;
    request.header(header::CONTENT_TYPE, "application/json").body(body).map_err(|error| error.to_string())
}

pub(super) fn get_request(namespace: &str, name: &str) -> Built {
    build(Request::get(format!("{}/{name}", collection(namespace))), None)
}

pub(super) fn post_request(lease: &Lease) -> Built {
    build(Request::post(collection(lease.meta("namespace"))), Some(lease))
}

/// Replaces the lease if it is still at the version that was read: that is in its metadata.
pub(super) fn put_request(lease: &Lease) -> Built {
    let path = format!("{}/{}", collection(lease.meta("namespace")), lease.meta("name"));
    build(Request::put(path), Some(lease))
}
