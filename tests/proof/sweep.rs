//! Every story again: stopped at each write in each way, led by two at once, with each event of a watch late, twice or
//! not at all; and then watched until it is calm. No rule is broken on the way, and it ends where it ends undisturbed.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::unbounded_channel;

use crate::adversary::{AT_EVENTS, AT_WRITES, At, AtMoments};
use crate::play::{MENDS_WITHIN, Played, SILENCE_IS_NOTICED_WITHIN, Stage, play};
use crate::stories;
use crate::story::Story;

/// Stories of up to so many writes are disturbed twice, too.
const SHORT: usize = 30;

/// A story, and what disturbs it.
#[derive(Clone, Debug, Default)]
struct Disturbed {
    /// What happens at which write or event.
    nth: Vec<(usize, At)>,
    /// Two processes lead at all times, and neither asks.
    twins: bool,
}

impl Disturbed {
    /// Plays the story. Also tells how many writes and how many events there were.
    fn plays(&self, story: &Story) -> (Played, [usize; 2]) {
        let (orders, obeyed) = unbounded_channel();
        let fault = Arc::new(AtMoments::new(self.nth.clone(), orders));
        let silence = self.nth.iter().any(|(_, at)| *at == At::Silence);
        let stage = Stage {
            faults: vec![Box::new(fault.clone())],
            orders: Some(obeyed),
            persistent: true,
            watched: true,
            mends_within: if silence { SILENCE_IS_NOTICED_WITHIN } else { MENDS_WITHIN },
            told: false,
            twins: self.twins,
            ..Stage::default()
        };
        (play(story, stage), fault.seen())
    }
}

/// What is wrong with a run: a rule is broken, or it ends elsewhere. What the story waited for in vain is told beside it:
/// it may have waited for a process that stood still, which is no mistake if all comes well when it goes on.
fn wrong(played: &Played, end: &[String]) -> Vec<String> {
    let mut wrong: Vec<String> = proof::properties::all(&played.history).iter().map(ToString::to_string).collect();
    if played.end != end {
        let differs: Vec<_> = played.end.iter().filter(|e| !end.contains(e)).collect();
        wrong.push(format!("it ends elsewhere: {differs:?}"));
    }
    if !wrong.is_empty() {
        wrong.extend(played.missed.iter().cloned());
    }
    wrong
}

/// Without places and counts: what a story does undisturbed, too, is not the disturbance's.
fn gist(wrong: &str) -> String {
    wrong.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Does each of many things, on as many threads as there are cores.
pub fn each<T: Send + Sync>(things: &[T], does: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(thing) = things.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    does(thing);
                }
            });
        }
    });
}

/// Everything that is done to a story that makes so many writes and is shown so many events.
fn all_of([writes, events]: [usize; 2]) -> Vec<Disturbed> {
    let once = |n: usize, at: At, twins: bool| Disturbed { nth: vec![(n, at)], twins };
    let mut all = vec![Disturbed { twins: true, ..Disturbed::default() }];
    all.extend((1..=writes).flat_map(|n| AT_WRITES.map(|at| once(n, at, false))));
    all.extend((1..=writes).flat_map(|n| AT_WRITES.map(|at| once(n, at, true))));
    all.extend((1..=events).flat_map(|n| AT_EVENTS.map(|at| once(n, at, false))));
    let short = writes.min(SHORT) * usize::from(writes <= SHORT);
    let pairs = (1..=short).flat_map(|one| (one + 1..=short).map(move |other| (one, other)));
    all.extend(pairs.flat_map(|(one, other)| {
        let both = move |at: At, then: At| Disturbed { nth: vec![(one, at), (other, then)], twins: false };
        AT_WRITES.into_iter().flat_map(move |at| AT_WRITES.map(|then| both(at, then)))
    }));
    all
}

#[test]
fn every_story_stopped_at_every_write_comes_to_the_same_end_and_breaks_no_rule_on_the_way() {
    let stories = stories::all();
    let mut runs: Vec<(&Story, Disturbed)> = Vec::new();
    let mut ends = std::collections::BTreeMap::new();
    let chosen = std::env::var("STORY").ok();
    for story in stories.iter().filter(|s| chosen.as_ref().is_none_or(|name| *name == s.name)) {
        let (undisturbed, seen) = Disturbed::default().plays(story);
        let all = all_of(seen);
        eprintln!("{}: {} writes, {} events, disturbed in {} ways", story.name, seen[0], seen[1], all.len());
        let known = wrong(&undisturbed, &undisturbed.end);
        known.iter().for_each(|wrong| eprintln!("{}, undisturbed: {wrong}", story.name));
        let known: Vec<String> = known.iter().map(|wrong| gist(wrong)).collect();
        ends.insert(story.name.clone(), (undisturbed.end, known));
        runs.extend(all.into_iter().map(|disturbed| (story, disturbed)));
    }
    let all = runs.len();
    // `PORTION=n` makes about so many of them, evenly spread.
    if let Some(portion) = std::env::var("PORTION").ok().and_then(|n| n.parse::<usize>().ok()) {
        let every = all.div_ceil(portion.max(1)).max(1);
        runs = runs.into_iter().step_by(every).collect();
    }
    let trouble = Mutex::new(Vec::new());
    let begun = std::time::Instant::now();
    each(&runs, |(story, disturbed)| {
        if std::env::var_os("RUNS").is_some() {
            eprintln!("{} {disturbed:?}", story.name);
        }
        let (played, _) = disturbed.plays(story);
        let (end, known) = &ends[&story.name];
        let mut found = wrong(&played, end);
        found.retain(|wrong| !known.contains(&gist(wrong)));
        if !found.is_empty() {
            let told = format!("{} {disturbed:?}: {}", story.name, found.join("; "));
            eprintln!("{told}");
            trouble.lock().expect("nobody panics").push(told);
        }
    });
    println!("{} runs of {all} of {} stories, {:?}", runs.len(), stories.len(), begun.elapsed());
    let mut trouble = trouble.into_inner().expect("nobody panics");
    trouble.sort();
    assert!(trouble.is_empty(), "{} of {}:\n{}", trouble.len(), runs.len(), trouble.join("\n"));
}
