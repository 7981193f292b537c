//! Authorship, and who overrides. The twin of `manifests/policies/author.rs`.

use serde_json::Value;

use super::{Question, Request, Rule, annotate, annotation, entry, equal_but, note};
use crate::api::authored::signed;
use crate::api::names::{ASKED_BACK, ASKED_BACK_BY, AUTHOR, AUTHOR_GROUPS};

/// A kind whose author counts.
pub(super) struct Authored {
    /// The kind, in lower case.
    kind: &'static str,
    /// Whether two specs are the same but for what is not content.
    same: fn(&Value, &Value) -> bool,
    /// Whether its override is stamped too.
    overridden: bool,
}

pub(super) const TEAM: Authored = Authored {
    kind: "teamreadiness",
    same: |new, old| equal_but(new, old, &["signOffs", "tasksDone"]),
    overridden: false,
};
pub(super) const RELEASE: Authored =
    Authored { kind: "coordinatedrelease", same: |new, old| signed(new) == signed(old), overridden: true };

impl Rule for Authored {
    fn name(&self) -> String {
        format!("stamp-{}", self.kind)
    }

    fn apply(&self, request: &Request, _: &dyn Fn(Question) -> bool) -> Value {
        let (mut object, old) = (request.object.clone(), &request.old);
        let authored = old.is_null() || !(self.same)(&object["spec"], &old["spec"]);
        let author = if authored { &request.user } else { annotation(old, AUTHOR) };
        let groups = if authored { lines(&request.groups) } else { annotation(old, AUTHOR_GROUPS).to_owned() };
        for (key, value) in [(AUTHOR, author), (AUTHOR_GROUPS, &groups)] {
            if annotation(&object, key) != value {
                annotate(&mut object, key, Some(value).filter(|value| !value.is_empty()));
            }
        }
        if self.overridden {
            stamp_override(&mut object, old, &request.user);
            stamp_asker(&mut object, old, &request.user);
        }
        object
    }
}

/// One group a line; a name of several lines would smuggle groups in, so it counts for none.
fn lines(groups: &[String]) -> String {
    let plain: Vec<&str> = groups.iter().map(String::as_str).filter(|group| !group.contains(['\n', '\r'])).collect();
    plain.join("\n")
}

/// `by` of an override is whoever wrote what it says, never what the writer says.
fn stamp_override(object: &mut Value, old: &Value, user: &str) {
    let (new, old) = (&object["spec"]["override"], &old["spec"]["override"]);
    if new.is_null() {
        return;
    }
    let overriding = old.is_null() || !equal_but(new, old, &["by"]);
    let by = if overriding { user } else { old["by"].as_str().unwrap_or_default() }.to_owned();
    if new["by"].as_str().unwrap_or_default() == by {
        return;
    }
    if let Some(new) = object.pointer_mut("/spec/override").and_then(Value::as_object_mut) {
        if by.is_empty() { drop(new.remove("by")) } else { drop(new.insert("by".to_owned(), by.into())) }
    }
}

/// Who asked for a rollback, and the label by which such releases are found. The twin of `asked_back.rs`.
fn stamp_asker(object: &mut Value, old: &Value, user: &str) {
    let asked = annotation(object, ASKED_BACK).to_owned();
    let asked = asked.as_str();
    let asker = match asked {
        "" => "",
        asked if asked != annotation(old, ASKED_BACK) => user,
        _ => annotation(old, ASKED_BACK_BY),
    };
    let label = if asked.is_empty() { "" } else { "true" };
    if annotation(object, ASKED_BACK_BY) != asker {
        annotate(object, ASKED_BACK_BY, Some(asker).filter(|asker| !asker.is_empty()));
    }
    if entry(object, "labels", ASKED_BACK) != label {
        note(object, "labels", ASKED_BACK, Some(label).filter(|label| !label.is_empty()));
    }
}
