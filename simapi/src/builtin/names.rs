//! Whether objects are named, labelled and annotated as they must be.

use serde_json::Value;

use crate::failure::Cause;
use crate::kind::Kind;
use crate::object::meta;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// What is wrong with an object's metadata.
pub(crate) fn check(kind: &Kind, object: &Value) -> Vec<Cause> {
    let name = meta(object, "name");
    // RBAC's names are paths.
    let is_named = if kind.group.starts_with("rbac.") { is_path(name) } else { is_subdomain(name) };
    let mut causes = Vec::new();
    if !is_named {
        causes.push(Cause::invalid("metadata.name", &name.into(), SUBDOMAIN));
    }
    let labels = &object["metadata"]["labels"];
    for (key, value) in labels.as_object().into_iter().flatten() {
        if !is_qualified(key) {
            causes.push(Cause::invalid("metadata.labels", &key.as_str().into(), "name part must be valid"));
        }
        if !value.as_str().is_some_and(is_label) {
            causes.push(Cause::invalid("metadata.labels", value, "a valid label must be given"));
        }
    }
    let annotations = &object["metadata"]["annotations"];
    for key in annotations.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !is_qualified(&key.to_lowercase()) {
            causes.push(Cause::invalid("metadata.annotations", &key.as_str().into(), "name part must be valid"));
        }
    }
    causes
}

fn is_path(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '%'])
}

/// RFC 1123, at most 253 characters.
pub(crate) fn is_subdomain(name: &str) -> bool {
    let part = |part: &str| {
        let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends(part.bytes().next())
            && ends(part.bytes().last())
            && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    name.len() <= 253 && name.split('.').all(part)
}

fn is_qualified(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label(name)
}

fn is_label(value: &str) -> bool {
    let inside = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let ends = |c: Option<u8>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    value.len() <= 63 && value.bytes().all(inside) && ends(value.bytes().next()) && ends(value.bytes().last())
}
