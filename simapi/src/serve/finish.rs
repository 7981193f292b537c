//! What happens to every object between what was sent and what is stored.

use serde_json::{Value, json};

use super::Desk;
use crate::builtin;
use crate::call::Verb;
use crate::failure::Failure;
use crate::kind::Generation;
use crate::object::{Object, meta, metadata};

impl Desk<'_> {
    /// Prunes what the kind does not know, and fills in its defaults.
    pub(super) fn shape(&self, old: Option<&Object>, object: &mut Value) {
        builtin::drop_empty_metadata(object);
        match &self.kind.schema {
            Some(schema) => schema.prune_and_default_those(object, |field| self.may_differ(old, field)),
            None => builtin::fill(&self.kind, object),
        }
    }

    /// Whether a field can be another one than what was stored, or was not stored by today's schema: a write of the
    /// status leaves the rest as it was, and any other write the status.
    fn may_differ(&self, old: Option<&Object>, field: &str) -> bool {
        let known = |old: &Object| !old.rough && self.state.store.is_as_served(self.index, old);
        !(self.kind.custom && self.kind.status && old.is_some_and(known))
            || (field == "status") == (self.call.subresource == "status")
    }

    /// Lets every admission change the object that may. Whether any did is not known, but none did if none may.
    pub(super) fn mutate(&self, operation: Verb, old: Option<&Value>, object: &mut Value) -> Result<bool, Failure> {
        let review = self.review(operation, old);
        let mut asked = false;
        for admission in self.rules.admission.iter().filter(|admission| admission.may_change(&review)) {
            asked = true;
            admission.mutate(&review, object)?;
        }
        Ok(asked)
    }

    /// Judges the object by its kind, then lets every admission judge it.
    pub(super) fn validate(&self, operation: Verb, old: Option<&Object>, object: &Value) -> Result<(), Failure> {
        let mut causes = builtin::names::check(&self.kind, object);
        let before = old.map(|old| &*old.value);
        causes.extend(old.and_then(|old| self.new_finalizers(old, object)));
        causes.extend(match &self.kind.schema {
            Some(schema) => schema.validate_those(object, |field| self.may_differ(old, field)),
            None => builtin::validate::validate(&self.kind, before, object),
        });
        if !causes.is_empty() {
            return Err(Failure::invalid(&self.kind, meta(object, "name"), &causes));
        }
        let review = self.review(operation, before);
        self.rules.admission.iter().try_for_each(|admission| admission.validate(&review, Some(object)))
    }

    pub(super) fn raise_generation(&self, old: &Object, object: &mut Value) {
        let (before, after) = (&old.value, &*object);
        let spec = before["spec"] != after["spec"];
        let raised = match self.kind.generation {
            Generation::None => return,
            Generation::Spec => spec,
            Generation::SpecOrAnnotations => {
                spec || before["metadata"]["annotations"] != after["metadata"]["annotations"]
            }
            Generation::AllButStatus => differs_outside_metadata_and_status(before, after, self.kind.status),
        };
        if raised && self.call.subresource != "status" {
            let generation = before["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
            metadata(object).insert("generation".into(), json!(generation));
        }
    }
}

fn differs_outside_metadata_and_status(before: &Value, after: &Value, has_status: bool) -> bool {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return false };
    let counts = |name: &str| name != "metadata" && !(has_status && name == "status");
    let changed = before.iter().any(|(name, value)| counts(name) && after.get(name) != Some(value));
    changed || after.keys().any(|name| counts(name) && !before.contains_key(name))
}
