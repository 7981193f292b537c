//! A manifest as somebody wrote it, with the line on which each of its fields stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// One node of a document, with its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(String, Spanned<Node>)>),
}

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: u64,
    pub value: Value,
    root: Spanned<Node>,
}

impl Document {
    /// The line of a field, as exactly as it is known: that of the nearest thing around it otherwise.
    pub fn line_of(&self, path: &str) -> u64 {
        let mut node = &self.root;
        let mut line = self.line;
        for key in keys(path) {
            let next = match &node.value {
                Node::Map(entries) => entries.iter().find(|(name, _)| *name == key).map(|(_, inner)| inner),
                Node::List(items) => key.parse::<usize>().ok().and_then(|n| items.get(n)),
                Node::Scalar(_) => None,
            };
            let Some(next) = next else { break };
            node = next;
            line = line.max(node.referenced.line());
        }
        line
    }
}

/// `spec.steps[2].name` as `spec`, `steps`, `2`, `name`.
fn keys(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split(['.', '[', ']']).filter(|key| !key.is_empty()).map(str::to_owned)
}

/// What an input may cost: manifests are small, and whatever expands to more than this is no manifest.
fn bounds() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2_000_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_depth: 64,
            max_documents: 50_000,
            max_nodes: 1_000_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}

/// The documents of one file; empty ones are passed over.
///
/// # Errors
///
/// What makes the text no YAML, or too costly to read, with its line if it is known.
pub fn documents(file: &str, text: &str) -> Result<Vec<Document>, (u64, String)> {
    let nodes: Vec<Spanned<Node>> = serde_saphyr::from_multiple_with_options(text, bounds())
        .map_err(|e| (e.location().map_or(1, |l| l.line()), e.without_snippet().to_string()))?;
    let roots = nodes.into_iter().flat_map(objects);
    let documents = roots.map(|root| Document {
        file: file.to_owned(),
        line: root.referenced.line().max(1),
        value: plain(&root.value),
        root,
    });
    Ok(documents.filter(|document| !document.value.is_null()).collect())
}

/// The objects of a document: of a `List`, as `kubectl get -o yaml` prints it, its items.
fn objects(root: Spanned<Node>) -> Vec<Spanned<Node>> {
    let field = |name: &str| match &root.value {
        Node::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, inner)| &inner.value),
        _ => None,
    };
    let kind = matches!(field("kind"), Some(Node::Scalar(Value::String(kind))) if kind.ends_with("List"));
    match field("items") {
        Some(Node::List(items)) if kind => items.clone(),
        _ => vec![root],
    }
}

fn plain(node: &Node) -> Value {
    match node {
        Node::Scalar(value) => value.clone(),
        Node::List(items) => items.iter().map(|item| plain(&item.value)).collect(),
        Node::Map(entries) => {
            entries.iter().map(|(name, inner)| (name.clone(), plain(&inner.value))).collect::<Map<_, _>>().into()
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a manifest")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
        Node::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Node::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        Ok(Node::Map(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_knows_its_line_and_what_is_not_there_the_line_around_it() {
        let text = "# first\na: 1\n---\nspec:\n  steps:\n  - name: one\n    wait: 5m\n  - name: two\n";
        let all = documents("x.yaml", text).expect("two documents");
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].line_of("a"), 2);
        assert_eq!(all[1].line_of("spec.steps[0].wait"), 7);
        assert_eq!(all[1].line_of("spec.steps[1].name"), 8);
        assert_eq!(all[1].line_of("spec.steps[1].workload.kind"), 8);
        assert_eq!(all[1].value["spec"]["steps"][1]["name"], "two");
    }

    #[test]
    fn words_that_yaml_1_1_took_for_booleans_stay_words() {
        let all = documents("x.yaml", "a: [no, on, true]\nb: \"012\"\n").expect("one document");
        assert_eq!(all[0].value, serde_json::json!({"a": ["no", "on", true], "b": "012"}));
    }

    #[test]
    fn a_text_that_unfolds_without_end_is_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let twice = format!("*a{}, ", n - 1).repeat(10);
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", twice.trim_end_matches(", ")));
        }
        documents("bomb.yaml", &bomb).expect_err("too much");
    }

    #[test]
    fn a_key_given_twice_is_refused_with_its_line() {
        let (line, said) = documents("x.yaml", "a: 1\nb: 2\na: 3\n").expect_err("twice");
        assert_eq!(line, 3, "{said}");
    }
}
