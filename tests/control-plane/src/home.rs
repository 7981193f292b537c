//! The folder of one control plane: keys, data, logs, kubeconfigs. Only its owner can read it.
//!
//! It is removed at the end, however the process ends: a janitor (`sh`, on a pipe like the
//! programs' watchdogs) does it, because a static is never dropped and `kill -9` drops nothing.
//! With `CONTROL_PLANE_KEEP=1` it stays. This module never removes a folder it did not make.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Attempt, Error};

/// The programs are being killed at the same moment and may still write: hence again and again.
const JANITOR: &str = r#"
read -r _
tries=0
while ! rm -rf -- "$1" && [ "$tries" -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
"#;

#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    janitor: Option<Child>,
}

impl Home {
    /// Makes a new folder below the system's temporary folder.
    pub(crate) fn create() -> Result<Self, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::temp_dir();
        let path = loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("control-plane-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                // A process of the same id may have left one behind with CONTROL_PLANE_KEEP=1.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                result => {
                    result.attempt(format!("making {}", path.display()))?;
                    break path;
                }
            }
        };
        if std::env::var_os("CONTROL_PLANE_KEEP").is_some_and(|value| value == "1") {
            eprintln!("control-plane: {} will be kept", path.display());
            return Ok(Home { path, janitor: None });
        }
        let janitor = Command::new("sh")
            .args(["-c", JANITOR, "janitor"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .attempt("starting the janitor of the control plane's folder")?;
        Ok(Home { path, janitor: Some(janitor) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that only the owner can read (mode 0600) and tells its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let path = self.path.join(name);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content.as_ref()))
            .attempt(format!("writing {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(mut janitor) = self.janitor.take() {
            drop(janitor.stdin.take());
            // Waited for, so that the folder is gone when the plane is.
            let _ = janitor.wait();
        }
    }
}
