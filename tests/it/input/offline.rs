//! `rollcall plan` says of the same input what the API server says, and of what the API server cannot see.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{Case, object, rejects, releases, teams, windows, with};
use crate::support::Done;

/// Runs the binary under test. Its exit code, and what it says.
pub fn plan(args: &[&str]) -> Done<(i32, Value)> {
    let out = Command::new(env!("CARGO_BIN_EXE_rollcall")).args(["plan", "-o", "json"]).args(args).output()?;
    let said =
        serde_json::from_slice(&out.stdout).map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&out.stderr)))?;
    Ok((out.status.code().unwrap_or(-1), said))
}

/// A folder of its own, removed with this value.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Done<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::remove_dir_all(&path).or_else(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(e),
        })?;
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over lies in cargo's own folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every case in a file and a namespace of its own, so that none meets another.
fn judged(name: &str, cases: &[Case]) -> Done<Vec<String>> {
    let folder = Folder::new(name)?;
    for (n, case) in cases.iter().enumerate() {
        let own = with(case.manifest.clone(), &[("/metadata/namespace", json!(format!("case-{n}")))]);
        // YAML has no C1 characters but escaped ones.
        let text = own.to_string().replace('\u{9b}', "\\u009b");
        std::fs::write(folder.0.join(format!("{n}.json")), text)?;
    }
    let (_, said) = plan(&["-f", &folder.0.display().to_string()])?;
    let faults = said["faults"].as_array().cloned().unwrap_or_default();
    let of = |n: usize| -> Vec<&Value> {
        let file = format!("/{n}.json");
        let own = |f: &&Value| f["file"].as_str().is_some_and(|name| name.ends_with(&file));
        faults.iter().filter(own).collect()
    };
    let wrong = cases.iter().enumerate().filter_map(|(n, case)| {
        let found = of(n);
        let fine = match case.wrong {
            None => found.is_empty(),
            Some(path) => found.iter().any(|f| f["path"].as_str().is_some_and(|p| p.starts_with(path))),
        };
        (!fine).then(|| format!("{}: wrong at {:?}, and found {found:?}", case.says, case.wrong))
    });
    Ok(wrong.collect())
}

#[test]
fn the_same_input_is_judged_the_same_without_a_cluster() -> Done {
    let mut cases = windows::good();
    cases.extend(windows::bad());
    cases.extend(teams::good());
    cases.extend(teams::bad());
    cases.extend(releases::good());
    cases.extend(releases::bad());
    let wrong = judged("same", &cases)?;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn what_the_api_server_cannot_see_is_refused_before_it_is_applied() -> Done {
    let cases = unseen();
    let wrong = judged("unseen", &cases)?;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    Ok(())
}

/// What passes the API server, because a rule would cost too much or cannot be written.
#[rustfmt::skip]
pub fn unseen() -> Vec<Case> {
    let circle = json!([
        {"name": "a", "wait": "1m", "dependsOn": ["c"]},
        {"name": "b", "wait": "1m", "dependsOn": ["a"]},
        {"name": "c", "wait": "1m", "dependsOn": ["b"]}]);
    let entry = |form: Value| object("DeploymentWindow", "one", json!({"type": "Allow", "timeZone": "UTC", "schedule": [form]}));
    let rrule = |rule: &str| entry(json!({"name": "one", "rrule": {"start": "2027-01-05T09:00:00", "rule": rule, "duration": "2h"}}));
    let cron = |expression: &str| entry(json!({"name": "one", "cron": {"expression": expression, "duration": "2h"}}));
    vec![
        rejects("a circle", with(releases::release(), &[("/spec/steps", circle)]), "spec.steps"),
        rejects("a rule of no frequency", rrule("BYDAY=TU;COUNT=3"), "spec.schedule[0].rrule.rule"),
        rejects("a rule faster than daily", rrule("FREQ=HOURLY"), "spec.schedule[0].rrule.rule"),
        rejects("a rule with a day that does not exist", rrule("FREQ=WEEKLY;BYDAY=XX"), "spec.schedule[0].rrule.rule"),
        rejects("a rule with both ends", rrule("FREQ=DAILY;COUNT=3;UNTIL=20270201T000000Z"), "spec.schedule[0].rrule.rule"),
        rejects("minute 60", cron("60 2 * * 6"), "spec.schedule[0].cron.expression"),
        rejects("month 13", cron("0 2 1 13 *"), "spec.schedule[0].cron.expression"),
        rejects("an opening longer than 400 days", entry(json!({"name": "one", "cron": {"expression": "0 2 1 1 *", "duration": "500d"}})), "spec.schedule[0].cron.duration"),
        rejects("the 30th of February", entry(json!({"name": "one", "dates": {"from": "2027-02-30T09:00:00", "until": "2027-03-01T09:00:00"}})), "spec.schedule[0].dates.from"),
        rejects("an exception on a day that does not exist", with(windows::window(), &[("/spec/exceptions/0/date", json!("2027-02-29"))]), "spec.exceptions[0].date"),
        rejects("a zone that only this program's data must know", with(windows::window(), &[("/spec/timeZone", json!("Mars/Olympus"))]), "spec.timeZone"),
    ]
}
