//! The judge of the way back: reads what the recorder saw, and nothing that rollcall says of itself.

use std::collections::{BTreeMap, BTreeSet};

use super::recorder::{Version, held, ready, tag};

/// The Deployments of which one must be back before the next may turn: first what builds on others.
pub type Order<'a> = &'a [(&'a str, &'a str)];

/// Judges how one version was taken back for another. What it proves, one sentence each.
///
/// # Errors
///
/// The first thing that happened in the wrong order, too often, or not at all.
pub fn judge(history: &[Version], (bad, good): (&str, &str), order: Order<'_>) -> Result<Vec<String>, String> {
    let apps: BTreeSet<&str> = order.iter().flat_map(|(above, below)| [*above, *below]).collect();
    let mut turned = BTreeMap::new();
    let mut proven = Vec::new();
    for app in apps {
        let at = match turns(history, app, bad, good)[..] {
            [once] => once,
            [] => return Err(format!("{app} never went back to version {good}")),
            [..] => return Err(format!("{app} went back more than once")),
        };
        let back = back(history, app, good, at).ok_or_else(|| format!("{app} went back and never was healthy"))?;
        turned.insert(app, (at, back));
        stays_away(history, app, bad, (at, back))?;
        proven.push(format!(
            "{app} went back to version {good} (store version {at}), was healthy ({back}), and version {bad} never ran again"
        ));
    }
    for (above, below) in order {
        let ((_, healthy), (at, _)) = (turned[above], turned[below]);
        if healthy >= at {
            return Err(format!(
                "{below} went back at version {at} of the store, and {above} was healthy only at {healthy}"
            ));
        }
        // A pod that has not changed while the recorder watched ran before, and runs on.
        let ill = pods_at(history, above, at).into_iter().find(|p| tag(&p.object) != good || !ready(&p.object));
        if let Some(pod) = ill {
            let (name, version) = (pod.name(), tag(&pod.object));
            return Err(format!(
                "{below} went back at version {at} of the store, and {name} of version {version} was there"
            ));
        }
        proven.push(format!("{above} was healthy ({healthy}) before {below} went back ({at})"));
    }
    Ok(proven)
}

/// At which versions of the store a Deployment that ran the bad version was given the good one.
pub fn turns(history: &[Version], app: &str, bad: &str, good: &str) -> Vec<u64> {
    let mut ran_bad = false;
    let mut all = Vec::new();
    for version in of(history, "Deployment", app) {
        let (now, is_held) = (tag(&version.object), held(&version.object));
        if now == good && ran_bad {
            all.push(version.at);
        }
        ran_bad = now == bad && (ran_bad || !is_held);
    }
    all
}

/// When a Deployment that had turned was completely of the good version, as its own controller says.
fn back(history: &[Version], app: &str, good: &str, turned: u64) -> Option<u64> {
    let whole = |d: &serde_json::Value| {
        let (status, wanted) = (&d["status"], &d["spec"]["replicas"]);
        status["observedGeneration"] == d["metadata"]["generation"]
            && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|field| status[field] == *wanted)
    };
    of(history, "Deployment", app).find(|v| v.at >= turned && tag(&v.object) == good && whole(&v.object)).map(|v| v.at)
}

/// From its turn on, the bad version is only ever stored held; and once the good one is back, no pod is made of it.
fn stays_away(history: &[Version], app: &str, bad: &str, (turned, back): (u64, u64)) -> Result<(), String> {
    let loose = of(history, "Deployment", app).find(|v| v.at > turned && tag(&v.object) == bad && !held(&v.object));
    if let Some(loose) = loose {
        return Err(format!("{app} had version {bad} again, and not held, at version {} of the store", loose.at));
    }
    let known: BTreeSet<&str> = pods(history, app).filter(|p| p.at <= back).map(Version::name).collect();
    match pods(history, app).find(|p| tag(&p.object) == bad && !known.contains(p.name())) {
        Some(pod) => Err(format!("{} of version {bad} was made after {app} was back", pod.name())),
        None => Ok(()),
    }
}

/// The pods of an app at a version of the store, without those that are going.
fn pods_at<'a>(history: &'a [Version], app: &str, at: u64) -> Vec<&'a Version> {
    let mut last = BTreeMap::new();
    for pod in pods(history, app).filter(|p| p.at <= at) {
        last.insert(pod.name(), pod);
    }
    last.into_values().filter(|p| !p.deleted && p.object["metadata"]["deletionTimestamp"].is_null()).collect()
}

fn pods<'a>(history: &'a [Version], app: &str) -> impl Iterator<Item = &'a Version> {
    history.iter().filter(move |v| v.kind == "Pod" && v.object["metadata"]["labels"]["app"] == app)
}

fn of<'a>(history: &'a [Version], kind: &str, name: &str) -> impl Iterator<Item = &'a Version> {
    history.iter().filter(move |v| v.kind == kind && v.name() == name && !v.deleted)
}
