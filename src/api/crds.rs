//! The CustomResourceDefinitions of the three kinds, as they are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::{CoordinatedRelease, DeploymentWindow, TeamReadiness};

/// The three definitions, each with the name of its file in `crds/`.
#[must_use]
pub fn crds() -> Vec<(String, Value)> {
    [DeploymentWindow::crd(), TeamReadiness::crd(), CoordinatedRelease::crd()]
        .into_iter()
        .map(|crd| (format!("{}.yaml", crd.spec.names.plural), finished(&crd)))
        .collect()
}

/// Adds what the derive cannot say: a status that no controller has written yet says generation -1,
/// so that tools which compare generations do not call a brand-new object current.
fn finished(crd: &CustomResourceDefinition) -> Value {
    let mut crd = serde_json::to_value(crd).unwrap_or_default();
    let versions = crd.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        if let Some(status) = version.pointer_mut("/schema/openAPIV3Schema/properties/status") {
            status["default"] = json!({"observedGeneration": -1});
        }
        if let Some(spec) =
            version.pointer_mut("/schema/openAPIV3Schema/properties/status/properties/observedGeneration")
        {
            spec["default"] = json!(-1);
        }
    }
    crd
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What keeps a rule's cost bounded: every string, list and map that users write has a limit.
    fn unbounded(path: &str, schema: &Value, found: &mut Vec<String>) {
        let limit = match schema["type"].as_str() {
            Some("string") if schema["enum"].is_null() && schema["format"].is_null() => "maxLength",
            Some("array") => "maxItems",
            Some("object") if !schema["additionalProperties"].is_null() => "maxProperties",
            _ => "",
        };
        if !limit.is_empty() && schema[limit].is_null() {
            found.push(format!("{path} has no {limit}"));
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            unbounded(&format!("{path}.{name}"), inner, found);
        }
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                unbounded(&format!("{path}[]"), &schema[inner], found);
            }
        }
    }

    #[test]
    fn every_string_list_and_map_of_a_spec_is_bounded() {
        let mut found = Vec::new();
        for (file, crd) in crds() {
            let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
            assert!(spec.is_object(), "{file} has a spec");
            unbounded(&format!("{file}: spec"), spec, &mut found);
        }
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn a_new_object_says_that_no_generation_was_observed() {
        for (file, crd) in crds() {
            let status = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"];
            assert_eq!(status["default"]["observedGeneration"], -1, "{file}");
        }
    }
}
