//! `DeploymentWindow`, checked.

use std::sync::Arc;

use super::{bounded, distinct, duration, duration_or_zero, text};
use crate::api::window::{
    self, CalendarRef, DeploymentWindowSpec, ExceptionEffect, OnClose, ScheduleEntry, WindowType,
};
use crate::domain::Faults;
use crate::domain::calendar::{
    self, Calendar, Capacity, Effect, Entry, Exception, ExceptionTime, Form, Selected, Window, WindowSpec,
};

/// Where the text of an iCalendar comes from, or why it cannot be had.
pub type Calendars<'a> = &'a dyn Fn(&CalendarRef) -> Result<Arc<Calendar>, String>;

/// A checked window. `calendars` reads the calendars that it names.
///
/// # Errors
///
/// Everything that is wrong with the spec, each with the path of its field.
pub fn window(spec: &DeploymentWindowSpec, calendars: Calendars<'_>) -> Result<Window, Faults> {
    let mut faults = Faults::default();
    bounded(&mut faults, "spec.schedule", &spec.schedule, 32);
    if spec.schedule.is_empty() {
        faults.add("spec.schedule", "at least one entry is needed");
    }
    distinct(&mut faults, "spec.schedule", "name", spec.schedule.iter().map(|e| e.name.as_str()));
    if let Some(reason) = &spec.reason {
        text(&mut faults, "spec.reason", reason);
    }
    let mut checked = WindowSpec::new(window_type(spec.window_type), &spec.time_zone);
    checked.reason = spec.reason.clone().unwrap_or_default();
    for (n, entry) in spec.schedule.iter().enumerate() {
        let form = form(&mut faults, &format!("spec.schedule[{n}]"), entry, calendars);
        // A faulty entry keeps its place, so that faults of later ones name the right index; the window itself is
        // refused for it.
        checked.entries.push(Entry { name: entry.name.clone(), form: form.unwrap_or_else(harmless) });
    }
    for (n, wire) in spec.exceptions.iter().enumerate() {
        let path = format!("spec.exceptions[{n}]");
        let exception = exception(&mut faults, &path, wire);
        checked.exceptions.push(exception.unwrap_or(Exception {
            when: ExceptionTime::Date("2000-01-01".to_owned()),
            effect: Effect::Skip,
            reason: String::new(),
        }));
    }
    checked.holidays = spec.holidays.as_ref().and_then(|r| selected(&mut faults, "spec.holidays", r, calendars));
    checked.valid_from.clone_from(&spec.valid_from);
    checked.valid_until.clone_from(&spec.valid_until);
    checked.min_remaining = spec
        .min_remaining
        .as_ref()
        .map(|t| duration(&mut faults, "spec.minRemaining", Some(t), chrono::TimeDelta::zero()));
    checked.on_close = match spec.on_close {
        OnClose::Finish => calendar::OnClose::Finish,
        OnClose::Halt => calendar::OnClose::Halt,
        OnClose::Rollback => calendar::OnClose::Rollback,
    };
    checked.overrun_grace = duration_or_zero(&mut faults, "spec.overrunGrace", spec.overrun_grace.as_ref());
    checked.opening_jitter = spec
        .opening_jitter
        .as_ref()
        .map(|t| duration(&mut faults, "spec.openingJitter", Some(t), chrono::TimeDelta::zero()));
    checked.capacity = spec.capacity.as_ref().map(|c| capacity(&mut faults, c)).unwrap_or_default();
    checked.blocks_rollback = spec.blocks_rollback.unwrap_or(false);
    match Window::compile(&checked) {
        Ok(window) => faults.or(window),
        Err(found) => {
            for fault in found {
                let fault = fault.under("spec");
                faults.add(fault.path, fault.message);
            }
            Err(faults)
        }
    }
}

fn capacity(faults: &mut Faults, wire: &window::WindowCapacity) -> Capacity {
    let mut limit = |field: &str, given: Option<i32>| {
        let limit = given.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        if given.is_some() && limit.is_none() {
            faults.add(format!("spec.capacity.{field}"), "must be 1 or more");
        }
        limit
    };
    Capacity { releases: limit("releases", wire.releases), starts: limit("startsPerOpening", wire.starts_per_opening) }
}

/// The calendar's word for what a window is.
#[must_use]
pub fn window_type(wire: WindowType) -> calendar::WindowType {
    match wire {
        WindowType::Allow => calendar::WindowType::Allow,
        WindowType::Freeze => calendar::WindowType::Freeze,
    }
}

fn form(faults: &mut Faults, path: &str, entry: &ScheduleEntry, calendars: Calendars<'_>) -> Option<Form> {
    let mut forms = Vec::new();
    if let Some(weekly) = &entry.weekly {
        forms.push(weekly_form(weekly));
    }
    if let Some(cron) = &entry.cron {
        forms.push(Form::Cron { expression: cron.expression.clone(), duration: cron.duration.clone() });
    }
    if let Some(rrule) = &entry.rrule {
        forms.push(Form::Rrule {
            start: rrule.start.clone(),
            rule: rrule.rule.clone(),
            duration: rrule.duration.clone(),
        });
    }
    if let Some(dates) = &entry.dates {
        forms.push(Form::Dates { from: dates.from.clone(), until: dates.until.clone() });
    }
    let calendar = entry.calendar.as_ref();
    if forms.len() + usize::from(calendar.is_some()) != 1 {
        faults.add(path, "give exactly one of weekly, cron, rrule, dates, calendar");
        return None;
    }
    match calendar {
        Some(reference) => selected(faults, &format!("{path}.calendar"), reference, calendars).map(Form::Calendar),
        None => forms.pop(),
    }
}

/// A form without faults of its own.
fn harmless() -> Form {
    Form::Dates { from: "2000-01-01T00:00:00".to_owned(), until: "2000-01-02T00:00:00".to_owned() }
}

fn weekly_form(weekly: &window::Weekly) -> Form {
    Form::Weekly {
        days: weekly.days.clone(),
        from: weekly.from.clone(),
        until: weekly.until.clone(),
        weeks_of_month: weekly.weeks_of_month.clone(),
        days_of_month: weekly.days_of_month.clone(),
        months: weekly.months.clone(),
    }
}

fn selected(faults: &mut Faults, path: &str, reference: &CalendarRef, calendars: Calendars<'_>) -> Option<Selected> {
    match calendars(reference) {
        Ok(calendar) => Some(Selected { calendar, categories: reference.categories.clone() }),
        Err(why) => {
            faults.add(path, why);
            None
        }
    }
}

fn exception(faults: &mut Faults, path: &str, wire: &window::WindowException) -> Option<Exception> {
    let when = match (&wire.date, &wire.from, &wire.until) {
        (Some(date), None, None) => ExceptionTime::Date(date.clone()),
        (None, Some(from), Some(until)) => ExceptionTime::Range { from: from.clone(), until: until.clone() },
        _ => {
            faults.add(path, "give either date, or both from and until");
            return None;
        }
    };
    let effect = match wire.effect {
        ExceptionEffect::Skip => Effect::Skip,
        ExceptionEffect::Add => Effect::Add,
    };
    Some(Exception { when, effect, reason: wire.reason.clone().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(spec: serde_json::Value) -> Vec<String> {
        let spec = serde_json::from_value(spec).expect("a spec");
        let calendars = |_: &CalendarRef| Err("no calendar".to_owned());
        let faults = window(&spec, &calendars).expect_err("must be refused");
        faults.0.into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_faulty_entry_does_not_move_the_faults_of_those_after_it() {
        let spec = serde_json::json!({
            "type": "Allow",
            "timeZone": "Europe/Berlin",
            "schedule": [
                {"name": "none"},
                {"name": "group", "calendar": {"configMap": "c", "key": "k"}},
                {"name": "rule", "rrule": {"start": "2027-01-05T09:00:00", "rule": "FREQ=HOURLY", "duration": "1h"}},
            ],
            "exceptions": [
                {"effect": "Skip"},
                {"effect": "Skip", "date": "2027-02-29"},
            ],
        });
        let expected = [
            "spec.schedule[0]",
            "spec.schedule[1].calendar",
            "spec.exceptions[0]",
            "spec.schedule[2].rrule.rule",
            "spec.exceptions[1].date",
        ];
        assert_eq!(faults(spec), expected);
    }
}
