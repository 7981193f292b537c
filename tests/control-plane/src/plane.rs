//! A running control plane: what it is made of, and how it ends.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::access::{Access, Cluster};
use crate::builder::Builder;
use crate::components::Tool;
use crate::control::ProgramControl;
use crate::error::{Attempt, Error};
use crate::home::Home;
use crate::kubectl::Kubectl;
use crate::pki::Authority;
use crate::process::Program;

/// How long all programs together may take to end on SIGTERM when a plane is dropped. Short,
/// because their data is removed right after.
const GRACE: Duration = Duration::from_secs(1);

/// A control plane, running until it is dropped or its process ends.
///
/// It has no tasks on any runtime: its programs are watched by processes of their own, so that a
/// plane can be shared by tests that each have a runtime (see [`ControlPlane::shared`]).
/// Dropping it blocks the thread until its programs are gone, about one second.
#[derive(Debug)]
pub struct ControlPlane {
    parts: Parts,
}

/// In the order in which they have to go.
#[derive(Debug)]
pub(crate) struct Parts {
    /// In the order in which they were started.
    pub(crate) programs: Vec<Program>,
    pub(crate) cluster: Cluster,
    /// Absent when the cluster is not ours.
    pub(crate) authority: Option<Authority>,
    /// Absent likewise.
    pub(crate) etcd_port: Option<u16>,
    pub(crate) kubectl: PathBuf,
    pub(crate) audit_log: Option<PathBuf>,
    pub(crate) home: Home,
}

impl ControlPlane {
    /// Starts a whole control plane with two fake nodes.
    ///
    /// # Errors
    /// As of [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Settings to start one with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The one plane of this process, started by whoever asks first, for tests that can share:
    /// each should then use namespaces of its own. It ends with the process.
    ///
    /// # Errors
    /// [`Error::Shared`] when it did not start; it is then not tried again.
    pub async fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceCell<Result<ControlPlane, String>> = OnceCell::const_new();
        let start = || async { Self::start().await.map_err(|error| error.to_string()) };
        SHARED.get_or_init(start).await.as_ref().map_err(|text| Error::Shared(text.clone()))
    }

    pub(crate) fn new(parts: Parts) -> Self {
        ControlPlane { parts }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The URL of the API server.
    pub fn server(&self) -> String {
        let url = self.parts.cluster.config.cluster_url.to_string();
        url.trim_end_matches('/').to_owned()
    }

    /// The folder with its data, logs and kubeconfigs; removed at the end unless
    /// `CONTROL_PLANE_KEEP=1`.
    pub fn dir(&self) -> &Path {
        self.parts.home.path()
    }

    /// The audit log, one JSON object per line; `None` when nothing is recorded.
    pub fn audit_log(&self) -> Option<&Path> {
        self.parts.audit_log.as_deref()
    }

    /// The events in the audit log so far. That of a request may come a moment after its answer:
    /// wait for it with [`crate::wait::until`].
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Invalid`] when a line is no JSON,
    /// [`Error::NotRun`] when there is none.
    pub fn audit_events(&self) -> Result<Vec<serde_json::Value>, Error> {
        let path = self.audit_log().ok_or_else(|| Error::NotRun { program: "an audit log".to_owned() })?;
        let text = std::fs::read_to_string(path).attempt(format!("reading {}", path.display()))?;
        // The last line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| {
                serde_json::from_str(line).map_err(|error| Error::Invalid(format!("{}: {error}", path.display())))
            })
            .collect()
    }

    /// kubectl as that identity.
    pub fn kubectl(&self, access: &Access) -> Kubectl {
        let cache = self.dir().join("kubectl-cache");
        Kubectl::new(&self.parts.kubectl, access.kubeconfig_path(), &cache)
    }

    /// The store.
    pub fn etcd(&self) -> ProgramControl<'_> {
        ProgramControl { plane: self, tool: Tool::Etcd }
    }

    /// The API server.
    pub fn api_server(&self) -> ProgramControl<'_> {
        ProgramControl { plane: self, tool: Tool::ApiServer }
    }

    /// The controller manager.
    pub fn controller_manager(&self) -> ProgramControl<'_> {
        ProgramControl { plane: self, tool: Tool::ControllerManager }
    }

    /// The scheduler.
    pub fn scheduler(&self) -> ProgramControl<'_> {
        ProgramControl { plane: self, tool: Tool::Scheduler }
    }

    /// The fake kubelets.
    pub fn kwok(&self) -> ProgramControl<'_> {
        ProgramControl { plane: self, tool: Tool::Kwok }
    }

    /// Whether every program still runs, except those that were stopped on purpose.
    ///
    /// # Errors
    /// [`Error::Exited`] of the first one that ended by itself.
    pub fn check(&self) -> Result<(), Error> {
        let ended = self.parts.programs.iter().find_map(Program::ended);
        ended.map_or(Ok(()), Err)
    }

    pub(crate) fn program(&self, tool: Tool) -> Result<&Program, Error> {
        self.parts
            .programs
            .iter()
            .find(|program| program.name() == tool.name())
            .ok_or_else(|| Error::NotRun { program: tool.name().to_owned() })
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        let programs = &self.parts.programs;
        for program in programs.iter().rev() {
            program.signal("TERM");
        }
        let deadline = Instant::now() + GRACE;
        for program in programs.iter().rev() {
            program.wait_ended(deadline.saturating_duration_since(Instant::now()));
            program.kill();
        }
    }
}
