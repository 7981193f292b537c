//! Whether a value is as its schema wants it.

use serde_json::{Map, Value};

use super::{Limits, List, Schema};
use crate::failure::Cause;

/// Where a value stands in its object. It is put into words only if something is wrong there.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(above, name) => write!(f, "{above}.{name}"),
            Self::Item(list, n) => write!(f, "{list}[{n}]"),
        }
    }
}

impl Schema {
    /// Everything that is wrong with an object, with the path of each field. Metadata is not looked at.
    #[must_use]
    pub fn validate(&self, object: &Value) -> Vec<Cause> {
        self.validate_those(object, |_| true)
    }

    /// The same, of an object whose other fields are known to be sound.
    pub(crate) fn validate_those(&self, object: &Value, counts: impl Fn(&str) -> bool) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let Value::Object(map) = object {
            self.fields(&Path::Root, map, &mut causes, counts);
            self.combined(&Path::Root, object, &mut causes);
        }
        if self.ruled && !causes.is_empty() {
            let message = "some validation rules were not checked because the object was invalid; correct the \
                           existing errors to complete validation";
            causes.push(Cause::invalid("<nil>", &Value::Null, message));
        }
        causes
    }

    fn value(&self, path: &Path<'_>, value: &Value, causes: &mut Vec<Cause>) {
        if value.is_null() && self.nullable {
            return;
        }
        if !self.is_of_kind(value) {
            let found = kind_of(value);
            let wanted = if self.int_or_string { "integer,string" } else { &self.kind };
            causes.push(Cause {
                field: path.to_string(),
                reason: "FieldValueTypeInvalid",
                message: format!("Invalid value: \"{found}\": {path} in body must be of type {wanted}: \"{found}\""),
            });
            return;
        }
        self.listed(path, value, causes);
        match value {
            Value::Object(map) => self.object(path, map, causes),
            Value::Array(items) => self.array(path, items, causes),
            Value::String(text) => self.string(path, text, causes),
            Value::Number(_) => self.number(path, value, causes),
            _ => {}
        }
        self.combined(path, value, causes);
    }

    fn is_of_kind(&self, value: &Value) -> bool {
        if self.int_or_string {
            return value.is_string() || value.is_i64() || value.is_u64();
        }
        match self.kind.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
            "number" => value.is_number(),
            _ => true,
        }
    }

    fn listed(&self, path: &Path<'_>, value: &Value, causes: &mut Vec<Cause>) {
        let Some(values) = &self.limits.values else { return };
        if !values.contains(value) {
            let all: Vec<String> = values.iter().map(Value::to_string).collect();
            causes.push(Cause {
                field: path.to_string(),
                reason: "FieldValueNotSupported",
                message: format!("Unsupported value: {value}: supported values: {}", all.join(", ")),
            });
        }
    }

    fn object(&self, path: &Path<'_>, map: &Map<String, Value>, causes: &mut Vec<Cause>) {
        self.fields(path, map, causes, |_| true);
    }

    fn fields(
        &self,
        path: &Path<'_>,
        map: &Map<String, Value>,
        causes: &mut Vec<Cause>,
        counts: impl Fn(&str) -> bool,
    ) {
        for name in &self.limits.required {
            if !map.contains_key(name) {
                causes.push(Cause::required(Path::Field(path, name).to_string(), ""));
            }
        }
        let count = map.len() as u64;
        counted(path, count, self.limits.properties, "properties", causes);
        for (name, value) in map.iter().filter(|(name, _)| counts(name)) {
            if matches!(path, Path::Root) && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                continue;
            }
            if let Some(schema) = self.field(name) {
                schema.value(&Path::Field(path, name), value, causes);
            }
        }
    }

    fn array(&self, path: &Path<'_>, items: &[Value], causes: &mut Vec<Cause>) {
        counted(path, items.len() as u64, self.limits.items, "items", causes);
        let identity = |item: &Value| match &self.list {
            List::Atomic => None,
            List::Set => Some(item.to_string()),
            List::Map(keys) => Some(keys.iter().map(|key| item[key].to_string()).collect::<Vec<_>>().join(",")),
        };
        let mut seen = std::collections::BTreeSet::new();
        for (n, item) in items.iter().enumerate() {
            let path = Path::Item(path, n);
            if identity(item).is_some_and(|identity| !seen.insert(identity)) {
                let message = format!("Duplicate value: {item}");
                causes.push(Cause { field: path.to_string(), reason: "FieldValueDuplicate", message });
            }
            if let Some(schema) = &self.items {
                schema.value(&path, item, causes);
            }
        }
    }

    fn string(&self, path: &Path<'_>, text: &str, causes: &mut Vec<Cause>) {
        let limits = &self.limits;
        let bounded = limits.length.iter().any(Option::is_some);
        let length = if bounded { text.chars().count() as u64 } else { 0 };
        if let Some(least) = limits.length[0].filter(|least| length < *least) {
            let message = format!("{path} in body should be at least {least} chars long");
            causes.push(Cause::invalid(path.to_string(), &Value::from(text), &message));
        }
        if let Some(most) = limits.length[1].filter(|most| length > *most) {
            let message = format!("Too long: may not be more than {most} bytes");
            causes.push(Cause { field: path.to_string(), reason: "FieldValueTooLong", message });
        }
        if let Some(pattern) = limits.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            let message = format!("{path} in body should match '{}'", pattern.text);
            causes.push(Cause::invalid(path.to_string(), &Value::from(text), &message));
        }
        if !is_of_format(&limits.format, text) {
            let message = format!("{path} in body must be of type {}: {}", limits.format, Value::from(text));
            causes.push(Cause::invalid(path.to_string(), &Value::from(text), &message));
        }
    }

    fn number(&self, path: &Path<'_>, value: &Value, causes: &mut Vec<Cause>) {
        let Limits { number: [least, most], exclusive: [above, under], multiple, .. } = &self.limits;
        let number = value.as_f64().unwrap_or_default();
        let mut bad = |message: String| causes.push(Cause::invalid(path.to_string(), value, &message));
        if let Some(least) = least.filter(|least| number < *least || (*above && number <= *least)) {
            let or_equal = if *above { "" } else { " or equal to" };
            bad(format!("{path} in body should be greater than{or_equal} {least}"));
        }
        if let Some(most) = most.filter(|most| number > *most || (*under && number >= *most)) {
            let or_equal = if *under { "" } else { " or equal to" };
            bad(format!("{path} in body should be less than{or_equal} {most}"));
        }
        if let Some(multiple) = multiple.filter(|multiple| (number / multiple).fract() != 0.0) {
            bad(format!("{path} in body should be a multiple of {multiple}"));
        }
        let range = match self.limits.format.as_str() {
            "int32" => i64::from(i32::MIN)..=i64::from(i32::MAX),
            _ => i64::MIN..=i64::MAX,
        };
        if self.kind == "integer" && value.as_i64().is_none_or(|n| !range.contains(&n)) {
            bad(format!("{path} in body must be of type {}: {value}", self.limits.format));
        }
    }

    fn combined(&self, path: &Path<'_>, value: &Value, causes: &mut Vec<Cause>) {
        let holds = |schema: &Schema| {
            let mut causes = Vec::new();
            schema.value(path, value, &mut causes);
            causes.is_empty()
        };
        let mut bad = |message: &str| causes.push(Cause::invalid(path.to_string(), value, message));
        if !self.any_of.is_empty() && !self.any_of.iter().any(holds) {
            bad("must validate at least one schema (anyOf)");
        }
        if !self.one_of.is_empty() && self.one_of.iter().filter(|s| holds(s)).count() != 1 {
            bad("must validate one and only one schema (oneOf)");
        }
        if self.not.as_ref().is_some_and(|schema| holds(schema)) {
            bad("must not validate the schema (not)");
        }
        for schema in &self.all_of {
            schema.value(path, value, causes);
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn counted(path: &Path<'_>, count: u64, [least, most]: [Option<u64>; 2], of: &str, causes: &mut Vec<Cause>) {
    if let Some(least) = least.filter(|least| count < *least) {
        let message = format!("Invalid value: {count}: {path} in body should have at least {least} {of}");
        causes.push(Cause { field: path.to_string(), reason: "FieldValueInvalid", message });
    }
    if let Some(most) = most.filter(|most| count > *most) {
        let message = format!("Too many: {count}: must have at most {most} items");
        causes.push(Cause { field: path.to_string(), reason: "FieldValueTooMany", message });
    }
}

/// Whether a text has a format. Formats that are not known here say nothing, as in Kubernetes.
fn is_of_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        _ => true,
    }
}
