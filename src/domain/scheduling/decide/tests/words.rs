//! Words that outlive a change, and content that takes a new word.

use super::fixtures::*;
use crate::domain::scheduling::situation::{OnFailure, Skip};
use crate::domain::scheduling::{Outcome, decide};
use crate::domain::workload::Progress;

/// Both went, `shop` failed, and the release halts. What it carries is on record.
fn halted() -> Given {
    let given = ready().released("data", "08:50:00", Progress::Done).failed("shop");
    let given = given.with(|s| s.release.on_failure = OnFailure::Halt);
    let decision = decide(&given.0);
    assert_eq!(decision.outcome, Outcome::Failed);
    assert_eq!(decision.carried.len(), 2);
    given.with(|s| s.record.carried = decision.carried)
}

/// New content for `shop`, held.
fn mended(given: Given, template: &str) -> Given {
    given.workload("shop", |w| {
        w.template = template.into();
        w.hold = crate::domain::workload::Hold::Held;
        w.version = "11".into();
    })
}

fn signs(given: Given, team: &str) -> Given {
    let digest = given.digest();
    given.says(team, "ana", true, &digest)
}

#[test]
fn after_a_halt_only_the_team_whose_content_changed_signs_again() {
    let given = mended(halted(), "sha256:better");
    check(&given, &[], &["RC052 *"]);
    let said = decide(&given.0).blockers[0].cause.message();
    assert!(said.contains("shop/shop"), "{said}");
    check(&signs(given, "shop"), &["grant shop"], &[]);
}

#[test]
fn without_a_halt_every_change_makes_every_word_stale() {
    let given = ready().released("data", "08:50:00", Progress::Done);
    let changed = mended(given, "sha256:better");
    check(&changed, &[], &["RC052 *", "RC052 *"]);
    assert!(decide(&changed.0).carried.is_empty());
}

#[test]
fn a_change_of_the_plan_or_of_the_teams_own_part_takes_the_word_away() {
    let given = signs(mended(halted(), "sha256:better"), "shop");
    let other_plan = signs(given.clone().with(|s| s.release.plan = serde_json::json!("other")), "shop");
    check(&other_plan, &[], &["RC052 *"]);
    let own = signs(given.workload("data", |w| w.template = "sha256:other".into()), "shop");
    assert!(told(&decide(&own.0)).1.contains(&"RC052 *".to_owned()), "{:?}", told(&decide(&own.0)));
}

#[test]
fn a_no_to_either_state_outweighs_a_word_that_is_carried() {
    let given = signs(mended(halted(), "sha256:better"), "shop");
    let now = given.digest();
    check(&given.clone().says("data", "rui", false, &now), &[], &["RC053 *"]);
    let then = given.0.record.carried[0].signed.clone();
    check(&given.says("data", "rui", false, &then), &[], &["RC053 *"]);
}

#[test]
fn words_are_carried_over_two_halts() {
    let second = signs(mended(halted(), "sha256:better"), "shop").failed("shop");
    let decision = decide(&second.0);
    assert_eq!(decision.outcome, Outcome::Failed);
    let third = mended(second.with(|s| s.record.carried = decision.carried), "sha256:best");
    check(&third, &[], &["RC052 *"]);
    check(&signs(third, "shop"), &["grant shop"], &[]);
}

#[test]
fn content_that_was_rolled_back_takes_a_new_word() {
    let before = ready();
    let given = before.clone().workload("shop", |w| w.rolled_back = Some(w.template.clone()));
    assert_ne!(before.digest(), given.digest(), "words from before do not count");
    check(&given, &[], &["RC052 *", "RC052 *"]);
    check(&given.signed(), &["grant data", "grant shop"], &[]);
}

#[test]
fn where_nobody_signs_only_an_override_lets_rolled_back_content_go_again() {
    let given = ready().team("shop", |t| t.rules.required.clear());
    let given = given.workload("shop", |w| w.rolled_back = Some(w.template.clone())).signed();
    check(&given, &["grant data"], &["RC085 shop"]);
    check(&given.clone().overriding(&[Skip::Capacity], "09:30:00"), &["grant data", "grant shop"], &[]);
    let other = given.workload("shop", |w| w.rolled_back = Some("sha256:other".into())).signed();
    check(&other, &["grant data", "grant shop"], &[]);
}
