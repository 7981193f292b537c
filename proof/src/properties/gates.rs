//! The gates, asked of what was stored at one moment. Said in other words than the product's, so that a mistake
//! would have to be made twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::api::fields::Selector;
use rollcall::api::time::duration_from_wire;
use rollcall::domain::calendar::{Window, WindowType};
use rollcall::validate;
use serde_json::Value;

use crate::history::{Complete, Granted, Key, Moments, Moving, Seen, is_held, team_of, workload_key};

/// A gate that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closed {
    Stopped,
    NoConsent,
    Window,
    Taken,
    Unsigned,
    Order,
    Content,
}

/// One moment at which a step might go.
pub struct Asked<'a, 'b> {
    pub seen: &'b Seen<'a>,
    pub moving: &'b [Moving],
    pub complete: &'b BTreeMap<Key, Complete>,
    pub now: DateTime<Utc>,
    pub platform: &'b str,
    /// Something of exactly this content went already, on everybody's word.
    pub begun: bool,
    /// The windows, read.
    pub windows: &'b Windows,
}

/// How far the clocks may be apart, and how coarse a stamp is.
pub const TOLERANCE: TimeDelta = TimeDelta::seconds(2);

impl<'a, 'b> Asked<'a, 'b> {
    /// The moment after an entry, at some instant.
    #[must_use]
    pub fn after(moments: &'b Moments<'a>, place: usize, now: DateTime<Utc>, windows: &'b Windows) -> Self {
        Self {
            seen: &moments.seen[place],
            moving: &moments.moving[place],
            complete: &moments.complete[place],
            now,
            platform: &moments.history.platform,
            begun: false,
            windows,
        }
    }

    /// Every gate that was closed for the step of a grant.
    #[must_use]
    pub fn closed_for(&self, grant: &Granted) -> Vec<Closed> {
        let Some(release) =
            self.seen.get(&grant.release).filter(|r| r["metadata"]["uid"] == grant.release_uid.as_str())
        else {
            return vec![Closed::Stopped];
        };
        let Some(step) = items(&release["spec"]["steps"]).find(|s| s["name"] == grant.step.as_str()) else {
            return vec![Closed::Order];
        };
        self.closed(release, step, &grant.digest)
    }

    /// Every gate that was closed for a step of a release whose content has this digest.
    #[must_use]
    pub fn closed(&self, release: &Value, step: &Value, digest: &str) -> Vec<Closed> {
        let name = format!("{}/{}", text(&release["metadata"]["namespace"]), text(&release["metadata"]["name"]));
        let skips = self.skips(release);
        let skip = |gate: &str| skips.contains(&gate);
        let (Some(team), Some(workload)) = (team_of(release, step), workload_key(release, step)) else {
            return vec![Closed::Order];
        };
        let asked = [
            (Closed::Stopped, !self.stopped(release)),
            (Closed::NoConsent, self.consented(release, &workload)),
            (Closed::Window, self.windows_open(release, step, &team.namespace, &skips)),
            (Closed::Taken, skip("Capacity") || self.enough(&name, step, &team)),
            (Closed::Unsigned, skip("SignOff") || self.signed(release, &name, digest)),
            (Closed::Order, items(&step["dependsOn"]).all(|d| self.done(release, text(d)))),
            (Closed::Content, self.content(step, &workload)),
        ];
        asked.into_iter().filter(|(_, open)| !open).map(|(gate, _)| gate).collect()
    }

    fn skips<'r>(&self, release: &'r Value) -> Vec<&'r str> {
        let over = &release["spec"]["override"];
        let until = instant(&over["until"]);
        let in_force = until.is_some_and(|t| self.now < t + TOLERANCE) && !text(&over["by"]).is_empty();
        items(&over["skip"]).map(text).filter(|_| in_force).collect()
    }

    fn stopped(&self, release: &Value) -> bool {
        release["spec"]["paused"] == true
            || release["metadata"]["deletionTimestamp"].is_string()
            || all_stopped(self.seen, self.platform)
    }

    /// Whether what no release claims may go in a namespace, by its windows.
    pub(super) fn open_alone(&self, namespace: &str) -> bool {
        self.windows_open(&Value::Null, &Value::Null, namespace, &[])
    }

    fn consented(&self, release: &Value, workload: &Key) -> bool {
        let labels = labels(release);
        let namespace = text(&release["metadata"]["namespace"]);
        let name = text(&release["metadata"]["name"]);
        let teams = items(&release["spec"]["participants"]).filter(|p| p["role"] != "Informed");
        let all = teams.clone().all(|p| {
            let key = Key::new("TeamReadiness", text(&p["team"]["namespace"]), text(&p["team"]["name"]));
            let Some(team) = self.seen.get(&key) else {
                return false;
            };
            ["Hold", "Release"].iter().all(|action| {
                items(&team["spec"]["allow"]).any(|c| {
                    c["namespace"] == namespace
                        && (c["name"].is_null() || c["name"] == name)
                        && (c["selector"].is_null() || selected(&c["selector"], &labels))
                        && (c["actions"].is_null() || items(&c["actions"]).any(|a| a == action))
                })
            })
        });
        let listed = teams.into_iter().any(|p| {
            let key = Key::new("TeamReadiness", text(&p["team"]["namespace"]), text(&p["team"]["name"]));
            let lists = self.seen.get(&key).into_iter().flat_map(|t| items(&t["spec"]["workloads"]));
            key.namespace == workload.namespace
                && lists.clone().any(|w| w["kind"] == workload.kind.as_str() && w["name"] == workload.name.as_str())
        });
        all && listed
    }

    fn windows_open(&self, release: &Value, step: &Value, team: &str, skips: &[&str]) -> bool {
        let mut tiers: [Vec<(Key, bool)>; 3] = Default::default();
        for (key, window) in self.seen.all("DeploymentWindow") {
            if let Some(tier) = self.tier(release, team, key, window) {
                tiers[tier].push((key.clone(), window["spec"]["type"] == "Freeze"));
            }
        }
        for named in items(&release["spec"]["windows"]) {
            let key = Key::new("DeploymentWindow", text(&named["namespace"]), text(&named["name"]));
            if self.seen.get(&key).is_none() {
                return false;
            }
        }
        if instant(&release["spec"]["notBefore"]).is_some_and(|t| self.now + TOLERANCE < t) {
            return false;
        }
        let estimate = step["estimate"].as_str().and_then(duration_from_wire).unwrap_or_default();
        let last = self.now + (estimate - TOLERANCE).max(TimeDelta::zero());
        let open_at = |at: DateTime<Utc>| {
            tiers.iter().all(|tier| {
                let covers = |key: &Key, freeze: bool| self.windows.covers(self.seen, key, at, freeze);
                let frozen = tier.iter().any(|(key, freeze)| *freeze && covers(key, true));
                let allows = tier.iter().filter(|(_, freeze)| !*freeze);
                let allowed = allows.clone().next().is_none() || allows.clone().any(|(key, _)| covers(key, false));
                (!frozen || skips.contains(&"Freeze")) && (allowed || skips.contains(&"Window"))
            })
        };
        let near = [TimeDelta::zero(), TOLERANCE, -TOLERANCE];
        near.iter().any(|d| open_at(self.now + *d)) && (skips.contains(&"Window") || last == self.now || open_at(last))
    }

    fn tier(&self, release: &Value, team: &str, key: &Key, window: &Value) -> Option<usize> {
        let named = items(&release["spec"]["windows"])
            .any(|w| w["namespace"] == key.namespace.as_str() && w["name"] == key.name.as_str());
        if named {
            return Some(2);
        }
        let spec = &window["spec"];
        let of_others = release.is_null() || !selected(&spec["releaseSelector"], &labels(release));
        if !spec["releaseSelector"].is_null() && of_others {
            return None;
        }
        if key.namespace == team && team != self.platform {
            return Some(1);
        }
        if key.namespace == text(&release["metadata"]["namespace"]) && key.namespace != self.platform {
            return Some(2);
        }
        let namespace = self.seen.get(&Key::new("Namespace", "", team));
        let selects = key.namespace == self.platform && !spec["namespaceSelector"].is_null();
        let of_team = namespace.map(labels).unwrap_or_default();
        (selects && selected(&spec["namespaceSelector"], &of_team)).then_some(0)
    }

    /// Whether there is enough of what a step requires beside everything that is under way.
    fn enough(&self, release: &str, step: &Value, team: &Key) -> bool {
        let others = || self.moving.iter().filter(|m| m.release.full() != release || step["name"] != m.step.as_str());
        let capacity = self.seen.get(team).map(|t| &t["spec"]["capacity"]);
        let amounts = step["requires"].as_object();
        let required = amounts.into_iter().flatten().all(|(resource, wanted)| {
            let skill = capacity.and_then(|c| c["skills"][resource].as_i64());
            let least = self
                .seen
                .all("DeploymentWindow")
                .filter_map(|(_, w)| w["spec"]["capacity"]["resources"][resource].as_i64())
                .min();
            let used: i64 =
                others().filter(|m| skill.is_none() || m.team == *team).filter_map(|m| m.requires.get(resource)).sum();
            used + wanted.as_i64().unwrap_or(0) <= skill.or(least).unwrap_or(1)
        });
        let busy = others().filter(|m| m.team == *team).count();
        let limit = capacity.and_then(|c| c["parallelSteps"].as_u64());
        required && limit.is_none_or(|limit| (busy as u64) < limit)
    }

    fn signed(&self, release: &Value, name: &str, digest: &str) -> bool {
        items(&release["spec"]["participants"]).filter(|p| p["role"].is_null() || p["role"] == "Required").all(|p| {
            let key = Key::new("TeamReadiness", text(&p["team"]["namespace"]), text(&p["team"]["name"]));
            self.seen.get(&key).is_some_and(|team| self.signed_by(team, release, name, digest))
        })
    }

    fn signed_by(&self, team: &Value, release: &Value, name: &str, digest: &str) -> bool {
        let rules = &team["spec"]["signOff"];
        if self.begun && rules["withdrawnAfterStart"] != "Halt" {
            return true;
        }
        let author = release["metadata"]["annotations"]["rollcall.dev/author"].as_str();
        let valid = rules["validFor"].as_str().and_then(duration_from_wire).unwrap_or(TimeDelta::hours(24));
        items(&rules["required"]).all(|wanted| {
            let given: Vec<&Value> = items(&team["spec"]["signOffs"])
                .filter(|s| s["release"] == name && s["role"] == wanted["role"] && s["digest"] == digest)
                .collect();
            let counts = given.iter().filter(|s| {
                let by = text(&s["by"]);
                let machine = by.starts_with("system:serviceaccount:") && !items(&rules["delegates"]).any(|d| d == by);
                let seen = items(&team["status"]["seenSignOffs"])
                    .filter(|t| {
                        t["release"] == name
                            && t["role"] == wanted["role"]
                            && t["digest"] == digest
                            && t["by"] == by
                            && t["renewal"] == s["renewal"]
                    })
                    .filter_map(|t| instant(&t["at"]))
                    .max();
                let human_enough = wanted["requireHuman"] != true || !machine;
                let other_enough = rules["noSelfApproval"] != true || author != Some(by);
                let in_time = seen.is_some_and(|t| self.now < t + valid + TOLERANCE);
                !by.is_empty() && human_enough && other_enough && in_time
            });
            let people: std::collections::BTreeSet<&str> = counts.map(|s| text(&s["by"])).collect();
            given.iter().all(|s| s["decision"] == "Go") && people.len() as u64 >= wanted["count"].as_u64().unwrap_or(1)
        })
    }

    /// Whether a step that must come first was done: nobody holds it, it runs all that is stored, and has soaked.
    fn done(&self, release: &Value, step: &str) -> bool {
        let Some(step) = items(&release["spec"]["steps"]).find(|s| s["name"] == step) else {
            return false;
        };
        let Some(workload) = workload_key(release, step) else {
            return step["wait"].is_string() || self.task_done(release, step);
        };
        let stored = self.seen.get(&workload);
        // What the step did not let go has nothing to soak, and counts only once it is that step's turn.
        let went = stored.is_some_and(|stored| is_let_go_by(stored, release, text(&step["name"])));
        if !went && !items(&step["dependsOn"]).all(|d| self.done(release, text(d))) {
            return false;
        }
        let soak = step["soak"].as_str().and_then(duration_from_wire).filter(|_| went).unwrap_or_default();
        let known = workload.kind != "CronJob";
        let free = stored.map_or(workload.kind == "Job", |stored| !is_held(stored));
        let complete = self.complete.get(&workload).filter(|_| free);
        !known || complete.is_some_and(|c| c.since + soak <= self.now + TOLERANCE)
    }

    /// Whether somebody of the team has said that a task is done. For a wait only the release's own record knows when
    /// it began.
    fn task_done(&self, release: &Value, step: &Value) -> bool {
        let name = format!("{}/{}", text(&release["metadata"]["namespace"]), text(&release["metadata"]["name"]));
        let team = team_of(release, step).and_then(|key| self.seen.get(&key));
        team.is_some_and(|team| {
            items(&team["spec"]["tasksDone"])
                .any(|word| word["release"] == name.as_str() && word["step"] == step["name"] && word["by"].is_string())
        })
    }

    fn content(&self, step: &Value, workload: &Key) -> bool {
        let images = step["expect"]["images"].as_object();
        let Some(stored) = self.seen.get(workload) else {
            return false;
        };
        let containers = || {
            let spec = &stored["spec"]["template"]["spec"];
            items(&spec["containers"]).chain(items(&spec["initContainers"]))
        };
        images
            .into_iter()
            .flatten()
            .all(|(name, image)| containers().any(|c| c["name"] == name.as_str() && c["image"] == *image))
    }
}

/// Whether what a workload runs was let go by a step of a release, and by nobody else since.
pub(super) fn is_let_go_by(workload: &Value, release: &Value, step: &str) -> bool {
    let meta = &release["metadata"];
    let by = format!("release {}/{} step {step} ", text(&meta["namespace"]), text(&meta["name"]));
    text(&workload["metadata"]["annotations"]["rollcall.dev/released"]).starts_with(&by)
}

/// Whether somebody has stopped everything.
pub(super) fn all_stopped(seen: &Seen<'_>, platform: &str) -> bool {
    seen.get(&Key::new("ConfigMap", platform, "rollcall-stop")).is_some()
}

/// A version of a window's spec: uid and generation.
type SpecOf = (String, i64);

/// Windows that were read; nothing for those that cannot be.
#[derive(Default)]
pub struct Windows {
    read: std::cell::RefCell<BTreeMap<SpecOf, Option<Arc<Window>>>>,
}

impl Windows {
    /// Whether an opening of a window holds an instant. One that cannot be read is a Freeze that does, or an Allow
    /// that does not.
    fn covers(&self, seen: &Seen<'_>, key: &Key, at: DateTime<Utc>, freeze: bool) -> bool {
        let Some(window) = seen.get(key) else {
            return freeze;
        };
        let name =
            (text(&window["metadata"]["uid"]).to_owned(), window["metadata"]["generation"].as_i64().unwrap_or(0));
        let mut read = self.read.borrow_mut();
        let found = read.entry(name).or_insert_with(|| {
            let spec = serde_json::from_value(window["spec"].clone()).ok()?;
            let none = |_: &rollcall::api::window::CalendarRef| Err("calendars are not read here".to_owned());
            validate::window(&spec, &none).ok().map(Arc::new)
        });
        match found {
            Some(window) => {
                assert_eq!(window.window_type() == WindowType::Freeze, freeze);
                window.covers(at)
            }
            None => freeze,
        }
    }
}

fn selected(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    serde_json::from_value::<Selector>(selector.clone()).is_ok_and(|s| validate::matches(&s, labels))
}

fn labels(object: &Value) -> BTreeMap<String, String> {
    let all = object["metadata"]["labels"].as_object();
    all.into_iter().flatten().map(|(k, v)| (k.clone(), text(v).to_owned())).collect()
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> + Clone {
    value.as_array().into_iter().flatten()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn instant(value: &Value) -> Option<DateTime<Utc>> {
    crate::history::instant(value)
}
