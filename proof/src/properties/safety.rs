//! What a grant and what follows from it must be: S1 to S7, S9, S10, S12.

use chrono::TimeDelta;

use super::gates::{Asked, Closed, TOLERANCE};
use super::{PROPERTIES, Trial, alone, way_back};
use crate::history::{Granted, Key, LetGo, template_of};

type Found = Vec<(usize, String)>;

/// How long a grant is worth anything. The product says the same in `domain::scheduling::GRANT_VALIDITY`.
pub(super) const VALIDITY: TimeDelta = TimeDelta::seconds(5);
/// How long one look may take, from its first reading to its last (`ShellConfig::timeout`).
const READING: TimeDelta = TimeDelta::seconds(30);
/// A grant's stamp is cut to whole seconds.
const STAMP: TimeDelta = TimeDelta::seconds(1);

impl Trial<'_> {
    /// Every gate that was closed at each moment at which a grant may have been decided.
    fn closed_at_each_moment(&self, grant: &Granted) -> Vec<Vec<Closed>> {
        let begun = self.moments.grants.iter().any(|g| {
            g.place < grant.place && g.release_uid == grant.release_uid && g.digest == grant.digest && !g.overridden
        });
        let asked = self.places_of(grant).map(|place| {
            let mut asked = Asked::after(&self.moments, place, grant.at, &self.windows);
            asked.begun = begun;
            asked.closed_for(grant)
        });
        asked.collect()
    }

    /// The places whose state may be what a grant was decided on: no older than the version of the release that it
    /// replaced, and still the newest state within the time that a decision may take.
    fn places_of(&self, grant: &Granted) -> std::ops::Range<usize> {
        let first = (grant.decided_on..grant.place).find(|p| self.moments.at(p + 1) >= grant.at - READING);
        let first = first.unwrap_or(grant.place.saturating_sub(1));
        first..grant.place.max(first + 1)
    }

    /// Each grant with the gates that were closed at each moment at which it may have been decided.
    fn grants(&self) -> impl Iterator<Item = (&Granted, &Vec<Vec<Closed>>)> {
        let all = || self.moments.grants.iter().map(|g| self.closed_at_each_moment(g)).collect();
        self.moments.grants.iter().zip(self.closed.get_or_init(all))
    }

    /// Grants at all of whose moments one gate was closed.
    fn granted_against(&self, gate: Closed) -> Found {
        let grants = self.grants().filter(|(_, moments)| moments.iter().all(|closed| closed.contains(&gate)));
        grants
            .map(|(g, _)| {
                (g.place, format!("step {} of {} was granted with this gate closed: {gate:?}", g.step, g.release))
            })
            .collect()
    }

    fn of_releases(&self) -> impl Iterator<Item = &LetGo> {
        self.moments.let_go.iter().filter(|a| a.own && a.why.starts_with("release "))
    }

    fn granted(&self, action: &LetGo) -> Option<&Granted> {
        action.grant.map(|g| &self.moments.grants[g])
    }

    /// The places whose state was the newest at some instant of the last seconds before an entry.
    fn shortly_before(&self, place: usize, length: TimeDelta) -> std::ops::Range<usize> {
        let since = self.moments.at(place) - length;
        let first = (0..place).rev().take_while(|p| self.moments.at(*p) > since).last().unwrap_or(place);
        first.saturating_sub(1)..place
    }
}

impl Trial<'_> {
    /// The places whose state may be what somebody looked at who let something go by itself.
    pub(super) fn as_it_went(&self, action: &LetGo) -> std::ops::Range<usize> {
        self.shortly_before(action.place, VALIDITY + STAMP + TOLERANCE)
    }
}

/// S1: a grant stands behind each release action, all gates of one moment were open, and it came in time.
pub(super) fn gate_soundness(trial: &Trial<'_>) -> Found {
    let mut found = alone::claimed(trial);
    for (grant, each) in trial.grants() {
        if !each.iter().any(Vec::is_empty) {
            found.push((
                grant.place,
                format!("at no moment were all gates open for step {} of {}: {each:?}", grant.step, grant.release),
            ));
        }
    }
    for action in trial.of_releases() {
        let at = trial.moments.at(action.place);
        match trial.granted(action) {
            None => found.push((
                action.place,
                format!("{} was let go in version {} and nothing was granted for it", action.workload, action.version),
            )),
            Some(grant) if at > grant.at + VALIDITY + STAMP + TOLERANCE => found.push((
                action.place,
                format!("{} was let go {} s after its grant", action.workload, (at - grant.at).num_seconds()),
            )),
            Some(_) => {}
        }
    }
    found
}

/// S1b: what revokes a grant stands in the object that the grant writes.
pub(super) fn revocation(trial: &Trial<'_>) -> Found {
    let revoked = trial.moments.grants.iter().filter(|g| {
        let written = trial.moments.seen[g.place].get(&g.release);
        written.is_some_and(|r| r["spec"]["paused"] == true || r["metadata"]["deletionTimestamp"].is_string())
    });
    revoked
        .map(|g| (g.place, format!("step {} of {} was granted in a version that says stop", g.step, g.release)))
        .collect()
}

/// S2: no more of a resource is in use than there is.
pub(super) fn exclusion(trial: &Trial<'_>) -> Found {
    let mut found = Found::new();
    for action in trial.of_releases() {
        let Some(grant) = trial.granted(action) else {
            continue;
        };
        let before = action.place.saturating_sub(1);
        let asked = Asked::after(&trial.moments, before, trial.moments.at(action.place), &trial.windows);
        if asked.closed_for(grant).contains(&Closed::Taken) {
            let moving: Vec<String> =
                trial.moments.moving[before].iter().map(|m| format!("{} {}", m.release.name, m.step)).collect();
            found.push((
                action.place,
                format!("step {} of {} began beside {}", grant.step, grant.release, moving.join(", ")),
            ));
        }
    }
    found
}

/// S3: a word counts for the content it was given for.
pub(super) fn binding(trial: &Trial<'_>) -> Found {
    let mut found = trial.granted_against(Closed::Unsigned);
    let content = |place: usize, grant: &Granted| {
        let seen = &trial.moments.seen[place];
        let release = seen.get(&grant.release)?;
        let steps = release["spec"]["steps"].as_array()?;
        let stored = |key: &Key| seen.get(key).map(|w| (w["metadata"]["uid"].clone(), template_of(w)));
        // What a Job ran that was cleaned up since.
        let ran =
            |key: &Key| trial.moments.complete[place].get(key).map(|c| (c.uid.clone().into(), c.template.clone()));
        let workloads = steps.iter().filter_map(|s| crate::history::workload_key(release, s));
        Some(workloads.filter_map(|key| stored(&key).or_else(|| ran(&key))).collect::<Vec<_>>())
    };
    for (n, one) in trial.moments.grants.iter().enumerate() {
        for other in trial
            .moments
            .grants
            .iter()
            .skip(n + 1)
            .filter(|g| g.release_uid == one.release_uid && g.digest == one.digest)
        {
            let possible: Vec<_> = trial.places_of(one).map(|p| content(p, one)).collect();
            let again = trial.places_of(other).map(|p| content(p, other));
            if !again.into_iter().any(|c| possible.contains(&c)) {
                found.push((other.place, format!("two contents of {} have the digest {}", one.release, one.digest)));
            }
        }
    }
    found
}

/// S4: nothing goes outside of its windows.
pub(super) fn window(trial: &Trial<'_>) -> Found {
    let mut found = trial.granted_against(Closed::Window);
    found.extend(alone::outside(trial));
    for action in trial.of_releases() {
        let Some(grant) = trial.granted(action) else {
            continue;
        };
        let places = trial.shortly_before(action.place, VALIDITY + STAMP + TOLERANCE);
        let open = places.into_iter().any(|place| {
            let now = trial.moments.at(action.place);
            let earlier = [TimeDelta::zero(), VALIDITY];
            earlier.iter().any(|d| {
                !Asked::after(&trial.moments, place, now - *d, &trial.windows)
                    .closed_for(grant)
                    .contains(&Closed::Window)
            })
        });
        if !open {
            found.push((action.place, format!("{} was let go outside of its windows", action.workload)));
        }
    }
    found
}

/// S5: a stop that was there before is not overridden.
pub(super) fn stop(trial: &Trial<'_>) -> Found {
    let mut found = trial.granted_against(Closed::Stopped);
    found.extend(alone::stopped(trial));
    for action in trial.of_releases() {
        let Some(grant) = trial.granted(action) else {
            continue;
        };
        let places = trial.shortly_before(action.place, VALIDITY + STAMP + TOLERANCE);
        let stopped = |place: usize| {
            let asked = Asked::after(&trial.moments, place, grant.at, &trial.windows);
            asked.closed_for(grant).contains(&Closed::Stopped)
        };
        if places.into_iter().all(stopped) {
            found.push((
                action.place,
                format!("{} was let go although {} had been stopped", action.workload, grant.release),
            ));
        }
    }
    found
}

/// S6: the same content goes once, and once more when other content was stored over it and was taken back.
pub(super) fn at_most_once(trial: &Trial<'_>) -> Found {
    let mut found = Found::new();
    let actions: Vec<&LetGo> = trial.of_releases().collect();
    for (n, one) in actions.iter().enumerate() {
        let digest = |a: &LetGo| trial.granted(a).map(|g| (g.release_uid.clone(), g.digest.clone()));
        let again = actions[n + 1..]
            .iter()
            .find(|a| a.uid == one.uid && a.template == one.template && digest(a) == digest(one))
            .filter(|again| !stored_between(trial, one, again));
        if let Some(again) = again {
            found.push((again.place, format!("{} was let go twice with the same content", again.workload)));
        }
    }
    found
}

/// Whether the workload had other content after the one let-go and before the other.
fn stored_between(trial: &Trial<'_>, one: &LetGo, again: &LetGo) -> bool {
    let between = &trial.moments.history.entries[one.place + 1..again.place];
    between.iter().any(|e| e.uid() == one.uid && !e.deleted && template_of(&e.object) != one.template)
}

/// S7: nothing goes before what must come first is done, and nothing goes back before what builds on it is back.
pub(super) fn order(trial: &Trial<'_>) -> Found {
    let mut found = trial.granted_against(Closed::Order);
    found.extend(way_back::reverse_order(trial));
    found.extend(way_back::stays_held(trial));
    found
}

/// Whether somebody had taken the hold of workloads away before, as an uninstallation does first.
fn uninstalled(trial: &Trial<'_>, place: usize) -> bool {
    let entries = &trial.moments.history.entries;
    entries[..place].iter().any(|e| {
        let name = e.object["metadata"]["name"].as_str().unwrap_or_default();
        e.deleted && e.kind == "MutatingAdmissionPolicyBinding" && name.starts_with("hold-")
    })
}

/// S9: what is missing or unknown lets nothing go, and no hold is dropped without saying why. An uninstallation lets
/// everything go in the operator's name, says no reason, and has taken the policies away first.
pub(super) fn fail_closed(trial: &Trial<'_>) -> Found {
    let mut found = trial.granted_against(Closed::Content);
    for action in trial.moments.let_go.iter().filter(|a| a.own) {
        if action.why.is_empty() && uninstalled(trial, action.place) {
            continue;
        }
        if action.why.is_empty() {
            found.push((action.place, format!("the hold of {} was dropped, and nothing says why", action.workload)));
        }
        let places = trial.shortly_before(action.place, VALIDITY + STAMP + TOLERANCE);
        let deleted = trial.moments.history.entries[..=places.start]
            .iter()
            .filter(|e| e.deleted && POLICY_KINDS.contains(&e.kind.as_str()));
        let gone =
            deleted.map(|e| e.key()).find(|key| places.clone().all(|p| trial.moments.seen[p].get(key).is_none()));
        if let Some(policy) = gone {
            found.push((action.place, format!("{} was let go while {policy} was missing", action.workload)));
        }
    }
    found
}

pub(super) const POLICY_KINDS: [&str; 4] = [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// S10: nobody's workloads are touched without their consent.
pub(super) fn tenancy(trial: &Trial<'_>) -> Found {
    trial.granted_against(Closed::NoConsent)
}

/// S12: whoever leads no longer does no harm: what breaks a rule was not written by a process without the lease.
pub(super) fn deposed(trial: &Trial<'_>) -> Found {
    let without_lease = |place: &usize| {
        let replica = trial.moments.history.entries.get(*place).map(|e| e.replica.as_str()).unwrap_or_default();
        let mut leases = trial.moments.seen[*place].all("Lease");
        !replica.is_empty() && leases.next().is_some_and(|(_, l)| l["spec"]["holderIdentity"] != replica)
    };
    if !(0..trial.moments.history.entries.len()).any(|place| without_lease(&place)) {
        return Found::new();
    }
    let others = PROPERTIES.iter().filter(|p| p.id.starts_with('S') && p.id != "S12");
    let all = others.flat_map(|p| (p.check)(trial));
    all.filter(|(place, _)| without_lease(place))
        .map(|(place, what)| (place, format!("by a process without the lease: {what}")))
        .collect()
}
