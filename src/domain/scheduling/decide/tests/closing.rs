//! A window that closes on a release that is under way.

use chrono::TimeDelta;

use super::fixtures::*;
use crate::domain::calendar::{Form, Governing, OnClose, Window, WindowSpec, WindowType};
use crate::domain::scheduling::situation::{Action, OnFailure, Skip};
use crate::domain::scheduling::{Outcome, decide};
use crate::domain::workload::Progress;

/// Open from 08:00 to 08:45 and again from 08:55 on.
fn hours(on_close: OnClose, grace: i64) -> Governing {
    let open = |from: &str, until: &str| Form::Dates {
        from: format!("2027-01-12T{from}"),
        until: format!("2027-01-12T{until}"),
    };
    let spec = WindowSpec::new(WindowType::Allow, "UTC").entry("first", open("08:00:00", "08:45:00"));
    let mut spec = spec.entry("second", open("08:55:00", "12:00:00"));
    spec.on_close = on_close;
    spec.overrun_grace = TimeDelta::minutes(grace);
    Governing::Sound(Window::compile(&spec).expect("a window").into())
}

/// `data` went in the first opening; `shop` could go in the second, which is open now.
pub fn closed_on(on_close: OnClose, grace: i64) -> Given {
    let given = in_order().consenting().released("data", "08:30:00", Progress::Done).finished("data", "08:50:00");
    given.governed("hours", hours(on_close, grace)).with(|s| s.record.started = Some(at("08:30:00")))
}

#[test]
fn by_default_what_has_started_finishes_and_the_rest_goes_in_the_next_opening() {
    check(&closed_on(OnClose::Finish, 0), &["grant shop"], &[]);
}

#[test]
fn halt_keeps_every_further_step_back_in_later_openings_too_until_a_person_goes_on() {
    let halted = closed_on(OnClose::Halt, 0);
    check(&halted, &[], &["RC099 *"]);
    let decision = decide(&halted.0);
    assert_eq!(decision.outcome, Outcome::Waiting);
    let cause = &decision.blockers[0].cause;
    assert!(cause.message().contains("platform/hours closed at 2027-01-12T08:45:00Z"), "{}", cause.message());
    assert!(cause.message().ends_with("no further step starts"), "{}", cause.message());
    assert_eq!(cause.remedy(), "to go on, set spec.resumedAt to 2027-01-12T08:45:00Z or later");

    let resumed = |time| halted.clone().with(|s| s.release.resumed = Some(at(time)));
    check(&resumed("08:44:59"), &[], &["RC099 *"]);
    check(&resumed("08:45:00"), &["grant shop"], &[]);
    check(&resumed("09:00:00"), &["grant shop"], &[]);
    // Nobody can say beforehand that closes are not to count.
    check(&resumed("09:00:01"), &[], &["RC099 *"]);
}

#[test]
fn within_the_grace_nothing_is_asked_and_at_its_end_it_is() {
    let patient = closed_on(OnClose::Halt, 15).step("data", |s| s.soak = TimeDelta::minutes(30));
    let patient = patient.at("08:59:59");
    check(&patient, &[], &["RC072 shop"]);
    assert_eq!(decide(&patient.0).look_again, Some(at("09:00:00")));
    check(&patient.at("09:00:00"), &[], &["RC099 *", "RC072 shop"]);
}

#[test]
fn a_step_that_was_done_before_the_close_has_outlasted_nothing_but_one_that_waits_has() {
    let in_time = closed_on(OnClose::Halt, 0).finished("data", "08:40:00");
    check(&in_time, &[], &["RC099 *"]);
    // The window is the business of the team alone whose steps are all done.
    let of_data_only = in_time.with(|s| s.governance.get_mut(&name("shop")).expect("shop").tiers[0].clear());
    check(&of_data_only, &["grant shop"], &[]);
    let late = of_data_only.finished("data", "08:45:00");
    check(&late, &[], &["RC099 *"]);
}

#[test]
fn what_has_not_begun_or_is_all_done_or_goes_past_windows_has_outlasted_none() {
    let not_begun = closed_on(OnClose::Halt, 0).with(|s| s.record.started = None);
    check(&not_begun, &["grant shop"], &[]);
    let given_up = in_order().granted("data", "08:30:00").workload("data", |w| w.version = "8".into());
    let given_up =
        given_up.governed("hours", hours(OnClose::Halt, 0)).with(|s| s.record.started = Some(at("08:30:00")));
    check(&given_up, &["grant data"], &["RC071 shop"]);
    let overridden = closed_on(OnClose::Halt, 0).overriding(&[Skip::Window], "10:00:00");
    check(&overridden, &["grant shop"], &[]);
    let all = closed_on(OnClose::Rollback, 0);
    let all = all.released("shop", "08:56:00", Progress::Done).finished("shop", "08:57:00");
    check(&all, &[], &[]);
    assert_eq!(decide(&all.0).outcome, Outcome::Completed { nothing_to_do: false });
}

#[test]
fn rollback_undoes_what_went_whatever_the_release_says_of_failures() {
    let given = closed_on(OnClose::Rollback, 0).with(|s| s.release.on_failure = OnFailure::Halt);
    check(&given, &["roll-back data"], &[]);
    let began = decide(&given.0).rollback.expect("begun");
    assert_eq!(began.since, at("09:00:00"));
    assert!(began.cause.contains("closed at 2027-01-12T08:45:00Z"), "{}", began.cause);
    check(&closed_on(OnClose::Rollback, 20), &["grant shop"], &[]);
    assert_eq!(decide(&given.paused().0).rollback, None);
}

#[test]
fn where_nothing_can_be_undone_rollback_is_halt() {
    let refused = closed_on(OnClose::Rollback, 0);
    let refused = refused.team("data", |t| t.consents[0].actions = [Action::Hold, Action::Release].into());
    check(&refused, &[], &["RC099 *", "RC098 data"]);
    let said = decide(&refused.0).blockers[0].cause.message();
    assert!(said.ends_with("what was released goes back"), "{said}");
    check(&refused.with(|s| s.release.resumed = Some(at("08:46:00"))), &["grant shop"], &[]);
}

#[test]
fn of_several_windows_the_strictest_word_counts() {
    let both = closed_on(OnClose::Halt, 0).governed("other", hours(OnClose::Rollback, 0));
    check(&both, &["roll-back data"], &[]);
}
