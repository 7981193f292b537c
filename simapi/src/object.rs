//! One version of one object, as it is stored: never changed once it is written.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

/// The name of an object within its kind; the namespace of a cluster-scoped one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Key {
    /// The key of an object.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// One version of an object.
#[derive(Debug)]
pub struct Object {
    /// What it says, metadata and all.
    pub value: Arc<Value>,
    /// The revision at which it was written, which is its resourceVersion.
    pub revision: u64,
    /// Whether the stored bytes lack what reading fills in: then a write of the same is not for nothing.
    pub(crate) rough: bool,
    /// Read once, for those who look at every object again and again.
    key: Key,
    uid: Box<str>,
    going: bool,
    owned: bool,
    /// The text without `apiVersion` and `kind`, written when first asked for.
    text: OnceLock<Arc<str>>,
    /// The same of its metadata alone.
    metadata: OnceLock<Arc<str>>,
}

impl Object {
    pub(crate) fn new(mut value: Value, revision: u64) -> Self {
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        let said = &value["metadata"];
        Self {
            key: Key::new(meta(&value, "namespace"), meta(&value, "name")),
            uid: meta(&value, "uid").into(),
            going: said["deletionTimestamp"].is_string(),
            owned: said["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty()),
            value: Arc::new(value),
            revision,
            rough: false,
            text: OnceLock::new(),
            metadata: OnceLock::new(),
        }
    }

    /// The fields after `apiVersion` and `kind`, as JSON with no braces around.
    fn inner(&self) -> &str {
        self.text.get_or_init(|| {
            let map = self.value.as_object().into_iter().flatten();
            let fields = map.filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind"));
            let mut text = Vec::with_capacity(1024);
            for (n, (name, value)) in fields.enumerate() {
                text.extend_from_slice(if n == 0 { b"\"" } else { b",\"" });
                text.extend_from_slice(name.as_bytes());
                text.extend_from_slice(b"\":");
                serde_json::to_writer(&mut text, value).expect("a value is JSON, and memory takes it");
            }
            String::from_utf8(text).expect("JSON is UTF-8").into()
        })
    }

    /// The object as a GET and a watch show it.
    pub(crate) fn whole(&self) -> String {
        let (version, kind) = (text(&self.value, "apiVersion"), text(&self.value, "kind"));
        ["{\"apiVersion\":\"", version, "\",\"kind\":\"", kind, "\",", self.inner(), "}"].concat()
    }

    /// The object as a list of a built-in kind shows it.
    pub(crate) fn item(&self) -> String {
        ["{", self.inner(), "}"].concat()
    }

    /// The object as a list of metadata shows it.
    pub(crate) fn metadata(&self) -> String {
        let text = self.metadata.get_or_init(|| self.value["metadata"].to_string().into());
        ["{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":", text, "}"].concat()
    }

    /// The object's name.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Whether it is on its way out.
    #[must_use]
    pub fn is_going(&self) -> bool {
        self.going
    }

    /// Whether it says that others own it.
    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }
}

/// A value as JSON. Faster than its `Display`, and the same.
pub(crate) fn written(value: &Value) -> String {
    serde_json::to_string(value).expect("a value is JSON, and memory takes it")
}

/// A text field; empty if it is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A text field of the metadata; empty if it is none.
pub(crate) fn meta<'a>(value: &'a Value, field: &str) -> &'a str {
    value["metadata"][field].as_str().unwrap_or_default()
}

/// The metadata, made if there is none.
pub(crate) fn metadata(value: &mut Value) -> &mut Map<String, Value> {
    if !value["metadata"].is_object() {
        value["metadata"] = Value::Object(Map::new());
    }
    value["metadata"].as_object_mut().expect("it was made an object")
}

/// Copies a field from one object to another, or removes it there if it is not here.
pub(crate) fn carry(from: &Value, to: &mut Map<String, Value>, field: &str) {
    match (from.get(field), to.get_mut(field)) {
        // Mostly it is the same already.
        (Some(value), Some(there)) if there == value => {}
        (Some(value), Some(there)) => *there = value.clone(),
        (Some(value), None) => drop(to.insert(field.to_owned(), value.clone())),
        (None, Some(_)) => drop(to.remove(field)),
        (None, None) => {}
    }
}

/// Whether a list or a map has nothing in it, or is not there at all.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
