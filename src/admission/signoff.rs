//! Sign-offs and tasks that are done: whose word it is. The twin of `manifests/policies/signoff.rs` and `task.rs`.

use serde_json::Value;

use super::{Question, Request, Rule, equal_but};

/// A list of a team's spec whose entries are somebody's word.
pub(super) struct Words {
    name: &'static str,
    /// The list, as a JSON pointer.
    list: &'static str,
    /// Fields that name an entry and are compared as its key, and what each is if absent.
    key: fn(&Value) -> (&str, i64, &str),
    /// What of an entry is not said by its writer, or is part of its key.
    apart: &'static [&'static str],
}

pub(super) const SIGN_OFFS: Words = Words {
    name: "stamp-signoff",
    list: "/spec/signOffs",
    key: |entry| (text(entry, "role"), entry["seat"].as_i64().unwrap_or(1), text(entry, "release")),
    apart: &["by", "seat"],
};

pub(super) const TASKS: Words = Words {
    name: "stamp-task",
    list: "/spec/tasksDone",
    key: |entry| (text(entry, "step"), 0, text(entry, "release")),
    apart: &["by"],
};

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().unwrap_or_default()
}

impl Rule for Words {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn apply(&self, request: &Request, _: &dyn Fn(Question) -> bool) -> Value {
        let mut object = request.object.clone();
        let old = request.old.pointer(self.list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        // A malformed entry is refused by the schema; until then nothing is stamped.
        let new = object.pointer_mut(self.list).and_then(Value::as_array_mut);
        let Some(new) = new.filter(|all| all.iter().all(Value::is_object)) else { return object };
        for entry in new {
            let by = self.by(entry, old, &request.user).to_owned();
            if text(entry, "by") == by {
                continue;
            }
            if let Some(entry) = entry.as_object_mut() {
                if by.is_empty() { drop(entry.remove("by")) } else { drop(entry.insert("by".to_owned(), by.into())) }
            }
        }
        object
    }
}

impl Words {
    /// Whose word an entry is: whoever said it before, if it says what it said; else the requester's.
    fn by<'a>(&self, entry: &Value, old: &'a [Value], user: &'a str) -> &'a str {
        match old.iter().find(|former| (self.key)(former) == (self.key)(entry)) {
            Some(former) if equal_but(entry, former, self.apart) => text(former, "by"),
            _ => user,
        }
    }
}
