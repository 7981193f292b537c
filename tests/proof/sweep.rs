//! Every story again, stopped at each write in each way, and then watched until it is calm: no rule is broken on the
//! way, and it ends where it ends undisturbed.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::unbounded_channel;

use crate::adversary::{AT, At, AtWrite};
use crate::play::{Played, Stage, play};
use crate::stories;
use crate::story::Story;

/// Plays a story in which this happens at these writes. Also tells how many writes there were.
fn disturbed(story: &Story, nth: Vec<(usize, At)>) -> (Played, usize) {
    let (orders, obeyed) = unbounded_channel();
    let fault = Arc::new(AtWrite { nth, seen: AtomicUsize::new(0), orders });
    let stage = Stage {
        faults: vec![Box::new(fault.clone())],
        orders: Some(obeyed),
        persistent: true,
        watched: true,
        told: false,
        ..Stage::default()
    };
    let played = play(story, stage);
    (played, fault.seen.load(std::sync::atomic::Ordering::Relaxed))
}

fn wrong(played: &Played, end: &[String]) -> Vec<String> {
    let mut wrong: Vec<String> = proof::properties::all(&played.history).iter().map(ToString::to_string).collect();
    wrong.extend(played.missed.iter().cloned());
    if played.end != end {
        let differs: Vec<_> = played.end.iter().filter(|e| !end.contains(e)).collect();
        wrong.push(format!("it ends elsewhere: {differs:?}"));
    }
    wrong
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

#[test]
fn every_story_stopped_at_every_write_comes_to_the_same_end_and_breaks_no_rule_on_the_way() {
    let stories = stories::all();
    let mut runs: Vec<(&Story, Vec<(usize, At)>)> = Vec::new();
    let mut ends = std::collections::BTreeMap::new();
    for story in &stories {
        let (undisturbed, writes) = disturbed(story, vec![]);
        ends.insert(story.name.clone(), undisturbed.end);
        runs.extend((1..=writes).flat_map(|n| AT.iter().map(move |at| (story, vec![(n, *at)]))));
    }
    let trouble = Mutex::new(Vec::new());
    let begun = std::time::Instant::now();
    each(&runs, |(story, nth)| {
        let (played, _) = disturbed(story, nth.clone());
        let found = wrong(&played, &ends[&story.name]);
        if !found.is_empty() {
            trouble.lock().expect("nobody panics").push(format!("{} {nth:?}: {}", story.name, found.join("; ")));
        }
    });
    println!("{} runs of {} stories, {:?}", runs.len(), stories.len(), begun.elapsed());
    let mut trouble = trouble.into_inner().expect("nobody panics");
    trouble.sort();
    assert!(trouble.is_empty(), "{} of {}:\n{}", trouble.len(), runs.len(), trouble.join("\n"));
}
