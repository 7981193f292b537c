//! Every story again: stopped at each write in each way, led by two at once, with each event of a watch late, twice or
//! not at all; and then watched until it is calm. No rule is broken on the way, and it ends where it ends undisturbed.
//!
//! People look before they go on: whoever does something in a story waits until things stand as they stand there
//! undisturbed, or until nothing changes any more. So a delay is no other story, and the end is the same. Where it is the
//! clock that decides, a delay may rightly decide otherwise: in the stories of [`BY_THE_CLOCK`] a run in which people
//! saw something else is judged by the rules alone.
//!
//! `make sweep` makes all runs, `make stories` those that found a mistake once and one of each sort for each story.
//! `STORY=name` chooses a story, `PORTION=n` makes about so many runs, evenly spread, `FROM=k` others than another k below
//! what divides all by the portion, `RUNS=1` tells each as it begins, and `RUN='name DiesAfter@3'` makes one run, as they
//! are told, and tells its story.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::unbounded_channel;

use crate::adversary::{AT_EVENTS, AT_WRITES, At, AtMoments};
use crate::play::{MENDS_WITHIN, Played, SILENCE_IS_NOTICED_WITHIN, Stage, State, play};
use crate::stories;
use crate::story::Story;

/// Stories of up to so many writes are disturbed twice, too.
const SHORT: usize = 30;

/// A run takes a fraction of a second. One that takes so long, by the clock on the wall, will never end.
const NEVER: Duration = Duration::from_secs(300);

/// Stories whose end hangs on when something happens, and on what it hangs.
const BY_THE_CLOCK: &[(&str, &str)] = &[
    ("closing", "whether a step is done, as rollcall sees it, when its window closes"),
    ("rollback-that-fails", "whether a step has gone when what it builds on fails"),
];

/// Runs that found a mistake once.
const REGRESSIONS: &[&str] = &[
    // What was granted was let go 25 s later, by a process that stood still between its last look and its write.
    "content StandsStill@60",
    "migration-backend-frontends StandsStill@50",
    // Two that lead contradicted each other without a pause.
    "rights twins DiesAndItArrivesLate@39",
    // An uninstallation that was given up and done again was judged as the operator's own deed.
    "outage-and-goodbye DiesAfter@85",
    // A change that the watch showed late was taken for none: the step was done before it had begun.
    "asked-back EventLate@12",
    "lockstep-zones EventLate@42",
    "rollback-that-fails Silence@27",
    "asked-back Silence@41",
    // Whoever answered a check answered once, and said nothing of what the team changed later: nobody else's mistake.
    "rollback-across-teams Silence@46",
    // A step that had not gone when its release went back went by itself, over what had gone back beneath it.
    "rollback-that-fails StandsStill@46",
];

/// What disturbs a story.
#[derive(Clone, Debug, Default, PartialEq)]
struct Disturbed {
    /// What happens at which write or event.
    nth: Vec<(usize, At)>,
    /// Two processes lead at all times, and neither asks.
    twins: bool,
}

/// A story, and what disturbs it.
struct Run<'a> {
    story: &'a Story,
    by: Disturbed,
}

impl std::fmt::Display for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let twins = if self.by.twins { " twins" } else { "" };
        write!(f, "{}{twins}", self.story.name)?;
        self.by.nth.iter().try_for_each(|(n, at)| write!(f, " {at:?}@{n}"))
    }
}

impl<'a> Run<'a> {
    /// Reads a run as it is told.
    fn named(stories: &'a [Story], text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let name = words.next()?;
        let story = stories.iter().find(|s| s.name == name)?;
        let mut by = Disturbed::default();
        for word in words {
            if word == "twins" {
                by.twins = true;
                continue;
            }
            let (kind, n) = word.split_once('@')?;
            let at = AT_WRITES.into_iter().chain(AT_EVENTS).find(|at| format!("{at:?}") == kind)?;
            by.nth.push((n.parse().ok()?, at));
        }
        Some(Self { story, by })
    }

    /// Plays the story. Also tells how many writes and how many events there were.
    fn plays(&self, knows: &[State], told: bool) -> (Played, [usize; 2]) {
        let (orders, obeyed) = unbounded_channel();
        let fault = Arc::new(AtMoments::new(self.by.nth.clone(), orders));
        let silence = self.by.nth.iter().any(|(_, at)| *at == At::Silence);
        let stage = Stage {
            faults: vec![Box::new(fault.clone())],
            orders: Some(obeyed),
            persistent: true,
            watched: true,
            mends_within: if silence { SILENCE_IS_NOTICED_WITHIN } else { MENDS_WITHIN },
            told,
            field_managers: false,
            twins: self.by.twins,
            knows: knows.to_vec(),
            ..Stage::default()
        };
        (play(self.story, stage), fault.seen())
    }
}

/// A story as it goes undisturbed.
struct Undisturbed {
    end: State,
    saw: Vec<State>,
    seen: [usize; 2],
}

/// What is wrong with a run: a rule is broken, it does not end, or it ends elsewhere. What the story waited for in vain
/// is told beside it: it may have waited for a process that stood still, which is no mistake if all comes well when it
/// goes on.
fn wrong(story: &Story, played: &Played, end: &[String]) -> Vec<String> {
    let mut wrong: Vec<String> = proof::properties::all(&played.history).iter().map(ToString::to_string).collect();
    let by_the_clock = BY_THE_CLOCK.iter().any(|(name, _)| *name == story.name);
    if played.end != end && !(by_the_clock && played.parts.is_some()) {
        let only = |of: &[String], other: &[String]| -> Vec<String> {
            of.iter().filter(|e| !other.contains(e)).cloned().collect()
        };
        wrong.push(format!("it ends elsewhere: {:?}, not {:?}", only(&played.end, end), only(end, &played.end)));
    }
    wrong.extend(played.endless.iter().map(|why| format!("it does not end: {why}")));
    if !wrong.is_empty() {
        wrong.extend(played.missed.iter().cloned());
        wrong.extend(played.parts.iter().map(|line| format!("things stood otherwise before: {line}")));
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
                while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
                    does(thing);
                }
            });
        }
    });
}

/// Names the run that never ends, and ends them all. Simulated time and requests are bounded (`play`); this is for what
/// goes round within one instant and asks nobody.
#[derive(Default)]
struct Watchman {
    under_way: Mutex<BTreeMap<String, Instant>>,
    done: std::sync::atomic::AtomicBool,
}

impl Watchman {
    fn looks_on<T>(&self, name: &str, does: impl FnOnce() -> T) -> T {
        self.under_way.lock().expect("nobody panics").insert(name.to_owned(), Instant::now());
        let done = does();
        self.under_way.lock().expect("nobody panics").remove(name);
        done
    }

    fn watches(&self) {
        while !self.done.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_secs(1));
            let under_way = self.under_way.lock().expect("nobody panics");
            if let Some((name, _)) = under_way.iter().find(|(_, since)| since.elapsed() > NEVER) {
                eprintln!("{name}: it has not ended after {NEVER:?}, and never will");
                std::process::exit(1);
            }
        }
    }
}

/// Makes runs, and tells what is wrong with each as soon as it is known.
fn all_are_right(runs: &[Run<'_>], undisturbed: &BTreeMap<String, Undisturbed>) {
    let (wrongs, apart) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let watchman = Watchman::default();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let watches = scope.spawn(|| watchman.watches());
        each(runs, |run| {
            let name = run.to_string();
            if std::env::var_os("RUNS").is_some() {
                eprintln!("{name}");
            }
            let known = &undisturbed[&run.story.name];
            let (played, _) = watchman.looks_on(&name, || run.plays(&known.saw, false));
            let found = wrong(run.story, &played, &known.end);
            apart.fetch_add(usize::from(played.parts.is_some()), Ordering::Relaxed);
            if !found.is_empty() {
                wrongs.fetch_add(1, Ordering::Relaxed);
                eprintln!("RUN='{name}': {}", found.join("; "));
            }
        });
        watchman.done.store(true, Ordering::Relaxed);
        watches.thread().unpark();
    });
    println!("{} runs, {:?}; in {apart:?} people saw what they did not know", runs.len(), begun.elapsed());
    let wrongs = wrongs.into_inner();
    assert_eq!(wrongs, 0, "so many of {} runs are wrong; what is wrong with each is told above", runs.len());
}

/// Plays stories as they go undisturbed, which is the measure of all runs; nothing may be wrong with them.
fn undisturbed(stories: &[Story]) -> BTreeMap<String, Undisturbed> {
    let all = Mutex::new(BTreeMap::new());
    let wrongs = Mutex::new(Vec::new());
    each(stories, |story| {
        let (played, seen) = Run { story, by: Disturbed::default() }.plays(&[], false);
        let wrong = wrong(story, &played, &played.end);
        wrongs.lock().expect("nobody panics").extend(wrong.iter().map(|w| format!("{}: {w}", story.name)));
        all.lock()
            .expect("nobody panics")
            .insert(story.name.clone(), Undisturbed { end: played.end, saw: played.saw, seen });
    });
    let wrongs = wrongs.into_inner().expect("nobody panics");
    assert!(wrongs.is_empty(), "undisturbed:\n{}", wrongs.join("\n"));
    all.into_inner().expect("nobody panics")
}

/// Everything that is done to a story that makes so many writes and is shown so many events, by sort.
fn sorts([writes, events]: [usize; 2]) -> Vec<Vec<Disturbed>> {
    let once = |most: usize, at: At, twins: bool| -> Vec<Disturbed> {
        (1..=most).map(|n| Disturbed { nth: vec![(n, at)], twins }).collect()
    };
    let mut sorts = vec![vec![Disturbed { twins: true, ..Disturbed::default() }]];
    sorts.extend(AT_WRITES.map(|at| once(writes, at, false)));
    sorts.extend(AT_WRITES.map(|at| once(writes, at, true)));
    sorts.extend(AT_EVENTS.map(|at| once(events, at, false)));
    let short = if writes <= SHORT { writes } else { 0 };
    let pairs = (1..=short).flat_map(|one| (one + 1..=short).map(move |other| (one, other)));
    let both = |(one, other): (usize, usize)| {
        let twice = move |at: At, then: At| Disturbed { nth: vec![(one, at), (other, then)], twins: false };
        AT_WRITES.into_iter().flat_map(move |at| AT_WRITES.map(|then| twice(at, then)))
    };
    sorts.push(pairs.flat_map(both).collect());
    sorts
}

/// The stories, or the one that is asked for.
fn chosen() -> Vec<Story> {
    let mut stories = stories::all();
    if let Ok(name) = std::env::var("STORY") {
        stories.retain(|s| s.name == name);
    }
    stories
}

#[test]
fn every_story_disturbed_in_every_way_comes_to_the_same_end_and_breaks_no_rule_on_the_way() {
    let stories = chosen();
    if let Ok(text) = std::env::var("RUN") {
        let run = Run::named(&stories, &text).expect("a run, as they are told");
        let undisturbed = undisturbed(std::slice::from_ref(run.story));
        let known = &undisturbed[&run.story.name];
        let (played, _) = run.plays(&known.saw, true);
        println!("{}", played.told.text(&text));
        let wrong = wrong(run.story, &played, &known.end);
        return assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    let undisturbed = undisturbed(&stories);
    let mut runs = Vec::new();
    for story in &stories {
        let seen = undisturbed[&story.name].seen;
        let all: Vec<Disturbed> = sorts(seen).into_iter().flatten().collect();
        println!("{}: {} writes, {} events, disturbed in {} ways", story.name, seen[0], seen[1], all.len());
        runs.extend(all.into_iter().map(|by| Run { story, by }));
    }
    println!("{} runs of {} stories", runs.len(), stories.len());
    if let Some(portion) = std::env::var("PORTION").ok().and_then(|n| n.parse::<usize>().ok()) {
        let every = runs.len().div_ceil(portion.max(1)).max(1);
        let from = std::env::var("FROM").ok().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        assert!(from < every, "FROM={from} would repeat runs of another portion: it is at most {}", every - 1);
        println!("one of every {every} of them, from {from} on");
        runs = runs.into_iter().skip(from).step_by(every).collect();
    }
    all_are_right(&runs, &undisturbed);
}

/// For each story one run of every other sort, from story to story another one of the other half, and everything that
/// found a mistake once.
#[test]
fn a_sample_of_the_runs_and_those_that_found_a_mistake_once_come_to_the_same_end() {
    let stories = chosen();
    let undisturbed = undisturbed(&stories);
    let named = |text: &&str| Run::named(&stories, text);
    let mut runs: Vec<Run<'_>> = REGRESSIONS.iter().filter_map(named).collect();
    for (place, story) in stories.iter().enumerate() {
        let sorts = sorts(undisturbed[&story.name].seen).into_iter().enumerate();
        for (sort, all) in sorts.filter(|(sort, _)| sort % 2 == place % 2) {
            // Far from each other, whatever the story and the sort.
            let n = (place * 31 + sort * 17 + 7) % all.len().max(1);
            runs.extend(all.get(n).map(|by| Run { story, by: by.clone() }));
        }
    }
    all_are_right(&runs, &undisturbed);
}

#[test]
fn a_run_is_read_as_it_is_told_and_all_that_found_a_mistake_once_can_be() {
    let stories = stories::all();
    let mut told: Vec<String> = REGRESSIONS.iter().map(|text| (*text).to_owned()).collect();
    for all in sorts([3, 2]) {
        told.extend(all.into_iter().map(|by| Run { story: &stories[0], by }.to_string()));
    }
    assert!(
        told.iter().any(|text| text.contains("twins AnswerLost@2")) && told.iter().any(|t| t.matches('@').count() == 2)
    );
    for text in told {
        assert_eq!(Run::named(&stories, &text).map(|run| run.to_string()), Some(text));
    }
}
