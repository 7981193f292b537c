//! What a window's status says: of the window alone, whoever it governs.

use chrono::{DateTime, Utc};

use crate::api::conditions::Conditions;
use crate::api::time::to_wire;
use crate::api::window::{DeploymentWindowStatus, UpcomingOpening};
use crate::api::{ConditionType, Reason};
use crate::cluster::config_maps::CalendarName;
use crate::controllers::calendars::CalendarState;
use crate::domain::Faults;
use crate::domain::calendar::{Warning, Window, WindowType, zone_data_version};

/// How many openings to come a status shows.
const UPCOMING: usize = 10;
/// How many things that look wrong it shows; the first ones are enough to make somebody look.
const MOST_WARNINGS: usize = 10;

/// What a status follows from.
pub struct Seen<'a> {
    pub generation: i64,
    pub old: &'a DeploymentWindowStatus,
    pub calendars: &'a [(CalendarName, CalendarState)],
    pub now: DateTime<Utc>,
}

/// Whether deployments may happen, as far as this window alone is asked, and from when that is otherwise.
pub fn sound(seen: &Seen<'_>, compiled: &Window, warnings: &[String]) -> DeploymentWindowStatus {
    let now = seen.now;
    let allow = compiled.window_type() == WindowType::Allow;
    let open = compiled.covers(now) == allow;
    // Without the one that holds now: it would be cut at another instant each time, and entry and ends tell of it.
    let mut upcoming = compiled.upcoming(now, UPCOMING + 1);
    upcoming.retain(|opening| opening.from > now);
    upcoming.truncate(UPCOMING);
    let change = compiled.next_change(now);
    let after = change.and_then(|at| compiled.next_change(at));
    let (next_open, next_close) = if open { (None, change) } else { (change, after) };
    let (reason, message) = match (open, allow) {
        (true, _) => (
            Reason::WindowOpen,
            next_close.map_or_else(|| "open, with no end known".to_owned(), |t| format!("open until {}", to_wire(t))),
        ),
        (false, true) if upcoming.is_empty() => (Reason::Expired, "it will not open again".to_owned()),
        (false, true) => (
            Reason::WindowClosed,
            next_open.map_or_else(|| "closed".to_owned(), |t| format!("opens at {}", to_wire(t))),
        ),
        (false, false) => (
            Reason::FreezeActive,
            next_open
                .map_or_else(|| "frozen, with no end known".to_owned(), |t| format!("frozen until {}", to_wire(t))),
        ),
    };
    let mut conditions = Conditions::following(&seen.old.conditions, seen.generation, now);
    conditions.set(ConditionType::Ready, Some(true), Reason::Scheduled, &valid(warnings));
    conditions.set(ConditionType::Open, Some(open), reason, &message);
    calendars(seen, &mut conditions);
    DeploymentWindowStatus {
        observed_generation: Some(seen.generation),
        open: Some(open),
        entry: compiled.entry_at(now),
        next_open: next_open.map(to_wire),
        next_close: next_close.map(to_wire),
        upcoming: upcoming
            .into_iter()
            .map(|o| UpcomingOpening { from: to_wire(o.from), until: o.end().map(to_wire), entry: o.entry })
            .collect(),
        zone_data: Some(zone_data_version().to_owned()),
        conditions: conditions.finish(),
    }
}

/// An invalid Freeze closes what it governs and an invalid Allow adds nothing, so neither is open.
pub fn faulty(seen: &Seen<'_>, faults: &Faults) -> DeploymentWindowStatus {
    let of_calendar = |path: &str| path == "spec.holidays" || path.ends_with(".calendar");
    let reason = if faults.0.iter().any(|f| f.path == "spec.timeZone") {
        Reason::UnknownTimeZone
    } else if faults.0.iter().all(|f| of_calendar(&f.path)) {
        Reason::CalendarUnreadable
    } else {
        Reason::InvalidSchedule
    };
    let said = faults.to_string();
    let mut conditions = Conditions::following(&seen.old.conditions, seen.generation, seen.now);
    conditions.set(ConditionType::Ready, Some(false), reason, &said);
    conditions.set(ConditionType::Stalled, Some(true), reason, &said);
    conditions.set(ConditionType::Open, Some(false), reason, "it cannot be read, so it opens nothing");
    calendars(seen, &mut conditions);
    DeploymentWindowStatus {
        observed_generation: Some(seen.generation),
        open: Some(false),
        zone_data: Some(zone_data_version().to_owned()),
        conditions: conditions.finish(),
        ..DeploymentWindowStatus::default()
    }
}

/// What looks wrong, as status and events say it: at most ten things.
pub fn said(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().take(MOST_WARNINGS).map(|w| format!("{}: {w}", w.concern.as_str())).collect()
}

fn valid(warnings: &[String]) -> String {
    if warnings.is_empty() {
        "the schedule is valid".to_owned()
    } else {
        format!("the schedule is valid, and perhaps not what was meant. {}", warnings.join("; "))
    }
}

/// Whether the calendars that are in force are the newest; nothing for a window that names none.
fn calendars(seen: &Seen<'_>, conditions: &mut Conditions<'_>) {
    if seen.calendars.is_empty() {
        return;
    }
    let mut stale = Vec::new();
    let mut reason = Reason::LastGoodCopy;
    for (name, state) in seen.calendars {
        match state {
            CalendarState::Fresh(_) => {}
            CalendarState::Unread => stale.push(format!("{name} has not been read yet")),
            CalendarState::LastGood { why, read_at } => {
                stale.push(format!("{name}: {why}. The copy that was read at {read_at} is in force"));
            }
            CalendarState::Nothing { why } => {
                reason = Reason::CalendarUnreadable;
                stale.push(format!("{name}: {why}. There is no copy of it"));
            }
        }
    }
    if stale.is_empty() {
        let message = "every calendar is in force as it is now";
        conditions.set(ConditionType::CalendarFresh, Some(true), Reason::CalendarRead, message);
    } else {
        conditions.set(ConditionType::CalendarFresh, Some(false), reason, &stale.join("; "));
    }
}
