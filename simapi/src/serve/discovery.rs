//! Which groups and kinds there are, and whether the server is well.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Answer;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::store::Store;

pub(super) fn discover(store: &Store, path: &[String]) -> Result<Answer, Failure> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let value = match path[..] {
        ["healthz" | "readyz" | "livez", ..] => return Ok(Answer::ok("ok".into())),
        ["version"] => json!({"major": "1", "minor": "36", "gitVersion": "v1.36.0", "platform": "simapi"}),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ["api", version] => resources(store, "", version).ok_or_else(Failure::no_such_resource)?,
        ["apis"] => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups(store)}),
        ["apis", group] => {
            let mut groups = groups(store).into_iter();
            let found = groups.find(|g| g["name"] == *group);
            let mut found = found.ok_or_else(Failure::no_such_resource)?;
            found["kind"] = "APIGroup".into();
            found["apiVersion"] = "v1".into();
            found
        }
        ["apis", group, version] => resources(store, group, version).ok_or_else(Failure::no_such_resource)?,
        _ => return Err(Failure::no_such_resource()),
    };
    Ok(Answer::ok(value.to_string()))
}

fn groups(store: &Store) -> Vec<Value> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in store.shelves.iter().map(|shelf| &shelf.kind).filter(|kind| !kind.group.is_empty()) {
        let versions = groups.entry(&kind.group).or_default();
        if !versions.contains(&kind.version.as_str()) {
            versions.push(&kind.version);
        }
    }
    let group = |(name, versions): (&str, Vec<&str>)| {
        let version = |v: &str| json!({"groupVersion": format!("{name}/{v}"), "version": v});
        let all: Vec<Value> = versions.iter().map(|v| version(v)).collect();
        json!({"name": name, "versions": all, "preferredVersion": version(versions[0])})
    };
    groups.into_iter().map(group).collect()
}

fn resources(store: &Store, group: &str, version: &str) -> Option<Value> {
    let kinds: Vec<&Kind> = store.shelves.iter().map(|shelf| &*shelf.kind).collect();
    let served: Vec<&&Kind> = kinds.iter().filter(|k| k.group == group && k.version == version).collect();
    let api_version = served.first()?.api_version();
    let resources = served.iter().flat_map(|kind| of_kind(kind)).collect::<Vec<_>>();
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources}))
}

fn of_kind(kind: &Kind) -> Vec<Value> {
    let resource = |suffix: &str, verbs: &[&str]| {
        json!({"name": format!("{}{suffix}", kind.plural), "singularName": kind.kind.to_lowercase(),
            "namespaced": kind.namespaced, "kind": kind.kind, "verbs": verbs})
    };
    let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let some = ["get", "patch", "update"];
    let mut found = vec![resource("", &all)];
    found.extend(kind.status.then(|| resource("/status", &some)));
    found.extend(kind.scale.then(|| {
        let mut scale = resource("/scale", &some);
        scale["group"] = "autoscaling".into();
        scale["version"] = "v1".into();
        scale["kind"] = "Scale".into();
        scale
    }));
    found
}
