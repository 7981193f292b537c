use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Error, ResourceExt};
use serde_json::{from_value, json};
use simapi::{ApiServer, User};

use super::{config, deployment};

fn code(error: Error) -> u16 {
    match error {
        Error::Api(status) => status.code,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_lives_its_life() {
    let server = ApiServer::start();
    let api: Api<Deployment> = Api::default_namespaced(server.client(User::new("lena")));
    let made: Deployment = from_value(deployment("web")).unwrap();
    let made = api.create(&PostParams::default(), &made).await.unwrap();
    assert_eq!((made.metadata.generation, made.spec.as_ref().unwrap().replicas), (Some(1), Some(1)));
    assert!(made.uid().is_some() && made.creation_timestamp().is_some());

    let mut changed = made.clone();
    changed.spec.as_mut().unwrap().replicas = Some(3);
    let changed = api.replace("web", &PostParams::default(), &changed).await.unwrap();
    assert_eq!((changed.metadata.generation, changed.uid()), (Some(2), made.uid()));
    let late = api.replace("web", &PostParams::default(), &made).await.unwrap_err();
    assert_eq!(code(late), 409);

    let status = json!({"status": {"replicas": 3}, "spec": {"replicas": 9}});
    let reported = api.patch_status("web", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    assert_eq!(reported.spec.unwrap().replicas, Some(3));
    assert_eq!((reported.metadata.generation, reported.status.unwrap().replicas), (Some(2), Some(3)));

    let wrong = Preconditions { uid: Some("another".into()), resource_version: None };
    let wrong = DeleteParams { preconditions: Some(wrong), ..DeleteParams::default() };
    assert_eq!(code(api.delete("web", &wrong).await.unwrap_err()), 409);
    api.delete("web", &DeleteParams::default()).await.unwrap();
    assert_eq!(code(api.get("web").await.unwrap_err()), 404);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_makes_no_version() {
    let server = ApiServer::start();
    server.put(&config("a", "1"));
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    let patch = Patch::Merge(json!({"data": {"key": "1"}}));
    let before = server.revision();
    let after = api.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!((server.revision(), after.resource_version().unwrap()), (before, before.to_string()));
}

#[tokio::test(start_paused = true)]
async fn finalizers_keep_an_object_until_the_last_one_goes() {
    let server = ApiServer::start();
    let mut object = config("a", "1");
    object["metadata"]["finalizers"] = json!(["example.com/one"]);
    server.put(&object);
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    let marked = api.delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(marked.metadata.deletion_timestamp.is_some());
    let more = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/one", "example.com/two"]}}));
    assert_eq!(code(api.patch("a", &PatchParams::default(), &more).await.unwrap_err()), 422);
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    api.patch("a", &PatchParams::default(), &none).await.unwrap();
    assert_eq!(code(api.get("a").await.unwrap_err()), 404);
}

#[tokio::test(start_paused = true)]
async fn dry_runs_write_nothing_and_names_are_made() {
    let server = ApiServer::start();
    let api: Api<ConfigMap> = Api::default_namespaced(server.client(User::new("lena")));
    let named: ConfigMap = from_value(json!({"metadata": {"generateName": "x-"}})).unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let before = server.revision();
    assert!(api.create(&dry, &named).await.unwrap().name_any().starts_with("x-"));
    assert_eq!(server.revision(), before);
    let (one, two) = (
        api.create(&PostParams::default(), &named).await.unwrap(),
        api.create(&PostParams::default(), &named).await.unwrap(),
    );
    assert_ne!(one.name_any(), two.name_any());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_created_where_no_namespace_is() {
    let server = ApiServer::start();
    let api: Api<ConfigMap> = Api::namespaced(server.client(User::new("lena")), "nowhere");
    let object: ConfigMap = from_value(json!({"metadata": {"name": "x"}})).unwrap();
    assert_eq!(code(api.create(&PostParams::default(), &object).await.unwrap_err()), 404);
}
