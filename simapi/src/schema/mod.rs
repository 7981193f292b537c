//! Structural schemas: what a CustomResourceDefinition says about its objects. CEL rules are not evaluated here.

mod fill;
mod validate;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

/// The schema of a value.
#[derive(Debug, Default)]
pub struct Schema {
    /// `object`, `array`, `string`, `integer`, `number` or `boolean`; empty if any.
    pub(crate) kind: String,
    int_or_string: bool,
    nullable: bool,
    preserve: bool,
    embedded: bool,
    default: Option<Value>,
    pub(crate) properties: BTreeMap<String, Schema>,
    pub(crate) additional: Option<Box<Schema>>,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) list: List,
    pub(crate) atomic_map: bool,
    limits: Limits,
    /// Whether there are CEL rules here or below.
    ruled: bool,
    /// Whether there are defaults here or below.
    defaults: bool,
    all_of: Vec<Schema>,
    any_of: Vec<Schema>,
    one_of: Vec<Schema>,
    not: Option<Box<Schema>>,
}

/// How a list merges when several managers apply it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum List {
    /// As one value.
    #[default]
    Atomic,
    /// By its values.
    Set,
    /// By these keys of its items.
    Map(Vec<String>),
}

#[derive(Debug, Default)]
struct Limits {
    required: Vec<String>,
    values: Option<Vec<Value>>,
    pattern: Option<Pattern>,
    format: String,
    length: [Option<u64>; 2],
    items: [Option<u64>; 2],
    properties: [Option<u64>; 2],
    number: [Option<f64>; 2],
    exclusive: [bool; 2],
    multiple: Option<f64>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Whether a text matches. A pattern that cannot be read here matches everything.
    fn matches(&self, text: &str) -> bool {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref().is_none_or(|p| p.is_match(text))
    }
}

impl Schema {
    /// Reads an `openAPIV3Schema`. What it does not know it ignores.
    #[must_use]
    pub fn read(schema: &Value) -> Self {
        let text = |field: &str| schema[field].as_str().unwrap_or_default().to_owned();
        let flag = |field: &str| schema[field].as_bool().unwrap_or_default();
        let boxed = |value: &Value| value.is_object().then(|| Box::new(Self::read(value)));
        let many = |field: &str| schema[field].as_array().into_iter().flatten().map(Self::read).collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let properties: BTreeMap<_, _> = properties.map(|(name, schema)| (name.clone(), Self::read(schema))).collect();
        let (additional, items) = (boxed(&schema["additionalProperties"]), boxed(&schema["items"]));
        let below = properties.values().chain(additional.as_deref()).chain(items.as_deref());
        let below: Vec<&Self> = below.collect();
        let ruled = schema["x-kubernetes-validations"].is_array() || below.iter().any(|schema| schema.ruled);
        let defaults = schema.get("default").is_some() || below.iter().any(|schema| schema.defaults);
        Self {
            kind: text("type"),
            int_or_string: flag("x-kubernetes-int-or-string"),
            nullable: flag("nullable"),
            preserve: flag("x-kubernetes-preserve-unknown-fields")
                || schema["additionalProperties"] == Value::Bool(true),
            embedded: flag("x-kubernetes-embedded-resource"),
            default: schema.get("default").cloned(),
            properties,
            additional,
            items,
            ruled,
            defaults,
            list: read_list(schema),
            atomic_map: schema["x-kubernetes-map-type"] == "atomic",
            limits: read_limits(schema),
            all_of: many("allOf"),
            any_of: many("anyOf"),
            one_of: many("oneOf"),
            not: boxed(&schema["not"]),
        }
    }

    /// The schema of a field of an object.
    pub(crate) fn field(&self, name: &str) -> Option<&Schema> {
        self.properties.get(name).or(self.additional.as_deref())
    }

    /// The default of a field.
    pub(crate) fn default_of(&self, name: &str) -> Option<Value> {
        self.properties.get(name)?.default.clone()
    }

    /// Whether an object may say anything, so that nothing is known of what it says.
    pub(crate) fn is_free(&self) -> bool {
        self.preserve && self.properties.is_empty() && self.additional.is_none()
    }

    /// The path of the first field that the schema does not know.
    pub(crate) fn undeclared(&self, object: &Value) -> Option<String> {
        let map = object.as_object()?;
        let own = |name: &str| matches!(name, "apiVersion" | "kind" | "metadata");
        let mut fields = map.iter().filter(|(name, _)| !own(name));
        fields.find_map(|(name, value)| self.undeclared_field(name, value))
    }

    fn undeclared_field(&self, name: &str, value: &Value) -> Option<String> {
        match self.field(name) {
            None => (!self.preserve).then(|| format!(".{name}")),
            Some(schema) => schema.undeclared_below(value).map(|rest| format!(".{name}{rest}")),
        }
    }

    fn undeclared_below(&self, value: &Value) -> Option<String> {
        match value {
            Value::Object(map) => map.iter().find_map(|(name, value)| self.undeclared_field(name, value)),
            Value::Array(items) => {
                let schema = self.items.as_ref()?;
                let mut all = items.iter().enumerate();
                all.find_map(|(n, item)| schema.undeclared_below(item).map(|rest| format!("[{n}]{rest}")))
            }
            _ => None,
        }
    }

    /// Removes what the schema does not know, then fills in its defaults. Metadata is left alone.
    pub fn prune_and_default(&self, object: &mut Value) {
        self.prune_and_default_those(object, |_| true);
    }

    /// The same, of an object whose other fields have been through this.
    pub(crate) fn prune_and_default_those(&self, object: &mut Value, counts: impl Fn(&str) -> bool) {
        let Value::Object(map) = object else { return };
        self.prune_fields(map, |name| matches!(name, "apiVersion" | "kind" | "metadata") || !counts(name));
        self.default_root(map, counts);
    }
}

fn read_list(schema: &Value) -> List {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => List::Set,
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
            List::Map(keys.filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => List::Atomic,
    }
}

fn read_limits(schema: &Value) -> Limits {
    let pair = |low: &str, high: &str| [schema[low].as_u64(), schema[high].as_u64()];
    let required = schema["required"].as_array().into_iter().flatten();
    let pattern = schema["pattern"].as_str();
    Limits {
        required: required.filter_map(Value::as_str).map(str::to_owned).collect(),
        values: schema["enum"].as_array().cloned(),
        pattern: pattern.map(|text| Pattern { text: text.to_owned(), compiled: OnceLock::new() }),
        format: schema["format"].as_str().unwrap_or_default().to_owned(),
        length: pair("minLength", "maxLength"),
        items: pair("minItems", "maxItems"),
        properties: pair("minProperties", "maxProperties"),
        number: [schema["minimum"].as_f64(), schema["maximum"].as_f64()],
        exclusive: [schema["exclusiveMinimum"] == true, schema["exclusiveMaximum"] == true],
        multiple: schema["multipleOf"].as_f64(),
    }
}
