//! A story: what people, agents and machines do, and when, in words that a release manager would use.
//!
//! ```text
//! # A title, and what it is about.
//!
//! 08:00     operator a starts
//! 08:00     anna creates window rollcall-system/always {…}
//! 08:05:30  lena creates release checkout {steps: […]}
//! 08:06     core signs checkout
//! 08:10     everything runs 2
//! ```
//!
//! Times are UTC, on Tuesday, 12 January 2027, or on another day, as in `2027-03-14 08:00`. Braces hold YAML: what
//! differs from the shop's own objects (`tests/it/support/shop.rs`), merged as a patch would be. Steps and
//! participants of the shop need only be named.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::Value;

/// A title, and what happens in the order in which it does.
#[derive(Clone, Debug)]
pub struct Story {
    pub name: String,
    pub title: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub at: DateTime<Utc>,
    /// As it was written, without its time.
    pub text: String,
    pub does: Does,
}

#[derive(Clone, Debug)]
pub enum Does {
    Operator {
        host: String,
        does: Fate,
    },
    /// The three teams, and windows that are always open.
    Opens {
        who: String,
    },
    /// The shop's object of this name, with what differs.
    Creates {
        who: String,
        kind: String,
        name: String,
        with: Value,
    },
    /// Manifests of the shop in a version; all of them, or one.
    Applies {
        who: String,
        workload: Option<String>,
        version: String,
        with: Value,
    },
    Patches {
        who: String,
        kind: String,
        namespace: String,
        name: String,
        with: Value,
    },
    Deletes {
        who: String,
        kind: String,
        namespace: String,
        name: String,
    },
    /// For the content that the release says it would ship, or for another digest.
    Signs {
        who: String,
        team: String,
        release: String,
        go: bool,
        digest: Option<String>,
    },
    /// A workload of any kind, of the team of its namespace, in a version.
    AppliesOne {
        who: String,
        kind: String,
        namespace: String,
        name: String,
        version: String,
        with: Value,
    },
    /// Has all rights, or loses all but reading.
    Rights {
        who: String,
        all: bool,
    },
    /// Says that a task is done.
    Tells {
        who: String,
        team: String,
        step: String,
        release: String,
    },
    /// A check controller answers.
    Answers {
        who: String,
        team: String,
        check: String,
        status: String,
        with: Value,
    },
    /// Makes the failing pods of a workload run.
    Mends {
        who: String,
        namespace: String,
        name: String,
    },
    /// Deletes a pod of a workload.
    Evicts {
        who: String,
        namespace: String,
        name: String,
    },
    /// Waits until a release says this code.
    Says {
        release: String,
        code: String,
    },
    Uninstalls {
        who: String,
    },
    /// Objects of the installation of this name are applied again.
    Restores {
        who: String,
        name: String,
    },
    /// What nobody may write is in the store all the same, from before there was a rule.
    Stored {
        kind: String,
        namespace: String,
        name: String,
        with: Value,
    },
    /// The wall clock of the operator's host is so far off, in milliseconds.
    Clock {
        host: String,
        ms: i64,
    },
    /// Waits until all of the shop's Deployments run a version.
    Runs {
        version: String,
    },
    /// Waits until a release is finished.
    Finished {
        release: String,
    },
    /// Whoever has given a word for content that has changed since gives it again.
    LookAgain,
    /// Nothing: the story is watched until then.
    Ends,
}

/// What becomes of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Starts,
    Dies,
    Stops,
    Freezes,
    Thaws,
}

/// The day on which stories begin.
pub fn day() -> DateTime<Utc> {
    "2027-01-12T00:00:00Z".parse().expect("a day")
}

impl Story {
    /// Reads a story.
    ///
    /// # Errors
    ///
    /// The line that makes no sense.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let title = text.lines().next().and_then(|l| l.strip_prefix("# ")).ok_or("a story begins with its title")?;
        let mut lines = Vec::new();
        for (n, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            lines.push(read(line).map_err(|why| format!("{name}:{}: {why}: {line}", n + 1))?);
        }
        Ok(Self { name: name.to_owned(), title: title.to_owned(), lines })
    }
}

fn read(line: &str) -> Result<Line, String> {
    let dated = line.split_once(' ').and_then(|(date, rest)| Some((date.parse::<NaiveDate>().ok()?, rest)));
    let (date, rest) = dated.unwrap_or((day().date_naive(), line));
    let (time, text) = rest.trim_start().split_once(' ').ok_or("a time, and what happens")?;
    let parts: Result<Vec<i64>, _> = time.split(':').map(str::parse).collect();
    let seconds = match parts.as_deref() {
        Ok([h, m]) => h * 3600 + m * 60,
        Ok([h, m, s]) => h * 3600 + m * 60 + s,
        _ => return Err("a time is 08:00 or 08:00:30".to_owned()),
    };
    let text = text.trim();
    let at = date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(seconds);
    Ok(Line { at, text: text.to_owned(), does: does(text)? })
}

/// What a line says happens.
pub fn does(text: &str) -> Result<Does, String> {
    let (words, with) = match text.split_once('{') {
        Some((words, yaml)) => (words, serde_saphyr::from_str(&format!("{{{yaml}")).map_err(|e| e.to_string())?),
        None => (text, Value::Null),
    };
    let words: Vec<&str> = words.split_whitespace().collect();
    let own = |text: &&str| (*text).to_owned();
    Ok(match words.as_slice() {
        ["operator", host, fate] => Does::Operator { host: own(host), does: fate_of(fate)? },
        ["clock", "of", host, "is", "off", "by", ms] => {
            Does::Clock { host: own(host), ms: ms.trim_end_matches("ms").parse().map_err(|_| "milliseconds")? }
        }
        [who, "opens", "the", "shop"] => Does::Opens { who: own(who) },
        [who, "creates", kind, name] => Does::Creates { who: own(who), kind: own(kind), name: own(name), with },
        [who, "applies", "everything", version] => {
            Does::Applies { who: own(who), workload: None, version: own(version), with }
        }
        [who, "applies", workload, version] => {
            Does::Applies { who: own(who), workload: Some(own(workload)), version: own(version), with }
        }
        [who, "applies", kind, name, version] => {
            let (namespace, name) = split(name);
            Does::AppliesOne { who: own(who), kind: own(kind), namespace, name, version: own(version), with }
        }
        [who, "patches", kind, name] => {
            let (namespace, name) = split(name);
            Does::Patches { who: own(who), kind: own(kind), namespace, name, with }
        }
        [who, "deletes", kind, name] => {
            let (namespace, name) = split(name);
            Does::Deletes { who: own(who), kind: own(kind), namespace, name }
        }
        [who, "signs", release, "for", team, rest @ ..] => match signs(team, release, rest) {
            Does::Signs { team, release, go, digest, .. } => Does::Signs { who: own(who), team, release, go, digest },
            other => other,
        },
        [team, "signs", release, rest @ ..] => signs(team, release, rest),
        words => seldom(words, with)?,
    })
}

/// What is not done every day.
fn seldom(words: &[&str], with: Value) -> Result<Does, String> {
    let own = |text: &&str| (*text).to_owned();
    let about = |name: &&str| split(name);
    Ok(match words {
        [who, "loses", "every", "right"] => Does::Rights { who: own(who), all: false },
        [who, "has", "every", "right"] => Does::Rights { who: own(who), all: true },
        [who, "did", step, "of", release, "for", team] => {
            Does::Tells { who: own(who), team: own(team), step: own(step), release: own(release) }
        }
        [who, "answers", check, "of", team, "with", status] => {
            Does::Answers { who: own(who), team: own(team), check: own(check), status: own(status), with }
        }
        [who, "mends", "the", "pods", "of", name] => {
            let (namespace, name) = about(name);
            Does::Mends { who: own(who), namespace, name }
        }
        [who, "deletes", "a", "pod", "of", name] => {
            let (namespace, name) = about(name);
            Does::Evicts { who: own(who), namespace, name }
        }
        [who, "restores", name] => Does::Restores { who: own(who), name: own(name) },
        ["the", "store", "has", kind, name] => {
            let (namespace, name) = about(name);
            Does::Stored { kind: own(kind), namespace, name, with }
        }
        [who, "uninstalls", "rollcall"] => Does::Uninstalls { who: own(who) },
        [release, "says", code] => Does::Says { release: own(release), code: own(code) },
        ["everything", "runs", version] => Does::Runs { version: own(version) },
        [release, "is", "finished"] => Does::Finished { release: own(release) },
        ["all", "look", "again"] => Does::LookAgain,
        ["the", "end"] => Does::Ends,
        _ => return Err("nothing that can happen".to_owned()),
    })
}

fn signs(team: &str, release: &str, rest: &[&str]) -> Does {
    let digest = rest.iter().find(|w| w.starts_with("sha256:")).map(|d| format!("{d:0<71}"));
    Does::Signs {
        who: format!("{team}-lead"),
        team: team.to_owned(),
        release: release.to_owned(),
        go: !rest.contains(&"NoGo"),
        digest,
    }
}

fn split(name: &str) -> (String, String) {
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    (namespace.to_owned(), name.to_owned())
}

fn fate_of(word: &str) -> Result<Fate, String> {
    Ok(match word {
        "starts" => Fate::Starts,
        "dies" => Fate::Dies,
        "stops" => Fate::Stops,
        "freezes" => Fate::Freezes,
        "thaws" => Fate::Thaws,
        _ => return Err("it starts, dies, stops, freezes or thaws".to_owned()),
    })
}
