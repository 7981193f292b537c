use super::*;

#[derive(Debug)]
struct Step {
    key: ObjectKey,
    version: ResourceVersion,
    teams: Vec<&'static str>,
}

impl Projected for Step {
    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.version
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("ns", name)
}

fn step(name: &str, version: &str, teams: &[&'static str]) -> WatchEvent<Step> {
    WatchEvent::Applied(Step { key: key(name), version: version.into(), teams: teams.to_vec() })
}

fn store() -> Store<Step> {
    Store::new().with_index("team", |step: &Step| step.teams.iter().map(|team| (*team).into()).collect())
}

fn names(steps: &[Arc<Step>]) -> Vec<&str> {
    steps.iter().map(|step| &*step.key.name).collect()
}

#[test]
fn indexes_follow_changes_and_deletes() {
    let store = store();
    for name in ["c", "a", "b"] {
        store.apply(step(name, "1", &["payments", "data"]));
    }
    assert_eq!(names(&store.list()), ["a", "b", "c"]);
    assert_eq!(names(&store.by_index("team", "data")), ["a", "b", "c"]);
    store.apply(step("b", "2", &["web"]));
    store.apply(WatchEvent::Deleted(key("a"), "3".into()));
    assert_eq!(names(&store.by_index("team", "data")), ["c"]);
    assert_eq!(names(&store.by_index("team", "web")), ["b"]);
    assert!(store.by_index("team", "nobody").is_empty());
    assert!(store.by_index("no such index", "web").is_empty());
    let bad = Undecodable { key: key("c"), resource_version: "4".into(), message: "?".into() };
    store.apply(WatchEvent::Undecodable(bad));
    assert!(store.by_index("team", "data").is_empty());
    assert_eq!(store.len(), 2);
    assert_eq!(store.undecodable(&key("c")).map(|bad| bad.message), Some("?".to_owned()));
    assert!(store.undecodable(&key("b")).is_none() && store.undecodable(&key("a")).is_none());
    assert_eq!(store.all_undecodable().iter().map(|bad| &*bad.key.name).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn an_index_covers_what_was_there_before() {
    let store = store();
    store.apply(step("a", "1", &["x"]));
    let store = store.with_index("version", |step| vec![step.version.as_str().into()]);
    assert_eq!(names(&store.by_index("version", "1")), ["a"]);
}

#[test]
fn a_list_reports_the_differences_only() {
    let store = store();
    for (name, version) in [("same", "1"), ("changed", "2"), ("gone", "3")] {
        store.apply(step(name, version, &[]));
    }
    assert!(store.apply(WatchEvent::ListStarted).is_empty());
    assert!(store.apply(step("same", "1", &[])).is_empty());
    let changes = store.apply(step("changed", "9", &[]));
    assert_eq!(changes[0].old.as_ref().unwrap().version.as_str(), "2");
    assert_eq!(changes[0].new.as_ref().unwrap().version.as_str(), "9");
    assert!(store.apply(step("new", "8", &[]))[0].old.is_none());
    assert!(store.get(&key("gone")).is_some(), "until the list has ended nothing is known to be gone");
    let changes = store.apply(WatchEvent::ListFinished("10".into()));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].key, key("gone"));
    assert!(changes[0].new.is_none());
    assert_eq!(names(&store.list()), ["changed", "new", "same"]);
}

#[test]
fn events_between_two_lists_survive_the_first() {
    let store = store();
    store.apply(WatchEvent::ListStarted);
    store.apply(WatchEvent::ListFinished("1".into()));
    store.apply(step("late", "2", &[]));
    store.apply(WatchEvent::ListStarted);
    store.apply(WatchEvent::ListStarted);
    store.apply(step("late", "2", &[]));
    assert!(store.apply(WatchEvent::ListFinished("3".into())).is_empty());
    assert_eq!(names(&store.list()), ["late"]);
}

#[test]
fn a_key_is_stale_until_its_own_write_is_seen() {
    let store = store();
    store.apply(step("a", "9", &[]));
    assert!(store.is_fresh(&key("a")));
    store.expect_at_least(key("a"), "9".into());
    assert!(store.is_fresh(&key("a")), "it is there already");
    store.expect_at_least(key("a"), "12".into());
    store.expect_at_least(key("a"), "10".into());
    store.apply(step("a", "11", &[]));
    assert!(!store.is_fresh(&key("a")), "the later of two expectations counts");
    store.apply(step("a", "100", &[]));
    assert!(store.is_fresh(&key("a")));
}

#[test]
fn the_end_of_an_object_meets_expectations() {
    for event in [
        WatchEvent::Deleted(key("a"), "13".into()),
        WatchEvent::Progress("13".into()),
        WatchEvent::ListFinished("13".into()),
    ] {
        let store = store();
        store.apply(WatchEvent::ListStarted);
        store.expect_at_least(key("a"), "13".into());
        store.apply(WatchEvent::Deleted(key("a"), "11".into()));
        store.apply(WatchEvent::Progress("12".into()));
        assert!(!store.is_fresh(&key("a")), "an older delete is not the end of what was written since");
        store.apply(event);
        assert!(store.is_fresh(&key("a")));
    }
}

#[test]
fn clones_share_what_they_hold() {
    let store = store();
    assert!(store.is_empty());
    store.clone().apply(step("a", "1", &[]));
    assert!(!store.is_empty());
}
