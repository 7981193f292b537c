use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::calendar::{Capacity, Form, Governing, Window, WindowSpec, WindowType};
use crate::domain::scheduling::decide::tests::fixtures::{at, held_workload, holidays, two_steps, window};
use crate::domain::scheduling::situation::{MaxHold, TeamFound};

/// A change of the team `shop`, held since 08:00, that nobody claims.
struct Change {
    workload: Workload,
    since: Option<DateTime<Utc>>,
    claimed_by: Option<ObjectName>,
    team: Team,
    governance: Governance,
    policies_missing: Vec<String>,
    skew: Option<TimeDelta>,
    stopped: Option<String>,
    starts: Vec<WindowStart>,
}

fn change() -> Change {
    let mut teams = two_steps().0.teams;
    let Some(TeamFound::Sound(team)) = teams.remove(&ObjectName::new("shop", "shop")) else {
        panic!("the shop is a team");
    };
    Change {
        workload: held_workload("shop"),
        since: Some(at("08:00:00")),
        claimed_by: None,
        team: *team,
        governance: Governance::default(),
        policies_missing: vec![],
        skew: None,
        stopped: None,
        starts: vec![],
    }
}

impl Change {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn frozen(self) -> Self {
        self.governed(window(WindowType::Freeze, "08:00:00", "10:00:00"))
    }

    fn governed(self, governing: crate::domain::calendar::Governing) -> Self {
        self.with(|c| c.governance.tiers[0].push(("platform/w".into(), governing)))
    }

    fn limited(self, minutes: i64, release: bool) -> Self {
        self.with(|c| {
            c.team.max_hold = Some(MaxHold { duration: TimeDelta::minutes(minutes), release });
        })
    }

    fn at(&self, time: &str) -> Answer {
        self.on(at(time))
    }

    fn on(&self, instant: DateTime<Utc>) -> Answer {
        let change = HeldChange {
            workload: &self.workload,
            since: self.since,
            claimed_by: self.claimed_by.as_ref(),
            team: &self.team,
            governance: &self.governance,
            window_starts: &self.starts,
            policies_missing: &self.policies_missing,
            skew: self.skew,
            stopped: self.stopped.as_deref(),
            settle: TimeDelta::seconds(30),
        };
        let_go(&change, instant)
    }

    /// At 09:00 it waits, with these words in its reason, to be looked at again then, overdue or not.
    #[track_caller]
    fn waits(&self, words: &str, again: Option<&str>, late: bool) {
        match self.at("09:00:00") {
            Answer::Wait { why, until, overdue } => {
                assert!(why.contains(words), "{why}");
                assert_eq!((until, overdue), (again.map(at), late), "{why}");
            }
            Answer::LetGo(why) => panic!("let go: {why:?}"),
        }
    }
}

#[test]
fn a_change_that_nobody_claims_goes_after_a_moment() {
    let new = change().with(|c| c.since = Some(at("08:59:45")));
    new.waits("may still claim it", Some("09:00:15"), false);
    assert_eq!(new.at("09:00:15"), Answer::LetGo(LetGo::WindowsOpen));
    let unseen = change().with(|c| c.since = None);
    unseen.waits("may still claim it", Some("09:00:30"), false);
}

#[test]
fn a_workload_says_in_one_word_why_it_was_let_go() {
    let words = [LetGo::TakenBack, LetGo::WindowsOpen, LetGo::MaxHold].map(LetGo::as_str);
    assert_eq!(words, ["taken-back", "windows-open", "max-hold"]);
}

#[test]
fn a_claimed_change_waits_for_its_release() {
    let claimed = change().with(|c| c.claimed_by = Some(ObjectName::new("releases", "checkout")));
    claimed.waits("claimed by release releases/checkout", None, false);
}

#[test]
fn a_team_may_let_only_releases_take_its_changes() {
    let held = change().with(|c| c.team.independent = Independent::Held);
    held.waits("only releases", None, false);
}

#[test]
fn a_freeze_holds_it_until_its_end() {
    let frozen = change().frozen();
    frozen.waits("freeze platform/w", Some("10:00:00"), false);
    assert_eq!(frozen.at("10:00:00"), Answer::LetGo(LetGo::WindowsOpen));
}

#[test]
fn s2_a_change_of_the_20th_of_december_goes_on_the_4th_of_january_at_six_in_berlin() {
    let instant = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let end = instant("2027-01-04T05:00:00Z");
    let changed = |change: Change| change.with(|c| c.since = Some(instant("2026-12-20T09:00:00Z")));
    let prod = changed(change().governed(holidays()));
    for moment in ["2026-12-20T10:00:00Z", "2027-01-04T04:59:59Z"] {
        match prod.on(instant(moment)) {
            Answer::Wait { why, until, overdue: false } => {
                assert!(why.contains("freeze platform/w is in force: Quiet days"), "{why}");
                assert_eq!(until, Some(end));
            }
            other => panic!("{moment}: {other:?}"),
        }
    }
    assert_eq!(prod.on(end), Answer::LetGo(LetGo::WindowsOpen));
    // What is not production is under no freeze.
    assert_eq!(changed(change()).on(instant("2026-12-20T10:00:00Z")), Answer::LetGo(LetGo::WindowsOpen));
}

#[test]
fn a_closed_window_holds_it_until_it_opens() {
    let closed = change().governed(window(WindowType::Allow, "09:30:00", "11:00:00"));
    closed.waits("window platform/w is closed", Some("09:30:00"), false);
    assert_eq!(closed.at("09:30:00"), Answer::LetGo(LetGo::WindowsOpen));
}

#[test]
fn what_is_taken_back_is_not_held_even_in_a_freeze() {
    let back = change().frozen().with(|c| {
        c.workload.runs_already = true;
        c.since = None;
    });
    assert_eq!(back.at("09:00:00"), Answer::LetGo(LetGo::TakenBack));
}

#[test]
fn a_limit_to_holding_is_told_or_acted_on_as_the_team_says() {
    let alert = change().frozen().limited(90, false);
    alert.waits("freeze", Some("09:30:00"), false);
    change().frozen().limited(60, false).waits("freeze", Some("10:00:00"), true);
    let claimed = || change().with(|c| c.claimed_by = Some(ObjectName::new("r", "r")));
    claimed().limited(60, false).waits("claimed", None, true);
    assert_eq!(claimed().limited(60, true).at("09:00:00"), Answer::LetGo(LetGo::MaxHold));
    claimed().limited(61, true).waits("claimed", Some("09:01:00"), false);
}

#[test]
fn a_limit_to_holding_ends_no_freeze() {
    let both = change().frozen().limited(60, true).with(|c| c.claimed_by = Some(ObjectName::new("r", "r")));
    both.waits("freeze", Some("10:00:00"), true);
    assert_eq!(both.at("10:00:00"), Answer::LetGo(LetGo::MaxHold));
}

#[test]
fn nothing_goes_while_the_hold_or_the_clock_is_in_doubt() {
    let all = || change().limited(1, true).with(|c| c.workload.runs_already = true);
    let unheld = all().with(|c| c.policies_missing = vec!["deployments".into()]);
    unheld.waits("not enforced: deployments", None, false);
    let skewed = all().with(|c| c.skew = Some(TimeDelta::seconds(3)));
    skewed.waits("3 s away", None, false);
}

#[test]
fn while_everything_is_stopped_nothing_goes_not_even_what_was_taken_back() {
    let stopped = change().with(|c| {
        c.stopped = Some("INC-9".into());
        c.workload.runs_already = true;
    });
    stopped.waits("everything is stopped: INC-9", None, false);
}

#[test]
fn what_was_rolled_back_does_not_go_by_itself_again_and_other_content_does() {
    let again = change().limited(30, true).with(|c| c.workload.rolled_back = Some(c.workload.template.clone()));
    again.waits("was rolled back from exactly this content before", None, false);
    let over =
        change().limited(30, true).with(|c| c.workload.rolled_back = Some(format!("sha256:a {}", c.workload.template)));
    over.waits("was rolled back from exactly this content before", None, false);
    let held_back = |template: &str| Some(crate::domain::workload::held_back(template));
    let runs = change().with(|c| {
        c.workload.rolled_back = Some(c.workload.template.clone());
        c.workload.runs_already = true;
    });
    // Not even if it runs, as its pods were all gone for a while.
    runs.waits("was rolled back from exactly this content before", None, false);
    let never = change().limited(30, true).with(|c| c.workload.rolled_back = held_back(&c.workload.template));
    never.waits("the release of which it was went back before it had gone", None, false);
    let fixed = change().with(|c| c.workload.rolled_back = held_back("sha256:another"));
    assert_eq!(fixed.at("09:00:00"), Answer::LetGo(LetGo::WindowsOpen));
    let other = change().with(|c| c.workload.rolled_back = Some("sha256:another".into()));
    assert_eq!(other.at("09:00:00"), Answer::LetGo(LetGo::WindowsOpen));
}

#[test]
fn what_is_being_rolled_back_is_left_alone() {
    let pinned = change().with(|c| c.workload.rollback = Some("releases/r shop uid".into()));
    pinned.waits("is being rolled back by release releases/r", None, false);
}

fn hours(change: impl FnOnce(&mut WindowSpec)) -> Governing {
    let dates = Form::Dates { from: "2027-01-12T08:55:00".into(), until: "2027-01-12T12:00:00".into() };
    let mut spec = WindowSpec::new(WindowType::Allow, "UTC").entry("one", dates);
    change(&mut spec);
    Governing::Sound(Arc::new(Window::compile(&spec).expect("a window")))
}

#[test]
fn it_takes_one_of_the_starts_of_an_opening_and_no_place_of_a_release() {
    let limit = |starts| hours(|spec| spec.capacity = Capacity { releases: Some(1), starts: Some(starts) });
    let start = |release: Option<&str>, what: &str, time: &str| WindowStart {
        window: "platform/w".into(),
        release: release.map(|name| ObjectName::new("releases", name)),
        what: what.into(),
        at: at(time),
        under_way: release.is_some(),
        granted: false,
        live: release.is_some(),
    };
    let full = change().governed(limit(1)).with(|c| c.starts.push(start(Some("p"), "api", "08:56:00")));
    full.waits("lets 1 steps start", Some("12:00:00"), false);
    let room = change().governed(limit(2)).with(|c| c.starts.push(start(Some("p"), "api", "08:56:00")));
    assert_eq!(room.at("09:00:00"), Answer::LetGo(LetGo::WindowsOpen));
    let own = held_workload("shop").name.to_string();
    let again = change().governed(limit(1)).with(|c| c.starts.push(start(None, &own, "08:56:00")));
    assert_eq!(again.at("09:00:00"), Answer::LetGo(LetGo::WindowsOpen), "a workload counts once");
    let other = change().governed(limit(1)).with(|c| c.starts.push(start(None, "Deployment shop/other", "08:56:00")));
    other.waits("lets 1 steps start", Some("12:00:00"), false);
    let step = change().governed(limit(1)).with(|c| c.starts.push(start(Some("p"), &own, "08:56:00")));
    step.waits("lets 1 steps start", Some("12:00:00"), false);
}

#[test]
fn it_waits_for_its_turn_after_an_opening_that_frees_many() {
    let spread = change().governed(hours(|spec| spec.opening_jitter = Some(TimeDelta::minutes(4))));
    let Answer::Wait { why, until: Some(turn), .. } = spread.at("08:55:00") else { panic!("it has a turn") };
    assert!(why.contains("spreads its starts over 4 min"), "{why}");
    assert!(turn > at("08:55:00") && turn <= at("08:59:00"), "{turn}");
    assert_eq!(spread.at("08:59:00"), Answer::LetGo(LetGo::WindowsOpen));
}
