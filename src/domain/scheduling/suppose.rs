//! The situation as it would be if one thing that is in the way were not.
//!
//! Only what the blocker says is taken away: what else is in the way stays there, and what comes to light behind it
//! does. What nobody can know before it is so (what a team that does not exist would ask for, which content will
//! arrive) is not made up.

use chrono::TimeDelta;

use super::blocker::{Blocker, Cause};
use super::progress::team_of;
use super::situation::{Action, Consent, Situation, Step, TaskDone, Team, TeamFound};
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::readiness::{CheckResult, CheckState};
use crate::domain::workload::{Progress, Workload};

/// Takes away what a blocker says. False, and nothing is changed, if it cannot be told what would be then.
pub fn cleared(s: &mut Situation, blocker: &Blocker) -> bool {
    let cause = &blocker.cause;
    whole(s, cause)
        || windows(s, cause, blocker.step.as_deref())
        || of_team(s, cause)
        || use_of(s, cause, blocker.step.as_deref())
        || of_step(s, cause, blocker.step.as_deref())
}

/// What keeps all of the release.
fn whole(s: &mut Situation, cause: &Cause) -> bool {
    match cause {
        Cause::Stopped { .. } => s.stopped = None,
        Cause::Paused => s.release.paused = false,
        Cause::Claimed { workload, .. } => drop(s.claimed.remove(workload)),
        Cause::PolicyMissing { .. } => s.policies_missing.clear(),
        Cause::ClockSkew { .. } => s.skew = None,
        Cause::TooEarly { .. } => s.release.not_before = None,
        Cause::Settling { .. } => s.settle = TimeDelta::zero(),
        Cause::Overran { .. } => s.release.resumed = Some(s.now),
        _ => return false,
    }
    true
}

fn windows(s: &mut Situation, cause: &Cause, step: Option<&str>) -> bool {
    let now = s.now;
    match cause {
        Cause::WindowClosed { window, .. } => s.governance.values_mut().for_each(|g| g.suppose_open(window, now)),
        Cause::Frozen { window, .. } => s.governance.values_mut().for_each(|g| g.suppose_no_freeze(window)),
        Cause::WindowBroken { window, .. } => {
            let known = |g: &crate::domain::calendar::Governance| g.tiers.iter().flatten().any(|(n, _)| n == window);
            if !s.governance.values().any(known) {
                return false;
            }
            for governance in s.governance.values_mut() {
                governance.suppose_no_freeze(window);
                governance.suppose_open(window, now);
            }
        }
        Cause::OpeningTooShort { .. } | Cause::TurnToCome { .. } => {
            let team = step.and_then(|name| by_name(s, name)).and_then(|step| team_of(s, step)).cloned();
            let Some(governance) = team.and_then(|team| s.governance.get_mut(&team)) else {
                return false;
            };
            match cause {
                Cause::TurnToCome { .. } => governance.suppose_every_turn(),
                _ => governance.suppose_longer(now),
            }
        }
        Cause::OpeningFull { window, .. } => {
            s.governance.values_mut().for_each(|g| g.suppose_room(window, |capacity| capacity.releases = None));
        }
        Cause::StartsUsedUp { window, .. } => {
            s.governance.values_mut().for_each(|g| g.suppose_room(window, |capacity| capacity.starts = None));
        }
        _ => return false,
    }
    true
}

/// What a team can do.
fn of_team(s: &mut Situation, cause: &Cause) -> bool {
    let release = s.release.name.clone();
    match cause {
        Cause::ConsentMissing { team, action } => with_team(s, team, |team| {
            let given = [Action::Hold, Action::Release, Action::Rollback].into_iter().filter(|a| a.as_str() == *action);
            team.consents.push(Consent {
                namespace: release.namespace.clone(),
                name: Some(release.name.clone()),
                labels_match: true,
                actions: given.collect(),
            });
        }),
        Cause::NotListed { team, workload } => {
            with_team(s, team, |team| team.listed.extend([(workload.kind, workload.name.clone())]))
        }
        Cause::AuthorMayNot { team, workload, .. } => {
            with_team(s, team, |team| team.author_may_not.retain(|kind| *kind != workload.kind))
        }
        // As many as are required have signed, and nobody has refused.
        Cause::SignOff { team, role, .. } => with_team(s, team, |team| {
            team.rules.required.iter_mut().filter(|r| r.role == *role).for_each(|r| r.count = 0);
        }),
        Cause::Check { team, check, .. }
        | Cause::Unverified { check, team, .. }
        | Cause::VerificationFailed { check, team, .. } => {
            let passes =
                CheckResult { state: CheckState::Ready, at: Some(s.now), ..CheckResult::unasked(TimeDelta::days(1)) };
            with_team(s, team, |team| drop(team.checks.insert(check.clone(), passes.clone())))
        }
        Cause::TeamBusy { team, .. } => with_team(s, team, |team| team.parallel_steps = None),
        Cause::TaskOpen { step, team, digest, .. } => {
            let (step, digest, by) = (step.clone(), digest.clone(), "somebody".to_owned());
            with_team(s, team, |team| team.tasks_done.push(TaskDone { release, step, digest, by }))
        }
        _ => false,
    }
}

/// What is there only so often. What this release has under way itself is not taken away.
fn use_of(s: &mut Situation, cause: &Cause, step: Option<&str>) -> bool {
    match cause {
        Cause::ResourceTaken { resource, by, .. } if *by != s.release.name => {
            s.in_use.iter_mut().for_each(|used| used.requires.retain(|held, _| held != resource));
            true
        }
        Cause::NotEnough { resource, wanted, .. } => {
            let team = step.and_then(|name| by_name(s, name)).and_then(|step| team_of(s, step)).cloned();
            let mut own = false;
            if let Some(team) = team {
                with_team(s, &team, |team| {
                    own = team.skills.contains_key(resource);
                    team.skills.entry(resource.clone()).and_modify(|n| *n = *wanted);
                });
            }
            if !own {
                s.resources.insert(resource.clone(), *wanted);
            }
            true
        }
        _ => false,
    }
}

/// What keeps one step from moving on, apart from the gates.
fn of_step(s: &mut Situation, cause: &Cause, step: Option<&str>) -> bool {
    match cause {
        Cause::Soaking { step } => {
            let Some(step) = s.release.steps.iter_mut().find(|other| other.name == *step) else {
                return false;
            };
            step.soak = TimeDelta::zero();
            true
        }
        Cause::MayNotTouch { .. } => step.is_some_and(|name| s.refused.remove(name).is_some()),
        Cause::NotGated { workload } => {
            let team = step.and_then(|name| by_name(s, name)).and_then(|step| team_of(s, step)).cloned();
            team.is_some_and(|team| with_workload(s, workload, |found| found.gate = Some(team.name)))
        }
        Cause::WasRolledBack { workload, .. } => with_workload(s, workload, |found| found.rolled_back = None),
        Cause::StepFailed { workload, .. } | Cause::TimedOut { workload, .. } => {
            with_workload(s, workload, |found| found.progress = Progress::Done)
        }
        Cause::PausedByAuthor { workload, .. } => {
            with_workload(s, workload, |found| found.progress = Progress::Progressing("it goes on".to_owned()))
        }
        _ => false,
    }
}

fn by_name<'a>(s: &'a Situation, name: &str) -> Option<&'a Step> {
    s.release.steps.iter().find(|step| step.name == name)
}

fn with_team(s: &mut Situation, name: &ObjectName, change: impl FnOnce(&mut Team)) -> bool {
    let Some(TeamFound::Sound(team)) = s.teams.get_mut(name) else {
        return false;
    };
    change(team);
    true
}

fn with_workload(s: &mut Situation, name: &WorkloadName, change: impl FnOnce(&mut Workload)) -> bool {
    let Some(workload) = s.workloads.get_mut(name) else {
        return false;
    };
    change(workload);
    true
}

#[cfg(test)]
mod tests;
