//! Uninstallation, on real control planes: whatever rollcall did, nothing of it is left.
//!
//! Nothing here trusts what the command says of itself: the API server is asked for every object of every kind.

mod holding;
mod traces;

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::operator::binary;
use crate::support::{Done, Installed};

/// The command as an administrator runs it.
fn rollcall(installed: &Installed, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).arg("--kubeconfig").arg(installed.admin.kubeconfig_path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs the command to its end: whether it ended well, and all that it printed.
async fn run(installed: &Installed, args: &[&str]) -> Done<(bool, String)> {
    let out = rollcall(installed, args).output().await?;
    let text = [out.stdout, out.stderr].concat();
    Ok((out.status.success(), String::from_utf8(text)?))
}

/// Kills the command as soon as it has printed a line with this word.
async fn interrupted(installed: &Installed, args: &[&str], word: &str) -> Done<String> {
    let mut child = rollcall(installed, args).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut seen = String::new();
    while let Some(line) = lines.next_line().await? {
        seen += &format!("{line}\n");
        if line.contains(word) {
            child.kill().await?;
            return Ok(seen);
        }
    }
    Err(format!("it never said {word:?}: {seen}").into())
}

/// Uninstalls in one go, and looks.
pub async fn leaves_nothing_behind(installed: &Installed) -> Done {
    let (well, told) = run(installed, &["uninstall", "--yes"]).await?;
    assert!(well, "{told}");
    traces::none(installed).await
}
