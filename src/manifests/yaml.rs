//! Objects as text: one stable form, so that generated files can be compared byte by byte.

use std::collections::BTreeSet;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// Keys that people read first; all others follow in alphabetical order.
const FIRST: [&str; 6] = ["apiVersion", "kind", "metadata", "name", "namespace", "labels"];

/// Renders objects as one multi-document YAML stream, in the order given. The order of keys does not depend on
/// how the JSON maps were built.
///
/// # Panics
/// Never for JSON values: the serializer refuses only invalid options and non-string keys, and has neither here.
pub fn to_yaml(docs: &[Value]) -> String {
    let ordered: Vec<Ordered> = docs.iter().map(Ordered).collect();
    serde_saphyr::to_string_multiple(&ordered).expect("JSON values are always representable in YAML")
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                let first = FIRST.iter().copied().filter(|key| map.contains_key(*key));
                let rest: BTreeSet<&str> = map.keys().map(String::as_str).filter(|key| !FIRST.contains(key)).collect();
                for key in first.chain(rest) {
                    out.serialize_entry(key, &Ordered(&map[key]))?;
                }
                out.end()
            }
            Value::Array(items) => {
                let mut out = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    out.serialize_element(&Ordered(item))?;
                }
                out.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_come_in_the_order_people_read_them_whatever_the_map_was_built_from() {
        let doc = json!({"spec": {"b": 1, "a": [], "name": "web"}, "kind": "K", "metadata": {}, "apiVersion": "v1"});
        assert_eq!(to_yaml(&[doc]), "apiVersion: v1\nkind: K\nmetadata: {}\nspec:\n  name: web\n  a: []\n  b: 1\n");
    }

    #[test]
    fn documents_are_separated_and_survive_a_round_trip() {
        let long = format!("{} && true", "object.spec.?paused.orValue(false)  == true || ".repeat(9));
        let docs = [
            json!({"a": long, "quoted": "yes", "number": "012", "multi": "one\n  two\n\nthree"}),
            json!({"b": "x: y # z", "empty": "", "nested": [[1, {"c": null}]]}),
        ];
        let text = to_yaml(&docs);
        let back: Vec<Value> = serde_saphyr::from_multiple(&text).expect("own output parses");
        assert_eq!(back, docs);
    }
}
