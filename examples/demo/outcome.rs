//! How it ended, and what was proven.

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use crate::Story;
use crate::screen::{Paint, Screen};
use crate::stage::Stage;
use crate::story::RELEASE;
use crate::support::judge::judge;
use crate::support::recorder::Version;
use crate::support::{Done, condition_of, undone};

/// How the release should end, what to say if it does, and what to say if not.
fn expected(story: Story) -> [&'static str; 3] {
    match story {
        Story::Ship => [
            "Completed",
            "The release completed, in the right order.",
            "The release did not complete in the right order.",
        ],
        Story::Rollback => [
            "RolledBack",
            "The release failed and was rolled back, in the right order.",
            "The release was not rolled back in the right order.",
        ],
    }
}

/// Tells the outcome. Whether everything happened, and in the right order.
pub async fn tell(stage: &Stage, story: Story, history: &[Version], screen: &mut Screen) -> Done<bool> {
    let found = stage.installed.get("coordinatedrelease", "releases", RELEASE);
    let release = found.await?.unwrap_or_default();
    let reason = condition_of(&release, "Ready").map(|c| c["reason"].clone());
    let [wanted, well, ill] = expected(story);
    let style = screen.style();
    screen.print("");
    for line in steps(&release["status"]["steps"]) {
        screen.print(&style.clean(&line));
    }
    screen.print("");
    let (yes, no) = if style.unicode { ("✔", "✖") } else { ("+", "x") };
    let judged = match story {
        Story::Ship => judge(history, "2"),
        Story::Rollback => undone::judge(history, ("2", "1"), &[("web", "api"), ("admin", "api")]),
    };
    let right = reason == Some(wanted.into()) && judged.is_ok();
    match judged {
        Ok(proven) => {
            let versions = history.len();
            screen.print(&format!("  A recorder that knows nothing of rollcall saw {versions} versions of pods, workloads and the release:"));
            for fact in proven {
                screen.print(&format!("  {} {fact}", style.paint(Paint::Green, yes)));
            }
        }
        Err(wrong) => {
            let wrong = style.clean(&wrong);
            screen.print(&format!("  {} {wrong}", style.paint(Paint::Red, no)));
        }
    }
    screen.print("");
    let verdict = if right { style.paint(Paint::Green, well) } else { style.paint(Paint::Red, ill) };
    screen.print(&format!("  {verdict}"));
    Ok(right)
}

/// When each step was let go, was done, and was sent back if it was, by the API server's clock.
fn steps(steps: &Value) -> Vec<String> {
    let mut lines = vec![format!("  {:<10}{:<11}{:<11}{:<11}{}", "STEP", "LET GO", "DONE", "BACK AT", "TOOK")];
    for step in steps.as_array().into_iter().flatten() {
        let granted = instant(&step["grant"]["at"]).or_else(|| instant(&step["startedAt"]));
        let back = instant(&step["rolledBackAt"]);
        // What was sent back before it was done never was.
        let done = instant(&step["finishedAt"]).filter(|done| back.is_none_or(|back| *done < back));
        let took = granted.zip(done).map(|(from, to)| format!("{} s", (to - from).num_seconds()));
        let clock =
            |at: Option<DateTime<FixedOffset>>| at.map(|t| t.format("%H:%M:%SZ").to_string()).unwrap_or("-".to_owned());
        lines.push(format!(
            "  {:<10}{:<11}{:<11}{:<11}{}",
            step["name"].as_str().unwrap_or_default(),
            clock(granted),
            clock(done),
            clock(back),
            took.unwrap_or("-".to_owned())
        ));
    }
    lines
}

fn instant(value: &Value) -> Option<DateTime<FixedOffset>> {
    value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok())
}
