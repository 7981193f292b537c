//! What is there only so often: shared resources, a team's skills, and how many steps it can follow at once.

use super::blocker::Cause;
use super::decide::Standings;
use super::decision::StepState;
use super::gates::{skipped, sound};
use super::progress::team_of;
use super::situation::{InUse, Situation, Skip, Step, Work};

/// What this release and others have under way.
pub fn under_way(s: &Situation, standings: &Standings<'_>) -> Vec<InUse> {
    let own = s.release.steps.iter().filter(|step| {
        let moves = standings
            .get(step.name.as_str())
            .is_some_and(|st| matches!(st.view.state, StepState::Granted | StepState::Progressing));
        moves && matches!(step.work, Work::Workload(_))
    });
    own.map(|step| use_of(s, step)).chain(s.in_use.iter().cloned()).collect()
}

/// What a step of this release uses once it goes.
pub fn use_of(s: &Situation, step: &Step) -> InUse {
    InUse {
        release: s.release.name.clone(),
        step: step.name.clone(),
        team: team_of(s, step).cloned(),
        requires: step.requires.clone(),
        granted: None,
    }
}

/// What a step lacks beside everything else that is under way.
pub fn lacking(s: &Situation, step: &Step, under_way: &[InUse]) -> Vec<Cause> {
    let mut causes = Vec::new();
    if skipped(s, Skip::Capacity) {
        return causes;
    }
    let name = team_of(s, step);
    let team = name.and_then(|t| sound(s, t));
    let others = || under_way.iter().filter(|u| u.release != s.release.name || u.step != step.name);
    for (resource, wanted) in &step.requires {
        let skill = team.and_then(|t| t.skills.get(resource));
        let exists = skill.or_else(|| s.resources.get(resource)).copied().unwrap_or(1);
        // A skill is the team's own; any other resource is everybody's.
        let holders = || {
            others().filter(|u| {
                u.requires.get(resource).is_some_and(|n| *n > 0) && (skill.is_none() || u.team.as_ref() == name)
            })
        };
        let used = holders().fold(0_u32, |sum, u| sum.saturating_add(u.requires[resource]));
        if *wanted > exists {
            causes.push(Cause::NotEnough { resource: resource.clone(), wanted: *wanted, exists });
        } else if used.saturating_add(*wanted) > exists
            && let Some(holder) = holders().next()
        {
            causes.push(Cause::ResourceTaken {
                resource: resource.clone(),
                by: holder.release.clone(),
                step: holder.step.clone(),
            });
        }
    }
    if let Some(team) = team
        && let Some(limit) = team.parallel_steps
        && others().filter(|u| u.team.as_ref() == name).count() >= limit
    {
        causes.push(Cause::TeamBusy { team: team.name.clone(), limit });
    }
    causes
}
