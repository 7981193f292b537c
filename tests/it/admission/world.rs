//! The people and programs of these tests, each in a namespace of its own, and what they can do with kubectl.

use std::time::Duration;

use control_plane::{Access, ControlPlane, Subject, wait};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use rollcall::api::crds::crds;
use rollcall::manifests::{Install, policies, rbac, to_yaml};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::objects::{deployment, hold_of, job, let_go, of, release, team};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// `system:masters`.
    Admin,
    /// May do in the namespace what its admin may, so also edit all three kinds.
    Dev,
    /// The same, and has the verb `signoff`.
    Lead,
    /// The same, and has the verb `override`.
    Oncall,
    /// A GitOps controller: a service account that is cluster-admin.
    Flux,
    /// The operator's account with the rights of an installation that was given this namespace.
    Operator,
    /// May edit the three kinds and nothing else.
    Novice,
}

/// How a call of kubectl ended.
#[derive(Debug)]
pub struct Answer {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// Asserts that the API server took it.
    #[track_caller]
    pub fn passes(self) -> Self {
        assert!(self.ok, "refused: {}", self.stderr);
        self
    }

    /// Asserts that a policy refused it with the status reason Forbidden, in words that contain all of `words` and
    /// none that GitOps tools take for a reason to delete the object.
    #[track_caller]
    pub fn refused(self, words: &[&str]) {
        assert!(!self.ok, "was taken: {}", self.stdout);
        let forbidden = self.stderr.contains("forbidden: ") && !self.stderr.contains("immutable");
        assert!(forbidden, "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in: {}", self.stderr);
        }
    }
}

/// One test's namespace on a plane with everything installed but the operator.
pub struct World {
    pub plane: &'static ControlPlane,
    pub namespace: &'static str,
}

impl World {
    /// A namespace on the shared plane.
    pub async fn new(namespace: &'static str) -> Self {
        let plane = Self::new_plane(namespace).await.plane;
        Self::on(plane, namespace).await
    }

    /// A namespace on the shared plane in which nobody has any right but those who have it everywhere.
    pub async fn bare(namespace: &'static str) -> Self {
        let world = Self::new_plane(namespace).await;
        world.kubectl(Who::Admin, &["create", "namespace", namespace]).await.passes();
        world
    }

    async fn new_plane(namespace: &'static str) -> Self {
        static READY: OnceCell<()> = OnceCell::const_new();
        let plane = ControlPlane::shared().await.expect("the control plane starts");
        READY.get_or_init(|| install(plane)).await;
        Self { plane, namespace }
    }

    /// A namespace on a plane of the test's own, on which it may take policies away. It lives as long as the
    /// process, as the shared one does.
    pub async fn apart(namespace: &'static str) -> Self {
        let plane =
            ControlPlane::builder().scheduler(false).kwok(false).start().await.expect("the control plane starts");
        let plane: &'static ControlPlane = Box::leak(Box::new(plane));
        install(plane).await;
        Self::on(plane, namespace).await
    }

    async fn on(plane: &'static ControlPlane, namespace: &'static str) -> Self {
        let world = Self { plane, namespace };
        world.kubectl(Who::Admin, &["create", "namespace", namespace]).await.passes();
        let edit = ["dev", "lead", "oncall"];
        for (user, role) in edit.map(|user| (user, "admin")).into_iter().chain([
            ("novice", "rollcall-edit"),
            ("novice", "rollcall-view"),
            ("lead", "rollcall-signoff"),
            ("lead", "rollcall-rollback"),
            ("oncall", "rollcall-override"),
        ]) {
            plane.grant(role, Subject::User(user), Some(namespace)).await.expect("can grant");
        }
        let operator = Subject::ServiceAccount("rollcall-system", "rollcall");
        plane.grant("rollcall-workloads", operator, Some(namespace)).await.expect("can grant");
        let flux = Subject::ServiceAccount("flux-system", "kustomize-controller");
        plane.service_account("flux-system", "kustomize-controller").await.expect("can make accounts");
        plane.grant("cluster-admin", flux, None).await.expect("can grant");
        world.until_aggregated().await;
        world
    }

    /// The built-in roles get ours from a controller.
    async fn until_aggregated(&self) {
        wait::until("the dev to be allowed to edit deployments and ours", PATIENCE, async || {
            for resource in ["deployments.apps", "teamreadinesses.rollcall.dev"] {
                let answer = self.kubectl(Who::Dev, &["-n", self.namespace, "auth", "can-i", "patch", resource]).await;
                if !answer.ok {
                    return Err(format!("{resource}: {}", answer.stdout));
                }
            }
            Ok(())
        })
        .await
        .expect("the roles are aggregated");
    }

    /// Gives somebody the verb `signoff` on the teams of the namespace, and the right to change them.
    pub async fn lets_sign_off(&self, user: &str) {
        for role in ["rollcall-signoff", "rollcall-edit", "rollcall-view"] {
            self.plane.grant(role, Subject::User(user), Some(self.namespace)).await.expect("can grant");
        }
        wait::until("the rights to count", PATIENCE, async || {
            for verb in ["signoff", "patch", "get"] {
                let asks = format!("auth can-i {verb} teamreadinesses.rollcall.dev --as={user}");
                let answer = self.run(Who::Admin, &asks).await;
                if !answer.ok {
                    return Err(format!("{verb}: {}", answer.stdout));
                }
            }
            Ok(())
        })
        .await
        .expect("the rights are seen");
    }

    /// Writes a status as the operator does: kubectl would read it first, which the operator may not and need not.
    pub async fn write_status(&self, resource: &str, name: &str) -> Result<(), kube::Error> {
        let (kind, plural) = match resource {
            "crel" => ("CoordinatedRelease", "coordinatedreleases"),
            "teamreadiness" => ("TeamReadiness", "teamreadinesses"),
            _ => ("DeploymentWindow", "deploymentwindows"),
        };
        let kind = GroupVersionKind::gvk("rollcall.dev", "v1alpha1", kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        let client = access(self.plane, Who::Operator).await.client().expect("a client");
        let api = Api::<DynamicObject>::namespaced_with(client, self.namespace, &resource);
        let status = Patch::Merge(json!({"status": {"observedGeneration": 1}}));
        api.patch_status(name, &PatchParams::default(), &status).await.map(drop)
    }

    /// Runs kubectl with arguments split at spaces, in the test's namespace.
    pub async fn run(&self, who: Who, command: &str) -> Answer {
        let mut arguments = vec!["-n", self.namespace];
        arguments.extend(command.split_whitespace());
        self.kubectl(who, &arguments).await
    }

    /// The same with an object on the standard input.
    pub async fn feed(&self, who: Who, command: &str, object: &Value) -> Answer {
        let mut arguments = vec!["-n", self.namespace];
        arguments.extend(command.split_whitespace());
        arguments.extend(["-f", "-"]);
        kubectl(self.plane, who, &arguments, Some(object.to_string())).await
    }

    /// Applies as Flux does: server-side, forced, under its own manager.
    pub async fn gitops(&self, object: &Value) -> Answer {
        let command = "apply --server-side --force-conflicts --field-manager=kustomize-controller";
        self.feed(Who::Flux, command, object).await
    }

    /// A JSON patch (an array) or a merge patch (an object).
    pub async fn patch(&self, who: Who, target: &str, patch: &Value) -> Answer {
        let kind = if patch.is_array() { "json" } else { "merge" };
        let text = patch.to_string();
        let (resource, rest) = target.split_once(' ').unwrap_or((target, ""));
        let mut arguments = vec!["-n", self.namespace, "patch", resource];
        arguments.extend(rest.split_whitespace());
        arguments.extend(["--type", kind, "--patch-file=/dev/stdin"]);
        kubectl(self.plane, who, &arguments, Some(text)).await
    }

    pub async fn get(&self, target: &str) -> Value {
        let answer = self.run(Who::Admin, &format!("get {target} -o json")).await.passes();
        serde_json::from_str(&answer.stdout).expect("kubectl prints JSON")
    }

    async fn kubectl(&self, who: Who, arguments: &[&str]) -> Answer {
        kubectl(self.plane, who, arguments, None).await
    }
}

/// Far more than anything here takes; a wait ends as soon as it can.
pub const PATIENCE: Duration = Duration::from_secs(120);

async fn access(plane: &ControlPlane, who: Who) -> Access {
    match who {
        Who::Admin => plane.admin(),
        Who::Dev => plane.user("dev", &[]),
        Who::Lead => plane.user("lead", &[]),
        Who::Oncall => plane.user("oncall", &[]),
        Who::Novice => plane.user("novice", &[]),
        Who::Flux => plane.service_account("flux-system", "kustomize-controller").await,
        Who::Operator => plane.service_account("rollcall-system", "rollcall").await,
    }
    .expect("an identity")
}

/// One call, repeated as a person would when the API server says that somebody else wrote in between:
/// the controllers write statuses at any time.
async fn kubectl(plane: &ControlPlane, who: Who, arguments: &[&str], input: Option<String>) -> Answer {
    let access = access(plane, who).await;
    wait::until("nobody to write in between", PATIENCE, async || {
        let mut call = plane.kubectl(&access).args(arguments.iter().copied());
        if let Some(text) = &input {
            call = call.stdin(text.clone());
        }
        let output = call.run().await.expect("kubectl runs");
        let answer = Answer { ok: output.status.success(), stdout: output.stdout, stderr: output.stderr };
        if answer.stderr.contains("Error from server (Conflict)") { Err(answer.stderr) } else { Ok(answer) }
    })
    .await
    .expect("an answer")
}

/// Installs what `rollcall` generates, and waits until the API server acts on it.
async fn install(plane: &ControlPlane) {
    let install = Install::default();
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    plane.service_account(&install.namespace, "rollcall").await.expect("can make accounts");
    let definitions: Vec<Value> = crds().into_iter().map(|(_, crd)| crd).collect();
    for objects in [definitions, rbac(&install), policies(&install)] {
        let answer = kubectl(plane, Who::Admin, &apply, Some(to_yaml(&objects))).await;
        assert!(answer.ok, "{}", answer.stderr);
    }
    for (probe, proofs) in probes() {
        let text = probe.to_string();
        let arguments = ["-n", "default", "create", "--dry-run=server", "-o", "json", "-f", "-"];
        wait::until("every policy to be active", PATIENCE, async || {
            let answer = kubectl(plane, Who::Admin, &arguments, Some(text.clone())).await;
            let seen = format!("{}{}", answer.stdout, answer.stderr);
            if proofs.iter().all(|proof| seen.contains(proof)) { Ok(()) } else { Err(seen) }
        })
        .await
        .expect("the policies become active");
    }
}

/// Dry-runs, and what only an active policy can have said about them. The notice and the hold of Jobs are installed
/// last, and policies and bindings reach the API server's memory in order, so they stand for all before them. The
/// stamps have a delay of their own: the schemas of new kinds.
fn probes() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (job("probe"), &["\"suspend\": true", "notice-job.rollcall.dev"]),
        (team("probe", &json!({"workloads": []})), &["\"rollcall.dev/author\": \"admin\""]),
        (release("probe"), &["\"rollcall.dev/author\": \"admin\""]),
    ]
}

impl World {
    /// Creates a Deployment and lets it go, as the operator would.
    pub async fn running(&self, name: &str, image: &str) {
        self.feed(Who::Dev, "apply", &deployment(name, image)).await.passes();
        let target = format!("deployment {name}");
        self.lets_go(&target).await;
        assert_eq!(hold_of(&self.get(&target).await), ("", false, image));
    }

    /// Creates a workload of a kind, and lets it go if it is held, as the operator would.
    pub async fn installed(&self, kind: &str, name: &str, image: &str) {
        self.feed(Who::Dev, "apply", &of(kind, name, image)).await.passes();
        let target = format!("{kind} {name}");
        if hold_of(&self.get(&target).await).1 {
            self.lets_go(&target).await;
        }
        assert_eq!(hold_of(&self.get(&target).await), ("", false, image), "{kind}");
    }

    /// Lets what is held go as the operator does: on the version that was read, and again if the workload's own
    /// controller wrote a status meanwhile.
    pub async fn lets_go(&self, target: &str) {
        wait::until("the operator to let it go", PATIENCE, async || {
            let seen = self.get(target).await;
            let answer = self.patch(Who::Operator, target, &let_go(&seen)).await;
            assert!(!answer.stderr.contains("forbidden"), "refused: {}", answer.stderr);
            answer.ok.then_some(()).ok_or(answer.stderr)
        })
        .await
        .expect("it goes");
    }

    /// Asserts that a Deployment holds this image.
    pub async fn is_held(&self, name: &str, image: &str, how: &str) {
        let object = self.get(&format!("deployment {name}")).await;
        assert_eq!(hold_of(&object), ("policy", true, image), "{how}");
    }
}
