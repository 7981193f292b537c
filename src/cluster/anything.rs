//! Reads one object of any kind, by its kind as people write it. The path is built here from checked parts: nothing
//! that a user wrote is ever fetched as a path with our identity. Secrets are not read, whoever grants it.

use http::{Method, Request};
use serde_json::Value;

use super::writes::{ApiError, Objects, classified};

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The API version, kind or name is none, or names a kind that rollcall never reads.
    #[error("{0}")]
    NotAKind(String),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A kind as the API server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    root: String,
    pub group: String,
    pub plural: String,
    pub namespaced: bool,
}

impl Objects {
    /// How a kind is served.
    ///
    /// # Errors
    ///
    /// When there is no such kind, it is one that rollcall never reads, or the API server does not say.
    pub async fn served(&self, api_version: &str, kind: &str) -> Result<Served, Unreadable> {
        let unknown = || Unreadable::NotAKind(format!("the API server knows no kind {kind} in {api_version}"));
        let root = root(api_version).filter(|_| plain(kind, 63)).ok_or_else(unknown)?;
        let resources = self.fetch(&root).await?.ok_or_else(unknown)?;
        let (plural, namespaced) = resource(&resources, kind).ok_or_else(unknown)?;
        if plural == "secrets" {
            return Err(Unreadable::NotAKind("rollcall reads no secrets".to_owned()));
        }
        let group = api_version.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        Ok(Served { root, group, plural, namespaced })
    }

    /// One object of a kind that lives in namespaces; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the name is none, or the API server does not say or does not let us.
    pub async fn one(&self, kind: &Served, namespace: &str, name: &str) -> Result<Option<Value>, Unreadable> {
        if !(plain(name, 253) && plain(namespace, 63)) {
            return Err(Unreadable::NotAKind(format!("{namespace}/{name} names no object")));
        }
        Ok(self.fetch(&format!("{}/namespaces/{namespace}/{}/{name}", kind.root, kind.plural)).await?)
    }

    async fn fetch(&self, path: &str) -> Result<Option<Value>, ApiError> {
        let request = Request::builder().method(Method::GET).uri(path).body(Vec::new());
        let request = request.map_err(|e| ApiError::Refused { what: path.to_owned(), message: e.to_string() })?;
        match self.client().request_text(request).await.map_err(|error| classified(path.to_owned(), error)) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|e| ApiError::Unknown { what: path.to_owned(), message: e.to_string() }),
            Err(ApiError::NotFound { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// The path under which a group and version are served: `v1`, or `<group>/<version>`.
fn root(api_version: &str) -> Option<String> {
    match api_version.split_once('/') {
        None if plain(api_version, 63) => Some(format!("/api/{api_version}")),
        Some((group, version)) if plain(group, 253) && plain(version, 63) => Some(format!("/apis/{group}/{version}")),
        _ => None,
    }
}

/// A part of a path that cannot lead elsewhere.
fn plain(part: &str, limit: usize) -> bool {
    (1..=limit).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !part.starts_with('.')
        && !part.contains("..")
}

/// The plural of a kind among the resources of a group, and whether it lives in namespaces.
fn resource(list: &Value, kind: &str) -> Option<(String, bool)> {
    let all = list["resources"].as_array()?;
    let found = all.iter().find(|r| r["kind"] == kind && r["name"].as_str().is_some_and(|name| plain(name, 253)))?;
    Some((found["name"].as_str()?.to_owned(), found["namespaced"] == true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_is_made_of_plain_parts_only() {
        assert_eq!(root("v1").as_deref(), Some("/api/v1"));
        assert_eq!(root("apps/v1").as_deref(), Some("/apis/apps/v1"));
        for bad in ["", "/", "apps/", "../v1", "a/b/c", "apps/v1/../../api", "a?b/v1", "a%2f/v1", "apps/v1#"] {
            assert_eq!(root(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_subresource_of_the_same_kind_is_not_the_resource() {
        let list = json!({"resources": [
            {"name": "deployments/status", "kind": "Deployment", "namespaced": true},
            {"name": "deployments", "kind": "Deployment", "namespaced": true}]});
        assert_eq!(resource(&list, "Deployment"), Some(("deployments".into(), true)));
        assert_eq!(resource(&list, "Pod"), None);
    }
}
