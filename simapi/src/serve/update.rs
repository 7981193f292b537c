//! PUT and PATCH: another version of an object.

use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Desk};
use crate::call::Verb;
use crate::failure::{Cause, Failure};
use crate::kind::Kind;
use crate::object::{Object, carry, is_empty, meta, metadata, written};
use crate::patch;

/// What every version of an object keeps, whatever a write says.
const SYSTEM: [&str; 6] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"];

impl Desk<'_> {
    pub(super) fn update(&mut self) -> Result<Answer, Failure> {
        let body = self.body()?;
        let (name, wanted) = (meta(&body, "name"), self.call.name.as_str());
        if name != wanted {
            return Err(Failure::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({wanted})"
            )));
        }
        let namespace = meta(&body, "namespace");
        if !namespace.is_empty() && namespace != self.call.namespace {
            return Err(Failure::bad_request(format!(
                "the namespace of the object ({namespace}) does not match the namespace on the URL ({})",
                self.call.namespace
            )));
        }
        match self.stored() {
            Ok(old) => self.replace(&old, body),
            Err(_) if self.kind.create_on_update && self.call.subresource.is_empty() => {
                let uid = meta(&body, "uid");
                if !uid.is_empty() {
                    let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: ");
                    return Err(Failure::conflict(&self.kind, wanted, &why));
                }
                let text = self.create_object(body)?;
                Ok(Answer::Text(http::StatusCode::CREATED, text))
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) fn patch(&mut self) -> Result<Answer, Failure> {
        let how = patch::How::of(&self.call.content_type, &self.kind)?;
        if how == patch::How::Apply {
            return self.apply();
        }
        let patch = self.said().map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
        let old = self.stored()?;
        let mut object = how.patched(&old.value, &patch)?;
        self.check_type(&object)?;
        if meta(&object, "name") != self.call.name {
            let causes = [Cause::invalid("metadata.name", &object["metadata"]["name"], "field is immutable")];
            return Err(Failure::invalid(&self.kind, &self.call.name, &causes));
        }
        if object["metadata"]["resourceVersion"].is_null() {
            metadata(&mut object).insert("resourceVersion".into(), old.revision.to_string().into());
        }
        self.replace(&old, object)
    }

    /// Writes another version of an object.
    pub(super) fn replace(&mut self, old: &Arc<Object>, mut object: Value) -> Result<Answer, Failure> {
        let asked = meta(&object, "resourceVersion").to_owned();
        let uid = meta(&object, "uid").to_owned();
        self.keep(old, &mut object);
        self.shape(Some(old), &mut object);
        if self.mutate(Verb::Update, Some(&old.value), &mut object)? {
            self.keep(old, &mut object);
            self.shape(Some(old), &mut object);
        }
        if !uid.is_empty() && uid != old.uid() {
            let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
            return Err(Failure::conflict(&self.kind, &self.call.name, &why));
        }
        self.check_version(old, &asked)?;
        self.raise_generation(old, &mut object);
        self.validate(Verb::Update, Some(old), &object)?;
        self.store_update(old, object)
    }

    /// Carries over what a write cannot change.
    fn keep(&self, old: &Object, object: &mut Value) {
        for field in ["apiVersion", "kind"] {
            if object[field] != old.value[field] {
                object[field] = old.value[field].clone();
            }
        }
        let before = &old.value["metadata"];
        let whole_metadata = self.kind.custom && self.call.subresource == "status";
        let map = metadata(object);
        if whole_metadata {
            let managed = map.remove("managedFields");
            *map = before.as_object().cloned().unwrap_or_default();
            if let Some(managed) = managed {
                map.insert("managedFields".into(), managed);
            }
        }
        for field in SYSTEM.into_iter().chain(["name", "namespace", "resourceVersion"]) {
            carry(before, map, field);
        }
        self.keep_other_half(&old.value, object);
    }

    /// The status is written through its subresource only, and nothing else is.
    fn keep_other_half(&self, old: &Value, object: &mut Value) {
        let map = object.as_object_mut().expect("the body is an object");
        if self.call.subresource == "status" {
            let fields = old.as_object().into_iter().flatten();
            let own = |name: &str| matches!(name, "status" | "metadata");
            map.retain(|name, _| own(name) || old.get(name).is_some());
            for (name, _) in fields.filter(|(name, _)| !own(name)) {
                carry(old, map, name);
            }
            if self.kind.kind == "Deployment" {
                carry(&old["metadata"], map["metadata"].as_object_mut().expect("it was made"), "labels");
            }
        } else if self.kind.status {
            carry(old, map, "status");
        }
    }

    fn check_version(&self, old: &Object, asked: &str) -> Result<(), Failure> {
        if asked.is_empty() || asked == "0" {
            if self.kind.unconditional {
                return Ok(());
            }
            let cause = Cause::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
            // It is the resource that is named here, not the kind.
            let kind = Kind { kind: self.kind.plural.clone(), ..(*self.kind).clone() };
            return Err(Failure::invalid(&kind, &self.call.name, &[cause]));
        }
        if asked.parse() == Ok(old.revision) { Ok(()) } else { Err(Failure::modified(&self.kind, &self.call.name)) }
    }

    /// What is being deleted takes no new finalizers.
    pub(super) fn new_finalizers(&self, old: &Object, object: &Value) -> Option<Cause> {
        if old.value["metadata"]["deletionTimestamp"].is_null() {
            return None;
        }
        let of = |value: &Value| value["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        let known = of(&old.value);
        let new: Vec<String> = of(object).iter().filter(|f| !known.contains(f)).map(Value::to_string).collect();
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            new.join(", ")
        );
        (!new.is_empty()).then(|| Cause::forbidden("metadata.finalizers", &why))
    }

    /// Stores the next version; or nothing if it says the same; or ends the object if its last finalizer went.
    fn store_update(&mut self, old: &Arc<Object>, mut object: Value) -> Result<Answer, Failure> {
        self.track(Some(&old.value), &mut object);
        if (object == *old.value && !old.rough) || self.dry_run() {
            return Ok(Answer::ok(written(&object)));
        }
        let meta = &object["metadata"];
        let graceful = meta["deletionGracePeriodSeconds"].as_u64().unwrap_or(0) > 0;
        let finalizers = self.spec_finalizers(&object) || !is_empty(&meta["finalizers"]);
        if meta["deletionTimestamp"].is_string() && !finalizers && !graceful {
            self.remove(old);
            return Ok(Answer::ok(written(&object)));
        }
        let written = self.state.store.put(self.index, object);
        self.record(Verb::Update, Some(old.clone()), Some(written.clone()), written.revision);
        self.created_definition(&written);
        Ok(Answer::ok(written.whole()))
    }

    /// Namespaces are kept by a list of their own, too.
    pub(super) fn spec_finalizers(&self, object: &Value) -> bool {
        self.kind.plural == "namespaces" && !is_empty(&object["spec"]["finalizers"])
    }
}
