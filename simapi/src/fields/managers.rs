//! The managers of an object's fields: what `managedFields` says.

use serde_json::{Value, json};

use super::set::Fields;

/// One manager, by how it writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Manager {
    pub(crate) applies: bool,
    pub(crate) name: String,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
}

impl Manager {
    /// As conflicts name it.
    fn say(&self) -> String {
        let Self { name, api_version, subresource, .. } = self;
        let through =
            if subresource.is_empty() { String::new() } else { format!(" with subresource \"{subresource}\"") };
        format!("\"{name}\"{through} using {api_version}")
    }
}

/// What each manager owns, and since when it is so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Managers(Vec<(Manager, Fields, String)>);

impl Managers {
    /// Reads an object's `managedFields`.
    pub(crate) fn of(object: &Value) -> Self {
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let read = |entry: &Value| {
            let manager = Manager {
                applies: entry["operation"] == "Apply",
                name: text(entry, "manager"),
                api_version: text(entry, "apiVersion"),
                subresource: text(entry, "subresource"),
            };
            (manager, Fields::read(&entry["fieldsV1"]), text(entry, "time"))
        };
        Self(object["metadata"]["managedFields"].as_array().into_iter().flatten().map(read).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, manager: &Manager) -> Fields {
        self.0.iter().find(|(m, ..)| m == manager).map(|(_, fields, _)| fields.clone()).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, manager: &Manager, fields: Fields) {
        match self.0.iter_mut().find(|(m, ..)| m == manager) {
            Some(entry) => entry.1 = fields,
            None => self.0.push((manager.clone(), fields, String::new())),
        }
        self.0.retain(|(_, fields, _)| !fields.is_empty());
    }

    /// Everything that anybody owns.
    pub(crate) fn all(&self) -> Fields {
        self.0.iter().fold(Fields::default(), |all, (_, fields, _)| all.union(fields))
    }

    /// What of some fields others own, by manager.
    pub(crate) fn conflicts(&self, manager: &Manager, fields: &Fields) -> Vec<(Manager, Fields)> {
        let others = self.0.iter().filter(|(other, ..)| other != manager);
        let theirs = others.map(|(other, owned, _)| (other.clone(), owned.both(fields)));
        theirs.filter(|(_, both)| !both.is_empty()).collect()
    }

    /// Takes fields from everybody but one.
    pub(crate) fn take_from_others(&mut self, manager: &Manager, fields: &Fields) {
        for (_, owned, _) in self.0.iter_mut().filter(|(other, ..)| other != manager) {
            *owned = owned.minus(fields);
        }
        self.0.retain(|(_, fields, _)| !fields.is_empty());
    }

    /// Writes `managedFields`. Who has just changed the object is stamped with the time; who only came to own what was
    /// there already is not.
    pub(crate) fn write(mut self, touched: Option<&Manager>, now: &str) -> Value {
        for (_, _, time) in self.0.iter_mut().filter(|(manager, ..)| touched == Some(manager)) {
            now.clone_into(time);
        }
        self.0.sort_by(|(a, _, since_a), (b, _, since_b)| {
            let order = |m: &Manager| (m.name.clone(), m.api_version.clone(), m.subresource.clone());
            (!a.applies, since_a, order(a)).cmp(&(!b.applies, since_b, order(b)))
        });
        let entry = |(manager, fields, time): &(Manager, Fields, String)| {
            let mut entry = json!({"manager": manager.name, "operation": if manager.applies { "Apply" } else { "Update" },
                "apiVersion": manager.api_version, "fieldsType": "FieldsV1", "fieldsV1": fields.write()});
            if !time.is_empty() {
                entry["time"] = time.clone().into();
            }
            if !manager.subresource.is_empty() {
                entry["subresource"] = manager.subresource.clone().into();
            }
            entry
        };
        self.0.iter().map(entry).collect()
    }
}

/// The message and the causes of a conflict.
pub(crate) fn describe(conflicts: &[(Manager, Fields)]) -> (String, Vec<Value>) {
    let paths = |(manager, fields): &(Manager, Fields)| {
        fields.paths().into_iter().map(|path| (manager.say(), path)).collect::<Vec<_>>()
    };
    let all: Vec<(String, String)> = conflicts.iter().flat_map(paths).collect();
    let causes = all.iter().map(|(who, path)| {
        json!({"reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": path})
    });
    let causes = causes.collect();
    if let [(who, path)] = &all[..] {
        return (format!("Apply failed with 1 conflict: conflict with {who}: {path}"), causes);
    }
    let lines = conflicts.iter().map(|(manager, fields)| {
        let paths: Vec<String> = fields.paths().iter().map(|path| format!("\n- {path}")).collect();
        format!("conflicts with {}:{}", manager.say(), paths.concat())
    });
    let lines: Vec<String> = lines.collect();
    (format!("Apply failed with {} conflicts: {}", all.len(), lines.join("\n")), causes)
}
