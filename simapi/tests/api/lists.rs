use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, Error, ResourceExt};
use serde_json::json;
use simapi::{ApiServer, User};

use super::config;

fn three() -> (ApiServer, Api<ConfigMap>) {
    let server = ApiServer::start();
    for (name, tier) in [("a", "prod"), ("b", "dev"), ("c", "prod")] {
        let mut object = config(name, "1");
        object["metadata"]["labels"] = json!({"tier": tier});
        server.put(&object);
    }
    let api = Api::default_namespaced(server.client(User::new("lena")));
    (server, api)
}

fn names(list: kube::api::ObjectList<ConfigMap>) -> Vec<String> {
    list.items.iter().map(ResourceExt::name_any).collect()
}

#[tokio::test(start_paused = true)]
async fn lists_select() {
    let (_server, api) = three();
    let by = |labels: &str| ListParams::default().labels(labels);
    assert_eq!(names(api.list(&by("tier=prod")).await.unwrap()), ["a", "c"]);
    assert_eq!(names(api.list(&by("tier notin (prod)")).await.unwrap()), ["b"]);
    assert_eq!(names(api.list(&ListParams::default().fields("metadata.name=b")).await.unwrap()), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn of_metadata_alone_as_much_is_listed() {
    let (_server, api) = three();
    let list = api.list_metadata(&ListParams::default().labels("tier=prod")).await.unwrap();
    let whole = api.list(&ListParams::default().labels("tier=prod")).await.unwrap();
    assert_eq!(
        list.items.iter().map(|o| &o.metadata).collect::<Vec<_>>(),
        whole.items.iter().map(|o| &o.metadata).collect::<Vec<_>>()
    );
    assert_eq!(list.types.kind, "PartialObjectMetadataList");
}

#[tokio::test(start_paused = true)]
async fn pages_show_one_moment_until_it_is_forgotten() {
    let (server, api) = three();
    let page = ListParams::default().limit(2);
    let first = api.list(&page).await.unwrap();
    server.put(&config("d", "1"));
    let token = first.metadata.continue_.clone().unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(1));
    assert_eq!(names(api.list(&page.clone().continue_token(&token)).await.unwrap()), ["c"]);
    server.compact();
    let Err(Error::Api(status)) = api.list(&page.continue_token(&token)).await else { panic!("too old") };
    assert_eq!((status.code, &*status.reason), (410, "Expired"));
}
