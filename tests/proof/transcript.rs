//! What was done, decided and said in a story, for people: a line for each thing that changed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::seen;
use crate::sim::{OPERATOR, Sim};
use crate::story::day;

/// Lines, each with the revision of the store after which it belongs.
#[derive(Default)]
pub struct Told {
    lines: Vec<(u64, DateTime<Utc>, String)>,
    /// Digests in the order in which they appear: their hexadecimal digits are nobody's business.
    digests: Vec<String>,
    pub codes: BTreeSet<String>,
    /// What was told last of a workload that runs: only another content is news.
    running: BTreeMap<String, String>,
}

impl Told {
    /// Somebody does something.
    pub fn line(&mut self, sim: &Sim, text: &str) {
        self.lines.push((sim.server.revision(), sim.now(), text.to_owned()));
    }

    /// What came of it at once, that no object shows.
    pub fn also(&mut self, sim: &Sim, text: &str) {
        self.lines.push((sim.server.revision(), sim.now(), format!("    {text}")));
    }

    /// What somebody did last.
    pub fn last(&self) -> &str {
        self.lines.last().map_or("", |(_, _, text)| text)
    }

    /// Reads off the history what came of all that.
    pub fn commits(&mut self, sim: &Sim) {
        let mut told = Vec::new();
        for commit in sim.server.history(0) {
            let at = DateTime::<Utc>::from_timestamp_nanos(commit.at.as_nanosecond() as i64);
            let null = Value::Null;
            let old = commit.old.as_ref().map_or(&null, |o| &o.value);
            let new = commit.new.as_ref().map_or(&null, |o| &o.value);
            for text in self.changes(&commit.kind.kind, &commit.user, old, new) {
                told.push((commit.revision, at, format!("    {text}")));
            }
        }
        // What somebody does stands before what it leads to: it was noted at the revision before its own.
        self.lines.extend(told);
        self.lines.sort_by_key(|(revision, at, text)| (*at, text.starts_with("    "), *revision));
    }

    fn changes(&mut self, kind: &str, user: &str, old: &Value, new: &Value) -> Vec<String> {
        match kind {
            "CoordinatedRelease" if user == OPERATOR => self.release(old, new),
            "TeamReadiness" if user == OPERATOR => seen::team(old, new),
            "DeploymentWindow" if user == OPERATOR => seen::window(old, new),
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" => {
                let mut said = seen::workload(kind, user, old, new);
                said.retain(|line| self.is_news(line));
                said
            }
            "Lease" => seen::lease(old, new),
            _ => Vec::new(),
        }
    }

    fn is_news(&mut self, line: &str) -> bool {
        match line.split_once(" runs ") {
            Some((workload, content)) => {
                self.running.insert(workload.to_owned(), content.to_owned()).as_deref() != Some(content)
            }
            None => true,
        }
    }

    fn release(&mut self, old: &Value, new: &Value) -> Vec<String> {
        let name = text(&new["metadata"]["name"]);
        let mut said = Vec::new();
        if let (Some(cause), Value::Null) = (new["status"]["rollback"]["cause"].as_str(), &old["status"]["rollback"]) {
            said.push(format!("{name} goes back: {}", self.masked(cause)));
        }
        for step in items(&new["status"]["steps"]) {
            let before = items(&old["status"]["steps"]).find(|s| s["name"] == step["name"]);
            let (label, state) = (text(&step["name"]), text(&step["state"]));
            if step["grant"].is_object() && before.is_none_or(|b| b["grant"] != step["grant"]) {
                let digest = self.numbered(text(&step["grant"]["digest"]));
                let whose = step["grant"]["overridden"].as_str().map_or_else(String::new, |o| format!(", {o}"));
                said.push(format!("{name} step {label} is granted for {digest}{whose}"));
            } else if before.is_none_or(|b| b["state"] != step["state"]) {
                said.push(format!("{name} step {label} is {state}"));
            }
        }
        let (was, is) = (blockers(old), blockers(new));
        self.codes.extend(items(&new["status"]["blockers"]).map(|b| text(&b["code"]).to_owned()));
        let fresh = is.iter().filter(|b| !was.contains(b));
        said.extend(fresh.map(|b| self.masked(&format!("{name}{} waits for {}", b.step, b.said))));
        let over = was.iter().filter(|b| !is.iter().any(|i| i.same(b)));
        said.extend(over.map(|b| format!("{name}{} waits no more for {}, {}", b.step, b.owner, b.code)));
        let ready = |r: &Value| {
            let found = items(&r["status"]["conditions"]).find(|c| c["type"] == "Ready");
            found.map(|c| format!("Ready={} {}", text(&c["status"]), text(&c["reason"])))
        };
        if ready(new) != ready(old) {
            said.extend(ready(new).map(|r| format!("{name} is {r}")));
        }
        if new["status"]["finished"] == true && old["status"]["finished"] != true {
            said.push(format!("{name} is over"));
        }
        said
    }

    /// A text in which each digest has its number.
    pub fn masked(&mut self, text: &str) -> String {
        let mut masked = String::new();
        for word in text.split_inclusive(' ') {
            let plain = word.trim_end_matches([' ', ',', ';', ':', ')', '.']);
            let is_digest =
                plain.starts_with("sha256:") || plain.len() == 12 && plain.chars().all(|c| c.is_ascii_hexdigit());
            if is_digest { masked.push_str(&word.replace(plain, &self.numbered(plain))) } else { masked.push_str(word) }
        }
        masked
    }

    fn numbered(&mut self, digest: &str) -> String {
        let short = digest.strip_prefix("sha256:").unwrap_or(digest).chars().take(12).collect::<String>();
        let known = self.digests.iter().position(|d| *d == short);
        let n = known.unwrap_or_else(|| {
            self.digests.push(short);
            self.digests.len() - 1
        });
        format!("content {}", n + 1)
    }

    /// The transcript.
    pub fn text(&self, title: &str) -> String {
        let mut out = format!("# {title}\n");
        let mut last = String::new();
        for (_, at, text) in &self.lines {
            let stamp = stamp(*at);
            let happens = !text.starts_with("    ");
            if happens {
                out.push('\n');
            }
            if happens || stamp != last {
                out.push_str(&stamp)
            } else {
                out.push_str(&" ".repeat(stamp.len()))
            }
            out.push_str(&format!("  {text}\n"));
            last = stamp;
        }
        out
    }
}

/// When something was, as stories say it: with its date, unless it is on their usual day.
pub fn stamp(at: DateTime<Utc>) -> String {
    let usual = at.date_naive() == day().date_naive();
    at.format(if usual { "%H:%M:%S" } else { "%a %Y-%m-%d %H:%M:%S" }).to_string()
}

/// A blocker: who waits, for whom, and why.
#[derive(PartialEq)]
struct Waits {
    step: String,
    code: String,
    owner: String,
    said: String,
}

impl Waits {
    /// The same thing is waited for, whatever is said of it now.
    fn same(&self, other: &Self) -> bool {
        (&self.step, &self.code, &self.owner) == (&other.step, &other.code, &other.owner)
    }
}

fn blockers(release: &Value) -> Vec<Waits> {
    let read = |b: &Value| {
        let step = b["step"].as_str().map_or_else(String::new, |s| format!(" step {s}"));
        let until = b["until"].as_str().and_then(|u| u.parse().ok());
        let until = until.map_or_else(String::new, |u| format!(", until {}", stamp(u)));
        let (code, owner) = (text(&b["code"]).to_owned(), text(&b["owner"]).to_owned());
        let said = format!("{owner}, {code}: {}{until}", text(&b["message"]));
        Waits { step, code, owner, said }
    };
    items(&release["status"]["blockers"]).map(read).collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
