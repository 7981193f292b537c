//! `rollcall wait`: for pipelines, until a release is where it should be.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use chrono::TimeDelta;

use super::asked::{Place, duration};
use super::cluster::{Changes, Cluster, RefusalKind, read};
use super::screen::Screen;
use super::screen::text::{cut, inert};
use super::screen::when::span;
use super::{Failure, answer, completion, invoked_as};
use crate::cluster::objects::Release;
use crate::cluster::writes::RELEASES;
use crate::domain::ObjectName;
use crate::domain::scheduling::{CODES, Gate};

/// Wait until a release is ready, has started, or has finished. It says what it waits for.
///
/// Exit codes: 0 it is so, 1 it cannot become so any more (it failed, or ended otherwise), 3 not found or
/// unreachable, 4 forbidden, 5 not within --timeout.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  rollcall wait checkout-2 -n releases --for finished --timeout 2h")]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// ready (only time keeps it), started, finished, or condition=NAME[=STATUS] as for kubectl wait.
    #[arg(long = "for", value_name = "WHAT", value_parser = goal, default_value = "finished")]
    goal: Goal,
    /// How long to wait at most.
    #[arg(long, value_name = "DURATION", value_parser = duration("90s, 30m or 2h"), default_value = "30m")]
    timeout: TimeDelta,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Goal {
    Ready,
    Started,
    Finished,
    Condition { name: String, status: String },
}

fn goal(text: &str) -> Result<Goal, String> {
    Ok(match text {
        "ready" => Goal::Ready,
        "started" => Goal::Started,
        "finished" => Goal::Finished,
        other => {
            let rest = other.strip_prefix("condition=").filter(|rest| !rest.is_empty());
            let rest = rest.ok_or("choose ready, started, finished, or condition=NAME[=STATUS]")?;
            let (name, status) = rest.split_once('=').unwrap_or((rest, "True"));
            Goal::Condition { name: name.to_owned(), status: status.to_owned() }
        }
    })
}

/// Where a release stands against what is waited for.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// It is so.
    Reached(String),
    /// It cannot become so.
    Never(String),
    /// Not yet, for this reason.
    Waits(String),
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.place.reach().await?;
    let name = cluster.named(&args.release);
    // The first answer must come: a wrong name or a cluster that is not there is nothing to wait for.
    let mut release = Release::clone(&*read::release(&cluster, &name).await?);
    let mut limit = std::pin::pin!(tokio::time::sleep(args.timeout.to_std().unwrap_or_default()));
    let mut changes = Changes::of(&cluster, &name);
    let mut line = Line::new(screen);
    loop {
        let waits = match standing(&release, &args.goal) {
            Standing::Reached(said) => {
                line.end();
                return answer(&format!("{}: {}\n", inert(&name.to_string()), inert(&said)));
            }
            Standing::Never(why) => {
                line.end();
                return Err(Failure::no(format!("{name}: {why}"), format!("{} why {name}", invoked_as())));
            }
            Standing::Waits(why) => why,
        };
        line.says(&waits);
        tokio::select! {
            biased;
            () = &mut limit => {
                line.end();
                let what = format!("{name}: not within {}; it waits: {waits}", span(args.timeout));
                return Err(Failure::timed_out(what, format!("{} why {name}", invoked_as())));
            }
            () = changes.next(None) => {}
        }
        if let Some(newer) = again(&cluster, &name, &mut changes, &mut line).await? {
            release = newer;
        }
    }
}

/// The release as it is now; `None`, and it is said, if there is no answer just now.
async fn again(
    cluster: &Cluster,
    name: &ObjectName,
    changes: &mut Changes,
    line: &mut Line,
) -> Result<Option<Release>, Failure> {
    match cluster.api.get(RELEASES, &name.namespace, &name.name).await {
        Ok(Some(found)) => {
            changes.answered();
            line.back();
            Ok(read::as_release(&found).ok())
        }
        Ok(None) => Err(Failure::no(format!("{name} was deleted while it was waited for"), "kubectl get crel -A")),
        Err(refusal) if refusal.kind == RefusalKind::Unreachable => {
            changes.unanswered();
            line.lost(&refusal.message);
            Ok(None)
        }
        Err(refusal) => Err(refusal.told(&cluster.api)),
    }
}

fn standing(release: &Release, goal: &Goal) -> Standing {
    let status = &release.status;
    let condition = |name: &str| status.conditions.iter().find(|c| c.type_ == name);
    let seen = status.observed_generation.unwrap_or(-1) >= release.meta.generation;
    let reason = condition("Ready").map(|c| c.reason.clone()).unwrap_or_default();
    let progress = status.progress.clone().unwrap_or_default();
    let first = status.blockers.first();
    let waits = match first {
        _ if !seen => "the operator has not looked at this version yet".to_owned(),
        Some(first) => format!("{progress} {} {}, by {}", first.code, first.message, first.owner).trim().to_owned(),
        None => format!("{progress} {reason}").trim().to_owned(),
    };
    let finished = read::over(release);
    let failed = seen && reason == "RolloutFailed";
    match goal {
        Goal::Condition { name, status } => match condition(name).filter(|_| seen) {
            Some(found) if found.status == *status => Standing::Reached(format!("{name}={status}: {}", found.reason)),
            _ if finished => Standing::Never(format!("it has ended, and {name} is not {status}")),
            _ => Standing::Waits(waits),
        },
        // Whoever waits goes on with the release then: one that went back or was cancelled is nothing to go on with,
        // however far it had come.
        _ if finished && reason == "Completed" => Standing::Reached(format!("finished, {progress} steps done")),
        _ if finished => Standing::Never(format!("it has ended: {reason}")),
        Goal::Started if status.started_at.is_some() => Standing::Reached("started".to_owned()),
        Goal::Ready if seen && only_time(release) => Standing::Reached("ready: only time keeps it".to_owned()),
        _ if failed => Standing::Never(format!("it has failed: {waits}")),
        _ => Standing::Waits(waits),
    }
}

/// Whether nothing but time and its own order keeps a release.
fn only_time(release: &Release) -> bool {
    let gate = |code: &str| CODES.iter().find(|(known, ..)| known.to_string() == code).map(|(_, gate, _)| *gate);
    release.status.blockers_left_out.is_none()
        && release.status.digest.is_some()
        && release.status.blockers.iter().all(|b| matches!(gate(&b.code), Some(Gate::Window | Gate::Order)))
}

/// What is waited for: one line drawn over itself on a terminal, else a line each time it changes.
struct Line {
    screen: Screen,
    live: bool,
    said: String,
    lost: bool,
}

impl Line {
    fn new(screen: Screen) -> Self {
        Self { screen, live: std::io::stderr().is_terminal(), said: String::new(), lost: false }
    }

    /// Why it waits, as far as that is known just now.
    fn says(&mut self, why: &str) {
        if !self.lost {
            self.draws(format!("waiting: {}", inert(why)));
        }
    }

    fn lost(&mut self, why: &str) {
        if !std::mem::replace(&mut self.lost, true) {
            self.draws(format!("connection lost, trying again: {}", inert(why)));
        }
    }

    fn back(&mut self) {
        if std::mem::replace(&mut self.lost, false) && !self.live {
            self.draws("connected again".to_owned());
        }
    }

    fn draws(&mut self, text: String) {
        if text == self.said {
            return;
        }
        let mut err = std::io::stderr().lock();
        // Nothing depends on whether somebody reads it.
        let _ = if self.live {
            let room = terminal_size::terminal_size().map_or(80, |(w, _)| usize::from(w.0)).saturating_sub(1);
            write!(err, "\r\u{1b}[K{}", self.screen.faint(&cut(&text, room)))
        } else {
            writeln!(err, "{text}")
        };
        let _ = err.flush();
        self.said = text;
    }

    fn end(&self) {
        if self.live && !self.said.is_empty() {
            eprint!("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn release(status: serde_json::Value) -> Release {
        let object = json!({"metadata": {"name": "r", "namespace": "n", "generation": 2}, "spec":
            {"participants": [], "steps": []}, "status": status});
        read::as_release(&object).expect("a release")
    }

    #[test]
    fn what_is_waited_for_is_reached_or_can_never_be_or_says_why_not() {
        let ready = |reason: &str| {
            json!([{"type": "Ready", "status": "False", "reason": reason, "message": "",
            "lastTransitionTime": "2027-01-12T08:00:00Z"}])
        };
        let blocker = |code: &str| json!([{"code": code, "owner": "o", "message": "m", "remedy": "r"}]);
        let seen = |mut status: serde_json::Value| {
            status["observedGeneration"] = 2.into();
            release(status)
        };
        let window =
            seen(json!({"digest": "sha256:0", "blockers": blocker("RC032"), "conditions": ready("WaitingForWindow")}));
        assert!(matches!(standing(&window, &Goal::Ready), Standing::Reached(_)));
        assert!(matches!(standing(&window, &Goal::Started), Standing::Waits(_)));
        let unsigned = seen(json!({"digest": "sha256:0", "blockers": blocker("RC051"), "progress": "0/2"}));
        assert_eq!(standing(&unsigned, &Goal::Ready), Standing::Waits("0/2 RC051 m, by o".into()));
        let failed = seen(json!({"conditions": ready("RolloutFailed"), "startedAt": "2027-01-12T08:00:00Z"}));
        assert!(matches!(standing(&failed, &Goal::Finished), Standing::Never(_)));
        assert!(matches!(standing(&failed, &Goal::Started), Standing::Reached(_)));
        let back = seen(json!({"finished": true, "conditions": ready("RolledBack")}));
        assert_eq!(standing(&back, &Goal::Finished), Standing::Never("it has ended: RolledBack".into()));
        let done = seen(json!({"finished": true, "progress": "2/2", "conditions": ready("Completed")}));
        assert!(matches!(standing(&done, &Goal::Finished), Standing::Reached(_)));
        for reason in ["RolledBack", "Cancelled"] {
            let ended = seen(json!({"finished": true, "digest": "sha256:0", "conditions": ready(reason),
                "startedAt": "2027-01-12T08:00:00Z"}));
            for goal in [Goal::Ready, Goal::Started, Goal::Finished] {
                assert_eq!(standing(&ended, &goal), Standing::Never(format!("it has ended: {reason}")), "{goal:?}");
            }
        }
        assert!(matches!(standing(&done, &Goal::Ready), Standing::Reached(_)), "whatever it was ready for is done");
        assert!(matches!(standing(&done, &Goal::Started), Standing::Reached(_)));
        let stale = release(json!({"observedGeneration": 1, "digest": "sha256:0", "conditions": ready("Completed")}));
        assert!(matches!(standing(&stale, &Goal::Ready), Standing::Waits(_)), "an old answer is none");
        let failed = Goal::Condition { name: "Ready".into(), status: "False".into() };
        assert_eq!(goal("condition=Ready=False"), Ok(failed.clone()));
        assert!(matches!(standing(&window, &failed), Standing::Reached(_)));
        goal("never").expect_err("no such goal");
    }
}
