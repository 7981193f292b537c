//! The garbage collector and the namespace controller: what is owned goes with its owner, what is in a namespace goes
//! with the namespace.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::Look;
use crate::object::Object;

pub(super) fn pass(look: &Look<'_>) {
    let concerned = look.all(|object| object.is_owned() || object.is_going());
    let orphaned: Vec<bool> = concerned.iter().map(|object| is_orphaned(look, object)).collect();
    let emptied = concerned.iter().any(|object| object.is_going() && object.value["kind"] == "Namespace");
    let everything = if emptied { look.all(|_| true) } else { Vec::new() };
    for (object, orphaned) in concerned.iter().zip(orphaned) {
        if orphaned && !object.is_going() {
            look.delete(object);
        }
        if object.is_going() {
            finish(look, object, &concerned);
        }
    }
    for namespace in look.list("", "namespaces").iter().filter(|n| emptied && n.is_going()) {
        empty(look, namespace, &everything);
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.filter_map(|owner| owner["uid"].as_str())
}

/// Whether an object has owners, and none of them is there any more.
fn is_orphaned(look: &Look<'_>, object: &Object) -> bool {
    let references = object.value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let mut named = references.filter(|owner| owner["uid"].is_string()).peekable();
    // Mostly an owner is where its name says; should it not be, it is looked for by what it is.
    named.peek().is_some()
        && named.clone().all(|owner| !look.is_there(owner, &object.key().namespace))
        && named.all(|owner| look.all(|other| owner["uid"] == *other.uid()).is_empty())
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
            if !other.is_going() {
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
    let name = &namespace.key().name;
    let mut within = all.iter().filter(|object| object.key().namespace == *name).peekable();
    if within.peek().is_none() {
        let mut value = Value::clone(&namespace.value);
        value["spec"]["finalizers"] = json!([]);
        look.write(namespace, &value, "finalize");
        return;
    }
    within.filter(|object| !object.is_going()).for_each(|object| look.delete(object));
}
