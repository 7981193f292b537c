//! The list of mistakes is current.

use proof::mutants::MUTANTS;
use proof::properties::PROPERTIES;

#[test]
fn what_each_mutant_changes_stands_in_the_sources_once() {
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/../");
    let stray: Vec<String> = MUTANTS
        .iter()
        .filter_map(|m| {
            let text = std::fs::read_to_string(format!("{top}{}", m.file)).unwrap_or_default();
            let times = text.matches(m.from).count();
            (times != 1).then(|| format!("{}: {:?} stands in {} {times} times", m.name, m.from, m.file))
        })
        .collect();
    assert!(stray.is_empty(), "{}", stray.join("\n"));
}

#[test]
fn there_are_forty_at_least_and_each_breaks_something_that_is_there() {
    assert!(MUTANTS.len() >= 40, "{}", MUTANTS.len());
    let known = |id: &&str| PROPERTIES.iter().any(|p| p.id == *id);
    let odd: Vec<_> = MUTANTS.iter().filter(|m| m.breaks.is_empty() || !m.breaks.iter().all(known)).collect();
    assert!(odd.is_empty(), "{odd:?}");
}
