//! Fake nodes: Node objects that kwok keeps ready and on which it plays the pods. Never runs a
//! container, and never touches a node it did not make.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::Client;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};

use crate::error::{Attempt, Error};
use crate::process::Program;
use crate::wait::until_running;

/// The label by which all fake nodes are found.
const FAKE: (&str, &str) = ("kwok.x-k8s.io/node", "fake");

pub(crate) async fn create(client: &Client, count: u16) -> Result<(), Error> {
    let api: Api<Node> = Api::all(client.clone());
    for number in 0..count {
        let name = format!("node-{number}");
        let label = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let labels =
            [FAKE, ("kubernetes.io/hostname", &name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
        let node = Node {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some(labels.map(label).into()),
                annotations: Some(BTreeMap::from([label(FAKE)])),
                ..ObjectMeta::default()
            },
            ..Node::default()
        };
        api.create(&PostParams::default(), &node).await.attempt(format!("creating {name}"))?;
    }
    Ok(())
}

pub(crate) async fn wait_ready(
    client: &Client,
    count: u16,
    taints_go: bool,
    programs: &[&Program],
    limit: Duration,
) -> Result<(), Error> {
    let api: Api<Node> = Api::all(client.clone());
    let list = ListParams::default().labels(&format!("{}={}", FAKE.0, FAKE.1));
    until_running("the nodes to be ready", limit, programs, || async {
        let nodes = api.list(&list).await.map_err(|error| error.to_string())?;
        let ready = nodes.iter().filter(|node| is_ready(node, taints_go)).count();
        match ready >= usize::from(count) {
            true => Ok(()),
            false => Err(format!("{ready} of {count} nodes are ready")),
        }
    })
    .await
}

fn is_ready(node: &Node, taints_go: bool) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions.into_iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True");
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    ready && !(taints_go && taints.is_some_and(|taints| !taints.is_empty()))
}

pub(crate) async fn wait_for_default_account(
    client: &Client,
    programs: &[&Program],
    limit: Duration,
) -> Result<(), Error> {
    let api: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
    until_running("the service account default/default", limit, programs, || async {
        api.get("default").await.map(drop).map_err(|error| error.to_string())
    })
    .await
}
