//! What follows from what: which blockers are only consequences, and what would have to change.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::Only;
use super::answer::{Earliest, Reason, waits};
use crate::api::release::{CoordinatedReleaseSpec, Step};
use crate::api::time::to_wire;
use crate::cli::cluster::read::Examined;
use crate::domain::ObjectName;
use crate::domain::scheduling::{Act, Cause, Gate, Situation, StepState, smallest};

/// How one waiting step waits.
#[derive(JsonSchema, Serialize, Debug, Clone, PartialEq, Eq)]
pub struct StepChain {
    pub step: String,
    pub state: &'static str,
    /// The blockers of its own, by id.
    pub blockers: Vec<usize>,
    /// The steps that must come first and are not done.
    pub after: Vec<String>,
}

/// One thing that would have to change.
#[derive(JsonSchema, Serialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The blockers of which one must go, by id: one alone, or Allow windows of which any may open.
    pub any_of: Vec<usize>,
    /// Whether time alone brings it about.
    pub by_itself: bool,
    /// When, if that is known.
    pub at: Option<String>,
}

/// What moves once these things have changed.
#[derive(JsonSchema, Serialize, Debug, Clone, PartialEq, Eq)]
pub struct WouldMove {
    pub step: String,
    /// With exactly these it moves, and with no fewer. Else others must change something as well, of whom was not asked;
    /// or they are all that is known to keep it, and what is behind one of them cannot be told before.
    pub certain: bool,
}

/// The step that an act lets go.
#[must_use]
pub fn step_of(act: &Act) -> Option<String> {
    #[allow(unreachable_patterns, reason = "acts are added")]
    match act {
        Act::Grant { step, .. } | Act::Release { step, .. } => Some(step.clone()),
        _ => None,
    }
}

/// `namespace/name` of the team whose step it is.
#[must_use]
pub fn team_of(spec: &CoordinatedReleaseSpec, step: &str) -> Option<String> {
    let step = spec.steps.iter().find(|s| s.name == step)?;
    let name = step.participant.as_ref()?;
    let participant = spec.participants.iter().find(|p| p.name == *name)?;
    Some(format!("{}/{}", participant.team.namespace, participant.team.name))
}

/// The steps that come before this one, directly or not.
#[must_use]
pub fn before<'a>(steps: &'a [Step], step: &str) -> BTreeSet<&'a str> {
    let by_name: BTreeMap<&str, &Step> = steps.iter().map(|s| (s.name.as_str(), s)).collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> =
        by_name.get(step).map(|s| s.depends_on.iter().map(String::as_str).collect()).unwrap_or_default();
    while let Some(next) = open.pop() {
        if let Some((name, step)) = by_name.get_key_value(next)
            && found.insert(*name)
        {
            open.extend(step.depends_on.iter().map(String::as_str));
        }
    }
    found
}

/// How each waiting step waits, in the plan's order.
pub fn steps(examined: &Examined, reasons: &[Reason], only: &Only) -> Vec<StepChain> {
    let Some((situation, decision)) = examined.sound.as_ref().filter(|_| !examined.goes_back_or_ends()) else {
        return Vec::new();
    };
    let views: BTreeMap<&str, StepState> = decision.steps.iter().map(|v| (v.name.as_str(), v.state)).collect();
    let asked = |step: &str| {
        only.step
            .as_ref()
            .is_none_or(|wanted| wanted == step || before(&examined.release.spec.steps, wanted).contains(step))
    };
    let waiting = situation.release.steps.iter().filter(|s| views.get(s.name.as_str()).is_some_and(|v| waits(*v)));
    waiting
        .filter(|step| asked(&step.name))
        .map(|step| StepChain {
            step: step.name.clone(),
            state: views.get(step.name.as_str()).map_or("", |v| v.as_str()),
            blockers: reasons
                .iter()
                .filter(|r| !follows(r) && (r.steps.is_empty() || r.steps.contains(&step.name)))
                .map(|r| r.id)
                .collect(),
            after: step
                .depends_on
                .iter()
                .filter(|d| views.get(d.as_str()).is_some_and(|v| *v != StepState::Done))
                .cloned()
                .collect(),
        })
        .collect()
}

/// Whether it is only the consequence of where another step stands.
fn follows(reason: &Reason) -> bool {
    match &reason.cause {
        Some(cause) => matches!(
            cause,
            Cause::Predecessor { .. }
                | Cause::PredecessorFailed { .. }
                | Cause::Halted { .. }
                | Cause::RollbackOrder { .. }
        ),
        None => reason.gate == Gate::Order.as_str(),
    }
}

/// Whether time alone ends it.
fn passes(reason: &Reason) -> bool {
    let Some(cause) = &reason.cause else {
        return reason.until.is_some();
    };
    matches!(
        cause,
        Cause::TooEarly { .. }
            | Cause::WindowClosed { .. }
            | Cause::Frozen { .. }
            | Cause::OpeningTooShort { .. }
            | Cause::TurnToCome { .. }
            | Cause::OpeningFull { .. }
            | Cause::StartsUsedUp { .. }
            | Cause::Soaking { .. }
            | Cause::Settling { .. }
    )
}

/// The smallest set of things that would have to change for a step that is asked about to move, as far as reasons
/// tell of it, and which step that is. Of a release that goes back, or is not valid: every blocker but those that only
/// follow from others. Empty if what waits, waits for a step that is under way.
pub fn to_change(examined: &Examined, reasons: &[Reason], only: &Only) -> (Vec<Change>, Option<WouldMove>) {
    let Some((situation, decision)) = examined.sound.as_ref().filter(|_| !examined.goes_back_or_ends()) else {
        let own = reasons.iter().filter(|r| !follows(r));
        return (own.map(|r| change(&[r])).collect(), None);
    };
    let steps = &examined.release.spec.steps;
    let asked = |step: &str| {
        let of_step = only.step.as_ref().is_none_or(|of| step == of || before(steps, of).contains(step));
        of_step && only.team.as_ref().is_none_or(|team| team_of(&examined.release.spec, step).as_ref() == Some(team))
    };
    let narrowed = smallest::to_move(situation, decision, asked);
    // A team whose steps come later is asked for its part in what comes first.
    let Some(set) = narrowed.or_else(|| smallest::to_move(situation, decision, |_| only.step.is_none())) else {
        return (Vec::new(), None);
    };
    let told = |any: &Vec<Cause>| -> Vec<&Reason> {
        reasons.iter().filter(|r| r.cause.as_ref().is_some_and(|c| any.contains(c))).collect()
    };
    let changes = set.all.iter().map(told).filter(|any| !any.is_empty()).map(|any| change(&any));
    let changes: Vec<Change> = changes.collect();
    if changes.is_empty() {
        return (changes, None);
    }
    // Of a team only its own part is told, and of what is not seen none.
    let certain = set.certain && changes.len() == set.all.len();
    (changes, Some(WouldMove { step: set.step, certain }))
}

fn change(any: &[&Reason]) -> Change {
    Change {
        any_of: any.iter().map(|r| r.id).collect(),
        by_itself: any.iter().all(|r| passes(r)),
        // RFC 3339 in UTC sorts as the instants do.
        at: any.iter().filter_map(|r| r.until.clone()).min(),
    }
}

/// When the next step could start if all that people must do were done now, as far as the windows tell.
pub fn earliest(examined: &Examined) -> Option<Earliest> {
    let (situation, decision) = examined.sound.as_ref()?;
    if !decision.acts.is_empty() || examined.goes_back_or_ends() || examined.hides() {
        return None;
    }
    let state = |name: &str| decision.steps.iter().find(|v| v.name == name).map(|v| v.state);
    let first = situation.release.steps.iter().filter(|step| {
        state(&step.name) == Some(StepState::Waiting)
            && step.depends_on.iter().all(|d| state(d) == Some(StepState::Done))
    });
    let starts = first.filter_map(|step| {
        let team = step.participant.as_ref().and_then(|p| situation.release.participants.get(p))?;
        let governance = situation.governance.get(&team.team)?;
        let from = situation.release.not_before.map_or(situation.now, |t| t.max(situation.now));
        Some((governance.next_fit(from, step.estimate)?, &step.name))
    });
    starts.min().map(|(at, step)| Earliest { step: step.clone(), at: to_wire(at) })
}

/// The gates that keep nothing back, each with what makes it so.
pub fn not_blocking(examined: &Examined) -> Vec<String> {
    let Some((situation, decision)) = examined.sound.as_ref().filter(|_| !examined.goes_back_or_ends()) else {
        return Vec::new();
    };
    let unseen = |word: &str| examined.unseen.iter().any(|u| u.to_lowercase().contains(word));
    let mut said = Vec::new();
    if !decision.closed(Gate::Paused) {
        said.push("not paused".to_owned());
    }
    // Of teams, workloads and windows that were not seen nothing good is said.
    if examined.hides() {
        return said;
    }
    if !decision.closed(Gate::Accepted) {
        let teams: BTreeSet<&ObjectName> = situation.release.participants.values().map(|p| &p.team).collect();
        said.push(format!("consent of {}", crate::cli::screen::text::count(teams.len(), "team")));
    }
    if !decision.closed(Gate::HoldEnforced) && !unseen("admissionpolic") {
        said.push("the hold is enforced".to_owned());
    }
    if !decision.closed(Gate::Window) && !unseen("window") {
        said.push(windows(situation));
    }
    for (gate, words) in [
        (Gate::Capacity, "capacity and resources"),
        (Gate::SignOff, "sign-offs"),
        (Gate::Check, "checks"),
        (Gate::Content, "content"),
        (Gate::Failure, "no step has failed"),
    ] {
        if !decision.closed(gate) {
            said.push(words.to_owned());
        }
    }
    said
}

fn windows(situation: &Situation) -> String {
    let verdicts: Vec<_> = situation.governance.values().map(|g| g.at(situation.now)).collect();
    let closes = verdicts.iter().filter_map(|v| v.closes_at).min();
    let governed = situation.governance.values().any(|g| g.tiers.iter().any(|tier| !tier.is_empty()));
    match (governed, closes) {
        (false, _) => "no window governs it".to_owned(),
        (true, None) => "windows open".to_owned(),
        (true, Some(at)) => format!("windows open until {}", to_wire(at)),
    }
}
