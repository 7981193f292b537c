//! The operator as a process of its own: the binary that users run, under its own service account.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use control_plane::Access;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{Done, Installed, PATIENCE};

/// A running operator. It dies with this value.
pub struct Operator {
    child: Child,
    pub log: PathBuf,
    /// Kills the operator when this process is gone, however it ended.
    _leash: Child,
}

impl Operator {
    /// Starts the operator. It elects a leader like any replica unless told otherwise.
    pub async fn start(installed: &Installed, name: &str, args: &[&str]) -> Done<Self> {
        let access = Self::access(installed).await?;
        Self::through(installed, name, access.kubeconfig_path(), args).await
    }

    /// The credentials of its own account.
    pub async fn access(installed: &Installed) -> Done<Access> {
        Ok(installed.plane.service_account("rollcall-system", "rollcall").await?)
    }

    /// Starts the operator with a way of its own to the API server.
    pub async fn through(installed: &Installed, name: &str, kubeconfig: &Path, args: &[&str]) -> Done<Self> {
        let log = installed.plane.dir().join(format!("operator-{name}.log"));
        let file = std::fs::File::create(&log)?;
        let child = Command::new(binary())
            .args(["run", "--listen", "127.0.0.1:0", "--log-level", "rollcall=debug,info", "--kubeconfig"])
            .arg(kubeconfig)
            .args(args)
            .env("POD_NAME", name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()?;
        let leash = leash(child.id().unwrap_or_default())?;
        Ok(Self { child, log, _leash: leash })
    }

    /// Tells it to stop, as the kubelet does, and waits until it has.
    pub async fn stop(mut self) -> Done<ExitStatus> {
        self.signal("-TERM").await?;
        self.ended().await
    }

    /// Sends it a signal, such as `-STOP`.
    pub async fn signal(&self, signal: &str) -> Done {
        let pid = self.child.id().ok_or("it has ended already")?.to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await?;
        sent.success().then_some(()).ok_or_else(|| format!("kill {signal} {pid}: {sent}").into())
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> Done<ExitStatus> {
        Ok(tokio::time::timeout(PATIENCE, self.child.wait()).await??)
    }

    /// Where it serves, as its log says.
    pub async fn address(&self, installed: &Installed) -> Done<String> {
        installed
            .until("the operator says where it listens", || async {
                let log = std::fs::read_to_string(&self.log)?;
                let lines = log.lines().filter(|l| l.contains("\"listening\""));
                let found = lines
                    .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
                    .find_map(|l| Some(l["address"].as_str()?.to_owned()));
                Ok(found)
            })
            .await
    }

    /// The answer to a GET, status line and body.
    pub async fn ask(&self, installed: &Installed, path: &str) -> Done<String> {
        let address = self.address(installed).await?;
        let mut stream = tokio::net::TcpStream::connect(&address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
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

/// A shell that waits on a pipe of ours: a test that is killed leaves no operator behind.
fn leash(pid: u32) -> Done<Child> {
    Ok(Command::new("sh")
        .args(["-c", &format!("read _; kill -9 {pid}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?)
}

/// The binary under test: built by cargo beside the tests, or named by the demo.
pub fn binary() -> PathBuf {
    option_env!("CARGO_BIN_EXE_rollcall").map_or_else(beside, PathBuf::from)
}

/// Examples are built into a folder inside the one that holds the binaries.
fn beside() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().and_then(|p| p.parent());
    folder.map(|f| f.join("rollcall")).unwrap_or_default()
}
