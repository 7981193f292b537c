//! DELETE: the end of an object, or the beginning of its end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Desk};
use crate::call::{Query, Verb};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::object::{Object, is_empty, meta, metadata};
use crate::time;

/// What a deletion asks for besides.
struct Options {
    uid: Option<String>,
    version: Option<String>,
    propagation: String,
    grace: Option<u64>,
    dry_run: bool,
}

impl Desk<'_> {
    pub(super) fn delete(&mut self) -> Result<Answer, Failure> {
        let options = self.options()?;
        let old = self.stored()?;
        let (object, gone) = self.delete_object(&old, &options)?;
        if !gone || self.kind.returns_deleted {
            return Ok(Answer::ok(object.whole()));
        }
        let mut details = json!({"name": self.call.name, "kind": self.kind.plural, "uid": old.uid()});
        if !self.kind.group.is_empty() {
            details["group"] = self.kind.group.clone().into();
        }
        let status =
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
        Ok(Answer::ok(status.to_string()))
    }

    pub(super) fn delete_collection(&mut self) -> Result<Answer, Failure> {
        let options = self.options()?;
        let selector = self.selector()?;
        let all: Vec<_> = self.state.store.list(self.index, &self.call.namespace).cloned().collect();
        let mut items = Vec::new();
        for old in all.iter().filter(|object| selector.matches(&object.value)) {
            self.delete_object(old, &options)?;
            // What is shown is what there was.
            items.push(if self.kind.custom { old.whole() } else { old.item() });
        }
        let mut meta = json!({"resourceVersion": self.state.store.revision().to_string()});
        if self.kind.custom {
            meta["continue"] = "".into();
        }
        let (kind, version) = (&self.kind.kind, self.kind.api_version());
        Ok(Answer::ok(format!(
            "{{\"kind\":\"{kind}List\",\"apiVersion\":\"{version}\",\"metadata\":{meta},\"items\":[{}]}}",
            items.join(",")
        )))
    }

    fn options(&self) -> Result<Options, Failure> {
        let body: Value = match &self.call.body {
            empty if empty.is_empty() => Value::Null,
            body => serde_json::from_slice(body).map_err(|error| Failure::bad_request(error.to_string()))?,
        };
        // What the body says is all that counts, if there is one.
        let nothing = Query::default();
        let query = if body.is_null() { &self.call.query } else { &nothing };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let propagation = match (body["orphanDependents"].as_bool(), text(&body["propagationPolicy"])) {
            (Some(true), _) => "Orphan".to_owned(),
            (Some(false), _) => "Background".to_owned(),
            (None, Some(policy)) => policy,
            (None, None) => query.get("propagationPolicy").to_owned(),
        };
        Ok(Options {
            uid: text(&body["preconditions"]["uid"]),
            version: text(&body["preconditions"]["resourceVersion"]),
            propagation,
            grace: body["gracePeriodSeconds"].as_u64().or_else(|| query.get("gracePeriodSeconds").parse().ok()),
            dry_run: query.get("dryRun") == "All"
                || body["dryRun"].as_array().is_some_and(|all| all.iter().any(|d| d == "All")),
        })
    }

    /// Deletes an object: it goes at once, or is marked if something still holds it. What it was, or is now, and
    /// whether it is gone.
    fn delete_object(&mut self, old: &Arc<Object>, options: &Options) -> Result<(Arc<Object>, bool), Failure> {
        self.check_preconditions(old, options)?;
        let review = self.review(Verb::Delete, Some(&old.value));
        self.rules.admission.iter().try_for_each(|admission| admission.validate(&review, None))?;
        let mut object = Value::clone(&old.value);
        self.propagate(&mut object, &options.propagation);
        let grace = self.grace(&object, options);
        let held = self.spec_finalizers(&object) || !is_empty(&object["metadata"]["finalizers"]) || grace > 0;
        if !held {
            if options.dry_run {
                return Ok((old.clone(), true));
            }
            self.remove(old);
            return Ok((old.clone(), true));
        }
        self.begin_end(&mut object, grace);
        if options.dry_run || object == *old.value {
            return Ok((Arc::new(Object::new(object, old.revision)), false));
        }
        let written = self.state.store.put(self.index, object);
        self.record(Verb::Delete, Some(old.clone()), Some(written.clone()), written.revision);
        Ok((written, false))
    }

    fn check_preconditions(&self, old: &Object, options: &Options) -> Result<(), Failure> {
        let differs = |what: &str, wanted: &str, found: &str, so: &str| {
            let why = format!(
                "the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). The object \
                 might have been {so}"
            );
            // It is the kind that is named here, not the resource.
            let kind = Kind { plural: self.kind.kind.clone(), ..(*self.kind).clone() };
            Err(Failure::conflict(&kind, meta(&old.value, "name"), &why))
        };
        if let Some(uid) = options.uid.as_ref().filter(|uid| **uid != old.uid()) {
            return differs("UID", uid, old.uid(), "deleted and then recreated");
        }
        let version = old.revision.to_string();
        if let Some(wanted) = options.version.as_ref().filter(|wanted| **wanted != version) {
            return differs("ResourceVersion", wanted, &version, "modified");
        }
        Ok(())
    }

    /// Writes down, as finalizers, what is to become of what the object owns.
    fn propagate(&self, object: &mut Value, propagation: &str) {
        let orphans_by_default = self.kind.group == "batch" && self.kind.plural == "jobs";
        let known = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        let ours = |f: &Value| f == "orphan" || f == "foregroundDeletion";
        let wanted = match propagation {
            // What was said before comes before what is said of the kind.
            "" if known.iter().any(ours) => return,
            "Orphan" => Some("orphan"),
            "Foreground" => Some("foregroundDeletion"),
            "" if orphans_by_default => Some("orphan"),
            "" => return,
            _ => None,
        };
        let mut finalizers: Vec<Value> = known.into_iter().filter(|f| !ours(f)).collect();
        finalizers.extend(wanted.map(Value::from));
        let map = metadata(object);
        if finalizers.is_empty() {
            map.remove("finalizers");
        } else {
            map.insert("finalizers".into(), finalizers.into());
        }
    }

    /// How many seconds a pod is given to end.
    fn grace(&self, object: &Value, options: &Options) -> u64 {
        if self.kind.plural != "pods" || !self.kind.group.is_empty() {
            return 0;
        }
        let unscheduled = object["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
        let over = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        if unscheduled || over {
            return 0;
        }
        options.grace.or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_u64()).unwrap_or(30)
    }

    /// Marks an object as being deleted.
    fn begin_end(&self, object: &mut Value, grace: u64) {
        let known = object["metadata"]["deletionTimestamp"].is_string();
        if known && grace == 0 {
            return;
        }
        let grace_span = jiff::SignedDuration::from_secs(i64::try_from(grace).unwrap_or(0));
        let at = time::seconds(self.now.saturating_add(grace_span).unwrap_or(self.now));
        let map = metadata(object);
        if known {
            return;
        }
        map.insert("deletionTimestamp".into(), at.into());
        if self.kind.plural != "namespaces" {
            map.insert("deletionGracePeriodSeconds".into(), grace.into());
        }
        if let Some(generation) = map.get("generation").and_then(Value::as_i64).filter(|g| *g > 0) {
            map.insert("generation".into(), json!(generation + 1));
        }
        if self.kind.plural == "namespaces" {
            object["status"]["phase"] = "Terminating".into();
        }
    }

    /// Ends an object at once.
    pub(super) fn remove(&mut self, old: &Arc<Object>) {
        let gone = self.state.store.remove(self.index, Value::clone(&old.value));
        self.record(Verb::Delete, Some(old.clone()), None, gone.revision);
        self.deleted_definition(old);
    }
}
