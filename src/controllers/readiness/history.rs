//! What a team was asked, what it said and when, by whom: the difference between two statuses, kept in the second. The
//! newest is kept in full, what is older as counts and sums, so that lead times can be computed from it later.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::api::conditions::cut;
use crate::api::readiness::SignOffDecision;
use crate::api::team_status::{
    HistoryCounts, HistoryEntry, HistoryEvent, ReleaseHistory, SeenSignOff, TeamReadinessStatus, TeamRelease,
};
use crate::api::time::{from_wire, to_wire};
use crate::digest::short;

/// As many releases, and entries of one, as a status keeps in full.
const RELEASES: usize = 8;
const ENTRIES: usize = 16;
/// The longest name that an entry carries, in characters.
const NAME: usize = 128;

/// Writes into `new` what is new since `old`.
pub fn advance(old: &TeamReadinessStatus, new: &mut TeamReadinessStatus, now: DateTime<Utc>) {
    let mut history = old.history.clone();
    let mut earlier = old.history_earlier.clone();
    for (release, entries) in news(old, new, now) {
        let known = history.iter().position(|h| h.release == release);
        // The release that something happened to last stands last.
        let mut record = known.map_or_else(|| begun(&release), |at| history.remove(at));
        record.entries.extend(entries);
        compact(&mut record);
        history.push(record);
    }
    let surplus = history.len().saturating_sub(RELEASES);
    for gone in history.drain(..surplus) {
        let all = earlier.get_or_insert_default();
        add(all, gone.earlier.as_ref());
        sum_up(all, &gone.entries);
    }
    new.history = history;
    new.history_earlier = earlier;
}

fn begun(release: &str) -> ReleaseHistory {
    ReleaseHistory { release: release.to_owned(), entries: Vec::new(), earlier: None }
}

/// What happened, by release.
fn news(
    old: &TeamReadinessStatus,
    new: &TeamReadinessStatus,
    now: DateTime<Utc>,
) -> BTreeMap<String, Vec<HistoryEntry>> {
    let mut all: BTreeMap<String, Vec<HistoryEntry>> = BTreeMap::new();
    for release in &new.releases {
        let before = old.releases.iter().find(|r| r.release == release.release);
        let happened = asked_and_answered(before, release, &old.seen_sign_offs, now);
        all.entry(release.release.clone()).or_default().extend(happened);
    }
    for (word, event) in words(&old.seen_sign_offs, &new.seen_sign_offs) {
        all.entry(word.release.clone()).or_default().push(said(event, word, now));
    }
    all.retain(|_, entries| !entries.is_empty());
    for entries in all.values_mut() {
        // Whatever is asked comes before what is said, and what it all comes to comes last.
        entries.sort_by_key(|entry| entry.event);
    }
    all
}

/// What changed between a team and one release apart from single words.
fn asked_and_answered(
    before: Option<&TeamRelease>,
    release: &TeamRelease,
    words: &[SeenSignOff],
    now: DateTime<Utc>,
) -> Vec<HistoryEntry> {
    let mut entries = Vec::new();
    if release.state == "NothingAsked" {
        return entries;
    }
    let former = before.and_then(|b| b.digest.as_ref());
    if let Some(digest) = release.digest.as_ref().filter(|d| Some(*d) != former) {
        // What still counts although something else has changed is not stale.
        let counts = release.state == "SignedOff";
        let stale = words.iter().filter(|w| !counts && w.release == release.release && Some(&w.digest) == former);
        entries.extend(stale.map(|word| said(HistoryEvent::Stale, word, now)));
        entries.push(plain(HistoryEvent::Asked, Some(digest), now));
    }
    let was = before.map(|b| b.state.as_str()).unwrap_or_default();
    let same = former == release.digest.as_ref();
    match (was, release.state.as_str()) {
        ("SignedOff", "SignedOff") if same => {}
        (_, "SignedOff") => entries.push(plain(HistoryEvent::Signed, release.digest.as_ref(), now)),
        ("SignedOff", "Stale") if same => entries.push(plain(HistoryEvent::Expired, release.digest.as_ref(), now)),
        _ => {}
    }
    entries
}

/// Words that were not there, and words that are not there any more. One that its signer changed is only new.
fn words<'a>(old: &'a [SeenSignOff], new: &'a [SeenSignOff]) -> Vec<(&'a SeenSignOff, HistoryEvent)> {
    let place = |w: &SeenSignOff| (w.release.clone(), w.role.clone(), w.seat);
    let said = new.iter().filter(|w| !old.contains(w)).map(|w| match w.decision {
        SignOffDecision::Go => (w, HistoryEvent::Seen),
        SignOffDecision::NoGo => (w, HistoryEvent::Refused),
    });
    let withdrawn = old.iter().filter(|w| !new.iter().any(|n| place(n) == place(w)));
    said.chain(withdrawn.map(|w| (w, HistoryEvent::Withdrawn))).collect()
}

fn said(event: HistoryEvent, word: &SeenSignOff, now: DateTime<Utc>) -> HistoryEntry {
    HistoryEntry {
        role: Some(word.role.clone()),
        by: Some(cut(&word.by, NAME)),
        ..plain(event, Some(&word.digest), now)
    }
}

fn plain(event: HistoryEvent, digest: Option<&String>, now: DateTime<Utc>) -> HistoryEntry {
    let digest = digest.map(|d| short(d).to_owned());
    HistoryEntry { at: to_wire(now), event, role: None, by: None, digest }
}

/// Turns the oldest entries of a record into counts.
fn compact(record: &mut ReleaseHistory) {
    let surplus = record.entries.len().saturating_sub(ENTRIES);
    if surplus > 0 {
        let oldest: Vec<HistoryEntry> = record.entries.drain(..surplus).collect();
        sum_up(record.earlier.get_or_insert_default(), &oldest);
    }
}

/// Counts entries, and sums how long answers took.
fn sum_up(counts: &mut HistoryCounts, entries: &[HistoryEntry]) {
    let mut asked = counts.asked_at.take().and_then(|at| from_wire(&at));
    for entry in entries {
        let at = from_wire(&entry.at);
        match entry.event {
            HistoryEvent::Asked => {
                counts.asked += 1;
                asked = at;
            }
            HistoryEvent::Seen => counts.seen += 1,
            HistoryEvent::Refused => counts.refused += 1,
            HistoryEvent::Withdrawn => counts.withdrawn += 1,
            HistoryEvent::Stale => counts.stale += 1,
            HistoryEvent::Expired => counts.expired += 1,
            HistoryEvent::Signed => {
                counts.signed += 1;
                let took = at.zip(asked.take()).map_or(0, |(at, asked)| (at - asked).num_seconds().max(0));
                counts.lead_seconds += took;
            }
        }
    }
    // A question that is counted must still be there for its answer: the time between is summed with the answer.
    counts.asked_at = asked.map(to_wire);
}

fn add(all: &mut HistoryCounts, more: Option<&HistoryCounts>) {
    let Some(more) = more else { return };
    all.asked += more.asked;
    all.seen += more.seen;
    all.signed += more.signed;
    all.refused += more.refused;
    all.withdrawn += more.withdrawn;
    all.stale += more.stale;
    all.expired += more.expired;
    all.lead_seconds += more.lead_seconds;
    all.asked_at.clone_from(&more.asked_at);
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
