//! Every story of `tests/scenarios`, and its transcript. `UPDATE_GOLDEN=1` writes the transcripts again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rollcall::domain::scheduling::CODES;

use crate::play::{Played, Stage, play};
use crate::story::Story;

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

/// What breaks a rule, and what the story waited for in vain.
pub fn wrong(played: &Played) -> Vec<String> {
    let broken = proof::properties::safety(&played.history).into_iter().map(|v| v.to_string());
    broken.chain(played.missed.iter().cloned()).collect()
}

#[test]
fn every_story_goes_as_its_transcript_says_and_breaks_no_rule() {
    let mut trouble = Vec::new();
    for story in all() {
        let played = play(&story, Stage::default());
        trouble.extend(wrong(&played).into_iter().map(|w| format!("{}: {w}", story.name)));
        let fresh = played.told.text(&story.title);
        let path = folder().join(format!("{}.transcript", story.name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &fresh).expect("a transcript can be written");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != fresh {
            trouble.push(format!("{}: it goes another way than its transcript:\n{fresh}", story.name));
        }
    }
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
}

#[test]
fn every_code_is_said_in_some_story() {
    let said: BTreeSet<String> = all().iter().flat_map(|s| play(s, Stage::default()).told.codes).collect();
    let silent: Vec<String> = CODES.iter().map(|(code, ..)| code.to_string()).filter(|c| !said.contains(c)).collect();
    assert!(silent.is_empty(), "no story says {}", silent.join(", "));
}
