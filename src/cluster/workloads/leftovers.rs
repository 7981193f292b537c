//! What an apply of content that was rolled back leaves. Whoever puts a former version back owns what only that
//! version had, so a later apply of the other version does not take it away.
//!
//! Lists and maps merge as the API server's schema of pod templates says; a list that it does not name is replaced.

use serde_json::{Map, Value};

/// What an apply of `applied` stores over `stored`, where nothing of `stored` is the applier's to take away.
pub(in crate::cluster) fn applied_over(applied: &Value, stored: &Value) -> Value {
    merged("", applied, stored)
}

fn merged(field: &str, applied: &Value, stored: &Value) -> Value {
    match (applied, stored) {
        (Value::Object(applied), Value::Object(stored)) if !replaced_whole(field) => {
            let mut all: Map<String, Value> = stored.clone();
            for (name, value) in applied {
                let value = stored.get(name).map_or_else(|| value.clone(), |old| merged(name, value, old));
                all.insert(name.clone(), value);
            }
            Value::Object(all)
        }
        (Value::Array(applied), Value::Array(stored)) => match keys_of(field) {
            [] => Value::Array(applied.clone()),
            keys => Value::Array(merged_list(keys, applied, stored)),
        },
        _ => applied.clone(),
    }
}

/// Keeps the order of `applied`; what only `stored` has comes as early as its own order allows. So does a server-side
/// apply, and the digest minds the order.
fn merged_list(keys: &[&str], applied: &[Value], stored: &[Value]) -> Vec<Value> {
    let same = |a: &Value, b: &Value| keys.iter().all(|key| a[key] == b[key]);
    let left = |item: &&Value| !applied.iter().any(|a| same(a, item));
    let mut all = Vec::new();
    let mut rest = stored;
    for item in applied {
        // What stands before the item in `stored`, or right here if `stored` has the item nowhere behind.
        let here = rest.iter().position(|old| same(item, old));
        let before = here.unwrap_or_else(|| rest.iter().take_while(left).count());
        all.extend(rest[..before].iter().filter(left).cloned());
        rest = &rest[before + usize::from(here.is_some())..];
        let old = stored.iter().find(|old| same(item, old));
        all.push(old.map_or_else(|| item.clone(), |old| merged("", item, old)));
    }
    all.extend(rest.iter().filter(left).cloned());
    all
}

/// By which fields the items of a list are told apart; none for a list that is replaced as a whole.
fn keys_of(list: &str) -> &'static [&'static str] {
    match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" | "resourceClaims" | "claims" => {
            &["name"]
        }
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "ports" => &["containerPort", "protocol"],
        "hostAliases" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        _ => &[],
    }
}

/// Maps that a server-side apply replaces as a whole.
fn replaced_whole(map: &str) -> bool {
    matches!(
        map,
        "nodeSelector" | "labelSelector" | "fieldRef" | "resourceFieldRef" | "configMapKeyRef" | "secretKeyRef"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_the_former_version_had_stays_and_the_rest_is_as_applied() {
        let former = json!({
            "metadata": {"labels": {"app": "api"}, "annotations": {"note": "old", "both": "1"}},
            "spec": {
                "nodeSelector": {"disk": "ssd"},
                "tolerations": [{"key": "a"}],
                "containers": [
                    {"name": "main", "image": "r/api:1", "args": ["--old"],
                     "env": [{"name": "A", "value": "1"}, {"name": "LEFT", "value": "x"}, {"name": "B", "value": "1"}],
                     "ports": [{"containerPort": 80, "protocol": "TCP"}],
                     "volumeMounts": [{"name": "v", "mountPath": "/left"}]},
                    {"name": "sidecar", "image": "r/side:1"}],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        });
        let bad = json!({
            "metadata": {"labels": {"app": "api"}, "annotations": {"both": "2"}},
            "spec": {
                "nodeSelector": {"zone": "b"},
                "tolerations": [{"key": "b"}],
                "containers": [{"name": "main", "image": "r/api:2", "args": ["--new"],
                    "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "1"}, {"name": "NEW", "value": "n"}],
                    "ports": [{"containerPort": 80, "protocol": "UDP"}]}],
            },
        });
        let stored = json!({
            "metadata": {"labels": {"app": "api"}, "annotations": {"note": "old", "both": "2"}},
            "spec": {
                "nodeSelector": {"zone": "b"},
                "tolerations": [{"key": "b"}],
                "containers": [
                    {"name": "main", "image": "r/api:2", "args": ["--new"],
                     "env": [{"name": "A", "value": "2"}, {"name": "LEFT", "value": "x"}, {"name": "B", "value": "1"},
                             {"name": "NEW", "value": "n"}],
                     "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}],
                     "volumeMounts": [{"name": "v", "mountPath": "/left"}]},
                    {"name": "sidecar", "image": "r/side:1"}],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        });
        assert_eq!(applied_over(&bad, &former), stored);
        assert_eq!(applied_over(&bad, &bad), bad, "without leftovers it is what was applied");
    }

    #[test]
    fn items_in_another_order_are_neither_lost_nor_doubled() {
        let list = |names: &[&str]| json!({"env": names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>()});
        let stored = applied_over(&list(&["B", "A", "N"]), &list(&["L", "A", "M", "B", "Z"]));
        assert_eq!(stored, list(&["L", "M", "B", "Z", "A", "N"]));
    }
}
