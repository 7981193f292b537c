//! Server-side apply, and who owns which field.

use serde_json::{Map, Value, json};

use super::{Answer, Desk};
use crate::failure::{Cause, Failure};
use crate::fields::{
    Difference, Fields, Manager, Managers, Step, Type, describe, difference, fields_of, merged, without,
};
use crate::kind::Kind;
use crate::object::{meta, metadata};
use crate::time;

/// What nobody owns: it is the server's.
const OWNERLESS: [&[&str]; 11] = [
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
    &["metadata", "deletionGracePeriodSeconds"],
];

impl Desk<'_> {
    pub(super) fn apply(&mut self) -> Result<Answer, Failure> {
        let mut applied = self.applied_object()?;
        let old = self.state.store.get(self.index, &self.key()).cloned();
        if old.is_none() && !self.call.subresource.is_empty() {
            return Err(Failure::not_found(&self.kind, &self.call.name));
        }
        if let (None, uid) = (&old, meta(&applied, "uid"))
            && !uid.is_empty()
        {
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Failure::conflict(&self.kind, &self.call.name, &why));
        }
        let nothing = || json!({"apiVersion": self.kind.api_version(), "kind": self.kind.kind, "metadata": {}});
        let live = old.as_ref().map_or_else(nothing, |old| Value::clone(&old.value));
        let version = metadata(&mut applied).remove("resourceVersion");
        let (mut object, managed) = self.merge_applied(&live, &applied)?;
        self.managed = Some(managed);
        let answer = match old {
            None => {
                metadata(&mut object).remove("managedFields");
                let text = self.create_object(object)?;
                Answer::Text(http::StatusCode::CREATED, text)
            }
            Some(old) => {
                let version = version.unwrap_or_else(|| old.revision.to_string().into());
                metadata(&mut object).insert("resourceVersion".into(), version);
                self.replace(&old, object)?
            }
        };
        Ok(answer)
    }

    /// Reads what is applied.
    fn applied_object(&self) -> Result<Value, Failure> {
        let applied = self.said().map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}")))?;
        self.check_type(&applied)?;
        let name = meta(&applied, "name");
        if !name.is_empty() && name != self.call.name {
            let wanted = &self.call.name;
            let why = format!("the name of the object ({name}) does not match the name on the URL ({wanted})");
            return Err(Failure::bad_request(why));
        }
        if !crate::object::is_empty(&applied["metadata"]["managedFields"]) {
            return Err(Failure::bad_request("metadata.managedFields must be nil"));
        }
        if self.call.query.get("fieldManager").is_empty() {
            let options = Kind { kind: "PatchOptions".into(), group: "meta.k8s.io".into(), ..Kind::default() };
            let cause = Cause::required("fieldManager", "is required for apply patch");
            return Err(Failure::invalid(&options, "", &[cause]));
        }
        if let Some(path) = self.kind.schema.as_ref().and_then(|schema| schema.undeclared(&applied)) {
            let (kind, version) = (&self.kind.kind, self.kind.api_version());
            let place = self.key();
            let why = format!(
                "failed to create typed patch object ({place}; {version}, Kind={kind}): {path}: field not declared in schema"
            );
            return Err(Failure::new(500, "InternalError", why));
        }
        Ok(applied)
    }

    /// What is there with what is applied over it, and who then owns what.
    fn merge_applied(&self, live: &Value, applied: &Value) -> Result<(Value, Value), Failure> {
        let kind = Type::of(&self.kind);
        if !self.rules.field_managers {
            return Ok((merged(kind, live, applied), Value::Null));
        }
        let me = self.manager(true);
        let mut managers = Managers::of(live);
        let last = managers.get(&me);
        managers.set(&me, self.ownable(fields_of(kind, applied)));
        let mut object = merged(kind, live, applied);
        if !last.is_empty() {
            let mut given_up = last.with_parents().minus(&managers.all().with_parents());
            // The metadata itself is the server's, whoever owned something in it.
            if let Some(metadata) = given_up.below.get_mut(&Step::field("metadata")) {
                metadata.member = false;
            }
            object = without(kind, &object, &given_up);
        }
        let Difference { added, modified, removed } = difference(kind, live, &object);
        let changed = self.ownable(added.clone().union(&modified));
        let conflicts = managers.conflicts(&me, &changed);
        if !conflicts.is_empty() && !self.call.query.is_on("force") {
            let (message, causes) = describe(&conflicts);
            return Err(Failure::owned_by_others(message, causes));
        }
        managers.take_from_others(&me, &changed);
        managers.take_from_others(&me, &removed);
        let touched = (!added.is_empty() || !modified.is_empty() || !removed.is_empty()).then_some(&me);
        let managed = managers.write(touched, &time::seconds(self.now));
        Ok((object, managed))
    }

    /// Writes down who owns what of a new version of an object, or of a new object.
    pub(super) fn track(&self, old: Option<&Value>, object: &mut Value) {
        let managed = match &self.managed {
            _ if !self.rules.field_managers => Value::Null,
            Some(managed) => managed.clone(),
            None => self.tracked_update(old, object),
        };
        let map = metadata(object);
        if managed.as_array().is_none_or(Vec::is_empty) {
            map.remove("managedFields");
        } else {
            map.insert("managedFields".into(), managed);
        }
    }

    fn tracked_update(&self, old: Option<&Value>, object: &Value) -> Value {
        let nothing = skeleton(&self.kind);
        let old = old.unwrap_or(&nothing);
        let kind = Type::of(&self.kind);
        let Difference { added, modified, removed } = difference(kind, old, object);
        let changed = self.ownable(added.union(&modified));
        let me = self.manager(false);
        let mut managers = Managers::of(old);
        if managers.is_empty() && !meta(old, "uid").is_empty() {
            return Value::Null;
        }
        managers.take_from_others(&me, &changed);
        managers.take_from_others(&me, &removed);
        let mine = managers.get(&me).minus(&removed).union(&changed);
        managers.set(&me, mine);
        // Who scales is written down without a time.
        let touched = Some(&me).filter(|_| !changed.is_empty() && self.call.subresource != "scale");
        managers.write(touched, &time::seconds(self.now))
    }

    /// What of some fields anybody can own through this request.
    fn ownable(&self, mut fields: Fields) -> Fields {
        fields.member = false;
        for path in OWNERLESS {
            fields.cut(path);
        }
        if let Some(metadata) = fields.below.get_mut(&Step::field("metadata")) {
            metadata.member = false;
            if metadata.is_empty() {
                fields.cut(&["metadata"]);
            }
        }
        if self.call.subresource == "status" {
            let custom = self.kind.custom;
            fields
                .below
                .retain(|step, _| *step == Step::field("status") || (!custom && *step == Step::field("metadata")));
        } else if self.kind.status {
            fields.cut(&["status"]);
        }
        fields
    }

    fn manager(&self, applies: bool) -> Manager {
        let named = self.call.query.get("fieldManager");
        let agent = self.call.agent.split('/').next().unwrap_or_default();
        let name = [named, agent, "unknown"].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        Manager {
            applies,
            name: name.to_owned(),
            api_version: self.kind.api_version(),
            subresource: self.call.subresource.clone(),
        }
    }
}

/// An object of a kind that says nothing yet. Built-in kinds have some structure from the start.
fn skeleton(kind: &Kind) -> Value {
    let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {}});
    if kind.custom {
        return object;
    }
    let mut spec = Map::new();
    let template = json!({"metadata": {}, "spec": {"containers": null}});
    match kind.kind.as_str() {
        "Deployment" => spec.extend([("template".to_owned(), template), ("strategy".to_owned(), json!({}))]),
        "StatefulSet" | "DaemonSet" => {
            spec.extend([("template".to_owned(), template), ("updateStrategy".to_owned(), json!({}))]);
        }
        "Pod" => spec.extend([("containers".to_owned(), Value::Null)]),
        "ReplicaSet" | "Job" => spec.extend([("template".to_owned(), template)]),
        "CronJob" => {
            let job = json!({"metadata": {}, "spec": {"template": template}});
            spec.extend([("jobTemplate".to_owned(), job)]);
        }
        _ => {}
    }
    object["spec"] = Value::Object(spec);
    object["status"] = json!({});
    object
}
