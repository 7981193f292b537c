//! Holding: what is the same for every kind of workload. The twin of `manifests/policies/held.rs`.

use serde_json::{Value, json};

use super::{Question, Request, Rule, annotate, annotation, set};
use crate::api::GROUP;
use crate::api::names::{
    BREAK_GLASS, HELD_PARTITION, HOLD, HOLD_BY_AUTHOR, HOLD_BY_POLICY, HOLD_RESTORE, RELEASED, ROLLBACK, ROLLED_BACK,
    RUNS,
};

/// What the rule must know of a kind of workload.
pub(super) struct Held {
    /// The kind, in lower case.
    pub kind: &'static str,
    /// The field of the spec that says what would ship, if a rollback can pin it.
    pub content: Option<&'static str>,
    /// What the kind itself must know of the requester's rights.
    pub asks: fn(&Request) -> Vec<Question>,
    /// Whether the object, compared with what is stored, changes what would ship in a way that can be held.
    pub changed: fn(&Value, &Value, &dyn Fn(Question) -> bool) -> bool,
    /// Whether the hold field holds.
    pub holds: fn(&Value) -> bool,
    /// Whether its author has stopped it.
    pub stopped: fn(&Value) -> bool,
    /// Sets the hold field.
    pub hold: fn(&mut Value),
    /// Takes the hold field back.
    pub release: fn(&mut Value, &Lifted<'_>),
    /// What the hold field is, as the text that a hold remembers; `None` if it is the hold's own. Only for kinds
    /// where removing it is not enough.
    pub remembers: Option<fn(&Value) -> Option<String>>,
}

/// What is known of a hold that is lifted.
pub(super) struct Lifted<'a> {
    /// Whether this rule had set it: before this request, or earlier in this request and undone because another
    /// webhook (one that pins images, say) made the change go away.
    pub ours: bool,
    /// Whether it was there before this request.
    pub was_held: bool,
    /// What is stored; null at a creation.
    pub old: &'a Value,
    /// What the hold field had been, for kinds that remember it.
    pub back: &'a str,
}

/// The annotations that only the operator writes.
pub(super) const OWNED: &[&str] = &[ROLLBACK, ROLLED_BACK, RELEASED, RUNS];

/// Those that say what was let go, which is untrue of what goes by the glass.
const OVERTAKEN: &[&str] = &[RELEASED, RUNS];

/// Whether the requester may break the glass.
pub(super) const OVERRIDE: Question =
    Question { verb: "override", group: GROUP, resource: "coordinatedreleases", subresource: "" };

impl Rule for Held {
    fn name(&self) -> String {
        format!("hold-{}", self.kind)
    }

    fn asks(&self, request: &Request) -> Vec<Question> {
        let mut all = (self.asks)(request);
        all.extend(struck(request).then_some(OVERRIDE));
        all
    }

    /// The content first, then the annotations, then the hold: each sees what the former did.
    fn apply(&self, request: &Request, may: &dyn Fn(Question) -> bool) -> Value {
        let (mut object, old) = (request.object.clone(), &request.old);
        let glass = struck(request) && may(OVERRIDE);
        let frozen = !annotation(old, ROLLBACK).is_empty();
        if let Some(content) = self.content.filter(|_| frozen && !glass)
            && (self.changed)(&object, old, may)
        {
            set(&mut object, content, old["spec"][content].clone());
        }
        for key in OWNED {
            restore(&mut object, old, key);
        }
        let was = annotation(old, HOLD);
        if glass && (!was.is_empty() || (self.changed)(&object, old, may)) {
            for key in OVERTAKEN {
                annotate(&mut object, key, None);
            }
        }
        let mark = annotation(&object, HOLD).to_owned();
        let hold = !glass && (!was.is_empty() || ((self.changed)(&object, old, may) && !frozen));
        let remembered = self.remembered(&object, old, was, &mark);
        if hold {
            let value = self.value(&object, was, &mark);
            annotate(&mut object, HOLD, Some(value));
            if self.remembers.is_some() {
                annotate(&mut object, HOLD_RESTORE, Some(&remembered));
            }
            (self.hold)(&mut object);
        } else if !mark.is_empty() || !was.is_empty() {
            annotate(&mut object, HOLD, None);
            let noted = noted(&object, old);
            let back = if was.is_empty() { &noted } else { former_note(old) };
            let lifted = Lifted { ours: self.ours(old, was, &mark), was_held: !was.is_empty(), old, back };
            (self.release)(&mut object, &lifted);
        }
        if !(hold && self.remembers.is_some()) {
            annotate(&mut object, HOLD_RESTORE, None);
        }
        object
    }
}

impl Held {
    /// Who set the hold field. A second invocation in the same request sees the first one's mark.
    fn value(&self, object: &Value, was: &str, mark: &str) -> &'static str {
        let by_author = match (was, mark) {
            ("", HOLD_BY_POLICY) => false,
            ("", HOLD_BY_AUTHOR) => true,
            ("", _) => (self.stopped)(object),
            (was, _) => was == HOLD_BY_AUTHOR,
        };
        if by_author { HOLD_BY_AUTHOR } else { HOLD_BY_POLICY }
    }

    /// Whether a hold that is lifted was set by this rule.
    fn ours(&self, old: &Value, was: &str, mark: &str) -> bool {
        match was {
            "" => mark == HOLD_BY_POLICY && (old.is_null() || !(self.holds)(old)),
            was => was != HOLD_BY_AUTHOR,
        }
    }

    /// What the hold field was. The first look at a change sees what its author wrote. Later ones, in this request
    /// after a webhook or in later requests, see the hold's own value unless the author wrote another.
    fn remembered(&self, object: &Value, old: &Value, was: &str, mark: &str) -> String {
        let Some(remembers) = self.remembers else { return String::new() };
        let first = mark.is_empty() && was.is_empty();
        match remembers(object) {
            Some(theirs) => theirs,
            None if first => HELD_PARTITION.to_string(),
            None => noted(object, old),
        }
    }
}

/// What an earlier look has noted; a text that no hold can have written counts as nothing.
fn noted(object: &Value, old: &Value) -> String {
    let text = object["metadata"]["annotations"][HOLD_RESTORE].as_str().unwrap_or_else(|| former_note(old));
    let number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let known = number || text == "OnDelete" || text == HELD_PARTITION.to_string();
    if known { text.to_owned() } else { "0".to_owned() }
}

fn former_note(old: &Value) -> &str {
    old["metadata"]["annotations"][HOLD_RESTORE].as_str().unwrap_or("0")
}

/// The glass is broken once: the annotation must get a new value in this very request.
fn struck(request: &Request) -> bool {
    let ticket = annotation(&request.object, BREAK_GLASS);
    !ticket.is_empty() && ticket != annotation(&request.old, BREAK_GLASS)
}

/// Gives an annotation its former value back, or takes it away if there was none.
fn restore(object: &mut Value, old: &Value, key: &str) {
    let former = &old["metadata"]["annotations"][key];
    if object["metadata"]["annotations"][key] != *former {
        annotate(object, key, former.as_str());
    }
}

/// Whether a boolean field of the spec is true.
pub(super) fn is_set(object: &Value, field: &str) -> bool {
    object["spec"][field] == json!(true)
}
