//! Label selectors, as Kubernetes defines them (`metav1.LabelSelector`).

use std::collections::BTreeMap;

use crate::api::fields::Selector;

/// Whether labels satisfy a selector; all its parts must. An empty selector matches everything, an
/// unknown operator nothing.
#[must_use]
pub fn matches(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let expressions = selector.match_expressions.iter().flatten().all(|e| {
        let value = labels.get(&e.key);
        let listed = value.is_some_and(|v| e.values.iter().flatten().any(|w| w == v));
        match e.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    });
    equal && expressions
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(selector: serde_json::Value, expected: bool) {
        let labels = BTreeMap::from([("tier".to_owned(), "prod".to_owned())]);
        let selector: Selector = serde_json::from_value(selector).expect("a selector");
        assert_eq!(matches(&selector, &labels), expected, "{selector:?}");
    }

    #[test]
    fn selectors_select_as_kubernetes_does() {
        check(json!({}), true);
        check(json!({"matchLabels": {"tier": "prod"}}), true);
        check(json!({"matchLabels": {"tier": "dev"}}), false);
        check(json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["dev", "prod"]}]}), true);
        check(json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["prod"]}]}), false);
        check(json!({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}), true);
        check(json!({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}), true);
        check(
            json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}, {"key": "zone", "operator": "Exists"}]}),
            false,
        );
        check(json!({"matchExpressions": [{"key": "tier", "operator": "Perhaps"}]}), false);
    }
}
