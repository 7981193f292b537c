//! Every state that can be reached, breadth first, so that the first counterexample is a shortest one.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::protocol::{Model, Move, Next};
use super::state::State;

/// States are spread by a multiplication, which is enough for them and much faster than what a HashMap comes with.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u128((*b).into()));
    }

    fn write_u128(&mut self, n: u128) {
        let mixed = (n as u64 ^ self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ ((n >> 64) as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        self.0 = mixed ^ (mixed >> 29);
    }
}

pub(super) type Places = HashMap<u128, u32, BuildHasherDefault<Spread>>;

/// All that was found.
pub struct Explored {
    /// The states that were reached, in the order in which they were.
    pub states: Vec<u128>,
    pub(super) places: Places,
    /// From where and by what each was reached first.
    came: Vec<(u32, Move)>,
    pub moves: u64,
    pub broken: Option<Broken>,
    /// Everything that can be reached was reached.
    pub complete: bool,
}

/// A shortest way to what must not be.
pub struct Broken {
    pub what: &'static str,
    pub trace: Vec<(Move, State)>,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}, in {} moves:", self.what, self.trace.len())?;
        for (n, (by, state)) in self.trace.iter().enumerate() {
            writeln!(f, "{:>3}. {by:?}\n     {}", n + 1, told(state))?;
        }
        Ok(())
    }
}

/// A state in a line.
fn told(state: &State) -> String {
    let releases = state.releases.iter().map(|r| {
        let steps = r
            .steps
            .iter()
            .map(|s| format!("{:?}/{:?}/{:?}{}", s.hold, s.said, s.grant, if s.same_version { "=" } else { "" }));
        let steps: Vec<String> = steps.collect();
        format!("[{}{:?} {}]", if r.paused { "stopped " } else { "" }, r.signed, steps.join(" "))
    });
    let leaders = state
        .leaders
        .iter()
        .map(|l| format!("{:?} r{}s{}{}", l.phase, l.release, l.step, if l.late { " late" } else { "" }));
    let all: Vec<String> = releases.chain(leaders).collect();
    format!("{} window {}", all.join(" "), if state.open { "open" } else { "closed" })
}

/// Explores until everything is reached, something is broken, or there are so many states.
#[must_use]
pub fn explore(model: &Model<'_>, most: usize) -> Explored {
    let first = model.first().canonical();
    let mut all = Explored {
        states: vec![first],
        places: Places::default(),
        came: vec![(0, Move::TimePasses)],
        moves: 0,
        broken: None,
        complete: false,
    };
    all.places.insert(first, 0);
    let mut out: Vec<Next> = Vec::with_capacity(64);
    let mut at = 0;
    while at < all.states.len() && all.states.len() < most {
        let state = State::from_bits(all.states[at]);
        out.clear();
        model.next(&state, &mut out);
        for next in &out {
            all.moves += 1;
            let place = all.states.len() as u32;
            let bits = next.state.canonical();
            if let Some(what) = next.wrong {
                all.came.push((at as u32, next.by));
                all.states.push(bits);
                all.broken = Some(Broken { what, trace: all.trace(place as usize) });
                return all;
            }
            all.places.entry(bits).or_insert_with(|| {
                all.states.push(bits);
                all.came.push((at as u32, next.by));
                place
            });
        }
        at += 1;
    }
    all.complete = at == all.states.len();
    all
}

impl Explored {
    /// How a state was reached.
    #[must_use]
    pub fn trace(&self, place: usize) -> Vec<(Move, State)> {
        let mut trace = Vec::new();
        let mut at = place;
        while at != 0 {
            let (from, by) = self.came[at];
            trace.push((by, State::from_bits(self.states[at])));
            at = from as usize;
        }
        trace.reverse();
        trace
    }
}
