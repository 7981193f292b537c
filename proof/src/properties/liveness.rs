//! What must happen once it is calm: L1 to L8. A history that never became calm says nothing here.

use chrono::TimeDelta;
use serde_json::Value;

use super::gates::{Asked, TOLERANCE, items, text};
use super::{Trial, alone, way_back};
use crate::history::{Key, workload_key};

type Found = Vec<(usize, String)>;

/// The lease of a leader, and how often others look (`cluster::lease::LeaseConfig`).
const LEASE: TimeDelta = TimeDelta::seconds(15 + 2);
/// How long a leader that says so takes to hand over.
const HANDOVER: TimeDelta = TimeDelta::seconds(1);

impl Trial<'_> {
    fn last(&self) -> usize {
        self.moments.history.entries.len().saturating_sub(1)
    }

    fn is_settled(&self) -> bool {
        self.moments.history.settled() && !self.moments.history.entries.is_empty()
    }

    /// The releases that are under way at the end.
    fn live(&self) -> Vec<(Key, &Value)> {
        let seen = &self.moments.seen[self.last()];
        let all = seen.all("CoordinatedRelease");
        let live = all.filter(|(_, r)| r["status"]["finished"] != true && r["metadata"]["deletionTimestamp"].is_null());
        live.map(|(key, release)| (key.clone(), release)).collect()
    }

    /// Steps that are held although all their gates are open and have been for all the time that it takes.
    fn overdue(&self) -> Found {
        let history = self.moments.history;
        let mut found = Found::new();
        for (key, release) in self.live() {
            let back = release["status"]["rollback"].is_object();
            let stopped = back || items(&release["status"]["steps"]).any(|s| s["state"] == "Failed");
            let refused = items(&release["status"]["blockers"]).any(|b| OTHERS.contains(&text(&b["code"])));
            for step in items(&release["spec"]["steps"]).filter(|_| !stopped && !refused) {
                let Some(workload) = workload_key(release, step) else {
                    continue;
                };
                let held = self.moments.seen[self.last()].get(&workload).is_some_and(crate::history::is_held);
                let digest = text(&release["status"]["digest"]);
                let open_at = |now| {
                    let mut asked = Asked::after(&self.moments, self.last(), now, &self.windows);
                    asked.begun =
                        self.moments.grants.iter().any(|g| g.release == key && g.digest == digest && !g.overridden);
                    asked.closed(release, step, digest).is_empty()
                };
                if held && open_at(history.until - history.patience) && open_at(history.until - TOLERANCE - TOLERANCE) {
                    found.push((
                        self.last(),
                        format!("all gates of step {} of {key} are open, and it is held", text(&step["name"])),
                    ));
                }
            }
        }
        found
    }
}

/// Codes of gates that are not asked here: whoever waits for one of them is not late.
const OTHERS: [&str; 18] = [
    "RC010", "RC012", "RC015", "RC020", "RC021", "RC030", "RC034", "RC036", "RC044", "RC045", "RC056", "RC061",
    "RC062", "RC063", "RC081", "RC083", "RC086", "RC093",
];

/// L1: what may go and may go on going has gone, and what goes back and may is back.
pub(super) fn reconciled(trial: &Trial<'_>) -> Found {
    if !trial.is_settled() {
        return Found::new();
    }
    let mut found = trial.overdue();
    found.extend(way_back::not_back(trial, trial.last(), &trial.live()));
    found.extend(alone::overdue(trial, trial.last()));
    found
}

/// L2: a gate that time alone opened was acted on in time.
pub(super) fn punctual(trial: &Trial<'_>) -> Found {
    let history = trial.moments.history;
    let Some(calm) = history.calm_since else {
        return Found::new();
    };
    let mut found = Found::new();
    for grant in trial.moments.grants.iter().filter(|g| g.at > calm + history.patience + history.patience) {
        let earlier = grant.at - history.patience;
        // Only time changed in between: the last write of anybody else is older than that.
        let quiet =
            history.entries[..grant.place].iter().rev().take_while(|e| e.at > earlier).all(|e| history.is_own(e));
        let place = (0..grant.place).rev().find(|p| trial.moments.at(*p) <= earlier);
        let open = place.is_some_and(|place| {
            Asked::after(&trial.moments, place, earlier, &trial.windows).closed_for(grant).is_empty()
        });
        let again =
            trial.moments.grants.iter().any(|g| g.place < grant.place && g.workload_version == grant.workload_version);
        if quiet && open && !again {
            found.push((
                grant.place,
                format!(
                    "step {} of {} could have gone {} s earlier",
                    grant.step,
                    grant.release,
                    history.patience.num_seconds()
                ),
            ));
        }
    }
    found
}

/// L3: as L1, after a process ended in the middle of what it did.
pub(super) fn recovers(trial: &Trial<'_>) -> Found {
    if trial.moments.history.ended.is_empty() { Found::new() } else { reconciled(trial) }
}

/// L4: whoever waits for a resource waits for somebody who has it.
pub(super) fn freed(trial: &Trial<'_>) -> Found {
    if !trial.is_settled() {
        return Found::new();
    }
    let mut found = Found::new();
    for (key, release) in trial.live() {
        for blocker in items(&release["status"]["blockers"]).filter(|b| b["code"] == "RC041") {
            let holder = text(&blocker["owner"]).strip_prefix("release ").unwrap_or_default();
            let (namespace, name) = holder.split_once('/').unwrap_or_default();
            let holder = trial.moments.seen[trial.last()].get(&Key::new("CoordinatedRelease", namespace, name));
            let has = holder.is_some_and(|h| {
                h["status"]["finished"] != true
                    && items(&h["status"]["steps"]).any(|s| !matches!(text(&s["state"]), "Waiting" | "Done" | "Failed"))
            });
            if !has {
                found.push((
                    trial.last(),
                    format!("{key} waits for a resource that nobody has: {}", text(&blocker["message"])),
                ));
            }
        }
    }
    found
}

/// L5: nothing is held that nobody answers for, and nothing that is to go is kept.
pub(super) fn no_orphan(trial: &Trial<'_>) -> Found {
    if !trial.is_settled() {
        return Found::new();
    }
    let seen = &trial.moments.seen[trial.last()];
    let mut found = Found::new();
    for (key, workload) in seen.held() {
        let gate = text(&workload["metadata"]["labels"]["rollcall.dev/gate"]);
        let team = seen.get(&Key::new("TeamReadiness", &key.namespace, gate));
        let told = team.is_some_and(|t| items(&t["status"]["workloads"]).any(|w| w["name"] == key.name.as_str()));
        if team.is_some() && !told {
            found.push((trial.last(), format!("{key} is held, and its team's status says nothing of it")));
        }
    }
    let pinned = way_back::orphaned_pins(seen);
    found.extend(pinned.map(|(key, by)| (trial.last(), format!("{key} is pinned by {by}, which is over"))));
    for kind in ["CoordinatedRelease", "TeamReadiness", "DeploymentWindow"] {
        let stuck = seen.all(kind).filter(|(_, o)| {
            o["metadata"]["deletionTimestamp"].is_string()
                && items(&o["metadata"]["finalizers"]).any(|f| text(f).contains("rollcall"))
        });
        found.extend(stuck.map(|(key, _)| (trial.last(), format!("{key} is to go and rollcall keeps it"))));
    }
    found
}

/// L6: whoever waits knows for what, and whom to ask.
pub(super) fn explained(trial: &Trial<'_>) -> Found {
    if !trial.is_settled() {
        return Found::new();
    }
    let mut found = Found::new();
    for (key, release) in trial.live() {
        let status = &release["status"];
        if status["observedGeneration"] != release["metadata"]["generation"] {
            found.push((trial.last(), format!("{key} has not been looked at since its spec changed")));
        }
        let moves = items(&status["steps"]).any(|s| !matches!(text(&s["state"]), "Waiting" | "Done" | "Failed"));
        let mut blockers = items(&status["blockers"]).peekable();
        if blockers.peek().is_none() && !moves {
            found.push((trial.last(), format!("{key} waits, and does not say for what")));
        }
        for blocker in blockers {
            let silent = ["code", "owner", "message", "remedy"].iter().find(|field| text(&blocker[**field]).is_empty());
            if let Some(field) = silent {
                found.push((trial.last(), format!("{key} waits for {blocker}, and its {field} says nothing")));
            }
        }
    }
    found
}

/// L7: nothing is written that changes nothing, and nothing is asked when nothing happens.
pub(super) fn quiet(trial: &Trial<'_>) -> Found {
    let history = trial.moments.history;
    let mut found = Found::new();
    for (place, entry) in history.entries.iter().enumerate().filter(|(_, e)| history.is_own(e) && !e.deleted) {
        let key = &*trial.moments.keys[place];
        let before = place.checked_sub(1).and_then(|p| trial.moments.seen[p].get(key));
        if before.is_some_and(|b| says_the_same(b, &entry.object)) {
            found.push((place, format!("{key} was written and nothing of it changed")));
        }
    }
    let asks_again = trial.moments.seen.last().into_iter().flat_map(|seen| seen.all("TeamReadiness"));
    let asks_again = asks_again.into_iter().any(|(_, team)| items(&team["spec"]["checks"]).next().is_some());
    // A check is asked as often as it says.
    if let Some(requests) = history.idle_requests.filter(|n| *n > 0 && !asks_again) {
        found.push((trial.last(), format!("{requests} requests were made while nothing happened")));
    }
    found
}

/// Whether two versions of an object differ in nothing but which version it is.
fn says_the_same(one: &Value, other: &Value) -> bool {
    fn fields<'a>(object: &'a Value, apart: &'a [&str]) -> impl Iterator<Item = (&'a String, &'a Value)> {
        object.as_object().into_iter().flatten().filter(|(name, _)| !apart.contains(&name.as_str()))
    }
    let same = |one, other, apart| fields(one, apart).eq(fields(other, apart));
    same(one, other, &["metadata"]) && same(&one["metadata"], &other["metadata"], &["resourceVersion", "managedFields"])
}

/// L8: when a leader ends, another one leads soon.
pub(super) fn fails_over(trial: &Trial<'_>) -> Found {
    let history = trial.moments.history;
    let mut found = Found::new();
    for ended in &history.ended {
        let limit = if ended.cleanly { HANDOVER } else { LEASE } + TOLERANCE;
        if history.calm_since.is_none_or(|calm| calm > ended.at) || history.until < ended.at + limit {
            continue;
        }
        let renewed = history.entries.iter().any(|e| {
            e.kind == "Lease"
                && e.at > ended.at
                && e.at <= ended.at + limit
                && !text(&e.object["spec"]["holderIdentity"]).is_empty()
        });
        if !renewed {
            found.push((trial.last(), format!("nobody led within {} s of {}", limit.num_seconds(), ended.at)));
        }
    }
    found
}
