//! Merging what is applied into what is there, and taking out what nobody owns any more.

use serde_json::{Map, Value};

use super::set::{Fields, Step};
use super::typing::Type;

/// What is there, with what is applied over it.
pub(crate) fn merged(kind: Type<'_>, live: &Value, applied: &Value) -> Value {
    merge(kind, Some(live), applied, true)
}

fn merge(kind: Type<'_>, live: Option<&Value>, applied: &Value, top: bool) -> Value {
    match (live, applied) {
        (live, Value::Object(applied)) if top || !kind.is_atomic_map() => {
            let mut map = live.and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, value) in applied {
                let inner = merge(kind.field(name, top), map.get(name), value, false);
                map.insert(name.clone(), inner);
            }
            Value::Object(map)
        }
        (live, Value::Array(applied)) if kind.is_merged_list() => {
            let live = live.and_then(Value::as_array).cloned().unwrap_or_default();
            Value::Array(merge_lists(kind, &live, applied))
        }
        (_, applied) => applied.clone(),
    }
}

/// What is applied keeps its order; what else is there keeps its place before what follows it.
fn merge_lists(kind: Type<'_>, live: &[Value], applied: &[Value]) -> Vec<Value> {
    let named = |items: &[Value]| -> Vec<(Step, Value)> {
        items.iter().filter_map(|item| Some((kind.step(item)?, item.clone()))).collect()
    };
    let (live, applied) = (named(live), named(applied));
    let find = |items: &[(Step, Value)], step: &Step| items.iter().find(|(s, _)| s == step).map(|(_, i)| i.clone());
    let mut shared = applied.iter().map(|(step, _)| step).filter(|step| find(&live, step).is_some()).peekable();
    let (mut l, mut r, mut out) = (0, 0, Vec::new());
    while l < live.len() || r < applied.len() {
        let left = live.get(l).map(|(step, _)| step);
        let right = applied.get(r).map(|(step, _)| step);
        let in_applied = left.is_some_and(|step| find(&applied, step).is_some());
        if left.is_some() && left == right {
            l += 1;
        } else if left.is_some() && in_applied && shared.peek().is_some_and(|next| Some(*next) != left) {
            l += 1;
            continue;
        } else if let Some((_, item)) = live.get(l).filter(|_| !in_applied) {
            out.push(item.clone());
            l += 1;
            continue;
        } else if left.is_some() && in_applied && shared.peek().is_none() {
            l += 1;
            continue;
        }
        if let Some((step, item)) = applied.get(r) {
            out.push(merge(kind.item(), find(&live, step).as_ref(), item, false));
            r += 1;
            if shared.peek() == Some(&step) {
                shared.next();
            }
        }
    }
    out
}

/// An object without some fields; a field that is taken out takes with it what is in it.
pub(crate) fn without(kind: Type<'_>, object: &Value, fields: &Fields) -> Value {
    remove(kind, object, fields, true)
}

fn remove(kind: Type<'_>, value: &Value, fields: &Fields, top: bool) -> Value {
    if fields.below.is_empty() {
        return value.clone();
    }
    match value {
        Value::Object(map) if top || !kind.is_atomic_map() => {
            let keep = |(name, value): (&String, &Value)| match fields.below.get(&Step::field(name)) {
                None => Some((name.clone(), value.clone())),
                Some(gone) if gone.member => None,
                Some(some) => Some((name.clone(), remove(kind.field(name, top), value, some, false))),
            };
            Value::Object(map.iter().filter_map(keep).collect::<Map<_, _>>())
        }
        Value::Array(items) if kind.is_merged_list() => {
            let keep = |item: &Value| match kind.step(item).and_then(|step| fields.below.get(&step)) {
                None => Some(item.clone()),
                Some(gone) if gone.member => None,
                Some(some) => Some(remove(kind.item(), item, some, false)),
            };
            Value::Array(items.iter().filter_map(keep).collect())
        }
        other => other.clone(),
    }
}
