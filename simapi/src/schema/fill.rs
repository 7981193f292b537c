//! Pruning what a schema does not know, and filling in its defaults.

use serde_json::{Map, Value};

use super::Schema;

impl Schema {
    /// Prunes the fields of an object, but for those that are the object's own.
    pub(super) fn prune_fields(&self, map: &mut Map<String, Value>, own: impl Fn(&str) -> bool) {
        let mut unknown = false;
        for (name, value) in map.iter_mut().filter(|(name, _)| !own(name)) {
            match self.field(name) {
                Some(schema) => schema.prune(value),
                None => unknown |= !self.preserve,
            }
        }
        if unknown {
            map.retain(|name, _| own(name) || self.field(name).is_some());
        }
    }

    fn prune(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                self.prune_fields(map, |name| self.embedded && matches!(name, "apiVersion" | "kind" | "metadata"));
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.prune(item));
                }
            }
            _ => {}
        }
    }

    pub(super) fn default_root(&self, map: &mut Map<String, Value>, counts: impl Fn(&str) -> bool) {
        for (name, schema) in self.properties.iter().filter(|(name, _)| counts(name)) {
            if schema.defaults && !matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                schema.default_field(name, map);
            }
        }
    }

    fn default_field(&self, name: &str, map: &mut Map<String, Value>) {
        let value = map.get(name);
        // A null where none may be is as good as nothing, if there is a default for nothing.
        let absent = value.is_none_or(|v| v.is_null() && !self.nullable);
        if let Some(default) = self.default.as_ref().filter(|_| absent) {
            map.insert(name.to_owned(), default.clone());
        }
        if let Some(value) = map.get_mut(name) {
            self.fill(value);
        }
    }

    fn fill(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, schema) in self.properties.iter().filter(|(_, schema)| schema.defaults) {
                    schema.default_field(name, map);
                }
                if let Some(schema) = self.additional.as_ref().filter(|schema| schema.defaults) {
                    map.values_mut().for_each(|value| schema.fill(value));
                }
            }
            Value::Array(items) => {
                if let Some(schema) = self.items.as_ref().filter(|schema| schema.defaults) {
                    items.iter_mut().for_each(|item| schema.fill(item));
                }
            }
            _ => {}
        }
    }
}
