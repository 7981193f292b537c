//! A request, taken apart.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, header};

use crate::access::User;
use crate::failure::Failure;

/// What is asked for, in RBAC's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// The word that RBAC rules use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// Whether it may change something.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// A request about objects of a kind.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who asks.
    pub user: Arc<User>,
    /// For what.
    pub verb: Verb,
    /// The API group in the path.
    pub group: String,
    /// The API version in the path.
    pub version: String,
    /// The kind in the path, like `deployments`.
    pub plural: String,
    /// The namespace in the path; empty for cluster-scoped objects, and for all namespaces.
    pub namespace: String,
    /// The name in the path; empty for collections.
    pub name: String,
    /// `status`, `scale`, or another one, or none.
    pub subresource: String,
    /// What comes after the question mark.
    pub query: Query,
    /// The media type of the body.
    pub content_type: String,
    /// Whether only the metadata of objects is asked for.
    pub metadata_only: bool,
    /// The program that asks, from its `User-Agent`.
    pub agent: String,
    /// The process whose connection it came by; empty if it came by none.
    pub process: Arc<str>,
    /// The body.
    pub body: Bytes,
}

/// The parameters of a request.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
        )
    }

    /// The value of a parameter, empty if it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }

    /// Whether a parameter says yes.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        (rest, _) = match (first, tail) {
            (b'%', [a, b, after @ ..]) if hex(*a).is_some() && hex(*b).is_some() => {
                (after, bytes.push(hex(*a).unwrap_or(0) * 16 + hex(*b).unwrap_or(0)))
            }
            (b'+', _) => (tail, bytes.push(b' ')),
            (other, _) => (tail, bytes.push(*other)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a path names.
pub(crate) enum Route {
    /// Objects of a kind.
    Objects(Box<Call>),
    /// Which kinds, or groups, there are.
    Discovery(Vec<String>),
}

/// Takes a request apart.
///
/// # Errors
///
/// 404 for paths that name nothing, 405 for methods that nothing knows.
pub(crate) fn route(
    parts: &http::request::Parts,
    body: Bytes,
    user: Arc<User>,
    process: &Arc<str>,
) -> Result<Route, Failure> {
    let path: Vec<String> = parts.uri.path().split('/').filter(|p| !p.is_empty()).map(decoded).collect();
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let (group, version, rest) = match &words[..] {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Ok(Route::Discovery(path)),
    };
    let (namespace, plural, name, subresource) = match rest {
        ["namespaces", name, sub @ ("status" | "finalize")] if group.is_empty() => ("", "namespaces", *name, *sub),
        ["namespaces", namespace, plural] => (*namespace, *plural, "", ""),
        ["namespaces", namespace, plural, name] => (*namespace, *plural, *name, ""),
        ["namespaces", namespace, plural, name, sub] => (*namespace, *plural, *name, *sub),
        [plural] => ("", *plural, "", ""),
        [plural, name] => ("", *plural, *name, ""),
        [plural, name, sub] => ("", *plural, *name, *sub),
        _ => return Err(Failure::no_such_resource()),
    };
    let query = Query::read(parts.uri.query().unwrap_or_default());
    let verb = match (&parts.method, name.is_empty()) {
        (&Method::GET, true) if query.is_on("watch") => Verb::Watch,
        (&Method::GET, true) => Verb::List,
        (&Method::GET, false) => Verb::Get,
        (&Method::POST, _) => Verb::Create,
        (&Method::PUT, false) => Verb::Update,
        (&Method::PATCH, false) => Verb::Patch,
        (&Method::DELETE, false) => Verb::Delete,
        (&Method::DELETE, true) => Verb::DeleteCollection,
        _ => return Err(Failure::method_not_allowed()),
    };
    let text = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let content_type = text(header::CONTENT_TYPE);
    Ok(Route::Objects(Box::new(Call {
        user,
        verb,
        group: group.to_owned(),
        version: version.to_owned(),
        plural: plural.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        subresource: subresource.to_owned(),
        query,
        content_type: content_type.split(';').next().unwrap_or_default().trim().to_owned(),
        metadata_only: wants_metadata(&text(header::ACCEPT)),
        agent: text(header::USER_AGENT),
        process: process.clone(),
        body,
    })))
}

/// Whether the first thing that would be accepted is metadata.
fn wants_metadata(accept: &str) -> bool {
    accept.split(',').next().unwrap_or_default().split(';').any(|word| word.trim() == "as=PartialObjectMetadataList")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(method: &str, uri: &str) -> Call {
        let (parts, ()) = http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts();
        match route(&parts, Bytes::new(), User::new("lena").into(), &"".into()).unwrap() {
            Route::Objects(call) => *call,
            Route::Discovery(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn paths_name_what_they_name() {
        for (method, uri, expected) in [
            ("GET", "/api/v1/namespaces", (Verb::List, "", "namespaces", "", "", "")),
            ("GET", "/api/v1/namespaces/a", (Verb::Get, "", "namespaces", "", "a", "")),
            ("PUT", "/api/v1/namespaces/a/status", (Verb::Update, "", "namespaces", "", "a", "status")),
            ("GET", "/api/v1/namespaces/a/pods?watch=1", (Verb::Watch, "", "pods", "a", "", "")),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/a/deployments/b/scale",
                (Verb::Patch, "apps", "deployments", "a", "b", "scale"),
            ),
            (
                "DELETE",
                "/apis/apps/v1/namespaces/a/deployments",
                (Verb::DeleteCollection, "apps", "deployments", "a", "", ""),
            ),
            ("POST", "/apis/g/v1/things", (Verb::Create, "g", "things", "", "", "")),
        ] {
            let c = called(method, uri);
            let found = (c.verb, &*c.group, &*c.plural, &*c.namespace, &*c.name, &*c.subresource);
            assert_eq!(found, expected, "{method} {uri}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let call = called("GET", "/api/v1/pods?labelSelector=a%3Db%2Cc+in&limit=5");
        assert_eq!((call.query.get("labelSelector"), call.query.get("limit")), ("a=b,c in", "5"));
    }
}
