//! Makes the mistakes of `proof::mutants` one after the other, in a copy of the sources whose tests are green, and
//! expects a red test each time: `cargo run -p proof --example mutants [-- WORD…]`, where words choose by name, file, or
//! kind of tests (`Unit`, `Simulation`). Ends with 1 if one survives, or none is chosen.

#![allow(clippy::disallowed_methods, reason = "it tells how long it takes")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use proof::mutants::{MUTANTS, Mutant, Tests};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = top.join("target/mutants/sources");
    let chosen = |m: &&Mutant| {
        let fits = |w: &String| m.name.contains(w) || m.file.contains(w) || format!("{:?}", m.tests) == *w;
        words.is_empty() || words.iter().any(fits)
    };
    refresh(&top, &copy);
    for tests in [Tests::Unit, Tests::Simulation] {
        if MUTANTS.iter().filter(chosen).any(|m| m.tests == tests) {
            assert_eq!(judge(&copy, tests), "SURVIVED", "{tests:?}: red without any mistake, so red says nothing");
        }
    }
    let (mut survived, mut made) = (0, 0);
    for mutant in MUTANTS.iter().filter(chosen) {
        made += 1;
        let begun = Instant::now();
        refresh(&top, &copy);
        let path = copy.join(mutant.file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert_eq!(text.matches(mutant.from).count(), 1, "{}: {}", mutant.file, mutant.from);
        std::fs::write(&path, text.replace(mutant.from, mutant.to)).expect("the copy can be written");
        let verdict = judge(&copy, mutant.tests);
        survived += usize::from(verdict != "killed");
        println!(
            "{verdict:<10} {:<55} {:<18} {:>4} s",
            mutant.name,
            mutant.breaks.join(" "),
            begun.elapsed().as_secs()
        );
        std::fs::write(&path, text).expect("the copy can be written");
    }
    println!("{survived} of {made} not killed");
    ExitCode::from(u8::from(survived > 0 || made == 0))
}

/// Copies what git knows of, and only what differs, so that what is compiled stays compiled.
fn refresh(top: &Path, copy: &Path) {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(top)
        .output()
        .expect("git runs");
    let names = String::from_utf8(listed.stdout).expect("names are text");
    for name in names.split('\0').filter(|n| !n.is_empty()) {
        let (from, to) = (top.join(name), copy.join(name));
        let Ok(fresh) = std::fs::read(&from) else { continue };
        if std::fs::read(&to).is_ok_and(|old| old == fresh) {
            continue;
        }
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder for the copy");
        std::fs::write(&to, fresh).expect("the copy can be written");
    }
}

fn judge(copy: &Path, tests: Tests) -> &'static str {
    let mut cargo = Command::new("cargo");
    match tests {
        Tests::Unit => cargo.args(["test", "--quiet", "--lib", "-p", "rollcall"]),
        Tests::Simulation => cargo
            .args(["test", "--quiet", "--profile", "seeds", "--test", "proof", "--", "stories", "seeds", "sweep::a_"])
            .env("SEEDS", "300"),
    };
    let target = copy.join("../target");
    let out = cargo.current_dir(copy).env("CARGO_TARGET_DIR", target).output().expect("cargo runs");
    let said = String::from_utf8_lossy(&out.stderr);
    if out.status.success() {
        "SURVIVED"
    } else if said.contains("could not compile") {
        "NO MUTANT"
    } else {
        "killed"
    }
}
