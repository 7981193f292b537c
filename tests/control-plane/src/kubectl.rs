//! kubectl, as a user of the cluster would run it. Never reads the caller's own kubeconfig,
//! preferences or caches.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::error::{Attempt, Error};

/// A call of kubectl to be made; see [`crate::ControlPlane::kubectl`].
#[derive(Debug, Clone)]
#[must_use = "kubectl is not called before `run`"]
pub struct Kubectl {
    path: PathBuf,
    arguments: Vec<OsString>,
    stdin: Option<Vec<u8>>,
}

/// How a call of kubectl ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Output {
    /// Its standard output if it succeeded.
    ///
    /// # Errors
    /// [`Error::Invalid`] with its standard error if it did not.
    pub fn success(self) -> Result<String, Error> {
        match self.status.success() {
            true => Ok(self.stdout),
            false => Err(Error::Invalid(format!("kubectl ended with {}: {}", self.status, self.stderr))),
        }
    }
}

impl Kubectl {
    pub(crate) fn new(path: &Path, kubeconfig: &Path, cache: &Path) -> Self {
        let mut arguments: Vec<OsString> = Vec::new();
        for (flag, value) in [("--kubeconfig", kubeconfig), ("--cache-dir", cache)] {
            arguments.extend([flag.into(), value.into()]);
        }
        Kubectl { path: path.to_owned(), arguments, stdin: None }
    }

    /// The program that is called, for a PATH of one's own.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.path
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// What it reads from its standard input, for `-f -`.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Calls it and waits for its end. That it fails is not an error here: see
    /// [`Output::status`] and [`Output::success`].
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be run.
    pub async fn run(self) -> Result<Output, Error> {
        let what = || format!("running {}", self.path.display());
        let mut child = Command::new(&self.path)
            .args(&self.arguments)
            .env_remove("KUBECONFIG")
            .env("KUBERC", "off")
            .stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .attempt(what())?;
        let pipe = child.stdin.take();
        let write = async {
            if let (Some(mut pipe), Some(text)) = (pipe, &self.stdin) {
                // It may end without having read everything; its status then tells.
                let _ = pipe.write_all(text).await;
            }
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let output = output.attempt(what())?;
        Ok(Output {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
