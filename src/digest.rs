//! The digest of what would ship: what people sign and what a grant binds to.
//!
//! It is SHA-256 over canonical JSON (keys sorted, no white space), so that any two programs that see
//! the same plan and the same templates compute the same digest, on any machine.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 hexadecimal digits over a value's canonical JSON.
#[must_use]
pub fn digest_of(value: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(value, &mut canonical);
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in Sha256::digest(canonical.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (n, (key, item)) in sorted.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(item, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
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
    fn the_digest_is_that_of_the_canonical_text() {
        // printf '{"a":1}' | sha256sum
        assert_eq!(
            digest_of(&json!({"a": 1})),
            "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
        );
        assert_eq!(short(&digest_of(&json!({"a": 1}))), "015abd7f5cc5");
    }
}
