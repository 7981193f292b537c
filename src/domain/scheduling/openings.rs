//! How much may happen in one opening of a window: releases under way at once, and starts.
//!
//! Every Allow window that governs a step and is open must have room for it, also where another one of the same tier
//! has: a limit that a second window lifts would be none. An opening is one of the window's own, whatever freezes cut
//! out of it. A step counts once in an opening, however often it is granted in it, and so does a workload whose
//! changes go by themselves. A grant that was withdrawn before it was carried out counts for nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::blocker::Cause;
use super::decide::Standings;
use super::decision::StepState;
use super::gates::skipped;
use super::progress::team_of;
use super::situation::{InUse, Situation, Skip, Step, WindowStart, Work};
use super::withdrawal;
use crate::domain::calendar::{Capacity, Governance, Governing, Window, WindowType};

/// A window's limit that is reached, and when a new opening lifts it.
pub type Full = (Cause, Option<DateTime<Utc>>);

/// The windows that have no room for a step beside everything that has started and is under way.
pub fn full(s: &Situation, standings: &Standings<'_>, step: &Step, under_way: &[InUse]) -> Vec<Full> {
    full_beside(s, standings, step, under_way, &s.window_starts)
}

/// The windows that have no room for a step beside these starts of others, and what is under way.
pub fn full_beside(
    s: &Situation,
    standings: &Standings<'_>,
    step: &Step,
    under_way: &[InUse],
    starts: &[WindowStart],
) -> Vec<Full> {
    if skipped(s, Skip::Capacity) {
        return Vec::new();
    }
    let Some(governance) = team_of(s, step).and_then(|t| s.governance.get(t)) else {
        return Vec::new();
    };
    limits(governance, s.now)
        .flat_map(|limit| {
            let own = own_starts(s, standings, &limit, under_way);
            let others_own = own.iter().filter(|own| own.step != step.name).count();
            let releases = || {
                // A place is taken by what was let go: others may have been granted the same one meanwhile.
                let is_in = own.iter().any(|own| own.let_go);
                if is_in { None } else { limit.too_many_releases(starts) }
            };
            let too_many_starts = || limit.too_many_starts(starts, others_own);
            [releases(), too_many_starts()].into_iter().flatten().collect::<Vec<_>>()
        })
        .collect()
}

/// The windows that have no room for one more change of this workload that no release claims. Such a change takes no
/// release's place.
pub fn full_for_change(
    governance: &Governance,
    now: DateTime<Utc>,
    workload: &str,
    starts: &[WindowStart],
) -> Vec<Full> {
    let others: Vec<WindowStart> =
        starts.iter().filter(|start| start.release.is_some() || start.what != workload).cloned().collect();
    limits(governance, now).filter_map(|limit| limit.too_many_starts(&others, 0)).collect()
}

/// Whether any window that is open now has a limit.
pub fn limited(governance: &Governance, now: DateTime<Utc>) -> bool {
    limits(governance, now).next().is_some()
}

/// A window with a limit, in the opening that is open now.
struct Limit<'a> {
    name: &'a str,
    window: &'a Window,
    capacity: Capacity,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
}

fn limits(governance: &Governance, now: DateTime<Utc>) -> impl Iterator<Item = Limit<'_>> {
    governance.tiers.iter().flatten().filter_map(move |(name, governing)| {
        let Governing::Sound(window) = governing else {
            return None;
        };
        let capacity = window.capacity();
        let is_limit =
            window.window_type() == WindowType::Allow && (capacity.releases, capacity.starts) != (None, None);
        let since = is_limit.then(|| window.open_since(now)).flatten()?;
        Some(Limit { name, window, capacity, since, now })
    })
}

impl Limit<'_> {
    fn within<'a>(&self, starts: &'a [WindowStart]) -> impl Iterator<Item = &'a WindowStart> {
        starts.iter().filter(|start| start.window == self.name)
    }

    fn too_many_releases(&self, starts: &[WindowStart]) -> Option<Full> {
        let limit = self.capacity.releases?;
        let present = self.within(starts).filter(|s| s.under_way || s.live && s.at >= self.since);
        let releases: BTreeSet<_> = present.filter_map(|s| s.release.as_ref()).collect();
        let by = releases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        (releases.len() >= limit).then(|| (Cause::OpeningFull { window: self.name.to_owned(), limit, by }, None))
    }

    /// `own` is how many of the release's other steps have started, or start together with this one.
    fn too_many_starts(&self, starts: &[WindowStart], own: usize) -> Option<Full> {
        let limit = self.capacity.starts?;
        let present = self.within(starts).filter(|s| s.at >= self.since);
        let others: BTreeSet<_> = present.map(|s| (&s.release, &s.what)).collect();
        let next = || self.window.next_end(self.now).and_then(|end| self.window.next_start(end));
        (others.len() + own >= limit).then(|| (Cause::StartsUsedUp { window: self.name.to_owned(), limit }, next()))
    }
}

/// A step of this release that has started.
struct Own<'a> {
    step: &'a str,
    /// It is more than granted.
    let_go: bool,
}

/// The steps of this release that a window governs and that have started in its opening, or are under way.
fn own_starts<'a>(
    s: &'a Situation,
    standings: &Standings<'_>,
    limit: &Limit<'_>,
    under_way: &'a [InUse],
) -> Vec<Own<'a>> {
    let governed = |step: &&Step| {
        let governance = team_of(s, step).and_then(|t| s.governance.get(t));
        let windows = governance.into_iter().flat_map(|g| g.tiers.iter().flatten());
        matches!(step.work, Work::Workload(_)) && windows.clone().any(|(name, _)| name == limit.name)
    };
    let started = |step: &'a Step| {
        let state = standings.get(step.name.as_str()).map(|st| st.view.state);
        let grant = withdrawal::counted(s, &step.name);
        let in_opening = grant.is_some_and(|g| g.at >= limit.since);
        let now = under_way.iter().any(|u| u.release == s.release.name && u.step == step.name);
        let let_go = state == Some(StepState::Progressing) || in_opening && state != Some(StepState::Granted);
        (now || in_opening).then_some(Own { step: &step.name, let_go })
    };
    s.release.steps.iter().filter(governed).filter_map(started).collect()
}
