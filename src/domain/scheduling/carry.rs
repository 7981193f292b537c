//! Words that outlive a change. A release that halted and is mended needs fresh words for what changed only.
//!
//! A team's word is for one digest of everything. When a release halts, that digest is recorded with a digest
//! of each team's own part: the plan and the team's members. What the team signs, or has signed, for the halted
//! release counts on for as long as that part is the same, whatever else is mended. Nothing else carries a word
//! over: without a halt every change of what would ship makes every word stale.

use std::cell::OnceCell;

use serde_json::{Value, json};

use super::progress::{cleaned_up, grant_for};
use super::situation::{Carried, Role, Situation, Step, Team, Work};
use crate::digest::digest_of;
use crate::domain::names::ObjectName;
use crate::domain::readiness::SignOff;
use crate::domain::workload::Workload;

/// As many words as a status can carry.
const CARRIED: usize = 64;

/// Every member that a filter takes, as the digest speaks of it. What was rolled back before is said, so that
/// no word from before then counts for it.
pub fn members(s: &Situation, takes: impl Fn(&Step) -> bool) -> Vec<Value> {
    let named = s.release.steps.iter().filter(|step| takes(step)).filter_map(|step| match &step.work {
        Work::Workload(name) => Some((step, name)),
        Work::Wait(_) | Work::Task(_) => None,
    });
    named
        .map(|(step, name)| {
            let found = s.workloads.get(name);
            let ran = || cleaned_up(s, step).map(|grant| (&grant.uid, &grant.template));
            let ships = found.map(|w| (&w.uid, &w.template)).or_else(ran);
            let mut member = json!({"kind": name.kind.as_str(), "namespace": name.namespace, "name": name.name,
                "uid": ships.map(|(uid, _)| uid), "template": ships.map(|(_, template)| template)});
            if found.is_some_and(|w| w.hold.is_held() && w.was_rolled_back() || went_again(s, step, w)) {
                member["rolledBack"] = json!(true);
            }
            member
        })
        .collect()
}

/// Whether what was rolled back before was let go again by this release, for words that said so: that is forgotten on the
/// workload then, and those words count for what comes after it, too.
fn went_again(s: &Situation, step: &Step, workload: &Workload) -> bool {
    let record = s.record.steps.get(&step.name);
    record.and_then(|record| grant_for(record, workload)).is_some_and(|grant| grant.rolled_back_before)
}

/// The digests of the teams' own parts. The plan, which is in all of them, is digested once, and only if anybody asks.
pub struct Parts<'a> {
    s: &'a Situation,
    plan: OnceCell<String>,
}

impl<'a> Parts<'a> {
    pub fn of(s: &'a Situation) -> Self {
        Self { s, plan: OnceCell::new() }
    }

    /// The digest of the plan and a team's own members.
    fn part(&self, team: &ObjectName) -> String {
        let s = self.s;
        let own = |step: &Step| super::progress::team_of(s, step) == Some(team);
        let plan = self.plan.get_or_init(|| digest_of(&s.release.plan));
        digest_of(&json!({"release": {"name": s.release.name.to_string(), "uid": s.release.uid}, "plan": plan,
            "members": members(s, own)}))
    }
}

/// What a team said of this release; what it said of a halted state counts for the present one if it still holds.
pub fn given(parts: &Parts<'_>, team: &Team, digest: &str) -> Vec<SignOff> {
    let s = parts.s;
    let mut given = team.sign_offs.get(&s.release.name).cloned().unwrap_or_default();
    let mine: Vec<&Carried> = s.record.carried.iter().filter(|c| c.team == team.name).collect();
    if mine.is_empty() {
        return given;
    }
    let part = parts.part(&team.name);
    for word in &mut given {
        if mine.iter().any(|c| c.signed == word.digest && c.part == part) {
            digest.clone_into(&mut word.digest);
        }
    }
    given
}

/// What is carried on from here: what still holds and, if the release halts now, the present state.
pub fn carried(s: &Situation, digest: &str, halts: bool) -> Vec<Carried> {
    let mut all = Vec::new();
    let parts = Parts::of(s);
    for participant in s.release.participants.values().filter(|p| p.role != Role::Informed) {
        if !halts && s.record.carried.iter().all(|c| c.team != participant.team) {
            continue;
        }
        let part = parts.part(&participant.team);
        let holds = |c: &&Carried| c.team == participant.team && c.part == part && (!halts || c.signed != digest);
        all.extend(s.record.carried.iter().filter(holds).cloned());
        if halts {
            all.push(Carried { team: participant.team.clone(), signed: digest.to_owned(), part });
        }
    }
    all.dedup();
    let surplus = all.len().saturating_sub(CARRIED);
    all.drain(..surplus);
    all
}
