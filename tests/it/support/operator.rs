//! The operator as a process of its own: the binary that users run, under its own service account.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::{Done, Installed};

/// A running operator. It dies with this value.
pub struct Operator {
    child: Child,
    pub log: PathBuf,
}

impl Operator {
    /// Starts the operator. It elects a leader like any replica unless told otherwise.
    pub async fn start(installed: &Installed, name: &str, args: &[&str]) -> Done<Self> {
        let access = installed
            .plane
            .service_account("rollcall-system", "rollcall")
            .await?;
        let log = installed.plane.dir().join(format!("operator-{name}.log"));
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)?;
        let child = Command::new(binary())
            .args([
                "run",
                "--listen",
                "127.0.0.1:0",
                "--log-level",
                "info",
                "--kubeconfig",
            ])
            .arg(access.kubeconfig_path())
            .args(args)
            .env("POD_NAME", name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Kills it at once: nothing is drained, nothing given back.
    pub async fn kill(mut self) -> Done {
        self.child.kill().await?;
        Ok(())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

/// The binary under test: built by cargo beside the tests, or named by the demo.
fn binary() -> PathBuf {
    option_env!("CARGO_BIN_EXE_rollcall").map_or_else(beside, PathBuf::from)
}

/// Examples are built into a folder inside the one that holds the binaries.
fn beside() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().and_then(|p| p.parent());
    folder.map(|f| f.join("rollcall")).unwrap_or_default()
}
