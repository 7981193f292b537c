//! The admission policies, as the simulation's API server enforces them: what they write and what they refuse. The
//! policies themselves are CEL and run on a real API server only; `tests/it/admission` shows there what they do.

use rollcall::api::names::{AUTHOR, BREAK_GLASS, GATE_LABEL, HOLD, HOLD_BY_AUTHOR, HOLD_BY_POLICY, ROLLBACK};
use serde_json::{Value, json};
use simapi::{Admission, Failure, Review, Verb};

use super::OPERATOR;

/// All policies.
pub struct Policies;

fn annotation<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"]["annotations"][name].as_str().unwrap_or_default()
}

fn annotate(object: &mut Value, name: &str, value: Option<&str>) {
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    match (value, object["metadata"]["annotations"].as_object_mut()) {
        (Some(value), Some(map)) => drop(map.insert(name.into(), value.into())),
        (None, Some(map)) => drop(map.remove(name)),
        _ => {}
    }
}

fn is_gated(object: &Value) -> bool {
    object["metadata"]["labels"][GATE_LABEL].is_string()
}

impl Admission for Policies {
    fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), Failure> {
        let nothing = Value::Null;
        let old = review.old.unwrap_or(&nothing);
        if !review.subresource.is_empty() {
            return Ok(());
        }
        match review.kind.kind.as_str() {
            "Deployment" => hold(review, old, object, "paused"),
            "Job" => hold(review, old, object, "suspend"),
            "TeamReadiness" => {
                stamp_author(review, old, object, &["signOffs"]);
                stamp_signers(review, old, object);
            }
            "CoordinatedRelease" => stamp_author(review, old, object, &["paused", "override"]),
            _ => {}
        }
        Ok(())
    }

    fn validate(&self, review: &Review<'_>, _: Option<&Value>) -> Result<(), Failure> {
        let ours = review.kind.group == "rollcall.dev";
        if ours && review.subresource == "status" && review.user.name != OPERATOR {
            let why = "the status is written by rollcall only; change the spec instead";
            return Err(Failure::denied(review.kind, review.name, "guard-status.rollcall.dev", why));
        }
        Ok(())
    }
}

fn hold(review: &Review<'_>, old: &Value, object: &mut Value, field: &str) {
    let job = field == "suspend";
    let exempt = review.user.name == OPERATOR || object["metadata"]["deletionTimestamp"].is_string();
    if exempt || !(is_gated(object) || is_gated(old)) || (job && review.operation != Verb::Create) {
        return;
    }
    let ticket = annotation(object, BREAK_GLASS);
    let glass = !ticket.is_empty()
        && ticket != annotation(old, BREAK_GLASS)
        && review.may("override", "rollcall.dev", "coordinatedreleases", review.namespace, "");
    let frozen = !annotation(old, ROLLBACK).is_empty();
    let changed = old.is_null() || content(object) != content(old);
    if frozen && !glass && changed {
        object["spec"]["template"] = old["spec"]["template"].clone();
    }
    let was = annotation(old, HOLD).to_owned();
    let mark = annotation(object, HOLD).to_owned();
    if !glass && (!was.is_empty() || (changed && !frozen)) {
        let by_author = match (was.as_str(), mark.as_str()) {
            ("", HOLD_BY_POLICY) => false,
            ("", HOLD_BY_AUTHOR) => true,
            ("", _) => object["spec"][field] == true,
            (was, _) => was == HOLD_BY_AUTHOR,
        };
        annotate(object, HOLD, Some(if by_author { HOLD_BY_AUTHOR } else { HOLD_BY_POLICY }));
        object["spec"][field] = true.into();
    } else if !mark.is_empty() || !was.is_empty() {
        annotate(object, HOLD, None);
        if was != HOLD_BY_AUTHOR
            && let Some(spec) = object["spec"].as_object_mut()
        {
            spec.remove(field);
        }
    }
}

/// The pod template without the mark of a restart, which ships nothing new.
fn content(object: &Value) -> Value {
    let mut template = object["spec"]["template"].clone();
    if let Some(annotations) = template.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/restartedAt");
        if annotations.is_empty() {
            template["metadata"].as_object_mut().map(|metadata| metadata.remove("annotations"));
        }
    }
    template
}

fn stamp_author(review: &Review<'_>, old: &Value, object: &mut Value, apart: &[&str]) {
    let content = |object: &Value| {
        let mut spec = object["spec"].clone();
        if let Some(map) = spec.as_object_mut() {
            map.retain(|name, _| !apart.contains(&name.as_str()));
        }
        spec
    };
    let authored = old.is_null() || content(object) != content(old);
    let author = if authored { review.user.name.clone() } else { annotation(old, AUTHOR).to_owned() };
    annotate(object, AUTHOR, Some(author.as_str()).filter(|author| !author.is_empty()));
}

/// `by` is whoever says something else than was said before.
fn stamp_signers(review: &Review<'_>, old: &Value, object: &mut Value) {
    let known = old["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
    let said = |word: &Value| {
        let mut word = word.clone();
        word.as_object_mut().map(|map| map.remove("by"));
        word
    };
    for word in object.pointer_mut("/spec/signOffs").and_then(Value::as_array_mut).into_iter().flatten() {
        let before = known.iter().find(|k| said(k) == said(word));
        let by = before.map_or_else(|| review.user.name.clone().into(), |k| k["by"].clone());
        word["by"] = by;
    }
}
