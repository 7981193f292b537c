//! The order of the way back, and what becomes of what had not gone: S7 for a release that is rolled back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Trial;
use super::gates::{Asked, Closed, instant, is_let_go_by, items, text};
use crate::history::{Granted, Key, LetGo, Seen, WORKLOADS, held_template, template_of, workload_key};

type Found = Vec<(usize, String)>;

/// A step of a release, which is told from others of its name by its UID.
type StepOf = (String, String);

/// Where a step that was let go stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// Its content is out.
    Out,
    /// Its former content is on its way.
    GoingBack,
    /// Its former content was healthy.
    Back,
}

/// Nothing goes back before what builds on it is back, and nothing goes over what went back.
pub(super) fn reverse_order(trial: &Trial<'_>) -> Found {
    let mut gone: BTreeMap<StepOf, Gone> = BTreeMap::new();
    let mut found = Found::new();
    let mut let_go = trial.moments.let_go.iter().filter(|a| a.own && a.grant.is_some()).peekable();
    for (place, entry) in trial.moments.history.entries.iter().enumerate() {
        while let Some((action, granted)) =
            let_go.next_if(|a| a.place <= place).and_then(|a| Some((a, grant(trial, a)?)))
        {
            let release = trial.moments.seen[place].get(&granted.release);
            let beneath = release.map(|r| beneath(r, &granted.step)).unwrap_or_default();
            let back = |step: &&String| {
                let of = (granted.release_uid.clone(), (**step).clone());
                matches!(gone.get(&of), Some(Gone::GoingBack | Gone::Back))
            };
            if let Some(step) = beneath.iter().find(back) {
                let what = format!(
                    "{} was let go for {} over step {step}, which had gone back",
                    action.workload, granted.release
                );
                found.push((place, what));
            }
            gone.insert((granted.release_uid.clone(), granted.step.clone()), Gone::Out);
        }
        if !trial.moments.history.is_own(entry) || entry.deleted {
            continue;
        }
        let before = place.checked_sub(1).and_then(|p| trial.moments.seen[p].get(&trial.moments.keys[place]));
        let (before, after) = (before.and_then(marker), marker(&entry.object));
        if before == after {
            continue;
        }
        if let Some(left) = before.filter(|_| after.is_none()) {
            gone.insert(left.of(), Gone::Back);
        }
        if let Some(begun) = after {
            let above = over(trial, place, &begun, &gone);
            found.extend(
                above.map(|step| {
                    (place, format!("step {} of {} went back under step {step}", begun.step, begun.release))
                }),
            );
            gone.insert(begun.of(), Gone::GoingBack);
        }
    }
    found
}

fn grant<'a>(trial: &'a Trial<'_>, action: &LetGo) -> Option<&'a Granted> {
    action.grant.map(|g| &trial.moments.grants[g])
}

/// What marks a workload that is rolled back: for which step of which release.
#[derive(Clone, PartialEq, Eq)]
struct Marker {
    release: Key,
    step: String,
    uid: String,
}

impl Marker {
    fn of(&self) -> StepOf {
        (self.uid.clone(), self.step.clone())
    }
}

fn marker(object: &Value) -> Option<Marker> {
    let mut words = text(&object["metadata"]["annotations"]["rollcall.dev/rollback"]).split(' ');
    let (namespace, name) = words.next()?.split_once('/')?;
    let release = Key::new("CoordinatedRelease", namespace, name);
    Some(Marker { release, step: words.next()?.to_owned(), uid: words.next()?.to_owned() })
}

/// A step that builds on one that goes back, and is out still.
fn over(trial: &Trial<'_>, place: usize, begun: &Marker, gone: &BTreeMap<StepOf, Gone>) -> Option<String> {
    let seen = &trial.moments.seen[place];
    let release = seen.get(&begun.release).filter(|r| r["metadata"]["uid"] == begun.uid.as_str())?;
    let goes_on = release["spec"]["rollback"]["ifOneFails"] == "Continue";
    let is_out = |step: &Value| {
        let of = (begun.uid.clone(), text(&step["name"]).to_owned());
        let stands = match gone.get(&of) {
            Some(Gone::Out) => true,
            Some(Gone::GoingBack) => !goes_on,
            Some(Gone::Back) | None => false,
        };
        let stored = workload_key(release, step).and_then(|key| seen.get(&key));
        stands && stored.is_some_and(|workload| is_let_go_by(workload, release, text(&step["name"])))
    };
    let mut steps =
        items(&release["spec"]["steps"]).filter(|s| beneath(release, text(&s["name"])).contains(&begun.step));
    steps.find(|step| is_out(step)).map(|step| text(&step["name"]).to_owned())
}

/// Everything that a step builds on, however indirectly.
fn beneath(release: &Value, step: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut ask = vec![step.to_owned()];
    while let Some(name) = ask.pop() {
        let step = items(&release["spec"]["steps"]).find(|s| s["name"] == name.as_str());
        let below = step.into_iter().flat_map(|s| items(&s["dependsOn"])).map(|d| text(d).to_owned());
        ask.extend(below.filter(|d| all.insert(d.clone())));
    }
    all
}

/// Where a release ended by having gone back, each with the place of its version before that.
fn went_back<'t>(trial: &'t Trial<'_>) -> impl Iterator<Item = (usize, usize)> + 't {
    let entries = &trial.moments.history.entries;
    let keys = &trial.moments.keys;
    let ends = entries.iter().enumerate().filter(|(place, entry)| {
        keys[*place].kind == "CoordinatedRelease"
            && !entry.deleted
            && trial.moments.history.is_own(entry)
            && entry.object["status"]["finished"] == true
            && entry.object["status"]["rollback"].is_object()
            && entry.object["spec"]["cancel"].is_null()
    });
    ends.filter_map(|(place, _)| {
        let before = (0..place).rev().find(|p| keys[*p] == keys[place])?;
        (entries[before].object["status"]["finished"] != true).then_some((before, place))
    })
}

/// What had not gone when its release had gone back goes by itself no more.
pub(super) fn stays_held(trial: &Trial<'_>) -> Found {
    let mut found = Found::new();
    for (before, place) in went_back(trial) {
        for (workload, step) in left_behind(trial, before, place) {
            let stored = trial.moments.seen[place].get(&workload);
            let content = stored.and_then(held_template);
            let next = trial.moments.let_go.iter().find(|a| a.place > place && a.workload == workload);
            let same = next.filter(|a| {
                content.as_ref() == Some(&a.template) && stored.is_some_and(|w| w["metadata"]["uid"] == a.uid.as_str())
            });
            if let Some(action) = same.filter(|a| a.own && !a.why.starts_with("release ") && a.why != TAKEN_BACK) {
                let release = &trial.moments.keys[place];
                let what = format!(
                    "{workload} went by itself ({}), and had been held for step {step} of {release}, which went back",
                    action.why
                );
                found.push((action.place, what));
            }
        }
    }
    found
}

/// What was put back is what ran before the release let anything of it go, however often that was.
pub(super) fn as_before(trial: &Trial<'_>) -> Found {
    let mut found = Found::new();
    for (_, place) in went_back(trial) {
        let release = &trial.moments.history.entries[place].object;
        for said in items(&release["status"]["steps"]).filter(|s| s["state"] == "RolledBack") {
            let step = text(&said["name"]);
            let planned = items(&release["spec"]["steps"]).find(|s| s["name"] == step);
            let Some(workload) = planned.and_then(|s| workload_key(release, s)) else {
                continue;
            };
            if let Some(false) = is_as_before(trial, place, release, step, &workload) {
                let what = format!("{workload} was put back to something else than ran before step {step} went");
                found.push((place, what));
            }
        }
    }
    found
}

/// Nothing if that cannot be told: nothing ran, or somebody else let something go meanwhile.
fn is_as_before(trial: &Trial<'_>, place: usize, release: &Value, step: &str, workload: &Key) -> Option<bool> {
    let moments = &trial.moments;
    let stored = moments.seen[place].get(workload)?;
    let of_step = |action: &&LetGo| is_of_step(trial, action, release, step);
    let of_workload =
        |a: &&LetGo| a.workload == *workload && a.place <= place && stored["metadata"]["uid"] == a.uid.as_str();
    let first = moments.let_go.iter().filter(of_workload).find(of_step)?.place;
    let others = moments.let_go.iter().filter(of_workload).filter(|a| a.place > first).any(|a| !of_step(&a));
    let ran = moments.complete[first.checked_sub(1)?].get(workload).filter(|_| !others)?;
    let put_back = (first..=place).rev().find(|p| {
        let entry = &moments.history.entries[*p];
        let of_step = |m: Marker| release["metadata"]["uid"] == m.uid.as_str() && m.step == step;
        *moments.keys[*p] == *workload && moments.history.is_own(entry) && marker(&entry.object).is_some_and(of_step)
    })?;
    Some(template_of(&moments.history.entries[put_back].object) == ran.template)
}

/// Whether something was let go for a step of a release.
fn is_of_step(trial: &Trial<'_>, action: &LetGo, release: &Value, step: &str) -> bool {
    grant(trial, action).is_some_and(|g| release["metadata"]["uid"] == g.release_uid.as_str() && g.step == step)
}

/// What rollcall notes where what is stored is what runs.
pub(super) const TAKEN_BACK: &str = "independent taken-back";

/// What a release held when it was written last and still holds when it has ended, with its step.
fn left_behind(trial: &Trial<'_>, before: usize, ended: usize) -> Vec<(Key, String)> {
    let release = &trial.moments.history.entries[ended].object;
    let went = |step: &Value| {
        let mut until_then = trial.moments.let_go.iter().filter(|a| a.place <= ended);
        until_then.any(|a| is_of_step(trial, a, release, text(&step["name"])))
    };
    // What stays on its new version has nothing beneath it that went back.
    let steps = items(&release["spec"]["steps"]).filter(|step| {
        let mut said = items(&release["status"]["steps"]).filter(|s| s["name"] == step["name"]);
        said.all(|s| s["finishedAt"].is_null() && (s["state"] == "RolledBack" || !went(step)))
    });
    let left = steps.filter_map(|step| {
        let key = workload_key(release, step)?;
        let (first, last) = (trial.moments.seen[before].get(&key)?, trial.moments.seen[ended].get(&key)?);
        let content = held_template(last).filter(|c| held_template(first).as_ref() == Some(c))?;
        let not_its_own = [before, ended].iter().any(|place| {
            let asked = Asked::after(&trial.moments, *place, trial.moments.at(ended), &trial.windows);
            let closed = asked.closed(release, step, "");
            closed.contains(&Closed::NoConsent) || closed.contains(&Closed::Content)
        });
        let runs = trial.moments.complete[ended].get(&key).is_some_and(|c| c.template == content);
        (!not_its_own && !runs && !is_anothers(trial, ended, release, &key))
            .then(|| (key, text(&step["name"]).to_owned()))
    });
    left.collect()
}

/// Whether another release that is under way has a step for a workload, or the workload says whose it is.
fn is_anothers(trial: &Trial<'_>, place: usize, release: &Value, workload: &Key) -> bool {
    let seen = &trial.moments.seen[place];
    let mut others = planning(seen, workload).filter(|other| other["metadata"]["uid"] != release["metadata"]["uid"]);
    let claimed = seen.get(workload).is_some_and(|w| w["metadata"]["annotations"]["rollcall.dev/release"].is_string());
    claimed || others.next().is_some()
}

/// The releases under way that have a step for a workload.
pub(super) fn planning<'s>(seen: &'s Seen<'_>, workload: &'s Key) -> impl Iterator<Item = &'s Value> {
    let live = seen.all("CoordinatedRelease").map(|(_, r)| r).filter(|r| r["status"]["finished"] != true);
    live.filter(|r| items(&r["spec"]["steps"]).any(|s| workload_key(r, s).as_ref() == Some(workload)))
}

/// Releases that go back, of which everything that was put back is healthy, and that neither end nor say why.
pub(super) fn not_back(trial: &Trial<'_>, last: usize, live: &[(Key, &Value)]) -> Found {
    let seen = &trial.moments.seen[last];
    let history = trial.moments.history;
    let since = |r: &Value| instant(&r["status"]["rollback"]["since"]);
    let late = live.iter().filter(|(_, r)| since(r).is_some_and(|at| at < history.until - history.patience));
    let silent = late.filter(|(_, r)| items(&r["status"]["blockers"]).next().is_none());
    let idle = silent.filter(|(key, _)| {
        let mut pinned = pins(seen).filter(|(_, by)| by.release == *key);
        pinned.all(|(workload, _)| trial.moments.complete[last].contains_key(workload))
    });
    idle.map(|(key, _)| (last, format!("{key} goes back, and neither ends nor says what it waits for"))).collect()
}

fn pins<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = (&'s Key, Marker)> {
    WORKLOADS.iter().flat_map(|kind| seen.all(kind)).filter_map(|(key, w)| Some((key, marker(w)?)))
}

/// Workloads that are pinned for a release that is over or gone, each with its marker.
pub(super) fn orphaned_pins<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = (&'s Key, String)> {
    let is_over = |by: &Marker| {
        let release = seen.get(&by.release).filter(|r| r["metadata"]["uid"] == by.uid.as_str());
        release.is_none_or(|r| r["status"]["finished"] == true)
    };
    pins(seen).filter(move |(_, by)| is_over(by)).map(|(key, by)| (key, format!("step {} of {}", by.step, by.release)))
}
