//! WATCH: how one begins. What it then shows is in [`crate::stream`].

use std::time::Duration;

use super::{Answer, Desk};
use crate::event::{Event, bookmark, error};
use crate::failure::Failure;
use crate::selector::Selector;
use crate::store::KindIndex;

/// How a watch begins and what it shows.
pub(crate) struct WatchPlan {
    pub(crate) index: KindIndex,
    pub(crate) namespace: String,
    pub(crate) selector: Selector,
    /// What it shows first.
    pub(crate) first: Vec<Event>,
    /// It shows the changes after this revision.
    pub(crate) after: u64,
    pub(crate) bookmarks: bool,
    /// How long it lasts.
    pub(crate) lifetime: Duration,
    /// Whether it ends after what it shows first.
    pub(crate) ended: bool,
}

/// How long a watch lasts that does not say how long.
const LIFETIME: Duration = Duration::from_secs(1800);

impl Desk<'_> {
    pub(super) fn watch(&self) -> Result<Answer, Failure> {
        let selector = self.selector()?;
        let query = &self.call.query;
        let asked = self.version_asked();
        let initial = query.is_on("sendInitialEvents");
        let bookmarks = query.is_on("allowWatchBookmarks");
        if initial && query.get("resourceVersionMatch") != "NotOlderThan" {
            let message = "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return Err(Failure::bad_request(message));
        }
        let seconds = query.get("timeoutSeconds").parse().ok().filter(|s| *s > 0);
        let store = &self.state.store;
        let mut plan = WatchPlan {
            index: self.index,
            namespace: self.call.namespace.clone(),
            selector,
            first: Vec::new(),
            after: store.revision(),
            bookmarks,
            lifetime: seconds.map_or(LIFETIME, Duration::from_secs),
            ended: false,
        };
        match asked {
            Err(failure) if failure.code() == 504 => {
                plan.first.push(error(&failure));
                plan.ended = true;
            }
            Err(failure) => return Err(failure),
            Ok(version) if version == 0 || initial => self.show_all(&mut plan, initial),
            Ok(version) if version < store.compacted() => {
                let message = format!("too old resource version: {version} ({})", store.compacted());
                plan.first.push(error(&Failure::expired(message)));
                plan.ended = true;
            }
            Ok(version) => plan.after = version,
        }
        Ok(Answer::Watch(plan))
    }

    /// A watch from no version begins with everything there is.
    fn show_all(&self, plan: &mut WatchPlan, marked: bool) {
        let all = self.state.store.list(self.index, &plan.namespace);
        let shown = all.filter(|object| plan.selector.matches(&object.value)).map(Event::added);
        plan.first = shown.collect();
        if marked {
            plan.first.push(bookmark(&self.kind, plan.after, true));
        }
    }
}
