//! Holding: what is the same for every kind of workload. The twin of `manifests/policies/held.rs`.

use serde_json::{Value, json};

use super::{Question, Request, Rule, annotate, annotation, set};
use crate::api::GROUP;
use crate::api::names::{
    BREAK_GLASS, HOLD, HOLD_BY_AUTHOR, HOLD_BY_POLICY, HOLD_RESTORE, RELEASED, ROLLBACK, ROLLED_BACK, RUNS,
};

/// What the rule must know of a kind of workload.
pub(super) struct Held {
    /// The kind, in lower case.
    pub kind: &'static str,
    /// What the kind itself must know of the requester's rights.
    pub asks: fn(&Request) -> Vec<Question>,
    /// Whether the object, compared with what is stored, changes what would ship.
    pub changed: fn(&Value, &Value, &dyn Fn(Question) -> bool) -> bool,
    /// Whether the hold field holds.
    pub holds: fn(&Value) -> bool,
    /// Sets the hold field.
    pub hold: fn(&mut Value),
    /// Takes the hold field back.
    pub release: fn(&mut Value),
    /// Whether a rollback pins the pod template.
    pub pinned: bool,
    /// Annotations that only the operator writes.
    pub owned: &'static [&'static str],
}

/// The annotations that only the operator writes, for kinds whose hold field needs no memory.
pub(super) const OWNED: &[&str] = &[ROLLBACK, ROLLED_BACK, RELEASED, RUNS, HOLD_RESTORE];

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

    /// The template first, then the annotations, then the hold: each sees what the former did.
    fn apply(&self, request: &Request, may: &dyn Fn(Question) -> bool) -> Value {
        let (mut object, old) = (request.object.clone(), &request.old);
        let glass = struck(request) && may(OVERRIDE);
        let frozen = !annotation(old, ROLLBACK).is_empty();
        if self.pinned && frozen && !glass && (self.changed)(&object, old, may) {
            set(&mut object, "template", old["spec"]["template"].clone());
        }
        for key in self.owned {
            restore(&mut object, old, key);
        }
        let was = annotation(old, HOLD);
        let mark = annotation(&object, HOLD).to_owned();
        if !glass && (!was.is_empty() || ((self.changed)(&object, old, may) && !frozen)) {
            let value = self.value(&object, was, &mark);
            annotate(&mut object, HOLD, Some(value));
            (self.hold)(&mut object);
        } else if !mark.is_empty() || !was.is_empty() {
            annotate(&mut object, HOLD, None);
            if self.ours(old, was, &mark) {
                (self.release)(&mut object);
            }
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
            ("", _) => (self.holds)(object),
            (was, _) => was == HOLD_BY_AUTHOR,
        };
        if by_author { HOLD_BY_AUTHOR } else { HOLD_BY_POLICY }
    }

    /// Whether a hold that is lifted was set by this rule: before this request, or earlier in this request and
    /// undone because another webhook (one that pins images, say) made the change go away.
    fn ours(&self, old: &Value, was: &str, mark: &str) -> bool {
        match was {
            "" => mark == HOLD_BY_POLICY && !(!old.is_null() && (self.holds)(old)),
            was => was != HOLD_BY_AUTHOR,
        }
    }
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
