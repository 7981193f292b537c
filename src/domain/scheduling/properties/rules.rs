//! The rules, written without the code that they judge.

use crate::domain::calendar::{Governing, WindowType};
use crate::domain::names::WorkloadName;
use crate::domain::scheduling::situation::*;
use crate::domain::scheduling::{Act, Decision};
use crate::domain::workload::{Hold, Progress};

use chrono::{DateTime, TimeDelta, Utc};

type Rule = fn(&Situation, &Decision) -> bool;

pub const RULES: [(&str, Rule); 7] = [
    ("S5 no act while paused", |s, d| takes_back_only(d) || !s.release.paused && s.stopped.is_none()),
    ("S4 no act outside a window", |s, d| acting(s, d).all(|step| in_window(s, step))),
    ("S1 no act without every word", |s, d| releases(d).next().is_none() || words(s, &d.digest)),
    ("S1 no act without consent", |s, d| releases(d).next().is_none() || consents(s)),
    ("S7 no act before what comes first", |s, d| {
        acting(s, d).all(|step| {
            let before = step.depends_on.iter();
            before.clone().all(|b| done(s, by_name(s, b), &d.digest))
        })
    }),
    ("S6 only what is held, once, as it was decided on", |s, d| releases(d).all(|act| exact(s, d, act))),
    ("S2 no more is used than there is", enough),
];

fn by_name<'a>(s: &'a Situation, name: &str) -> &'a Step {
    let mut steps = s.release.steps.iter();
    steps.find(|step| step.name == name).expect("a step")
}

fn name_of(act: &Act) -> (&str, &WorkloadName) {
    (act.step(), act.workload())
}

/// What makes sure that nothing goes is never stopped.
fn takes_back_only(d: &Decision) -> bool {
    d.acts.iter().all(|act| matches!(act, Act::Withdraw { .. }))
}

/// What lets something new go.
fn releases(d: &Decision) -> impl Iterator<Item = &Act> {
    d.acts.iter().filter(|act| matches!(act, Act::Grant { .. } | Act::Release { .. }))
}

fn acting<'a>(s: &'a Situation, d: &'a Decision) -> impl Iterator<Item = &'a Step> {
    releases(d).map(|act| by_name(s, name_of(act).0))
}

fn skips(s: &Situation, skip: Skip) -> bool {
    match &s.release.over {
        Some(o) => !o.by.is_empty() && o.skip.contains(&skip) && o.until > s.now,
        None => false,
    }
}

fn open(s: &Situation, step: &Step, at: DateTime<Utc>) -> bool {
    let team = &s.release.participants[step.participant.as_ref().expect("one")].team;
    s.governance[team].tiers.iter().all(|tier| {
        let (mut allows, mut allowed, mut frozen) = (0, false, false);
        for (_, governing) in tier {
            match governing {
                Governing::Sound(w) if w.window_type() == WindowType::Freeze => {
                    frozen |= w.covers(at);
                }
                Governing::Sound(w) => {
                    allows += 1;
                    allowed |= w.covers(at);
                }
                Governing::Broken { window_type, .. } => {
                    frozen |= *window_type == WindowType::Freeze;
                    allows += 1;
                }
            }
        }
        (!frozen || skips(s, Skip::Freeze)) && (allowed || allows == 0 || skips(s, Skip::Window))
    })
}

/// It is open now and, unless windows are skipped, for as long as the step takes.
fn in_window(s: &Situation, step: &Step) -> bool {
    let last = s.now + step.estimate - TimeDelta::nanoseconds(1);
    let clock = s.skew.is_none() && s.release.not_before.is_none_or(|t| t <= s.now);
    clock && open(s, step, s.now) && (skips(s, Skip::Window) || open(s, step, last))
}

fn words(s: &Situation, digest: &str) -> bool {
    let begun =
        s.record.steps.values().any(|r| matches!(&r.grant, Some(g) if g.digest == digest && g.overridden.is_none()));
    s.release.participants.values().all(|p| {
        let Some(TeamFound::Sound(team)) = s.teams.get(&p.team) else {
            return false;
        };
        let given = team.sign_offs.get(&s.release.name);
        let given: Vec<_> = given.into_iter().flatten().collect();
        let signed = team.rules.required.iter().all(|r| {
            let of_role = given.iter().filter(|g| g.role == r.role && g.digest == digest);
            of_role.clone().all(|g| g.go)
                && of_role.clone().any(|g| {
                    !(g.by.is_empty() || r.require_human && g.by.starts_with("system:"))
                        && g.seen.is_some_and(|t| s.now < t + team.rules.valid_for)
                })
        });
        let excused = begun && !team.rules.withdrawal_halts;
        team.checks.values().all(|c| c.lack(s.now).is_none()) && (signed || excused || skips(s, Skip::SignOff))
    })
}

fn consents(s: &Situation) -> bool {
    let teams = s.release.participants.values().all(|p| match s.teams.get(&p.team) {
        Some(TeamFound::Sound(team)) => [Action::Hold, Action::Release].iter().all(|action| {
            let mut given = team.consents.iter().filter(|c| c.labels_match);
            given.any(|c| c.namespace == s.release.name.namespace && c.actions.contains(action))
        }),
        _ => false,
    });
    teams && s.claimed.is_empty() && s.policies_missing.is_empty()
}

fn done(s: &Situation, step: &Step, digest: &str) -> bool {
    let record = s.record.steps.get(&step.name);
    let name = match &step.work {
        Work::Wait(length) => {
            let started = record.and_then(|r| r.started);
            return started.is_some_and(|t| t + *length <= s.now) || *length == TimeDelta::zero();
        }
        Work::Task(_) => return record.is_some_and(|r| r.finished.is_some()),
        Work::Workload(name) => name,
    };
    let Some(workload) = s.workloads.get(name).filter(|w| w.hold == Hold::Free) else {
        return false;
    };
    let grant = record.and_then(|r| r.grant.as_ref());
    if !grant.is_some_and(|g| g.template == workload.template && g.uid == workload.uid) {
        return workload.progress == Progress::Done && s.now >= s.settled_at(digest);
    }
    let finished = record.and_then(|r| r.finished);
    match &workload.progress {
        Progress::Done => finished.unwrap_or(s.now) + step.soak <= s.now,
        Progress::Progressing(_) | Progress::NotObserved => finished.is_some_and(|t| t + step.soak <= s.now),
        _ => false,
    }
}

fn exact(s: &Situation, d: &Decision, act: &Act) -> bool {
    let (step, name) = name_of(act);
    let once = d.acts.iter().filter(|a| name_of(a).1 == name).count() == 1;
    let Some(live) = s.workloads.get(name).filter(|w| w.hold != Hold::Free) else {
        return false;
    };
    let grant = s.record.steps.get(step).and_then(|r| r.grant.as_ref());
    once && match act {
        Act::Grant { uid, version, template, .. } => {
            *uid == live.uid && *version == live.version && *template == live.template
        }
        Act::HoldBack { version, template, .. } => *version == live.version && *template == live.template,
        Act::RollBack { .. } | Act::Unpin { .. } | Act::Keep { .. } | Act::Withdraw { .. } => {
            act.version() == live.version
        }
        Act::Release { version, template, .. } => {
            let recorded = grant.is_some_and(|g| {
                g.uid == live.uid
                    && g.version == *version
                    && g.template == *template
                    && g.digest == d.digest
                    && s.now - g.at < TimeDelta::seconds(5)
            });
            recorded && *version == live.version && *template == live.template
        }
    }
}

/// Counted over everything that moves and everything that now goes, as far as it asks for the resource.
fn enough(s: &Situation, d: &Decision) -> bool {
    if skips(s, Skip::Capacity) {
        return true;
    }
    acting(s, d).all(|step| {
        step.requires.iter().all(|(resource, wanted)| {
            let others: u32 = s.in_use.iter().filter_map(|u| u.requires.get(resource)).sum();
            let mine: u32 = s
                .release
                .steps
                .iter()
                .filter(|other| {
                    let acts = d.acts.iter().any(|a| name_of(a).0 == other.name);
                    let moves = d.steps.iter().any(|v| v.name == other.name && v.state.as_str() == "Progressing");
                    acts || moves && other.participant.is_some()
                })
                .filter_map(|other| other.requires.get(resource))
                .sum();
            *wanted > 0 && others + mine <= s.resources.get(resource).copied().unwrap_or(1)
        })
    })
}
