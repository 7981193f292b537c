//! Every story of `tests/scenarios`, and its transcript. `UPDATE_GOLDEN=1` writes the transcripts again, `STORY=name`
//! plays one story and tells it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use rollcall::domain::scheduling::CODES;

use crate::play::{Played, Stage, play};
use crate::story::Story;
use crate::sweep::each;

/// Codes that no story says, each with the reason for which none can.
const NOT_IN_A_CLUSTER: &[(&str, &str)] = &[];

/// The scenarios of acceptance. Each is in a story that names it in its first line.
const SCENARIOS: [&str; 9] = ["S1", "S2", "S3", "S4", "S4b", "S5", "S6", "S7", "S8"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// All stories, by name.
pub fn all() -> Vec<Story> {
    let files = std::fs::read_dir(folder()).expect("the folder of stories").filter_map(Result::ok).map(|e| e.path());
    let mut files: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == "story")).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
        let text = std::fs::read_to_string(path).expect("a story can be read");
        Story::parse(name, &text).unwrap_or_else(|why| panic!("{why}"))
    };
    files.iter().map(read).collect()
}

/// A story as it went, undisturbed.
struct Went {
    story: Story,
    text: String,
    codes: BTreeSet<String>,
    wrong: Vec<String>,
}

/// All stories, each played once, however many tests look at them.
fn went() -> &'static [Went] {
    static WENT: OnceLock<Vec<Went>> = OnceLock::new();
    WENT.get_or_init(|| {
        let mut stories = all();
        if let Ok(only) = std::env::var("STORY") {
            stories.retain(|s| s.name == only);
        }
        let went = Mutex::new(Vec::new());
        each(&stories, |story| {
            let begun = std::time::Instant::now();
            let played = play(story, Stage::default());
            let (wrong, text) = (wrong(&played), played.told.text(&story.title));
            let codes = played.told.codes;
            println!("{:>10.1?}  {}", begun.elapsed(), story.name);
            went.lock().expect("nobody panics").push(Went { story: story.clone(), text, codes, wrong });
        });
        let mut went = went.into_inner().expect("nobody panics");
        went.sort_by(|a, b| a.story.name.cmp(&b.story.name));
        went
    })
}

/// What breaks a rule, and what the story waited for in vain.
pub fn wrong(played: &Played) -> Vec<String> {
    let broken = proof::properties::safety(&played.history).into_iter().map(|v| v.to_string());
    broken.chain(played.missed.iter().cloned()).chain(played.endless.clone()).collect()
}

#[test]
fn every_story_goes_as_its_transcript_says_and_breaks_no_rule() {
    let mut trouble = Vec::new();
    for Went { story, text, wrong, .. } in went() {
        trouble.extend(wrong.iter().map(|w| format!("{}: {w}", story.name)));
        let path = folder().join(format!("{}.transcript", story.name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, text).expect("a transcript can be written");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != *text {
            trouble.push(format!("{}: it goes another way than its transcript:\n{text}", story.name));
        }
    }
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
}

#[test]
fn every_transcript_is_that_of_a_story() {
    let files = std::fs::read_dir(folder()).expect("the folder of stories").filter_map(Result::ok).map(|e| e.path());
    let transcripts = files.filter(|p| p.extension().is_some_and(|e| e == "transcript"));
    let lone: Vec<PathBuf> = transcripts.filter(|p| !p.with_extension("story").exists()).collect();
    assert!(lone.is_empty(), "no story has {lone:?}");
}

#[test]
fn every_code_is_said_in_some_story() {
    if std::env::var_os("STORY").is_some() {
        return println!("one story does not say them all");
    }
    let said: BTreeSet<&str> = went().iter().flat_map(|w| w.codes.iter().map(String::as_str)).collect();
    let excused = |code: &str| NOT_IN_A_CLUSTER.iter().any(|(known, _)| *known == code);
    let codes: Vec<String> = CODES.iter().map(|(code, ..)| code.to_string()).collect();
    let silent: Vec<&String> = codes.iter().filter(|c| !said.contains(c.as_str()) && !excused(c)).collect();
    assert!(silent.is_empty(), "no story says {silent:?}");
    let wrongly: Vec<_> = NOT_IN_A_CLUSTER.iter().filter(|(code, _)| said.contains(code)).collect();
    assert!(wrongly.is_empty(), "a story says what none can: {wrongly:?}");
}

#[test]
fn every_scenario_of_acceptance_is_in_a_story_that_names_it() {
    let titles: Vec<String> = all().into_iter().map(|s| s.title).collect();
    let named = |scenario: &str| titles.iter().any(|t| t.starts_with(&format!("{scenario}: ")));
    let untold: Vec<&str> = SCENARIOS.into_iter().filter(|s| !named(s)).collect();
    assert!(untold.is_empty(), "no story tells {}", untold.join(", "));
}
