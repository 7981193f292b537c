//! The digest of what would ship: what people sign and what a grant binds to.
//!
//! It is SHA-256 over canonical JSON (keys sorted, no white space), so that any two programs that see
//! the same plan and the same templates compute the same digest, on any machine.
//!
//! Beside it stands what spreads waiting: as much the same everywhere, and for nobody to sign.

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

/// FNV-1a: enough to tell names apart.
#[must_use]
pub fn fnv_1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The last step of SplitMix64, after which numbers that differ in one bit lie far apart.
#[must_use]
pub fn scattered(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
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

    /// Replicas of two versions, and a command line of a third, must name one instant.
    #[test]
    fn waiting_is_spread_by_the_published_functions() {
        assert_eq!(fnv_1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8, "the test vector of FNV's authors");
        // The first numbers of SplitMix64 from the seeds 0 and 1234567: it adds the golden ratio, then scatters.
        assert_eq!(scattered(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
        assert_eq!(scattered(0x9e37_79b9_7f4a_7c15_u64.wrapping_add(1_234_567)), 6_457_827_717_110_365_317);
    }
}
