use serde_json::{Value, json};
use simapi::{ApiServer, User};

use super::deployment;

fn container(image: &str) -> Value {
    let mut object = deployment("web");
    object["spec"]["template"]["spec"]["containers"] = json!([{"name": "main", "image": image}]);
    object
}

fn managers(object: &Value) -> Vec<String> {
    let all = object["metadata"]["managedFields"].as_array().unwrap();
    all.iter().map(|m| format!("{} {}", m["manager"].as_str().unwrap(), m["operation"].as_str().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_goes_unless_somebody_else_has_it() {
    let server = ApiServer::start();
    let flux = User::new("flux");
    let mut first = container("a:1");
    first["metadata"]["labels"] = json!({"one": "1", "two": "2"});
    first["spec"]["replicas"] = 3.into();
    server.apply(&flux, &first, "flux", false).unwrap();
    let other = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"two": "2"}}});
    server.apply(&flux, &other, "lena", false).unwrap();
    let second = container("a:1");
    let now = server.apply(&flux, &second, "flux", false).unwrap();
    assert_eq!(now["metadata"]["labels"], json!({"two": "2"}));
    assert_eq!(now["spec"]["replicas"], 1, "what nobody says is what it is by default");
    assert_eq!(managers(&now), ["lena Apply", "flux Apply"]);
}

#[tokio::test(start_paused = true)]
async fn others_fields_are_not_taken_but_by_force() {
    let server = ApiServer::start();
    let flux = User::new("flux");
    server.apply(&flux, &container("a:1"), "flux", false).unwrap();
    let refused = server.apply(&flux, &container("a:2"), "lena", false).unwrap_err();
    assert_eq!(refused.code(), 409);
    assert_eq!(
        refused.message(),
        "Apply failed with 1 conflict: conflict with \"flux\" using apps/v1: \
         .spec.template.spec.containers[name=\"main\"].image"
    );
    let forced = server.apply(&flux, &container("a:2"), "lena", true).unwrap();
    assert_eq!(forced["spec"]["template"]["spec"]["containers"][0]["image"], "a:2");
    let again = server.apply(&flux, &container("a:1"), "flux", false).unwrap_err();
    assert_eq!(again.code(), 409);
}

#[tokio::test(start_paused = true)]
async fn the_same_again_makes_no_version() {
    let server = ApiServer::start();
    let flux = User::new("flux");
    server.apply(&flux, &container("a:1"), "flux", false).unwrap();
    let before = server.revision();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    server.apply(&flux, &container("a:1"), "flux", true).unwrap();
    assert_eq!(server.revision(), before);
}

#[tokio::test(start_paused = true)]
async fn items_of_keyed_lists_are_merged_one_by_one() {
    let server = ApiServer::start();
    let flux = User::new("flux");
    let mut first = container("a:1");
    first["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]);
    server.apply(&flux, &first, "flux", false).unwrap();
    let side = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s:1"}]}}}});
    server.apply(&flux, &side, "mesh", false).unwrap();
    first["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "B", "value": "2"}]);
    let now = server.apply(&flux, &first, "flux", false).unwrap();
    let containers = &now["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers[0]["env"], json!([{"name": "B", "value": "2"}]));
    assert_eq!(containers[1]["name"], "side");
}
