//! Runs the checks of a team: at their pace while a release waits for them, and again right before one goes. An answer is
//! kept in memory until the team's status shows it; nobody has to wait for the status to be written.
//!
//! This folder never decides whether a team is ready, and never fails: what could not be found out is an answer too.

mod ask;
mod judge;

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;

use super::world::World;
use crate::api::checks::Check;
use crate::api::conditions::cut;
use crate::api::readiness::CheckStatus;
use crate::api::time::{from_wire, to_wire};
use crate::cluster::ObjectKey;
use crate::cluster::objects::Team;
use crate::domain::readiness::CheckState;
use crate::validate::checks::{definition_of, pace};

/// How old an answer may be on which something is let go.
const RECENT: TimeDelta = TimeDelta::seconds(5);
/// The longest message that a status carries of a check, in characters.
const MESSAGE: usize = 512;

/// What checks said last, by team and name, in this process.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<ObjectKey, BTreeMap<String, CheckStatus>>>);

impl Memory {
    fn of(&self, team: &ObjectKey, check: &str) -> Option<CheckStatus> {
        self.0.lock().ok()?.get(team)?.get(check).cloned()
    }

    fn keep(&self, team: &ObjectKey, answers: &[CheckStatus]) {
        if let Ok(mut all) = self.0.lock() {
            all.insert(team.clone(), answers.iter().map(|a| (a.name.clone(), a.clone())).collect());
        }
    }

    /// Forgets a team that is gone.
    pub fn forget(&self, team: &ObjectKey) {
        if let Ok(mut all) = self.0.lock() {
            all.remove(team);
        }
    }
}

/// What one check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub state: CheckState,
    pub message: String,
    /// What to do so that it can be asked at all; empty if it can.
    pub remedy: String,
}

impl Said {
    fn of(state: CheckState, message: impl Into<String>) -> Self {
        Self { state, message: message.into(), remedy: String::new() }
    }

    fn cannot(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: CheckState::Rejected, message: message.into(), remedy: remedy.into() }
    }
}

/// The answers of all checks of a team, those asked again whose time has come.
pub async fn at_their_pace(world: &World, team: &Team) -> Vec<CheckStatus> {
    run(world, team, |check, at| at + pace(check).every).await
}

/// The answers of all checks of a team, none older than a few seconds. An answer that differs from what the team's
/// status says wakes the team, so that people read it.
pub async fn recent(world: &World, team: &Team) -> Vec<CheckStatus> {
    let answers = run(world, team, |_, at| at + RECENT).await;
    let told = |a: &CheckStatus| team.status.checks.iter().any(|t| (&t.name, &t.state) == (&a.name, &a.state));
    if !answers.iter().all(told) {
        world.queues.teams.add(team.meta.key.clone());
    }
    answers
}

/// What is known of each check without asking.
#[must_use]
pub fn known(world: &World, team: &Team) -> Vec<CheckStatus> {
    team.spec.checks.iter().filter_map(|check| last(world, team, check)).collect()
}

/// When the next check is to be asked again after these answers, if somebody waits; always later than now.
#[must_use]
pub fn next(checks: &[Check], answers: &[CheckStatus], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let due = |check: &Check| {
        let answer = answers.iter().find(|a| a.name == check.name)?;
        let (at, pace) = (answer.at.as_deref().and_then(from_wire)?, pace(check));
        // While there is no answer the instant is that of the first asking, and the last one was now.
        let again = if at + pace.every > now { at + pace.every } else { now + pace.every };
        let fails = Some(at + pace.timeout).filter(|t| answer.state == "Pending" && *t > now);
        Some(fails.map_or(again, |fails| fails.min(again)))
    };
    checks.iter().filter_map(due).min()
}

async fn run(world: &World, team: &Team, due: impl Fn(&Check, DateTime<Utc>) -> DateTime<Utc>) -> Vec<CheckStatus> {
    let asked = team.spec.checks.iter().map(|check| {
        let last = last(world, team, check);
        let now = world.clock.now();
        let at = last.as_ref().and_then(|l| l.at.as_deref()).and_then(from_wire);
        // An answer by condition is in the team's object: reading it costs nothing.
        let again = check.controller_name.is_some() || at.is_none_or(|at| now >= due(check, at));
        async move {
            match last {
                Some(last) if !again => last,
                last => answered(world, team, check, last).await,
            }
        }
    });
    let answers = join_all(asked).await;
    world.checks.keep(&team.meta.key, &answers);
    answers
}

/// The newer of what this process and the team's status remember of this definition of the check.
fn last(world: &World, team: &Team, check: &Check) -> Option<CheckStatus> {
    let told = team.status.checks.iter().find(|s| s.name == check.name).cloned();
    let all = [world.checks.of(&team.meta.key, &check.name), told];
    let definition = definition_of(check);
    let same = all.into_iter().flatten().filter(|s| s.definition == definition);
    same.max_by_key(|s| s.at.as_deref().and_then(from_wire))
}

async fn answered(world: &World, team: &Team, check: &Check, last: Option<CheckStatus>) -> CheckStatus {
    let limit = pace(check).timeout;
    let said = match tokio::time::timeout(limit.to_std().unwrap_or_default(), ask::ask(world, team, check)).await {
        Ok(said) => said,
        Err(_) => Said::of(CheckState::Retry, format!("it did not answer within {} s", limit.num_seconds())),
    };
    recorded(check, said, last, world.clock.now())
}

/// With this begins what is said of a check that was silent for too long. An answer that it fails is no silence.
const SILENCE: &str = "no answer within";

/// The answer as the status carries it. While there is none, the instant is that of the first asking, and once the
/// check's time is over that counts as a failure.
fn recorded(check: &Check, said: Said, last: Option<CheckStatus>, now: DateTime<Utc>) -> CheckStatus {
    let limit = pace(check).timeout;
    let (mut state, mut message, mut at) = (said.state, said.message, now);
    if state == CheckState::Pending {
        let silent = last.as_ref().filter(|l| l.state == "Pending" || l.message.starts_with(SILENCE));
        let since = silent.and_then(|l| l.at.as_deref()).and_then(from_wire).unwrap_or(now);
        if silent.is_some_and(|l| l.state == "Retry") || now >= since + limit {
            state = CheckState::Retry;
            message = format!("{SILENCE} {} s: {message}", limit.num_seconds());
        } else {
            at = since;
        }
    }
    CheckStatus {
        name: check.name.clone(),
        state: state.as_str().to_owned(),
        message: cut(&printable(&message), MESSAGE),
        remedy: (!said.remedy.is_empty()).then(|| cut(&said.remedy, MESSAGE)),
        at: Some(to_wire(at)),
        definition: definition_of(check),
    }
}

/// A message may repeat what others wrote: nothing in it moves a terminal's cursor.
fn printable(message: &str) -> String {
    message.chars().map(|c| if c.is_control() || crate::validate::rules::turns(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
