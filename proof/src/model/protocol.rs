//! The moves: what processes may do in a state, and what must not come of it.

use std::cell::RefCell;
use std::collections::HashMap;

use super::mistakes::Mistake;
use super::state::{Budget, Grant, Hold, Leader, Phase, Said, Signed, State, View};
use super::{Act, Decided, Oracle, Release, Step};

/// How often people and clocks may do their worst, and how many processes believe they lead.
pub type Limits = Budget;

/// What happened between two states, to be read in a counterexample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Looks { leader: usize, release: usize },
    LooksAtWhatWas { leader: usize, release: usize, step: usize },
    ReadsHalf { leader: usize, release: usize },
    Reports { leader: usize },
    Grants { leader: usize },
    LetsGo { leader: usize },
    Withdraws { leader: usize },
    GivesUp { leader: usize },
    Crashes { leader: usize },
    Edits { release: usize, step: usize },
    Scales { release: usize, step: usize },
    Stops { release: usize },
    GoesOn { release: usize },
    Signs { release: usize },
    TakesBack { release: usize },
    Closes,
    Opens,
    RunsNow { release: usize, step: usize },
    TimePasses,
}

/// The protocol, with one mistake or none.
pub struct Model<'o> {
    pub(super) oracle: &'o dyn Oracle,
    pub(super) mistake: Option<Mistake>,
    pub limits: Limits,
    /// 1 or 2 processes that believe they lead.
    pub leaders: usize,
    /// How many of the three releases are under way; the others have ended.
    pub releases: usize,
    pub(super) decided: RefCell<HashMap<View, Decided>>,
    broken: RefCell<HashMap<(View, usize), Option<&'static str>>>,
}

/// A state that follows, by a move, and what is wrong with that.
pub struct Next {
    pub by: Move,
    pub state: State,
    pub wrong: Option<&'static str>,
}

const STEP: Step = Step {
    hold: Hold::Held,
    said: Said::Waiting,
    grant: Grant::None,
    same_version: false,
    same_template: false,
    same_digest: false,
};

impl<'o> Model<'o> {
    #[must_use]
    pub fn new(oracle: &'o dyn Oracle, limits: Limits, leaders: usize, releases: usize) -> Self {
        let (decided, broken) = Default::default();
        Self { oracle, mistake: None, limits, leaders, releases, decided, broken }
    }

    #[must_use]
    pub fn with(mut self, mistake: Mistake) -> Self {
        self.mistake = Some(mistake);
        self
    }

    /// All is held and nobody has signed; the window is open.
    #[must_use]
    pub fn first(&self) -> State {
        let release = Release { paused: false, signed: Signed::Not, steps: [STEP; 2] };
        let over = Release { steps: [Step { hold: Hold::Runs, said: Said::Done, ..STEP }; 2], ..release };
        let releases = [0, 1, 2].map(|n| if n < self.releases { release } else { over });
        State { open: true, releases, leaders: [Leader::IDLE; 2], left: self.limits }
    }

    /// The first rule that letting the step go would break now.
    fn broken(&self, state: &State, release: usize, step: usize) -> Option<&'static str> {
        let view = state.view(release);
        *self.broken.borrow_mut().entry((view, step)).or_insert_with(|| self.oracle.broken(view, step))
    }

    /// Everything that may happen in a state.
    pub fn next(&self, state: &State, out: &mut Vec<Next>) {
        for leader in 0..self.leaders {
            self.by_leader(state, leader, out);
        }
        self.by_people(state, out);
        self.by_itself(state, out);
        for next in out.iter_mut() {
            self.note_what_is_open(&mut next.state);
        }
    }

    /// Only what helps: one process, no mistakes of people, time going on.
    pub fn helpful(&self, state: &State, out: &mut Vec<Next>) {
        self.by_leader(state, 0, out);
        self.by_itself(state, out);
        (0..3).filter(|r| !state.releases[*r].is_finished()).for_each(|release| self.helps(state, release, out));
        if !state.open {
            out.push(changed(state, Move::Opens, |s| s.open = true));
        }
        out.retain(|n| !matches!(n.by, Move::Crashes { .. } | Move::LooksAtWhatWas { .. }));
        for next in out.iter_mut() {
            self.note_what_is_open(&mut next.state);
        }
    }

    /// Whether all gates were really open at some instant since it began, for whoever is about to grant.
    fn note_what_is_open(&self, state: &mut State) {
        for n in 0..self.leaders {
            let leader = state.leaders[n];
            if leader.phase == Phase::Grant && !leader.was_open {
                state.leaders[n].was_open = self.broken(state, leader.release.into(), leader.step.into()).is_none();
            }
        }
    }

    fn by_leader(&self, state: &State, n: usize, out: &mut Vec<Next>) {
        let leader = state.leaders[n];
        match leader.phase {
            Phase::Idle => (0..3)
                .filter(|r| !state.releases[*r].is_finished())
                .for_each(|release| self.looks(state, n, release, out)),
            Phase::Half => out.push(self.decides(
                state,
                n,
                Move::Looks { leader: n, release: leader.release.into() },
                self.halves(state, n),
            )),
            Phase::Report => out.push(self.writes(state, n, Move::Reports { leader: n })),
            Phase::Grant => out.push(self.writes(state, n, Move::Grants { leader: n })),
            Phase::Release => out.push(self.writes(state, n, Move::Reports { leader: n })),
            Phase::LetGo => out.push(self.lets_go(state, n)),
            Phase::Withdraw => out.push(self.withdraws(state, n)),
        }
        if leader.phase != Phase::Idle {
            out.push(changed(state, Move::Crashes { leader: n }, |s| s.leaders[n] = Leader::IDLE));
        }
    }

    fn looks(&self, state: &State, n: usize, release: usize, out: &mut Vec<Next>) {
        let begun = changed(state, Move::Looks { leader: n, release }, |s| {
            s.leaders[n] = Leader { release: release as u8, ..Leader::IDLE };
        });
        if self.makes(Mistake::SkipsTheSecondReading) {
            let mut half = begun.state;
            let seen = state.view(release);
            half.leaders[n].phase = Phase::Half;
            half.leaders[n].half = [seen.open, seen.release.signed == Signed::Current];
            out.push(Next { by: Move::ReadsHalf { leader: n, release }, state: half, wrong: None });
            return;
        }
        out.push(self.decides(&begun.state, n, begun.by, state.view(release)));
        for step in 0..2 {
            if let Some(seen) = self.as_it_was(state, release, step) {
                // What was read some time ago leads to no grant: the second reading would differ.
                let next = self.decides(&begun.state, n, Move::LooksAtWhatWas { leader: n, release, step }, seen);
                if next.state.leaders[n].phase == Phase::Report {
                    out.push(next);
                }
            }
        }
    }

    /// The view of a cache that has yet to hear that a workload was let go.
    fn as_it_was(&self, state: &State, release: usize, step: usize) -> Option<View> {
        let mut seen = state.view(release);
        let live = &mut seen.release.steps[step];
        if live.hold == Hold::Held || live.grant == Grant::None || !live.same_template {
            return None;
        }
        live.hold = Hold::Held;
        live.same_version = true;
        Some(seen)
    }

    fn halves(&self, state: &State, n: usize) -> View {
        let leader = state.leaders[n];
        let mut seen = state.view(leader.release.into());
        seen.open = leader.half[0];
        if leader.half[1] {
            seen.release.signed = Signed::Current;
        }
        seen
    }

    /// Decides on what it saw, and turns to what follows.
    fn decides(&self, state: &State, n: usize, by: Move, seen: View) -> Next {
        let mut state = *state;
        let decided = self.decide(seen);
        let really = state.releases[usize::from(state.leaders[n].release)];
        let differs = decided.said != really.steps.map(|s| s.said);
        let leader = &mut state.leaders[n];
        leader.said = decided.said;
        leader.half = [false; 2];
        (leader.phase, leader.step) = match decided.act {
            Some(Act::Grant(step)) => (Phase::Grant, step as u8),
            Some(Act::Release(step)) => (if differs { Phase::Release } else { Phase::LetGo }, step as u8),
            Some(Act::Withdraw(step)) => (Phase::Withdraw, step as u8),
            None => (if differs { Phase::Report } else { Phase::Idle }, 0),
        };
        let on_void =
            decided.act.is_some_and(|act| matches!(act, Act::Release(s) if really.steps[s].grant == Grant::Void));
        if leader.phase == Phase::Idle {
            state.leaders[n] = Leader::IDLE;
        }
        Next { by, state, wrong: on_void.then_some("S1: a workload is let go on a grant that ran out") }
    }

    /// Writes the status of a release: a compare-and-set on the version that was read.
    fn writes(&self, state: &State, n: usize, by: Move) -> Next {
        let leader = state.leaders[n];
        let mut next = *state;
        next.leaders[n] = Leader::IDLE;
        let blind = leader.phase == Phase::Grant && self.makes(Mistake::GrantsBlindly);
        if leader.release_moved && !blind {
            return Next { by: Move::GivesUp { leader: n }, state: next, wrong: None };
        }
        let (r, s) = (usize::from(leader.release), usize::from(leader.step));
        let release = &mut next.releases[r];
        release.steps[0].said = leader.said[0];
        release.steps[1].said = leader.said[1];
        let mut wrong = None;
        match leader.phase {
            Phase::Grant => {
                wrong = self.wrong_grant(state, leader);
                let step = &mut release.steps[s];
                let grant = if leader.late { Grant::Void } else { Grant::Fresh };
                *step = Step {
                    hold: step.hold,
                    said: Said::Granted,
                    grant,
                    same_version: !leader.workload_moved,
                    same_template: !(leader.workload_moved && leader.content_moved),
                    same_digest: !leader.content_moved,
                };
                if self.makes(Mistake::LooksOnlyOnce) && !leader.late {
                    next.leaders[n] = Leader { phase: Phase::LetGo, ..leader };
                    next.leaders[n].said = [Said::Waiting; 2];
                }
            }
            Phase::Release if !leader.late || self.makes(Mistake::ForgetsTheTime) => {
                next.leaders[n] = Leader { phase: Phase::LetGo, said: [Said::Waiting; 2], ..leader };
            }
            _ => {}
        }
        moved_release(&mut next, n, r);
        Next { by, state: next, wrong }
    }

    fn wrong_grant(&self, state: &State, leader: Leader) -> Option<&'static str> {
        let (r, s) = (usize::from(leader.release), usize::from(leader.step));
        if state.releases[r].paused {
            return Some("S1b: a step was granted in a version of the release that says stop");
        }
        if leader.was_open { None } else { self.broken(state, r, s) }
    }

    /// Lets a workload go: a compare-and-set on the version that was granted.
    fn lets_go(&self, state: &State, n: usize) -> Next {
        let leader = state.leaders[n];
        let by = Move::LetsGo { leader: n };
        let mut next = *state;
        next.leaders[n] = Leader::IDLE;
        let (r, s) = (usize::from(leader.release), usize::from(leader.step));
        let step = state.releases[r].steps[s];
        let blind = self.makes(Mistake::LetsGoBlindly);
        if leader.workload_moved && !blind {
            return Next { by: Move::GivesUp { leader: n }, state: next, wrong: None };
        }
        let wrong = if step.hold != Hold::Held {
            Some("S6: a workload was let go that nobody held")
        } else if step.grant == Grant::None || !step.same_template || !step.same_version {
            Some("S1: a workload was let go in a version that nothing was granted for")
        } else if step.said == Said::Waiting {
            Some("S1: a workload was let go on a grant that had been taken back")
        } else if s == 0 && state.users() > 0 {
            Some("S2: a resource that exists once is used twice")
        } else {
            None
        };
        next.releases[r].steps[s].hold = Hold::Rolling;
        next.releases[r].steps[s].same_version = false;
        moved_workload(&mut next, n, r, s);
        Next { by, state: next, wrong }
    }

    /// Moves a workload's version, so that nobody can let it go on what was granted.
    fn withdraws(&self, state: &State, n: usize) -> Next {
        let leader = state.leaders[n];
        let mut next = *state;
        next.leaders[n] = Leader::IDLE;
        if leader.workload_moved {
            return Next { by: Move::GivesUp { leader: n }, state: next, wrong: None };
        }
        let (r, s) = (usize::from(leader.release), usize::from(leader.step));
        next.releases[r].steps[s].same_version = false;
        moved_workload(&mut next, n, r, s);
        Next { by: Move::Withdraws { leader: n }, state: next, wrong: None }
    }
}

pub(super) fn changed(state: &State, by: Move, change: impl FnOnce(&mut State)) -> Next {
    let mut state = *state;
    change(&mut state);
    Next { by, state, wrong: None }
}

/// Somebody wrote a release: whoever else is about to, has read an older version.
pub(super) fn moved_release(state: &mut State, but: usize, release: usize) {
    for (_, leader) in state.leaders.iter_mut().enumerate().filter(|(n, _)| *n != but) {
        if leader.phase != Phase::Idle && usize::from(leader.release) == release && leader.phase != Phase::LetGo {
            leader.release_moved = true;
        }
    }
}

/// Somebody wrote a workload.
pub(super) fn moved_workload(state: &mut State, but: usize, release: usize, step: usize) {
    for (n, leader) in state.leaders.iter_mut().enumerate() {
        if n != but
            && leader.phase != Phase::Idle
            && usize::from(leader.release) == release
            && usize::from(leader.step) == step
        {
            leader.workload_moved = true;
        }
    }
}
