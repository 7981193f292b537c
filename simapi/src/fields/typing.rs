//! How lists and maps merge: by the schema of a custom kind, by the names of fields in a built-in one.

use serde_json::Value;

use super::set::Step;
use crate::kind::Kind;
use crate::schema::{List, Schema};

/// The type of a value, as far as merging goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type<'a> {
    /// By a schema.
    Known(&'a Schema),
    /// In a built-in kind or in metadata: the field's name, and that of the field around it.
    Named(&'a str, &'a str),
    /// Of no known type: everything is one value.
    Untyped,
}

/// How a list is merged: by these keys, with these defaults.
type Keys = &'static [(&'static str, Option<&'static str>)];

/// Lists of built-in kinds and of metadata that are merged by keys.
const KEYED: &[(&str, Keys)] = &[
    ("containers", &[("name", None)]),
    ("initContainers", &[("name", None)]),
    ("ephemeralContainers", &[("name", None)]),
    ("volumes", &[("name", None)]),
    ("env", &[("name", None)]),
    ("volumeMounts", &[("mountPath", None)]),
    ("volumeDevices", &[("devicePath", None)]),
    ("imagePullSecrets", &[("name", None)]),
    ("conditions", &[("type", None)]),
    ("ownerReferences", &[("uid", None)]),
    ("hostAliases", &[("ip", None)]),
    ("webhooks", &[("name", None)]),
    ("matchConditions", &[("name", None)]),
    ("variables", &[("name", None)]),
    ("topologySpreadConstraints", &[("topologyKey", None), ("whenUnsatisfiable", None)]),
];

const CONTAINER_PORTS: Keys = &[("containerPort", None), ("protocol", Some("TCP"))];
const SERVICE_PORTS: Keys = &[("port", None), ("protocol", Some("TCP"))];

/// Lists that are sets of plain values.
const SETS: &[&str] = &["finalizers"];

/// Objects that are merged as one value.
const ATOMIC: &[&str] = &[
    "selector",
    "nodeSelector",
    "configMapKeyRef",
    "secretKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "roleRef",
    "namespaceSelector",
    "objectSelector",
    "labelSelector",
    "involvedObject",
    "regarding",
    "scaleTargetRef",
];

impl<'a> Type<'a> {
    /// The type of the objects of a kind.
    pub(crate) fn of(kind: &'a Kind) -> Self {
        match &kind.schema {
            Some(schema) => Self::Known(schema),
            None if kind.custom => Self::Untyped,
            None => Self::Named("", ""),
        }
    }

    /// The type of a field. The metadata of every kind is alike.
    pub(crate) fn field(self, name: &'a str, top: bool) -> Self {
        match self {
            Self::Named(outer, _) => Self::Named(name, outer),
            _ if top && name == "metadata" => Self::Named("metadata", ""),
            Self::Known(schema) => schema.field(name).map_or(Self::Untyped, Self::Known),
            Self::Untyped => Self::Untyped,
        }
    }

    /// The type of the items of a list.
    pub(crate) fn item(self) -> Self {
        match self {
            Self::Known(schema) => schema.items.as_deref().map_or(Self::Untyped, Self::Known),
            other => other,
        }
    }

    /// Whether an object is merged as one value.
    pub(crate) fn is_atomic_map(self) -> bool {
        match self {
            Self::Known(schema) => schema.atomic_map || schema.is_free(),
            Self::Named(name, _) => ATOMIC.contains(&name),
            Self::Untyped => true,
        }
    }

    /// Whether a field is one of those that a type declares, and not just an entry of a map.
    pub(crate) fn declares(self, name: &str) -> bool {
        match self {
            Self::Known(schema) => schema.properties.contains_key(name),
            Self::Named(map, _) => {
                !matches!(map, "labels" | "annotations" | "matchLabels" | "data" | "limits" | "requests")
            }
            Self::Untyped => false,
        }
    }

    /// How an item of a list is found again; nothing, if the list is merged as one value.
    pub(crate) fn step(self, item: &Value) -> Option<Step> {
        let keyed = |keys: &[(&str, Option<&str>)]| {
            let key = |(name, default): &(&str, Option<&str>)| {
                let value = item.get(*name).cloned().or(default.map(Value::from)).unwrap_or(Value::Null);
                ((*name).to_owned(), value)
            };
            Step::Key(Value::Object(keys.iter().map(key).collect()).to_string())
        };
        match self {
            Self::Known(schema) => match &schema.list {
                List::Atomic => None,
                List::Set => Some(Step::Value(item.to_string())),
                List::Map(keys) => {
                    let default = |key: &String| schema.items.as_ref().and_then(|i| i.default_of(key));
                    let value = |key: &String| item.get(key).cloned().or_else(|| default(key)).unwrap_or(Value::Null);
                    let keys = keys.iter().map(|key| (key.clone(), value(key)));
                    Some(Step::Key(Value::Object(keys.collect()).to_string()))
                }
            },
            Self::Named("ports", "containers" | "initContainers" | "ephemeralContainers") => {
                Some(keyed(CONTAINER_PORTS))
            }
            Self::Named("ports", _) => Some(keyed(SERVICE_PORTS)),
            Self::Named(name, _) if SETS.contains(&name) => Some(Step::Value(item.to_string())),
            Self::Named(name, _) => KEYED.iter().find(|(list, _)| *list == name).map(|(_, keys)| keyed(keys)),
            Self::Untyped => None,
        }
    }

    /// Whether a list is merged item by item.
    pub(crate) fn is_merged_list(self) -> bool {
        self.step(&Value::Null).is_some()
    }
}
