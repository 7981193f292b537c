//! The schema of what `-o json` and `-o yaml` say, made from the types that say it.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::screen::output::VERSION;
use super::{doctor, events, explain, owed, plan, sign, status, trace, tree, why};

/// One JSON Schema for all kinds of answers.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let kinds = [
        of::<why::Why>(&mut generator),
        of::<status::Standing>(&mut generator),
        of::<status::Board>(&mut generator),
        of::<tree::Tree>(&mut generator),
        of::<trace::Trace>(&mut generator),
        of::<owed::Owed>(&mut generator),
        of::<events::Events>(&mut generator),
        of::<sign::Signed>(&mut generator),
        of::<explain::Codes>(&mut generator),
        of::<doctor::Diagnosis>(&mut generator),
        of::<plan::Plan>(&mut generator),
    ];
    let mut definitions = Value::Object(generator.take_definitions(true));
    for (kind, _) in &kinds {
        let properties = &mut definitions[kind.as_str()]["properties"];
        properties["apiVersion"] = json!({"const": VERSION});
        properties["kind"] = json!({"const": kind});
    }
    let any: Vec<Schema> = kinds.into_iter().map(|(_, schema)| schema).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": VERSION,
        "description": "What the rollcall command says to programs. Within this version fields are added, never renamed \
                        or removed; instants are RFC 3339 in UTC; what is not known is null.",
        "oneOf": any,
        "$defs": definitions,
    })
}

/// The kind of an answer, and where its schema stands.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> (String, Schema) {
    (T::schema_name().into_owned(), generator.subschema_for::<T>())
}
