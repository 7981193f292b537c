use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::*;
use crate::clock::SimulatedClock;
use crate::cluster::ObjectKey;
use crate::cluster::store::Store;
use crate::cluster::testing::{Reply, Script, status};

struct Thing {
    key: ObjectKey,
    version: ResourceVersion,
    size: u64,
}

impl Projected for Thing {
    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.version
    }
}

fn decode(text: &str) -> Result<Thing, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let meta = |field: &str| value["metadata"][field].as_str().unwrap_or_default();
    Ok(Thing {
        key: ObjectKey::new(meta("namespace"), meta("name")),
        version: meta("resourceVersion").into(),
        size: value["spec"]["size"].as_u64().ok_or("spec.size is no number")?,
    })
}

fn thing(name: &str, version: u64, size: impl Into<Value>) -> Value {
    json!({"metadata": {"namespace": "team", "name": name, "resourceVersion": version.to_string()},
        "spec": {"size": size.into()}})
}

fn list(version: u64, next: &str, items: &[Value]) -> Reply {
    let metadata = json!({"resourceVersion": version.to_string(), "continue": next});
    Reply::Json(200, json!({"kind": "ThingList", "metadata": metadata, "items": items}))
}

fn event(kind: &str, object: &Value) -> String {
    json!({"type": kind, "object": object}).to_string()
}

fn bookmark(version: u64) -> String {
    event("BOOKMARK", &json!({"metadata": {"resourceVersion": version.to_string()}}))
}

/// A watch on a script, feeding a store.
struct Fixture {
    script: Script,
    store: Store<Thing>,
    state: WatchState,
    /// What changed, as `name:old>new`.
    changes: Arc<Mutex<Vec<String>>>,
    _task: tokio::task::JoinSet<()>,
}

impl Fixture {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Script::new(replies);
        let clock = SimulatedClock::new("2027-03-01T09:00:00Z".parse().unwrap());
        let state = WatchState::new(Arc::new(clock));
        let (store, changes) = (Store::new(), Arc::new(Mutex::new(Vec::new())));
        let config = WatchConfig {
            backoff: Backoff::seeded(Duration::from_millis(250), Duration::from_secs(30), 1),
            ..WatchConfig::new("rollcall.dev", "v1alpha1", "things").labels("gate in (a,b)")
        };
        let (sink, told) = (store.clone(), changes.clone());
        let size = |thing: Option<Arc<Thing>>| thing.map_or("-".into(), |t| t.size.to_string());
        let sink = move |event| {
            for change in sink.apply(event) {
                let line = format!("{}:{}>{}", change.key.name, size(change.old), size(change.new));
                told.lock().unwrap().push(line);
            }
        };
        let mut task = tokio::task::JoinSet::new();
        task.spawn(watch_projected(script.client(), config, state.clone(), decode, sink));
        Self { script, store, state, changes, _task: task }
    }

    fn changes(&self) -> Vec<String> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }
}

const MOMENT: Duration = Duration::from_millis(1);
const FAILURE: Duration = Duration::from_millis(300);

#[tokio::test(start_paused = true)]
async fn it_lists_in_pages_and_watches_from_the_list() {
    let fixture = Fixture::new([
        list(40, "next page", &[thing("a", 7, 1)]),
        list(40, "", &[thing("b", 9, 2)]),
        Reply::Open(vec![
            event("MODIFIED", &thing("a", 41, 3)),
            event("ADDED", &thing("c", 42, 4)),
            event("DELETED", &thing("b", 43, 2)),
        ]),
    ]);
    assert!(!fixture.state.is_synced());
    fixture.state.synced().await;
    sleep(MOMENT).await;
    assert_eq!(fixture.changes(), ["a:->1", "b:->2", "a:1>3", "c:->4", "b:2>-"]);
    let requests = fixture.script.requests();
    let path = "GET /apis/rollcall.dev/v1alpha1/things?";
    assert!(requests.iter().all(|request| request.starts_with(path)));
    assert!(requests.iter().all(|request| request.contains("labelSelector=gate+in+%28a%2Cb%29")));
    assert!(requests[0].contains("limit=50") && !requests[0].contains("continue="));
    assert!(!requests[0].contains("resourceVersion"), "the list is not served from a stale cache");
    assert!(requests[1].contains("continue=next+page"));
    assert!(requests[2].contains("watch=true") && requests[2].contains("resourceVersion=40"));
    assert!(requests[2].contains("allowWatchBookmarks=true"));
    assert_eq!(requests.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_expires_begins_the_list_anew() {
    let fixture = Fixture::new([
        list(40, "more", &[thing("a", 7, 1), thing("gone", 8, 2)]),
        Reply::Json(410, status(410, "Expired")),
        list(50, "", &[thing("a", 7, 1)]),
        Reply::Open(vec![]),
    ]);
    sleep(MOMENT).await;
    assert!(!fixture.state.is_synced(), "half a list is no list");
    sleep(FAILURE).await;
    assert!(fixture.state.is_synced());
    assert_eq!(fixture.changes(), ["a:->1", "gone:->2", "gone:2>-"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_while_nobody_watched_is_noticed() {
    let gone = event("ERROR", &status(410, "Expired"));
    let fixture = Fixture::new([
        list(40, "", &[thing("a", 7, 1), thing("b", 8, 2), thing("c", 9, 3)]),
        Reply::Lines(vec![bookmark(41), gone]),
        list(60, "", &[thing("a", 7, 1), thing("c", 55, 4)]),
        Reply::Open(vec![]),
    ]);
    sleep(MOMENT).await;
    assert_eq!(fixture.changes(), ["a:->1", "b:->2", "c:->3", "c:3>4", "b:2>-"]);
    assert!(fixture.script.requests()[3].contains("resourceVersion=60"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_repeats_what_is_known_changes_nothing() {
    let things = [thing("a", 7, 1), thing("b", 8, "no number")];
    let fixture = Fixture::new([
        list(40, "", &things),
        Reply::Json(410, status(410, "Gone")),
        list(60, "", &things),
        Reply::Open(vec![]),
    ]);
    sleep(FAILURE).await;
    assert_eq!(fixture.script.requests().len(), 4);
    assert_eq!(fixture.changes(), ["a:->1", "b:->-"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_decoded_stops_nothing_and_is_not_absent() {
    let fixture = Fixture::new([
        list(40, "", &[thing("a", 7, "seven"), thing("b", 8, 2)]),
        Reply::Open(vec![
            event("MODIFIED", &thing("b", 41, json!({}))),
            event("MODIFIED", &thing("a", 42, 7)),
            event("ADDED", &thing("c", 43, 3)),
        ]),
    ]);
    sleep(MOMENT).await;
    assert_eq!(fixture.changes(), ["a:->-", "b:->2", "b:2>-", "a:->7", "c:->3"]);
    let b = ObjectKey::new("team", "b");
    assert!(fixture.store.get(&b).is_none(), "the last good version is no longer true");
    let bad = fixture.store.undecodable(&b).unwrap();
    assert_eq!(bad.to_string(), "team/b: spec.size is no number");
    assert_eq!(fixture.store.all_undecodable(), [bad]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_goes_on_where_it_was() {
    let fixture = Fixture::new([
        list(40, "", &[]),
        Reply::Cut(vec![event("ADDED", &thing("a", 41, 1)), bookmark(45)]),
        Reply::Unreachable,
        Reply::Lines(vec![event("ADDED", &thing("b", 46, 2))]),
        Reply::Open(vec![]),
    ]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(fixture.changes(), ["a:->1", "b:->2"]);
    let requests = fixture.script.requests();
    assert!(requests[2].contains("resourceVersion=45") && requests[3].contains("resourceVersion=45"));
    assert!(requests[4].contains("resourceVersion=46"));
    assert_eq!(fixture.state.trouble(), None);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_again_and_again_is_listed_anew() {
    let refuse = || Reply::Json(504, status(504, "Timeout"));
    let relist = [refuse(), refuse(), refuse(), list(30, "", &[]), Reply::Open(vec![])];
    let fixture = Fixture::new([list(40, "", &[])].into_iter().chain(relist));
    sleep(MOMENT).await;
    assert_eq!(fixture.state.trouble().unwrap(), "504 Timeout: no: Timeout");
    sleep(Duration::from_secs(3)).await;
    assert!(fixture.script.requests()[5].contains("resourceVersion=30"));
    assert_eq!(fixture.state.trouble(), None);
}

#[tokio::test(start_paused = true)]
async fn unreachable_servers_are_asked_ever_more_rarely_and_never_listed_for_it() {
    let down = (0..100).map(|_| Reply::Unreachable);
    let fixture = Fixture::new([list(40, "", &[])].into_iter().chain(down));
    sleep(Duration::from_secs(600)).await;
    let requests = fixture.script.requests();
    assert!((25..60).contains(&requests.len()), "{}", requests.len());
    assert!(requests[1..].iter().all(|request| request.contains("watch=true")));
    assert!(fixture.state.is_synced(), "what is known stays known");
    assert!(fixture.state.cache_lag() >= Duration::from_secs(599), "and how old it is, is told");
}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_and_a_watch_that_ends_at_once_does_not_spin() {
    let ends = (0..50).map(|_| Reply::Lines(vec![]));
    let fixture = Fixture::new([list(40, "", &[]), Reply::Open(vec![])].into_iter().chain(ends));
    sleep(Duration::from_secs(149)).await;
    assert_eq!(fixture.script.requests().len(), 2);
    sleep(Duration::from_secs(2)).await;
    assert!(fixture.script.requests().len() >= 3);
    sleep(Duration::from_secs(60)).await;
    assert!(fixture.script.requests().len() < 15);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fails_delays_no_other() {
    let begun = Instant::now();
    let refused = (0..100).map(|_| Reply::Json(403, status(403, "Forbidden")));
    let failing = Fixture::new(refused);
    let well = Fixture::new([list(40, "", &[]), Reply::Open(vec![event("ADDED", &thing("a", 41, 1))])]);
    well.state.synced().await;
    sleep(MOMENT).await;
    assert_eq!(well.changes(), ["a:->1"]);
    assert!(begun.elapsed() <= 2 * MOMENT);
    assert!(!failing.state.is_synced());
    assert_eq!(failing.state.trouble().unwrap(), "403 Forbidden: no: Forbidden");
}

#[tokio::test(start_paused = true)]
async fn own_writes_are_waited_for() {
    let fixture = Fixture::new([
        list(40, "", &[thing("a", 7, 1)]),
        Reply::Open(vec![event("MODIFIED", &thing("a", 99, 2)), event("MODIFIED", &thing("a", 100, 3))]),
    ]);
    let (a, b) = (ObjectKey::new("team", "a"), ObjectKey::new("team", "b"));
    fixture.store.expect_at_least(a.clone(), "100".into());
    fixture.store.expect_at_least(b.clone(), "101".into());
    assert!(!fixture.store.is_fresh(&a));
    sleep(MOMENT).await;
    assert!(fixture.store.is_fresh(&a));
    assert!(!fixture.store.is_fresh(&b), "no event and no bookmark has come so far");
}

#[tokio::test(start_paused = true)]
async fn what_went_well_is_forgotten_no_failure_before_it_counts() {
    let heard = |version| Reply::Lines(vec![bookmark(version)]);
    let down = || (0..10).map(|_| Reply::Unreachable);
    let replies = [list(40, "", &[])].into_iter().chain(down()).chain([heard(41)]).chain(down().take(1));
    let fixture = Fixture::new(replies.chain([Reply::Open(vec![])]));
    while fixture.script.requests().len() < 12 {
        sleep(FAILURE).await;
    }
    sleep(FAILURE).await;
    assert_eq!(fixture.script.requests().len(), 14, "the wait is short again");

    let refuse = || Reply::Json(500, status(500, "InternalError"));
    let replies = [list(40, "", &[]), refuse(), refuse(), heard(41), refuse(), refuse(), heard(42)];
    let fixture = Fixture::new(replies);
    sleep(Duration::from_secs(20)).await;
    let requests = fixture.script.requests();
    assert_eq!(requests.len(), 8);
    assert!(requests[1..].iter().all(|request| request.contains("watch=true")), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_was_cut_off_comes_again_at_once() {
    let fixture = Fixture::new([list(40, "", &[]), Reply::Truncated(vec![bookmark(41)]), Reply::Open(vec![])]);
    sleep(MOMENT).await;
    assert!(fixture.script.requests()[2].contains("resourceVersion=41"));
    assert_eq!(fixture.state.trouble(), None);
}
