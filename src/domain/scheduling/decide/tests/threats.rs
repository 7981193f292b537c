//! The threats that the decision itself answers. `docs/threats.md` names each with its control.

use super::fixtures::*;
use crate::domain::names::Kind;
use crate::domain::scheduling::decide;
use crate::domain::scheduling::overriding::Used;
use crate::domain::scheduling::situation::{Action, Skip};

/// Whether anything of `shop` goes.
fn goes(given: &Given) -> bool {
    told(&decide(&given.0)).0.iter().any(|act| act.ends_with("shop"))
}

#[test]
fn t3_content_that_is_swapped_after_it_was_signed_does_not_go() {
    assert!(goes(&ready()));
    for step in ["data", "shop"] {
        let swapped = ready().workload(step, |w| w.template = "sha256:evil".into());
        assert!(!goes(&swapped), "any member counts, {step} too");
    }
    // What is let go is let go in the version that was decided on: a swap after the decision is a conflict.
    let decision = decide(&ready().0);
    for act in &decision.acts {
        assert_eq!(act.version(), ready().0.workloads[act.workload()].version);
    }
    let after_the_grant = ready().granted("shop", "08:59:59").workload("shop", |w| w.version = "8".into());
    let acts = told(&decide(&after_the_grant.0)).0;
    assert!(!acts.contains(&"release shop".to_owned()), "the grant is for another version: {acts:?}");
}

#[test]
fn t4_what_is_deleted_and_created_anew_starts_without_a_word() {
    assert!(!goes(&ready().workload("shop", |w| w.uid = "another".into())));
    assert!(!goes(&ready().with(|s| s.release.uid = "another".into())));
}

#[test]
fn t8_without_its_policies_nothing_goes() {
    assert!(!goes(&ready().with(|s| s.policies_missing.push("guard-deployment".into()))));
}

#[test]
fn t9_an_override_counts_for_one_content_until_its_end_and_only_past_what_it_names() {
    let frozen = || ready().frozen("08:00:00", "10:00:00");
    let over = || frozen().overriding(&[Skip::Freeze], "09:30:00");
    assert!(!goes(&frozen()) && goes(&over()));
    assert!(!goes(&over().at("09:30:00")), "its end has come");
    assert!(!goes(&over().unsigned("shop")), "it does not name the words");
    let spent = over().with(|s| {
        let over = s.release.over.clone().expect("an override");
        s.record.overrides.push(Used { over, digest: "sha256:other".into() });
    });
    assert!(!goes(&spent), "it was used for something else");
    let unstamped = over().with(|s| s.release.over.as_mut().expect("one").by.clear());
    assert!(!goes(&unstamped), "the API server stamped nobody");
}

#[test]
fn t10_no_team_is_touched_without_its_consent_and_its_authors_right() {
    let with = |change: fn(&mut crate::domain::scheduling::situation::Team)| ready().team("shop", change);
    assert!(!goes(&with(|t| t.consents.clear())), "never given, or withdrawn");
    assert!(!goes(&with(|t| t.consents[0].namespace = "elsewhere".into())), "given to another namespace");
    assert!(!goes(&with(|t| t.consents[0].name = Some("other".into()))), "given to another release");
    assert!(!goes(&with(|t| t.consents[0].actions.retain(|a| *a != Action::Release))), "given for something else");
    assert!(!goes(&with(|t| t.listed.clear())), "the workload is not the team's");
    assert!(!goes(&with(|t| t.author_may_not.extend([Kind::Deployment]))), "its author could not do it either");
    let granted = ready().granted("shop", "08:59:58").granted("data", "08:59:58");
    assert!(!goes(&granted.team("shop", |t| t.consents.clear())), "withdrawal stops what was granted a moment ago");
}

#[test]
fn t11_whoever_wrote_the_release_does_not_count_where_that_is_asked_for() {
    let by_the_author = || {
        let given = ready().unsigned("shop");
        let digest = given.digest();
        given.says("shop", "lena", true, &digest)
    };
    assert!(goes(&by_the_author()));
    let strict = by_the_author().team("shop", |t| t.rules.no_self_approval = true);
    assert!(!goes(&strict));
    assert!(goes(&strict.with(|s| s.release.author = Some("somebody".into()))));
}

#[test]
fn t13_the_largest_legal_release_is_decided_on_in_bounded_work() {
    // A bound on what comes out, not on the time: every blocker is told once, whatever the release is made of.
    let mut given = two_steps();
    let template = given.0.release.steps[0].clone();
    for n in 0..98 {
        let mut step = template.clone();
        step.name = format!("more-{n}");
        step.depends_on = given.0.release.steps.iter().rev().take(16).map(|s| s.name.clone()).collect();
        given.0.release.steps.push(step);
    }
    let decision = decide(&given.0);
    assert_eq!(decision.steps.len(), 100);
    assert!(decision.blockers.len() <= 100 * (16 + 8), "{}", decision.blockers.len());
}
