//! The same manifests as another revision of their repository has them. Git is asked; nothing is checked out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::read::{MOST_BYTES, Source, is_manifest};
use crate::cli::Failure;
use crate::cli::screen::inert;

/// The files that the arguments name, as they are in `revision`; by the names that they have now.
///
/// # Errors
///
/// When there is no git, no repository, or no such revision.
pub fn sources(paths: &[PathBuf], revision: &str) -> Result<Vec<Source>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let help = "name files or folders of a git repository with -f";
            return Err(Failure::usage("--base needs files: standard input has no history", help));
        }
        let folder = if path.is_dir() { path.clone() } else { parent(path) };
        let commit = commit(&folder, revision)?;
        let pattern = if path.is_dir() { ".".to_owned() } else { name(path) };
        let mut names = listed(&folder, &commit, &pattern)?;
        names.retain(|name| !path.is_dir() || is_manifest(Path::new(name)));
        names.sort();
        let texts = contents(&folder, &commit, &names)?;
        for (file, text) in names.iter().zip(texts) {
            let name = if path.is_dir() { path.join(file).display().to_string() } else { path.display().to_string() };
            all.push(Source { name, text });
        }
    }
    Ok(all)
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn git(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    // What a repository configures must not run here: no pager, no hooks, no file system monitor.
    command.arg("-C").arg(folder).args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
    command.args(args).stdin(Stdio::null());
    command
}

fn asked(folder: &Path, args: &[&str]) -> Result<Vec<u8>, Failure> {
    let out = git(folder, args).output().map_err(|e| {
        Failure::unreachable("git cannot be run", "install git, or leave --base out").because_of(e.to_string())
    })?;
    if out.status.success() {
        return Ok(out.stdout);
    }
    let why = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    Err(Failure::unreachable(format!("{}: git says no", folder.display()), "git log --oneline").because_of(inert(&why)))
}

/// The commit that a revision names: a fixed name, that nothing can take for an option.
fn commit(folder: &Path, revision: &str) -> Result<String, Failure> {
    let named = format!("{revision}^{{commit}}");
    let found = asked(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &named]);
    let found = found.map_err(|failure| {
        let what = format!("--base {}: no such revision in {}", inert(revision), folder.display());
        let help = "name a commit, a tag or a branch that was fetched: git fetch origin main";
        failure.replaced(what, help)
    })?;
    Ok(String::from_utf8_lossy(&found).trim().to_owned())
}

/// The files below a folder, by names relative to it.
fn listed(folder: &Path, commit: &str, pattern: &str) -> Result<Vec<String>, Failure> {
    let out = asked(folder, &["ls-tree", "-r", "-z", "--name-only", commit, "--", pattern])?;
    let text = String::from_utf8_lossy(&out);
    Ok(text.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The contents of all of them, from one process.
fn contents(folder: &Path, commit: &str, names: &[String]) -> Result<Vec<String>, Failure> {
    let broken = |why: String| Failure::unreachable("git's answer cannot be read", "git fsck").because_of(why);
    let mut command = git(folder, &["cat-file", "--batch"]);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = spawned.map_err(|e| broken(e.to_string()))?;
    let questions: String = names.iter().map(|name| format!("{commit}:./{name}\n")).collect();
    let mut stdin = child.stdin.take().ok_or_else(|| broken("no pipe".to_owned()))?;
    // Git answers while it is asked: whoever only wrote would wait for it, and it for its reader.
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let out = child.wait_with_output().map_err(|e| broken(e.to_string()))?;
    writer.join().map_err(|_| broken("the pipe broke".to_owned()))?.map_err(|e| broken(e.to_string()))?;
    let mut rest = out.stdout.as_slice();
    let mut all = Vec::new();
    for name in names {
        let end = rest.iter().position(|b| *b == b'\n').ok_or_else(|| broken(format!("{name}: no answer")))?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = head.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok());
        let size = size.filter(|n| *n as u64 <= MOST_BYTES).ok_or_else(|| broken(format!("{name}: {head}")))?;
        let body = rest.get(end + 1..end + 1 + size).ok_or_else(|| broken(format!("{name}: cut off")))?;
        all.push(String::from_utf8(body.to_vec()).map_err(|_| broken(format!("{name}: is no text")))?);
        rest = rest.get(end + 2 + size..).unwrap_or_default();
    }
    Ok(all)
}
