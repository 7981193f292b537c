//! What is kept of each object that is not a workload: typed, without managed fields and without
//! anything that rollcall does not read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::access::Person;
use super::{ObjectKey, Projected, ResourceVersion};
use crate::api::names::{ASKED_BACK, ASKED_BACK_BY, AUTHOR, AUTHOR_GROUPS};
use crate::api::time::from_wire;
use crate::api::{
    CoordinatedReleaseSpec, CoordinatedReleaseStatus, DeploymentWindowSpec, DeploymentWindowStatus, TeamReadinessSpec,
    TeamReadinessStatus,
};

/// What of an object's metadata is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    pub key: ObjectKey,
    pub version: ResourceVersion,
    pub uid: String,
    pub generation: i64,
    pub created: DateTime<Utc>,
    pub labels: BTreeMap<String, String>,
    /// Who wrote the spec, as the API server stamped it.
    pub author: Option<String>,
    /// Who asks for the former versions, as the API server stamped it, and why.
    pub asked_back: Option<(String, String)>,
    /// The groups they were in then, stamped as well.
    pub author_groups: Vec<String>,
    pub terminating: bool,
}

impl Meta {
    /// Who wrote the spec, for asking what they may do.
    #[must_use]
    pub fn written_by(&self) -> Person {
        Person { user: self.author.clone().unwrap_or_default(), groups: self.author_groups.clone() }
    }
}

/// An object of one of our kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Ours<S, T> {
    pub meta: Meta,
    pub spec: S,
    pub status: T,
}

pub type Release = Ours<CoordinatedReleaseSpec, CoordinatedReleaseStatus>;
pub type Team = Ours<TeamReadinessSpec, TeamReadinessStatus>;
pub type Window = Ours<DeploymentWindowSpec, DeploymentWindowStatus>;

impl<S: Send + Sync + 'static, T: Send + Sync + 'static> Projected for Ours<S, T> {
    fn key(&self) -> &ObjectKey {
        &self.meta.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.meta.version
    }
}

#[derive(Deserialize)]
struct Envelope<S, T> {
    metadata: WireMeta,
    spec: S,
    #[serde(default)]
    status: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireMeta {
    #[serde(default)]
    pub namespace: String,
    pub name: String,
    #[serde(default)]
    pub uid: String,
    #[serde(default)]
    pub resource_version: String,
    #[serde(default)]
    pub generation: i64,
    #[serde(default)]
    pub creation_timestamp: Option<String>,
    #[serde(default)]
    pub deletion_timestamp: Option<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub owner_references: Vec<WireOwner>,
}

#[derive(Deserialize)]
pub(super) struct WireOwner {
    pub kind: String,
    pub name: String,
    pub uid: String,
    #[serde(default)]
    pub controller: bool,
}

impl WireMeta {
    pub(super) fn kept(self) -> Meta {
        let said = |name: &str| self.annotations.get(name).filter(|text| !text.is_empty()).cloned();
        Meta {
            asked_back: said(ASKED_BACK_BY).zip(said(ASKED_BACK)),
            key: ObjectKey::new(self.namespace, self.name),
            version: ResourceVersion::new(self.resource_version),
            uid: self.uid,
            generation: self.generation,
            created: self.creation_timestamp.as_deref().and_then(from_wire).unwrap_or_default(),
            labels: self.labels,
            author: self.annotations.get(AUTHOR).cloned(),
            author_groups: self
                .annotations
                .get(AUTHOR_GROUPS)
                .map(|g| g.lines().map(str::to_owned).collect())
                .unwrap_or_default(),
            terminating: self.deletion_timestamp.is_some(),
        }
    }
}

/// Reads one object of our kinds.
///
/// # Errors
///
/// What is wrong with it, in serde's words: it was stored before a rule existed, or by another version.
pub fn decode<S: DeserializeOwned, T: DeserializeOwned + Default>(text: &str) -> Result<Ours<S, T>, String> {
    let envelope: Envelope<S, T> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(Ours { meta: envelope.metadata.kept(), spec: envelope.spec, status: envelope.status.unwrap_or_default() })
}

/// A namespace, for the windows that select by its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    pub meta: Meta,
}

impl Projected for Namespace {
    fn key(&self) -> &ObjectKey {
        &self.meta.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.meta.version
    }
}

#[derive(Deserialize)]
struct OnlyMeta {
    metadata: WireMeta,
}

/// Reads one namespace.
///
/// # Errors
///
/// What is wrong with it, in serde's words.
pub fn decode_namespace(text: &str) -> Result<Namespace, String> {
    let object: OnlyMeta = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(Namespace { meta: object.metadata.kept() })
}

/// One of the admission policies, or a binding, as it stands in the cluster: only what it says. (Lists do
/// not repeat the kind with each item.)
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub meta: Meta,
    pub spec: Value,
}

impl Projected for Policy {
    fn key(&self) -> &ObjectKey {
        &self.meta.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.meta.version
    }
}

/// Reads one admission policy or binding.
///
/// # Errors
///
/// What is wrong with it, in serde's words.
pub fn decode_policy(text: &str) -> Result<Policy, String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: WireMeta,
        spec: Value,
    }
    let object: Object = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(Policy { meta: object.metadata.kept(), spec: object.spec })
}
