//! Whether what should happen does, from every state that was reached: once it is calm, with one process that leads.
//!
//! The moves that help form a graph. Under fairness (whatever can happen again and again happens) a run ends in a
//! strongly connected component that no move leaves. Each of these must consist of states in which all is done.

use super::explore::Explored;
use super::protocol::{Model, Move, Next};
use super::state::{Leader, State};

/// States from which nothing that helps leads to the end.
pub struct Stuck {
    /// How many components no move leaves, without all being done there.
    pub traps: usize,
    /// How the first of them is reached: what happened before it was calm, and after.
    pub trace: Vec<(Move, State)>,
    pub size: usize,
}

struct Graph<'m, 'o> {
    model: &'m Model<'o>,
    states: Vec<u128>,
    places: super::explore::Places,
    out: Vec<Next>,
}

impl Graph<'_, '_> {
    fn place(&mut self, bits: u128) -> u32 {
        let new = self.states.len() as u32;
        let place = *self.places.entry(bits).or_insert(new);
        if place == new {
            self.states.push(bits);
        }
        place
    }

    fn successors(&mut self, at: u32) -> Vec<u32> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        self.model.helpful(&State::from_bits(self.states[at as usize]), &mut out);
        let next = out.iter().map(|n| n.state.canonical()).collect::<Vec<_>>();
        self.out = out;
        next.into_iter().map(|bits| self.place(bits)).collect()
    }
}

/// Tarjan's algorithm, with a stack of its own: the graph is far too deep for the machine's.
struct Tarjan {
    index: Vec<u32>,
    low: Vec<u32>,
    on_stack: Vec<bool>,
    stack: Vec<u32>,
    next: u32,
}

const NOT_YET: u32 = u32::MAX;

impl Tarjan {
    fn grow(&mut self, to: usize) {
        self.index.resize(to, NOT_YET);
        self.low.resize(to, 0);
        self.on_stack.resize(to, false);
    }

    fn enter(&mut self, at: u32) {
        let n = at as usize;
        (self.index[n], self.low[n], self.on_stack[n]) = (self.next, self.next, true);
        self.next += 1;
        self.stack.push(at);
    }
}

/// The traps among all states that are reached once it is calm, from wherever it was before; `None` if there are none.
#[must_use]
pub fn stuck(model: &Model<'_>, explored: &Explored) -> Option<Stuck> {
    let mut graph = Graph { model, states: Vec::new(), places: Default::default(), out: Vec::new() };
    let mut tarjan = Tarjan { index: vec![], low: vec![], on_stack: vec![], stack: vec![], next: 0 };
    let mut traps: Vec<(u32, usize)> = Vec::new();
    // Calm begins: both processes end, and one begins anew.
    for bits in &explored.states {
        let calm = State { leaders: [Leader::IDLE; 2], ..State::from_bits(*bits) }.canonical();
        let root = graph.place(calm);
        tarjan.grow(graph.states.len());
        if tarjan.index[root as usize] == NOT_YET {
            from(&mut graph, &mut tarjan, root, &mut traps);
        }
    }
    let (first, size) = *traps.first()?;
    let end = State::from_bits(graph.states[first as usize]);
    let before = explored.places.get(&graph.states[first as usize]);
    let mut trace = before.map(|place| explored.trace(*place as usize)).unwrap_or_default();
    trace.push((Move::TimePasses, end));
    Some(Stuck { traps: traps.len(), trace, size })
}

fn from(graph: &mut Graph<'_, '_>, tarjan: &mut Tarjan, root: u32, traps: &mut Vec<(u32, usize)>) {
    tarjan.enter(root);
    let mut path: Vec<(u32, Vec<u32>, bool)> = vec![(root, graph.successors(root), false)];
    tarjan.grow(graph.states.len());
    while let Some((at, successors, leaves)) = path.last_mut() {
        let at = *at;
        if let Some(next) = successors.pop() {
            if tarjan.index[next as usize] == NOT_YET {
                tarjan.enter(next);
                let after = graph.successors(next);
                tarjan.grow(graph.states.len());
                path.push((next, after, false));
            } else if tarjan.on_stack[next as usize] {
                tarjan.low[at as usize] = tarjan.low[at as usize].min(tarjan.index[next as usize]);
            } else {
                // It leads into a component that is complete already.
                *leaves = true;
            }
            continue;
        }
        let mut out = *leaves;
        path.pop();
        let root_of_component = tarjan.low[at as usize] == tarjan.index[at as usize];
        if root_of_component {
            let begins = tarjan.stack.iter().rposition(|n| *n == at).unwrap_or(0);
            let members = tarjan.stack.split_off(begins);
            members.iter().for_each(|m| tarjan.on_stack[*m as usize] = false);
            let done = members.iter().all(|m| State::from_bits(graph.states[*m as usize]).all_done());
            if !out && !done {
                traps.push((at, members.len()));
            }
            // For whoever led here, this component is another one.
            out = true;
        }
        if let Some((parent, _, parent_leaves)) = path.last_mut() {
            let parent = *parent as usize;
            if !root_of_component {
                tarjan.low[parent] = tarjan.low[parent].min(tarjan.low[at as usize]);
            }
            *parent_leaves |= out;
        }
    }
}
