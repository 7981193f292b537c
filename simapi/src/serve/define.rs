//! What follows when a CustomResourceDefinition is created, changed or deleted.

use serde_json::{Value, json};

use super::Desk;
use crate::definition;
use crate::object::Object;
use crate::time;

impl Desk<'_> {
    fn is_definition(&self) -> bool {
        self.kind.plural == "customresourcedefinitions" && self.kind.group == "apiextensions.k8s.io"
    }

    /// Serves the kinds of a definition that was written. A real server takes a moment for that; here it is at once.
    pub(super) fn created_definition(&mut self, written: &Object) {
        if !self.is_definition() {
            return;
        }
        for kind in definition::kinds(&written.value) {
            self.state.store.serve(kind);
        }
        if !written.value["status"]["conditions"].is_null() {
            return;
        }
        let condition = |kind: &str, reason: &str, message: &str| {
            json!({"type": kind, "status": "True", "reason": reason, "message": message,
                "lastTransitionTime": time::seconds(self.now)})
        };
        let mut value = Value::clone(&written.value);
        let versions = value["spec"]["versions"].as_array().cloned().unwrap_or_default();
        let stored: Vec<Value> = versions.iter().filter(|v| v["storage"] == true).map(|v| v["name"].clone()).collect();
        value["status"] = json!({
            "acceptedNames": value["spec"]["names"],
            "storedVersions": stored,
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
        });
        self.state.store.put(self.index, value);
    }

    /// Serves the kinds of a definition no longer, and drops their objects.
    pub(super) fn deleted_definition(&mut self, gone: &Object) {
        if !self.is_definition() {
            return;
        }
        for kind in definition::kinds(&gone.value) {
            if let Some(index) = self.state.store.find(&kind.group, &kind.version, &kind.plural) {
                self.state.store.withdraw(index);
            }
        }
    }
}
