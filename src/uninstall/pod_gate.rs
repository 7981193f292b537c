//! Pods that wait at the pod gate, where its guard stays in force: it lets nobody take a gate away before the list of
//! the namespace names the pod's revision, and nobody else writes that list once the team has gone.

use serde_json::json;

use super::kinds::{Kind, SWEPT, list};
use super::{Error, Run};
use crate::api::fields::WorkloadKind;
use crate::api::names::{GATE_LABEL, RELEASED_REVISIONS};
use crate::cluster::workloads::{self, Workload};
use crate::cluster::writes::{ApiError, Objects};

/// Kinds whose pods can wait there.
const GATED: [Kind; 2] = [SWEPT[1], SWEPT[2]];

/// Writes down for every workload that is not held that its present revision has been let go, as the operator does, and
/// takes the gates from its pods. Returns how many went; those of a revision that its controller has yet to make wait
/// until a later look.
///
/// # Errors
///
/// [`Error::MayNot`] at once when neither the operator's account nor the caller may write the list;
/// [`Error::Request`] and [`Error::NoAnswer`] when it cannot be found out.
pub async fn open(run: &Run<'_>, namespace: &str) -> Result<usize, Error> {
    let mut gone = 0;
    for kind in GATED {
        for object in list(&run.client, kind, namespace, "").await? {
            let mut value = serde_json::to_value(&object).unwrap_or_default();
            // The label has just been taken away, and what nobody gates is not read to the end.
            value["metadata"]["labels"][GATE_LABEL] = json!("gone");
            let read = serde_json::from_value::<WorkloadKind>(json!(kind.2)).ok();
            let Some(workload) = read.and_then(|kind| workloads::decode(kind, &value.to_string()).ok()) else {
                continue;
            };
            let waits = workload.hold.is_none() && workload.pod_gate.as_deref() == Some(&*workload.key.name);
            if waits {
                gone += let_go(run, &workload).await?;
            }
        }
    }
    Ok(gone)
}

/// The operator's account may where the namespace was opened for it; an administrator may, too.
async fn let_go(run: &Run<'_>, workload: &Workload) -> Result<usize, Error> {
    let mut refused = None;
    for client in run.as_operator.iter().chain([&run.client]) {
        match Objects::new(client.clone()).let_pods_go(workload).await {
            Ok(0) => return Ok(0),
            Ok(count) => {
                run.tell(&format!("let {count} waiting pods of {} {} go", workload.kind.as_str(), workload.key));
                return Ok(count);
            }
            // Something changed meanwhile, or the guard has not seen yet what was just written down.
            Err(ApiError::Conflict { .. } | ApiError::Refused { .. }) => return Ok(0),
            Err(ApiError::Forbidden { message, .. }) if message.contains("waits for its revision") => return Ok(0),
            Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) => refused = Some(error),
            Err(other) => return Err(Error::NoAnswer(other)),
        }
    }
    let why = refused.map(|error| error.to_string()).unwrap_or_default();
    Err(Error::MayNot(format!(
        "pods of {} {} wait at the pod gate, and it cannot be opened: {why}. Create the ConfigMap {RELEASED_REVISIONS} in \
         {} if it is not there, and bind the ClusterRole rollcall-pod-gate there to rollcall's account; or run this as \
         somebody who may patch that ConfigMap and has the verb override",
        workload.kind.as_str(),
        workload.key,
        workload.key.namespace
    )))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use http::{Method, Request};
    use kube::Client;
    use serde_json::Value;

    use super::super::{Done, sweep};
    use super::*;
    use crate::cluster::testing::answer;

    /// A namespace in which one pod waits at the gate, and whose guard is in force.
    struct Namespace {
        /// What the list says; none if it is not there.
        list: Option<Value>,
        gated: bool,
        /// Whether anybody may write the list.
        open: bool,
        looks: usize,
    }

    type Shared = Arc<Mutex<Namespace>>;

    fn template() -> Value {
        json!({"metadata": {"labels": {"rollcall.dev/pod-gate": "db"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}})
    }

    impl Namespace {
        fn pod(&self) -> Value {
            let gates = if self.gated { json!([{"name": "rollcall.dev/hold"}]) } else { json!([]) };
            json!({"metadata": {"namespace": "core", "name": "db-0", "resourceVersion": "1",
                "labels": {"rollcall.dev/pod-gate": "db", "controller-revision-hash": "db-r1"}}, "spec": {"schedulingGates": gates}})
        }

        fn answers(&mut self, method: &Method, path: &str) -> (u16, Value) {
            let items = |items: Value| (200, json!({"metadata": {"resourceVersion": "1"}, "items": items}));
            let no = |message: &str| {
                (403, json!({"kind": "Status", "code": 403, "message": message, "reason": "Forbidden"}))
            };
            let write = method == Method::PATCH;
            match path.rsplit('/').next().unwrap_or_default() {
                "statefulsets" => {
                    items(json!([{"metadata": {"namespace": "core", "name": "db", "uid": "u", "resourceVersion": "1"},
                    "spec": {"replicas": 1, "template": template()}, "status": {}}]))
                }
                "controllerrevisions" => {
                    items(json!([{"metadata": {"namespace": "core", "name": "db-r1", "resourceVersion": "1",
                    "ownerReferences": [{"uid": "u", "controller": true}]}, "revision": 1, "data": {"spec": {"template": template()}}}]))
                }
                "pods" => {
                    self.looks += 1;
                    items(json!([self.pod()]))
                }
                "rollcall-released" if !self.open => no("may not"),
                "rollcall-released" => match &mut self.list {
                    None => (404, json!({"kind": "Status", "code": 404, "message": "not found", "reason": "NotFound"})),
                    Some(list) if write => {
                        list["data"] = json!({"db-r1": "db"});
                        (200, list.clone())
                    }
                    Some(list) => (200, list.clone()),
                },
                "db-0" if self.list.as_ref().is_none_or(|list| list["data"].is_null()) => {
                    no("rollcall: Pod core/db-0 waits for its revision to be let go: sign off or wait")
                }
                "db-0" => {
                    self.gated = false;
                    (200, self.pod())
                }
                _ => items(json!([])),
            }
        }
    }

    fn client(shared: &Shared) -> Client {
        let shared = shared.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (status, body) = shared.lock().expect("whole").answers(request.method(), request.uri().path());
            async move { Ok::<http::Response<Body>, std::convert::Infallible>(answer(status, &body)) }
        });
        Client::new(service, "default")
    }

    async fn swept(list: Option<Value>, open: bool) -> (Result<Done, Error>, Shared) {
        let shared = Arc::new(Mutex::new(Namespace { list, gated: true, open, looks: 0 }));
        let run = Run { client: client(&shared), as_operator: Some(client(&shared)), dry_run: false, tell: &|_| {} };
        (sweep(&run, &["core".to_owned()]).await, shared)
    }

    #[tokio::test]
    async fn pods_that_wait_at_the_gate_go_once_their_revision_is_written_down() {
        let (done, shared) = swept(Some(json!({"metadata": {"resourceVersion": "1"}})), true).await;
        assert_eq!(done.expect("it ends"), Done { let_go: 0, cleaned: 1 });
        let left = shared.lock().expect("whole");
        assert!(!left.gated && left.looks < 5, "{} looks", left.looks);
        assert_eq!(left.list.as_ref().map(|list| list["data"].clone()), Some(json!({"db-r1": "db"})));
    }

    #[tokio::test]
    async fn whoever_may_not_open_the_gate_is_told_so_at_once_and_what_to_do() {
        for (list, open) in [(Some(json!({"metadata": {"resourceVersion": "1"}})), false), (None, true)] {
            let (done, shared) = swept(list, open).await;
            let error = done.expect_err("nobody may").to_string();
            assert!(error.contains("rollcall-released") && error.contains("rollcall-pod-gate"), "{error}");
            assert_eq!(shared.lock().expect("whole").looks, 1, "it is not looked again and again");
        }
    }
}
