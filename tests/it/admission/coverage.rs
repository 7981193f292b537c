//! Which kinds are held at all: the table of docs/threats.md, asked of the API server.

use serde_json::{Value, json};

use super::asking::Caller;
use super::world::World;

/// Kind, collection, where its pod template is, and whether a change of it by its team's developer is held.
const KINDS: [(&str, &str, &str, bool); 6] = [
    ("Deployment", "apis/apps/v1", "deployments", true),
    ("StatefulSet", "apis/apps/v1", "statefulsets", true),
    ("DaemonSet", "apis/apps/v1", "daemonsets", true),
    ("CronJob", "apis/batch/v1", "cronjobs", true),
    ("ReplicaSet", "apis/apps/v1", "replicasets", false),
    ("Pod", "api/v1", "pods", false),
];

fn object(kind: &str, image: &str) -> Value {
    let pod = json!({"restartPolicy": "Always", "containers": [{"name": "main", "image": image}]});
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": pod});
    let selector = json!({"matchLabels": {"app": "x"}});
    let spec = match kind {
        "Pod" => pod,
        "CronJob" => {
            let mut template = template;
            template["spec"]["restartPolicy"] = json!("Never");
            json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}})
        }
        "StatefulSet" => json!({"replicas": 0, "serviceName": "x", "selector": selector, "template": template}),
        "DaemonSet" => json!({"selector": selector, "template": template}),
        _ => json!({"replicas": 0, "selector": selector, "template": template}),
    };
    let version = match kind {
        "Pod" => "v1",
        "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "labels": {"rollcall.dev/gate": "team"}}, "spec": spec})
}

#[tokio::test]
async fn t7_the_kinds_that_are_held_and_those_that_are_not_are_what_the_page_says() {
    let world = World::new("coverage").await;
    let dev = Caller::new(&world.plane.user("dev", &[]).expect("a user"));
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/threats.md")).expect("the page");
    for (kind, root, plural, held) in KINDS {
        let path = format!("/{root}/namespaces/coverage/{plural}");
        let made = dev.send("POST", &path, "application/json", Some(&object(kind, "r/x:1"))).await;
        made.unwrap_or_else(|why| panic!("{kind}: {why:?}"));
        let at = match kind {
            "Pod" => "/spec/containers/0/image",
            "CronJob" => "/spec/jobTemplate/spec/template/spec/containers/0/image",
            _ => "/spec/template/spec/containers/0/image",
        };
        let patch = json!([{"op": "replace", "path": at, "value": "r/x:2"}]);
        let stored = dev
            .send("PATCH", &format!("{path}/x?dryRun=All"), "application/json-patch+json", Some(&patch))
            .await
            .unwrap_or_else(|why| panic!("{kind}: {why:?}"));
        let mark = &stored["metadata"]["annotations"]["rollcall.dev/hold"];
        assert_eq!(mark.is_string(), held, "{kind}: {mark}");
        let line = format!("| {kind} | {} |", if held { "held" } else { "not held" });
        assert!(page.contains(&line), "docs/threats.md says otherwise than {line}");
    }
}
