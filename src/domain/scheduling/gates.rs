//! The gates, each asked on its own and all of them asked.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::blocker::{Blocker, Cause};
use super::decide::Standings;
use super::decision::StepState;
use super::progress::team_of;
use super::situation::{Action, Override, Role, Situation, Skip, Step, Team, TeamFound, Work};
use crate::domain::calendar::{Governance, WindowType};
use crate::domain::names::ObjectName;
use crate::domain::readiness::tally;

/// The blockers of one step and when time alone may change them.
#[derive(Default)]
pub struct Closed {
    pub blockers: Vec<Blocker>,
    pub look_again: Option<DateTime<Utc>>,
}

impl Closed {
    fn add(&mut self, step: &Step, cause: Cause, until: Option<DateTime<Utc>>) {
        self.blockers.push(Blocker {
            step: Some(step.name.clone()),
            cause,
            until,
        });
    }

    fn consider(&mut self, at: Option<DateTime<Utc>>) {
        if let Some(at) = at {
            self.look_again = Some(self.look_again.map_or(at, |known| known.min(at)));
        }
    }
}

/// The override, if there is one that is stamped and not void.
pub fn override_in_force(s: &Situation) -> Option<&Override> {
    s.release
        .over
        .as_ref()
        .filter(|o| s.now < o.until && !o.by.is_empty())
}

fn skipped(s: &Situation, skip: Skip) -> bool {
    override_in_force(s).is_some_and(|o| o.skip.contains(&skip))
}

/// What keeps the whole release from letting anything go.
pub fn whole_release(s: &Situation, digest: &str) -> Vec<Blocker> {
    let mut causes: Vec<(Cause, Option<DateTime<Utc>>)> = Vec::new();
    if s.release.paused {
        causes.push((Cause::Paused, None));
    }
    causes.extend(consent(s).into_iter().map(|c| (c, None)));
    causes.extend(membership(s).into_iter().map(|c| (c, None)));
    if !s.policies_missing.is_empty() {
        causes.push((
            Cause::PolicyMissing {
                missing: s.policies_missing.join(", "),
            },
            None,
        ));
    }
    if let Some(by) = s.skew {
        causes.push((Cause::ClockSkew { by }, None));
    }
    if let Some(not_before) = s.release.not_before.filter(|t| s.now < *t) {
        causes.push((Cause::TooEarly { not_before }, Some(not_before)));
    }
    let required = s
        .release
        .participants
        .values()
        .filter(|p| p.role == Role::Required);
    for team in required.filter_map(|p| sound(s, &p.team)) {
        causes.extend(readiness(s, team, digest).into_iter().map(|c| (c, None)));
    }
    causes
        .into_iter()
        .map(|(cause, until)| Blocker {
            step: None,
            cause,
            until,
        })
        .collect()
}

fn sound<'a>(s: &'a Situation, name: &ObjectName) -> Option<&'a Team> {
    match s.teams.get(name) {
        Some(TeamFound::Sound(team)) => Some(team),
        _ => None,
    }
}

fn consent(s: &Situation) -> Vec<Cause> {
    let mut causes = Vec::new();
    for participant in s
        .release
        .participants
        .values()
        .filter(|p| p.role != Role::Informed)
    {
        match s.teams.get(&participant.team) {
            None => causes.push(Cause::TeamNotFound {
                team: participant.team.clone(),
            }),
            Some(TeamFound::Broken(faults)) => causes.push(Cause::TeamInvalid {
                team: participant.team.clone(),
                faults: faults.clone(),
            }),
            Some(TeamFound::Sound(team)) => {
                let missing = [Action::Hold, Action::Release]
                    .into_iter()
                    .filter(|a| !team.consents_to(&s.release.name, *a));
                causes.extend(missing.map(|a| Cause::ConsentMissing {
                    team: team.name.clone(),
                    action: a.as_str(),
                }));
            }
        }
    }
    causes
}

fn membership(s: &Situation) -> Vec<Cause> {
    let mut causes = Vec::new();
    for step in &s.release.steps {
        let Work::Workload(name) = &step.work else {
            continue;
        };
        if let Some(team) = team_of(s, step).and_then(|t| sound(s, t))
            && !team.listed.contains(&(name.kind, name.name.clone()))
        {
            causes.push(Cause::NotListed {
                team: team.name.clone(),
                workload: name.clone(),
            });
        }
        if let Some(by) = s.claimed.get(name) {
            causes.push(Cause::Claimed {
                workload: name.clone(),
                by: by.clone(),
            });
        }
    }
    causes
}

/// What a team's word lacks for this content.
fn readiness(s: &Situation, team: &Team, digest: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if !skipped(s, Skip::SignOff) && !went_already(s, team, digest) {
        let none = Vec::new();
        let given = team.sign_offs.get(&s.release.name).unwrap_or(&none);
        let tally = tally(
            &team.rules,
            given,
            digest,
            s.release.author.as_deref(),
            s.now,
        );
        causes.extend(tally.lacks.into_iter().map(|lack| Cause::SignOff {
            team: team.name.clone(),
            role: lack.role,
            why: lack.why,
            contact: team.contact.clone(),
            digest: digest.to_owned(),
            release: s.release.name.clone(),
        }));
    }
    causes.extend(team.checks.iter().map(|check| Cause::CheckNotRunnable {
        team: team.name.clone(),
        check: check.clone(),
    }));
    causes
}

/// Once something of exactly this content has been granted, a word that was given for it and is then
/// withdrawn or runs out no longer stops the rest, unless the team says that it does.
fn went_already(s: &Situation, team: &Team, digest: &str) -> bool {
    let granted = s
        .record
        .steps
        .values()
        .any(|r| r.grant.as_ref().is_some_and(|g| g.digest == digest));
    let required = s
        .release
        .participants
        .values()
        .any(|p| p.team == team.name && p.role == Role::Required);
    granted && required && !team.rules.withdrawal_halts
}

/// What keeps one waiting step from going, apart from what keeps the whole release.
pub fn of_step(s: &Situation, step: &Step, digest: &str, standings: &Standings<'_>) -> Closed {
    let mut closed = Closed::default();
    let held = match &step.work {
        Work::Workload(name) => s.workloads.get(name).is_none_or(|w| w.hold.is_held()),
        Work::Wait(_) => false,
    };
    if held {
        window(s, step, &mut closed);
        capacity(s, step, &mut closed);
        let optional = step
            .participant
            .as_ref()
            .and_then(|p| s.release.participants.get(p))
            .filter(|p| p.role == Role::Optional);
        if let Some(team) = optional.and_then(|p| sound(s, &p.team)) {
            for cause in readiness(s, team, digest) {
                closed.add(step, cause, None);
            }
        }
    }
    order(s, step, standings, &mut closed);
    content(s, step, &mut closed);
    closed
}

fn window(s: &Situation, step: &Step, closed: &mut Closed) {
    let Some(governance) = team_of(s, step).and_then(|t| s.governance.get(t)) else {
        return;
    };
    for cause in windows_closed(governance, s.now, step.estimate, |kind| match kind {
        WindowType::Freeze => skipped(s, Skip::Freeze),
        WindowType::Allow => skipped(s, Skip::Window),
    }) {
        closed.add(step, cause.0, cause.1);
    }
    closed.consider(governance.at(s.now).next_change);
}

/// What of a governance is closed at an instant for something that needs so long.
pub fn windows_closed(
    governance: &Governance,
    now: DateTime<Utc>,
    need: TimeDelta,
    skip: impl Fn(WindowType) -> bool,
) -> Vec<(Cause, Option<DateTime<Utc>>)> {
    let verdict = governance.at(now);
    let mut causes = Vec::new();
    let mut passed = false;
    for closer in &verdict.closed_by {
        if skip(closer.window_type) {
            passed = true;
            continue;
        }
        let window = closer.window.clone();
        let cause = match (&closer.fault, closer.window_type) {
            (Some(fault), _) => Cause::WindowBroken {
                window,
                fault: fault.clone(),
            },
            (None, WindowType::Freeze) => Cause::Frozen {
                window,
                reason: closer.reason.clone(),
            },
            (None, WindowType::Allow) => Cause::WindowClosed {
                window,
                reason: closer.reason.clone(),
            },
        };
        causes.push((cause, closer.until));
    }
    if causes.is_empty() && !passed && !skip(WindowType::Allow) {
        let need = need.max(governance.min_remaining());
        if let Some(closes) = verdict.closes_at.filter(|closes| *closes - now < need) {
            causes.push((
                Cause::OpeningTooShort {
                    need,
                    left: closes - now,
                },
                None,
            ));
        }
    }
    causes
}

fn capacity(s: &Situation, step: &Step, closed: &mut Closed) {
    if skipped(s, Skip::Capacity) {
        return;
    }
    for (resource, wanted) in &step.requires {
        let team = team_of(s, step);
        let skill = team
            .and_then(|t| sound(s, t))
            .and_then(|t| t.skills.get(resource));
        let exists = skill
            .or_else(|| s.resources.get(resource))
            .copied()
            .unwrap_or(1);
        // A skill is the team's own; any other resource is everybody's.
        let holders = s.in_use.iter().filter(|u| {
            u.requires.contains_key(resource) && (skill.is_none() || u.team.as_ref() == team)
        });
        let used: u32 = holders.clone().map(|u| u.requires[resource]).sum();
        if used + wanted > exists
            && let Some(holder) = holders.clone().next()
        {
            closed.add(
                step,
                Cause::ResourceTaken {
                    resource: resource.clone(),
                    by: holder.release.clone(),
                    step: holder.step.clone(),
                },
                None,
            );
        }
    }
    if let Some(team) = team_of(s, step).and_then(|t| sound(s, t))
        && let Some(limit) = team.parallel_steps
        && s.in_use
            .iter()
            .filter(|u| u.team.as_ref() == Some(&team.name))
            .count()
            >= limit
    {
        closed.add(
            step,
            Cause::TeamBusy {
                team: team.name.clone(),
                limit,
            },
            None,
        );
    }
}

fn order(s: &Situation, step: &Step, standings: &Standings<'_>, closed: &mut Closed) {
    for name in &step.depends_on {
        let Some(before) = standings.get(name.as_str()) else {
            continue;
        };
        match before.view.state {
            StepState::Done => {}
            StepState::Failed => {
                closed.add(step, Cause::PredecessorFailed { step: name.clone() }, None)
            }
            StepState::Soaking => {
                let soak = s
                    .release
                    .steps
                    .iter()
                    .find(|st| st.name == *name)
                    .map_or(TimeDelta::zero(), |st| st.soak);
                closed.add(
                    step,
                    Cause::Soaking { step: name.clone() },
                    before.view.finished.map(|f| f + soak),
                );
            }
            state => closed.add(
                step,
                Cause::Predecessor {
                    step: name.clone(),
                    state: state.as_str(),
                },
                None,
            ),
        }
    }
}

fn content(s: &Situation, step: &Step, closed: &mut Closed) {
    let (Work::Workload(name), Some(expect)) = (&step.work, &step.expect) else {
        return;
    };
    let Some(workload) = s.workloads.get(name).filter(|w| w.hold.is_held()) else {
        return;
    };
    if let Some((expected, found)) = expect.difference(workload) {
        closed.add(
            step,
            Cause::ContentMissing {
                workload: name.clone(),
                expected,
                found,
            },
            None,
        );
    }
}

/// What one decision has given out already, so that it does not give the same twice.
#[derive(Default)]
pub struct Taken {
    resources: BTreeMap<String, u32>,
    teams: BTreeMap<ObjectName, usize>,
}

impl Taken {
    /// Whether a step that could go alone can also go together with those before it; if so, it counts.
    pub fn fits(&mut self, s: &Situation, step: &Step) -> bool {
        let team = team_of(s, step);
        let limit = team
            .and_then(|t| sound(s, t))
            .and_then(|t| t.parallel_steps);
        let busy = team.and_then(|t| self.teams.get(t)).copied().unwrap_or(0)
            + s.in_use.iter().filter(|u| u.team.as_ref() == team).count();
        if limit.is_some_and(|limit| busy >= limit) && !skipped(s, Skip::Capacity) {
            return false;
        }
        let clash = step.requires.iter().any(|(name, wanted)| {
            let skill = team
                .and_then(|t| sound(s, t))
                .and_then(|t| t.skills.get(name));
            let exists = skill
                .or_else(|| s.resources.get(name))
                .copied()
                .unwrap_or(1);
            self.resources
                .get(name)
                .is_some_and(|taken| taken + wanted > exists)
        });
        if clash && !skipped(s, Skip::Capacity) {
            return false;
        }
        for (name, wanted) in &step.requires {
            *self.resources.entry(name.clone()).or_default() += wanted;
        }
        if let Some(team) = team {
            *self.teams.entry(team.clone()).or_default() += 1;
        }
        true
    }
}
