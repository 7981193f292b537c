//! Judges every mistake that cargo-mutants lists, with all of them in one program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::switched::{Listed, SWITCH, Switched};
use super::{ALONE, CALENDAR, Judge, SLOW, put};

/// Nothing here takes so many KiB, or so many seconds of a processor, unless it never ends.
const LIMITS: &str = "ulimit -v 4194304 2>/dev/null; ulimit -t \"$0\"; exec \"$@\"";
const QUICK: &str = "30";
const SLOWLY: &str = "600";

/// What became of all of them.
#[derive(Debug, Default)]
struct Count {
    killed: usize,
    not_compiled: usize,
    survived: usize,
}

/// Judges what cargo-mutants lists when it is given these arguments. Tells what survives, and ends with 1 if anything does.
pub fn judged(top: &Path, alone: &Path, args: &[String]) -> ExitCode {
    let listed = listed(top, alone, args);
    let folder = alone.with_file_name("switched");
    let (program, objected) = built(alone, &folder, &listed);
    assert!(passes(&program, None, &[], SLOWLY), "red without any mistake, so red says nothing");
    let mut count = Count { not_compiled: objected.len(), ..Count::default() };
    let made: BTreeSet<u32> = by_file(&listed).iter().flat_map(|(file, of)| switched(alone, file, of).made()).collect();
    let (switched, single): (Vec<&Listed>, Vec<&Listed>) =
        listed.iter().filter(|m| !objected.contains(&m.number)).partition(|m| made.contains(&m.number));
    println!("{} listed, {} in one program, {} one by one", listed.len(), switched.len(), single.len());
    let survivors = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some(mistake) = switched.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if survives(&program, mistake) {
                        survivors.fetch_add(1, Ordering::Relaxed);
                        println!("SURVIVED   {}", mistake.name);
                    }
                }
            });
        }
    });
    count.survived = survivors.into_inner();
    count.killed = switched.len() - count.survived;
    for mistake in single {
        let path = alone.join(&mistake.file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        std::fs::write(&path, mistake.made_in(&text)).expect("the copy can be written");
        let verdict = Judge::Alone.verdict(alone);
        std::fs::write(&path, text).expect("the copy can be written");
        match verdict {
            "killed" => count.killed += 1,
            "NO MUTANT" => count.not_compiled += 1,
            _ => {
                count.survived += 1;
                println!("{verdict:<10} {}", mistake.name);
            }
        }
    }
    println!("{count:?} of {}", listed.len());
    ExitCode::from(u8::from(count.survived > 0 || listed.is_empty()))
}

fn listed(top: &Path, alone: &Path, args: &[String]) -> Vec<Listed> {
    let mut cargo = Command::new("cargo");
    cargo.args(["mutants", "--list", "--json", "--dir"]).arg(alone);
    cargo.arg("--config").arg(top.join(".cargo/mutants.toml")).args(args);
    let out = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(out.status.success(), "cargo mutants lists nothing");
    Listed::all(&String::from_utf8_lossy(&out.stdout))
}

fn by_file(listed: &[Listed]) -> BTreeMap<&str, Vec<&Listed>> {
    let mut all: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    listed.iter().for_each(|m| all.entry(&m.file).or_default().push(m));
    all
}

fn switched(alone: &Path, file: &str, mistakes: &[&Listed]) -> Switched {
    Switched::new(&std::fs::read_to_string(alone.join(file)).expect("the file is there"), mistakes)
}

/// Builds the tests with all mistakes in them, and tells which the compiler did not take.
fn built(alone: &Path, folder: &Path, listed: &[Listed]) -> (PathBuf, BTreeSet<u32>) {
    let sources = [files(alone, &alone.join("src")), files(alone, &alone.join(CALENDAR))].concat();
    for file in sources.iter().map(String::as_str).chain(ALONE).chain(["Cargo.toml"]) {
        put(&folder.join(file), &std::fs::read(alone.join(file)).expect("the copy is there"));
    }
    let library = std::fs::read_to_string(alone.join("src/lib.rs")).expect("the copy is there");
    put(&folder.join("src/lib.rs"), format!("{library}{SWITCH}").as_bytes());
    let mut objected = BTreeSet::new();
    loop {
        let mut all = BTreeMap::new();
        for (file, mistakes) in by_file(listed) {
            let mistakes: Vec<&Listed> = mistakes.into_iter().filter(|m| !objected.contains(&m.number)).collect();
            let switched = switched(alone, file, &mistakes);
            put(&folder.join(file), switched.text.as_bytes());
            all.insert(file, switched);
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--lib", "--no-run", "--message-format=json"]).current_dir(folder);
        // It is built once, and asked thousands of times.
        cargo.env("CARGO_TARGET_DIR", folder.join("../target")).env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        let out = cargo.stderr(Stdio::null()).output().expect("cargo runs");
        let said: Vec<Value> =
            String::from_utf8_lossy(&out.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if out.status.success() {
            let program = said.iter().rev().find_map(|m| m["executable"].as_str()).expect("a program of tests");
            return (program.into(), objected);
        }
        let wrong: BTreeSet<u32> = said.iter().flat_map(|message| blamed(message, &all)).collect();
        assert!(!wrong.is_empty(), "it does not compile, and no mistake is why: see `cargo test --lib` in {folder:?}");
        objected.extend(wrong);
    }
}

/// The mistakes to which the compiler objects.
fn blamed(message: &Value, all: &BTreeMap<&str, Switched>) -> Vec<u32> {
    let message = &message["message"];
    let is_match = message["code"]["code"] == "E0004";
    let number = |of: &Value| of.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let spans = message["spans"].as_array().into_iter().flatten();
    let first = spans.filter(|span| message["level"] == "error" && span["is_primary"] == true);
    let found = first.filter_map(|span| {
        let switched = all.get(span["file_name"].as_str()?)?;
        let bytes = number(&span["byte_start"])..number(&span["byte_end"]);
        Some(if is_match { switched.arms_at(&bytes) } else { switched.at(&bytes).to_vec() })
    });
    found.flatten().collect()
}

fn files(top: &Path, folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(top, &path));
        } else if let Some(name) = path.strip_prefix(top).ok().and_then(Path::to_str) {
            all.push(name.to_owned());
        }
    }
    all
}

/// Asks the tests that stand beside it, then all others that take no time, then the rest.
fn survives(program: &Path, mistake: &Listed) -> bool {
    let module = mistake.file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let module = module.replace('/', "::");
    let quick: Vec<&str> = SLOW.iter().flat_map(|slow| ["--skip", *slow]).collect();
    let beside = [&[module.as_str()], &quick[..]].concat();
    let asked = [(&beside[..], QUICK), (&quick, QUICK), (&SLOW, SLOWLY)];
    asked.into_iter().all(|(asked, seconds)| passes(program, Some(mistake.number), asked, seconds))
}

fn passes(program: &Path, mistake: Option<u32>, asked: &[&str], seconds: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", LIMITS, seconds]).arg(program).args(["--quiet", "--test-threads=1"]).args(asked);
    shell.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("MUTANT", mistake.unwrap_or_default().to_string());
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("sh runs").success()
}
