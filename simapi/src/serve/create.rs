//! POST: an object that was not there.

use serde_json::{Value, json};

use super::{Answer, Desk};
use crate::call::Verb;
use crate::failure::{Cause, Failure};
use crate::object::{Key, meta, metadata};
use crate::time;

impl Desk<'_> {
    pub(super) fn create(&mut self) -> Result<Answer, Failure> {
        let object = self.body()?;
        let object = self.create_object(object)?;
        Ok(Answer::Text(http::StatusCode::CREATED, object))
    }

    /// Creates an object, and returns its text.
    pub(super) fn create_object(&mut self, mut object: Value) -> Result<String, Failure> {
        self.place(&mut object)?;
        self.name(&mut object)?;
        self.check_namespace(meta(&object, "name"))?;
        self.begin_life(&mut object);
        self.shape(None, &mut object);
        if self.mutate(Verb::Create, None, &mut object)? {
            self.shape(None, &mut object);
        }
        self.track(None, &mut object);
        crate::builtin::prepare(&self.kind, &mut object);
        self.validate(Verb::Create, None, &object)?;
        let key = Key::new(meta(&object, "namespace"), meta(&object, "name"));
        if self.state.store.get(self.index, &key).is_some() {
            return Err(Failure::already_exists(&self.kind, &key.name));
        }
        if self.dry_run() {
            return Ok(object.to_string());
        }
        let written = self.state.store.put_rough(self.index, object, self.defaults_status());
        self.record(Verb::Create, None, Some(written.clone()), written.revision);
        self.created_definition(&written);
        Ok(written.whole())
    }

    /// A status that is filled in by default is stored with the first update only: a creation drops what it says of
    /// the status after it has been filled in.
    fn defaults_status(&self) -> bool {
        let schema = self.kind.schema.as_ref().filter(|_| self.kind.status);
        schema.is_some_and(|schema| schema.default_of("status").is_some())
    }

    /// Puts the object into the namespace of the path.
    fn place(&self, object: &mut Value) -> Result<(), Failure> {
        let (wanted, found) = (self.call.namespace.as_str(), meta(object, "namespace"));
        if !found.is_empty() && found != wanted {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        if !wanted.is_empty() {
            metadata(object).insert("namespace".into(), wanted.into());
        }
        if !meta(object, "resourceVersion").is_empty() {
            return Err(Failure::new(
                500,
                "InternalError",
                "resourceVersion should not be set on objects to be created",
            ));
        }
        Ok(())
    }

    /// Makes a name of `generateName`, if there is no name.
    fn name(&mut self, object: &mut Value) -> Result<(), Failure> {
        if !meta(object, "name").is_empty() {
            return Ok(());
        }
        let prefix = meta(object, "generateName").to_owned();
        if prefix.is_empty() {
            let cause = Cause::required("metadata.name", "name or generateName is required");
            return Err(Failure::invalid(&self.kind, "", &[cause]));
        }
        // Names that begin alike must still end differently, so the end is never cut off.
        let short: String = prefix.chars().take(248).collect();
        let name = format!("{short}{}", self.state.chance.suffix());
        metadata(object).insert("name".into(), name.into());
        Ok(())
    }

    /// Refuses to create anything in a namespace that is not there, or not for long.
    fn check_namespace(&self, name: &str) -> Result<(), Failure> {
        if !self.kind.namespaced {
            return Ok(());
        }
        let store = &self.state.store;
        let Some(namespaces) = store.named("", "namespaces") else { return Ok(()) };
        let namespace = store.get(namespaces, &Key::new("", self.call.namespace.as_str()));
        let Some(namespace) = namespace else {
            return Err(Failure::not_found(store.kind(namespaces), &self.call.namespace));
        };
        if namespace.value["metadata"]["deletionTimestamp"].is_string() {
            return Err(Failure::terminating(&self.kind, name, &self.call.namespace));
        }
        Ok(())
    }

    /// Writes what the server alone says about a new object.
    fn begin_life(&mut self, object: &mut Value) {
        let uid = self.state.chance.uuid();
        let generation = self.kind.generation != crate::kind::Generation::None;
        object["apiVersion"] = self.kind.api_version().into();
        object["kind"] = self.kind.kind.clone().into();
        if self.kind.status {
            object.as_object_mut().expect("the body is an object").remove("status");
        }
        let created = time::seconds(self.now);
        let map = metadata(object);
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "managedFields"] {
            map.remove(field);
        }
        map.insert("uid".into(), uid.into());
        map.insert("creationTimestamp".into(), created.into());
        if generation {
            map.insert("generation".into(), json!(1));
        }
    }
}
