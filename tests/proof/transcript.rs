//! What was done, decided and said in a story, for people: a line for each thing that changed.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::sim::{OPERATOR, Sim};
use crate::story::day;
use crate::support::recorder::tag;

/// Lines, each with the revision of the store after which it belongs.
#[derive(Default)]
pub struct Told {
    lines: Vec<(u64, DateTime<Utc>, String)>,
    /// Digests in the order in which they appear: their hexadecimal digits are nobody's business.
    digests: Vec<String>,
    pub codes: BTreeSet<String>,
}

impl Told {
    /// Somebody does something.
    pub fn line(&mut self, sim: &Sim, text: &str) {
        self.lines.push((sim.server.revision(), sim.now(), text.to_owned()));
    }

    /// It was not done.
    pub fn refused(&mut self, sim: &Sim, why: &str) {
        self.lines.push((sim.server.revision(), sim.now(), format!("    refused: {why}")));
    }

    /// Reads off the history what came of all that.
    pub fn commits(&mut self, sim: &Sim) {
        let mut told = Vec::new();
        for commit in sim.server.history(0) {
            let at = DateTime::<Utc>::from_timestamp_nanos(commit.at.as_nanosecond() as i64);
            let null = Value::Null;
            let old = commit.old.as_ref().map_or(&null, |o| &o.value);
            let new = commit.new.as_ref().map_or(&null, |o| &o.value);
            let own = commit.user == OPERATOR;
            for text in self.changes(&commit.kind.kind, own, old, new) {
                told.push((commit.revision, at, format!("    {text}")));
            }
        }
        // What somebody does stands before what it leads to: it was noted at the revision before its own.
        self.lines.extend(told);
        self.lines.sort_by_key(|(revision, at, text)| (*at, text.starts_with("    "), *revision));
    }

    fn changes(&mut self, kind: &str, own: bool, old: &Value, new: &Value) -> Vec<String> {
        match kind {
            "CoordinatedRelease" if own => self.release(old, new),
            "TeamReadiness" if own => team(old, new),
            "DeploymentWindow" if own => window(old, new),
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" => workload(kind, own, old, new),
            "Lease" => lease(old, new),
            _ => Vec::new(),
        }
    }

    fn release(&mut self, old: &Value, new: &Value) -> Vec<String> {
        let name = text(&new["metadata"]["name"]);
        let mut said = Vec::new();
        for step in items(&new["status"]["steps"]) {
            let before = items(&old["status"]["steps"]).find(|s| s["name"] == step["name"]);
            let state = text(&step["state"]);
            if before.is_none_or(|b| b["state"] != step["state"]) {
                said.push(format!("{name}: step {} is {state}", text(&step["name"])));
            }
            if step["grant"].is_object() && before.is_none_or(|b| b["grant"] != step["grant"]) {
                let digest = self.numbered(text(&step["grant"]["digest"]));
                said.push(format!("{name}: step {} is granted for {digest}", text(&step["name"])));
            }
        }
        let line = |b: &Value| {
            let step = b["step"].as_str().map_or_else(String::new, |s| format!("{s}: "));
            let until = b["until"].as_str().map_or_else(String::new, |u| format!(" until {u}"));
            format!("{} {step}{} (ask {}){until}", text(&b["code"]), text(&b["message"]), text(&b["owner"]))
        };
        let (was, is): (Vec<String>, Vec<String>) = (
            items(&old["status"]["blockers"]).map(line).collect(),
            items(&new["status"]["blockers"]).map(line).collect(),
        );
        for blocker in items(&new["status"]["blockers"]) {
            self.codes.insert(text(&blocker["code"]).to_owned());
        }
        let fresh: Vec<String> = is.iter().filter(|b| !was.contains(b)).map(|b| self.masked(b)).collect();
        said.extend(fresh.iter().map(|b| format!("{name}: waits: {b}")));
        let over: Vec<String> = was.iter().filter(|b| !is.contains(b)).map(|b| self.masked(b)).collect();
        said.extend(over.iter().map(|b| format!("{name}: no longer: {b}")));
        let ready = |r: &Value| {
            let found = items(&r["status"]["conditions"]).find(|c| c["type"] == "Ready");
            found.map(|c| format!("Ready={} {}", text(&c["status"]), text(&c["reason"])))
        };
        if ready(new) != ready(old) {
            said.extend(ready(new).map(|r| format!("{name}: {r}")));
        }
        if new["status"]["finished"] == true && old["status"]["finished"] != true {
            said.push(format!("{name}: finished"));
        }
        said
    }

    /// A text in which each digest has its number.
    fn masked(&mut self, text: &str) -> String {
        let mut masked = String::new();
        for word in text.split_inclusive(' ') {
            let plain = word.trim_end_matches([' ', ',', ';', ')', '.']);
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
            let days = (*at - day()).num_days();
            let stamp = if days > 0 {
                format!("+{days}d {}", at.format("%H:%M:%S"))
            } else {
                at.format("%H:%M:%S").to_string()
            };
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

fn team(old: &Value, new: &Value) -> Vec<String> {
    let name = text(&new["metadata"]["name"]);
    let mut said = Vec::new();
    for workload in items(&new["status"]["workloads"]) {
        let before = items(&old["status"]["workloads"]).find(|w| w["name"] == workload["name"]);
        if before.is_none_or(|b| b["state"] != workload["state"]) {
            let why = workload["message"].as_str().map_or_else(String::new, |m| format!(": {m}"));
            said.push(format!("team {name}: {} is {}{why}", text(&workload["name"]), text(&workload["state"])));
        }
    }
    for condition in items(&new["status"]["conditions"]) {
        let before = items(&old["status"]["conditions"]).find(|c| c["type"] == condition["type"]);
        let shown = condition["type"] == "Ready" || condition["type"] == "Stalled";
        if shown && before.is_none_or(|b| b["reason"] != condition["reason"] || b["status"] != condition["status"]) {
            said.push(format!(
                "team {name}: {}={} {}: {}",
                text(&condition["type"]),
                text(&condition["status"]),
                text(&condition["reason"]),
                text(&condition["message"])
            ));
        }
    }
    said
}

fn window(old: &Value, new: &Value) -> Vec<String> {
    let name = text(&new["metadata"]["name"]);
    let (was, is) = (&old["status"]["open"], &new["status"]["open"]);
    if was == is || !is.is_boolean() {
        return Vec::new();
    }
    vec![format!("window {name} is {}", if *is == true { "open" } else { "closed" })]
}

fn workload(kind: &str, own: bool, old: &Value, new: &Value) -> Vec<String> {
    let held = |o: &Value| o["metadata"]["annotations"]["rollcall.dev/hold"].is_string();
    let full = format!("{kind} {}/{}", text(&new["metadata"]["namespace"]), text(&new["metadata"]["name"]));
    if new.is_null() {
        return vec![format!("{kind} {} is gone", text(&old["metadata"]["name"]))];
    }
    let mut said = Vec::new();
    if tag(new) != tag(old) {
        let hand = if own { "rollcall puts " } else { "" };
        said.push(format!("{hand}{full} has {}{}", tag(new), if held(new) { ", held" } else { "" }));
    } else if held(old) && !held(new) {
        let why = text(&new["metadata"]["annotations"]["rollcall.dev/released"]);
        let why: Vec<&str> = why.split(" digest ").collect();
        said.push(format!("{full} may roll out: {}", if own { why[0] } else { "somebody let it go" }));
    }
    let runs = |o: &Value| -> bool {
        let (status, wanted) = (&o["status"], &o["spec"]["replicas"]);
        let counts = ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|f| status[f] == *wanted);
        let complete = items(&status["conditions"]).any(|c| c["type"] == "Complete" && c["status"] == "True");
        let observed = status["observedGeneration"] == o["metadata"]["generation"];
        !held(o) && (if kind == "Job" { complete } else { observed && counts && o["status"].is_object() })
    };
    if runs(new) && !runs(old) {
        said.push(format!("{full} runs {}", tag(new)));
    }
    let failed = |o: &Value| {
        items(&o["status"]["conditions"])
            .any(|c| c["reason"] == "ProgressDeadlineExceeded" || c["type"] == "Failed" && c["status"] == "True")
    };
    if failed(new) && !failed(old) {
        said.push(format!("{full} fails"));
    }
    said
}

fn lease(old: &Value, new: &Value) -> Vec<String> {
    let holder = |l: &Value| {
        text(&l["spec"]["holderIdentity"]).rsplit_once('-').map(|(host, _)| host.to_owned()).unwrap_or_default()
    };
    let (was, is) = (text(&old["spec"]["holderIdentity"]), text(&new["spec"]["holderIdentity"]));
    if was == is {
        return Vec::new();
    }
    vec![if is.is_empty() {
        format!("operator {} hands over", holder(old))
    } else {
        format!("operator {} leads", holder(new))
    }]
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
