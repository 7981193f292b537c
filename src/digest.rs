//! The digest of what would ship: what people sign and what a grant binds to.
//!
//! It is SHA-256 over canonical JSON (keys sorted, no white space), so that any two programs that see
//! the same plan and the same templates compute the same digest, on any machine.

use std::io::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 hexadecimal digits over a value's canonical JSON.
#[must_use]
pub fn digest_of(value: &Value) -> String {
    let mut canonical = Vec::with_capacity(1024);
    write_canonical(value, &mut canonical);
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in Sha256::digest(&canonical) {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
    text
}

fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_canonical(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (n, (key, item)) in sorted(fields.iter()).into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                write_canonical(item, out);
            }
            out.push(b'}');
        }
        Value::String(text) => write_text(text, out),
        // Writing to memory cannot fail.
        scalar => drop(write!(out, "{scalar}")),
    }
}

/// By their keys, whatever keeps them.
fn sorted<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>) -> Vec<(&'a String, &'a Value)> {
    let mut sorted: Vec<_> = fields.collect();
    if !sorted.is_sorted_by(|a, b| a.0 < b.0) {
        sorted.sort_by(|a, b| a.0.cmp(b.0));
    }
    sorted
}

/// A text as JSON writes it.
fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to memory cannot fail, and every text can be written.
    let _ = serde_json::to_writer(out, text);
}

/// The first twelve hexadecimal digits: enough for people to tell two digests apart.
#[must_use]
pub fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..12).unwrap_or(hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter_and_the_order_of_items_does() {
        assert_eq!(digest_of(&json!({"a": 1, "b": [1, 2]})), digest_of(&json!({"b": [1, 2], "a": 1})));
        assert_ne!(digest_of(&json!([1, 2])), digest_of(&json!([2, 1])));
    }

    #[test]
    fn the_canonical_text_is_json_without_white_space_and_leaves_nothing_to_be_read_two_ways() {
        let mut text = Vec::new();
        write_canonical(&json!({"b": [1, 2, "x\"", null], "a": {"d": true, "c": {}, "e": []}}), &mut text);
        let expected = r#"{"a":{"c":{},"d":true,"e":[]},"b":[1,2,"x\"",null]}"#;
        assert_eq!(String::from_utf8_lossy(&text), expected);
    }

    #[test]
    fn keys_are_sorted_whatever_keeps_them() {
        let (one, [a, b, c]) = (json!(1), ["a", "b", "c"].map(str::to_owned));
        let keys = |fields: [&String; 3]| -> Vec<String> {
            sorted(fields.into_iter().map(|key| (key, &one))).into_iter().map(|(key, _)| key.clone()).collect()
        };
        for given in [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c]] {
            assert_eq!(keys(given), ["a", "b", "c"]);
        }
    }

    #[test]
    fn the_digest_is_that_of_the_canonical_text() {
        // printf '{"a":1}' | sha256sum
        assert_eq!(
            digest_of(&json!({"a": 1})),
            "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
        );
        assert_eq!(short(&digest_of(&json!({"a": 1}))), "015abd7f5cc5");
    }
}
