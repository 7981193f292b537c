use serde_json::{Value, json};
use simapi::{Access, Admission, ApiServer, Failure, Rbac, Review, User, Verb};

use super::config;

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "toasters.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "toasters", "kind": "Toaster"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "selectableFields": [{"jsonPath": ".spec.color"}],
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "spec": {"type": "object", "required": ["slots"], "properties": {
                        "slots": {"type": "integer", "minimum": 1, "maximum": 4},
                        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"}}},
                    "status": {"type": "object", "properties": {"hot": {"type": "boolean"}}}}}},
            }],
        },
    })
}

fn toaster(spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Toaster", "metadata": {"name": "t", "namespace": "default"},
        "spec": spec})
}

fn create(server: &ApiServer, object: &Value) -> Result<Value, Failure> {
    server.act(&User::new("lena"), Verb::Create, object, "", "")
}

#[tokio::test(start_paused = true)]
async fn a_kind_is_served_from_its_definition_to_the_end_of_it() {
    let server = ApiServer::start();
    assert_eq!(create(&server, &toaster(json!({"slots": 2}))).unwrap_err().code(), 404);
    let definition = create(&server, &definition()).unwrap();
    let made = create(&server, &toaster(json!({"slots": 2, "wings": true}))).unwrap();
    assert_eq!(made["spec"], json!({"slots": 2, "color": "red"}));
    server.act(&User::admin(), Verb::Delete, &definition, "", "").unwrap();
    assert_eq!(create(&server, &toaster(json!({"slots": 2}))).unwrap_err().code(), 404);
}

#[tokio::test(start_paused = true)]
async fn what_the_schema_forbids_is_refused_with_the_fields() {
    let server = ApiServer::builder().definition(&definition()).start();
    for (spec, field) in [
        (json!({}), "spec.slots: Required value"),
        (json!({"slots": 9}), "spec.slots: Invalid value: 9"),
        (json!({"slots": "two"}), "spec.slots: Invalid value: \"string\""),
        (json!({"slots": 2, "color": "pink"}), "spec.color: Unsupported value: \"pink\""),
    ] {
        let refused = create(&server, &toaster(spec)).unwrap_err();
        assert_eq!((refused.code(), refused.reason()), (422, "Invalid"));
        assert!(refused.message().contains(field), "{}", refused.message());
    }
}

#[tokio::test(start_paused = true)]
async fn the_status_is_another_half_with_its_own_writers() {
    let server = ApiServer::builder().definition(&definition()).start();
    let mut object = create(&server, &toaster(json!({"slots": 2}))).unwrap();
    object["status"] = json!({"hot": true});
    object["spec"]["slots"] = json!(3);
    let written = server.act(&User::new("lena"), Verb::Update, &object, "status", "").unwrap();
    assert_eq!((&written["spec"]["slots"], &written["status"]["hot"]), (&json!(2), &json!(true)));
    assert_eq!(written["metadata"]["generation"], 1);
    object["metadata"] = written["metadata"].clone();
    object["status"] = json!({"hot": false});
    let written = server.act(&User::new("lena"), Verb::Update, &object, "", "").unwrap();
    assert_eq!((&written["spec"]["slots"], &written["status"]["hot"]), (&json!(3), &json!(true)));
    assert_eq!(written["metadata"]["generation"], 2);
}

#[tokio::test(start_paused = true)]
async fn roles_decide_who_may_what_and_questions_about_it_are_answered() {
    let server = ApiServer::builder().authorizer(Rbac).start();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "writer", "namespace": "default"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "writers", "namespace": "default"},
        "roleRef": {"kind": "Role", "name": "writer"},
        "subjects": [{"kind": "User", "name": "lena"}]});
    let lena = User::new("lena");
    assert_eq!(create(&server, &config("a", "1")).unwrap_err().code(), 403);
    server.put(&role);
    let binding = server.put(&binding);
    create(&server, &config("a", "1")).unwrap();
    let refused = server.act(&lena, Verb::Delete, &config("a", "1"), "", "").unwrap_err();
    let why = "User \"lena\" cannot delete resource \"configmaps\" in API group \"\" in the namespace \"default\"";
    assert!(refused.message().ends_with(why), "{}", refused.message());
    let client = server.client(User::admin());
    let ask = async |verb: &str| {
        let question = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": "lena", "resourceAttributes": {"verb": verb, "resource": "configmaps", "namespace": "default"}}});
        let uri = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let request = http::Request::post(uri).body(question.to_string().into_bytes()).unwrap();
        client.request::<Value>(request).await.unwrap()["status"]["allowed"].as_bool().unwrap()
    };
    assert_eq!((ask("create").await, ask("delete").await), (true, false));
    server.act(&User::admin(), Verb::Delete, &binding, "", "").unwrap();
    assert!(!ask("create").await);
}

/// Marks what is created, and refuses what is called `bad`.
struct House;

impl Admission for House {
    fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), Failure> {
        object["metadata"]["labels"] =
            json!({"by": review.user.name, "may": review.may("bless", "", "configmaps", "", "").to_string()});
        Ok(())
    }

    fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<(), Failure> {
        let bad = object.is_some_and(|object| object["metadata"]["name"] == "bad");
        if bad { Err(Failure::denied(review.kind, "bad", "house", "not here")) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn admission_changes_and_refuses_and_knows_who_may_what() {
    let authorizer = |access: &Access<'_>| access.verb != "bless" || access.user.name == "priest";
    let server = ApiServer::builder().authorizer(authorizer).admission(House).start();
    let made = create(&server, &config("good", "1")).unwrap();
    assert_eq!(made["metadata"]["labels"], json!({"by": "lena", "may": "false"}));
    let blessed = server.act(&User::new("priest"), Verb::Create, &config("better", "1"), "", "").unwrap();
    assert_eq!(blessed["metadata"]["labels"]["may"], "true");
    let refused = create(&server, &config("bad", "1")).unwrap_err();
    assert_eq!((refused.code(), refused.reason()), (403, "Forbidden"));
}
