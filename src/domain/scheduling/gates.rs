//! The gates, each asked on its own and all of them asked.

use std::borrow::Cow;
use std::cell::OnceCell;

use chrono::{DateTime, TimeDelta, Utc};

use super::blocker::{Blocker, Cause};
use super::capacity;
use super::carry;
use super::content::Content;
use super::decide::Standings;
use super::decision::StepState;
use super::openings;
use super::progress::{owner_of, team_of};
use super::situation::{Action, InUse, Override, Refusal, Role, Situation, Skip, Step, Team, TeamFound, Work};
use super::withdrawal;
use crate::domain::calendar::{Closer, Governance, WindowType};
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::readiness::{WhyLacking, tally};

/// What the gates are asked with.
pub struct Asked<'a> {
    pub digest: &'a str,
    pub standings: &'a Standings<'a>,
    /// What this release and others have under way.
    pub under_way: &'a [InUse],
    pub words: &'a Words<'a>,
}

/// When a right that was lacking is asked about again.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(60);

/// Blockers, and when time alone may change them.
#[derive(Default)]
pub struct Closed {
    pub blockers: Vec<Blocker>,
    pub look_again: Option<DateTime<Utc>>,
}

impl Closed {
    fn add(&mut self, step: &Step, cause: Cause, until: Option<DateTime<Utc>>) {
        self.blockers.push(Blocker { step: Some(step.name.clone()), cause, until });
    }

    fn add_for_all(&mut self, cause: Cause, until: Option<DateTime<Utc>>) {
        self.blockers.push(Blocker { step: None, cause, until });
    }

    fn consider(&mut self, at: Option<DateTime<Utc>>) {
        if let Some(at) = at {
            self.look_again = Some(self.look_again.map_or(at, |known| known.min(at)));
        }
    }
}

/// The override, if there is one that is stamped and not void.
pub fn override_in_force(s: &Situation) -> Option<&Override> {
    s.release.over.as_ref().filter(|o| s.now < o.until && !o.by.is_empty())
}

pub fn skipped(s: &Situation, skip: Skip) -> bool {
    override_in_force(s).is_some_and(|o| o.skip.contains(&skip))
}

/// What keeps the whole release from letting anything go.
pub fn whole_release(s: &Situation, words: &Words<'_>, digest: &str) -> Closed {
    let mut closed = Closed::default();
    closed.consider(override_in_force(s).map(|o| o.until));
    if let Some(reason) = &s.stopped {
        closed.add_for_all(Cause::Stopped { reason: reason.clone() }, None);
    }
    if s.release.paused {
        closed.add_for_all(Cause::Paused, None);
    }
    for cause in consent(s).into_iter().chain(membership(s)) {
        if matches!(cause, Cause::AuthorMayNot { .. }) {
            // Nobody tells us when somebody is given a right, so it is asked about again.
            closed.consider(Some(s.now + ASK_AGAIN));
        }
        closed.add_for_all(cause, None);
    }
    if !s.policies_missing.is_empty() {
        let missing = s.policies_missing.join(", ");
        closed.add_for_all(Cause::PolicyMissing { missing }, None);
    }
    if let Some(by) = s.skew {
        closed.add_for_all(Cause::ClockSkew { by }, None);
    }
    if let Some(not_before) = s.release.not_before.filter(|t| s.now < *t) {
        closed.add_for_all(Cause::TooEarly { not_before }, Some(not_before));
    }
    let required = s.release.participants.values().filter(|p| p.role == Role::Required);
    for team in required.filter_map(|p| sound(s, &p.team)) {
        let (causes, holds_until) = readiness(words, team, digest);
        for cause in causes {
            closed.add_for_all(cause, None);
        }
        closed.consider(holds_until);
    }
    closed
}

pub fn sound<'a>(s: &'a Situation, name: &ObjectName) -> Option<&'a Team> {
    match s.teams.get(name) {
        Some(TeamFound::Sound(team)) => Some(team),
        _ => None,
    }
}

fn consent(s: &Situation) -> Vec<Cause> {
    let mut causes = Vec::new();
    for participant in s.release.participants.values().filter(|p| p.role != Role::Informed) {
        match s.teams.get(&participant.team) {
            None => causes.push(Cause::TeamNotFound { team: participant.team.clone() }),
            Some(TeamFound::Broken(faults)) => {
                causes.push(Cause::TeamInvalid { team: participant.team.clone(), faults: faults.clone() })
            }
            Some(TeamFound::Sound(team)) => {
                let missing =
                    [Action::Hold, Action::Release].into_iter().filter(|a| !team.consents_to(&s.release.name, *a));
                causes.extend(missing.map(|a| Cause::ConsentMissing { team: team.name.clone(), action: a.as_str() }));
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
            causes.push(Cause::NotListed { team: team.name.clone(), workload: name.clone() });
        }
        if let Some(team) = team_of(s, step).and_then(|t| sound(s, t)).filter(|t| t.author_may_not.contains(&name.kind))
        {
            let (team, author) = (team.name.clone(), team.author.clone());
            causes.push(Cause::AuthorMayNot { team, author, workload: name.clone() });
        }
        if let Some(by) = s.claimed.get(name) {
            causes.push(Cause::Claimed { workload: name.clone(), by: by.clone() });
        }
    }
    causes
}

/// What a team's word lacks for this content, and until when the word that is there holds.
fn readiness(words: &Words<'_>, team: &Team, digest: &str) -> (Vec<Cause>, Option<DateTime<Utc>>) {
    let s = words.s;
    let mut causes = Vec::new();
    let mut holds_until = None;
    if !skipped(s, Skip::SignOff) && !went_already(s, team, digest) {
        let given = carry::given(&words.parts, team, digest);
        let tally = tally(&team.rules, &given, digest, s.release.author.as_deref(), s.now);
        holds_until = tally.holds_until;
        causes.extend(tally.lacks.into_iter().map(|lack| Cause::SignOff {
            team: team.name.clone(),
            role: lack.role,
            why: words.with_changes(lack.why),
            contact: team.contact.clone(),
            digest: digest.to_owned(),
            release: s.release.name.clone(),
        }));
    }
    for (check, result) in &team.checks {
        holds_until = holds_until.into_iter().chain(result.counts_until()).filter(|t| *t > s.now).min();
        if let Some(why) = result.lack(s.now) {
            causes.push(Cause::Check {
                team: team.name.clone(),
                check: check.clone(),
                why,
                said: result.message.clone(),
                contact: team.contact.clone(),
            });
        }
    }
    (causes, holds_until)
}

/// What many teams' words are held against. It is as long as the plan, so it is made once, and only if it is needed.
pub struct Words<'a> {
    s: &'a Situation,
    parts: carry::Parts<'a>,
    content: OnceCell<Content>,
}

impl<'a> Words<'a> {
    pub fn on(s: &'a Situation) -> Self {
        Self { s, parts: carry::Parts::of(s), content: OnceCell::new() }
    }

    /// Whoever signed something else is told what is other now, if it was recorded what they signed.
    fn with_changes(&self, why: WhyLacking) -> WhyLacking {
        match why {
            WhyLacking::Stale { by, signed, .. } => {
                let now = || self.content.get_or_init(|| Content::of(self.s));
                let then = self.s.record.signed.get(&signed);
                let changed = then.map(|then| then.changes_to(now())).unwrap_or_default();
                WhyLacking::Stale { by, signed, changed }
            }
            other => other,
        }
    }
}

/// Once something of exactly this content has been granted, a word that was given for it and is then
/// withdrawn or runs out no longer stops the rest, unless the team says that it does. What went under an
/// override proves nobody's word.
fn went_already(s: &Situation, team: &Team, digest: &str) -> bool {
    let grants = s.record.steps.keys().filter_map(|step| withdrawal::counted(s, step));
    let granted = grants.into_iter().any(|g| g.digest == digest && g.overridden.is_none());
    let required = s.release.participants.values().any(|p| p.team == team.name && p.role == Role::Required);
    granted && required && !team.rules.withdrawal_halts
}

/// What keeps one step that is still held from going, apart from what keeps the whole release.
pub fn of_step(s: &Situation, step: &Step, asked: &Asked<'_>) -> Closed {
    let mut closed = Closed::default();
    let held = match &step.work {
        Work::Workload(name) => s.workloads.get(name).is_none_or(|w| w.hold.is_held()),
        Work::Wait(_) | Work::Task(_) => false,
    };
    if held {
        window(s, step, &mut closed);
        for cause in capacity::lacking(s, step, asked.under_way) {
            closed.add(step, cause, None);
        }
        for (cause, until) in openings::full(s, asked.standings, step, asked.under_way) {
            closed.add(step, cause, until);
        }
        let optional =
            step.participant.as_ref().and_then(|p| s.release.participants.get(p)).filter(|p| p.role == Role::Optional);
        if let Some(team) = optional.and_then(|p| sound(s, &p.team)) {
            let (causes, holds_until) = readiness(asked.words, team, asked.digest);
            for cause in causes {
                closed.add(step, cause, None);
            }
            closed.consider(holds_until);
        }
    }
    order(s, step, asked.standings, &mut closed);
    content(s, step, &mut closed);
    closed
}

fn window(s: &Situation, step: &Step, closed: &mut Closed) {
    let Some(governance) = team_of(s, step).and_then(|t| s.governance.get(t)) else {
        // Windows that were not read are not windows that are open.
        let cause = Cause::WindowBroken {
            window: "(any)".to_owned(),
            fault: "nothing is known of the windows that govern this step".to_owned(),
        };
        closed.add(step, cause, None);
        return;
    };
    let windows = windows_closed(governance, s.now, step.estimate, |kind| match kind {
        WindowType::Freeze => skipped(s, Skip::Freeze),
        WindowType::Allow => skipped(s, Skip::Window),
    });
    for (cause, until) in windows.causes {
        closed.add(step, cause, until);
    }
    closed.consider(windows.look_again);
    let turn = governance.turn(s.now, &s.release.name.to_string(), step.estimate.max(governance.min_remaining()));
    if let Some(turn) = turn.filter(|_| !skipped(s, Skip::Window)) {
        closed.add(step, Cause::TurnToCome { window: turn.window, over: turn.over }, Some(turn.at));
    }
}

/// What the windows say to something that needs a while.
pub struct Windows {
    pub causes: Vec<(Cause, Option<DateTime<Utc>>)>,
    /// When time alone may change it.
    pub look_again: Option<DateTime<Utc>>,
}

/// What of a governance is closed at an instant for something that needs so long. What is skipped counts
/// as if it were not there; whoever skips Allow windows also skips how much of an opening must be left.
pub fn windows_closed(
    governance: &Governance,
    now: DateTime<Utc>,
    need: TimeDelta,
    skip: impl Fn(WindowType) -> bool,
) -> Windows {
    let mut governance = Cow::Borrowed(governance);
    if skip(WindowType::Freeze) || skip(WindowType::Allow) {
        for tier in &mut governance.to_mut().tiers {
            tier.retain(|(_, governing)| !skip(governing.window_type()));
        }
    }
    let verdict = governance.at(now);
    let mut causes: Vec<_> = verdict.closed_by.iter().map(|c| (closed_by(c), c.until)).collect();
    let mut look_again = verdict.next_change;
    if let Some(closes) = verdict.closes_at.filter(|_| !skip(WindowType::Allow)) {
        let need = need.max(governance.min_remaining());
        let left = closes - now;
        if left < need {
            causes.push((Cause::OpeningTooShort { need, left }, None));
        } else {
            // With exactly the need left it still fits; right after that it does not.
            let last = closes - need + TimeDelta::nanoseconds(1);
            look_again = Some(look_again.map_or(last, |at| at.min(last)));
        }
    }
    Windows { causes, look_again }
}

pub fn closed_by(closer: &Closer) -> Cause {
    let window = closer.window.clone();
    let reason = closer.reason.clone();
    match (&closer.fault, closer.window_type) {
        (Some(fault), _) => Cause::WindowBroken { window, fault: fault.clone() },
        (None, WindowType::Freeze) => Cause::Frozen { window, reason },
        (None, WindowType::Allow) => Cause::WindowClosed { window, reason },
    }
}

fn order(s: &Situation, step: &Step, standings: &Standings<'_>, closed: &mut Closed) {
    for name in &step.depends_on {
        let Some(before) = standings.get(name.as_str()) else {
            continue;
        };
        match before.view.state {
            StepState::Done => {}
            StepState::Failed => closed.add(step, Cause::PredecessorFailed { step: name.clone() }, None),
            StepState::Soaking => {
                let soak = s.release.steps.iter().find(|st| st.name == *name).map_or(TimeDelta::zero(), |st| st.soak);
                closed.add(step, Cause::Soaking { step: name.clone() }, before.view.finished.map(|f| f + soak));
            }
            state => closed.add(step, Cause::Predecessor { step: name.clone(), state: state.as_str() }, None),
        }
    }
}

fn content(s: &Situation, step: &Step, closed: &mut Closed) {
    let Work::Workload(name) = &step.work else {
        return;
    };
    let Some(workload) = s.workloads.get(name).filter(|w| w.hold.is_held()) else {
        return;
    };
    closed.blockers.extend(not_allowed(s, &step.name, name));
    if workload.was_rolled_back() && !wanted_again(s, step) {
        closed.add(step, Cause::WasRolledBack { workload: name.clone(), team: owner_of(s, step) }, None);
    }
    if let Some((expected, found)) = step.expect.as_ref().and_then(|e| e.difference(workload)) {
        closed.add(step, Cause::ContentMissing { workload: name.clone(), expected, found }, None);
    }
}

/// What the API server said when it did not let rollcall do what was decided on for a step, until that is tried again.
pub fn not_allowed(s: &Situation, step: &str, workload: &WorkloadName) -> Option<Blocker> {
    let (until, refusal) = s.refused.get(step).filter(|(until, _)| s.now < *until)?;
    let Refusal::NotAllowed(said) = refusal else {
        return None;
    };
    let cause = Cause::MayNotTouch { workload: workload.clone(), said: said.clone() };
    Some(Blocker { step: Some(step.to_owned()), cause, until: Some(*until) })
}

/// Somebody says that content may go again although it was rolled back: the team, whose word for it is asked
/// anew because the digest says so, or whoever overrides.
fn wanted_again(s: &Situation, step: &Step) -> bool {
    let asked = team_of(s, step).and_then(|t| sound(s, t)).is_some_and(|team| !team.rules.required.is_empty());
    asked && !skipped(s, Skip::SignOff) || override_in_force(s).is_some()
}
