use std::time::Duration;

use serde_json::{Value, json};
use simapi::models::{Cluster, Delays, Git, GitOps};
use simapi::{ApiServer, User, Verb};

use super::deployment;

fn server() -> ApiServer {
    let server = ApiServer::start();
    for name in ["node-0", "node-1"] {
        server.put(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}));
    }
    tokio::spawn(Cluster::new(&server, Delays::default()).run());
    server
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

fn merge(server: &ApiServer, kind: (&str, &str), name: &str, patch: Value) {
    let mut body = patch;
    body["apiVersion"] = kind.0.into();
    body["kind"] = kind.1.into();
    body["metadata"]["name"] = name.into();
    body["metadata"]["namespace"] = "default".into();
    server.act(&User::new("lena"), Verb::Patch, &body, "", "application/merge-patch+json").unwrap();
}

fn image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}})
}

/// The images of the pods that are ready.
fn running(server: &ApiServer) -> Vec<String> {
    let pods = server.list("", "pods", "default");
    let ready = pods.iter().filter(|p| p.value["status"]["conditions"][0]["status"] == "True");
    ready.map(|p| p.value["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_deployment_rolls_from_one_template_to_the_next_without_an_outage() {
    let server = server();
    let mut web = deployment("web");
    web["spec"]["replicas"] = 3.into();
    server.put(&web);
    seconds(10).await;
    assert_eq!(running(&server), ["registry/app:1"; 3]);
    let from = server.revision();
    merge(&server, ("apps/v1", "Deployment"), "web", image("registry/app:2"));
    seconds(30).await;
    assert_eq!(running(&server), ["registry/app:2"; 3]);
    let web = server.get("apps", "deployments", "default", "web").unwrap();
    let status = &web["status"];
    assert_eq!(status["observedGeneration"], web["metadata"]["generation"]);
    assert_eq!((&status["updatedReplicas"], &status["availableReplicas"]), (&json!(3), &json!(3)));
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let history = server.history(from).into_iter().filter(|c| c.kind.kind == "Deployment");
    let least = history.filter_map(|c| c.new?.value["status"]["availableReplicas"].as_i64());
    assert!(least.min().unwrap() >= 3, "maxUnavailable is 25 % of 3, which is none");
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_scales_and_begins_no_rollout() {
    let server = server();
    server.put(&deployment("web"));
    seconds(5).await;
    let mut patch = image("registry/app:2");
    patch["spec"]["paused"] = true.into();
    merge(&server, ("apps/v1", "Deployment"), "web", patch);
    merge(&server, ("apps/v1", "Deployment"), "web", json!({"spec": {"replicas": 2}}));
    seconds(60).await;
    assert_eq!(running(&server), ["registry/app:1"; 2]);
    merge(&server, ("apps/v1", "Deployment"), "web", json!({"spec": {"paused": null}}));
    seconds(60).await;
    assert_eq!(running(&server), ["registry/app:2"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_template_whose_pods_fail_stalls_and_says_so() {
    let server = server();
    let mut web = deployment("web");
    web["spec"]["progressDeadlineSeconds"] = 60.into();
    server.put(&web);
    seconds(5).await;
    let mut bad = image("registry/app:bad");
    bad["spec"]["template"]["metadata"] = json!({"annotations": {"kwok.test/fail": "true"}});
    merge(&server, ("apps/v1", "Deployment"), "web", bad);
    seconds(90).await;
    assert_eq!(running(&server), ["registry/app:1"]);
    let web = server.get("apps", "deployments", "default", "web").unwrap();
    let reasons: Vec<_> = web["status"]["conditions"].as_array().unwrap().iter().map(|c| c["reason"].clone()).collect();
    assert!(reasons.contains(&json!("ProgressDeadlineExceeded")), "{reasons:?}");
}

fn job(fails: bool, suspended: bool) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "migrate", "namespace": "default"},
        "spec": {"suspend": suspended, "backoffLimit": 1, "template": {
            "metadata": {"annotations": {"kwok.test/fail": fails.to_string()}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "migrate:1"}]}}},
    })
}

fn conditions(server: &ApiServer) -> Vec<String> {
    let job = server.get("batch", "jobs", "default", "migrate").unwrap();
    let all = job["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.iter().filter(|c| c["status"] == "True").map(|c| c["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_while_it_is_suspended_and_then_completes() {
    let server = server();
    server.put(&job(false, true));
    seconds(30).await;
    assert_eq!((conditions(&server), server.list("", "pods", "").len()), (vec!["Suspended".to_owned()], 0));
    merge(&server, ("batch/v1", "Job"), "migrate", json!({"spec": {"suspend": false}}));
    seconds(30).await;
    assert_eq!(conditions(&server), ["SuccessCriteriaMet", "Complete"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_fails_after_its_last_try() {
    let server = server();
    server.put(&job(true, false));
    seconds(60).await;
    assert_eq!(conditions(&server), ["FailureTarget", "Failed"]);
    assert_eq!(server.get("batch", "jobs", "default", "migrate").unwrap()["status"]["failed"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_stops_at_its_partition() {
    let server = server();
    let mut db = deployment("db");
    db["kind"] = "StatefulSet".into();
    db["spec"]["replicas"] = 3.into();
    server.put(&db);
    seconds(30).await;
    assert_eq!(running(&server).len(), 3);
    let mut next = image("registry/app:2");
    next["spec"]["updateStrategy"] = json!({"rollingUpdate": {"partition": 2}});
    merge(&server, ("apps/v1", "StatefulSet"), "db", next);
    seconds(60).await;
    assert_eq!(running(&server), ["registry/app:1", "registry/app:1", "registry/app:2"]);
    merge(
        &server,
        ("apps/v1", "StatefulSet"),
        "db",
        json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}),
    );
    seconds(60).await;
    assert_eq!(running(&server), ["registry/app:2"; 3]);
    let status = server.get("apps", "statefulsets", "default", "db").unwrap()["status"].clone();
    assert_eq!(status["currentRevision"], status["updateRevision"]);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_on_delete_waits_for_somebody_to_delete() {
    let server = server();
    let mut agent = deployment("agent");
    agent["kind"] = "DaemonSet".into();
    agent["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    server.put(&agent);
    seconds(10).await;
    merge(&server, ("apps/v1", "DaemonSet"), "agent", image("registry/app:2"));
    seconds(60).await;
    assert_eq!(running(&server), ["registry/app:1"; 2]);
    merge(&server, ("apps/v1", "DaemonSet"), "agent", json!({"spec": {"updateStrategy": {"type": "RollingUpdate"}}}));
    seconds(60).await;
    assert_eq!(running(&server), ["registry/app:2"; 2]);
}

#[tokio::test(start_paused = true)]
async fn what_is_owned_goes_with_its_owner_and_what_is_in_a_namespace_with_it() {
    let server = server();
    let web = server.put(&deployment("web"));
    seconds(10).await;
    server.act(&User::admin(), Verb::Delete, &web, "", "").unwrap();
    seconds(10).await;
    let left = server.list("apps", "replicasets", "").len() + server.list("", "pods", "").len();
    assert_eq!(left, 0);
    server.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}));
    server.put(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "team"}}));
    let team = server.get("", "namespaces", "", "team").unwrap();
    server.act(&User::admin(), Verb::Delete, &team, "", "").unwrap();
    let late = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "y", "namespace": "team"}});
    let late = server.act(&User::admin(), Verb::Create, &late, "", "").unwrap_err();
    assert_eq!(late.code(), 403);
    seconds(10).await;
    assert_eq!(server.get("", "namespaces", "", "team"), None);
}

#[tokio::test(start_paused = true)]
async fn git_takes_back_what_it_says_and_leaves_the_rest() {
    let server = server();
    let git = Git::default();
    git.commit(deployment("web"));
    let agent = GitOps {
        git: git.clone(),
        user: User::new("flux"),
        manager: "kustomize-controller".into(),
        every: Duration::from_secs(60),
    };
    tokio::spawn(agent.run(server.clone()));
    seconds(10).await;
    merge(&server, ("apps/v1", "Deployment"), "web", json!({"spec": {"replicas": 4}}));
    merge(&server, ("apps/v1", "Deployment"), "web", image("registry/app:hacked"));
    seconds(120).await;
    let web = server.get("apps", "deployments", "default", "web").unwrap();
    assert_eq!(web["spec"]["replicas"], 4);
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], "registry/app:1");
}
