//! What is told of a window, and how often.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::controllers::calendars::{Newest, Shelf, compile};

struct Nothing;

impl Shelf for Nothing {
    fn newest(&self, _: &ObjectKey) -> Newest {
        Newest::Absent
    }

    fn copy(
        &self,
        _: &crate::cluster::config_maps::CalendarName,
    ) -> Option<Arc<crate::cluster::config_maps::ConfigMap>> {
        None
    }

    fn copies_are_known(&self) -> bool {
        true
    }
}

const NOW: &str = "2027-01-04T09:30:00Z";

/// The status of a window with this schedule after a former one, and what was told.
fn look(spec: serde_json::Value, old: &DeploymentWindowStatus, now: &str) -> (DeploymentWindowStatus, Vec<String>) {
    let mut whole = json!({"type": "Allow", "timeZone": "America/New_York"});
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let window: objects::Window =
        objects::decode(&json!({"metadata": {"namespace": "shop", "name": "w"}, "spec": whole}).to_string()).unwrap();
    let compiled = compile(&window, &Nothing);
    let now: DateTime<Utc> = now.parse().unwrap();
    let seen = Seen { generation: 1, old, calendars: &compiled.calendars, now };
    let (status, warnings) = match &compiled.window {
        Ok(sound) => {
            let warnings = status::said(&sound.lint(now));
            (status::sound(&seen, sound, &warnings), warnings)
        }
        Err(faults) => (status::faulty(&seen, faults), Vec::new()),
    };
    let told = moments(old, &status, &warnings).into_iter().map(|m| format!("{}: {}", m.reason, m.note)).collect();
    (status, told)
}

fn condition<'a>(status: &'a DeploymentWindowStatus, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let found = status.conditions.iter().find(|c| c.type_ == kind)?;
    Some((&found.status, &found.reason, &found.message))
}

#[test]
fn what_looks_wrong_is_told_once_and_stays_in_the_message() {
    let spec = json!({"schedule": [{"name": "mid", "cron": {"expression": "0 * 15 JAN *", "duration": "24h"}}]});
    let (first, told) = look(spec.clone(), &DeploymentWindowStatus::default(), NOW);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("SuspiciousSchedule: OverlappingStarts: entry mid: ") && told[0].contains("47 h"),
        "{told:?}"
    );
    let (status, reason, message) = condition(&first, "Ready").unwrap();
    assert_eq!((status, reason), ("True", "Scheduled"));
    assert!(message.contains("47 h"), "{message}");
    let (second, told) = look(spec, &first, "2027-01-04T09:31:00Z");
    assert_eq!(told, [""; 0]);
    assert_eq!(second, first, "nothing new, nothing written");
}

#[test]
fn a_second_finding_is_told_without_the_first() {
    let one = json!({"schedule": [{"name": "mid", "cron": {"expression": "0 * 15 JAN *", "duration": "24h"}}]});
    let (first, _) = look(one, &DeploymentWindowStatus::default(), NOW);
    let two = json!({"schedule": [
        {"name": "mid", "cron": {"expression": "0 * 15 JAN *", "duration": "24h"}},
        {"name": "never", "cron": {"expression": "0 0 30 2 *", "duration": "1h"}},
    ]});
    let (_, told) = look(two, &first, NOW);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("SuspiciousSchedule: NeverOpens: entry never: "), "{told:?}");
}

#[test]
fn a_window_that_cannot_be_read_is_stalled_and_says_which_field() {
    let (status, told) = look(
        json!({"timeZone": "Europe/Berln", "schedule": [
        {"name": "a", "weekly": {"days": ["Mon"], "from": "25:00", "until": "26:00"}}]}),
        &DeploymentWindowStatus::default(),
        NOW,
    );
    let (is, reason, message) = condition(&status, "Stalled").unwrap();
    assert_eq!((is, reason), ("True", "UnknownTimeZone"));
    assert!(message.contains("spec.timeZone") && message.contains("spec.schedule[0].weekly.from"), "{message}");
    assert_eq!(condition(&status, "Ready").unwrap().0, "False");
    assert_eq!(status.open, Some(false));
    assert_eq!(told.len(), 1);
}

#[test]
fn a_calendar_that_cannot_be_had_is_said_in_a_condition_of_its_own() {
    let spec = json!({"schedule": [{"name": "a", "calendar": {"configMap": "releases", "key": "team.ics"}}]});
    let (status, told) = look(spec, &DeploymentWindowStatus::default(), NOW);
    let (is, reason, message) = condition(&status, "CalendarFresh").unwrap();
    assert_eq!((is, reason), ("False", "CalendarUnreadable"));
    assert!(message.contains("shop/releases/team.ics") && message.contains("does not exist"), "{message}");
    assert_eq!(condition(&status, "Stalled").unwrap().1, "CalendarUnreadable");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn the_status_says_when_it_opens_and_closes_next_and_the_ten_openings_to_come() {
    let spec = json!({"schedule": [{"name": "nights", "weekly": {"days": ["Mon"], "from": "22:00", "until": "06:00"}}], "timeZone": "Europe/Berlin"});
    let (status, told) = look(spec, &DeploymentWindowStatus::default(), "2027-01-04T09:30:00Z");
    assert_eq!((status.open, &status.entry), (Some(false), &None));
    assert_eq!(status.next_open.as_deref(), Some("2027-01-04T21:00:00Z"));
    assert_eq!(status.next_close.as_deref(), Some("2027-01-05T05:00:00Z"));
    assert_eq!(status.upcoming.len(), 10);
    assert!(status.upcoming.iter().all(|o| o.entry == "nights"));
    assert_eq!(condition(&status, "CalendarFresh"), None);
    assert_eq!(told, [""; 0]);
}

#[test]
fn while_it_is_open_a_later_look_has_nothing_new_to_say() {
    let always =
        json!({"schedule": [{"name": "all-week", "weekly": {"days": ["Mon-Sun"], "from": "00:00", "until": "24:00"}}]});
    let days = json!({"schedule": [{"name": "days", "weekly": {"days": ["Mon-Fri"], "from": "07:00", "until": "20:00"}}], "timeZone": "UTC"});
    for (spec, to_come) in [(always, 0), (days, 10)] {
        let (first, _) = look(spec.clone(), &DeploymentWindowStatus::default(), NOW);
        let (later, _) = look(spec, &first, "2027-01-04T09:30:07Z");
        assert_eq!((later.open, later.upcoming.len()), (Some(true), to_come));
        assert_eq!(later, first);
    }
}

#[test]
fn an_opening_that_never_ends_has_no_end_in_the_status() {
    let spec = json!({"schedule": [{"name": "all-week", "weekly": {"days": ["Mon-Sun"], "from": "00:00", "until": "24:00"}}],
        "timeZone": "UTC", "validFrom": "2027-02-01T00:00:00"});
    let (status, _) = look(spec, &DeploymentWindowStatus::default(), NOW);
    let [opening] = &status.upcoming[..] else { panic!("one opening: {:?}", status.upcoming) };
    assert_eq!((opening.from.as_str(), &opening.until), ("2027-02-01T00:00:00Z", &None));
}
