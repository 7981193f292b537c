//! What people, clocks and workloads do: all that is not a process of rollcall.

use super::protocol::{Model, Move, Next, changed, moved_release, moved_workload};
use super::state::{Grant, Hold, Leader, Phase, Signed, State, Step};

impl Model<'_> {
    pub(super) fn by_people(&self, state: &State, out: &mut Vec<Next>) {
        for release in (0..3).filter(|r| !state.releases[*r].is_finished()) {
            self.helps(state, release, out);
            if state.left.stops > 0 && !state.releases[release].paused {
                out.push(changed(state, Move::Stops { release }, |s| {
                    s.left.stops -= 1;
                    s.releases[release].paused = true;
                    moved_release(s, usize::MAX, release);
                }));
            }
            if state.left.withdrawals > 0 && state.releases[release].signed == Signed::Current {
                out.push(changed(state, Move::TakesBack { release }, |s| {
                    s.left.withdrawals -= 1;
                    s.releases[release].signed = Signed::Not;
                }));
            }
            for step in 0..2 {
                self.writes_content(state, release, step, out);
            }
        }
        if state.open && state.left.closings > 0 {
            out.push(changed(state, Move::Closes, |s| {
                s.left.closings -= 1;
                s.open = false;
            }));
        }
        if !state.open {
            out.push(changed(state, Move::Opens, |s| s.open = true));
        }
    }

    fn writes_content(&self, state: &State, release: usize, step: usize, out: &mut Vec<Next>) {
        if state.left.edits > 0 {
            out.push(changed(state, Move::Edits { release, step }, |s| {
                s.left.edits -= 1;
                let of = &mut s.releases[release];
                of.steps[step].hold = Hold::Held;
                of.steps[step].same_version = false;
                of.steps[step].same_template = false;
                of.steps.iter_mut().for_each(|s| s.same_digest = false);
                if of.signed == Signed::Current {
                    of.signed = Signed::Stale;
                }
                moved_workload(s, usize::MAX, release, step);
                s.leaders
                    .iter_mut()
                    .filter(|l| l.phase != Phase::Idle && usize::from(l.release) == release)
                    .for_each(|l| l.content_moved = true);
            }));
        }
        if state.left.touches > 0 && state.releases[release].steps[step].hold == Hold::Held {
            out.push(changed(state, Move::Scales { release, step }, |s| {
                s.left.touches -= 1;
                s.releases[release].steps[step].same_version = false;
                moved_workload(s, usize::MAX, release, step);
            }));
        }
    }

    pub(super) fn helps(&self, state: &State, release: usize, out: &mut Vec<Next>) {
        let of = state.releases[release];
        if of.paused {
            out.push(changed(state, Move::GoesOn { release }, |s| {
                s.releases[release].paused = false;
                moved_release(s, usize::MAX, release);
            }));
        }
        if of.signed != Signed::Current {
            out.push(changed(state, Move::Signs { release }, |s| s.releases[release].signed = Signed::Current));
        }
    }

    /// What goes on by itself: rollouts, and time.
    pub(super) fn by_itself(&self, state: &State, out: &mut Vec<Next>) {
        for (release, of) in state.releases.iter().enumerate() {
            for step in (0..2).filter(|s| of.steps[*s].hold == Hold::Rolling) {
                out.push(changed(state, Move::RunsNow { release, step }, |s| {
                    s.releases[release].steps[step].hold = Hold::Runs
                }));
            }
        }
        let ages = |s: &Step| s.grant == Grant::Fresh;
        let waits = |l: &Leader| matches!(l.phase, Phase::Grant | Phase::LetGo | Phase::Release) && !l.late;
        if state.releases.iter().any(|r| r.steps.iter().any(ages)) || state.leaders.iter().any(waits) {
            out.push(changed(state, Move::TimePasses, |s| {
                s.releases
                    .iter_mut()
                    .flat_map(|r| &mut r.steps)
                    .filter(|s| ages(s))
                    .for_each(|s| s.grant = Grant::Void);
                s.leaders.iter_mut().filter(|l| waits(l)).for_each(|l| l.late = true);
            }));
        }
    }
}
