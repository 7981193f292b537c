use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use serde_json::json;
use simapi::{ApiServer, User};

use super::config;

fn told(event: &WatchEvent<ConfigMap>) -> String {
    match event {
        WatchEvent::Added(object) => format!("added {}", object.name_any()),
        WatchEvent::Modified(object) => format!("modified {}", object.name_any()),
        WatchEvent::Deleted(object) => format!("deleted {}", object.name_any()),
        WatchEvent::Bookmark(mark) => {
            let end = mark.metadata.annotations.contains_key("k8s.io/initial-events-end");
            if end { "end of the first".into() } else { "bookmark".into() }
        }
        WatchEvent::Error(status) => format!("error {}", status.code),
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_shows_what_changes_through_its_selector() {
    let server = ApiServer::start();
    server.put(&config("a", "1"));
    let from = server.revision().to_string();
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    let label = |tier: &str| Patch::Merge(json!({"metadata": {"labels": {"tier": tier}}}));
    for tier in ["prod", "prod", "dev"] {
        api.patch("a", &PatchParams::default(), &label(tier)).await.unwrap();
        api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"tier": tier}}))).await.unwrap();
    }
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let seen = |labels: &str| {
        let params = WatchParams::default().labels(labels).timeout(5);
        let (api, from) = (api.clone(), from.clone());
        async move {
            let events: Vec<_> = api.watch(&params, &from).await.unwrap().try_collect().await.unwrap();
            events.iter().map(told).collect::<Vec<_>>()
        }
    };
    assert_eq!(seen("tier=prod").await, ["added a", "modified a", "deleted a", "bookmark"]);
    assert_eq!(seen("tier=dev").await, ["added a", "modified a", "deleted a", "bookmark"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_before_the_compaction_is_told_so() {
    let server = ApiServer::start();
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    server.put(&config("a", "1"));
    server.compact();
    let mut events = api.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    assert_eq!(told(&events.next().await.unwrap().unwrap()), "error 410");
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn initial_events_end_with_a_mark_and_quiet_watches_show_bookmarks() {
    let server = ApiServer::start();
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    server.put(&config("a", "1"));
    let params = WatchParams::default().initial_events().timeout(130);
    let events: Vec<_> = api.watch(&params, "0").await.unwrap().try_collect().await.unwrap();
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, ["added a", "end of the first", "bookmark", "bookmark", "bookmark"]);
}

#[tokio::test(start_paused = true)]
async fn the_watcher_of_kube_runs_on_it() {
    let server = ApiServer::start();
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    server.put(&config("a", "1"));
    for streaming in [false, true] {
        let settings = watcher::Config::default();
        let settings = if streaming { settings.streaming_lists() } else { settings };
        let mut events = watcher(api.clone(), settings).boxed();
        assert!(matches!(events.next().await, Some(Ok(watcher::Event::Init))));
        assert!(matches!(events.next().await, Some(Ok(watcher::Event::InitApply(_)))));
        assert!(matches!(events.next().await, Some(Ok(watcher::Event::InitDone))));
        let later = server.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(600)).await;
            later.put(&config("b", "1"));
        });
        assert!(matches!(events.next().await, Some(Ok(watcher::Event::Apply(_)))));
        let gone = server.get("", "configmaps", "default", "b").unwrap();
        server.act(&User::admin(), simapi::Verb::Delete, &gone, "", "").unwrap();
        assert!(matches!(events.next().await, Some(Ok(watcher::Event::Delete(_)))));
    }
}
