//! JSON patch, RFC 6902, as Kubernetes reads it: a test for null passes where nothing is.

use serde_json::{Map, Value};

use crate::failure::Failure;

/// Applies all operations, or none.
pub(super) fn apply(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let operations = patch.as_array().ok_or_else(|| Failure::bad_request("error decoding patch: not a list"))?;
    for operation in operations {
        step(target, operation).ok_or_else(Failure::patch_failed)?;
    }
    Ok(())
}

fn step(target: &mut Value, operation: &Value) -> Option<()> {
    let path = read(operation["path"].as_str()?)?;
    match operation["op"].as_str()? {
        "add" => add(target, &path, operation.get("value")?.clone()),
        "remove" => remove(target, &path).map(drop),
        "replace" => replace(target, &path, operation.get("value")?.clone()),
        "move" => {
            let value = remove(target, &read(operation["from"].as_str()?)?)?;
            add(target, &path, value)
        }
        "copy" => {
            let value = find_mut(target, &read(operation["from"].as_str()?)?)?.clone();
            add(target, &path, value)
        }
        "test" => {
            let wanted = operation.get("value").unwrap_or(&Value::Null);
            // The parent must be there; what is not there itself is null.
            let (_, parents) = path.split_last()?;
            find_mut(target, parents)?;
            let found = find_mut(target, &path).map_or(Value::Null, |value| value.clone());
            (found == *wanted).then_some(())
        }
        _ => None,
    }
}

fn read(path: &str) -> Option<Vec<String>> {
    if path.is_empty() {
        return Some(Vec::new());
    }
    let parts = path.strip_prefix('/')?.split('/');
    Some(parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn find_mut<'a>(target: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(target, |value, part| match value {
        Value::Object(map) => map.get_mut(part),
        Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        _ => None,
    })
}

fn add(target: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Some(());
    };
    match find_mut(target, parents)? {
        Value::Object(map) => {
            map.insert(last.clone(), value);
        }
        Value::Array(items) => {
            let at = if last == "-" { items.len() } else { last.parse().ok()? };
            if at > items.len() {
                return None;
            }
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

/// A field that is not there is replaced, too, if its parent is there. An item of a list must be there.
fn replace(target: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Some(());
    };
    match find_mut(target, parents)? {
        Value::Object(map) => drop(map.insert(last.clone(), value)),
        Value::Array(items) => *items.get_mut(last.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match find_mut(target, parents)? {
        Value::Object(map) => Map::remove(map, last),
        Value::Array(items) => {
            let at = last.parse::<usize>().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(operations: Value, expected: Option<Value>) {
        let mut target = json!({"metadata": {"labels": {"a/b": "1"}}, "spec": {"list": [1, 2]}});
        let outcome = apply(&mut target, &operations).ok().map(|()| target);
        assert_eq!(outcome, expected, "{operations}");
    }

    #[test]
    fn operations_do_what_the_server_does() {
        let labels = |a: &str, list: Value| Some(json!({"metadata": {"labels": {"a/b": a}}, "spec": {"list": list}}));
        check(json!([{"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"}]), labels("2", json!([1, 2])));
        check(json!([{"op": "add", "path": "/spec/list/-", "value": 3}]), labels("1", json!([1, 2, 3])));
        check(json!([{"op": "add", "path": "/spec/list/0", "value": 3}]), labels("1", json!([3, 1, 2])));
        check(json!([{"op": "remove", "path": "/spec/list/1"}]), labels("1", json!([1])));
        check(json!([{"op": "test", "path": "/spec/absent", "value": null}]), labels("1", json!([1, 2])));
        check(json!([{"op": "test", "path": "/spec/list", "value": [1]}]), None);
        check(json!([{"op": "remove", "path": "/spec/absent"}]), None);
        check(json!([{"op": "replace", "path": "/absent/x", "value": 1}]), None);
        check(json!([{"op": "replace", "path": "/spec/list/7", "value": 1}]), None);
        check(json!([{"op": "test", "path": "/absent/x", "value": null}]), None);
        check(json!([{"op": "add", "path": "/absent/x", "value": 1}]), None);
    }
}
