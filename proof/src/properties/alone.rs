//! What goes by itself, as a change that no release claims: S1, S4 and S5 of that, and L1 of what may and does not.

use serde_json::Value;

use super::gates::{Asked, Closed, items, text};
use super::safety::POLICY_KINDS;
use super::way_back::{TAKEN_BACK, planning};
use super::{Trial, gates};
use crate::history::{Key, LetGo, workload_key};

type Found = Vec<(usize, String)>;

fn independent<'t>(trial: &'t Trial<'_>) -> impl Iterator<Item = &'t LetGo> {
    trial.moments.let_go.iter().filter(|a| a.own && a.why.starts_with("independent "))
}

/// What went by itself. What is taken back while it is held is what runs already: it may go at any time.
fn alone<'t>(trial: &'t Trial<'_>) -> impl Iterator<Item = &'t LetGo> {
    independent(trial).filter(|a| a.why != TAKEN_BACK)
}

/// What went by itself although a release claimed it. Who has waited as long as the team wants waits for no release.
pub(super) fn claimed(trial: &Trial<'_>) -> Found {
    let of_nobody = alone(trial).filter(|a| a.why != "independent max-hold");
    let found = of_nobody.filter_map(|action| {
        let mut places = trial.as_it_went(action);
        let by = claimant(trial, places.start, &action.workload)?;
        places.all(|place| claimant(trial, place, &action.workload).is_some()).then(|| {
            (action.place, format!("{} went by itself ({}), and was claimed by {by}", action.workload, action.why))
        })
    });
    found.collect()
}

/// A release that has been accepted, and claims what a workload has.
fn claimant(trial: &Trial<'_>, place: usize, workload: &Key) -> Option<Key> {
    let asked = Asked::after(&trial.moments, place, trial.moments.at(place), &trial.windows);
    let claims = |release: &Value| {
        let status = &release["status"];
        let accepted = status["acceptedAt"].is_string()
            && items(&status["conditions"]).any(|c| c["type"] == "Accepted" && c["status"] == "True");
        let over = status["finished"] == true
            || status["reopenedAt"].is_string()
            || release["metadata"]["deletionTimestamp"].is_string();
        let mut steps =
            items(&release["spec"]["steps"]).filter(|s| workload_key(release, s).as_ref() == Some(workload));
        accepted
            && !over
            && steps.any(|step| {
                let closed = asked.closed(release, step, "");
                !closed.contains(&Closed::NoConsent) && !closed.contains(&Closed::Content)
            })
    };
    let mut all = trial.moments.seen[place].all("CoordinatedRelease");
    all.find(|(_, release)| claims(release)).map(|(key, _)| key.clone())
}

/// What went by itself outside of the windows that govern its team.
pub(super) fn outside(trial: &Trial<'_>) -> Found {
    let late = alone(trial).filter(|action| {
        let now = trial.moments.at(action.place);
        let mut open = trial.as_it_went(action).flat_map(|place| {
            let times = [now, now - super::safety::VALIDITY];
            times.map(|at| {
                Asked::after(&trial.moments, place, at, &trial.windows).open_alone(&action.workload.namespace)
            })
        });
        !open.any(|open| open)
    });
    late.map(|a| (a.place, format!("{} went by itself ({}) outside of its windows", a.workload, a.why))).collect()
}

/// What went by itself although everything was stopped.
pub(super) fn stopped(trial: &Trial<'_>) -> Found {
    let stop = |place: usize| gates::all_stopped(&trial.moments.seen[place], &trial.moments.history.platform);
    let late = independent(trial).filter(|action| trial.as_it_went(action).all(stop));
    late.map(|a| (a.place, format!("{} went by itself although everything was stopped", a.workload))).collect()
}

/// What may go by itself, and is held at the end.
pub(super) fn overdue(trial: &Trial<'_>, last: usize) -> Found {
    let history = trial.moments.history;
    let seen = &trial.moments.seen[last];
    let windows = || seen.all("DeploymentWindow").map(|(_, w)| &w["spec"]);
    let limited =
        windows().any(|w| !w["capacity"].is_null() || !w["openingJitter"].is_null() || !w["minRemaining"].is_null());
    let lacks =
        trial.moments.keys.iter().any(|key| POLICY_KINDS.contains(&key.kind.as_str()) && seen.get(key).is_none());
    if limited || lacks || gates::all_stopped(seen, &history.platform) {
        return Found::new();
    }
    let long_ago = history.until - history.patience;
    let late = seen.held().filter(|(key, workload)| {
        let changed = (0..=last).rev().find(|p| *trial.moments.keys[*p] == **key).map(|p| trial.moments.at(p));
        let open_at = |now| Asked::after(&trial.moments, last, now, &trial.windows).open_alone(&key.namespace);
        changed.is_some_and(|at| at < long_ago)
            && is_of_nobody(trial, last, key, workload)
            && open_at(long_ago)
            && open_at(history.until - gates::TOLERANCE - gates::TOLERANCE)
    });
    late.map(|(key, _)| (last, format!("{key} is of no release, its windows are open, and it is held"))).collect()
}

/// Whether a held change is one that its team lets go by itself.
fn is_of_nobody(trial: &Trial<'_>, last: usize, key: &Key, workload: &Value) -> bool {
    let seen = &trial.moments.seen[last];
    let noted = |name: &str| workload["metadata"]["annotations"][name].is_string();
    let gate = text(&workload["metadata"]["labels"]["rollcall.dev/gate"]);
    let Some(team) = seen.get(&Key::new("TeamReadiness", &key.namespace, gate)) else {
        return false;
    };
    let lists =
        items(&team["spec"]["workloads"]).any(|w| w["kind"] == key.kind.as_str() && w["name"] == key.name.as_str());
    let planned = planning(seen, key).next().is_some();
    let kept = ["rollcall.dev/release", "rollcall.dev/rollback", "rollcall.dev/rolled-back"].into_iter().any(noted);
    lists && team["spec"]["independentChanges"] != "Held" && !planned && !kept
}
