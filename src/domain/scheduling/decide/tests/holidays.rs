//! A freeze over the holidays, and one emergency fix past it, on the days of the calendar.

use chrono::{DateTime, Utc};

use super::fixtures::*;
use crate::domain::scheduling::decide;
use crate::domain::scheduling::overriding::Used;
use crate::domain::scheduling::situation::{Override, Skip};

fn on(instant: &str) -> DateTime<Utc> {
    instant.parse().expect("an instant")
}

/// Two changes in the freeze, at this instant; one release of each would go if it were not for the freeze and the words.
fn at_this(instant: &str) -> Given {
    let unsigned = two_steps().parallel().governed("holidays", holidays());
    unsigned.with(|s| (s.now, s.release.created) = (on(instant), on("2026-12-20T09:00:00Z")))
}

fn by_anna(given: Given) -> Given {
    given.missing("data").with(|s| {
        s.release.steps.retain(|step| step.name == "shop");
        s.release.over = Some(Override {
            skip: [Skip::Freeze, Skip::SignOff].into(),
            until: on("2026-12-20T12:00:00Z"),
            by: "oncall-anna".into(),
            reason: "checkout is down".into(),
            ticket: "INC-42".into(),
            digest: None,
        });
    })
}

#[test]
fn s2_on_the_20th_of_december_nothing_goes_before_the_4th_of_january_at_six_in_berlin() {
    let given = at_this("2026-12-20T10:00:00Z");
    check(&given, &[], &["RC033 data", "RC033 shop", "RC051 *", "RC051 *"]);
    let decision = decide(&given.0);
    let frozen = decision.blockers.iter().find(|b| b.cause.code().to_string() == "RC033").expect("it is frozen");
    assert_eq!(frozen.cause.message(), "freeze platform/holidays is in force: Quiet days");
    assert_eq!(frozen.until, Some(on("2027-01-04T05:00:00Z")), "06:00 in Berlin");
    let outside = ["2026-12-18T14:59:59Z", "2027-01-04T05:00:00Z"];
    for instant in outside {
        let given = at_this(instant).signed().with(|s| s.release.created = on("2026-12-18T14:00:00Z"));
        assert!(told(&decide(&given.0)).1.iter().all(|b| !b.starts_with("RC033")), "{instant}");
    }
    for instant in ["2026-12-18T15:00:00Z", "2027-01-04T04:59:59Z"] {
        let given = at_this(instant);
        assert!(told(&decide(&given.0)).1.iter().any(|b| b.starts_with("RC033")), "{instant}");
    }
}

#[test]
fn s2_one_override_of_two_hours_lets_one_fix_out_and_is_void_after_its_end() {
    let granted = decide(&by_anna(at_this("2026-12-20T10:00:00Z")).0);
    assert_eq!(told(&granted), (vec!["grant shop".to_owned()], vec![]));
    check(&by_anna(at_this("2026-12-20T11:59:59Z")), &["grant shop"], &[]);
    check(&by_anna(at_this("2026-12-20T12:00:00Z")), &[], &["RC033 shop", "RC051 *", "RC051 *"]);
    let spent = by_anna(at_this("2026-12-20T11:00:00Z")).with(|s| {
        let over = s.release.over.clone().expect("an override");
        s.record.overrides.push(Used { over, digest: granted.digest.clone() });
    });
    check(&spent, &["grant shop"], &[]);
    let another = spent.workload("shop", |w| w.template = "sha256:another".into());
    check(&another, &[], &["RC033 shop", "RC051 *", "RC051 *"]);
}
