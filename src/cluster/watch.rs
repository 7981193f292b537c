//! One watch for each kind, which keeps only what is needed of each object, from the moment it is decoded.
//!
//! The watch lists in pages, then follows from the version of the list. It comes back by itself from everything: a
//! cut connection, a version that is too old, an API server that is away or says no. A watch waits for itself only:
//! one that fails does not delay another. An object that cannot be decoded is an event like any other.

use std::time::Duration;

use futures::io::{AsyncBufReadExt, AsyncReadExt};
use kube::Client;

use super::backoff::Backoff;
use super::watch_state::WatchState;
use super::wire::{self, Line, Object};
use super::{Projected, ResourceVersion, Undecodable};

pub use super::watch_event::WatchEvent;

/// What to watch, and how.
#[derive(Clone, Debug)]
pub struct WatchConfig {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// API version.
    pub version: &'static str,
    /// The kind's name in paths, like `deployments`.
    pub plural: &'static str,
    /// Watch this namespace only.
    pub namespace: Option<String>,
    /// Label selector, empty for all.
    pub labels: String,
    /// Field selector, empty for all.
    pub fields: String,
    /// Objects in one page of a list, 1 or more. Bounds the memory that a list takes.
    pub page_size: u32,
    /// A watch that says nothing for so long, bookmarks included, is begun anew. API servers send a bookmark about
    /// once a minute.
    pub idle_timeout: Duration,
    /// A request for a list, and the beginning of a watch, may take so long.
    pub request_timeout: Duration,
    /// The waiting after failures.
    pub backoff: Backoff,
}

/// How long a watch waits after its first failure, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl WatchConfig {
    /// Everything of a kind in all namespaces, in pages of 50; begun anew after 150 s of silence, waiting up to 30 s
    /// after failures.
    #[must_use]
    pub fn new(group: &'static str, version: &'static str, plural: &'static str) -> Self {
        Self {
            group,
            version,
            plural,
            namespace: None,
            labels: String::new(),
            fields: String::new(),
            page_size: 50,
            idle_timeout: Duration::from_secs(150),
            request_timeout: Duration::from_secs(30),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Waiting after failures as the process of this identity does.
    #[must_use]
    pub fn waiting_as(self, identity: &str) -> Self {
        Self { backoff: Backoff::of(FIRST_PAUSE, LONGEST_PAUSE, identity, self.plural), ..self }
    }

    /// Only objects with these labels.
    #[must_use]
    pub fn labels(self, selector: impl Into<String>) -> Self {
        Self { labels: selector.into(), ..self }
    }

    /// Only objects with these fields.
    #[must_use]
    pub fn fields(self, selector: impl Into<String>) -> Self {
        Self { fields: selector.into(), ..self }
    }
}

/// Why a list or a watch ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the version is too old to go on from")]
    Expired,
    /// The API server answered, but not with what was asked for.
    #[error("{0}")]
    Refused(String),
    /// No answer, or an unfinished one.
    #[error("{0}")]
    Broken(String),
}

impl From<kube::Error> for End {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if wire::is_expired(&status) => Self::Expired,
            kube::Error::Api(status) => Self::Refused(wire::describe(&status)),
            other => Self::Broken(other.to_string()),
        }
    }
}

/// After so many refusals in a row, the version to go on from is doubted and everything listed anew.
const REFUSALS_BEFORE_LIST: u32 = 3;
/// A watch that ends well within this time, with nothing said, counts as a failure, lest it be repeated at once.
const SHORT_WATCH: Duration = Duration::from_secs(1);

/// Watches until it is dropped: it never ends by itself and never fails.
///
/// `decode` makes the projection from the JSON text of one object, or says what is wrong with it. `sink` is called
/// for each event, in order, and must not block.
pub async fn watch_projected<P: Projected>(
    client: Client,
    config: WatchConfig,
    state: WatchState,
    decode: impl Fn(&str) -> Result<P, String>,
    sink: impl FnMut(WatchEvent<P>),
) {
    let backoff = config.backoff.clone();
    let mut watcher = Watcher { client, config, state, decode, sink, backoff, heard: false };
    loop {
        let mut version = watcher.list_until_done().await;
        let mut refusals = 0;
        while refusals < REFUSALS_BEFORE_LIST {
            watcher.heard = false;
            let begun = watcher.state.monotonic();
            let end = watcher.follow(&mut version).await;
            if watcher.heard {
                watcher.backoff.reset();
                refusals = 0;
            }
            let lasted = watcher.state.monotonic().duration_since(begun);
            match end {
                Ok(()) if watcher.heard || lasted > SHORT_WATCH => {}
                Ok(()) => watcher.pause(&End::Broken("the watch ended as soon as it began".into())).await,
                Err(End::Expired) if watcher.heard => break,
                Err(End::Expired) => {
                    watcher.pause(&End::Expired).await;
                    break;
                }
                Err(end) => {
                    refusals += u32::from(matches!(end, End::Refused(_)));
                    watcher.pause(&end).await;
                }
            }
        }
    }
}

struct Watcher<D, S> {
    client: Client,
    config: WatchConfig,
    state: WatchState,
    decode: D,
    sink: S,
    backoff: Backoff,
    /// Whether the watch under way has brought anything but an error.
    heard: bool,
}

impl<P, D, S> Watcher<D, S>
where
    P: Projected,
    D: Fn(&str) -> Result<P, String>,
    S: FnMut(WatchEvent<P>),
{
    async fn pause(&mut self, end: &End) {
        let delay = self.backoff.next_delay();
        let (plural, failures) = (self.config.plural, self.backoff.failures());
        tracing::warn!(event = "watch_failed", plural, failures, ?delay, "watch of {plural}: {end}");
        self.state.set_trouble(end.to_string());
        tokio::time::sleep(delay).await;
    }

    /// Lists, as often as it takes, and returns the version to go on from.
    async fn list_until_done(&mut self) -> ResourceVersion {
        loop {
            match self.list().await {
                Ok(version) => {
                    (self.sink)(WatchEvent::ListFinished(version.clone()));
                    self.state.heard();
                    self.state.set_synced();
                    return version;
                }
                Err(end) => self.pause(&end).await,
            }
        }
    }

    async fn list(&mut self) -> Result<ResourceVersion, End> {
        (self.sink)(WatchEvent::ListStarted);
        let mut token = String::new();
        loop {
            let request = wire::list_request(&self.config, &token)?;
            let page = async {
                let mut text = Vec::new();
                let mut body = self.client.request_stream(request).await?;
                body.read_to_end(&mut text).await.map_err(|error| End::Broken(error.to_string()))?;
                Ok::<_, End>(text)
            };
            let page = tokio::time::timeout(self.config.request_timeout, page);
            let page = page.await.map_err(|_| End::Broken("no list in time".into()))??;
            let page = wire::List::parse(&page).map_err(End::Broken)?;
            self.state.heard();
            for item in page.items() {
                self.applied(item)?;
            }
            match page.metadata.next {
                Some(next) if !next.is_empty() => token = next.into_owned(),
                _ => return Ok(ResourceVersion::new(page.metadata.resource_version)),
            }
        }
    }

    /// Watches from a version, which it moves along, until the watch ends.
    async fn follow(&mut self, version: &mut ResourceVersion) -> Result<(), End> {
        let lifetime = self.backoff.jittered(wire::LONGEST_WATCH);
        let request = wire::watch_request(&self.config, version, lifetime)?;
        let begin = tokio::time::timeout(self.config.request_timeout, self.client.request_stream(request));
        let body = begin.await.map_err(|_| End::Broken("no watch in time".into()))??;
        let mut body = std::pin::pin!(body);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = tokio::time::timeout(self.config.idle_timeout, body.read_until(b'\n', &mut line));
            let read = read.await.map_err(|_| End::Broken("the watch has gone silent".into()))?;
            let read = read.map_err(|error| End::Broken(error.to_string()))?;
            // A last line without an end was cut off: what it was to say comes again.
            if read == 0 || line.last() != Some(&b'\n') {
                return Ok(());
            }
            self.line(&line, version)?;
            self.heard = true;
            self.state.heard();
        }
    }

    fn line(&mut self, line: &[u8], version: &mut ResourceVersion) -> Result<(), End> {
        match Line::parse(line).map_err(End::Broken)? {
            Line::Applied(object) => *version = self.applied(object)?,
            Line::Deleted(object) => {
                let (key, deleted) = object.meta().map_err(End::Broken)?;
                *version = deleted.clone();
                (self.sink)(WatchEvent::Deleted(key, deleted));
            }
            Line::Bookmark(object) => {
                *version = object.version().map_err(End::Broken)?;
                (self.sink)(WatchEvent::Progress(version.clone()));
            }
            Line::Error(status) if wire::is_expired(&status) => return Err(End::Expired),
            Line::Error(status) => return Err(End::Refused(wire::describe(&status))),
        }
        Ok(())
    }

    /// Passes an object on. Fails only if it is none: it has no name or no version.
    fn applied(&mut self, object: Object<'_>) -> Result<ResourceVersion, End> {
        let message = match (self.decode)(object.text()) {
            Ok(projected) if is_whole(&projected) => {
                let version = projected.resource_version().clone();
                (self.sink)(WatchEvent::Applied(projected));
                return Ok(version);
            }
            Ok(_) => "an object without a name or a version".to_owned(),
            Err(message) => message,
        };
        let (key, version) = object.meta().map_err(End::Broken)?;
        tracing::warn!(event = "undecodable", plural = self.config.plural, %key, "{message}");
        let resource_version = version.clone();
        (self.sink)(WatchEvent::Undecodable(Undecodable { key, resource_version, message }));
        Ok(version)
    }
}

fn is_whole(object: &impl Projected) -> bool {
    !object.key().name.is_empty() && !object.resource_version().as_str().is_empty()
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
