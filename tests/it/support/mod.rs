//! A control plane with rollcall installed, an operator that can be killed, and people.
//!
//! Nothing here sleeps for luck: whoever waits names what for, and a limit that is an error to reach.

#![allow(
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "real programs are waited for, and stories are written as tables"
)]
#![allow(dead_code, reason = "the tests and the demo use different parts")]

pub mod judge;
pub mod operator;
pub mod plan;
pub mod recorder;
pub mod shop;
pub mod stage;
pub mod undone;

use std::time::Duration;

use control_plane::{Access, ControlPlane};
use rollcall::manifests::{self, Install, WorkloadAccess, to_yaml};
use serde_json::{Value, json};

pub type Failed = Box<dyn std::error::Error + Send + Sync>;
pub type Done<T = ()> = Result<T, Failed>;

/// How long anything may take on a slow machine before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(360);

/// A control plane on which rollcall is installed: definitions, policies, roles; no operator runs yet.
pub struct Installed {
    pub plane: ControlPlane,
    pub admin: Access,
}

impl Installed {
    /// Starts a control plane and installs rollcall as its manifests say.
    pub async fn start() -> Done<Self> {
        let plane = ControlPlane::start().await?;
        Self::on(plane).await
    }

    /// Installs rollcall on a control plane that runs.
    pub async fn on(plane: ControlPlane) -> Done<Self> {
        let install = Install { workload_access: WorkloadAccess::Cluster, ..Install::in_namespace("rollcall-system") };
        let installed = Self::as_told(plane, &install).await?;
        installed.until_all_held().await?;
        Ok(installed)
    }

    /// Applies an installation to a control plane that runs. What holds may need some time, or an operator, yet.
    pub async fn as_told(plane: ControlPlane, install: &Install) -> Done<Self> {
        let admin = plane.admin()?;
        let installed = Self { plane, admin };
        let crds: Vec<Value> = rollcall::api::crds::crds().into_iter().map(|(_, crd)| crd).collect();
        installed.apply(&installed.admin, &to_yaml(&crds)).await?;
        installed
            .kubectl(&[
                "wait",
                "--for=condition=Established",
                "--timeout=60s",
                "crd",
                "-l",
                "app.kubernetes.io/part-of=rollcall",
            ])
            .await?;
        let all: Vec<Value> = manifests::all(install).into_iter().filter(|o| o["kind"] != "Deployment").collect();
        installed.apply(&installed.admin, &to_yaml(&all)).await?;
        Ok(installed)
    }

    /// Waits until the policies are in force: a labelled Job that is created comes back held.
    pub async fn until_all_held(&self) -> Done {
        // The policy that holds Jobs is installed last, and they come into force in that order.
        self.until_held(&shop::job("default", "probe", "nobody", "1")).await
    }

    /// Waits until such a workload, created as a dry run, comes back held.
    pub async fn until_held(&self, workload: &Value) -> Done {
        let probe = workload.to_string();
        self.until("what holds the probe is in force", || async {
            let out = self
                .plane
                .kubectl(&self.admin)
                .args(["create", "--dry-run=server", "-o", "json", "-f", "-"])
                .stdin(probe.clone())
                .run()
                .await?;
            let object: Value = serde_json::from_str(&out.stdout).unwrap_or_default();
            Ok((object["metadata"]["annotations"]["rollcall.dev/hold"] == "policy").then_some(()))
        })
        .await
    }

    /// Applies manifests as somebody, by server-side apply.
    pub async fn apply(&self, who: &Access, yaml: &str) -> Done<String> {
        let out = self
            .plane
            .kubectl(who)
            .args(["apply", "--server-side", "--force-conflicts", "-f", "-"])
            .stdin(yaml)
            .run()
            .await?;
        Ok(out.success()?)
    }

    /// Runs kubectl as admin.
    pub async fn kubectl(&self, args: &[&str]) -> Done<String> {
        let out = self.plane.kubectl(&self.admin).args(args.iter().copied()).run().await?;
        Ok(out.success()?)
    }

    /// Reads one object, as JSON; `None` if there is none.
    pub async fn get(&self, kind: &str, namespace: &str, name: &str) -> Done<Option<Value>> {
        let out = self
            .plane
            .kubectl(&self.admin)
            .args(["get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "json"])
            .run()
            .await?
            .success()?;
        Ok(if out.trim().is_empty() { None } else { Some(serde_json::from_str(&out)?) })
    }

    /// Waits until a question has an answer.
    pub async fn until<T, F>(&self, what: &str, ask: impl Fn() -> F) -> Done<T>
    where
        F: Future<Output = Done<Option<T>>>,
    {
        let limit = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            if tokio::time::Instant::now() > limit {
                return Err(format!("not within {PATIENCE:?}: {what}").into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until a condition of an object has a status, and returns the object.
    pub async fn until_condition(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        condition: &str,
        status: &str,
    ) -> Done<Value> {
        self.until(&format!("{kind} {namespace}/{name} has {condition}={status}"), || async {
            let object = self.get(kind, namespace, name).await?;
            Ok(object.filter(|o| {
                let found = condition_of(o, condition);
                found.is_some_and(|c| c["status"] == status && c["observedGeneration"] == o["metadata"]["generation"])
            }))
        })
        .await
    }
}

/// A condition in an object's status.
pub fn condition_of<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == name)
}

/// The codes of a release's blockers.
pub fn blocker_codes(release: &Value) -> Vec<String> {
    release["status"]["blockers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|b| b["code"].as_str().map(str::to_owned))
        .collect()
}

/// The state of one step.
pub fn step_state(release: &Value, step: &str) -> String {
    let steps = release["status"]["steps"].as_array();
    let found = steps.into_iter().flatten().find(|s| s["name"] == step);
    found.and_then(|s| s["state"].as_str()).unwrap_or_default().to_owned()
}

/// A namespace, with the label that the samples' windows select by.
pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"tier": "prod"}}})
}
