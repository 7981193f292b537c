//! One program of the control plane: started under a watchdog, stopped, killed, started again.
//!
//! The watchdog is a few lines of `sh` that hold the read end of a pipe whose write end this
//! process owns. A line on the pipe names a signal for the program; the end of the pipe, which
//! comes however this process ends (return, panic, `exit`, `kill -9`), means SIGKILL. So nothing
//! outlives its owner, and no process id is ever signalled by a party that could hold a stale one.
//!
//! This module never looks at what a program does; readiness is the business of [`crate::wait`].

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Attempt, Error};

/// `$1` is the log, the rest is the program. The program gets neither the pipe nor a stdin.
const WATCHDOG: &str = r#"
log=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- >>"$log" 2>&1 &
program=$!
(
    while read -r signal <&3; do kill -s "$signal" "$program"; done
    kill -s KILL "$program"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
echo "$program"
wait "$program"; status=$?
kill -s KILL "$watcher"
wait "$watcher" 2>/dev/null
exit "$status"
"#;

/// How much garbage a program gathers, in percent of what it uses, before it is collected. Go's own 100 is for servers
/// that share their memory; here a few planes live for a minute each, and cores are what is scarce.
const COLLECT_AT_PERCENT: &str = "400";

/// How many bytes of a log an error shows at most.
const TAIL_BYTES: u64 = 6000;
/// How many lines of a log an error shows at most.
const TAIL_LINES: usize = 25;

/// A program with its arguments, and its process while it runs.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    executable: PathBuf,
    args: Vec<String>,
    log: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    ended: Option<ExitStatus>,
}

#[derive(Debug)]
struct Running {
    watchdog: Child,
    lifeline: ChildStdin,
    pid: u32,
}

impl Program {
    pub(crate) fn new(name: &'static str, executable: PathBuf, args: Vec<String>, log: PathBuf) -> Self {
        Program { name, executable, args, log, state: Mutex::default() }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Starts the program unless it runs already. Its log is appended to.
    pub(crate) fn start(&self) -> Result<(), Error> {
        let mut state = self.state();
        state.reap();
        if state.running.is_some() {
            return Ok(());
        }
        let what = || format!("starting {}", self.name);
        open_log(&self.log).attempt(what())?;
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&self.log)
            .arg(&self.executable)
            .args(&self.args)
            .env("GOGC", COLLECT_AT_PERCENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Its own group: a ctrl-c at the terminal reaches only the owner, which then stops
            // the programs in order.
            .process_group(0)
            .spawn()
            .attempt(what())?;
        let (Some(lifeline), Some(stdout)) = (watchdog.stdin.take(), watchdog.stdout.take()) else {
            return Err(Error::Invalid(format!("{}: its watchdog has no pipes", self.name)));
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).attempt(what())?;
        let pid = line
            .trim()
            .parse()
            .map_err(|_| Error::Invalid(format!("{}: its watchdog named no process: {line:?}", self.name)))?;
        state.ended = None;
        state.running = Some(Running { watchdog, lifeline, pid });
        Ok(())
    }

    /// Sends a signal by its name ("TERM", "KILL", "STOP", "CONT"); nothing if it is not running.
    pub(crate) fn signal(&self, signal: &str) {
        if let Some(running) = &mut self.state().running {
            // A watchdog that is gone took its program along: there is nobody left to signal.
            let _ = writeln!(running.lifeline, "{signal}");
        }
    }

    /// The process id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let mut state = self.state();
        state.reap();
        state.running.as_ref().map(|running| running.pid)
    }

    /// The error that tells how it ended, if it did so by itself.
    pub(crate) fn ended(&self) -> Option<Error> {
        let mut state = self.state();
        state.reap();
        let status = state.ended.filter(|_| state.running.is_none())?;
        Some(Error::Exited {
            program: self.name.to_owned(),
            status: status.to_string(),
            log: self.log.clone(),
            tail: self.tail(),
        })
    }

    /// Waits until it has ended; whether it did within the limit. Blocks the thread.
    pub(crate) fn wait_ended(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.pid().is_some() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Kills it at once by closing the lifeline, and waits for the end. Blocks the thread shortly.
    /// It then counts as ended on purpose, also if it was gone already.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        state.ended = None;
        if let Some(Running { mut watchdog, lifeline, .. }) = state.running.take() {
            drop(lifeline);
            // An error would mean that somebody else reaped it: gone all the same.
            let _ = watchdog.wait();
        }
    }

    /// The last lines of its log.
    pub(crate) fn tail(&self) -> String {
        tail(&self.log).unwrap_or_else(|error| format!("(its log cannot be read: {error})"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

impl State {
    fn reap(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Ok(Some(status)) = running.watchdog.try_wait() {
            self.ended = Some(status);
            self.running = None;
        }
    }
}

fn open_log(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;

    /// A script run as a program, and the folder of its log.
    fn run(script: &str) -> Result<(Home, Program), Error> {
        let home = Home::create()?;
        let log = home.path().join("log");
        let args = vec!["-c".to_owned(), script.to_owned()];
        let program = Program::new("script", "/bin/sh".into(), args, log);
        program.start()?;
        Ok((home, program))
    }

    #[test]
    fn the_end_of_a_program_is_told_with_its_status_and_its_last_lines() -> Result<(), Error> {
        let (_home, program) = run("echo bind: address already in use; exit 3")?;
        assert!(program.wait_ended(Duration::from_secs(60)));
        let error = program.ended().ok_or(Error::Invalid("it has not ended".to_owned()))?;
        assert!(error.is_port_clash());
        let text = error.to_string();
        assert!(text.contains("exit status: 3") && text.contains("in use"), "{text}");
        Ok(())
    }

    #[test]
    fn a_program_that_ignores_sigterm_is_killed() -> Result<(), Error> {
        let (_home, program) = run("trap '' TERM; echo ready; while :; do sleep 0.1; done")?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while !program.tail().contains("ready") && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        program.signal("TERM");
        assert!(!program.wait_ended(Duration::from_millis(300)));
        program.kill();
        assert_eq!(program.pid(), None);
        assert!(program.ended().is_none(), "it was killed on purpose");
        Ok(())
    }
}
