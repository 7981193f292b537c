//! Sessions: commands as somebody types them, and everything that comes back.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Known, Server};
use crate::support::Done;

/// After so long without a word a command hangs.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// What others change, once this text was said; of a text with `…` in it the parts must come one after the other.
pub type Change<'a> = (&'a str, &'a dyn Fn(&mut Known));

/// A person at a machine, with a cluster.
pub struct Session {
    pub server: Server,
    folder: PathBuf,
    said: String,
}

impl Session {
    pub fn with(known: Known) -> Done<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("session-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let server = Server::start(known)?;
        std::fs::write(folder.join("config"), server.kubeconfig())?;
        Ok(Self { server, folder, said: String::new() })
    }

    /// The command, in an environment that is the same on every machine.
    pub fn command(&self, name: &str, args: &[&str]) -> Done<Command> {
        let program = self.folder.join(name);
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollcall"), &program)?;
        }
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("KUBECONFIG", self.folder.join("config"))
            .env("TZ", "Europe/Berlin")
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm")
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        Ok(command)
    }

    /// Runs it without a terminal, and notes what came back. Returns that.
    pub fn run(&mut self, args: &[&str]) -> Done<String> {
        let out = self.command("rollcall", args)?.stdin(Stdio::null()).output()?;
        let out_text = String::from_utf8_lossy(&out.stdout).into_owned();
        let err_text = String::from_utf8_lossy(&out.stderr).into_owned();
        let code = out.status.code().unwrap_or(-1);
        Ok(self.note(args, &format!("{out_text}{err_text}"), code))
    }

    /// Runs it without a terminal while others change something: each change is made once the text before it is said.
    pub fn meanwhile(&mut self, args: &[&str], changes: &[Change<'_>]) -> Done<String> {
        let (reader, writer) = std::io::pipe()?;
        let mut command = self.command("rollcall", args)?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        self.followed(command, args, reader, changes)
    }

    /// The same at a terminal.
    pub fn meanwhile_at_terminal(&mut self, args: &[&str], changes: &[Change<'_>]) -> Done<String> {
        let (ours, theirs) = terminal()?;
        let mut command = self.command("rollcall", args)?;
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
        self.followed(command, args, ours, changes)
    }

    fn followed(
        &mut self,
        mut command: Command,
        args: &[&str],
        mut from: impl Read + Send + 'static,
        changes: &[Change<'_>],
    ) -> Done<String> {
        let mut child = command.spawn()?;
        // With it goes the last end but the child's own.
        drop(command);
        let (sender, chunks) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n) = from.read(&mut chunk) {
                if n == 0 || sender.send(chunk[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let (mut said, mut judged, mut left) = (Vec::new(), 0, changes.iter());
        let mut next = left.next();
        loop {
            let text = String::from_utf8_lossy(&said[judged..]).into_owned();
            if let Some((_, change)) = next.filter(|(words, _)| says(&text, words)) {
                judged = said.len();
                change(&mut self.server.known.lock().expect("no panic"));
                next = left.next();
                continue;
            }
            match chunks.recv_timeout(LIMIT) {
                Ok(chunk) => said.extend(chunk),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    return Err(format!("nothing more was said: {}", String::from_utf8_lossy(&said)).into());
                }
            }
        }
        let code = child.wait()?.code().unwrap_or(-1);
        let said = String::from_utf8_lossy(&said).replace("\r\n", "\n").replace('\u{1b}', "␛");
        if let Some((words, _)) = next {
            return Err(format!("{words} was never said: {said}").into());
        }
        Ok(self.note(args, &said, code))
    }

    /// Runs it at a terminal of 100 columns, where somebody types `answers`.
    pub fn at_terminal(&mut self, args: &[&str], answers: &str) -> Done<String> {
        let (mut ours, theirs) = terminal()?;
        let mut child = self
            .command("rollcall", args)?
            .stdin(Stdio::from(theirs.try_clone()?))
            .stdout(Stdio::from(theirs.try_clone()?))
            .stderr(Stdio::from(theirs))
            .spawn()?;
        ours.write_all(answers.as_bytes())?;
        let mut said = Vec::new();
        let mut chunk = [0; 4096];
        // At its end a terminal answers with an error, not with nothing.
        while let Ok(n) = ours.read(&mut chunk) {
            if n == 0 {
                break;
            }
            said.extend_from_slice(&chunk[..n]);
        }
        let code = child.wait()?.code().unwrap_or(-1);
        let said = String::from_utf8_lossy(&said).replace("\r\n", "\n").replace('\u{1b}', "␛");
        Ok(self.note(args, &said, code))
    }

    fn note(&mut self, args: &[&str], said: &str, code: i32) -> String {
        let quoted: Vec<String> =
            args.iter().map(|a| if a.contains([' ', '{']) { format!("'{a}'") } else { (*a).to_owned() }).collect();
        let said = said.replace(&self.server.address.to_string(), "127.0.0.1:6443");
        let said = said.replace(&self.folder.display().to_string(), "~ana");
        // How far this machine's clock is from the server's, which stands still, nobody can know.
        let said = said.lines().map(|line| match line.split_once("clock is ") {
            Some((before, after)) if after.ends_with("away from the API server's") => {
                format!("{before}clock is SOME TIME away from the API server's\n")
            }
            _ => format!("{line}\n"),
        });
        let said: String = said.collect();
        let text = format!("$ rollcall {}\n{said}[exit {code}]\n\n", quoted.join(" "));
        self.said.push_str(&text);
        said
    }

    /// Compares all of it with the transcript of this name.
    pub fn is_told_in(&self, name: &str) -> Done {
        super::story(name, &self.said)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn says(text: &str, words: &str) -> bool {
    words.split('…').try_fold(text, |rest, part| rest.split_once(part).map(|(_, after)| after)).is_some()
}

/// Both ends of a terminal.
pub fn terminal() -> Done<(File, OwnedFd)> {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
    let size = rustix::termios::Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&theirs, size)?;
    Ok((File::from(ours), theirs))
}
