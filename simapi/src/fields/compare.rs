//! Which fields an object has, and in which two objects differ.

use serde_json::{Map, Value};

use super::set::{Fields, Step};
use super::typing::Type;

/// The fields that an object says something about: what who applies it owns.
pub(crate) fn fields_of(kind: Type<'_>, object: &Value) -> Fields {
    fields(kind, object, true)
}

fn fields(kind: Type<'_>, value: &Value, top: bool) -> Fields {
    match value {
        Value::Object(map) if !kind.is_atomic_map() || top => {
            let mut all = Fields::default();
            for (name, value) in map {
                let mut found = fields(kind.field(name, top), value, false);
                let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                found.member |= empty || !kind.declares(name);
                all.put(Step::field(name), found);
            }
            all
        }
        Value::Array(items) if kind.is_merged_list() => {
            let mut all = Fields::default();
            for item in items {
                let Some(step) = kind.step(item) else { continue };
                let mut found = fields(kind.item(), item, false);
                found.member = true;
                all.put(step, found);
            }
            all
        }
        _ => Fields::leaf(),
    }
}

/// In which fields two objects differ.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) added: Fields,
    pub(crate) modified: Fields,
    pub(crate) removed: Fields,
}

impl Difference {
    fn put(&mut self, step: &Step, inner: Self) {
        self.added.put(step.clone(), inner.added);
        self.modified.put(step.clone(), inner.modified);
        self.removed.put(step.clone(), inner.removed);
    }
}

/// In which fields a new object differs from an old one.
pub(crate) fn difference(kind: Type<'_>, old: &Value, new: &Value) -> Difference {
    compare(kind, Some(old), Some(new), true)
}

fn compare(kind: Type<'_>, old: Option<&Value>, new: Option<&Value>, top: bool) -> Difference {
    let mut found = Difference::default();
    if old == new {
        return found;
    }
    let map = |value: Option<&Value>| value.is_none_or(|v| v.is_object() || v.is_null());
    let list = |value: Option<&Value>| value.is_none_or(|v| v.is_array() || v.is_null());
    let some = |value: Option<&Value>| value.is_some_and(|v| !crate::object::is_empty(v));
    let filled = some(old) || some(new);
    let leaf = if map(old) && map(new) && filled && (top || !kind.is_atomic_map()) {
        compare_maps(kind, [old, new], top, &mut found);
        false
    } else if list(old) && list(new) && filled && kind.is_merged_list() {
        compare_lists(kind, [old, new], &mut found);
        false
    } else {
        true
    };
    match (old, new) {
        (None, Some(_)) => found.added.member = true,
        (Some(_), None) => found.removed.member = true,
        _ => found.modified.member |= leaf,
    }
    found
}

fn compare_maps(kind: Type<'_>, [old, new]: [Option<&Value>; 2], top: bool, found: &mut Difference) {
    let empty = Map::new();
    let (old, new) =
        (old.and_then(Value::as_object).unwrap_or(&empty), new.and_then(Value::as_object).unwrap_or(&empty));
    for (name, value) in old {
        let inner = compare(kind.field(name, top), Some(value), new.get(name), false);
        found.put(&Step::field(name), inner);
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        found.put(&Step::field(name), compare(kind.field(name, top), None, Some(value), false));
    }
}

fn compare_lists(kind: Type<'_>, [old, new]: [Option<&Value>; 2], found: &mut Difference) {
    let items = |value: Option<&Value>| -> Vec<(Step, Value)> {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| Some((kind.step(item)?, item.clone()))).collect()
    };
    let (old, new) = (items(old), items(new));
    let find = |items: &[(Step, Value)], step: &Step| items.iter().find(|(s, _)| s == step).map(|(_, i)| i.clone());
    for (step, item) in &old {
        let inner = compare(kind.item(), Some(item), find(&new, step).as_ref(), false);
        found.put(step, inner);
    }
    for (step, item) in new.iter().filter(|(step, _)| find(&old, step).is_none()) {
        found.put(step, compare(kind.item(), None, Some(item), false));
    }
}
