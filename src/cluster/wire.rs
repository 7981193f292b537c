//! The text of lists and watches: split into objects without decoding them.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderValue, Request, header};
use kube::api::{ListParams, WatchParams};
use kube::core::{Request as Builder, Status};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::watch::WatchConfig;
use super::{ObjectKey, ResourceVersion};

/// The API server is asked to end a watch after between a half and the whole of this, so that watches move to new
/// servers in time and not all at once.
pub(super) const LONGEST_WATCH: Duration = Duration::from_secs(580);

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn path(config: &WatchConfig) -> String {
    let root = if config.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", config.group) };
    match &config.namespace {
        Some(namespace) => format!("{root}/{}/namespaces/{namespace}/{}", config.version, config.plural),
        None => format!("{root}/{}/{}", config.version, config.plural),
    }
}

/// A request for the page of a list that a token names; the first page has none.
pub(super) fn list_request(config: &WatchConfig, token: &str) -> kube::Result<Request<Vec<u8>>> {
    let parameters = ListParams {
        label_selector: some(&config.labels),
        field_selector: some(&config.fields),
        limit: Some(config.page_size.max(1)),
        continue_token: some(token),
        ..ListParams::default()
    };
    Builder::new(path(config)).list(&parameters).map_err(kube::Error::BuildRequest)
}

/// A request for what happens after a version.
pub(super) fn watch_request(
    config: &WatchConfig,
    version: &ResourceVersion,
    lifetime: Duration,
) -> kube::Result<Request<Vec<u8>>> {
    let parameters = WatchParams {
        label_selector: some(&config.labels),
        field_selector: some(&config.fields),
        timeout: Some(lifetime.as_secs().try_into().unwrap_or(u32::MAX)),
        bookmarks: true,
        ..WatchParams::default()
    };
    let request = Builder::new(path(config)).watch(&parameters, version.as_str());
    let mut request = request.map_err(kube::Error::BuildRequest)?;
    // Servers may compress a watch event by event, which buffers badly and decodes worse.
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(request)
}

/// One page of a list.
#[derive(Deserialize)]
pub(super) struct List<'a> {
    #[serde(borrow)]
    pub(super) metadata: ListMeta<'a>,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListMeta<'a> {
    pub(super) resource_version: String,
    #[serde(borrow, rename = "continue")]
    pub(super) next: Option<Cow<'a, str>>,
}

impl<'a> List<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| format!("the answer is no list: {error}"))
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Object<'a>> + use<'_, 'a> {
        self.items.iter().flatten().map(|item| Object(item))
    }
}

/// One object, not decoded.
#[derive(Clone, Copy)]
pub(super) struct Object<'a>(&'a RawValue);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    resource_version: Cow<'a, str>,
}

impl<'a> Object<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map(Self).map_err(|error| format!("the answer is no object: {error}"))
    }

    pub(super) fn text(self) -> &'a str {
        self.0.get()
    }

    fn metadata(self) -> Result<Metadata<'a>, String> {
        let envelope: Result<Envelope<'a>, _> = serde_json::from_str(self.text());
        envelope.map(|envelope| envelope.metadata).map_err(|error| format!("an object without metadata: {error}"))
    }

    pub(super) fn version(self) -> Result<ResourceVersion, String> {
        Ok(ResourceVersion::new(&*self.metadata()?.resource_version))
    }

    pub(super) fn meta(self) -> Result<(ObjectKey, ResourceVersion), String> {
        let meta = self.metadata()?;
        if meta.name.is_empty() {
            return Err("an object without a name".into());
        }
        Ok((ObjectKey::new(&*meta.namespace, &*meta.name), ResourceVersion::new(&*meta.resource_version)))
    }
}

/// One line of a watch.
pub(super) enum Line<'a> {
    Applied(Object<'a>),
    Deleted(Object<'a>),
    Bookmark(Object<'a>),
    Error(Box<Status>),
}

#[derive(Deserialize)]
struct RawLine<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

impl<'a> Line<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, String> {
        let line: RawLine<'a> =
            serde_json::from_slice(text).map_err(|error| format!("the line is no event: {error}"))?;
        let object = Object(line.object);
        match &*line.kind {
            "ADDED" | "MODIFIED" => Ok(Self::Applied(object)),
            "DELETED" => Ok(Self::Deleted(object)),
            "BOOKMARK" => Ok(Self::Bookmark(object)),
            "ERROR" => serde_json::from_str(object.text())
                .map(|status| Self::Error(Box::new(status)))
                .map_err(|error| format!("an error event that is no status: {error}")),
            other => Err(format!("an event of unknown type {other:?}")),
        }
    }
}

/// Whether the API server says that a version, or the token of a page, is too old.
pub(super) fn is_expired(status: &Status) -> bool {
    status.code == 410 || matches!(status.reason.as_str(), "Expired" | "Gone")
}

/// What the API server says, once, without the dump that kube's own text has.
pub(super) fn describe(status: &Status) -> String {
    format!("{} {}: {}", status.code, status.reason, status.message)
}
