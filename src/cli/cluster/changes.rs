//! What to look at again, and when: the API server's own watches, each only the end of a wait.
//!
//! What was seen is not told. Whoever is woken asks anew, so that a watch that cannot be had (the person may list and
//! not watch, say) costs time and no truth.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Cluster, encoded};
use crate::api::names::STOP;
use crate::clock::{Clock as _, SystemClock};
use crate::cluster::backoff::Backoff;
use crate::cluster::objects::Release;
use crate::cluster::watch::{WatchConfig, WatchEvent, watch_projected};
use crate::cluster::writes::{CONFIG_MAPS, RELEASES, Resource, TEAMS};
use crate::cluster::{ObjectKey, Projected, ResourceVersion, WatchState};
use crate::controllers::release::situation::teams;
use crate::domain::ObjectName;

/// Several changes that come together are looked at once.
const TOGETHER: Duration = Duration::from_millis(200);
/// However much changes, it is not looked at more often than this.
const EVERY: Duration = Duration::from_secs(1);
/// However little is heard, it is looked at after this: not all that an answer is made of is watched, and spans on
/// the screen grow old.
const SLOW: Duration = Duration::from_secs(15);
/// How long between attempts after the connection was lost: doubled each time up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(16);

/// Watches that run until this is dropped.
pub struct Changes {
    woken: Arc<Notify>,
    watches: JoinSet<()>,
    pause: Option<Duration>,
    looked: Instant,
}

impl Changes {
    /// Of what makes the answer about one release: itself, its teams, the stop of everything.
    #[must_use]
    pub fn about(cluster: &Cluster, release: &Release) -> Self {
        let name = ObjectName::new(&*release.meta.key.namespace, &*release.meta.key.name);
        let mut all = Self::of(cluster, &name);
        for team in teams(release) {
            all.watch(cluster, TEAMS, &team.namespace, &format!("metadata.name={}", team.name));
        }
        all.watch(cluster, CONFIG_MAPS, &cluster.platform, &format!("metadata.name={STOP}"));
        all
    }

    /// Of one release alone.
    #[must_use]
    pub fn of(cluster: &Cluster, release: &ObjectName) -> Self {
        Self::in_all(cluster, RELEASES, &release.namespace, &format!("metadata.name={}", release.name))
    }

    /// Of all objects of a kind in a namespace, or everywhere if that is empty, which have these fields.
    #[must_use]
    pub fn in_all(cluster: &Cluster, resource: Resource, namespace: &str, fields: &str) -> Self {
        let woken = Arc::new(Notify::new());
        let mut all = Self { woken, watches: JoinSet::new(), pause: None, looked: SystemClock::default().monotonic() };
        all.watch(cluster, resource, namespace, fields);
        all
    }

    fn watch(&mut self, cluster: &Cluster, resource: Resource, namespace: &str, fields: &str) {
        let config = WatchConfig {
            namespace: (!namespace.is_empty()).then(|| encoded(namespace)),
            fields: fields.to_owned(),
            backoff: Backoff::new(FIRST_PAUSE, LAST_PAUSE),
            ..WatchConfig::new(resource.group, resource.version, resource.plural)
        };
        let state = WatchState::new(Arc::new(SystemClock::default()));
        let mut troubles = state.troubles();
        let woken = self.woken.clone();
        self.watches.spawn(async move {
            while troubles.changed().await.is_ok() {
                woken.notify_one();
            }
        });
        let woken = self.woken.clone();
        let sink = move |event: WatchEvent<Seen>| {
            if !matches!(event, WatchEvent::ListStarted | WatchEvent::Progress(_)) {
                woken.notify_one();
            }
        };
        self.watches.spawn(watch_projected(cluster.api.client(), config, state, seen, sink));
    }

    /// Notes that there was an answer.
    pub fn answered(&mut self) {
        self.pause = None;
        self.looked = SystemClock::default().monotonic();
    }

    /// Notes that there was none.
    pub fn unanswered(&mut self) {
        self.pause = Some(self.pause.map_or(FIRST_PAUSE, |last| (last * 2).min(LAST_PAUSE)));
        self.looked = SystemClock::default().monotonic();
    }

    /// Ends when it is worth to look again: something has changed, or `within` has passed. After a lost connection
    /// it ends after pauses that grow.
    pub async fn next(&self, within: Option<Duration>) {
        let latest = self.pause.or(within).unwrap_or(SLOW).min(SLOW).max(TOGETHER);
        tokio::select! {
            () = sleep_until(self.looked + latest) => {}
            () = self.woken.notified() => {
                sleep(TOGETHER).await;
                sleep_until(self.looked + EVERY).await;
            }
        }
    }
}

/// An object, as far as a watch needs it.
struct Seen {
    key: ObjectKey,
    version: ResourceVersion,
}

impl Projected for Seen {
    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.version
    }
}

fn seen(text: &str) -> Result<Seen, String> {
    let object: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let meta = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let version = ResourceVersion::new(meta("resourceVersion"));
    Ok(Seen { key: ObjectKey::new(meta("namespace"), meta("name")), version })
}
