//! What a watch shows: its first events, then what changes, with bookmarks in between, until its time is over.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tower::BoxError;

use crate::call::Call;
use crate::event::{Event, bookmark, error};
use crate::faults::{self, Delivery, Seen};
use crate::process::Process;
use crate::serve::WatchPlan;
use crate::server::Inner;
use crate::service::Broken;
use crate::time::monotonic;

/// How often a quiet watch shows a bookmark, and how long before its end it shows a last one.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
const BEFORE_THE_END: Duration = Duration::from_secs(2);

struct Watcher {
    inner: Arc<Inner>,
    process: Process,
    call: Call,
    plan: WatchPlan,
    pending: VecDeque<Event>,
    changed: Arc<Notify>,
    until: Instant,
    next_bookmark: Instant,
    ended: Option<Ending>,
}

enum Ending {
    Well,
    Broken,
}

/// The stream of a watch.
pub(crate) fn watch(
    inner: Arc<Inner>,
    process: Process,
    call: Call,
    mut plan: WatchPlan,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send {
    let changed = inner.lock().store.shelves[plan.index].changed.clone();
    let begun = monotonic();
    let pending = std::mem::take(&mut plan.first).into();
    let until = begun + plan.lifetime;
    let next_bookmark = (begun + BOOKMARK_EVERY).min(until - BEFORE_THE_END.min(plan.lifetime));
    let watcher = Watcher { inner, process, call, plan, pending, changed, until, next_bookmark, ended: None };
    stream::unfold(watcher, |mut watcher| async move { watcher.next().await.map(|item| (item, watcher)) })
}

impl Watcher {
    async fn next(&mut self) -> Option<Result<Bytes, BoxError>> {
        loop {
            match self.ended {
                Some(Ending::Well) => return None,
                Some(Ending::Broken) => return Some(Err(Broken.into())),
                None => {}
            }
            let event = self.next_event().await?;
            if let Some(bytes) = self.deliver(event).await {
                return Some(Ok(bytes.into()));
            }
        }
    }

    /// Waits for the next event; none when the watch is over.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            if self.plan.ended {
                return None;
            }
            let notify = self.changed.clone();
            let mut changed = std::pin::pin!(notify.notified());
            changed.as_mut().enable();
            self.fetch();
            if !self.pending.is_empty() {
                continue;
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = sleep_until(self.next_bookmark), if self.plan.bookmarks => self.mark(),
                () = sleep_until(self.until) => return None,
            }
        }
    }

    /// Takes in what has changed.
    fn fetch(&mut self) {
        let changes = self.inner.changes_after(self.plan.index, self.plan.after, &self.plan.namespace);
        if let Some(last) = changes.last() {
            self.plan.after = last.revision;
        }
        self.pending.extend(changes.iter().filter_map(|change| Event::of(change, &self.plan.selector)));
    }

    fn mark(&mut self) {
        let kind = self.inner.kind(self.plan.index);
        let revision = self.inner.lock().store.revision();
        self.pending.push_back(bookmark(&kind, revision.max(self.plan.after), false));
        self.next_bookmark += BOOKMARK_EVERY;
        let last = self.until - BEFORE_THE_END.min(self.plan.lifetime);
        if self.next_bookmark > last && monotonic() < last {
            self.next_bookmark = last;
        }
    }

    /// Shows an event, unless a fault has it otherwise.
    async fn deliver(&mut self, event: Event) -> Option<String> {
        let (delay, delivery) = {
            let (now, revision) = (self.inner.time.now(), self.inner.lock().store.revision());
            let writes = self.process.writes();
            let seen = Seen { call: &self.call, process: self.process.name(), writes, now, revision, marked: false };
            faults::event(&self.inner.faults, &seen, &event)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if !self.process.is_running() {
            self.process.runs().await;
        }
        let line = event.line();
        match delivery {
            Delivery::Show | Delivery::Delay(_) => Some(line),
            Delivery::Twice => Some(format!("{line}{line}")),
            Delivery::Skip => None,
            Delivery::End => {
                self.ended = Some(Ending::Well);
                None
            }
            Delivery::Fail(failure) => {
                self.ended = Some(Ending::Well);
                Some(error(&failure).line())
            }
            Delivery::Cut => {
                self.ended = Some(Ending::Broken);
                Some(line[..line.len() / 2].to_owned())
            }
            Delivery::Stall => std::future::pending().await,
        }
    }
}
