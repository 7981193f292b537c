//! The user's cache of built programs, and where the programs of a plane are found.
//!
//! Starting a control plane never builds and never downloads: only [`build`] does, because it
//! takes minutes and needs a Go toolchain. What is absent is an error that names that command.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::components::{BUILD_ENVIRONMENT, Component, Tool, components, digest};
use crate::error::{Attempt, Error};

/// The command that builds the programs.
pub const BUILD_COMMAND: &str = "cargo run -p control-plane -- build";

/// The programs of one control plane: a folder in which each lies under its own name.
#[derive(Debug, Clone)]
pub struct Programs {
    dir: PathBuf,
    given: bool,
    /// What builds them.
    command: String,
}

impl Programs {
    /// The programs in `$KUBEBUILDER_ASSETS` if that is set, otherwise those in the cache, of the
    /// given Kubernetes version (see [`components`]).
    ///
    /// # Errors
    /// [`Error::Absent`] unless at least etcd, kube-apiserver and kubectl are there.
    pub fn find(kubernetes: Option<&str>) -> Result<Self, Error> {
        let command = match kubernetes {
            None => BUILD_COMMAND.to_owned(),
            Some(version) => format!("{BUILD_COMMAND} --kubernetes {version}"),
        };
        let programs = match std::env::var_os("KUBEBUILDER_ASSETS").filter(|dir| !dir.is_empty()) {
            Some(dir) => Programs { dir: dir.into(), given: true, command },
            None => Programs { dir: bin_dir(kubernetes)?, given: false, command },
        };
        for tool in [Tool::Etcd, Tool::ApiServer, Tool::Kubectl] {
            programs.path(tool)?;
        }
        Ok(programs)
    }

    /// The folder they lie in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of one program.
    ///
    /// # Errors
    /// [`Error::Absent`] when it is not there.
    pub fn path(&self, tool: Tool) -> Result<PathBuf, Error> {
        let path = self.dir.join(tool.name());
        if path.is_file() {
            return Ok(path);
        }
        let hint = if self.given {
            "this folder was given by KUBEBUILDER_ASSETS; put the program there, or unset the \
             variable and build the pinned programs once with "
        } else {
            "build the control plane's programs once with "
        };
        Err(Error::Absent {
            program: tool.name().to_owned(),
            dir: self.dir.clone(),
            hint: format!("{hint}`{}`", self.command),
        })
    }
}

/// The folder in which [`build`] leaves links to all programs, whether they are built or not.
///
/// # Errors
/// [`Error::Invalid`] when the version is not on offer or no cache folder can be told.
pub fn bin_dir(kubernetes: Option<&str>) -> Result<PathBuf, Error> {
    let parts = components(kubernetes)?;
    let folders = parts.iter().map(|part| part.folder()).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = folders.iter().map(String::as_str).collect();
    Ok(root()?.join(format!("bin-{}-{}", parts[0].version()?, digest(&names))))
}

/// Builds what is not built yet and gives the folder with links to all programs. Says on stderr
/// what it does. Needs Go; the first time takes about ten minutes on two cores. Safe to run
/// several times at once: the others wait for the first.
///
/// # Errors
/// [`Error::Build`] when Go is absent or fails, [`Error::Io`] when the cache cannot be written.
pub fn build(kubernetes: Option<&str>) -> Result<PathBuf, Error> {
    let root = root()?;
    fs::create_dir_all(&root).attempt(format!("making {}", root.display()))?;
    let _lock = lock(&root)?;
    let bin = bin_dir(kubernetes)?;
    let parts = components(kubernetes)?;
    for part in parts {
        if !root.join(part.folder()?).is_dir() {
            build_component(&root, part)?;
        }
    }
    if !bin.is_dir() {
        let fresh = fresh_dir(&root, "bin")?;
        for part in parts {
            for (tool, _) in part.tools {
                // Relative, so that the cache can be moved or restored somewhere else.
                let target = Path::new("..").join(part.folder()?).join(tool.name());
                std::os::unix::fs::symlink(&target, fresh.join(tool.name()))
                    .attempt(format!("linking {}", tool.name()))?;
            }
        }
        fs::rename(&fresh, &bin).attempt(format!("making {}", bin.display()))?;
    }
    Ok(bin)
}

/// Builds into a new folder beside the final one and renames it: a folder with the final name is
/// always whole.
fn build_component(root: &Path, part: &Component) -> Result<(), Error> {
    let title = format!("{} {}", part.name, part.version()?);
    eprintln!("control-plane: building {title} (all components: about ten minutes, once) ...");
    let begin = Instant::now();
    let sources = fresh_dir(root, "sources")?;
    for (name, content) in [("go.mod", part.go_mod), ("go.sum", part.go_sum)] {
        let path = sources.join(name);
        fs::write(&path, content).attempt(format!("writing {}", path.display()))?;
    }
    let output = fresh_dir(root, "output")?;
    let failed = |detail: String| Error::Build { component: title.clone(), detail };
    let child = Command::new("go")
        .current_dir(&sources)
        .envs(BUILD_ENVIRONMENT)
        .args(["build", "-trimpath", "-ldflags", &part.linker_flags()?, "-o"])
        .args([output.as_os_str(), "tool".as_ref()])
        .spawn()
        .map_err(|error| failed(format!("the Go toolchain is needed, but `go` cannot be run: {error}")))?;
    let status = wait_aloud(child, &title, begin).attempt(format!("waiting for the build of {title}"))?;
    if !status.success() {
        return Err(failed(format!("go build ended with {status}; see its messages above")));
    }
    for (tool, built) in part.tools {
        if tool.name() != *built {
            fs::rename(output.join(built), output.join(tool.name()))
                .attempt(format!("renaming {built} to {}", tool.name()))?;
        }
    }
    let target = root.join(part.folder()?);
    fs::rename(&output, &target).attempt(format!("making {}", target.display()))?;
    fs::remove_dir_all(&sources).attempt(format!("removing {}", sources.display()))?;
    eprintln!("control-plane: built {title} in {} s", begin.elapsed().as_secs());
    Ok(())
}

/// Waits for a build that takes minutes, and says every half minute that it is still under way.
fn wait_aloud(mut child: Child, title: &str, begin: Instant) -> io::Result<ExitStatus> {
    let mut told = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(200));
        let elapsed = begin.elapsed().as_secs();
        if elapsed / 30 > told {
            told = elapsed / 30;
            eprintln!("control-plane: still building {title} ({elapsed} s) ...");
        }
    }
}

/// Only one builder at a time; the lock ends with the process that holds it.
fn lock(root: &Path) -> Result<File, Error> {
    let path = root.join("lock");
    let what = format!("locking {}", path.display());
    let file = File::create(&path).attempt(what.clone())?;
    if file.try_lock().is_err() {
        eprintln!("control-plane: another build is under way; waiting for it ...");
        file.lock().attempt(what)?;
    }
    Ok(file)
}

/// An empty folder in the cache. What an aborted build left under that name goes first, which is
/// safe under the lock.
fn fresh_dir(root: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = root.join(format!("{name}.unfinished"));
    if path.exists() {
        fs::remove_dir_all(&path).attempt(format!("removing {}", path.display()))?;
    }
    fs::create_dir(&path).attempt(format!("making {}", path.display()))?;
    Ok(path)
}

fn root() -> Result<PathBuf, Error> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("ROLLCALL_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("rollcall")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache").join("rollcall")))
        .map(|dir| dir.join("control-plane"))
        .ok_or_else(|| Error::Invalid("no cache folder: set ROLLCALL_CACHE, XDG_CACHE_HOME or HOME".to_owned()))
}
