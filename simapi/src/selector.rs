//! Label and field selectors.

use serde_json::Value;

use crate::failure::Failure;
use crate::kind::Kind;

/// What a list or a watch is restricted to. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl Selector {
    /// Reads the two selectors of a request.
    ///
    /// # Errors
    ///
    /// 400 if one cannot be read, or names a field that the kind cannot be selected by.
    pub(crate) fn read(kind: &Kind, labels: &str, fields: &str) -> Result<Self, Failure> {
        let labels = read_labels(labels)
            .ok_or_else(|| Failure::bad_request(format!("unable to parse requirement: {labels:?}")))?;
        let fields = read_fields(fields)
            .ok_or_else(|| Failure::bad_request(format!("invalid selector: {fields:?}; can't understand it")))?;
        for Requirement { key, .. } in &fields {
            let own = key == "metadata.name" || (key == "metadata.namespace" && kind.namespaced);
            if !own && !kind.selectable.contains(key) {
                let known = if kind.custom { "field label not supported" } else { "is not a known field selector" };
                let message = if kind.custom { format!("{known}: {key}") } else { format!("\"{key}\" {known}") };
                return Err(Failure::bad_request(message));
            }
        }
        Ok(Self { labels, fields })
    }

    /// Reads a `LabelSelector` object: `matchLabels` and `matchExpressions`.
    #[must_use]
    pub fn of_object(selector: &Value) -> Self {
        let equal = selector["matchLabels"].as_object().into_iter().flatten();
        let mut labels: Vec<_> = equal
            .map(|(key, value)| Requirement {
                key: key.clone(),
                test: Test::In(vec![value.as_str().unwrap_or_default().to_owned()]),
            })
            .collect();
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
            let test = match expression["operator"].as_str() {
                Some("In") => Test::In(values),
                Some("NotIn") => Test::NotIn(values),
                Some("Exists") => Test::Exists,
                _ => Test::Absent,
            };
            labels.push(Requirement { key: expression["key"].as_str().unwrap_or_default().to_owned(), test });
        }
        Self { labels, fields: Vec::new() }
    }

    /// Whether everything is selected.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.matches_labels(&object["metadata"]["labels"])
            && self.fields.iter().all(|r| r.test.passes(Some(&field(object, &r.key))))
    }

    /// Whether a map of labels is selected.
    #[must_use]
    pub fn matches_labels(&self, labels: &Value) -> bool {
        self.labels.iter().all(|r| r.test.passes(labels[&r.key].as_str()))
    }
}

impl Test {
    fn passes(&self, value: Option<&str>) -> bool {
        let among = |values: &Vec<String>| value.is_some_and(|value| values.iter().any(|v| v == value));
        match self {
            Self::In(values) => among(values),
            Self::NotIn(values) => !among(values),
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
        }
    }
}

/// A field as a selector sees it: text, or the text of a number or a flag; empty if it is not there.
fn field(object: &Value, path: &str) -> String {
    let value = path.split('.').fold(object, |value, part| &value[part]);
    match value {
        Value::String(text) => text.clone(),
        Value::Null if path == "status.successful" => "0".into(),
        Value::Null if path == "spec.unschedulable" => "false".into(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn read_fields(text: &str) -> Option<Vec<Requirement>> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, test) = if let Some((key, value)) = part.split_once("!=") {
                (key, Test::NotIn(vec![value.to_owned()]))
            } else {
                let (key, value) = part.split_once("==").or_else(|| part.split_once('='))?;
                (key, Test::In(vec![value.to_owned()]))
            };
            Some(Requirement { key: key.trim().to_owned(), test })
        })
        .collect()
}

fn read_labels(text: &str) -> Option<Vec<Requirement>> {
    split_outside_parentheses(text).into_iter().filter(|part| !part.trim().is_empty()).map(read_label).collect()
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (n, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..n]);
                start = n + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn read_label(part: &str) -> Option<Requirement> {
    let part = part.trim();
    let values = |text: &str| -> Option<Vec<String>> {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    let (key, test) = if let Some(key) = part.strip_prefix('!') {
        (key, Test::Absent)
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Test::NotIn(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Test::In(vec![value.trim().to_owned()]))
    } else if let Some((key, rest)) = part.split_once(" notin ") {
        (key, Test::NotIn(values(rest)?))
    } else if let Some((key, rest)) = part.split_once(" in ") {
        (key, Test::In(values(rest)?))
    } else {
        (part, Test::Exists)
    };
    let key = key.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    (!key.is_empty() && key.chars().all(plain)).then(|| Requirement { key: key.to_owned(), test })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_select_as_kubectl_says() {
        let object = json!({"metadata": {"name": "a", "labels": {"tier": "prod", "app": "web"}}});
        let kind = Kind::default();
        for (selector, expected) in [
            ("", true),
            ("tier=prod", true),
            ("tier==prod,app!=web", false),
            ("tier in (dev, prod)", true),
            ("tier notin (dev,test),app", true),
            ("!tier", false),
            ("!owner", true),
            ("owner!=me", true),
        ] {
            let read = Selector::read(&kind, selector, "").unwrap();
            assert_eq!(read.matches(&object), expected, "{selector}");
        }
        assert_eq!(Selector::read(&kind, "a b c", "").unwrap_err().code(), 400);
    }

    #[test]
    fn fields_select_only_if_the_kind_has_them() {
        let kind = Kind { selectable: vec!["status.finished".into()], custom: true, ..Kind::default() };
        let done = json!({"metadata": {"name": "a"}, "status": {"finished": true}});
        let new = json!({"metadata": {"name": "b"}});
        let unfinished = Selector::read(&kind, "", "status.finished!=true").unwrap();
        assert_eq!((unfinished.matches(&done), unfinished.matches(&new)), (false, true));
        assert_eq!(Selector::read(&kind, "", "spec.x=1").unwrap_err().code(), 400);
    }
}
