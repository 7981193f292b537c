//! The one error type of the crate. It never hides the cause: whatever went wrong with a program
//! carries where its log lies and how it ended.

use std::path::PathBuf;

/// What can go wrong when a control plane is built, started, used or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not where it should be. Nothing is ever skipped because of this.
    #[error(
        "{program} is absent from {}: {hint}", dir.display()
    )]
    Absent {
        /// The program's name.
        program: String,
        /// Where it was looked for.
        dir: PathBuf,
        /// What to do about it.
        hint: String,
    },
    /// A component of the control plane could not be built.
    #[error("building {component} failed: {detail}")]
    Build {
        /// The component's name and version.
        component: String,
        /// What the builder said.
        detail: String,
    },
    /// A program ended while it was needed.
    #[error("{program} ended by itself with {status} (log: {})\n{tail}", log.display())]
    Exited {
        /// The program's name.
        program: String,
        /// How it ended; 128 + n means "by signal n".
        status: String,
        /// Its whole log. Gone with the plane's folder unless `CONTROL_PLANE_KEEP=1`.
        log: PathBuf,
        /// The last lines of that log.
        tail: String,
    },
    /// Something awaited did not come in time.
    #[error("waited {seconds} s in vain for {what}: {last}{}", logged(log, tail))]
    Timeout {
        /// What was awaited.
        what: String,
        /// How long, in seconds.
        seconds: u64,
        /// What the last look saw.
        last: String,
        /// The log of the program that was awaited, if one was.
        log: Option<PathBuf>,
        /// The last lines of that log.
        tail: String,
    },
    /// This plane does not run that program: it was not asked for, or the cluster is not ours.
    #[error("this control plane does not run {program} itself")]
    NotRun {
        /// The program's name.
        program: String,
    },
    /// A file or process operation was refused by the operating system.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The API server refused or could not be asked.
    #[error("{what}: {source}")]
    Api {
        /// What was attempted.
        what: String,
        /// What the client said.
        #[source]
        source: Box<kube::Error>,
    },
    /// A setting, kubeconfig or certificate cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The shared plane of this process failed to start; every test of the process is told so,
    /// none tries again.
    #[error("the shared control plane of this process did not start: {0}")]
    Shared(String),
}

fn logged(log: &Option<PathBuf>, tail: &str) -> String {
    match log {
        Some(path) => format!(" (log: {})\n{tail}", path.display()),
        None => String::new(),
    }
}

impl Error {
    /// Whether a program found its port taken, so that starting again with others may help.
    pub(crate) fn is_port_clash(&self) -> bool {
        matches!(self, Error::Exited { tail, .. } if tail.contains("address already in use"))
    }
}

/// Says what was attempted when an operation fails.
pub(crate) trait Attempt<T> {
    fn attempt(self, what: impl Into<String>) -> Result<T, Error>;
}

impl<T> Attempt<T> for std::io::Result<T> {
    fn attempt(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: what.into(), source })
    }
}

impl<T> Attempt<T> for kube::Result<T> {
    fn attempt(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Api { what: what.into(), source: Box::new(source) })
    }
}
