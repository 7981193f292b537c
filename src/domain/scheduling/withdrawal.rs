//! Grants that are given up. Whoever recorded one may be slow, or lead no longer, and still be about to let the
//! workload go in the version that the grant names. So until that version is gone the step counts as granted, with all
//! that it uses; a write of our own makes it go.

use chrono::{DateTime, Utc};

use super::capacity;
use super::decide::Standings;
use super::decision::{Act, Decision, Outcome};
use super::ending::released_by;
use super::gates::{self, sound};
use super::openings;
use super::progress::{grant_for, team_of};
use super::situation::{Grant, InUse, Situation, Step, StepRecord, WindowStart, Work};
use crate::domain::workload::Workload;

/// The grant on which somebody can still let a held workload go.
pub fn usable<'a>(record: &'a StepRecord, workload: &Workload) -> Option<&'a Grant> {
    grant_for(record, workload).filter(|g| workload.hold.is_held() && g.version == workload.version)
}

/// Since when the grant of a step is seen to be one that nobody can carry out any more, and that nobody has: what is
/// stored is held in another version than the one that it names, and was not let go by it. It then counts for nothing.
/// Whether the grant of a workload that is gone, or was created anew, was carried out is not known: that one counts.
pub fn given_up(s: &Situation, step: &str) -> Option<DateTime<Utc>> {
    let record = s.record.steps.get(step)?;
    let grant = record.grant.as_ref()?;
    if grant.withdrawn.is_some() || record.started.is_some() {
        return grant.withdrawn;
    }
    let Work::Workload(name) = &s.release.steps.iter().find(|other| other.name == step)?.work else {
        return None;
    };
    let workload = s.workloads.get(name).filter(|w| w.uid == grant.uid && w.hold.is_held())?;
    let went = workload.released.as_ref() == Some(&released_by(&s.release.name, step, &grant.digest));
    (!went && usable(record, workload).is_none()).then_some(s.now)
}

/// The grant of a step, unless it was given up.
pub fn counted<'a>(s: &'a Situation, step: &str) -> Option<&'a Grant> {
    let grant = s.record.steps.get(step)?.grant.as_ref()?;
    given_up(s, step).is_none().then_some(grant)
}

/// Until when that grant counts, if it does: it is fresh, and for what would ship now.
pub fn valid_until(s: &Situation, record: &StepRecord, workload: &Workload, digest: &str) -> Option<DateTime<Utc>> {
    let end = usable(record, workload).filter(|g| g.digest == digest).map(|g| g.at + super::GRANT_VALIDITY);
    end.filter(|end| s.now < *end)
}

/// Whether a step shares something that others may grant at the same time: then a grant is let go only on a later
/// look, which sees the others' grants too.
pub fn shares(s: &Situation, step: &Step) -> bool {
    let Some(team) = team_of(s, step) else {
        return false;
    };
    let limited = sound(s, team).is_some_and(|t| t.parallel_steps.is_some());
    limited || !step.requires.is_empty() || s.governance.get(team).is_some_and(|g| openings::limited(g, s.now))
}

/// Adds the withdrawals that a decision asks for. Neither a stop nor a closed gate keeps a grant from being taken back.
/// A release that goes back, or ends, takes back all of them, and has not ended before that is done.
pub fn added(s: &Situation, standings: &Standings<'_>, mut decision: Decision, goes_on: bool) -> Decision {
    let nothing = StepRecord::default();
    let under_way = capacity::under_way(s, standings);
    for step in &s.release.steps {
        let Work::Workload(name) = &step.work else {
            continue;
        };
        let record = s.record.steps.get(&step.name).unwrap_or(&nothing);
        let Some((workload, grant)) = s.workloads.get(name).and_then(|w| Some((w, usable(record, w)?))) else {
            continue;
        };
        let counts = goes_on && valid_until(s, record, workload, &decision.digest).is_some();
        // Any other write gives it another version as well.
        let is_written = decision.acts.iter().any(|act| act.workload() == name && !matches!(act, Act::Release { .. }));
        let gives_way = || outbid(s, step, grant) || crowded_out(s, standings, step, grant, &under_way);
        if counts && !gives_way() || is_written {
            continue;
        }
        decision.acts.retain(|act| act.workload() != name);
        decision.outcome = unfinished(decision.outcome);
        match s.refused.get(&step.name).filter(|(until, _)| s.now < *until) {
            Some((until, _)) => {
                decision.look_again = Some(decision.look_again.map_or(*until, |at| at.min(*until)));
                let told = gates::not_allowed(s, &step.name, name).filter(|b| !decision.blockers.contains(b));
                decision.blockers.extend(told);
            }
            None => decision.acts.push(Act::Withdraw {
                step: step.name.clone(),
                workload: name.clone(),
                version: workload.version.clone(),
            }),
        }
    }
    decision
}

fn unfinished(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Completed { .. } | Outcome::Cancelled => Outcome::Waiting,
        Outcome::RolledBack { .. } => Outcome::RollingBack,
        other => other,
    }
}

/// Whether a grant gives way to another release's that was given before it, as both cannot be carried out. The earlier
/// one waits until this one is withdrawn: never is either of them let go while it sees the other.
fn outbid(s: &Situation, step: &Step, grant: &Grant) -> bool {
    if capacity::lacking(s, step, &s.in_use).is_empty() {
        return false;
    }
    let team = team_of(s, step);
    let meets = |u: &&InUse| {
        step.requires.keys().any(|name| u.requires.contains_key(name)) || team.is_some() && u.team.as_ref() == team
    };
    let ours = (grant.at, &s.release.name);
    s.in_use.iter().filter(meets).any(|u| u.granted.is_some_and(|at| (at, &u.release) < ours))
}

/// The same of the room in an opening: what others have started there leaves none, without what was granted after this.
fn crowded_out(s: &Situation, standings: &Standings<'_>, step: &Step, grant: &Grant, under_way: &[InUse]) -> bool {
    let ours = (grant.at, Some(&s.release.name));
    let before = |start: &&WindowStart| !start.granted || (start.at, start.release.as_ref()) < ours;
    let starts: Vec<WindowStart> = s.window_starts.iter().filter(before).cloned().collect();
    !openings::full_beside(s, standings, step, under_way, &starts).is_empty()
}
