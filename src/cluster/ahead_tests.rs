//! What was read afresh is never taken for unseen again.

use super::*;
use crate::cluster::store::Store;
use crate::cluster::watch_event::WatchEvent;
use crate::cluster::{Projected, Undecodable};

#[derive(Clone, Debug)]
struct Thing(ObjectKey, ResourceVersion);

impl Projected for Thing {
    fn key(&self) -> &ObjectKey {
        &self.0
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.1
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("ns", name)
}

fn thing(name: &str, version: &str) -> Thing {
    Thing(key(name), version.into())
}

fn shows(name: &str, version: &str) -> WatchEvent<Thing> {
    WatchEvent::Applied(thing(name, version))
}

fn deletes(name: &str, version: &str) -> WatchEvent<Thing> {
    WatchEvent::Deleted(key(name), version.into())
}

/// A store whose watch has listed `a` in version 5, as of version 10, and follows.
fn followed() -> Store<Thing> {
    let store = Store::new();
    listed(&store, &[("a", "5")], "10");
    store
}

fn listed(store: &Store<Thing>, things: &[(&str, &str)], version: &str) {
    store.apply(WatchEvent::ListStarted);
    things.iter().for_each(|(name, version)| drop(store.apply(shows(name, version))));
    store.apply(WatchEvent::ListFinished(version.into()));
}

/// The version of a thing that is decided on, if it is there.
fn version(store: &Store<Thing>, name: &str) -> Option<String> {
    store.get(&key(name)).map(|thing| thing.1.to_string())
}

fn is(store: &Store<Thing>, name: &str, expected: Option<&str>) {
    assert_eq!(version(store, name).as_deref(), expected, "{name}");
}

#[test]
fn what_was_read_is_there_before_the_watch_shows_it_and_is_told_once() {
    let store = followed();
    let change = store.remember(thing("a", "12")).expect("it is news");
    assert_eq!(change.old.map(|old| old.1.to_string()).as_deref(), Some("5"));
    is(&store, "a", Some("12"));
    assert!(store.remember(thing("a", "12")).is_none());
    assert!(store.remember(thing("a", "11")).is_none(), "an answer that came late");
    assert!(store.apply(shows("a", "12")).is_empty(), "the watch repeats it");
    is(&store, "a", Some("12"));
    assert_eq!(store.apply(shows("a", "13")).len(), 1, "and goes on");
}

#[test]
fn what_the_watch_shows_of_an_older_version_changes_nothing() {
    let store = followed();
    store.remember(thing("a", "14"));
    let bad = Undecodable { key: key("a"), resource_version: "12".into(), message: "?".into() };
    for older in [shows("a", "11"), WatchEvent::Undecodable(bad), shows("a", "13")] {
        assert!(store.apply(older).is_empty());
        is(&store, "a", Some("14"));
    }
    assert_eq!(store.apply(shows("b", "12")).len(), 1, "of others it is news");
    assert_eq!(store.apply(shows("a", "15")).len(), 1);
    is(&store, "a", Some("15"));
}

#[test]
fn what_is_read_and_older_than_what_the_watch_has_shown_is_no_news() {
    let store = followed();
    store.apply(shows("a", "20"));
    assert!(store.remember(thing("a", "18")).is_none());
    assert!(store.remember(thing("b", "19")).is_none(), "it has gone again, or the watch had shown it");
    is(&store, "a", Some("20"));
    is(&store, "b", None);
    store.apply(WatchEvent::Progress("30".into()));
    assert!(store.remember(thing("b", "30")).is_none());
    assert!(store.remember(thing("b", "31")).is_some());
}

#[test]
fn what_the_watch_reports_deleted_is_not_brought_back_by_what_was_read_before() {
    let store = followed();
    store.remember(thing("a", "12"));
    assert_eq!(store.apply(deletes("a", "13")).len(), 1);
    is(&store, "a", None);
    assert!(store.remember(thing("a", "12")).is_none(), "an answer that came late");
    is(&store, "a", None);
}

#[test]
fn what_was_read_of_an_object_that_was_made_anew_outlives_the_end_of_the_former() {
    let store = followed();
    store.remember(thing("a", "14"));
    assert!(store.apply(deletes("a", "12")).is_empty());
    is(&store, "a", Some("14"));
    assert!(store.apply(shows("a", "13")).is_empty(), "as it was made");
    assert!(store.apply(shows("a", "14")).is_empty());
    assert_eq!(store.apply(deletes("a", "15")).len(), 1);
}

#[test]
fn an_object_that_is_made_anew_after_it_was_read_is_shown() {
    let store = followed();
    store.remember(thing("a", "12"));
    store.apply(deletes("a", "13"));
    assert_eq!(store.apply(shows("a", "14")).len(), 1);
    is(&store, "a", Some("14"));
}

#[test]
fn what_was_not_found_is_gone_until_the_watch_shows_something_newer() {
    let store = followed();
    let change = store.remember_gone(key("a"), "13".into()).expect("it is news");
    assert!(change.old.is_some() && change.new.is_none());
    assert!(store.apply(shows("a", "11")).is_empty(), "from before its end");
    is(&store, "a", None);
    assert!(store.apply(deletes("a", "12")).is_empty());
    assert_eq!(store.apply(shows("a", "14")).len(), 1);
    is(&store, "a", Some("14"));
    assert!(store.remember_gone(key("a"), "14".into()).is_none(), "it was made anew since");
    is(&store, "a", Some("14"));
}

#[test]
fn a_list_that_began_before_the_reading_does_not_take_it_back() {
    let store = followed();
    store.apply(WatchEvent::ListStarted);
    store.remember(thing("a", "14"));
    store.remember(thing("b", "15"));
    store.remember_gone(key("c"), "16".into());
    assert!(store.apply(shows("a", "5")).is_empty());
    assert!(store.apply(shows("c", "9")).is_empty());
    assert!(store.apply(WatchEvent::ListFinished("13".into())).is_empty());
    is(&store, "a", Some("14"));
    is(&store, "b", Some("15"));
    is(&store, "c", None);
    assert!(store.apply(shows("b", "14")).is_empty(), "the watch has yet to come so far");
    is(&store, "b", Some("15"));
}

#[test]
fn what_a_list_does_not_show_is_gone_if_it_was_read_before_its_version() {
    let store = followed();
    store.apply(WatchEvent::ListStarted);
    store.remember(thing("b", "12"));
    store.apply(shows("a", "5"));
    assert_eq!(store.apply(WatchEvent::ListFinished("13".into())).len(), 1);
    is(&store, "b", None);
    is(&store, "a", Some("5"));
}

#[test]
fn a_list_that_began_after_the_reading_counts_whatever_was_read() {
    let store = followed();
    store.remember(thing("a", "14"));
    store.remember(thing("b", "15"));
    // A watch that was told 410 lists anew. An API server that was restored begins with earlier versions.
    listed(&store, &[("a", "7")], "8");
    is(&store, "a", Some("7"));
    is(&store, "b", None);
    assert_eq!(store.apply(shows("a", "9")).len(), 1, "and is followed from there");
    assert!(store.remember(thing("a", "10")).is_some());
}

#[test]
fn a_watch_that_begins_anew_shows_nothing_of_what_was_read_again() {
    let store = followed();
    store.remember(thing("a", "14"));
    listed(&store, &[("a", "16"), ("b", "15")], "20");
    is(&store, "a", Some("16"));
    assert!(store.remember(thing("a", "14")).is_none());
    assert!(store.remember(thing("b", "18")).is_none());
}

#[test]
fn how_far_the_watch_has_come_a_list_says_at_its_end_and_not_by_what_it_shows() {
    let store = followed();
    store.apply(WatchEvent::ListStarted);
    store.apply(shows("a", "14"));
    assert!(store.remember(thing("b", "12")).is_some(), "the list may show it yet");
    assert!(store.remember(thing("c", "20")).is_some());
    store.apply(WatchEvent::ListFinished("20".into()));
    assert_eq!(store.ahead_of_the_watch(), 0, "nothing is ahead of what has been shown");
    assert!(store.remember(thing("d", "20")).is_none());
}

#[test]
fn a_list_that_is_begun_again_counts_only_what_was_read_since_it_began() {
    let store = followed();
    store.apply(WatchEvent::ListStarted);
    store.remember(thing("b", "15"));
    listed(&store, &[("a", "5")], "14");
    is(&store, "b", None);
}

#[test]
fn a_reading_meets_what_a_write_promised() {
    let store = followed();
    store.expect_at_least(key("a"), "12".into());
    store.expect_at_least(key("b"), "13".into());
    store.remember(thing("a", "12"));
    store.remember_gone(key("b"), "13".into());
    assert!(store.is_fresh(&key("a")) && store.is_fresh(&key("b")));
}

#[test]
fn nothing_is_remembered_once_the_watch_has_come_so_far() {
    let store = followed();
    for n in 0..50 {
        store.remember(thing(&format!("t{n}"), &format!("{}", 20 + n)));
        store.remember_gone(key(&format!("g{n}")), format!("{}", 20 + n).as_str().into());
    }
    assert_eq!(store.ahead_of_the_watch(), 100);
    store.apply(shows("t9", "29"));
    assert_eq!(store.ahead_of_the_watch(), 99);
    store.apply(WatchEvent::Progress("39".into()));
    assert_eq!(store.ahead_of_the_watch(), 60);
    listed(&store, &[], "100");
    assert_eq!(store.ahead_of_the_watch(), 0);
}

#[test]
fn before_the_first_list_and_where_versions_have_no_order_only_the_watch_counts() {
    let store = Store::new();
    assert!(store.remember(thing("a", "12")).is_none());
    listed(&store, &[("a", "x")], "y");
    assert!(store.remember(thing("a", "z")).is_none());
    assert!(store.remember(thing("a", "12")).is_none());
    assert!(store.remember_gone(key("a"), "z".into()).is_none());
    is(&store, "a", Some("x"));
    listed(&store, &[("a", "5")], "10");
    store.remember(thing("a", "12"));
    assert_eq!(store.apply(shows("a", "w")).len(), 1);
    is(&store, "a", Some("w"));
}
