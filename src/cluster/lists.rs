//! Lists that are read at once, newest versions, in pages.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode as encoded};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::writes::{ApiError, Objects, Resource};
use super::{ObjectKey, ResourceVersion};

/// All but the unreserved characters, which stand for themselves anywhere in an address (RFC 3986 section 2.3).
pub const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Asks for no more than metadata, of whoever knows how to answer that, which are API servers since 1.15.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// A page of a list. One of metadata has no items where there are none.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMeta,
    items: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PageMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    token: Option<String>,
}

/// An object of which only the metadata was asked for.
#[derive(Deserialize)]
struct Named {
    metadata: NamedMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamedMeta {
    namespace: Option<String>,
    name: String,
    resource_version: String,
}

/// A list, whole.
pub struct Listed {
    /// The text of each object.
    pub texts: Vec<String>,
    /// Their names.
    pub keys: BTreeSet<ObjectKey>,
    /// As of which version these are all that there is.
    pub version: ResourceVersion,
}

fn of_fields(selector: &str) -> String {
    format!("fieldSelector={}", encoded(selector, &RESERVED))
}

fn of_labels(selector: &str) -> String {
    format!("labelSelector={}", encoded(selector, &RESERVED))
}

fn key_of(item: &Value) -> ObjectKey {
    let meta = |field: &str| item["metadata"][field].as_str().unwrap_or_default().to_owned();
    ObjectKey::new(meta("namespace"), meta("name"))
}

impl Objects {
    /// The texts of all objects of a kind, newest versions, in pages.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn list(&self, resource: Resource, fields: &str) -> Result<Listed, ApiError> {
        self.listed(resource, &of_fields(fields)).await
    }

    /// The same of those that a label selector selects.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn list_labelled(&self, resource: Resource, labels: &str) -> Result<Listed, ApiError> {
        self.listed(resource, &of_labels(labels)).await
    }

    /// The names and versions of those that a label selector selects, and of when: as [`Self::list_labelled`], and a
    /// fraction of its answer.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn versions_labelled(
        &self,
        resource: Resource,
        labels: &str,
    ) -> Result<BTreeMap<ObjectKey, ResourceVersion>, ApiError> {
        let selector = of_labels(labels);
        let (items, _) = self.pages_as::<Named>(METADATA, resource, "", &selector).await?;
        let version = |Named { metadata: m }: Named| {
            (ObjectKey::new(m.namespace.unwrap_or_default(), m.name), ResourceVersion::new(m.resource_version))
        };
        Ok(items.into_iter().map(version).collect())
    }

    async fn listed(&self, resource: Resource, selector: &str) -> Result<Listed, ApiError> {
        let (items, version) = self.pages(resource, "", selector).await?;
        let keys = items.iter().map(key_of).collect();
        Ok(Listed { texts: items.iter().map(Value::to_string).collect(), keys, version })
    }

    /// As of which version an object is gone, if it is.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn gone_as_of(&self, resource: Resource, key: &ObjectKey) -> Result<Option<ResourceVersion>, ApiError> {
        let selector = of_fields(&format!("metadata.name={}", key.name));
        let (items, version) = self.pages(resource, &key.namespace, &selector).await?;
        Ok(items.is_empty().then_some(version))
    }

    /// All objects of a kind in a namespace that a label selector selects, newest versions.
    pub(super) async fn list_in(
        &self,
        resource: Resource,
        namespace: &str,
        labels: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let (items, _) = self.pages(resource, namespace, &of_labels(labels)).await?;
        Ok(items)
    }

    /// The items of all pages, and as of which version they are all that there is.
    async fn pages(
        &self,
        resource: Resource,
        namespace: &str,
        selector: &str,
    ) -> Result<(Vec<Value>, ResourceVersion), ApiError> {
        self.pages_as("", resource, namespace, selector).await
    }

    async fn pages_as<T: DeserializeOwned>(
        &self,
        media_type: &str,
        resource: Resource,
        namespace: &str,
        selector: &str,
    ) -> Result<(Vec<T>, ResourceVersion), ApiError> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let query = format!("?limit=200&{selector}&continue={}", encoded(&token, &RESERVED));
            let text = self.send(Method::GET, resource, namespace, "", &query, media_type, None).await?;
            let page: Page<T> = serde_json::from_str(&text)
                .map_err(|e| ApiError::Unknown { what: resource.plural.to_owned(), message: e.to_string() })?;
            items.extend(page.items.into_iter().flatten());
            match page.metadata.token {
                Some(next) if !next.is_empty() => token = next,
                _ => return Ok((items, ResourceVersion::new(page.metadata.resource_version))),
            }
        }
    }
}
