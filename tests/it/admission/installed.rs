//! What is installed: as it was generated, without warnings, and allowed to run.

use control_plane::wait;
use rollcall::manifests::{Install, WorkloadAccess, all, intact, policies, to_yaml};
use serde_json::{Value, json};

use super::world::{PATIENCE, Who, World};

fn target(object: &Value) -> String {
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    format!(
        "{}.admissionregistration.k8s.io {}",
        text(&object["kind"]).to_lowercase(),
        text(&object["metadata"]["name"])
    )
}

#[tokio::test]
async fn every_policy_is_intact_as_it_is_read_back_and_its_expressions_fit_the_types() {
    let world = World::new("installed").await;
    for expected in policies(&Install::default()) {
        let actual = world.get(&target(&expected)).await;
        assert!(intact(&expected, &actual), "expected {expected:#}\nfound {actual:#}");
        if expected["kind"] != "ValidatingAdmissionPolicy" {
            continue;
        }
        let checked = wait::until("the types to be checked", PATIENCE, async || {
            let status = world.get(&target(&expected)).await["status"].clone();
            if status["observedGeneration"].is_number() { Ok(status) } else { Err(status.to_string()) }
        })
        .await
        .expect("checked");
        assert_eq!(checked["typeChecking"]["expressionWarnings"], Value::Null, "{}", target(&expected));
    }
}

#[tokio::test]
async fn a_policy_that_somebody_weakened_is_not_intact() {
    let world = World::apart("weakened").await;
    let generated = policies(&Install::default());
    let named = |kind: &str, name: &str| {
        let found = generated.iter().find(|o| o["kind"] == kind && o["metadata"]["name"] == name);
        found.expect("it is generated").clone()
    };
    let hold = named("MutatingAdmissionPolicy", "hold-deployment.rollcall.dev");
    let bound = named("ValidatingAdmissionPolicyBinding", "guard-deployment.rollcall.dev");
    for (expected, patch) in [
        (&hold, json!({"spec": {"matchConstraints": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}})),
        (&hold, json!({"spec": {"mutations": hold["spec"]["mutations"].as_array().expect("a list")[1..]}})),
        (&bound, json!({"spec": {"validationActions": ["Audit"]}})),
        (&bound, json!({"spec": {"matchResources": {"objectSelector": {"matchLabels": {"a": "b"}}}}})),
    ] {
        assert!(intact(expected, &world.get(&target(expected)).await));
        world.patch(Who::Admin, &target(expected), &patch).await.passes();
        assert!(!intact(expected, &world.get(&target(expected)).await), "{patch}");
        let again = "apply --server-side --force-conflicts";
        world.run(Who::Admin, &format!("delete {}", target(expected))).await.passes();
        world.feed(Who::Admin, again, expected).await.passes();
    }
}

#[tokio::test]
async fn a_whole_installation_is_accepted_with_a_strict_schema_and_its_pods_are_admitted_as_restricted() {
    let world = World::apart("whole").await;
    let install = Install {
        workload_access: WorkloadAccess::Namespaces(vec!["whole".to_owned()]),
        network_policy: true,
        ..Install::default()
    };
    for object in all(&install) {
        let text = serde_json::from_str(&object.to_string()).expect("JSON");
        let answer =
            world.feed(Who::Admin, "apply --server-side --force-conflicts --validate=strict -n rollcall-system", &text);
        if object["metadata"]["namespace"].is_null() || object["metadata"]["namespace"] == install.namespace.as_str() {
            answer.await.passes();
        }
    }
    assert!(to_yaml(&all(&install)).contains("kind: NetworkPolicy"));
    wait::until("the operator's pods to be made", PATIENCE, async || {
        let status = world.run(Who::Admin, "get deployment rollcall -n rollcall-system -o json").await.stdout;
        let status: Value = serde_json::from_str(&status).expect("JSON");
        (status["status"]["replicas"] == 2).then_some(()).ok_or_else(|| status["status"].to_string())
    })
    .await
    .expect("Pod Security admits them");
}
