//! How much may happen in one opening, and who waits for a turn in it.

use std::sync::Arc;

use chrono::TimeDelta;

use super::fixtures::*;
use crate::domain::calendar::{Capacity, Form, Governing, Window, WindowSpec, WindowType};
use crate::domain::names::ObjectName;
use crate::domain::scheduling::situation::{Skip, WindowStart, Work};
use crate::domain::scheduling::{decide, released_by};
use crate::domain::workload::Progress;

/// A window that is open every day from 08:00 to 12:00.
fn hours(change: impl FnOnce(&mut WindowSpec)) -> Governing {
    let form = Form::weekly("Mon-Sun", "08:00", "12:00");
    let mut spec = WindowSpec::new(WindowType::Allow, "UTC").entry("hours", form);
    change(&mut spec);
    Governing::Sound(Arc::new(Window::compile(&spec).expect("a window")))
}

fn limit(releases: Option<usize>, starts: Option<usize>) -> Governing {
    hours(|spec| spec.capacity = Capacity { releases, starts })
}

pub fn releases(limited: usize) -> Given {
    ready().governed("hours", limit(Some(limited), None))
}

pub fn starts(limited: usize) -> Given {
    ready().governed("hours", limit(None, Some(limited)))
}

/// At 08:00:00, when the window has just opened, which spreads its starts over five minutes.
pub fn just_opened() -> Given {
    ready()
        .governed("hours", hours(|spec| spec.opening_jitter = Some(TimeDelta::minutes(5))))
        .team("data", |t| t.sign_offs.clear())
        .team("shop", |t| t.sign_offs.clear())
        .team("data", |t| t.rules.required.clear())
        .team("shop", |t| t.rules.required.clear())
        .with(|s| s.release.created = at("07:00:00"))
        .at("08:00:00")
}

impl Given {
    /// Another release started a step at a time of the day, or before.
    pub fn started(self, release: &str, step: &str, time: &str, live: bool) -> Self {
        self.with(|s| {
            s.window_starts.push(WindowStart {
                window: "platform/hours".into(),
                release: Some(ObjectName::new("releases", release)),
                what: step.into(),
                at: at(time),
                under_way: false,
                granted: false,
                live,
            });
        })
    }

    /// Another release's step is granted, and was not let go yet.
    fn other_granted(self, release: &str, time: &str) -> Self {
        self.started(release, "a", time, true).with(|s| {
            if let Some(last) = s.window_starts.last_mut() {
                (last.under_way, last.granted) = (true, true);
            }
        })
    }

    fn moving(self) -> Self {
        self.with(|s| s.window_starts.iter_mut().for_each(|start| start.under_way = true))
    }

    /// A change that no release claimed went out.
    fn went(self, workload: &str, time: &str) -> Self {
        self.started("-", workload, time, false).with(|s| {
            if let Some(last) = s.window_starts.last_mut() {
                last.release = None;
            }
        })
    }
}

#[test]
fn as_many_releases_are_under_way_at_once_as_the_window_says() {
    check(&releases(1), &["grant data", "grant shop"], &[]);
    check(&releases(2).started("p", "a", "08:30:00", true), &["grant data", "grant shop"], &[]);
    let full = ["RC044 data", "RC044 shop"];
    check(&releases(1).started("p", "a", "08:30:00", true), &[], &full);
    check(&releases(1).started("p", "a", "08:00:00", true), &[], &full);
    check(&releases(2).started("p", "a", "08:30:00", true).started("q", "a", "08:40:00", true), &[], &full);
    check(
        &releases(2).started("p", "a", "08:30:00", true).started("p", "b", "08:40:00", true),
        &["grant data", "grant shop"],
        &[],
    );
}

#[test]
fn a_release_takes_a_place_while_it_moves_or_has_started_in_this_opening_and_not_ended() {
    let free = ["grant data", "grant shop"];
    let earlier = releases(1).started("p", "a", "07:59:59", true);
    check(&earlier, &free, &[]);
    check(&earlier.moving(), &[], &["RC044 data", "RC044 shop"]);
    check(&releases(1).started("p", "a", "08:30:00", false), &free, &[]);
}

#[test]
fn a_release_that_has_its_place_keeps_it() {
    let rival = |given: Given| given.started("p", "a", "08:50:00", true);
    let inside = rival(releases(1)).released("data", "08:40:00", Progress::Done).finished("data", "08:45:00");
    check(&inside, &["grant shop"], &[]);
    let patient = releases(1).step("data", |s| s.timeout = TimeDelta::hours(2)).signed();
    let moving = rival(patient).released("data", "07:50:00", Progress::Progressing("1 of 2".into()));
    check(&moving, &["grant shop"], &[]);
    let before = rival(releases(1)).released("data", "07:40:00", Progress::Done).finished("data", "07:45:00");
    check(&before, &[], &["RC044 shop"]);
}

#[test]
fn as_many_steps_start_in_one_opening_as_the_window_says() {
    check(&starts(2), &["grant data", "grant shop"], &[]);
    check(&starts(1), &["grant data"], &["RC045 shop"]);
    let one = |given: Given| given.started("p", "a", "08:00:00", false);
    check(&one(starts(3)), &["grant data", "grant shop"], &[]);
    check(&one(starts(2)), &["grant data"], &["RC045 shop"]);
    check(&one(starts(1)), &[], &["RC045 data", "RC045 shop"]);
    check(&starts(1).started("p", "a", "07:59:59", true), &["grant data"], &["RC045 shop"]);
    check(&starts(1).went("Deployment x/y", "08:10:00"), &[], &["RC045 data", "RC045 shop"]);
}

#[test]
fn a_step_counts_once_in_an_opening_and_own_steps_count_too() {
    let twice = starts(3).started("p", "a", "08:00:00", true).started("p", "a", "08:30:00", true);
    check(&twice, &["grant data", "grant shop"], &[]);
    let own = starts(1).released("data", "08:40:00", Progress::Done).finished("data", "08:45:00");
    check(&own, &[], &["RC045 shop"]);
    let yesterday = starts(1).released("data", "07:40:00", Progress::Done).finished("data", "07:45:00");
    check(&yesterday, &["grant shop"], &[]);
}

#[test]
fn only_workloads_that_the_window_governs_count() {
    let went = || starts(1).released("data", "08:40:00", Progress::Done).finished("data", "08:45:00");
    let elsewhere = went().with(|s| s.governance.get_mut(&name("data")).expect("data").tiers[0].clear());
    check(&elsewhere, &["grant shop"], &[]);
    let task = Work::Task("flip the switch".into());
    let by_hand = went().with(|s| s.release.steps[0].work = task).team("data", |t| t.tasks_done.clear());
    assert!(!told(&decide(&by_hand.0)).1.contains(&"RC045 shop".to_owned()), "a person's task starts nothing");
}

#[test]
fn what_is_used_up_comes_back_with_the_next_opening_and_it_says_when() {
    let full = starts(1).started("p", "a", "08:30:00", false);
    let decision = decide(&full.0);
    let until = decision.blockers.iter().find(|b| b.cause.code().0 == 45).and_then(|b| b.until);
    assert_eq!(until, Some(at("08:00:00") + TimeDelta::days(1)));
    assert_eq!(decision.look_again.map(|t| t <= at("12:00:00")), Some(true), "the close may change it");
}

#[test]
fn limits_of_another_window_and_of_a_freeze_are_none_of_ours() {
    let other = ready().governed("other", limit(Some(1), Some(2))).started("p", "a", "08:30:00", true);
    check(&other, &["grant data", "grant shop"], &[]);
    let freeze = hours(|spec| {
        spec.window_type = WindowType::Freeze;
        spec.capacity = Capacity { releases: Some(1), starts: Some(1) };
        spec.valid_until = Some("2027-01-12T08:30:00".into());
    });
    check(&ready().governed("hours", freeze).started("p", "a", "08:30:00", true), &["grant data", "grant shop"], &[]);
}

/// Both believe to lead, and have granted the last place at the same time.
#[test]
fn of_two_that_were_granted_the_last_place_the_earlier_goes_once_the_later_gave_way() {
    for limited in [releases(1), starts(1)] {
        let ours = limited.step("data", |s| s.depends_on = vec!["shop".into()]).signed().granted("shop", "08:59:58");
        let earlier = ours.clone().other_granted("zebra", "08:59:57");
        assert_eq!(told(&decide(&earlier.0)).0, ["withdraw shop"]);
        let later = ours.clone().other_granted("p", "08:59:59");
        assert_eq!(told(&decide(&later.0)).0, Vec::<String>::new(), "never is either let go while it sees the other");
        assert_eq!(told(&decide(&ours.0)).0, ["release shop"], "the other gave way");
        let moving = later.with(|s| s.window_starts[0].granted = false);
        assert_eq!(told(&decide(&moving.0)).0, ["withdraw shop"], "the other went");
    }
    let room =
        starts(3).granted("shop", "08:59:58").started("p", "a", "08:30:00", false).other_granted("q", "08:59:59");
    assert!(told(&decide(&room.0)).0.contains(&"release shop".to_owned()), "there is room for both");
}

/// The grant of the shop was withdrawn before anybody let it go.
fn given_up(given: Given) -> Given {
    given.granted("shop", "08:59:50").workload("shop", |w| w.version = "8".into())
}

#[test]
fn a_grant_that_was_withdrawn_takes_no_place_and_no_start() {
    let alone = |given: Given| given.step("data", |s| s.depends_on = vec!["shop".into()]).signed();
    check(&given_up(alone(starts(1))), &["grant shop"], &["RC071 data"]);
    let full = given_up(alone(releases(1)).started("p", "a", "08:59:55", true));
    assert!(told(&decide(&full.0)).1.contains(&"RC044 shop".to_owned()), "it has no place to keep");
    let given = given_up(alone(starts(1)));
    assert_eq!(crate::domain::scheduling::given_up(&given.0, "shop"), Some(given.0.now));
    let words =
        released_by(&given.0.release.name, "shop", &given.0.record.steps["shop"].grant.as_ref().expect("one").digest);
    let went = given.clone().workload("shop", |w| w.released = Some(words));
    assert_eq!(crate::domain::scheduling::given_up(&went.0, "shop"), None, "it was let go, and newer content is held");
    let anew = given.clone().workload("shop", |w| w.uid = "another".into());
    assert_eq!(crate::domain::scheduling::given_up(&anew.0, "shop"), None, "nobody knows");
    let usable = given.workload("shop", |w| w.version = "7".into());
    assert_eq!(crate::domain::scheduling::given_up(&usable.0, "shop"), None, "somebody can still use it");
}

#[test]
fn whoever_overrides_capacity_passes_limits_too() {
    let full = releases(1).started("p", "a", "08:30:00", true).overriding(&[Skip::Capacity], "10:00:00");
    check(&full, &["grant data", "grant shop"], &[]);
}

#[test]
fn after_an_opening_a_release_waits_for_its_turn_and_then_all_of_it_goes() {
    let early = just_opened();
    check(&early, &[], &["RC036 data", "RC036 shop"]);
    let decision = decide(&early.0);
    let turn = decision.blockers[0].until.expect("a turn has its time");
    assert!(turn > at("08:00:00") && turn <= at("08:05:00"), "{turn}");
    assert_eq!(decision.look_again, Some(turn));
    check(&early.clone().with(|s| s.now = turn - TimeDelta::milliseconds(1)), &[], &["RC036 data", "RC036 shop"]);
    check(&early.clone().with(|s| s.now = turn), &["grant data", "grant shop"], &[]);
    check(&early.overriding(&[Skip::Window], "10:00:00"), &["grant data", "grant shop"], &[]);
}
