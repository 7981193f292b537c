//! One line of a watch.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::object::{Key, Object};
use crate::selector::Selector;
use crate::store::Change;

/// An event of a watch.
#[derive(Clone, Debug)]
pub struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    pub kind: &'static str,
    /// The revision that it is about; 0 for errors.
    pub revision: u64,
    /// The object that it is about; of no name for bookmarks and errors.
    pub key: Key,
    object: String,
}

impl Event {
    pub(crate) fn added(object: &Arc<Object>) -> Self {
        Self { kind: "ADDED", revision: object.revision, key: object.key().clone(), object: object.whole() }
    }

    /// What a change looks like through a selector; nothing, if it is not seen.
    pub(crate) fn of(change: &Change, selector: &Selector) -> Option<Self> {
        let seen = |object: &&Arc<Object>| selector.matches(&object.value);
        let (old, new) = (change.old.as_ref().filter(seen), change.new.as_ref().filter(seen));
        let (kind, object) = match (old, new) {
            (None, None) => return None,
            (None, Some(new)) => ("ADDED", new.whole()),
            (Some(_), Some(new)) => ("MODIFIED", new.whole()),
            // What went out of sight is shown as it last was seen, at the revision that took it away.
            (Some(old), None) => match &change.gone {
                Some(gone) => ("DELETED", gone.whole()),
                None => ("DELETED", Object::new(Value::clone(&old.value), change.revision).whole()),
            },
        };
        Some(Self { kind, revision: change.revision, key: change.key.clone(), object })
    }

    /// Whether this is the bookmark that ends the first events of a watch.
    #[must_use]
    pub fn is_end_of_first(&self) -> bool {
        self.kind == "BOOKMARK" && self.object.contains("initial-events-end")
    }

    /// The event as it is sent.
    pub(crate) fn line(&self) -> String {
        format!("{{\"type\":\"{}\",\"object\":{}}}\n", self.kind, self.object)
    }
}

/// Says that everything up to a revision has been shown; and, if so marked, that the first events are over.
pub(crate) fn bookmark(kind: &Kind, revision: u64, end_of_first: bool) -> Event {
    let mut object: Value = json!({"kind": kind.kind, "apiVersion": kind.api_version(),
        "metadata": {"resourceVersion": revision.to_string(), "creationTimestamp": null}});
    if end_of_first {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    Event { kind: "BOOKMARK", revision, key: Key::default(), object: object.to_string() }
}

/// Says that the watch has failed.
pub(crate) fn error(failure: &Failure) -> Event {
    Event { kind: "ERROR", revision: 0, key: Key::default(), object: failure.to_value().to_string() }
}
