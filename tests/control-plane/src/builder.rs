//! What a control plane is to have, and how it is brought up. Never goes on without something
//! that was asked for.

use std::time::Duration;

use serde_json::json;

use crate::access::{Access, Cluster, certificate_user};
use crate::arguments::Layout;
use crate::cache::Programs;
use crate::components::Tool;
use crate::control::{wait_for_api_server, wait_for_port};
use crate::error::{Attempt, Error};
use crate::home::Home;
use crate::nodes;
use crate::pki::Authority;
use crate::plane::{ControlPlane, Parts};
use crate::ports;
use crate::process::Program;
use crate::wait::PATIENCE;

/// How often a start is tried again with other ports when another process took one first.
const ATTEMPTS: u32 = 5;

/// What the API server records of the requests it gets, in [`ControlPlane::audit_log`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audit {
    /// Nothing.
    Off,
    /// Who asked for what when, and how it was answered.
    #[default]
    Metadata,
    /// The same, for writes with the bodies of requests and answers, except those of Secrets and tokens.
    RequestResponse,
}

impl Audit {
    pub(crate) fn policy(self) -> Option<String> {
        let secret = json!({
            "level": "Metadata",
            "resources": [
                { "group": "", "resources": ["secrets", "serviceaccounts/token"] },
                { "group": "authentication.k8s.io", "resources": ["tokenreviews"] },
            ],
        });
        let rules = match self {
            Audit::Off => return None,
            Audit::Metadata => json!([{ "level": "Metadata" }]),
            Audit::RequestResponse => json!([
                secret,
                { "level": "Metadata", "verbs": ["get", "list", "watch"] },
                { "level": "RequestResponse" },
            ]),
        };
        let policy = json!({
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": rules,
        });
        Some(policy.to_string())
    }
}

/// Settings of a control plane; [`Builder::start`] starts it.
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct Builder {
    scheduler: bool,
    controller_manager: bool,
    kwok: bool,
    nodes: u16,
    audit: Audit,
    fsync: bool,
    kubernetes: Option<String>,
    patience: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            scheduler: true,
            controller_manager: true,
            kwok: true,
            nodes: 2,
            audit: Audit::default(),
            fsync: false,
            kubernetes: None,
            patience: PATIENCE,
        }
    }
}

impl Builder {
    /// Whether the scheduler runs (default: yes).
    pub fn scheduler(mut self, run: bool) -> Self {
        self.scheduler = run;
        self
    }

    /// Whether the controller manager runs (default: yes). Without it nobody makes the `default`
    /// service account of a namespace, so the API server admits no pods.
    pub fn controller_manager(mut self, run: bool) -> Self {
        self.controller_manager = run;
        self
    }

    /// Whether kwok runs, which makes pods on fake nodes ready (default: yes). Without it there
    /// are no nodes.
    pub fn kwok(mut self, run: bool) -> Self {
        self.kwok = run;
        self
    }

    /// How many fake nodes there are, named `node-0`, `node-1`, ... (default: 2).
    pub fn nodes(mut self, count: u16) -> Self {
        self.nodes = count;
        self
    }

    /// What the API server records (default: [`Audit::Metadata`]).
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// Whether etcd waits for the disk (default: no, it runs with `--unsafe-no-fsync`). Without
    /// it data survives the death of every program, but not that of the machine.
    pub fn fsync(mut self, wait: bool) -> Self {
        self.fsync = wait;
        self
    }

    /// The Kubernetes version, as in [`crate::components::components`] (default: the first one).
    pub fn kubernetes(mut self, version: impl Into<String>) -> Self {
        self.kubernetes = Some(version.into());
        self
    }

    /// How long each step of the start may take (default: [`PATIENCE`]).
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Only etcd and the API server.
    pub fn api_only(self) -> Self {
        self.scheduler(false).controller_manager(false).kwok(false)
    }

    /// Starts it and waits until it can be used: the API server is ready, the `default` namespace
    /// has its service account, every node is ready. Takes seconds. With
    /// `USE_EXISTING_CLUSTER=true` it starts nothing and uses the cluster of `KUBECONFIG`.
    ///
    /// # Errors
    /// [`Error::Absent`] when the programs are not built, [`Error::Exited`] or
    /// [`Error::Timeout`] with the log of the program at fault. Whatever was started is ended.
    pub async fn start(self) -> Result<ControlPlane, Error> {
        // Fails only when a provider is installed already, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        if std::env::var_os("USE_EXISTING_CLUSTER").is_some_and(|value| value == "true") {
            return self.use_existing().await;
        }
        let programs = Programs::find(self.kubernetes.as_deref())?;
        for tool in self.clients() {
            programs.path(tool)?;
        }
        let mut attempt = 1;
        loop {
            match self.try_start(&programs).await {
                Err(error) if error.is_port_clash() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    /// The programs besides etcd and the API server, all of them clients of the latter.
    fn clients(&self) -> impl Iterator<Item = Tool> + use<> {
        [(self.controller_manager, Tool::ControllerManager), (self.scheduler, Tool::Scheduler), (self.kwok, Tool::Kwok)]
            .into_iter()
            .filter_map(|(run, tool)| run.then_some(tool))
    }

    async fn use_existing(&self) -> Result<ControlPlane, Error> {
        // Whoever has a cluster has a kubectl: the programs need not be built for this.
        let kubectl = Programs::find(self.kubernetes.as_deref())
            .and_then(|programs| programs.path(Tool::Kubectl))
            .unwrap_or_else(|_| Tool::Kubectl.name().into());
        let plane = ControlPlane::new(Parts {
            programs: Vec::new(),
            cluster: Cluster::existing().await?,
            authority: None,
            etcd_port: None,
            home: Home::create()?,
            kubectl,
            audit_log: None,
        });
        let client = plane.admin()?.client()?;
        client.apiserver_version().await.attempt("asking the existing cluster for its version")?;
        Ok(plane)
    }

    async fn try_start(&self, programs: &Programs) -> Result<ControlPlane, Error> {
        let home = Home::create()?;
        let authority = Authority::new()?;
        let layout =
            Layout { home: &home, etcd_port: ports::free()?, peer_port: ports::free()?, api_port: ports::free()? };
        layout.write_files(&authority, self.audit)?;
        let cluster = Cluster::ours(&layout.server(), &authority.pem(), authority.der())?;

        let program = |tool: Tool, arguments: Vec<String>| -> Result<Program, Error> {
            let log = home.path().join(format!("{}.log", tool.name()));
            let program = Program::new(tool.name(), programs.path(tool)?, arguments, log);
            program.start()?;
            Ok(program)
        };
        let access = |name: &str, groups: &[&str]| -> Result<Access, Error> {
            let user = certificate_user(&authority.client(name, groups)?);
            cluster.access(&home, name, user)
        };
        let admin = access("admin", &["system:masters"])?;
        let etcd = program(Tool::Etcd, layout.etcd(self.fsync))?;
        wait_for_port(&etcd, layout.etcd_port, self.patience).await?;
        let api_server = program(Tool::ApiServer, layout.api_server(self.audit))?;
        wait_for_api_server(&admin, &[&etcd, &api_server], self.patience).await?;
        let etcd_port = Some(layout.etcd_port);
        let mut running = vec![etcd, api_server];
        for tool in self.clients() {
            let (user, groups): (_, &[&str]) = match tool {
                Tool::Kwok => ("kwok", &["system:masters"]),
                Tool::Scheduler => ("system:kube-scheduler", &[]),
                _ => ("system:kube-controller-manager", &[]),
            };
            let access = access(user, groups)?;
            running.push(program(tool, layout.client(tool, access.kubeconfig_path()))?);
        }
        let audit_log = self.audit.policy().map(|_| home.path().join("audit.log"));
        let plane = ControlPlane::new(Parts {
            programs: running,
            cluster,
            authority: Some(authority),
            etcd_port,
            home,
            kubectl: programs.path(Tool::Kubectl)?,
            audit_log,
        });
        self.wait_until_usable(&plane, &admin).await?;
        Ok(plane)
    }

    async fn wait_until_usable(&self, plane: &ControlPlane, admin: &Access) -> Result<(), Error> {
        let client = admin.client()?;
        if self.kwok {
            nodes::create(&client, self.nodes).await?;
        }
        if self.controller_manager {
            let awaited = [plane.program(Tool::ControllerManager)?];
            nodes::wait_for_default_account(&client, &awaited, self.patience).await?;
        }
        if self.kwok {
            let awaited = [plane.program(Tool::Kwok)?];
            // The taint of a new node is taken away by the controller manager.
            let taints_go = self.controller_manager;
            nodes::wait_ready(&client, self.nodes, taints_go, &awaited, self.patience).await?;
        }
        plane.check()
    }
}
