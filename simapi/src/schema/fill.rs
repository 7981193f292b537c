//! Pruning what a schema does not know, and filling in its defaults.

use serde_json::{Map, Value};

use super::Schema;

impl Schema {
    /// Prunes a field of an object; whether the schema knows it at all.
    pub(super) fn prune_field(&self, name: &str, value: &mut Value) -> bool {
        match self.field(name) {
            Some(schema) => {
                schema.prune(value);
                true
            }
            None => self.preserve,
        }
    }

    fn prune(&self, value: &mut Value) {
        match value {
            Value::Object(map) => map.retain(|name, value| {
                let own = self.embedded && matches!(name.as_str(), "apiVersion" | "kind" | "metadata");
                own || self.prune_field(name, value)
            }),
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.prune(item));
                }
            }
            _ => {}
        }
    }

    pub(super) fn default_root(&self, map: &mut Map<String, Value>) {
        for (name, schema) in &self.properties {
            if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
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
                for (name, schema) in &self.properties {
                    schema.default_field(name, map);
                }
                if let Some(schema) = &self.additional {
                    map.values_mut().for_each(|value| schema.fill(value));
                }
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.fill(item));
                }
            }
            _ => {}
        }
    }
}
