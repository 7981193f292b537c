//! The pod gate: which revisions of a workload have been let go, and its pods that wait. Nothing here decides that a
//! revision is let go: what is not held has been.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::revisions::owned_by;
use super::workloads::{Workload, adapter_of, digest_of_content};
use super::writes::{ApiError, CONFIG_MAPS, Objects, PODS};
use crate::api::names::{POD_GATE, POD_GATE_LABEL, RELEASED_REVISIONS, REVISION_LABEL};

/// The revisions that a workload's controller keeps, as the label of pods names them.
#[derive(Debug, Default, PartialEq)]
struct Kept {
    all: BTreeSet<String>,
    /// Those that ship what the workload says now.
    present: BTreeSet<String>,
}

impl Objects {
    /// Writes down that the present revision of a workload has been let go, and takes the gate from its pods that
    /// wait. Returns how many did.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`] and [`ApiError::Forbidden`] if the namespace was not opened for the pod gate,
    /// [`ApiError::Conflict`] if something changed meanwhile; the others.
    pub async fn let_pods_go(&self, workload: &Workload) -> Result<usize, ApiError> {
        let kept = self.kept(workload).await?;
        self.write_down(workload, &kept).await?;
        let namespace = &*workload.key.namespace;
        let pods = self.list_in(PODS, namespace, &format!("{POD_GATE_LABEL}={}", workload.key.name)).await?;
        let mut gone = 0;
        for (name, patch) in pods.iter().filter_map(|pod| ungated(pod, &kept.present)) {
            match self.patch_object(PODS, namespace, &name, patch).await {
                Ok(()) => gone += 1,
                // It was deleted, or has moved; whoever waits for the workload looks again.
                Err(ApiError::NotFound { .. } | ApiError::Refused { .. } | ApiError::Conflict { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(gone)
    }

    async fn kept(&self, workload: &Workload) -> Result<Kept, ApiError> {
        let adapter = adapter_of(workload.kind);
        let mut kept = Kept::default();
        let Some(keeper) = adapter.revisions() else {
            return Ok(kept);
        };
        let own = self.list_in(keeper, &workload.key.namespace, "").await?;
        for revision in own.iter().filter(|r| owned_by(r, &workload.uid)) {
            let (Some(name), Some(read)) = (adapter.name_in_pods(revision), adapter.revision(revision)) else {
                continue;
            };
            if digest_of_content(&read.template, adapter.pod_template()) == workload.template {
                kept.present.insert(name.clone());
            }
            kept.all.insert(name);
        }
        Ok(kept)
    }

    async fn write_down(&self, workload: &Workload, kept: &Kept) -> Result<(), ApiError> {
        let namespace = &*workload.key.namespace;
        let what = CONFIG_MAPS.said(namespace, RELEASED_REVISIONS);
        let text = self.get(CONFIG_MAPS, namespace, RELEASED_REVISIONS).await?;
        let list: Value = serde_json::from_str(&text.ok_or(ApiError::NotFound { what: what.clone() })?)
            .map_err(|e| ApiError::Unknown { what, message: e.to_string() })?;
        let Some(data) = written(&list, &workload.key.name, kept) else {
            return Ok(());
        };
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": list["metadata"]["resourceVersion"]},
            {"op": "add", "path": "/data", "value": data},
        ]);
        self.patch_object(CONFIG_MAPS, namespace, RELEASED_REVISIONS, patch).await
    }
}

/// What the list is to say; `None` if it says that already. Revisions that are gone are forgotten.
fn written(list: &Value, workload: &str, kept: &Kept) -> Option<BTreeMap<String, String>> {
    let old: BTreeMap<String, String> = list["data"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
        .collect();
    let mut new = old.clone();
    new.retain(|revision, of| of != workload || kept.all.contains(revision));
    new.extend(kept.present.iter().map(|revision| (revision.clone(), workload.to_owned())));
    (new != old).then_some(new)
}

/// The name of a pod that waits although its revision was let go, and the patch that takes its gate away.
fn ungated(pod: &Value, released: &BTreeSet<String>) -> Option<(String, Value)> {
    let metadata = &pod["metadata"];
    let revision = metadata["labels"][REVISION_LABEL].as_str()?;
    let at = pod["spec"]["schedulingGates"].as_array()?.iter().position(|gate| gate["name"] == POD_GATE)?;
    let patch = json!([
        {"op": "test", "path": format!("/spec/schedulingGates/{at}/name"), "value": POD_GATE},
        {"op": "remove", "path": format!("/spec/schedulingGates/{at}")},
    ]);
    (released.contains(revision) && metadata["deletionTimestamp"].is_null())
        .then(|| (metadata["name"].as_str().unwrap_or_default().to_owned(), patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn what_was_let_go_is_added_and_what_is_gone_forgotten_but_only_of_this_workload() {
        let list = json!({"data": {"log-1": "log", "log-2": "log", "db-1": "db"}});
        let kept = Kept { all: set(&["log-2", "log-3"]), present: set(&["log-3"]) };
        let new = written(&list, "log", &kept).expect("it changes");
        let said: Vec<(&str, &str)> = new.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(said, [("db-1", "db"), ("log-2", "log"), ("log-3", "log")]);
        let same = json!({"data": {"log-2": "log", "log-3": "log"}});
        assert_eq!(written(&same, "log", &kept), None);
        let empty = Kept::default();
        assert_eq!(written(&json!({}), "log", &empty), None, "its controller has not seen it yet");
    }

    #[test]
    fn only_a_pod_of_a_revision_that_was_let_go_loses_only_our_gate() {
        let pod = |revision: &str| {
            json!({"metadata": {"name": "p", "labels": {"controller-revision-hash": revision}},
                "spec": {"schedulingGates": [{"name": "other/gate"}, {"name": "rollcall.dev/hold"}]}})
        };
        let released = set(&["log-3"]);
        let (name, patch) = ungated(&pod("log-3"), &released).expect("it waits");
        assert_eq!((name.as_str(), &patch[1]["path"]), ("p", &json!("/spec/schedulingGates/1")));
        assert_eq!(ungated(&pod("log-4"), &released), None);
        let mut free = pod("log-3");
        free["spec"] = json!({});
        assert_eq!(ungated(&free, &released), None);
    }
}
