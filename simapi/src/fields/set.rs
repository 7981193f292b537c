//! A set of fields, as a tree of the steps that lead to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A step from a value into it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A field of an object.
    Field(String),
    /// An item of a keyed list, by its keys as JSON.
    Key(String),
    /// An item of a set, by its value as JSON.
    Value(String),
}

impl Step {
    pub(crate) fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    fn write(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => format!("k:{keys}"),
            Self::Value(value) => format!("v:{value}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => Some(Self::Key(rest.to_owned())),
            "v" => Some(Self::Value(rest.to_owned())),
            _ => None,
        }
    }

    /// As conflicts name it.
    pub(crate) fn say(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            Self::Key(keys) => {
                let map: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let said: Vec<String> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", said.join(","))
            }
            Self::Value(value) => format!("[={value}]"),
        }
    }
}

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Whether the value at this place itself is in the set.
    pub(crate) member: bool,
    /// What is in the set below it.
    pub(crate) below: BTreeMap<Step, Fields>,
}

impl Fields {
    pub(crate) fn leaf() -> Self {
        Self { member: true, below: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }

    /// Puts a set below a step, unless it is empty.
    pub(crate) fn put(&mut self, step: Step, fields: Fields) {
        if !fields.is_empty() {
            self.below.insert(step, fields);
        }
    }

    pub(crate) fn union(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.member |= other.member;
        for (step, fields) in &other.below {
            self.below.entry(step.clone()).or_default().add(fields);
        }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        let mut left = Self { member: self.member && !other.member, below: BTreeMap::new() };
        for (step, fields) in &self.below {
            let rest = other.below.get(step).map_or_else(|| fields.clone(), |taken| fields.minus(taken));
            left.put(step.clone(), rest);
        }
        left
    }

    pub(crate) fn both(&self, other: &Self) -> Self {
        let mut both = Self { member: self.member && other.member, below: BTreeMap::new() };
        for (step, fields) in &self.below {
            if let Some(others) = other.below.get(step) {
                both.put(step.clone(), fields.both(others));
            }
        }
        both
    }

    /// The set with every field that leads to another one in it: who owns what is in an object owns the object.
    pub(crate) fn with_parents(&self) -> Self {
        let below = self.below.iter().map(|(step, fields)| {
            let mut fields = fields.with_parents();
            fields.member |= matches!(step, Step::Field(_));
            (step.clone(), fields)
        });
        Self { member: self.member, below: below.collect() }
    }

    /// Takes a field out of the set, with all that is below it.
    pub(crate) fn cut(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        let step = Step::field(first);
        if rest.is_empty() {
            self.below.remove(&step);
        } else if let Some(fields) = self.below.get_mut(&step) {
            fields.cut(rest);
            if fields.below.is_empty() {
                self.below.remove(&step);
            }
        }
    }

    /// The paths of all members, as conflicts name them.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk("", &mut paths);
        paths
    }

    fn walk(&self, path: &str, paths: &mut Vec<String>) {
        if self.member {
            paths.push(path.to_owned());
        }
        for (step, fields) in &self.below {
            fields.walk(&format!("{path}{}", step.say()), paths);
        }
    }

    /// As `fieldsV1` has it.
    pub(crate) fn write(&self) -> Value {
        let mut map = Map::new();
        if self.member && !self.below.is_empty() {
            map.insert(".".into(), Value::Object(Map::new()));
        }
        for (step, fields) in &self.below {
            map.insert(step.write(), fields.write());
        }
        Value::Object(map)
    }

    /// Reads `fieldsV1`.
    pub(crate) fn read(value: &Value) -> Self {
        let mut root = Self::node(value);
        root.member = false;
        root
    }

    fn node(value: &Value) -> Self {
        let map = value.as_object().cloned().unwrap_or_default();
        let member = map.is_empty() || map.contains_key(".");
        let below = map.iter().filter_map(|(text, value)| Some((Step::read(text)?, Self::node(value))));
        Self { member, below: below.collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_are_written_as_they_are_read() {
        let text = json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {".": {}, "f:image": {}}}}});
        let fields = Fields::read(&text);
        assert_eq!(fields.write(), text);
        assert_eq!(
            fields.paths(),
            [
                ".metadata.labels",
                ".metadata.labels.app",
                ".spec.containers[name=\"main\"]",
                ".spec.containers[name=\"main\"].image"
            ]
        );
    }

    #[test]
    fn what_is_taken_away_is_gone_and_nothing_else() {
        let all = Fields::read(&json!({"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}}));
        let some = Fields::read(&json!({"f:b": {"f:c": {}}, "f:x": {}}));
        assert_eq!(all.minus(&some).write(), json!({"f:a": {}, "f:b": {".": {}, "f:d": {}}}));
        assert_eq!(all.both(&some).write(), json!({"f:b": {"f:c": {}}}));
        assert_eq!(some.with_parents().write(), json!({"f:b": {".": {}, "f:c": {}}, "f:x": {}}));
    }
}
