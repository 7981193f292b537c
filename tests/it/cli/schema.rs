//! What programs read is what the schema says: the golden schema, and every verb's answer held against it.

use serde_json::{Value, json};

use super::session::Session;
use super::shop;
use crate::support::Done;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.schema.json");

fn checked_in() -> Done<Value> {
    Ok(serde_json::from_str(&std::fs::read_to_string(SCHEMA)?)?)
}

#[test]
fn the_schema_that_is_checked_in_is_the_one_that_the_command_prints() -> Done {
    let mut session = Session::with(shop::shop()?)?;
    let said = session.run(&["explain", "output"])?;
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(SCHEMA, &said)?;
    }
    assert!(std::fs::read_to_string(SCHEMA).unwrap_or_default() == said, "{SCHEMA} is out of date: run make golden");
    Ok(())
}

#[test]
fn what_every_verb_says_to_programs_is_what_the_schema_says() -> Done {
    let schema = checked_in()?;
    let session = Session::with(shop::shop()?)?;
    let revision = &shop::DIGEST["sha256:".len()..][..12];
    let manifests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/manifests");
    let mut kinds = std::collections::BTreeSet::new();
    for verb in [
        &["why", "checkout-2"][..],
        &["why", "checkout-2", "--team", "ui"],
        &["why", "checkout-2", "--step", "api"],
        &["status"],
        &["status", "checkout-2"],
        &["tree", "checkout-2"],
        &["trace", "deploy/api", "-n", "core"],
        &["owed", "-A"],
        &["owed", "--team", "ui"],
        &["events", "checkout-2"],
        &["explain"],
        &["doctor"],
        &["plan", "-f", manifests, "--at", "2027-01-12T07:00:00Z"],
        &["plan", "-f", manifests, "--at", "2027-01-12T07:00:00Z", "--base", "HEAD"],
        &["ready", "core", "-r", "checkout-2", "--revision", revision, "--as", "cora"],
    ] {
        let out = session.command("rollcall", &[verb, &["-o", "json"]].concat())?.output()?;
        let said = String::from_utf8(out.stdout)?;
        let answer: Value = serde_json::from_str(&said).map_err(|e| format!("{verb:?}: {e}: {said}"))?;
        let kind = answer["kind"].as_str().ok_or_else(|| format!("{verb:?}: no kind"))?.to_owned();
        conforms(&answer, &json!({"$ref": format!("#/$defs/{kind}")}), &schema)
            .map_err(|why| format!("{verb:?}: {why}: {said}"))?;
        kinds.insert(kind);
    }
    let told: std::collections::BTreeSet<String> = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|any| Some(any["$ref"].as_str()?.trim_start_matches("#/$defs/").to_owned()))
        .collect();
    assert_eq!(kinds, told, "every kind came up");
    Ok(())
}

#[test]
fn an_answer_that_is_not_as_the_schema_says_is_found_out() -> Done {
    let schema = checked_in()?;
    let codes = json!({"$ref": "#/$defs/Codes"});
    let right = json!({"apiVersion": "cli.rollcall.dev/v1", "kind": "Codes", "codes":
        [{"code": "RC001", "gate": "paused", "meaning": "it is paused"}]});
    conforms(&right, &codes, &schema)?;
    for (field, wrong) in [
        ("/kind", json!("Code")),
        ("/codes", json!({})),
        ("/codes/0/code", json!(1)),
        ("/codes/0", json!({"code": "RC001"})),
        ("/codes/0", json!({"code": "RC001", "gate": "paused", "meaning": "it is paused", "more": 1})),
    ] {
        let mut answer = right.clone();
        *answer.pointer_mut(field).ok_or(field)? = wrong;
        conforms(&answer, &codes, &schema).expect_err(field);
    }
    Ok(())
}

/// Whether a document is as a schema says, in those words of JSON Schema that ours uses. A word that is not known, and
/// a field that the schema does not name, is an error too.
fn conforms(document: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let Some(words) = schema.as_object() else {
        return if *schema == json!(true) { Ok(()) } else { Err(format!("no schema: {schema}")) };
    };
    for (word, says) in words {
        let fits = match word.as_str() {
            "description" | "title" | "default" | "format" | "properties" | "$schema" => true,
            "$ref" => {
                let at = says.as_str().unwrap_or_default().trim_start_matches('#');
                conforms(document, root.pointer(at).ok_or_else(|| format!("{at} is nowhere"))?, root)?;
                true
            }
            "const" => document == says,
            "enum" => says.as_array().is_some_and(|all| all.contains(document)),
            "type" => match says.as_array() {
                Some(any) => any.iter().any(|one| is(document, one)),
                None => is(document, says),
            },
            "anyOf" | "oneOf" => {
                says.as_array().is_some_and(|any| any.iter().any(|one| conforms(document, one, root).is_ok()))
            }
            "required" => says
                .as_array()
                .into_iter()
                .flatten()
                .all(|name| !document[name.as_str().unwrap_or_default()].is_null() || has(document, name)),
            "items" => {
                document.as_array().into_iter().flatten().try_for_each(|item| conforms(item, says, root))?;
                true
            }
            "minItems" => document.as_array().is_none_or(|all| all.len() as u64 >= says.as_u64().unwrap_or(0)),
            "maxItems" => document.as_array().is_none_or(|all| all.len() as u64 <= says.as_u64().unwrap_or(0)),
            "minimum" => document.as_i64().is_none_or(|n| n >= says.as_i64().unwrap_or(0)),
            "additionalProperties" => {
                document.as_object().into_iter().flatten().try_for_each(|(_, field)| conforms(field, says, root))?;
                true
            }
            unknown => return Err(format!("{unknown} is not known here")),
        };
        if !fits {
            return Err(format!("{document} is not {word} {says}"));
        }
    }
    fields(document, words, root)
}

/// Each field is as its schema says, and has one.
fn fields(document: &Value, words: &serde_json::Map<String, Value>, root: &Value) -> Result<(), String> {
    let Some(properties) = words.get("properties") else {
        return Ok(());
    };
    for (name, field) in document.as_object().into_iter().flatten() {
        let schema = properties.get(name).ok_or_else(|| format!("{name} is not in the schema"))?;
        conforms(field, schema, root).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(())
}

fn has(document: &Value, name: &Value) -> bool {
    document.as_object().is_some_and(|fields| fields.contains_key(name.as_str().unwrap_or_default()))
}

fn is(document: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap_or_default() {
        "string" => document.is_string(),
        "integer" => document.is_i64() || document.is_u64(),
        "number" => document.is_number(),
        "boolean" => document.is_boolean(),
        "array" => document.is_array(),
        "object" => document.is_object(),
        "null" => document.is_null(),
        _ => false,
    }
}
