//! What of a release's spec is signed, field by field: whoever changes one of these is its author, and whoever changes
//! anything else is not.
//!
//! The digest is made of the same fields. A test holds the two together, so that a new field is in both or in neither.

use serde_json::{Value, json};

/// What it means that a field is absent, so that writing what it means anyway is no change.
#[derive(Clone, Copy, Debug)]
pub enum Absent {
    Nothing,
    Empty,
    NoNames,
    Word(&'static str),
}

/// The fields of some part of the spec, each by its path, with what its absence means.
pub type Fields = &'static [(&'static [&'static str], Absent)];

/// Those of the spec itself.
pub const SPEC: Fields = &[
    (&["windows"], Absent::Empty),
    (&["onFailure"], Absent::Word("Rollback")),
    (&["rollback", "running"], Absent::Word("Interrupt")),
];

/// Those of each entry of its lists.
pub const LISTS: [(&str, Fields); 2] = [("participants", PARTICIPANT), ("steps", STEP)];

const PARTICIPANT: Fields =
    &[(&["name"], Absent::Nothing), (&["team"], Absent::Nothing), (&["role"], Absent::Word("Required"))];

const STEP: Fields = &[
    (&["name"], Absent::Nothing),
    (&["participant"], Absent::Nothing),
    (&["workload"], Absent::Nothing),
    (&["wait"], Absent::Nothing),
    (&["task"], Absent::Nothing),
    (&["dependsOn"], Absent::Empty),
    (&["soak"], Absent::Nothing),
    (&["timeout"], Absent::Nothing),
    (&["requires"], Absent::NoNames),
    (&["expect", "images"], Absent::NoNames),
    (&["expect", "annotations"], Absent::NoNames),
    (&["reversible"], Absent::Nothing),
    (&["onFailure"], Absent::Nothing),
    (&["verify"], Absent::Empty),
];

/// What of a spec is signed. Two specs that ask the same of their signers have the same.
#[must_use]
pub fn signed(spec: &Value) -> Value {
    let lists = LISTS.map(|(list, fields)| {
        let entries = spec[list].as_array().into_iter().flatten();
        Value::Array(entries.map(|entry| said(entry, fields)).collect())
    });
    json!([said(spec, SPEC), lists])
}

fn said(part: &Value, fields: Fields) -> Value {
    let field = |(path, absent): &(&[&str], Absent)| {
        let value = path.iter().fold(part, |part, name| &part[*name]);
        match (value, absent) {
            (Value::Null, Absent::Nothing) => Value::Null,
            (Value::Null, Absent::Empty) => json!([]),
            (Value::Null, Absent::NoNames) => json!({}),
            (Value::Null, Absent::Word(word)) => json!(word),
            (value, _) => value.clone(),
        }
    };
    Value::Array(fields.iter().map(field).collect())
}
