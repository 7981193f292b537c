//! The garbage collector and the namespace controller: what is owned goes with its owner, what is in a namespace goes
//! with the namespace.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::{Look, is_going};
use crate::object::Object;

pub(super) fn pass(look: &Look<'_>) {
    let all = look.everything();
    let uids: Vec<&str> = all.iter().map(|object| object.uid()).collect();
    for object in &all {
        if is_orphaned(&object.value, &uids) && !is_going(&object.value) {
            look.delete(object);
        }
        if is_going(&object.value) {
            finish(look, object, &all);
        }
    }
    for namespace in look.list("", "namespaces").iter().filter(|n| is_going(&n.value)) {
        empty(look, namespace, &all);
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.filter_map(|owner| owner["uid"].as_str())
}

/// Whether an object has owners, and none of them is there any more.
fn is_orphaned(object: &Value, uids: &[&str]) -> bool {
    owners(object).next().is_some() && owners(object).all(|owner| !uids.contains(&owner))
}

/// Does what the two finalizers of the garbage collector wait for.
fn finish(look: &Look<'_>, object: &Object, all: &[Arc<Object>]) {
    let finalizers = object.value["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let has = |name: &str| finalizers.iter().any(|f| f == name);
    let owned = || all.iter().filter(|other| owners(&other.value).any(|owner| owner == object.uid()));
    let done = if has("orphan") {
        for other in owned() {
            let left = other.value["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
            let left: Vec<Value> = left.into_iter().filter(|o| o["uid"] != object.uid()).collect();
            let _ = look.merge(other, json!({"metadata": {"ownerReferences": left}}));
        }
        "orphan"
    } else if has("foregroundDeletion") {
        let mut waiting = false;
        for other in owned() {
            waiting = true;
            if !is_going(&other.value) {
                look.delete(other);
            }
        }
        if waiting {
            return;
        }
        "foregroundDeletion"
    } else {
        return;
    };
    let left: Vec<&Value> = finalizers.iter().filter(|f| *f != done).collect();
    let _ = look.merge(object, json!({"metadata": {"finalizers": left}}));
}

/// Empties a namespace that is being deleted, and lets it go when it is empty.
fn empty(look: &Look<'_>, namespace: &Object, all: &[Arc<Object>]) {
    let name = namespace.key().name;
    let mut within = all.iter().filter(|object| object.key().namespace == name).peekable();
    if within.peek().is_none() {
        let mut value = Value::clone(&namespace.value);
        value["spec"]["finalizers"] = json!([]);
        look.write(namespace, &value, "finalize");
        return;
    }
    within.filter(|object| !is_going(&object.value)).for_each(|object| look.delete(object));
}
