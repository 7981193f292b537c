//! What a plane that all tests of a process share can do. Each test has a namespace of its own.

use control_plane::wait::{PATIENCE, until};
use control_plane::{Access, ControlPlane, Error, Subject};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, ListParams};
use serde_json::{Value, json};

/// A person who may edit one namespace of her own.
async fn team(plane: &ControlPlane, namespace: &str) -> Result<Access, Error> {
    let admin = plane.admin()?;
    plane.kubectl(&admin).args(["create", "namespace", namespace]).run().await?.success()?;
    plane.grant("edit", Subject::Group(namespace), Some(namespace)).await?;
    plane.user("lena", &["everybody", "also-everybody", namespace])
}

async fn apply(plane: &ControlPlane, access: &Access, namespace: &str, object: Value) -> Result<(), Error> {
    let apply = plane.kubectl(access).args(["apply", "--namespace", namespace, "-f", "-"]);
    apply.stdin(object.to_string()).run().await?.success().map(drop)
}

fn deployment(name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name }, "annotations": annotations },
                "spec": { "containers": [{ "name": "main", "image": "example.test/web:1" }] },
            },
        },
    })
}

fn job(name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": name },
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": { "annotations": annotations },
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{ "name": "main", "image": "example.test/task:1" }],
                },
            },
        },
    })
}

async fn wait_for_ready(access: &Access, namespace: &str, name: &str, count: i32) -> Result<(), Error> {
    let api: Api<Deployment> = Api::namespaced(access.client()?, namespace);
    until(&format!("{count} ready pods of {name}"), PATIENCE, || async {
        let found = api.get(name).await.map_err(|error| error.to_string())?;
        let status = found.status.unwrap_or_default();
        let ready = status.ready_replicas.unwrap_or_default();
        match ready == count {
            true => Ok(()),
            false => Err(format!("{ready} are ready")),
        }
    })
    .await
}

async fn wait_for_condition(access: &Access, namespace: &str, job: &str, condition: &str) -> Result<(), Error> {
    let api: Api<Job> = Api::namespaced(access.client()?, namespace);
    until(&format!("the job {job} to be {condition}"), PATIENCE, || async {
        let found = api.get(job).await.map_err(|error| error.to_string())?;
        let conditions = found.status.and_then(|status| status.conditions).unwrap_or_default();
        match conditions.iter().any(|one| one.type_ == condition && one.status == "True") {
            true => Ok(()),
            false => Err(format!("{conditions:?}")),
        }
    })
    .await
}

#[tokio::test]
async fn a_users_deployment_gets_ready_pods_on_the_fake_nodes() -> Result<(), Error> {
    let plane = ControlPlane::shared().await?;
    let lena = team(plane, "team-web").await?;
    apply(plane, &lena, "team-web", deployment("web", json!({}))).await?;
    wait_for_ready(&lena, "team-web", "web", 2).await?;
    let pods: Api<Pod> = Api::namespaced(lena.client()?, "team-web");
    let pods = pods.list(&ListParams::default()).await.map_err(|error| Error::Invalid(error.to_string()))?;
    for pod in pods {
        let node = pod.spec.and_then(|spec| spec.node_name).unwrap_or_default();
        assert!(node.starts_with("node-"), "scheduled on {node:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_pod_fails_while_its_annotation_says_so() -> Result<(), Error> {
    let plane = ControlPlane::shared().await?;
    let lena = team(plane, "team-crash").await?;
    let failing = json!({ "kwok.test/fail": "true" });
    apply(plane, &lena, "team-crash", deployment("web", failing)).await?;
    let pods: Api<Pod> = Api::namespaced(lena.client()?, "team-crash");
    let reason = |pod: &Pod| -> Option<String> {
        let container = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
        container.state.as_ref()?.waiting.as_ref()?.reason.clone()
    };
    until("two crashing pods", PATIENCE, || async {
        let list = pods.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let crashing = list.iter().filter(|pod| reason(pod).as_deref() == Some("CrashLoopBackOff"));
        match crashing.count() {
            2 => Ok(()),
            other => Err(format!("{other} crash")),
        }
    })
    .await?;
    let annotate = ["annotate", "pod", "--all", "-n", "team-crash", "kwok.test/fail-"];
    plane.kubectl(&lena).args(annotate).run().await?.success()?;
    wait_for_ready(&lena, "team-crash", "web", 2).await
}

#[tokio::test]
async fn a_job_completes_and_one_told_to_fail_fails() -> Result<(), Error> {
    let plane = ControlPlane::shared().await?;
    let lena = team(plane, "team-jobs").await?;
    apply(plane, &lena, "team-jobs", job("good", json!({}))).await?;
    apply(plane, &lena, "team-jobs", job("bad", json!({ "kwok.test/fail": "true" }))).await?;
    wait_for_condition(&lena, "team-jobs", "good", "Complete").await?;
    wait_for_condition(&lena, "team-jobs", "bad", "Failed").await
}

#[tokio::test]
async fn a_user_has_every_group_and_only_what_is_granted() -> Result<(), Error> {
    let plane = ControlPlane::shared().await?;
    let lena = team(plane, "team-rbac").await?;
    let who = plane.kubectl(&lena).args(["auth", "whoami", "-o", "json"]).run().await?.success()?;
    let who: Value = serde_json::from_str(&who).map_err(|error| Error::Invalid(error.to_string()))?;
    let groups = json!(["everybody", "also-everybody", "team-rbac", "system:authenticated"]);
    assert_eq!(who["status"]["userInfo"]["username"], "lena");
    assert_eq!(who["status"]["userInfo"]["groups"], groups);

    let stranger = plane.user("stranger", &[])?;
    let refused = plane.kubectl(&stranger).args(["get", "pods", "-n", "team-rbac"]).run().await?;
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("Forbidden"), "{}", refused.stderr);
    let configs: Api<ConfigMap> = Api::namespaced(stranger.client()?, "team-rbac");
    let refused = configs.list(&ListParams::default()).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 403));
    Ok(())
}

#[tokio::test]
async fn a_service_account_acts_as_itself_and_is_audited() -> Result<(), Error> {
    let plane = ControlPlane::shared().await?;
    let gitops = plane.service_account("flux-system", "kustomize-controller").await?;
    let subject = Subject::ServiceAccount("flux-system", "kustomize-controller");
    plane.grant("cluster-admin", subject, None).await?;
    let create = ["create", "configmap", "delivered", "-n", "flux-system"];
    plane.kubectl(&gitops).args(create).run().await?.success()?;
    let user = "system:serviceaccount:flux-system:kustomize-controller";
    if std::env::var_os("USE_EXISTING_CLUSTER").is_some() {
        // The audit log of a cluster that is not ours is not ours to read.
        assert_eq!(plane.audit_log(), None);
        return Ok(());
    }
    let is_it = |event: &Value| {
        event["user"]["username"] == user && event["verb"] == "create" && event["objectRef"]["name"] == "delivered"
    };
    until("the audit log to tell of the request", PATIENCE, || async {
        let events = plane.audit_events().map_err(|error| error.to_string())?;
        events.iter().find(|event| is_it(event)).map(drop).ok_or("it is not there".to_owned())
    })
    .await
}
